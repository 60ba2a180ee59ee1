// SPDX-License-Identifier: Apache-2.0
// See retile.hpp.
#include "opt/retile.hpp"

#include <memory>
#include <mutex>
#include <unordered_set>

#include "opt/barrier.hpp"
#include "opt/retile_loads.hpp"
#include "opt/retile_region.hpp"
#include "opt/retile_stores.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;

/// Longer regions are cut: what one step costs grows with the length.
constexpr std::uint32_t longest_region = 256;
constexpr unsigned most_steps = 128;

bool ends_region(const Version& version, std::uint32_t at) {
  switch (bpf::row(version.code[at].insn.form).meaning) {
    case Meaning::jump:
    case Meaning::branch:
    case Meaning::may_goto:
    case Meaning::call:
    case Meaning::exit: return true;
    default:
      return version.code[at].patched || is_barrier(version.code[at], version.facts.before(at));
  }
}

bool accesses_memory(const Version& version, std::uint32_t at) {
  switch (bpf::row(version.code[at].insn.form).meaning) {
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg: return true;
    default: return false;
  }
}

struct Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  ///< behind it
};

std::vector<Range> regions(const Version& version) {
  const std::vector<bool> starts = block_starts(version.code);
  std::vector<Range> result;
  std::uint32_t first = 0;
  unsigned accesses = 0;
  const auto end_at = [&](std::uint32_t at, std::uint32_t next) {
    if (accesses > 0 && version.facts.reached(first)) result.push_back({first, at});
    first = next;
    accesses = 0;
  };
  for (std::uint32_t at = 0; at < version.code.size(); ++at) {
    if (starts[at] || at - first >= longest_region) end_at(at, at);
    if (ends_region(version, at)) {
      end_at(at, at + 1);
    } else if (accesses_memory(version, at)) {
      ++accesses;
    }
  }
  return result;
}

/// Names a region and all that its improvement depends on; FNV-1a, where a collision costs a
/// proposal.
class RegionName {
 public:
  RegionName(const Version& version, const Aim& aim, Range range) {
    add(static_cast<std::uint64_t>(aim.goal));
    for (std::uint32_t at = range.first; at < range.last; ++at) {
      const bpf::Insn& insn = version.code[at].insn;
      add(static_cast<std::uint64_t>(insn.form) << 32 | static_cast<std::uint64_t>(insn.dst) << 8 |
          static_cast<std::uint64_t>(insn.src));
      add(insn.imm64());
      add(static_cast<std::uint16_t>(insn.off));
    }
    const PointFacts& facts = version.facts.before(range.first);
    for (const Fact& fact : facts.regs) add(fact);
    for (std::size_t word = 0; word < stack_words; ++word) add(facts.frame.words[word]);
    add(static_cast<std::uint64_t>(facts.packet_bytes));
    const LivePoint live = version.live.after(version.code, range.last - 1);
    add(live.regs);
    add(std::hash<StackSet>()(live.stack));
  }
  std::uint64_t value() const { return value_; }

 private:
  void add(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001b3u; }
  void add(const Fact& fact) {
    add(static_cast<std::uint64_t>(fact.kind) << 32 | fact.map);
    add(static_cast<std::uint64_t>(fact.offset.value_or(INT64_MIN)));
    add(fact.bits.low);
    add(fact.bits.high);
  }

  std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// Regions in which there was nothing to gain: most of a program when it is looked at again.
class Settled {
 public:
  bool contains(std::uint64_t name) {
    const std::lock_guard lock(mutex_);
    return names_.contains(name);
  }
  void add(std::uint64_t name) {
    const std::lock_guard lock(mutex_);
    names_.insert(name);
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> names_;
};

Change improved(const Version& version, const Aim& aim, Range range) {
  RetileRegion region(version, aim, range.first, range.last);
  if (!region.is_known()) return {"retile", {}};
  for (unsigned step = 0; step < most_steps; ++step) {
    if (!retile_loads(region) && !retile_stores(region) && !store_immediates(region)) break;
  }
  return region.change();
}

std::vector<Change> propose(const Version& version, const Aim& aim, Settled& settled) {
  std::vector<Change> changes;
  for (const Range& range : regions(version)) {
    const std::uint64_t name = RegionName(version, aim, range).value();
    if (settled.contains(name)) continue;
    Change change = improved(version, aim, range);
    if (change.splices.empty()) {
      settled.add(name);
    } else {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

}  // namespace

Generator retile_generator() {
  return {"retile",
          [settled = std::make_shared<Settled>()](const Version& version, const Aim& aim) {
            return propose(version, aim, *settled);
          }};
}

}  // namespace probity::opt
