// SPDX-License-Identifier: Apache-2.0
// See retile.hpp.
#include "opt/retile.hpp"

#include <algorithm>

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
    default: return is_barrier(version.code[at], version.facts.before(at));
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

std::vector<Change> propose(const Version& version, const Aim& aim) {
  std::vector<Change> changes;
  for (const Range& range : regions(version)) {
    RetileRegion region(version, aim, range.first, range.last);
    if (!region.is_known()) continue;
    for (unsigned step = 0; step < most_steps; ++step) {
      if (!retile_loads(region) && !retile_stores(region) && !store_immediates(region)) break;
    }
    Change change = region.change();
    if (!change.splices.empty()) changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace

Generator retile_generator() {
  return {"retile", propose};
}

}  // namespace probity::opt
