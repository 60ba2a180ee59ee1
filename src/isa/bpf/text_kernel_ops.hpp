// SPDX-License-Identifier: Apache-2.0
// The operator spellings of the kernel's text (kernel/bpf/disasm.c), written once for the printer
// and the parser.
#pragma once

#include <string_view>

#include "isa/bpf/insn.hpp"

namespace probity::bpf {

/// `+=` and so on; mov and neg are `=`.
constexpr std::string_view alu_sign(AluOp op) {
  switch (op) {
    case AluOp::add: return "+=";
    case AluOp::sub: return "-=";
    case AluOp::mul: return "*=";
    case AluOp::div: return "/=";
    case AluOp::sdiv: return "s/=";
    case AluOp::or_: return "|=";
    case AluOp::and_: return "&=";
    case AluOp::lsh: return "<<=";
    case AluOp::rsh: return ">>=";
    case AluOp::neg: return "=";
    case AluOp::mod: return "%=";
    case AluOp::smod: return "s%=";
    case AluOp::xor_: return "^=";
    case AluOp::mov: return "=";
    case AluOp::arsh: return "s>>=";
  }
  return "";
}

/// The relation of a conditional jump.
constexpr std::string_view compare_sign(JmpOp op) {
  switch (op) {
    case JmpOp::ja: return "";
    case JmpOp::jeq: return "==";
    case JmpOp::jgt: return ">";
    case JmpOp::jge: return ">=";
    case JmpOp::jset: return "&";
    case JmpOp::jne: return "!=";
    case JmpOp::jsgt: return "s>";
    case JmpOp::jsge: return "s>=";
    case JmpOp::jlt: return "<";
    case JmpOp::jle: return "<=";
    case JmpOp::jslt: return "s<";
    case JmpOp::jsle: return "s<=";
  }
  return "";
}

/// True when the old value reaches a register.
constexpr bool fetches(AtomicOp op) {
  return op >= AtomicOp::fetch_add;
}

/// `+=` for the forms that only store, a word such as `fetch_add` for those that fetch.
constexpr std::string_view atomic_word(AtomicOp op) {
  switch (op) {
    case AtomicOp::add: return "+=";
    case AtomicOp::or_: return "|=";
    case AtomicOp::and_: return "&=";
    case AtomicOp::xor_: return "^=";
    case AtomicOp::fetch_add: return "fetch_add";
    case AtomicOp::fetch_or: return "fetch_or";
    case AtomicOp::fetch_and: return "fetch_and";
    case AtomicOp::fetch_xor: return "fetch_xor";
    case AtomicOp::xchg: return "xchg";
    case AtomicOp::cmpxchg: return "cmpxchg";
  }
  return "";
}

constexpr std::string_view swap_word(SwapOp op) {
  switch (op) {
    case SwapOp::to_le: return "le";
    case SwapOp::to_be: return "be";
    case SwapOp::always: return "bswap";
  }
  return "";
}

/// What stands before `[imm]` in a 64-bit load of an address.
constexpr std::string_view imm_word(ImmOp op) {
  switch (op) {
    case ImmOp::value: return "";
    case ImmOp::map: return "map";
    case ImmOp::map_value: return "map";
    case ImmOp::var: return "var";
    case ImmOp::func: return "func";
    case ImmOp::map_idx: return "map_idx";
    case ImmOp::map_idx_value: return "map_idx";
  }
  return "";
}

}  // namespace probity::bpf
