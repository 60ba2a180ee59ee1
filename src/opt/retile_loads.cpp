// SPDX-License-Identifier: Apache-2.0
// See retile_loads.hpp.
#include "opt/retile_loads.hpp"

#include <algorithm>

#include "isa/bpf/flow.hpp"
#include "opt/retile_source.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;
using term::Id;

/// Places before an insn that are tried for its load: where the base may still be in a register.
constexpr std::size_t most_places = 6;

struct Wanted {
  Pointers::Place place;
  unsigned bytes = 0;
  ByteOrder order = ByteOrder::as_loaded;
};

class LoadRetiler {
 public:
  explicit LoadRetiler(RetileRegion& region) : region_(region), sources_(region) {}

  /// From the end, so that what is put together from parts is seen before its parts.
  bool improve() {
    bool improved = false;
    for (std::size_t i = region_.size(); i-- > 0;) {
      i = std::min(i, region_.size() - 1);  // what was dead has gone
      if (!computes(region_.insn(i)) || !improve(i)) continue;
      improved = true;
      sources_ = ByteSources(region_);
    }
    return improved;
  }

 private:
  bool improve(std::size_t at) {
    return std::ranges::any_of(loads_for(value_of(at)),
                               [&](const Wanted& wanted) { return place(at, wanted); });
  }
  static bool computes(const bpf::Insn& insn) {
    const Meaning meaning = bpf::row(insn.form).meaning;
    return meaning == Meaning::alu || meaning == Meaning::byte_swap || meaning == Meaning::movsx;
  }
  Id value_of(std::size_t at) const {
    return region_.trace().regs[at + 1][static_cast<std::size_t>(region_.insn(at).dst)];
  }

  /// How many low bytes hold the value; 0 when it is a constant 0.
  unsigned width_of(Id value) {
    unsigned width = 8;
    while (width > 0 &&
           region_.values().store().literal(region_.values().byte(value, width - 1)) == 0) {
      --width;
    }
    return width <= 2 ? width : width <= 4 ? 4 : 8;
  }

  std::vector<Wanted> loads_for(Id value) {
    std::vector<Wanted> result;
    const unsigned bytes = width_of(value);
    if (bytes == 0) return result;
    for (const ByteOrder order : {ByteOrder::as_loaded, ByteOrder::swapped}) {
      if (order == ByteOrder::swapped && bytes == 1) break;
      const auto index = [&](unsigned i) {
        return order == ByteOrder::as_loaded ? i : bytes - 1 - i;
      };
      for (const Pointers::Place& first : sources_.of(region_.values().byte(value, index(0)))) {
        Pointers::Place at = first;
        bool all = true;
        for (unsigned i = 1; i < bytes && all; ++i) {
          ++at.offset;
          all = sources_.is_at(region_.values().byte(value, index(i)), at);
        }
        if (all) result.push_back({first, bytes, order});
      }
    }
    return result;
  }

  /// Is the register needed for something else from `where` to `at`, when `at` has gone?
  bool is_busy(bpf::Reg reg, std::size_t where, std::size_t at, bpf::Reg base) const {
    if (where == at) return false;
    std::vector<bool> removed(region_.size(), false);
    removed[at] = true;
    const auto rest = region_.rest(removed, where, register_bit(base));
    for (std::size_t i = where; i < at; ++i) {
      const auto touched = static_cast<RegisterSet>(registers_read(region_.insn(i)) |
                                                    registers_written(region_.insn(i)));
      if (rest.stays[i] && (touched & register_bit(reg)) != 0) return true;
    }
    return false;
  }

  /// In place of item `at`, or before it where the base is still there.
  bool place(std::size_t at, const Wanted& wanted) {
    std::size_t tried = 0;
    for (std::size_t where = at + 1; where-- > 0 && tried < most_places;) {
      const auto& use = region_.trace().uses[where];
      const bool may_be_here =
          where == at || (use && use->is_at(wanted.place.area, wanted.place.base));
      if (!may_be_here) continue;
      ++tried;
      const auto from = region_.loadable(wanted.place, wanted.bytes, where);
      if (!from) continue;
      const bpf::Reg dst = region_.insn(at).dst;
      if (is_busy(dst, where, at, from->reg)) continue;
      std::vector<bpf::Insn> insns = {load_insn(wanted.bytes, dst, *from)};
      if (wanted.order == ByteOrder::swapped) insns.push_back(swap_insn(wanted.bytes, dst));
      RegionEdit edit;
      if (where < at) edit.push_back({where, RegionPiece::Item::stays, std::move(insns)});
      edit.push_back({at, RegionPiece::Item::goes, std::move(insns)});
      if (region_.take(edit)) return true;
    }
    return false;
  }

  RetileRegion& region_;
  ByteSources sources_;
};

}  // namespace

bool retile_loads(RetileRegion& region) {
  return LoadRetiler(region).improve();
}

}  // namespace probity::opt
