// SPDX-License-Identifier: Apache-2.0
// The eBPF instruction set as data (RFC 9669, cpu v4, and Linux's load-acquire/store-release and
// may_goto). A Slot is the 8-byte unit that jumps count in; an Insn is a decoded instruction (lddw
// takes two slots). `row(form)` gives the columns of insn.def for a form.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace probity::bpf {

enum class Reg : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };
constexpr unsigned reg_count = 11;

/// One row of insn.def.
enum class Form : std::uint8_t {
#define INSN(form, ...) form,
#include "isa/bpf/insn.def"
};
constexpr std::size_t form_count = 0
#define INSN(...) +1
#include "isa/bpf/insn.def"
    ;

/// Which field, beside the opcode byte, tells forms apart.
enum class Selector : std::uint8_t { none, src, off, imm };

/// The fields a form names; all others must be zero.
enum class Operands : std::uint8_t {
  none, dst, dst_imm, dst_src, dst_imm64, off, imm, dst_imm_off, dst_src_off,
  dst_mem,  ///< dst, *(src + off)
  mem_imm,  ///< *(dst + off), imm
  mem_src,  ///< *(dst + off), src
  src_imm,
};

enum class Meaning : std::uint8_t {
  alu, movsx, byte_swap, jump, may_goto, branch, call, exit, load_imm64, load_packet,
  load, store_imm, store_reg, atomic, load_acquire, store_release,
};

enum class AluOp : std::uint8_t {
  add, sub, mul, div, sdiv, or_, and_, lsh, rsh, neg, mod, smod, xor_, mov, arsh
};
enum class SwapOp : std::uint8_t { to_le, to_be, always };
enum class JmpOp : std::uint8_t { ja, jeq, jgt, jge, jset, jne, jsgt, jsge, jlt, jle, jslt, jsle };
enum class CallOp : std::uint8_t { helper, local, kfunc, reg };
enum class ImmOp : std::uint8_t { value, map, map_value, var, func, map_idx, map_idx_value };
enum class PacketOp : std::uint8_t { absolute, indirect };
enum class MemOp : std::uint8_t { zero, sign };
enum class AtomicOp : std::uint8_t {
  add, or_, and_, xor_, fetch_add, fetch_or, fetch_and, fetch_xor, xchg, cmpxchg
};

/// RFC 9669 section 2.4 conformance groups, and what only Linux has.
enum class Group : std::uint8_t {
  base32, base64, divmul32, divmul64, atomic32, atomic64, packet, callx, linux_only
};
enum class Cpu : std::uint8_t { v1 = 1, v2, v3, v4 };

struct Row {
  std::string_view name;
  std::uint8_t opcode;
  Selector selector;
  std::int16_t selector_value;
  Operands operands;
  Meaning meaning;
  std::uint8_t operation;  ///< an AluOp, JmpOp, … as the meaning says
  std::uint8_t width;
  Group group;
  Cpu cpu;
};

/// The table; indexed by Form.
inline constexpr std::array<Row, form_count> rows = {{
#define INSN(form, opcode, selector, value, operands, meaning, operation, width, group, cpu) \
  Row{#form, opcode, Selector::selector, value, Operands::operands, Meaning::meaning,        \
      static_cast<std::uint8_t>(operation), width, Group::group, Cpu::cpu},
#include "isa/bpf/insn.def"
}};
constexpr const Row& row(Form form) { return rows[static_cast<std::size_t>(form)]; }

/// RFC 9669 section 3.1, as in memory (little-endian): one 8-byte unit.
struct Slot {
  std::uint8_t opcode = 0;
  std::uint8_t regs = 0;  ///< dst in the low four bits, src in the high four
  std::int16_t off = 0;
  std::int32_t imm = 0;

  constexpr unsigned dst() const { return regs & 15u; }
  constexpr unsigned src() const { return regs >> 4; }
  friend constexpr bool operator==(const Slot&, const Slot&) = default;
};
static_assert(sizeof(Slot) == 8);

/// A decoded instruction.
struct Insn {
  Form form = Form::exit;
  Reg dst = Reg::r0;
  Reg src = Reg::r0;
  std::int16_t off = 0;
  std::int32_t imm = 0;
  std::int32_t next_imm = 0;  ///< imm of the second slot of lddw

  constexpr std::uint64_t imm64() const {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(next_imm)) << 32 |
           static_cast<std::uint32_t>(imm);
  }
  /// 2 for lddw, else 1.
  constexpr unsigned slot_count() const { return row(form).meaning == Meaning::load_imm64 ? 2 : 1; }
  friend constexpr bool operator==(const Insn&, const Insn&) = default;
};

}  // namespace probity::bpf
