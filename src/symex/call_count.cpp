// SPDX-License-Identifier: Apache-2.0
// See call_count.hpp.
#include "symex/call_count.hpp"

#include <algorithm>

namespace probity::symex {
namespace {

using term::Id;

std::uint32_t count_of(const PathState& state, const std::string& counted) {
  const auto found = state.calls_by_helper.find(counted);
  return found == state.calls_by_helper.end() ? 0 : found->second;
}

/// When a path makes the call, false for one that it has not come to.
Id made(Context& context, const PathState& state, const std::string& counted, std::uint32_t call) {
  if (call >= count_of(state, counted)) return context.store.false_();
  const auto list = state.calls_made.find(counted);
  if (list == state.calls_made.end()) return context.store.true_();
  const auto when = list->second.find(call);
  return when == list->second.end() ? context.store.true_() : when->second;
}

}  // namespace

void merge_call_counts(Context& context, PathState& result, const PathState& b, Id condition) {
  std::map<std::string, std::uint32_t> counts = result.calls_by_helper;
  for (const auto& [counted, count] : b.calls_by_helper) {
    counts[counted] = std::max(counts[counted], count);
  }
  CallsMade merged;
  for (const auto& [counted, count] : counts) {
    for (std::uint32_t call = 0; call < count; ++call) {
      const Id when = context.store.ite(condition, made(context, result, counted, call),
                                        made(context, b, counted, call));
      if (!context.store.is_true(when)) merged[counted].emplace(call, when);
    }
  }
  result.calls_by_helper = std::move(counts);
  result.calls_made = std::move(merged);
  result.miscounted.insert(b.miscounted.begin(), b.miscounted.end());
}

void restart_call_counts(PathState& state) {
  for (const auto& [counted, count] : state.calls_by_helper) {
    auto& now = state.calls_made[counted];
    const auto [before, is_new] = state.calls_made_before.try_emplace(counted, now);
    if (!is_new && !(now.empty() && before->second.empty())) state.miscounted.insert(counted);
  }
  state.calls_made.clear();
  state.calls_by_helper.clear();
}

std::optional<EngineCall> engine_call(const PathState& state, Valuation& valuation,
                                      const std::string& counted, std::uint32_t call) {
  if (state.miscounted.contains(counted)) return std::nullopt;
  const auto now = state.calls_made.find(counted);
  const auto before = state.calls_made_before.find(counted);
  const bool is_now = now != state.calls_made.end();
  const bool was_before = before != state.calls_made_before.end();
  if (was_before && state.calls_by_helper.contains(counted)) {
    if (is_now || !before->second.empty()) return std::nullopt;
  }
  EngineCall result{true, call};
  if (!is_now && !was_before) return result;
  for (const auto& [number, when] : is_now ? now->second : before->second) {
    if (number > call || valuation.holds(when)) continue;
    if (number == call) result.made = false;
    if (number < call) --result.number;
  }
  return result;
}

}  // namespace probity::symex
