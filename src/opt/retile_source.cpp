// SPDX-License-Identifier: Apache-2.0
// See retile_source.hpp.
#include "opt/retile_source.hpp"

#include <algorithm>
#include <bit>

namespace probity::opt {
namespace {

using bpf::Form;

constexpr std::array<Form, 4> loads = {Form::ldxb, Form::ldxh, Form::ldxw, Form::ldxdw};
constexpr std::array<Form, 4> swaps = {Form::be16, Form::be16, Form::be32, Form::be64};
constexpr std::array<Form, 4> reg_stores = {Form::stxb, Form::stxh, Form::stxw, Form::stxdw};
constexpr std::array<Form, 4> imm_stores = {Form::stb, Form::sth, Form::stw, Form::stdw};

Form form_for(const std::array<Form, 4>& forms, unsigned bytes) {
  return forms[static_cast<std::size_t>(std::countr_zero(bytes))];
}

}  // namespace

ByteSources::ByteSources(RetileRegion& region) {
  for (const auto& use : region.trace().uses) {
    if (!use || use->stores || !region.is_plain(*use)) continue;
    for (unsigned i = 0; i < use->bytes; ++i) {
      if (region.values().store().literal(use->loaded[i])) continue;
      const Pointers::Place place{use->area, use->base, use->offset + i};
      if (!is_at(use->loaded[i], place)) places_[use->loaded[i]].push_back(place);
    }
  }
}

std::span<const Pointers::Place> ByteSources::of(term::Id byte) const {
  const auto found = places_.find(byte);
  if (found == places_.end()) return {};
  return found->second;
}

bool ByteSources::is_at(term::Id byte, const Pointers::Place& place) const {
  return std::ranges::any_of(of(byte), [&](const Pointers::Place& known) {
    return known.area == place.area && known.base == place.base && known.offset == place.offset;
  });
}

bpf::Insn load_insn(unsigned bytes, bpf::Reg dst, RetileRegion::Operand from) {
  bpf::Insn insn;
  insn.form = form_for(loads, bytes);
  insn.dst = dst;
  insn.src = from.reg;
  insn.off = from.off;
  return insn;
}

bpf::Insn swap_insn(unsigned bytes, bpf::Reg reg) {
  bpf::Insn insn;
  insn.form = form_for(swaps, bytes);
  insn.dst = reg;
  insn.imm = static_cast<std::int32_t>(bytes * 8);
  return insn;
}

bpf::Insn store_insn(unsigned bytes, RetileRegion::Operand to, bpf::Reg value) {
  bpf::Insn insn;
  insn.form = form_for(reg_stores, bytes);
  insn.dst = to.reg;
  insn.src = value;
  insn.off = to.off;
  return insn;
}

bpf::Insn store_insn(unsigned bytes, RetileRegion::Operand to, std::int32_t value) {
  bpf::Insn insn;
  insn.form = form_for(imm_stores, bytes);
  insn.dst = to.reg;
  insn.off = to.off;
  insn.imm = value;
  return insn;
}

}  // namespace probity::opt
