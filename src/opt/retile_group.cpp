// SPDX-License-Identifier: Apache-2.0
// See retile_group.hpp.
#include "opt/retile_group.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace probity::opt {
namespace {

using bpf::Meaning;
using term::Id;

constexpr std::int64_t window_bytes = 64;

/// The groups of a region's trace.
class GroupFinder {
 public:
  explicit GroupFinder(RetileRegion& region) : region_(region) {
    for (const auto& use : region.trace().uses) {
      if (use && use->area == Area::stack && use->loads) mark(*use, &stack_read_);
      if (use && use->loads && use->stores) atomics_.push_back(*use);
    }
  }

  std::vector<Group> find() {
    using Key = std::tuple<Area, Id, std::size_t, std::int64_t>;
    std::map<Key, std::vector<std::size_t>> runs;
    for (std::size_t i = 0; i < region_.size(); ++i) {
      const auto& use = use_of(i);
      if (!use || !use->stores || use->loads || !region_.is_plain(*use)) continue;
      const bool stack = use->area == Area::stack;
      const std::int64_t word = stack ? (use->offset + 4096) / 8 : 0;
      runs[{use->area, use->base, use->segment, word}].push_back(i);
    }
    std::vector<Group> groups;
    for (auto& [key, stores] : runs) {
      for (std::vector<std::size_t>& touching : clusters(std::move(stores))) {
        if (auto group = group_of(std::move(touching))) groups.push_back(std::move(*group));
      }
    }
    return groups;
  }

 private:
  const std::optional<MemoryUse>& use_of(std::size_t item) const {
    return region_.trace().uses[item];
  }

  static void mark(const MemoryUse& use, StackSet* set) {
    for (std::int64_t at = use.offset; at < use.end(); ++at) {
      const std::int64_t index = at + static_cast<std::int64_t>(stack_bytes);
      if (index >= 0 && index < static_cast<std::int64_t>(stack_bytes)) {
        set->set(static_cast<std::size_t>(index));
      }
    }
  }

  /// Stores whose bytes touch, at most a window each.
  std::vector<std::vector<std::size_t>> clusters(std::vector<std::size_t> stores) const {
    std::ranges::stable_sort(stores, {}, [&](std::size_t i) { return use_of(i)->offset; });
    std::vector<std::vector<std::size_t>> result;
    std::int64_t low = 0;
    std::int64_t end = 0;
    for (const std::size_t i : stores) {
      const MemoryUse& use = *use_of(i);
      const bool fits = use.end() - low <= window_bytes;
      if (result.empty() || (use.offset > end && use.area != Area::stack) || !fits) {
        result.emplace_back();
        low = end = use.offset;
      }
      result.back().push_back(i);
      end = std::max(end, use.end());
    }
    for (auto& cluster : result) std::ranges::sort(cluster);
    return result;
  }

  bool is_wanted_on_stack(std::int64_t at) const {
    const std::int64_t index = at + static_cast<std::int64_t>(stack_bytes);
    if (index < 0 || index >= static_cast<std::int64_t>(stack_bytes)) return true;
    const auto i = static_cast<std::size_t>(index);
    return region_.live_behind().stack[i] || stack_read_[i];
  }

  std::optional<Group> group_of(std::vector<std::size_t> stores) const {
    const MemoryUse& first = *use_of(stores.front());
    std::int64_t low = first.offset;
    std::int64_t end = first.end();
    for (const std::size_t i : stores) {
      low = std::min(low, use_of(i)->offset);
      end = std::max(end, use_of(i)->end());
    }
    const bool stack = first.area == Area::stack;
    if (stack) {
      low = (low + 4096) / 8 * 8 - 4096;
      if (end > low + 8) return std::nullopt;  // not aligned: no verifier takes it
      end = low + 8;
    }
    Group group{{first.area, first.base, low},
                static_cast<unsigned>(end - low),
                std::move(stores),
                std::vector<Id>(static_cast<std::size_t>(end - low)),
                0,
                0,
                false,
                first.area != Area::ctx};
    for (const std::size_t i : group.stores) {
      const MemoryUse& use = *use_of(i);
      group.writable |= window_mask(static_cast<unsigned>(use.offset - low), use.bytes);
      if (stack && use.bytes == 8 && is_variable(i)) group.whole = true;
      const Meaning meaning = bpf::row(region_.insn(i).form).meaning;
      if (meaning == Meaning::store_imm) group.immediates = true;
    }
    group.wanted = group.writable;
    if (overlaps_atomic(group)) return std::nullopt;
    set_values(first.segment, &group);
    return group;
  }

  bool is_variable(std::size_t i) const {
    const bpf::Insn& insn = region_.insn(i);
    if (bpf::row(insn.form).meaning != Meaning::store_reg) return false;
    const Id value = region_.trace().regs[i][static_cast<std::size_t>(insn.src)];
    return !region_.values().store().literal(value);
  }

  bool overlaps_atomic(const Group& group) const {
    return std::ranges::any_of(atomics_, [&](const MemoryUse& use) {
      return use.is_at(group.low.area, group.low.base) &&
             use.offset < group.low.offset + group.bytes && use.end() > group.low.offset;
    });
  }

  void set_values(std::size_t segment, Group* group) const {
    const bool stack = group->low.area == Area::stack;
    const Memory& memory = region_.trace().memory;
    for (unsigned i = 0; i < group->bytes; ++i) {
      const std::int64_t at = group->low.offset + i;
      const ByteSet bit = ByteSet{1} << i;
      if (stack && !is_wanted_on_stack(at)) {
        group->wanted &= ~bit;
        group->writable |= bit;
      }
      if ((group->wanted & bit) == 0) continue;
      group->want[i] = stack ? memory.stack(at) : memory.byte_of(group->low.area, segment, at);
    }
  }

  RetileRegion& region_;
  StackSet stack_read_;
  std::vector<MemoryUse> atomics_;
};

}  // namespace

std::vector<Group> store_groups(RetileRegion& region) {
  return GroupFinder(region).find();
}

}  // namespace probity::opt
