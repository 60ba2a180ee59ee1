// SPDX-License-Identifier: Apache-2.0
// See inlining.hpp. A callee that calls nobody may have r1 to r5 for its r6 to r9, too: a call
// leaves nothing in them.
#include "opt/inlining.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "isa/bpf/codec_index.hpp"
#include "opt/frame_depth.hpp"
#include "program/register_use.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Meaning;
using bpf::Reg;

constexpr unsigned first_saved = 6;
constexpr unsigned frame_pointer = 10;
constexpr std::int32_t word_bytes = 8;

std::unexpected<Diagnostic> cannot(std::string why) {
  return error(Fault::unsupported, std::move(why));
}

class Inliner {
 public:
  Inliner(const Version& version, std::uint32_t callee)
      : version_(version),
        old_(version.code),
        callee_(callee),
        first_(old_.subprog_starts()[callee]),
        end_(old_.subprog_starts()[callee + 1]) {
    result_.callee = callee;
    result_.place.assign(old_.size() + 1, no_node);
  }

  Expected<Inlined> run() {
    TRY(look_at_callee());
    for (std::uint32_t at = 0; at < old_.size(); ++at) {
      if (is_call(at)) TRY(plan(at));
    }
    if (result_.calls.empty()) return cannot("nobody calls it");
    TRY(write());
    return std::move(result_);
  }

 private:
  bool is_call(std::uint32_t at) const {
    return old_[at].insn.form == Form::call_local && old_[at].target == first_;
  }

  // --- what the callee needs ---

  Expected<void> look_at_callee() {
    if (callee_ == 0) return cannot("the program begins there");
    for (std::uint32_t at = first_; at < end_; ++at) {
      const Node& node = old_[at];
      const Meaning meaning = bpf::row(node.insn.form).meaning;
      if (is_call(at)) return cannot("it calls itself");
      if (meaning == Meaning::call) is_leaf_ = false;
      if (meaning == Meaning::alu || meaning == Meaning::movsx) TRY(look_at_frame_copy(node));
      if (node.insn.src == Reg::r10 && meaning == Meaning::store_reg)
        return cannot("it keeps its frame's address in memory");
      const program::RegisterUse use = program::register_use(node.insn);
      used_ |= use.read | use.written;
    }
    const auto depth = frame_depth(old_, version_.facts, callee_, callee_);
    if (!depth) return cannot("it is not known which part of its frame it needs");
    depth_ = *depth;
    return {};
  }

  static Expected<void> look_at_frame_copy(const Node& node) {
    const bool by_register = bpf::row(node.insn.form).operands == bpf::Operands::dst_src;
    if (!by_register || node.insn.src != Reg::r10 || node.insn.form == Form::mov64_reg) return {};
    return cannot("it computes with its frame's address");
  }

  // --- what each call leaves it ---

  Expected<void> plan(std::uint32_t at) {
    InlinedCall call;
    call.call = at;
    choose_registers(&call);
    const std::int32_t needed = depth_ + word_bytes * static_cast<std::int32_t>(call.saved.size());
    if (needed != 0) {
      const auto above = frame_depth(old_, version_.facts, old_.subprog_of(at), callee_);
      if (!above || *above + needed > static_cast<std::int32_t>(stack_bytes))
        return cannot("its frame and its caller's are too large for one");
      call.frame = *above;
    }
    std::int32_t lowest = call.frame + depth_;
    for (InlinedCall::Saved& saved : call.saved) {
      lowest += word_bytes;
      saved.off = static_cast<std::int16_t>(-lowest);
    }
    result_.calls.push_back(std::move(call));
    return {};
  }

  void choose_registers(InlinedCall* call) const {
    RegisterNames& names = call->registers;
    RegisterSet taken = version_.live.before(call->call + 1).regs;
    RegisterSet given = 0;
    for (unsigned reg = first_saved; reg < frame_pointer; ++reg) {
      names[reg] = bpf::reg_count;
      if ((used_ >> reg & 1) == 0) continue;
      auto found = free_register(reg, taken);
      for (unsigned other = first_saved; other < frame_pointer && !found; ++other) {
        if ((given >> other & 1) != 0) continue;
        call->saved.push_back({other, 0});
        found = other;
      }
      if (*found < first_saved) names[*found] = bpf::reg_count;
      names[reg] = static_cast<std::uint8_t>(*found);
      taken = static_cast<RegisterSet>(taken | 1u << *found);
      given = static_cast<RegisterSet>(given | 1u << *found);
    }
  }

  /// For a register of the callee: best the same one, else one that the callee does not use.
  std::optional<unsigned> free_register(unsigned reg, RegisterSet taken) const {
    const auto is_free = [&](unsigned other) { return (taken >> other & 1) == 0; };
    const auto is_used = [&](unsigned other) { return (used_ >> other & 1) != 0; };
    if (is_free(reg)) return reg;
    for (unsigned other = frame_pointer - 1; other >= first_saved; --other)
      if (is_free(other) && !is_used(other)) return other;
    for (unsigned other = first_saved; other < frame_pointer; ++other)
      if (is_free(other)) return other;
    for (unsigned other = 1; is_leaf_ && other < first_saved; ++other)
      if (is_free(other) && !is_used(other)) return other;
    return std::nullopt;
  }

  // --- the new code ---

  Expected<void> write() {
    std::vector<std::uint32_t> starts;
    std::vector<std::uint32_t> subprogs;
    std::size_t next_call = 0;
    for (std::uint32_t at = 0; at < old_.size(); ++at) {
      const std::uint32_t subprog = old_.subprog_of(at);
      if (subprog == callee_) continue;
      if (at == old_.subprog_starts()[subprog]) {
        starts.push_back(next());
        subprogs.push_back(subprog);
      }
      result_.place[at] = next();
      if (is_call(at)) {
        TRY(write_body(&result_.calls[next_call++]));
      } else {
        add(old_[at], old_[at].target, nullptr);
      }
    }
    result_.place[old_.size()] = next();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (targets_[i].old_node != no_node) nodes_[i].target = find(targets_[i]);
    }
    result_.code =
        Code::renumbered(old_, std::move(nodes_), std::move(starts), std::move(subprogs));
    return {};
  }

  Expected<void> write_body(InlinedCall* call) {
    const std::uint32_t call_slot = old_[call->call].old_slot;
    for (const InlinedCall::Saved& saved : call->saved)
      add_inserted({.form = Form::stxdw, .dst = Reg::r10, .src = Reg(saved.reg), .off = saved.off},
                   call_slot);
    std::vector<std::uint32_t> exits;
    for (std::uint32_t at = first_; at < end_; ++at) {
      call->body.push_back(next());
      const Node& node = old_[at];
      if (bpf::row(node.insn.form).meaning == Meaning::exit) {
        if (at + 1 == end_) continue;
        exits.push_back(next());
        add(replaced(node, {.form = Form::ja}), no_node, nullptr);
        continue;
      }
      TRY(const Node moved, in_caller(node, *call));
      const bool inside = node.target != no_node && old_.subprog_of(node.target) == callee_;
      add(moved, node.target, inside ? call : nullptr);
      if (node.insn.form != Form::mov64_reg || node.insn.src != Reg::r10 || call->frame == 0)
        continue;
      add_inserted({.form = Form::add64_imm, .dst = moved.insn.dst, .imm = -call->frame},
                   node.old_slot);
    }
    for (const std::uint32_t leaves : exits) nodes_[leaves].target = next();
    for (const InlinedCall::Saved& saved : call->saved)
      add_inserted({.form = Form::ldxdw, .dst = Reg(saved.reg), .src = Reg::r10, .off = saved.off},
                   call_slot);
    return {};
  }

  void add_inserted(const bpf::Insn& insn, std::uint32_t slot) {
    Node node = inserted(insn);
    node.old_slot = slot;
    add(node, no_node, nullptr);
  }

  /// The insn with the caller's registers and frame.
  static Expected<Node> in_caller(const Node& node, const InlinedCall& call) {
    Node moved = node;
    const auto renamed = [&](Reg reg) {
      return reg == Reg::r10 ? reg
                             : static_cast<Reg>(call.registers[static_cast<std::size_t>(reg)]);
    };
    const bpf::Row& row = bpf::row(node.insn.form);
    const bpf::codec_index::Fields fields = bpf::codec_index::fields(row.operands);
    if (fields.dst) moved.insn.dst = renamed(node.insn.dst);
    if (fields.src) moved.insn.src = renamed(node.insn.src);
    const bool on_frame = base_register(node.insn) == Reg::r10;
    if (!on_frame || call.frame == 0) return moved;
    if (node.patched) return cannot("a loader patches where in its frame something is");
    moved.insn.off = static_cast<std::int16_t>(moved.insn.off - call.frame);
    moved.origin = node.origin == object::Origin::inserted ? node.origin : object::Origin::replaced;
    return moved;
  }

  /// An old node, in the body of a call or, without one, where it stayed.
  struct Target {
    std::uint32_t old_node = no_node;
    std::size_t call = 0;
    bool in_body = false;
  };

  std::uint32_t next() const { return static_cast<std::uint32_t>(nodes_.size()); }

  void add(const Node& node, std::uint32_t old_target, const InlinedCall* call) {
    nodes_.push_back(node);
    Target target{old_target, 0, call != nullptr};
    if (call != nullptr) target.call = static_cast<std::size_t>(call - result_.calls.data());
    targets_.push_back(target);
  }

  std::uint32_t find(const Target& target) const {
    if (!target.in_body) return result_.place[target.old_node];
    return result_.calls[target.call].body[target.old_node - first_];
  }

  const Version& version_;
  const Code& old_;
  std::uint32_t callee_;
  std::uint32_t first_;
  std::uint32_t end_;
  std::uint16_t used_ = 0;  // registers of the callee
  bool is_leaf_ = true;
  std::int32_t depth_ = 0;  // of the callee's frame
  Inlined result_;
  std::vector<Node> nodes_;
  std::vector<Target> targets_;  // by new node
};

}  // namespace

Expected<Inlined> inline_subprog(const Version& version, std::uint32_t callee) {
  return Inliner(version, callee).run();
}

}  // namespace probity::opt
