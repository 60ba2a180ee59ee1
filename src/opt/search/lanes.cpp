// SPDX-License-Identifier: Apache-2.0
// See lanes.hpp. One function per form, found through a table.
#include "opt/search/lanes.hpp"

#include <utility>

#include "base/check.hpp"
#include "domain/concrete.hpp"
#include "isa/bpf/semantics_impl.hpp"
#include "opt/computation.hpp"

namespace probity::opt::search {
namespace {

using bpf::Form;
using Bits = Bv<Concrete, 64>;

/// One test vector's registers, as far as the insn has any.
struct LaneState {
  std::uint64_t dst;
  std::uint64_t src;

  Bits reg(bpf::Reg reg) const { return Bits::of(reg == bpf::Reg::r0 ? dst : src); }
  void set_reg(bpf::Reg, Bits value) { dst = value.raw(); }
  template <unsigned W>
  Bv<Concrete, W> load(Bits) {
    return {};
  }
  template <unsigned W>
  void store(Bits, Bv<Concrete, W>) {}
  template <unsigned W>
  Bv<Concrete, W> load_acquire(Bits) {
    return {};
  }
  template <unsigned W>
  void store_release(Bits, Bv<Concrete, W>) {}
  template <unsigned W, typename Update>
  Bv<Concrete, W> atomic(Bits, Update) {
    return {};
  }
  Bits address_of(bpf::ImmOp, Bv<Concrete, 32> imm, Bv<Concrete, 32> next_imm) {
    return concat(next_imm, imm);
  }
  template <unsigned W>
  bpf::PacketRead<Concrete> load_packet(Bv<Concrete, 32>) {
    return {};
  }
  Bool<Concrete> may_goto_exhausted() { return {}; }
};

using Execute = void (*)(const bpf::Insn&, Lane&, const Lane&);

template <Form form>
void execute_form(const bpf::Insn& insn, Lane& dst, const Lane& src) {
  const bpf::Immediates<Concrete> immediates = bpf::immediates<Concrete>(insn);
  for (std::size_t i = 0; i < lane_count; ++i) {
    LaneState state{dst[i], src[i]};
    bpf::meaning<Concrete>(form, bpf::Reg::r0, bpf::Reg::r1, immediates, state);
    dst[i] = state.dst;
  }
}

template <std::size_t i>
constexpr Execute entry() {
  constexpr auto form = static_cast<Form>(i);
  if constexpr (is_computation(form))
    return execute_form<form>;
  else
    return nullptr;
}

template <std::size_t... i>
constexpr std::array<Execute, bpf::form_count> make_table(std::index_sequence<i...>) {
  return {entry<i>()...};
}
constexpr auto table = make_table(std::make_index_sequence<bpf::form_count>());

}  // namespace

void execute(const bpf::Insn& insn, Lanes& lanes) {
  const Execute entry = table[static_cast<std::size_t>(insn.form)];
  PROBITY_CHECK(entry != nullptr);
  // A copy: dst and src may be one register.
  const Lane src = lanes.regs[static_cast<std::size_t>(insn.src)];
  entry(insn, lanes.regs[static_cast<std::size_t>(insn.dst)], src);
}

}  // namespace probity::opt::search
