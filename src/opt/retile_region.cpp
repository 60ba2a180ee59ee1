// SPDX-License-Identifier: Apache-2.0
// See retile_region.hpp. Prices: optimizer's measured table of one x86-64 JIT, in hundredths of a
// nanosecond.
#include "opt/retile_region.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "base/check.hpp"
#include "opt/store_forwarding.hpp"
#include "runtime/ctx.hpp"

namespace probity::opt {

using bpf::Meaning;
using bpf::Reg;
using term::Id;

namespace {

/// What the kernel's JIT takes for it (docs: cost of insns), in 1/100 ns.
std::uint64_t time_of(const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  switch (row.meaning) {
    case Meaning::alu:
      switch (static_cast<bpf::AluOp>(row.operation)) {
        case bpf::AluOp::mov: return 15;
        case bpf::AluOp::mul: return 96;
        case bpf::AluOp::div:
        case bpf::AluOp::sdiv:
        case bpf::AluOp::mod:
        case bpf::AluOp::smod: return row.width == 32 ? 780 : 1100;
        default: return 30;
      }
    case Meaning::movsx: return 30;
    case Meaning::byte_swap: return 60;
    case Meaning::load:
    case Meaning::load_acquire: return 20;
    case Meaning::store_imm: return 42;
    case Meaning::store_reg:
    case Meaning::store_release: return 38;
    case Meaning::load_imm64: return 21;
    case Meaning::atomic: return 638;
    case Meaning::branch: return 60;
    case Meaning::jump: return 10;
    case Meaning::may_goto:
    case Meaning::call:
    case Meaning::exit:
    case Meaning::load_packet: return 500;
  }
  return 0;
}

constexpr std::uint64_t major = 1'000'000;

bool fits_offset(std::int64_t offset) {
  using Limits = std::numeric_limits<std::int16_t>;
  return offset >= Limits::min() && offset <= Limits::max();
}

}  // namespace

std::uint64_t price_of(const bpf::Insn& insn, Goal goal) {
  if (goal == Goal::size) return insn.slot_count() * major + time_of(insn);
  return time_of(insn) * major + insn.slot_count();
}

/// A swap with one such load measures 0 to 1.3 ns longer when it runs alone, 4 to 6 ns when the
/// next one waits for it.
std::uint64_t price_of_wait(Goal goal) {
  constexpr std::uint64_t time = 100;
  return goal == Goal::size ? 0 : time * major;
}

RetileRegion::RetileRegion(const Version& version, const Aim& aim, std::uint32_t first,
                           std::uint32_t last)
    : version_(version),
      aim_(aim),
      first_(first),
      last_(last),
      values_(version, first),
      live_(version.live.after(version.code, last - 1)),
      original_(values_.trace(version.code.nodes().subspan(first, last - first))),
      now_(original_) {
  for (std::uint32_t at = first; at < last; ++at) items_.push_back({version.code[at], at});
  if (!original_.complete) return;
  price_ = price(items_) + waiting_price(now_);
  const auto base_register = [&](std::size_t i) {
    return original_.uses[i]->stores ? insn(i).dst : insn(i).src;
  };
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto& use = original_.uses[i];
    if (!use || use->area != Area::other) continue;
    const auto node = first + static_cast<std::uint32_t>(i);
    // Records have a known start; fields of sockets and of kernel types do not.
    if (version.facts.reg(node, base_register(i)).offset) records_.push_back(use->base);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto& use = original_.uses[i];
    if (!use || !is_plain(*use)) continue;
    const Reg reg = base_register(i);
    known_.push_back({{use->area, use->base, use->offset}, reg, use->bytes, use->loads});
  }
}

bool RetileRegion::is_plain(const MemoryUse& use) const {
  switch (use.area) {
    case Area::stack: return use.base == values_.frame();
    case Area::packet:
    case Area::metadata:
    case Area::map_value: return true;
    case Area::ctx:
      return use.offset >= 0 &&
             runtime::is_ctx_array(version_.program.type, static_cast<std::uint32_t>(use.offset),
                                   use.bytes);
    case Area::other: break;
  }
  return std::ranges::find(records_, use.base) != records_.end();
}

std::uint64_t RetileRegion::price(std::span<const RegionItem> items) const {
  std::uint64_t sum = 0;
  for (const RegionItem& item : items) sum += price_of(item.node.insn, aim_.goal);
  return sum;
}

std::uint64_t RetileRegion::waiting_price(const BlockTrace& trace) const {
  const std::uint64_t each = price_of_wait(aim_.goal);
  return each == 0 ? 0 : each * waiting_loads(trace);
}

std::vector<Node> RetileRegion::nodes_of(std::span<const RegionItem> items) const {
  std::vector<Node> nodes;
  nodes.reserve(items.size());
  for (const RegionItem& item : items) nodes.push_back(item.node);
  return nodes;
}

RetileRegion::Rest RetileRegion::rest(const std::vector<bool>& removed, std::size_t at,
                                      RegisterSet used) const {
  Rest result;
  result.stays.assign(items_.size(), false);
  RegisterSet live = live_.regs;
  for (std::size_t i = items_.size(); i-- > 0;) {
    if (i + 1 == at) {
      result.live = live;
      live |= used;
    }
    const bpf::Insn& insn = items_[i].node.insn;
    const RegisterSet writes = registers_written(insn);
    if (removed[i] || (writes != 0 && (live & writes) == 0)) continue;
    result.stays[i] = true;
    result.price += price_of(insn, aim_.goal);
    live = static_cast<RegisterSet>((live & ~writes) | registers_read(insn));
  }
  if (at == 0) result.live = live;
  return result;
}

std::vector<RegionItem> RetileRegion::pruned(std::vector<RegionItem> items) const {
  std::vector<RegionItem> result;
  RegisterSet live = live_.regs;
  for (std::size_t i = items.size(); i-- > 0;) {
    const bpf::Insn& insn = items[i].node.insn;
    const RegisterSet writes = registers_written(insn);
    if (writes != 0 && (live & writes) == 0) continue;
    live = static_cast<RegisterSet>((live & ~writes) | registers_read(insn));
    result.push_back(std::move(items[i]));
  }
  std::ranges::reverse(result);
  return result;
}

std::vector<RegionItem> RetileRegion::edited(const RegionEdit& edit) const {
  std::vector<RegionItem> result;
  auto piece = edit.begin();
  for (std::size_t i = 0; i <= items_.size(); ++i) {
    bool stays = true;
    if (piece != edit.end() && piece->at == i) {
      for (const bpf::Insn& insn : piece->insns) result.push_back({inserted(insn), no_node});
      stays = piece->item == RegionPiece::Item::stays;
      ++piece;
    }
    if (stays && i < items_.size()) result.push_back(items_[i]);
  }
  PROBITY_CHECK(piece == edit.end());
  return result;
}

bool RetileRegion::take(const RegionEdit& edit) {
  std::vector<RegionItem> items = pruned(edited(edit));
  const std::uint64_t bare = price(items);
  if (bare >= price_) return false;
  BlockTrace trace = values_.trace(nodes_of(items));
  const std::uint64_t whole = bare + waiting_price(trace);
  if (whole >= price_) return false;
  if (!values_.agree(original_, trace, live_) || !loads_no_more_often(trace)) return false;
  items_ = std::move(items);
  now_ = std::move(trace);
  price_ = whole;
  return true;
}

/// Another CPU can write to values of maps: what was loaded once must not be loaded twice.
bool RetileRegion::loads_no_more_often(const BlockTrace& trace) const {
  std::map<std::pair<Id, std::int64_t>, int> left;
  const auto count = [&](const BlockTrace& counted, int step) {
    bool enough = true;
    for (const auto& use : counted.uses) {
      if (!use || !use->loads) continue;
      if (use->area != Area::map_value && use->area != Area::other) continue;
      for (std::int64_t at = use->offset; at < use->end(); ++at) {
        enough = (left[{use->base, at}] += step) >= 0 && enough;
      }
    }
    return enough;
  };
  count(original_, 1);
  return count(trace, -1);
}

std::optional<RetileRegion::Operand> RetileRegion::operand(const Pointers::Place& place,
                                                           std::size_t at) const {
  if (place.area == Area::stack) {
    return Operand{Reg::r10, static_cast<std::int16_t>(place.offset)};
  }
  for (const Known& known : known_) {
    if (known.place.area != place.area || known.place.base != place.base) continue;
    const auto held = values_.place(now_.regs[at][static_cast<std::size_t>(known.reg)]);
    if (!held || held->area != place.area || held->base != place.base) continue;
    if (fits_offset(place.offset - held->offset)) {
      return Operand{known.reg, static_cast<std::int16_t>(place.offset - held->offset)};
    }
  }
  return std::nullopt;
}

/// Bytes from `place.base` on that the program has made sure of before the region.
std::int64_t RetileRegion::packet_bytes(const Pointers::Place& place) const {
  if (place.area != Area::packet || place.base != values_.packet()) return 0;
  return version_.facts.before(first_).packet_bytes;
}

/// Of packets: what lies between accesses of the region, or the program has made sure of. Of other
/// memory: what the region loads.
std::optional<RetileRegion::Operand> RetileRegion::loadable(const Pointers::Place& place,
                                                            unsigned bytes, std::size_t at) const {
  const std::int64_t end = place.offset + static_cast<std::int64_t>(bytes);
  const bool packet = place.area == Area::packet || place.area == Area::metadata;
  const std::int64_t misaligned = place.offset % static_cast<std::int64_t>(bytes);
  if (must_align(place.area) && misaligned != 0) return std::nullopt;
  std::int64_t low = std::numeric_limits<std::int64_t>::max();
  std::int64_t high = std::numeric_limits<std::int64_t>::min();
  std::uint64_t loaded = 0;
  for (const Known& known : known_) {
    if (known.place.area != place.area || known.place.base != place.base) continue;
    const std::int64_t known_end = known.place.offset + static_cast<std::int64_t>(known.bytes);
    low = std::min(low, known.place.offset);
    high = std::max(high, known_end);
    if (!known.loads) continue;
    for (unsigned i = 0; i < bytes; ++i) {
      const std::int64_t byte = place.offset + i;
      if (byte >= known.place.offset && byte < known_end) loaded |= std::uint64_t{1} << i;
    }
  }
  const std::int64_t sure = packet_bytes(place);
  if (packet && sure > 0) low = std::min<std::int64_t>(low, 0);
  if (packet) high = std::max(high, sure);
  const bool inside =
      packet ? place.offset >= low && end <= high : loaded == (std::uint64_t{1} << bytes) - 1;
  return inside ? operand(place, at) : std::nullopt;
}

/// Splices between kept items. New insns bear the lines of those that they stand for.
Change RetileRegion::change() const {
  Change change{"retile", {}};
  std::vector<bpf::Insn> pending;
  std::uint32_t next = first_;  // the first node that is not accounted for
  const auto flush = [&](std::uint32_t until) {
    if (pending.empty() && until == next) return;
    Splice splice{next, until - next, {}};
    for (std::size_t i = 0; i < pending.size(); ++i) {
      const std::uint32_t old = next + static_cast<std::uint32_t>(i);
      const bool has_old = old < until && version_.code[old].insn.slot_count() == 1;
      splice.with.push_back(has_old ? replaced(version_.code[old], pending[i])
                                    : inserted(pending[i]));
    }
    if (splice.count == 0 && next == first_) {  // jumps to the region must come by
      splice.with.push_back(version_.code[first_]);
      splice.count = 1;
    }
    change.splices.push_back(std::move(splice));
    pending.clear();
  };
  for (const RegionItem& item : items_) {
    if (item.from == no_node) {
      pending.push_back(item.node.insn);
      continue;
    }
    flush(item.from);
    next = item.from + 1;
  }
  flush(last_);
  return change;
}

}  // namespace probity::opt
