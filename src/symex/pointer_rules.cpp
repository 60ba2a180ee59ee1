// SPDX-License-Identifier: Apache-2.0
// What the kernel's verifier lets a privileged program do with pointers (kernel/bpf/verifier.c of
// Linux 6.18: adjust_ptr_min_max_vals, check_cond_jmp_op, check_stack_write_fixed_off and their
// like), checked before each insn on the words of one path. A pointer that may be NULL stays one
// word until the program looks: the comparison with 0 forks. An insn that uses it in another way
// forks as well, and its NULL side then shows what goes wrong.
#include <array>
#include <span>

#include <fmt/format.h>

#include "isa/bpf/semantics.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

using bpf::AluOp;
using bpf::JmpOp;

/// BPF_MAX_VAR_OFF: no offset of a pointer reaches so far.
constexpr std::int64_t offset_limit = std::int64_t{1} << 29;

bool has_source_register(const bpf::Row& row) {
  return row.operands == bpf::Operands::dst_src || row.operands == bpf::Operands::dst_src_off;
}

bool is_shift(AluOp op) {
  return op == AluOp::lsh || op == AluOp::rsh || op == AluOp::arsh;
}
bool is_division(AluOp op) {
  return op == AluOp::div || op == AluOp::sdiv || op == AluOp::mod || op == AluOp::smod;
}
bool is_inequality(JmpOp op) {
  return op == JmpOp::jgt || op == JmpOp::jge || op == JmpOp::jlt || op == JmpOp::jle;
}

/// Kinds whose pointers the verifier knows not to be NULL.
bool is_never_null(RegionKind kind) {
  return kind == RegionKind::map_value || kind == RegionKind::map_object ||
         kind == RegionKind::ringbuf_record || is_socket(kind);
}

/// MAX_PACKET_OFF: comparisons farther out tell the verifier nothing.
constexpr std::uint64_t max_packet_offset = 0xffff;

/// Kinds that one load or store must not mix with any other (reg_type_mismatch).
bool is_exclusive(RegionKind kind) {
  return kind == RegionKind::ctx || kind == RegionKind::sock || kind == RegionKind::sock_common ||
         kind == RegionKind::tcp_sock;
}

}  // namespace

void PathState::forget_pointer(RegionId region, term::Id zero) {
  const auto forget = [&](Word& word) {
    if (word.region == region) word = {zero, 0};
  };
  for (Word& word : regs) forget(word);
  for (Frame& frame : frames) {
    for (Word& word : frame.saved) forget(word);
  }
  Region& gone = regions[region];
  gone.kind = RegionKind::null;  // for the words that were spilled
  gone.null = {};
  std::erase_if(references, [&](const Reference& held) { return held.region == region; });
}

Explorer::Rule Explorer::forbid(PathState& state, std::string text) {
  violate(state, Property::kernel_contract, std::move(text));
  return Rule::broken;
}

/// A condition of its own: the verifier takes the pointer for one that may be NULL.
term::Id Explorer::assumed_null(PathState& state) {
  const term::Id null = context_.fresh(1, "verifier.null");
  state.assumptions.emplace_back("NULL, which only the verifier expects", null);
  return null;
}

Explorer::Rule Explorer::tell_null(PathState& state, RegionId region,
                                   std::function<void(PathState&)> otherwise) {
  const term::Id null = state.regions[region].null;
  note_branch(state, null);
  const term::Id zero = context_.lit64(0);
  std::vector<Alternative> sides;
  sides.push_back({context_.store.not_(null), std::move(otherwise)});
  sides.push_back({null, [region, zero](PathState& s) { s.forget_pointer(region, zero); }});
  return fork(state, std::move(sides)) ? Rule::again : Rule::broken;
}

Explorer::Rule Explorer::check_offset(PathState& state, term::Id offset) {
  if (const auto literal = context_.store.literal(offset)) {
    const auto value = static_cast<std::int64_t>(static_cast<std::uint64_t>(*literal));
    if (value > -offset_limit && value < offset_limit) return Rule::obeyed;
    return forbid(
        state, fmt::format("an offset of {} from a pointer (limit {})", value, offset_limit - 1));
  }
  if (context_.intervals(offset).high < (term::Value{1} << 63) &&
      context_.intervals(offset).low < static_cast<term::Value>(offset_limit)) {
    return Rule::obeyed;
  }
  // Only the least value counts: an upper bound is asked for where memory is accessed.
  const term::Id far = context_.store.bin(Op::slt, offset, context_.lit64(1 - offset_limit));
  if (!require(state, Property::kernel_contract, context_.store.not_(far),
               fmt::format("the offset from a pointer may be less than {}", 1 - offset_limit))) {
    return Rule::broken;
  }
  return Rule::obeyed;
}

Explorer::Rule Explorer::check_alu(PathState& state, const bpf::Insn& insn, const bpf::Row& row) {
  const auto op = static_cast<AluOp>(row.operation);
  if (op == AluOp::mov || op == AluOp::neg) return Rule::obeyed;
  const bool registers = has_source_register(row);
  if (options_.mode == Mode::safety && !registers) {
    if (is_shift(op) && (insn.imm < 0 || insn.imm >= row.width)) {
      return forbid(state, fmt::format("a shift by {} (limit {})", insn.imm, row.width - 1));
    }
    if (is_division(op) && insn.imm == 0) return forbid(state, "a division by 0");
  }
  const Word dst = state.regs[static_cast<unsigned>(insn.dst)];
  const Word src =
      registers ? state.regs[static_cast<unsigned>(insn.src)] : Word{context_.lit64(insn.imm), 0};
  if (dst.region == 0 && src.region == 0) return Rule::obeyed;
  if (op == AluOp::sub && dst.region != 0 && (src.region != 0 || row.width == 32)) {
    return Rule::obeyed;  // a difference is a number
  }
  const auto number = static_cast<unsigned>(dst.region != 0 ? insn.dst : insn.src);
  const Word pointer = dst.region != 0 ? dst : src;
  const term::Id offset = dst.region != 0 ? src.term : dst.term;
  const Region& region = state.regions[pointer.region];
  if (dst.region != 0 && src.region != 0) {
    return forbid(state, fmt::format("r{}: an operation on two pointers", number));
  }
  if (row.width == 32) return forbid(state, fmt::format("r{}: 32-bit pointer arithmetic", number));
  if (region.null) {
    return forbid(state,
                  fmt::format("r{}: arithmetic on a pointer that was not compared with 0", number));
  }
  if (op != AluOp::add && (op != AluOp::sub || dst.region == 0)) {
    return forbid(state, fmt::format("r{}: this operation is not for pointers", number));
  }
  const bool is_end = (pointer.region & region_bits::end) != 0;
  const bool moves_nothing =
      region.kind == RegionKind::map_object && context_.store.literal(offset) == term::Value{0};
  const bool fixed = is_socket(region.kind) || region.kind == RegionKind::map_object || is_end;
  if (fixed && !(moves_nothing && op == AluOp::add)) {
    return forbid(state, fmt::format("r{}: {} may not be moved", number,
                                     is_end                                  ? "data_end"
                                     : region.kind == RegionKind::map_object ? "a map"
                                                                             : "a socket"));
  }
  if (op == AluOp::sub && region.kind == RegionKind::stack) {
    return forbid(state, fmt::format("r{}: subtraction from a stack pointer", number));
  }
  const Rule moved = check_offset(state, offset);
  if (moved != Rule::obeyed) return moved;
  const Op both = op == AluOp::add ? Op::add : Op::sub;
  return check_offset(state, context_.store.bin(both, pointer.term, offset));
}

/// Does a comparison tell the verifier something? Of pointers it understands the test against 0 and
/// the order of a packet pointer and data_end, or of a metadata pointer and data.
bool Explorer::tells(PathState& state, JmpOp op, Word a, Word b) {
  if (a.region == 0) std::swap(a, b);
  if (b.region == 0) {
    const bool equality = op == JmpOp::jeq || op == JmpOp::jne;
    return equality && context_.store.literal(b.term) == term::Value{0} &&
           is_never_null(kind_of(state, a)) && !state.regions[a.region].null;
  }
  const bool packets = kind_of(state, a) == RegionKind::packet &&
                       base_of(a.region) == base_of(b.region) && is_inequality(op);
  if (!packets || !state.regions[a.region].live) return false;
  const bool swapped = (a.region & region_bits::end) != 0;
  if (swapped) std::swap(a, b);
  if ((a.region & (region_bits::end | region_bits::meta)) == 0 &&
      (b.region & region_bits::end) != 0) {
    const term::Id far = context_.store.bin(Op::ult, context_.lit(64, max_packet_offset),
                                            context_.store.bin(Op::sub, a.term, state.packet.head));
    if (solver_.possible(state, far).answer != Answer::no) return false;
    const bool below = op == JmpOp::jlt || op == JmpOp::jle;
    checked_when_taken_ = below != swapped;
    unchecked_load_ = load_of(a.region) > state.packet_checked;
    return true;
  }
  if ((b.region & region_bits::meta) != 0) std::swap(a, b);
  const term::Id far = context_.store.bin(Op::ult, context_.lit(64, max_packet_offset),
                                          context_.store.bin(Op::sub, a.term, state.packet.meta));
  return (a.region & region_bits::meta) != 0 &&
         (b.region & (region_bits::end | region_bits::meta)) == 0 && b.term == state.packet.head &&
         solver_.possible(state, far).answer == Answer::no;
}

/// A shift by a register whose count may reach the width: what processors then do differs, so the
/// verifier takes the result for any number. No term: that cannot happen, or is not asked.
term::Id Explorer::oversized_shift(PathState& state, const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  if (options_.mode == Mode::strict || row.meaning != bpf::Meaning::alu) return {};
  if (!is_shift(static_cast<AluOp>(row.operation)) || !has_source_register(row)) return {};
  const term::Id count = as_number(state.regs[static_cast<unsigned>(insn.src)]);
  const term::Id low = context_.store.extract(0, row.width, count);
  if (context_.intervals(low).high < row.width) return {};
  const term::Id large =
      context_.store.not_(context_.store.bin(Op::ult, low, context_.lit(row.width, row.width)));
  return solver_.possible(state, large).answer == Answer::no ? term::Id{} : large;
}

void Explorer::forget_shift(PathState& state, const bpf::Insn& insn, term::Id oversized) {
  Word& result = state.regs[static_cast<unsigned>(insn.dst)];
  const unsigned width = bpf::row(insn.form).width;
  const term::Id any = context_.store.zext(64, context_.fresh(width, arbitrary_prefix));
  result = {context_.store.ite(oversized, any, as_number(result)), 0};
}

/// The side on which a pointer compared with 0 goes on.
Explorer::Rule Explorer::check_compare(PathState& state, const bpf::Insn& insn,
                                       const bpf::Row& row) {
  const bool registers = has_source_register(row);
  const std::array<bpf::Reg, 2> operands{insn.dst, insn.src};
  for (const bpf::Reg reg : std::span(operands).first(registers ? 2 : 1)) {
    const RegionId region = state.regs[static_cast<unsigned>(reg)].region;
    if (!state.regions[region].null) continue;
    const auto op = static_cast<JmpOp>(row.operation);
    const bool looks =
        !registers && row.width == 64 && insn.imm == 0 && (op == JmpOp::jeq || op == JmpOp::jne);
    if (!looks && options_.mode == Mode::safety) continue;  // tells the verifier nothing
    const std::uint32_t here = state.slot;
    const bool taken = op == JmpOp::jne;
    return tell_null(state, region, [region, here, taken](PathState& s) {
      s.regions[region].null = {};
      s.trail.push_back({here, taken, s.stage});
    });
  }
  const Word dst = state.regs[static_cast<unsigned>(insn.dst)];
  const Word src =
      registers ? state.regs[static_cast<unsigned>(insn.src)] : Word{context_.lit64(insn.imm), 0};
  const bool pointers = dst.region != 0 || src.region != 0;
  if (options_.mode == Mode::strict || row.width == 32 || !pointers) return Rule::obeyed;
  if (tells(state, static_cast<JmpOp>(row.operation), dst, src)) return Rule::obeyed;
  const auto target =
      static_cast<std::uint32_t>(static_cast<std::int64_t>(state.slot) + 1 + insn.off);
  // Nothing is known of the answer, only that it is the same when the same is asked again.
  const std::string question =
      fmt::format("{}compare.{}.{}.{}.{}.{}", arbitrary_prefix, row.operation, dst.region,
                  dst.term.index, src.region, src.term.index);
  const term::Id any = context_.store.var(1, question);
  return branch(state, any, target) ? Rule::again : Rule::broken;
}

/// The address register of a load or store.
Explorer::Rule Explorer::check_base(PathState& state, unsigned reg) {
  const Word base = state.regs[reg];
  const Region& region = state.regions[base.region];
  if (region.null) {
    const RegionId id = base.region;
    return tell_null(state, id, [id](PathState& s) { s.regions[id].null = {}; });
  }
  if (region.kind == RegionKind::ctx && context_.store.literal(base.term) != term::Value{0}) {
    return forbid(state, fmt::format("r{} is ctx moved by an offset", reg));
  }
  return Rule::obeyed;
}

Explorer::Rule Explorer::check_pointers(PathState& state, const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  const auto dst = static_cast<unsigned>(insn.dst);
  const auto src = static_cast<unsigned>(insn.src);
  switch (row.meaning) {
    case bpf::Meaning::alu: return check_alu(state, insn, row);
    case bpf::Meaning::branch: return check_compare(state, insn, row);
    case bpf::Meaning::load:
    case bpf::Meaning::load_acquire: return check_base(state, src);
    case bpf::Meaning::store_imm:
    case bpf::Meaning::store_reg:
    case bpf::Meaning::store_release:
    case bpf::Meaning::atomic: return check_base(state, dst);
    case bpf::Meaning::movsx:
    case bpf::Meaning::byte_swap:
    case bpf::Meaning::load_packet:
    case bpf::Meaning::jump:
    case bpf::Meaning::may_goto:
    case bpf::Meaning::call:
    case bpf::Meaning::exit:
    case bpf::Meaning::load_imm64: return Rule::obeyed;
  }
  return Rule::obeyed;
}

bool Explorer::note_access_kind(PathState& state, Word address) {
  if (address.region == 0) return true;
  const RegionKind kind = kind_of(state, address);
  const auto [found, fresh] = access_kinds_.try_emplace({state.code, state.slot}, kind);
  if (fresh || found->second == kind) return true;
  if (!is_exclusive(kind) && !is_exclusive(found->second)) return true;
  return violate(state, Property::kernel_contract,
                 "one insn accesses ctx or a socket on one path and something else on another");
}

bool Explorer::stack_aligned(PathState& state, term::Id offset, unsigned size_bytes) {
  return require(state, Property::alignment, is_aligned(offset, size_bytes),
                 fmt::format("{} bytes of stack that are not aligned", size_bytes));
}

bool Explorer::may_fill(PathState& state, const Place& place, unsigned size_bytes) {
  if (!stack_aligned(state, place.offset, size_bytes)) return false;
  if (size_bytes == 8) return true;
  if (!state.objects.at(place.object).touches_pointer(context_, place.offset)) return true;
  return violate(state, Property::kernel_contract, "a part of a spilled pointer is loaded");
}

bool Explorer::may_spill(PathState& state, Word address, unsigned size_bytes, Word value) {
  if (!stack_aligned(state, address.term, size_bytes)) return false;
  if (value.region == 0) return true;
  if (size_bytes != 8) {
    return violate(state, Property::kernel_contract, "a part of a pointer is spilled");
  }
  const bool to_caller = base_of(address.region) != state.frames.back().stack;
  if (to_caller && kind_of(state, value) == RegionKind::stack) {
    return violate(state, Property::kernel_contract,
                   "a stack pointer is spilled to the frame of a caller");
  }
  return true;
}

}  // namespace probity::symex
