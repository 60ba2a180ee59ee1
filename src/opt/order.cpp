// SPDX-License-Identifier: Apache-2.0
// See order.hpp.
#include "opt/order.hpp"

#include <algorithm>

#include "isa/bpf/codec_index.hpp"
#include "isa/bpf/flow.hpp"
#include "opt/barrier.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;
using bpf::Reg;

constexpr RegisterSet caller_saved = 0x3f;

bool overwrites_dst(const bpf::Row& row) {
  return row.meaning == Meaning::load || row.meaning == Meaning::load_acquire ||
         row.meaning == Meaning::movsx || row.meaning == Meaning::load_imm64 ||
         (row.meaning == Meaning::alu && static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov);
}

/// Where an access begins, if that is known, counted in its kind of memory.
std::optional<std::int64_t> start_of(const Fact& base, const Access& access) {
  if (!base.offset) return std::nullopt;
  return *base.offset + access.off;
}

bool apart(std::int64_t a, std::uint8_t a_bytes, std::int64_t b, std::uint8_t b_bytes) {
  return a + a_bytes <= b || b + b_bytes <= a;
}

/// Kinds whose memory is not that of any other kind.
bool is_separate(Kind kind) {
  return kind == Kind::stack || kind == Kind::packet || kind == Kind::map_value ||
         kind == Kind::ctx || kind == Kind::packet_meta;
}

bool may_overlap(const Facts& facts, std::uint32_t first, const Access& a, std::uint32_t second,
                 const Access& b) {
  // Nothing between them writes the registers of either, so one base is one address.
  if (a.base == b.base) return !apart(a.off, a.bytes, b.off, b.bytes);
  const Fact& a_base = facts.reg(first, a.base);
  const Fact& b_base = facts.reg(second, b.base);
  if (!is_separate(a_base.kind) || !is_separate(b_base.kind)) return true;
  if (a_base.kind != b_base.kind) return false;
  if (a_base.kind != Kind::stack && a_base.kind != Kind::ctx) return true;
  const auto a_start = start_of(a_base, a), b_start = start_of(b_base, b);
  return !a_start || !b_start || !apart(*a_start, a.bytes, *b_start, b.bytes);
}

}  // namespace

RegisterSet registers_read(const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  if (row.meaning == Meaning::call) return caller_saved | register_bit(Reg::r10);
  if (row.meaning == Meaning::exit) return register_bit(Reg::r0);
  const bpf::codec_index::Fields fields = bpf::codec_index::fields(row.operands);
  RegisterSet result = 0;
  if (fields.dst && !overwrites_dst(row)) result |= register_bit(insn.dst);
  if (fields.src) result |= register_bit(insn.src);
  if (row.meaning == Meaning::load_packet) result |= register_bit(Reg::r6);
  if (row.meaning == Meaning::atomic) result |= register_bit(Reg::r0);
  return result;
}

RegisterSet registers_written(const bpf::Insn& insn) {
  const Meaning meaning = bpf::row(insn.form).meaning;
  if (meaning == Meaning::call || meaning == Meaning::load_packet) return caller_saved;
  RegisterSet result = meaning == Meaning::atomic ? register_bit(Reg::r0) : RegisterSet{0};
  if (const std::optional<Reg> reg = bpf::written_register(insn)) result |= register_bit(*reg);
  return result;
}

std::optional<Access> access_of(const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  const auto bytes = static_cast<std::uint8_t>(row.width / 8);
  switch (row.meaning) {
    case Meaning::load: return Access{insn.src, insn.off, bytes, false};
    case Meaning::store_imm:
    case Meaning::store_reg: return Access{insn.dst, insn.off, bytes, true};
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::branch:
    case Meaning::call:
    case Meaning::exit:
    case Meaning::load_imm64:
    case Meaning::load_packet:
    case Meaning::atomic:
    case Meaning::load_acquire:
    case Meaning::store_release: return std::nullopt;
  }
  return std::nullopt;
}

bool is_fixed(const Code& code, const Facts& facts, std::uint32_t at) {
  const Node& node = code[at];
  if (node.patched || is_barrier(node, facts.before(at))) return true;
  const Meaning meaning = bpf::row(node.insn.form).meaning;
  const bool computes = meaning == Meaning::alu || meaning == Meaning::movsx ||
                        meaning == Meaning::byte_swap || meaning == Meaning::load_imm64;
  return !computes && !access_of(node.insn);
}

bool commute(const Code& code, const Facts& facts, std::uint32_t first, std::uint32_t second) {
  if (is_fixed(code, facts, first) || is_fixed(code, facts, second)) return false;
  const bpf::Insn &a = code[first].insn, &b = code[second].insn;
  if ((registers_written(a) & (registers_read(b) | registers_written(b))) != 0) return false;
  if ((registers_read(a) & registers_written(b)) != 0) return false;
  const std::optional<Access> a_access = access_of(a), b_access = access_of(b);
  if (!a_access || !b_access || (!a_access->stores && !b_access->stores)) return true;
  return !may_overlap(facts, first, *a_access, second, *b_access);
}

}  // namespace probity::opt
