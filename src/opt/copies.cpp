// SPDX-License-Identifier: Apache-2.0
// Copies: where two registers hold the same value, readers of the younger one read the older one,
// so that the copy is dead in the end; and an insn that only computes what is then copied computes
// into the copy. A constant that another register holds is read from there where there is no
// immediate.
#include <optional>

#include "isa/bpf/codec_index.hpp"
#include "opt/barrier.hpp"
#include "opt/equal_values.hpp"
#include "opt/generators.hpp"
#include "opt/order.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Meaning;
using bpf::Reg;

std::size_t index(Reg reg) {
  return static_cast<std::size_t>(reg);
}

bool is_copy(const Node& node) {
  return node.insn.form == Form::mov64_reg && !node.patched;
}

class Copies {
 public:
  explicit Copies(const Version& version)
      : version_(version),
        code_(version.code),
        equals_(EqualValues::of(version.code, version.facts)) {}

  std::vector<Change> all() {
    for (std::uint32_t node = 0; node < code_.size(); ++node) {
      if (!version_.facts.reached(node) || code_[node].patched) continue;
      if (read_register(node)) continue;
      read_older(node);
      read_constant(node);
    }
    if (!changes_.empty()) return std::move(changes_);
    const std::vector<bool> starts = block_starts(code_);
    for (std::uint32_t node = 0; node < code_.size(); ++node) {
      if (version_.facts.reached(node) && is_copy(code_[node])) compute_into(node, starts);
    }
    return std::move(changes_);
  }

 private:
  /// The register that the value was first in, of those that still have it.
  Reg older(std::uint32_t node, Reg reg) const {
    return first_with(node, holder_of(reg)).value_or(reg);
  }

  std::optional<Reg> first_with(std::uint32_t node, Holder holder) const {
    const Equals& equals = equals_.before(node);
    const Holder leader = equals.leader(holder);
    if (leader < bpf::reg_count) return static_cast<Reg>(leader);
    for (Holder reg = 0; reg < bpf::reg_count; ++reg) {
      if (equals.are_equal(reg, holder)) return static_cast<Reg>(reg);
    }
    return std::nullopt;
  }

  /// A word of the frame whose value a register still has.
  bool read_register(std::uint32_t node) {
    const Node& old = code_[node];
    if (old.insn.form != Form::ldxdw) return false;
    const Fact& base = version_.facts.reg(node, old.insn.src);
    const auto word = frame_word_of(base, old.insn);
    if (!word) return false;
    const std::optional<Reg> reg = first_with(node, holder_of_word(*word));
    if (!reg) return false;
    bpf::Insn copy{Form::mov64_reg};
    copy.dst = old.insn.dst;
    copy.src = *reg;
    changes_.push_back({"read the register", {{node, 1, {replaced(old, copy)}}}});
    return true;
  }

  /// Fields that are only read name the oldest register with the value.
  void read_older(std::uint32_t node) {
    const Node& old = code_[node];
    if (is_self_copy(node)) {
      changes_.push_back({"copy of itself", {{node, 1, {}}}});
      return;
    }
    const bpf::Row& row = bpf::row(old.insn.form);
    if (is_barrier(old, version_.facts.before(node)) || row.meaning == Meaning::atomic) return;
    const bpf::codec_index::Fields fields = bpf::codec_index::fields(row.operands);
    const RegisterSet written = registers_written(old.insn), read = registers_read(old.insn);
    bpf::Insn insn = old.insn;
    const bool dst_only_read = fields.dst && (written & register_bit(insn.dst)) == 0 &&
                               (read & register_bit(insn.dst)) != 0;
    if (dst_only_read) insn.dst = older(node, insn.dst);
    if (fields.src) insn.src = older(node, insn.src);
    if (insn == old.insn) return;
    Node fresh = replaced(old, insn);
    fresh.target = old.target;
    changes_.push_back({"read the original", {{node, 1, {fresh}}}});
  }

  bool is_self_copy(std::uint32_t node) const {
    const Node& old = code_[node];
    return is_copy(old) && older(node, old.insn.src) == older(node, old.insn.dst);
  }

  /// `B = ...; ...; A = B` with B dead: what computes B computes A. Between the insn that first
  /// writes B and the copy, in one block, nothing else has to do with A.
  void compute_into(std::uint32_t copy, const std::vector<bool>& starts) {
    const Reg to = code_[copy].insn.dst, from = code_[copy].insn.src;
    if (version_.live.is_live_after(code_, copy, from)) return;
    std::vector<Splice> splices{{copy, 1, {}}};
    for (std::uint32_t node = copy; node > 0 && !starts[node];) {
      --node;
      const bpf::Insn& insn = code_[node].insn;
      const RegisterSet written = registers_written(insn), read = registers_read(insn);
      const bool first = (written & ~read & register_bit(from)) != 0;
      const RegisterSet touched = first ? written : written | read;
      if ((touched & register_bit(to)) != 0) return;
      if (((written | read) & register_bit(from)) == 0) continue;
      if (is_fixed(code_, version_.facts, node)) return;
      splices.insert(splices.begin(), {node, 1, {renamed(node, from, to)}});
      if (!first) continue;
      // Renamed insns of another change may not lie between.
      const bool apart = changes_.empty() || changes_.back().splices.back().first < node;
      if (apart) changes_.push_back({"compute into the copy", std::move(splices)});
      return;
    }
  }
  Node renamed(std::uint32_t node, Reg from, Reg to) const {
    bpf::Insn insn = code_[node].insn;
    const bpf::codec_index::Fields fields = bpf::codec_index::fields(bpf::row(insn.form).operands);
    if (fields.dst && insn.dst == from) insn.dst = to;
    if (fields.src && insn.src == from) insn.src = to;
    return replaced(code_[node], insn);
  }

  /// `B = k; lock *(P + o) += B` with B dead, where another register holds k.
  void read_constant(std::uint32_t node) {
    const Node& old = code_[node];
    if (bpf::row(old.insn.form).meaning != Meaning::atomic) return;
    const auto operation = static_cast<bpf::AtomicOp>(bpf::row(old.insn.form).operation);
    if (operation >= bpf::AtomicOp::fetch_add || node == 0) return;
    if (is_barrier(old, version_.facts.before(node))) return;
    const bpf::Insn& load = code_[node - 1].insn;
    const bool loads = bpf::row(load.form).operands == bpf::Operands::dst_imm &&
                       registers_read(load) == 0 && load.dst == old.insn.src &&
                       load.dst != old.insn.dst;
    const std::optional<std::uint64_t> value = version_.facts.reg(node, old.insn.src).constant();
    if (!loads || !value || version_.live.is_live_after(code_, node, old.insn.src)) return;
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
      const auto other = static_cast<Reg>(reg);
      if (other == load.dst || version_.facts.reg(node, other).constant() != value) continue;
      bpf::Insn insn = old.insn;
      insn.src = other;
      changes_.push_back({"constant of another register", {{node, 1, {replaced(old, insn)}}}});
      return;
    }
  }

  const Version& version_;
  const Code& code_;
  EqualValues equals_;
  std::vector<Change> changes_;
};

std::vector<Change> propose(const Version& version, const Aim&) {
  return Copies(version).all();
}

}  // namespace

Generator copy_generator() {
  return {"copies", propose};
}

}  // namespace probity::opt
