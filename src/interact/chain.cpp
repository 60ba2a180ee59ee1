// SPDX-License-Identifier: Apache-2.0
// Strength is a number per verdict, so that "the stronger of two" does not depend on their order;
// verdicts of one strength are told apart by their own numbers.
#include "interact/chain.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace probity::interact {
namespace {

using program::ProgType;
using term::Id;

struct Action {
  std::uint32_t value;
  std::string_view name;
  bool passes;
  bool keeps;
};

// enum xdp_action and TC_ACT_* of <linux/pkt_cls.h>, weakest first; a number that is not here is
// stronger than all.
constexpr std::array xdp_actions = {
    Action{2, "XDP_PASS", true, true},      Action{4, "XDP_REDIRECT", false, true},
    Action{3, "XDP_TX", false, true},       Action{1, "XDP_DROP", false, false},
    Action{0, "XDP_ABORTED", false, false},
};
constexpr std::array tc_actions = {
    Action{0xffffffff, "TC_ACT_UNSPEC", true, true},
    Action{3, "TC_ACT_PIPE", true, true},
    Action{0, "TC_ACT_OK", true, true},
    Action{1, "TC_ACT_RECLASSIFY", false, true},
    Action{7, "TC_ACT_REDIRECT", false, true},
    Action{8, "TC_ACT_TRAP", false, true},
    Action{6, "TC_ACT_REPEAT", false, true},
    Action{5, "TC_ACT_QUEUED", false, true},
    Action{4, "TC_ACT_STOLEN", false, true},
    Action{2, "TC_ACT_SHOT", false, false},
};
// A filter's return value: bytes of the packet to keep, or 1 to let it pass.
constexpr std::array filter_actions = {
    Action{1, "1", true, true},
    Action{0, "0", false, false},
};

std::span<const Action> actions_of(ProgType type) {
  if (type == ProgType::sched_cls || type == ProgType::sched_act) return tc_actions;
  if (type == ProgType::cgroup_skb || type == ProgType::socket_filter) return filter_actions;
  return xdp_actions;
}

std::uint64_t strength(ProgType type, std::uint32_t action) {
  const auto actions = actions_of(type);
  const auto found = std::ranges::find(actions, action, &Action::value);
  return static_cast<std::uint64_t>(found - actions.begin());
}

Id strength(term::Store& store, ProgType type, Id action) {
  constexpr unsigned width = 8;
  const auto actions = actions_of(type);
  Id result = store.lit(width, actions.size());
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const Id same = store.eq(action, store.lit(32, actions[i].value));
    result = store.ite(same, store.lit(width, i), result);
  }
  return result;
}

}  // namespace

std::vector<std::uint32_t> passing(ProgType type) {
  std::vector<std::uint32_t> result;
  for (const Action& action : actions_of(type)) {
    if (action.passes) result.push_back(action.value);
  }
  return result;
}

bool passes(ProgType type, std::uint32_t action) {
  return std::ranges::any_of(actions_of(type),
                             [action](const Action& a) { return a.passes && a.value == action; });
}

Id passes(term::Store& store, ProgType type, Id action) {
  Id any = store.false_();
  for (const std::uint32_t value : passing(type)) {
    any = store.or_(any, store.eq(action, store.lit(32, value)));
  }
  return any;
}

bool keeps_packet(ProgType type, std::uint32_t action) {
  return std::ranges::any_of(actions_of(type),
                             [action](const Action& a) { return a.keeps && a.value == action; });
}

Id keeps_packet(term::Store& store, ProgType type, Id action) {
  Id any = store.false_();
  for (const Action& row : actions_of(type)) {
    if (row.keeps) any = store.or_(any, store.eq(action, store.lit(32, row.value)));
  }
  return any;
}

std::uint32_t stronger(ProgType type, std::uint32_t a, std::uint32_t b) {
  const std::uint64_t first = strength(type, a);
  const std::uint64_t second = strength(type, b);
  if (first != second) return first < second ? b : a;
  return std::max(a, b);
}

Id stronger(term::Store& store, ProgType type, Id a, Id b) {
  const Id first = strength(store, type, a);
  const Id second = strength(store, type, b);
  const Id larger = store.ite(store.bin(Op::ult, a, b), b, a);
  return store.ite(store.bin(Op::ult, first, second), b,
                   store.ite(store.bin(Op::ult, second, first), a, larger));
}

std::vector<std::uint32_t> named_actions(ProgType type) {
  std::vector<std::uint32_t> result;
  for (const Action& action : actions_of(type)) result.push_back(action.value);
  return result;
}

std::string action_name(ProgType type, std::uint32_t action) {
  const auto actions = actions_of(type);
  const auto found = std::ranges::find(actions, action, &Action::value);
  if (found != actions.end()) return std::string(found->name);
  return fmt::format("{}", static_cast<std::int32_t>(action));
}

}  // namespace probity::interact
