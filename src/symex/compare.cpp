// SPDX-License-Identifier: Apache-2.0
// Bytes are compared where either side wrote. Where an offset of a write is not known, a fresh
// variable stands for "some byte": a demand that mentions it holds if it holds for every index.
#include "symex/compare.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace probity::symex {
namespace {

/// A piece of memory with the offset at which it begins.
struct Bytes {
  const Memory& memory;
  term::Id start;  ///< 64 bits
};

class Comparer {
 public:
  explicit Comparer(Explorer& explorer) : context_(explorer.context()), store_(context_.store) {}

  term::Id same_byte(const Bytes& a, const Bytes& b, term::Id index) {
    const term::Id left = byte(a, index);
    const term::Id right = byte(b, index);
    return left && right ? store_.eq(left, right) : store_.lit(1, left == right ? 1 : 0);
  }

  /// All bytes below `size` (64 bits) are equal, those that `ignored` covers left out.
  term::Id same_bytes(const Bytes& a, const Bytes& b, term::Id size,
                      std::span<const PacketRange> ignored) {
    const auto places = written(a, b);
    if (!places) {
      const term::Id index = context_.fresh(64, "byte.index");
      return store_.implies(observed(index, size, ignored), same_byte(a, b, index));
    }
    term::Id result = store_.true_();
    for (const std::int64_t place : *places) {
      const term::Id index = store_.bin(Op::sub, context_.lit64(place), a.start);
      const term::Id same = same_byte(a, b, index);
      if (store_.is_true(same)) continue;
      result = store_.and_(result, store_.implies(observed(index, size, ignored), same));
    }
    return result;
  }

 private:
  term::Id byte(const Bytes& bytes, term::Id index) {
    const auto value = bytes.memory.read(context_, store_.bin(Op::add, bytes.start, index), 1);
    return value && *value ? as_number(**value) : term::Id{};
  }

  /// The offsets that either side wrote, if the sides start at one place and all are known.
  std::optional<std::set<std::int64_t>> written(const Bytes& a, const Bytes& b) {
    if (a.start != b.start) return std::nullopt;
    auto first = a.memory.written();
    auto second = b.memory.written();
    if (!first || !second) return std::nullopt;
    first->merge(*second);
    return first;
  }

  term::Id observed(term::Id index, term::Id size, std::span<const PacketRange> ignored) {
    term::Id result = store_.bin(Op::ult, index, size);
    for (const PacketRange& range : ignored) {
      const term::Id from = store_.bin(Op::sub, index, context_.lit(64, range.offset));
      const term::Id inside = store_.bin(Op::ult, from, context_.lit(64, range.size_bytes));
      result = store_.and_(result, store_.not_(inside));
    }
    return result;
  }

  Context& context_;
  term::Store& store_;
};

const Memory& value_of(const Ending& ending, const Slot& slot) {
  return ending.objects.at(ending.regions[slot.value].object);
}

bool same_events(const TraceEvent& a, const TraceEvent& b) {
  return a.helper == b.helper && a.values.size() == b.values.size() &&
         a.data.size() == b.data.size();
}

term::Id all_equal(term::Store& store, std::span<const term::Id> a, std::span<const term::Id> b) {
  term::Id result = store.true_();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool comparable = store.width(a[i]) == store.width(b[i]);
    result = store.and_(result, comparable ? store.eq(a[i], b[i]) : store.false_());
  }
  return result;
}

}  // namespace

term::Id same_action(Explorer& explorer, const Ending& a, const Ending& b) {
  return explorer.context().store.eq(a.action, b.action);
}

term::Id same_packet(Explorer& explorer, const Ending& a, const Ending& b,
                     std::span<const PacketRange> ignored) {
  term::Store& store = explorer.context().store;
  const term::Id size_a = store.bin(Op::sub, a.packet.end, a.packet.head);
  const term::Id size_b = store.bin(Op::sub, b.packet.end, b.packet.head);
  const Bytes left{a.objects.at(a.packet.object), a.packet.head};
  const Bytes right{b.objects.at(b.packet.object), b.packet.head};
  return store.and_(store.eq(size_a, size_b),
                    Comparer(explorer).same_bytes(left, right, size_a, ignored));
}

namespace {

term::Id same_metadata(Explorer& explorer, const Ending& a, const Ending& b) {
  term::Store& store = explorer.context().store;
  const term::Id size_a = store.bin(Op::sub, a.packet.head, a.packet.meta);
  const term::Id size_b = store.bin(Op::sub, b.packet.head, b.packet.meta);
  const Bytes left{a.objects.at(a.packet.object), a.packet.meta};
  const Bytes right{b.objects.at(b.packet.object), b.packet.meta};
  const term::Id sizes = store.eq(size_a, size_b);
  if (store.literal(size_a) == term::Value{0}) return sizes;
  return store.and_(sizes, Comparer(explorer).same_bytes(left, right, size_a, {}));
}

}  // namespace

term::Id same_map(Explorer& explorer, const Ending& a, const Ending& b, std::uint32_t map) {
  Context& context = explorer.context();
  term::Store& store = context.store;
  Comparer comparer(explorer);
  const term::Id zero = context.lit64(0);
  const term::Id size = context.lit(64, explorer.maps()[map].value_size);
  term::Id result = store.true_();
  const std::vector<Slot>& old = a.maps[map].slots;
  const std::vector<Slot>& now = b.maps[map].slots;
  PROBITY_CHECK(old.size() <= now.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    const bool known = i < old.size();
    const term::Id before = known ? old[i].present : now[i].initially_present;
    const Memory& value = known ? value_of(a, old[i]) : b.objects.at(now[i].initial_object);
    const term::Id there = store.eq(before, now[i].present);
    const term::Id bytes =
        comparer.same_bytes({value, zero}, {value_of(b, now[i]), zero}, size, {});
    term::Id same = store.and_(there, store.implies(before, bytes));
    if (now[i].guard) same = store.implies(now[i].guard, same);
    result = store.and_(result, same);
  }
  return result;
}

term::Id same_ctx(Explorer& explorer, const Ending& a, const Ending& b) {
  term::Store& store = explorer.context().store;
  term::Id result = store.true_();
  const auto value = [&](const Ending& ending, std::uint32_t offset, unsigned width) {
    const auto written = ending.ctx_written.find(offset);
    if (written != ending.ctx_written.end()) return written->second.term;
    return store.extract(0, width, explorer.initial_ctx(offset));
  };
  std::map<std::uint32_t, unsigned> fields;
  for (const auto& [offset, word] : a.ctx_written) fields[offset] = store.width(word.term);
  for (const auto& [offset, word] : b.ctx_written) fields[offset] = store.width(word.term);
  for (const auto& [offset, width] : fields) {
    result = store.and_(result, store.eq(value(a, offset, width), value(b, offset, width)));
  }
  return result;
}

term::Id same_trace(Explorer& explorer, const Ending& a, const Ending& b) {
  term::Store& store = explorer.context().store;
  if (a.trace.size() != b.trace.size()) return store.false_();
  term::Id result = store.true_();
  for (std::size_t i = 0; i < a.trace.size(); ++i) {
    if (!same_events(a.trace[i], b.trace[i])) return store.false_();
    result = store.and_(result, all_equal(store, a.trace[i].values, b.trace[i].values));
    result = store.and_(result, all_equal(store, a.trace[i].data, b.trace[i].data));
  }
  return result;
}

std::vector<Demand> differences(Explorer& explorer, const Ending& a, const Ending& b,
                                const Observed& observed) {
  std::vector<Demand> demands;
  const auto demand = [&](std::string observable, term::Id condition) {
    std::string text = fmt::format("the runs differ in: {}", observable);
    demands.push_back({std::move(observable), condition, std::move(text)});
  };
  if (observed.action) demand("return value", same_action(explorer, a, b));
  if (observed.packet) demand("packet", same_packet(explorer, a, b, observed.ignored_packet));
  if (observed.metadata) demand("metadata", same_metadata(explorer, a, b));
  if (observed.ctx) demand("ctx", same_ctx(explorer, a, b));
  if (observed.trace) demand("output", same_trace(explorer, a, b));
  const auto maps = explorer.maps();
  for (std::uint32_t map = 0; map < maps.size() && observed.maps; ++map) {
    if (maps[map].read_only || observed.ignored_maps.contains(map)) continue;
    demand(fmt::format("map {}", maps[map].name), same_map(explorer, a, b, map));
  }
  return demands;
}

}  // namespace probity::symex
