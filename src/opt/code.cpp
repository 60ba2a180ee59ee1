// SPDX-License-Identifier: Apache-2.0
// See code.hpp.
#include "opt/code.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/arena.hpp"
#include "base/check.hpp"
#include "isa/bpf/codec.hpp"
#include "isa/bpf/flow.hpp"
#include "program/flow.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Insn;
using bpf::Meaning;

/// Where the displacement of an insn that names another one is.
enum class Names : std::uint8_t { nothing, by_off, by_imm };
Names names(const Insn& insn) {
  switch (bpf::row(insn.form).meaning) {
    case Meaning::jump: return insn.form == Form::ja32 ? Names::by_imm : Names::by_off;
    case Meaning::branch:
    case Meaning::may_goto: return Names::by_off;
    case Meaning::call: return insn.form == Form::call_local ? Names::by_imm : Names::nothing;
    case Meaning::load_imm64: return program::names_subprog(insn) ? Names::by_imm : Names::nothing;
    default: return Names::nothing;
  }
}

std::optional<std::int64_t> target_of(const Insn& insn, std::uint32_t slot) {
  if (program::names_subprog(insn)) return program::named_subprog_slot(insn, slot);
  const program::InsnFlow flow = program::flow_of(insn, slot);
  if (!flow.jumps) return std::nullopt;
  return flow.target;
}

}  // namespace

Node inserted(const Insn& insn) {
  Node node;
  node.insn = insn;
  return node;
}

Node replaced(const Node& old, const Insn& insn) {
  Node node = old;
  if (node.origin == object::Origin::copied && insn != old.insn) {
    node.origin = object::Origin::replaced;
  }
  node.insn = insn;
  return node;
}

Expected<Code> Code::from(std::span<const bpf::Slot> slots,
                          std::span<const program::Subprog> subprogs) {
  Code code;
  code.place_.resize(slots.size() + 1, no_node);
  std::vector<std::optional<std::int64_t>> targets;
  for (std::uint32_t slot = 0; slot < slots.size();) {
    TRY(const Insn insn, bpf::decode(slots, slot));
    Node node{insn, no_node, object::Origin::copied, slot, false};
    code.place_[slot] = code.size();
    if (insn.slot_count() == 2) code.place_[slot + 1] = code.size();
    targets.push_back(target_of(insn, slot));
    code.nodes_.push_back(node);
    slot += insn.slot_count();
  }
  code.place_[slots.size()] = code.size();
  for (std::uint32_t i = 0; i < code.size(); ++i) {
    if (!targets[i]) continue;
    if (*targets[i] < 0 || *targets[i] >= static_cast<std::int64_t>(slots.size())) {
      return error(Fault::bad_input,
                   fmt::format("insn {}: jumps to slot {} of {}", code.nodes_[i].old_slot,
                               *targets[i], slots.size()));
    }
    code.nodes_[i].target = code.place_[static_cast<std::size_t>(*targets[i])];
  }
  for (const program::Subprog& subprog : subprogs) {
    code.starts_.push_back(code.place_[subprog.first_slot]);
  }
  if (code.starts_.empty()) code.starts_.push_back(0);
  code.starts_.push_back(code.size());
  return code;
}

Expected<Code> Code::from(const object::Program& program) {
  TRY(Code code, from(program.slots, program.subprogs));
  for (const object::CoreRelocation& record : program.core) {
    code.nodes_[code.place_[record.slot]].patched = true;
  }
  return code;
}

Code Code::renumbered(const Code& of, std::vector<Node> nodes, std::vector<std::uint32_t> starts,
                      std::vector<std::uint32_t> subprogs) {
  Renumbering numbering;
  Code code;
  code.nodes_ = std::move(nodes);
  code.starts_ = std::move(starts);
  code.starts_.push_back(code.size());
  for (const std::uint32_t subprog : subprogs)
    numbering.subprogs.push_back(of.linked_subprog(subprog));
  for (Node& node : code.nodes_) {
    const Renumbering::Source source = of.source_of(node);
    node.origin = object::Origin::copied;
    node.old_slot = static_cast<std::uint32_t>(numbering.sources.size());
    for (std::uint32_t half = 0; half < node.insn.slot_count(); ++half)
      numbering.sources.push_back({source.origin, source.slot + half});
  }
  code.renumbering_ = std::make_shared<const Renumbering>(std::move(numbering));
  for (std::uint32_t i = 0; i < code.size(); ++i)
    for (std::uint32_t half = 0; half < code.nodes_[i].insn.slot_count(); ++half)
      code.place_.push_back(i);
  code.place_.push_back(code.size());
  return code;
}

Renumbering::Source Code::source_of(const Node& node) const {
  using object::Origin;
  if (node.origin == Origin::inserted) return {Origin::inserted, linked_slot(node.old_slot)};
  if (!renumbering_) return {node.origin, node.old_slot};
  Renumbering::Source source = renumbering_->sources[node.old_slot];
  if (source.origin == Origin::copied) source.origin = node.origin;
  return source;
}

std::uint32_t Code::linked_slot(std::uint32_t old_slot) const {
  if (!renumbering_ || old_slot >= renumbering_->sources.size()) return old_slot;
  return renumbering_->sources[old_slot].slot;
}

std::uint32_t Code::subprog_of(std::uint32_t node) const {
  const auto behind = std::ranges::upper_bound(starts_, node);
  return static_cast<std::uint32_t>(behind - starts_.begin()) - 1;
}

std::uint32_t Code::slot_count() const {
  return first_slots().back();
}

std::vector<std::uint32_t> Code::first_slots() const {
  std::vector<std::uint32_t> result;
  result.reserve(nodes_.size() + 1);
  std::uint32_t slot = 0;
  for (const Node& node : nodes_) {
    result.push_back(slot);
    slot += node.insn.slot_count();
  }
  result.push_back(slot);
  return result;
}

Code Code::with(const Change& change) const {
  Code result;
  std::vector<std::uint32_t> moved(nodes_.size() + 1, 0);
  std::uint32_t at = 0;
  const auto copy_until = [&](std::uint32_t end) {
    PROBITY_CHECK(at <= end && end <= size());  // splices do not overlap
    for (; at < end; ++at) {
      moved[at] = result.size();
      result.nodes_.push_back(nodes_[at]);
    }
  };
  for (const Splice& splice : change.splices) {
    copy_until(splice.first);
    for (; at < splice.first + splice.count; ++at) moved[at] = result.size();
    result.nodes_.insert(result.nodes_.end(), splice.with.begin(), splice.with.end());
    // A jump to the second of three removed nodes leads to the replacement's start: rules never
    // span a block's start otherwise.
  }
  copy_until(size());
  moved[size()] = result.size();
  for (Node& node : result.nodes_) {
    if (node.target != no_node) node.target = moved[node.target];
  }
  for (const std::uint32_t start : starts_) result.starts_.push_back(moved[start]);
  for (const std::uint32_t place : place_) result.place_.push_back(moved[place]);
  result.names_ = names_after(change);
  result.renumbering_ = renumbering_;
  return result;
}

std::vector<RegisterNames> Code::names_after(const Change& change) const {
  if (change.names.empty()) return names_;
  std::vector<RegisterNames> result(place_.size(), own_names);
  for (std::uint32_t slot = 0; slot < old_slot_count(); ++slot) {
    const RegisterNames& renamed =
        place_[slot] < change.names.size() ? change.names[place_[slot]] : own_names;
    for (std::size_t reg = 0; reg < result[slot].size(); ++reg) {
      const std::uint8_t was = renamed[reg];
      result[slot][reg] = was < bpf::reg_count ? names_at(slot)[was] : was;
    }
  }
  return result;
}

Expected<Insn> Code::located(std::uint32_t at, std::span<const std::uint32_t> slot_of) const {
  Insn insn = nodes_[at].insn;
  if (nodes_[at].target == no_node) return insn;
  // Both lddw_func and call_local count from the slot behind their first one.
  const std::uint32_t from =
      slot_of[at] + (bpf::row(insn.form).meaning == Meaning::load_imm64 ? 1 : insn.slot_count());
  const std::int64_t distance = std::int64_t{slot_of[nodes_[at].target]} - from;
  if (names(insn) == Names::by_imm) {
    insn.imm = static_cast<std::int32_t>(distance);
    return insn;
  }
  using Limits = std::numeric_limits<std::int16_t>;
  if (distance < Limits::min() || distance > Limits::max()) {
    return error(Fault::limit, fmt::format("insn {}: a jump over {} slots does not fit 16 bits",
                                           slot_of[at], distance));
  }
  insn.off = static_cast<std::int16_t>(distance);
  return insn;
}

Expected<std::vector<bpf::Slot>> Code::slots() const {
  TRY(const object::LinkedEdit edit, this->edit());
  std::vector<bpf::Slot> result;
  result.reserve(edit.slots.size());
  for (const object::EditedSlot& edited : edit.slots) result.push_back(edited.slot);
  return result;
}

Expected<object::LinkedEdit> Code::edit() const {
  const std::vector<std::uint32_t> slot_of = first_slots();
  object::LinkedEdit result;
  for (std::uint32_t at = 0; at < size(); ++at) {
    TRY(const Insn insn, located(at, slot_of));
    const auto encoded = bpf::encode(insn);
    const Renumbering::Source source = source_of(nodes_[at]);
    for (std::uint32_t half = 0; half < insn.slot_count(); ++half) {
      result.slots.push_back({encoded[half], source.origin, source.slot + half});
    }
  }
  if (renumbering_) result.subprogs = renumbering_->subprogs;
  for (std::size_t i = 0; i + 1 < starts_.size(); ++i) {
    result.subprog_starts.push_back(slot_of[starts_[i]]);
  }
  return result;
}

Successors successors(const Code& code, std::uint32_t at) {
  const Node& node = code[at];
  const Meaning meaning = bpf::row(node.insn.form).meaning;
  Successors result;
  if (meaning == Meaning::exit) return result;
  if (meaning != Meaning::jump && at + 1 < code.size()) result.next = at + 1;
  if (meaning == Meaning::jump || meaning == Meaning::branch || meaning == Meaning::may_goto) {
    result.taken = node.target;
  }
  return result;
}

std::vector<bool> block_starts(const Code& code) {
  std::vector<bool> starts(code.size() + 1, false);
  for (const std::uint32_t start : code.subprog_starts()) starts[start] = true;
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    const Meaning meaning = bpf::row(code[at].insn.form).meaning;
    if (meaning == Meaning::exit) starts[at + 1] = true;
    if (const std::uint32_t taken = successors(code, at).taken; taken != no_node) {
      starts[taken] = true;
      starts[at + 1] = true;
    }
  }
  return starts;
}

}  // namespace probity::opt
