// SPDX-License-Identifier: Apache-2.0
// See retile_stores.hpp. A group is the stores to one word of the stack, or to touching bytes
// behind one base while no other base of that kind of memory is stored to. Its cover goes in front
// of one of its stores or behind the last; where that changes what something else reads, the region
// refuses it.
#include "opt/retile_stores.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <tuple>

#include "isa/bpf/flow.hpp"
#include "opt/retile_cover.hpp"
#include "opt/retile_group.hpp"
#include "opt/retile_source.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;
using bpf::Reg;
using term::Id;

constexpr std::size_t covers_tried = 6;
/// Insns of a store of what one load and one swap give.
constexpr std::ptrdiff_t computed_by_load = 3;
constexpr std::size_t most_stores_with_all_anchors = 8;

enum class SourceKind : std::uint8_t { immediate, reg, swapped_reg, load, swapped_load };

/// How a tile is written.
struct Source {
  unsigned at = 0;  ///< in the window
  unsigned bytes = 0;
  SourceKind kind = SourceKind::immediate;
  std::int32_t imm = 0;
  Reg reg = Reg::r0;
  Pointers::Place from;
};

bool is_swapped(SourceKind kind) {
  return kind == SourceKind::swapped_reg || kind == SourceKind::swapped_load;
}
bool is_load(SourceKind kind) {
  return kind == SourceKind::load || kind == SourceKind::swapped_load;
}

/// The tiles of a group whose cover goes in front of item `at`.
class TileMaker {
 public:
  TileMaker(RetileRegion& region, const ByteSources& sources, const Group& group, std::size_t at)
      : region_(region), sources_(sources), group_(group), at_(at) {}

  void make() {
    for (const unsigned bytes : {8u, 4u, 2u, 1u}) {
      if (group_.whole && bytes != 8) break;
      for (unsigned at = 0; at + bytes <= group_.bytes; ++at) {
        const ByteSet mask = window_mask(at, bytes);
        if ((group_.writable & mask) != mask || (group_.wanted & mask) == 0) continue;
        if (must_align(group_.low.area) && (group_.low.offset + at) % bytes != 0) continue;
        make_window(at, bytes);
      }
    }
  }

  std::span<const Tile> tiles() const { return tiles_; }
  const Source& source(std::uint32_t tile) const { return made_[tile]; }

 private:
  void make_window(unsigned at, unsigned bytes) {
    add_immediates(at, bytes);
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
      add_register(at, bytes, static_cast<Reg>(reg));
    }
    add_loads(at, bytes, SourceKind::load);
    if (bytes > 1) add_loads(at, bytes, SourceKind::swapped_load);
  }

  bool wants(unsigned i) const { return (group_.wanted >> i & 1) != 0; }
  std::optional<std::uint8_t> constant(unsigned i) const {
    if (!wants(i)) return std::nullopt;
    const auto literal = region_.values().store().literal(group_.want[i]);
    if (!literal) return std::nullopt;
    return static_cast<std::uint8_t>(*literal);
  }

  void add(const Source& source, ByteSet right, std::uint64_t price) {
    const ByteSet written = window_mask(source.at, source.bytes);
    const ByteSet spoiled = written & group_.wanted & ~right;
    if (right == 0) return;
    // Others can see values of maps: no byte may be wrong for a while.
    const bool shared = group_.low.area == Area::map_value || group_.low.area == Area::other;
    if (shared && spoiled != 0) return;
    const bool of_reg = source.kind == SourceKind::reg || source.kind == SourceKind::swapped_reg;
    // Among equals: what spoils less, writes less that nobody wants, and insns that are there.
    const auto disturbance = static_cast<unsigned>(
        std::popcount(spoiled) + std::popcount(written & ~group_.wanted) + is_load(source.kind));
    tiles_.push_back({right, spoiled, price + disturbance,
                      of_reg ? static_cast<std::uint16_t>(source.reg) : Tile::no_reg, written});
    if (is_load(source.kind)) note_read(source, &tiles_.back());
    made_.push_back(source);
  }

  /// Frames are new in each run.
  void note_read(const Source& source, Tile* tile) const {
    const Pointers::Place& low = group_.low;
    if (source.from.area != low.area || source.from.base != low.base || low.area == Area::stack)
      return;
    for (unsigned i = 0; i < source.bytes; ++i) {
      const std::int64_t at = source.from.offset + i - low.offset;
      const bool inside = at >= 0 && at < static_cast<std::int64_t>(group_.bytes);
      if (inside) tile->read |= ByteSet{1} << at;
      tile->reads_beyond = tile->reads_beyond || !inside;
    }
  }

  std::uint64_t price(const bpf::Insn& insn) const { return price_of(insn, region_.aim().goal); }

  void add_immediates(unsigned at, unsigned bytes) {
    if (!group_.immediates) return;
    std::uint32_t value = 0;
    bool any = false;
    for (unsigned i = 0; i < std::min(bytes, 4u); ++i) {
      const auto byte = constant(at + i);
      any = any || byte;
      value |= std::uint32_t{byte.value_or(0)} << 8 * i;
    }
    for (unsigned i = 4; i < bytes; ++i) any = any || constant(at + i);
    if (!any) return;
    add_immediate(at, bytes, value);
    if (bytes == 8 && !constant(at + 3)) add_immediate(at, bytes, value | 0xff000000u);
  }
  void add_immediate(unsigned at, unsigned bytes, std::uint32_t value) {
    const auto imm = static_cast<std::int32_t>(value);
    const auto whole = static_cast<std::uint64_t>(std::int64_t{imm});
    ByteSet right = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      const auto byte = constant(at + i);
      if (byte && *byte == (whole >> 8 * i & 0xff)) right |= ByteSet{1} << (at + i);
    }
    add({at, bytes, SourceKind::immediate, imm, Reg::r0, {}}, right,
        price(store_insn(bytes, {}, imm)));
  }

  void add_register(unsigned at, unsigned bytes, Reg reg) {
    const Id value = region_.trace().regs[at_][static_cast<std::size_t>(reg)];
    if (bytes != 8 && region_.values().place(value)) return;  // pointers are spilled whole
    ByteSet right = 0;
    ByteSet swapped = 0;
    bool variable = false;
    for (unsigned i = 0; i < bytes; ++i) {
      if (!wants(at + i)) continue;
      const Id want = group_.want[at + i];
      if (region_.values().byte(value, i) == want) {
        right |= ByteSet{1} << (at + i);
        variable = variable || !constant(at + i);
      }
      if (region_.values().byte(value, bytes - 1 - i) == want) swapped |= ByteSet{1} << (at + i);
    }
    // An immediate, if it does: what a verifier knows of the bytes is plain then.
    const std::uint64_t store =
        variable ? price(store_insn(bytes, {}, reg)) : price(store_insn(bytes, {}, 0)) + 1;
    add({at, bytes, SourceKind::reg, 0, reg, {}}, right, store);
    if (bytes == 1 || reg == Reg::r10) return;
    add({at, bytes, SourceKind::swapped_reg, 0, reg, {}}, swapped,
        store + price(swap_insn(bytes, reg)));
  }

  void add_loads(unsigned at, unsigned bytes, SourceKind kind) {
    std::set<std::tuple<Area, Id, std::int64_t>> tried;
    for (unsigned i = 0; i < bytes; ++i) {
      if (!wants(at + i)) continue;
      const unsigned index = is_swapped(kind) ? bytes - 1 - i : i;
      for (const Pointers::Place& place : sources_.of(group_.want[at + i])) {
        const Pointers::Place from{place.area, place.base, place.offset - index};
        if (!tried.emplace(from.area, from.base, from.offset).second) continue;
        if (region_.loadable(from, bytes, at_)) add_load(at, bytes, kind, from);
      }
    }
  }
  void add_load(unsigned at, unsigned bytes, SourceKind kind, const Pointers::Place& from) {
    ByteSet right = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      if (!wants(at + i)) continue;
      const unsigned index = is_swapped(kind) ? bytes - 1 - i : i;
      const Pointers::Place place{from.area, from.base, from.offset + index};
      if (sources_.is_at(group_.want[at + i], place)) right |= ByteSet{1} << (at + i);
    }
    std::uint64_t sum =
        price(store_insn(bytes, {}, Reg::r0)) + price(load_insn(bytes, Reg::r0, {}));
    if (is_swapped(kind)) sum += price(swap_insn(bytes, Reg::r0));
    add({at, bytes, kind, 0, Reg::r0, from}, right, sum);
  }

  RetileRegion& region_;
  const ByteSources& sources_;
  const Group& group_;
  std::size_t at_;
  std::vector<Tile> tiles_;
  std::vector<Source> made_;
};

/// A cover as insns.
class CoverWriter {
 public:
  CoverWriter(RetileRegion& region, const Group& group, std::size_t at,
              std::vector<const Source*> order, const std::vector<bool>& removed)
      : region_(region), group_(group), at_(at), order_(std::move(order)), removed_(removed) {}

  /// Nothing when registers do not suffice.
  std::optional<std::vector<bpf::Insn>> write() {
    if (order_.empty()) return std::vector<bpf::Insn>{};
    const auto target = region_.operand(group_.low, at_);
    if (!target) return std::nullopt;
    used_ = register_bit(target->reg);
    for (const Source* source : order_) {
      if (is_load(source->kind)) {
        const auto from = region_.loadable(source->from, source->bytes, at_);
        if (!from) return std::nullopt;
        used_ |= register_bit(from->reg);
      } else if (source->kind != SourceKind::immediate) {
        used_ |= register_bit(source->reg);
      }
    }
    live_ = region_.rest(removed_, at_, used_).live;
    free_ = static_cast<RegisterSet>(~(live_ | used_) & 0x3ff);
    holds_.assign(order_.size(), Reg::r0);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (std::size_t k = i; k < order_.size(); ++k) {
        if (is_load(order_[k]->kind) && load_place(k) == i && !write_load(k)) return std::nullopt;
      }
      if (!write_store(i, *target)) return std::nullopt;
    }
    return std::move(insns_);
  }

 private:
  /// The store of the cover that load `k` must come before: the first that could overwrite its
  /// bytes.
  std::size_t load_place(std::size_t k) const {
    const Source& load = *order_[k];
    if (load.from.area != group_.low.area) return k;
    for (std::size_t i = 0; i < k; ++i) {
      const std::int64_t low = group_.low.offset + order_[i]->at;
      const bool apart =
          load.from.base == group_.low.base &&
          (low + order_[i]->bytes <= load.from.offset || load.from.offset + load.bytes <= low);
      if (!apart) return i;
    }
    return k;
  }

  std::optional<Reg> take_free() {
    if (free_ == 0) return std::nullopt;
    const auto reg = static_cast<Reg>(std::countr_zero(free_));
    free_ &= static_cast<RegisterSet>(~register_bit(reg));
    return reg;
  }

  bool write_load(std::size_t k) {
    const Source& load = *order_[k];
    const auto from = region_.loadable(load.from, load.bytes, at_);
    const auto reg = take_free();
    if (!from || !reg) return false;
    holds_[k] = *reg;
    insns_.push_back(load_insn(load.bytes, *reg, *from));
    if (is_swapped(load.kind)) insns_.push_back(swap_insn(load.bytes, *reg));
    return true;
  }

  bool is_needed_behind(std::size_t i, Reg reg, Reg target) const {
    if ((live_ & register_bit(reg)) != 0 || reg == target) return true;
    for (std::size_t k = i + 1; k < order_.size(); ++k) {
      if (order_[k]->kind != SourceKind::immediate && order_[k]->reg == reg) return true;
      const auto from = region_.loadable(order_[k]->from, order_[k]->bytes, at_);
      if (is_load(order_[k]->kind) && from && from->reg == reg) return true;
    }
    return false;
  }

  bool write_store(std::size_t i, const RetileRegion::Operand& target) {
    const Source& source = *order_[i];
    const RetileRegion::Operand to{target.reg, static_cast<std::int16_t>(target.off + source.at)};
    Reg value = source.reg;
    switch (source.kind) {
      case SourceKind::immediate:
        insns_.push_back(store_insn(source.bytes, to, source.imm));
        return true;
      case SourceKind::reg: break;
      case SourceKind::swapped_reg:
        if (is_needed_behind(i, value, target.reg)) {
          const auto copy = take_free();
          if (!copy) return false;
          bpf::Insn move;
          move.form = bpf::Form::mov64_reg;
          move.dst = *copy;
          move.src = value;
          insns_.push_back(move);
          value = *copy;
        }
        insns_.push_back(swap_insn(source.bytes, value));
        break;
      case SourceKind::load:
      case SourceKind::swapped_load:
        value = holds_[i];
        free_ |= register_bit(value);
        break;
    }
    insns_.push_back(store_insn(source.bytes, to, value));
    return true;
  }

  RetileRegion& region_;
  const Group& group_;
  std::size_t at_;
  std::vector<const Source*> order_;
  const std::vector<bool>& removed_;
  RegisterSet used_ = 0;
  RegisterSet live_ = 0;
  RegisterSet free_ = 0;
  std::vector<Reg> holds_;
  std::vector<bpf::Insn> insns_;
};

/// A way to write a group, not tried yet.
struct Candidate {
  std::int64_t gain = 0;  ///< as it is estimated
  std::size_t at = 0;
  std::vector<Source> order;
};

class StoreRetiler {
 public:
  explicit StoreRetiler(RetileRegion& region) : region_(region), sources_(region) {}

  bool improve() {
    bool improved = false;
    std::vector<Group> groups = store_groups(region_);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (!improve(groups[i])) continue;
      improved = true;
      groups = store_groups(region_);  // in the same order
      sources_ = ByteSources(region_);
    }
    return improved;
  }

 private:
  bool improve(const Group& group) {
    removed_.assign(region_.size(), false);
    for (const std::size_t i : group.stores) removed_[i] = true;
    if (!is_promising(group)) return false;
    std::vector<Candidate> candidates;
    for (const std::size_t at : anchors(group)) propose(group, at, &candidates);
    std::ranges::stable_sort(candidates, std::greater{}, &Candidate::gain);
    return std::ranges::any_of(candidates,
                               [&](const Candidate& each) { return attempt(group, each); });
  }

  /// One store of a variable that is not computed for it alone is as good as it gets.
  bool is_promising(const Group& group) const {
    if (group.stores.size() > 1 || group.wanted == 0) return true;
    const std::size_t store = group.stores.front();
    const bpf::Insn& insn = region_.insn(store);
    if (bpf::row(insn.form).meaning != Meaning::store_reg) return false;
    const Id value = region_.trace().regs[store][static_cast<std::size_t>(insn.src)];
    if (region_.values().store().literal(value)) return true;
    const auto rest = region_.rest(removed_, store, register_bit(insn.dst));
    const auto gone = std::ranges::count(rest.stays, false);
    return gone > computed_by_load;
  }

  static std::vector<std::size_t> anchors(const Group& group) {
    std::vector<std::size_t> result = {group.stores.front()};
    if (group.stores.size() <= most_stores_with_all_anchors) {
      result.insert(result.end(), group.stores.begin() + 1, group.stores.end());
    } else {
      result.push_back(group.stores.back());
    }
    result.push_back(group.stores.back() + 1);
    return result;
  }

  void propose(const Group& group, std::size_t at, std::vector<Candidate>* candidates) {
    TileMaker maker(region_, sources_, group, at);
    maker.make();
    const auto target = region_.operand(group.low, at);
    if (!target && group.wanted != 0) return;
    const RegisterSet used = target ? register_bit(target->reg) : RegisterSet{0};
    const std::uint64_t bare = region_.rest(removed_, at, used).price;
    const std::uint64_t now = region_.price();
    if (bare >= now) return;
    std::array<std::uint64_t, bpf::reg_count> keep_price{};
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
      const auto with = static_cast<RegisterSet>(used | 1u << reg);
      keep_price[reg] = region_.rest(removed_, at, with).price - bare;
    }
    const CoverPrices prices{keep_price, price_of_wait(region_.aim().goal)};
    for (const Cover& cover :
         cheapest_covers(maker.tiles(), group.wanted, prices, now - bare, covers_tried)) {
      Candidate candidate{static_cast<std::int64_t>(now - bare - cover.price), at, {}};
      for (const std::uint32_t tile : cover.tiles) candidate.order.push_back(maker.source(tile));
      candidates->push_back(std::move(candidate));
    }
  }

  bool attempt(const Group& group, const Candidate& candidate) {
    std::vector<const Source*> order;
    for (const Source& source : candidate.order) order.push_back(&source);
    auto insns = CoverWriter(region_, group, candidate.at, std::move(order), removed_).write();
    if (!insns) return false;
    std::map<std::size_t, RegionPiece> pieces;
    for (const std::size_t i : group.stores) pieces[i] = {i, RegionPiece::Item::goes, {}};
    const auto [piece, is_new] = pieces.try_emplace(candidate.at);
    if (is_new) piece->second = {candidate.at, RegionPiece::Item::stays, {}};
    piece->second.insns = std::move(*insns);
    RegionEdit edit;
    for (auto& [at, each] : pieces) edit.push_back(std::move(each));
    return region_.take(edit);
  }

  RetileRegion& region_;
  ByteSources sources_;
  std::vector<bool> removed_;
};

/// The immediate that stores what `insn` stores of a constant; nothing if there is none.
std::optional<bpf::Insn> as_immediate(const bpf::Insn& insn, std::uint64_t value) {
  const unsigned bytes = bpf::row(insn.form).width / 8u;
  const auto imm = static_cast<std::int32_t>(value);
  if (bytes == 8 && static_cast<std::uint64_t>(std::int64_t{imm}) != value) return std::nullopt;
  const std::int32_t shown = bytes == 1 ? imm & 0xff : bytes == 2 ? imm & 0xffff : imm;
  return store_insn(bytes, {insn.dst, insn.off}, shown);
}

}  // namespace

bool retile_stores(RetileRegion& region) {
  return StoreRetiler(region).improve();
}

bool store_immediates(RetileRegion& region) {
  for (std::size_t i = 0; i < region.size(); ++i) {
    const Meaning meaning = bpf::row(region.insn(i).form).meaning;
    if (meaning != Meaning::alu && meaning != Meaning::load_imm64) continue;
    const Reg reg = region.insn(i).dst;
    const Id term = region.trace().regs[i + 1][static_cast<std::size_t>(reg)];
    const auto value = region.values().store().literal(term);
    if (!value) continue;
    RegionEdit edit;
    for (std::size_t k = i + 1; k < region.size(); ++k) {
      const bpf::Insn& insn = region.insn(k);
      const bool stores = bpf::row(insn.form).meaning == Meaning::store_reg;
      const auto& use = region.trace().uses[k];
      const bool ctx = use && use->area == Area::ctx;  // kernels before 6.4 want a register
      if (stores && !ctx && insn.src == reg && insn.dst != reg) {
        if (const auto with = as_immediate(insn, static_cast<std::uint64_t>(*value))) {
          edit.push_back({k, RegionPiece::Item::goes, {*with}});
        }
      }
      if (!stores && bpf::written_register(insn) == reg) break;
    }
    if (!edit.empty() && region.take(edit)) return true;
  }
  return false;
}

}  // namespace probity::opt
