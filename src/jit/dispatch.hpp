// SPDX-License-Identifier: Apache-2.0
// From a row of isa/bpf/insn.def to a translator's method: what every target shares. Operation and
// width become template arguments, so Concrete branches once per instruction, on its form; what the
// runtime always executes is decided here. A target's class has, with Reg its machine registers
// (machine_reg() maps r0..r10 to them):
//   alu_imm<AluOp, W>(Reg dst, in)          alu_reg<AluOp, W>(Reg dst, Reg src, in)
//   negate<W>(Reg dst, in)                  byte_swap<SwapOp, W>(Reg dst, in)
//   movsx<From, W>(Reg dst, Reg src, in)    // From low bits, sign-extended to W
//   jump(in)                                exit(in)
//   branch_imm<JmpOp, W>(Reg dst, in)       branch_reg<JmpOp, W>(Reg dst, Reg src, in)
//   call_helper(in)   call_local(in)        tail_call(in)       assisted(in)
//   load_imm64(Reg dst, in)                 load_address(Reg dst, in)
//   load<MemOp, W>(Reg dst, Reg src, in)    load_acquire<W>(Reg dst, Reg src, in)
//   store_imm<W>(Reg dst, in)               store_reg<W>(Reg dst, Reg src, in)
//   store_release<W>(Reg dst, Reg src, in)  atomic<AtomicOp, W>(Reg dst, Reg src, in)
//   is_checked()                            // Options::memory; then r10 is a base within its frame
#pragma once

#include "isa/bpf/insn.hpp"
#include "jit/context.hpp"
#include "jit/translator.hpp"

namespace probity::jit {

namespace detail {

/// movsx of class ALU fills 32 bits, of class ALU64 64.
constexpr unsigned movsx_result_width(bpf::Form form) {
  return form == bpf::Form::movsx32_8 || form == bpf::Form::movsx32_16 ? 32 : 64;
}

template <bpf::Form form, typename T, PathDomain D>
void dispatch_call(T& to, const Inputs<D>& in) {
  constexpr auto op = static_cast<bpf::CallOp>(bpf::row(form).operation);
  if constexpr (op == bpf::CallOp::local) {
    to.call_local(in);
  } else if constexpr (op == bpf::CallOp::helper) {
    const Bv<D, 32> id = in.immediates.imm;
    if (decide(id == Bv<D, 32>::lit(tail_call_helper))) return to.tail_call(in);
    if (decide(ule(Bv<D, 32>::lit(helper_limit), id))) return to.assisted(in);
    to.call_helper(in);
  } else {
    to.assisted(in);  // kfuncs, callx
  }
}

/// The forms that compute: sections 4.1, 4.2 and 5.4 of RFC 9669.
template <bpf::Form form, typename T, typename Reg, PathDomain D>
void dispatch_alu(T& to, Reg dst, Reg src, const Inputs<D>& in) {
  using bpf::Meaning;
  constexpr bpf::Row r = bpf::row(form);
  if constexpr (r.meaning == Meaning::movsx) {
    to.template movsx<r.width, movsx_result_width(form)>(dst, src, in);
  } else if constexpr (r.meaning == Meaning::byte_swap) {
    to.template byte_swap<static_cast<bpf::SwapOp>(r.operation), r.width>(dst, in);
  } else if constexpr (r.meaning == Meaning::load_imm64) {
    if constexpr (form == bpf::Form::lddw)
      to.load_imm64(dst, in);
    else
      to.load_address(dst, in);
  } else {
    constexpr auto op = static_cast<bpf::AluOp>(r.operation);
    if constexpr (r.operands == bpf::Operands::dst_imm)
      to.template alu_imm<op, r.width>(dst, in);
    else if constexpr (op == bpf::AluOp::neg)
      to.template negate<r.width>(dst, in);
    else
      to.template alu_reg<op, r.width>(dst, src, in);
  }
}

/// Whether an access by r10 is outside the frame, or not aligned where it must be.
template <bpf::Form form, PathDomain D>
bool leaves_frame(const Inputs<D>& in) {
  using bpf::Meaning;
  constexpr bpf::Row r = bpf::row(form);
  constexpr bool is_ordered = r.meaning == Meaning::atomic || r.meaning == Meaning::load_acquire ||
                              r.meaning == Meaning::store_release;
  constexpr std::uint32_t bytes = r.width / 8;
  using Word = Bv<D, 32>;
  const Word offset = sext<32>(in.immediates.off) + Word::lit(frame_bytes);
  if (!decide(ule(offset, Word::lit(frame_bytes - bytes)))) return true;
  return is_ordered && !decide((offset & Word::lit(bytes - 1)) == Word::lit(0));
}

/// The forms that access memory: sections 5.1 to 5.3.
template <bpf::Form form, typename T, typename Reg, PathDomain D>
void dispatch_memory(T& to, Reg dst, Reg src, const Inputs<D>& in) {
  using bpf::Meaning;
  constexpr bpf::Row r = bpf::row(form);
  constexpr bool base_is_src = r.meaning == Meaning::load || r.meaning == Meaning::load_acquire;
  const bool is_frame = (base_is_src ? src : dst) == T::machine_reg(bpf::Reg::r10);
  if (is_frame && to.is_checked() && leaves_frame<form>(in)) return to.assisted(in);
  if constexpr (r.meaning == Meaning::load) {
    to.template load<static_cast<bpf::MemOp>(r.operation), r.width>(dst, src, in);
  } else if constexpr (r.meaning == Meaning::store_imm) {
    to.template store_imm<r.width>(dst, in);
  } else if constexpr (r.meaning == Meaning::store_reg) {
    to.template store_reg<r.width>(dst, src, in);
  } else if constexpr (r.meaning == Meaning::atomic) {
    to.template atomic<static_cast<bpf::AtomicOp>(r.operation), r.width>(dst, src, in);
  } else if constexpr (r.meaning == Meaning::load_acquire) {
    to.template load_acquire<r.width>(dst, src, in);
  } else {
    static_assert(r.meaning == Meaning::store_release);
    to.template store_release<r.width>(dst, src, in);
  }
}

template <bpf::Form form, typename T, typename Reg, PathDomain D>
void dispatch_form(T& to, Reg dst, Reg src, const Inputs<D>& in) {
  using bpf::Meaning;
  constexpr bpf::Row r = bpf::row(form);
  if constexpr (r.meaning >= Meaning::load) {
    dispatch_memory<form>(to, dst, src, in);
  } else if constexpr (r.meaning == Meaning::jump) {
    to.jump(in);
  } else if constexpr (r.meaning == Meaning::branch) {
    constexpr auto op = static_cast<bpf::JmpOp>(r.operation);
    if constexpr (r.operands == bpf::Operands::dst_imm_off) {
      to.template branch_imm<op, r.width>(dst, in);
    } else {
      to.template branch_reg<op, r.width>(dst, src, in);
    }
  } else if constexpr (r.meaning == Meaning::call) {
    dispatch_call<form>(to, in);
  } else if constexpr (r.meaning == Meaning::exit) {
    to.exit(in);
  } else if constexpr (r.meaning == Meaning::may_goto || r.meaning == Meaning::load_packet) {
    to.assisted(in);
  } else {
    dispatch_alu<form>(to, dst, src, in);
  }
}

}  // namespace detail

/// Emits one instruction through the method of `to` that its row names.
template <typename T, PathDomain D>
void dispatch(T& to, bpf::Form form, bpf::Reg dst, bpf::Reg src, const Inputs<D>& in) {
  if (in.always_assist) return to.assisted(in);
  const auto d = T::machine_reg(dst);
  const auto s = T::machine_reg(src);
  switch (form) {
#define INSN(name, ...) \
  case bpf::Form::name: return detail::dispatch_form<bpf::Form::name>(to, d, s, in);
#include "isa/bpf/insn.def"
  }
}

}  // namespace probity::jit
