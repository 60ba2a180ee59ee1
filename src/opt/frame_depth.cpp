// SPDX-License-Identifier: Apache-2.0
// See frame_depth.hpp. A pointer into the frame has a known distance from r10, or nothing is known.
// One that is kept in memory and read back may look like any other pointer: where the frame's
// address was ever taken, such an access may go anywhere.
#include "opt/frame_depth.hpp"

#include <algorithm>

namespace probity::opt {
namespace {

using bpf::Meaning;
using bpf::Reg;

constexpr std::int32_t word_bytes = 8;

class Depth {
 public:
  Depth(const Code& code, const Facts& facts, std::uint32_t subprog, std::uint32_t but)
      : code_(code),
        facts_(facts),
        first_(code.subprog_starts()[subprog]),
        end_(code.subprog_starts()[subprog + 1]),
        but_(but) {}

  std::optional<std::int32_t> run() {
    for (std::uint32_t at = first_; at < end_; ++at) {
      if (facts_.reached(at)) look_at_pointers(at);
    }
    for (std::uint32_t at = first_; at < end_; ++at) {
      if (facts_.reached(at)) look_at_insn(at);
    }
    if (!is_known_ || lowest_ < -static_cast<std::int64_t>(stack_bytes)) return std::nullopt;
    const auto depth = static_cast<std::int32_t>(-lowest_);
    return (depth + word_bytes - 1) / word_bytes * word_bytes;
  }

 private:
  void reach(std::int64_t offset) { lowest_ = std::min(lowest_, offset); }

  void look_at_pointers(std::uint32_t at) {
    for (unsigned reg = 0; reg < 10; ++reg) {
      const Fact& fact = facts_.before(at).regs[reg];
      if (fact.kind != Kind::stack) continue;
      is_taken_ = true;
      if (!fact.offset) is_known_ = false;
      reach(fact.offset.value_or(0));
    }
    const bpf::Insn& insn = code_[at].insn;
    const bool reads_source = bpf::row(insn.form).operands == bpf::Operands::dst_src;
    if (reads_source && insn.src == Reg::r10) is_taken_ = true;
  }

  void look_at_insn(std::uint32_t at) {
    const bpf::Insn& insn = code_[at].insn;
    if (const auto base = base_register(insn)) return look_at_access(at, *base, insn.off);
    const Meaning meaning = bpf::row(insn.form).meaning;
    if (meaning == Meaning::call) return look_at_call(at);
    // Code that is called back gets where it likes.
    if (meaning == Meaning::load_imm64 && code_[at].target != no_node && is_taken_)
      is_known_ = false;
  }

  void look_at_access(std::uint32_t at, Reg base, std::int16_t off) {
    const Fact& fact = facts_.reg(at, base);
    if (base == Reg::r10) return reach(off);
    if (fact.kind == Kind::stack) return reach(fact.offset.value_or(0) + off);
    if (is_taken_ && may_reach_stack(fact.kind)) is_known_ = false;
  }

  /// Helpers read and write from a pointer upwards; subprograms as they like.
  void look_at_call(std::uint32_t at) {
    const Node& node = code_[at];
    if (node.insn.form != bpf::Form::call_local || !is_taken_) return;
    if (code_.subprog_of(node.target) == but_) return;
    for (unsigned reg = 1; reg <= 5; ++reg)
      if (may_reach_stack(facts_.before(at).regs[reg].kind)) is_known_ = false;
  }

  const Code& code_;
  const Facts& facts_;
  std::uint32_t first_;
  std::uint32_t end_;
  std::uint32_t but_;
  std::int64_t lowest_ = 0;
  bool is_taken_ = false;  ///< the frame's address is in a register somewhere
  bool is_known_ = true;
};

}  // namespace

std::optional<Reg> base_register(const bpf::Insn& insn) {
  switch (bpf::row(insn.form).meaning) {
    case Meaning::load:
    case Meaning::load_acquire: return insn.src;
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::store_release:
    case Meaning::atomic: return insn.dst;
    default: return std::nullopt;
  }
}

std::optional<std::int32_t> frame_depth(const Code& code, const Facts& facts, std::uint32_t subprog,
                                        std::uint32_t but) {
  return Depth(code, facts, subprog, but).run();
}

}  // namespace probity::opt
