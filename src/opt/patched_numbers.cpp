// SPDX-License-Identifier: Apache-2.0
// Numbers that a loader patches: a compiler keeps a field's offset (CO-RE) in a register, because
// the record is of the insn that loads it: `B = <offset>; …; A += B`. The record may be of the
// addition: `A += <offset>`.
#include <optional>

#include "isa/bpf/codec_index.hpp"
#include "opt/barrier.hpp"
#include "opt/generators.hpp"
#include "opt/order.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Meaning;

/// The form that computes the same with an immediate.
std::optional<Form> with_immediate(const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  if (row.meaning != Meaning::alu || row.operands != bpf::Operands::dst_src) return std::nullopt;
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const bpf::Row& other = bpf::rows[i];
    const bool same = other.meaning == Meaning::alu && other.width == row.width &&
                      other.operation == row.operation && other.operands == bpf::Operands::dst_imm;
    if (same) return static_cast<Form>(i);
  }
  return std::nullopt;
}

/// Operations that are the same with a number sign-extended to 64 bits, be it by a move or by
/// itself, and that a verifier takes with any number.
bool takes_any_number(Form form) {
  const bpf::Row& row = bpf::row(form);
  if (row.width != 64) return false;
  switch (static_cast<bpf::AluOp>(row.operation)) {
    case bpf::AluOp::add:
    case bpf::AluOp::sub:
    case bpf::AluOp::mul:
    case bpf::AluOp::or_:
    case bpf::AluOp::and_:
    case bpf::AluOp::xor_:
    case bpf::AluOp::mov: return true;
    case bpf::AluOp::div:
    case bpf::AluOp::sdiv:
    case bpf::AluOp::lsh:
    case bpf::AluOp::rsh:
    case bpf::AluOp::neg:
    case bpf::AluOp::mod:
    case bpf::AluOp::smod:
    case bpf::AluOp::arsh: return false;
  }
  return false;
}

/// The only reader of the number that `load` has, in its block, where it ends.
std::optional<std::uint32_t> only_reader(const Version& version, std::uint32_t load,
                                         const std::vector<bool>& starts) {
  const bpf::Reg reg = version.code[load].insn.dst;
  for (std::uint32_t node = load + 1; node < version.code.size() && !starts[node]; ++node) {
    const bpf::Insn& insn = version.code[node].insn;
    if ((registers_read(insn) & register_bit(reg)) != 0) {
      const bool ends = !version.live.is_live_after(version.code, node, reg);
      return ends && insn.dst != reg ? std::optional(node) : std::nullopt;
    }
    if ((registers_written(insn) & register_bit(reg)) != 0) return std::nullopt;
  }
  return std::nullopt;
}

std::vector<Change> propose(const Version& version, const Aim&) {
  std::vector<Change> changes;
  const std::vector<bool> starts = block_starts(version.code);
  for (std::uint32_t load = 0; load < version.code.size(); ++load) {
    const Node& number = version.code[load];
    const bool loads = has_patched_number(number) && number.insn.form == Form::mov64_imm;
    if (!loads || !version.facts.reached(load)) continue;
    const auto reader = only_reader(version, load, starts);
    if (!reader || version.code[*reader].patched) continue;
    const auto form = with_immediate(version.code[*reader].insn);
    if (!form || !takes_any_number(*form)) continue;
    Node fresh = number;
    fresh.insn.form = *form;
    fresh.insn.dst = version.code[*reader].insn.dst;
    changes.push_back({"patched number", {{load, 1, {}}, {*reader, 1, {fresh}}}});
  }
  return changes;
}

}  // namespace

Generator patched_number_generator() {
  return {"patched numbers", propose};
}

}  // namespace probity::opt
