// SPDX-License-Identifier: Apache-2.0
// Code: a linked program as the optimizer edits it. One Node per insn (lddw too); jumps name the
// node they lead to, so code can move. A Change replaces insns here and there and says by which
// rule; nothing in this folder edits code in another way, so that every step can be proved, named
// and undone. Where each old slot is now is kept up: it is how two versions are compared
// (simulation.hpp) and how the object writer carries relocations and lines over.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"
#include "object/linked_edit.hpp"
#include "object/object.hpp"
#include "program/program.hpp"

namespace probity::opt {

/// For each register of a version the one of another version that holds the same value; reg_count
/// for one whose value nobody needs.
using RegisterNames = std::array<std::uint8_t, bpf::reg_count>;
constexpr RegisterNames own_names = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

/// "No such node".
constexpr std::uint32_t no_node = 0xffffffff;

struct Node {
  bpf::Insn insn;  ///< where `target` is set, its displacement says nothing
  /// The node that a jump, branch, may_goto, call_local or lddw_func names.
  std::uint32_t target = no_node;
  object::Origin origin = object::Origin::inserted;
  std::uint32_t old_slot = 0;  ///< of the first version; unused when inserted
  /// A CO-RE record patches this insn when the object is loaded: its value is not known, and it
  /// must be copied as it is.
  bool patched = false;
  friend bool operator==(const Node&, const Node&) = default;
};

/// A node of a rule's making; it stands for no old insn.
Node inserted(const bpf::Insn& insn);
/// `insn` in place of `old`, whose source line it bears. It is the old insn still when only
/// registers differ.
Node replaced(const Node& old, const bpf::Insn& insn);

/// New nodes in place of `count` nodes from `first`. Jumps to a removed node lead to what is in its
/// place or, when nothing is, behind it. Targets in `with` are nodes of the code before the change.
struct Splice {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::vector<Node> with;
};

struct Change {
  std::string rule;             ///< its name in rules.def, or of the search
  std::vector<Splice> splices;  ///< in ascending order, not overlapping
  /// Where registers are given to values anew: by node of the code before the change, which of its
  /// registers each one of the new code stands for right before that node. Empty: the same ones.
  std::vector<RegisterNames> names = {};
};

/// What a version that was numbered anew has to do with the linked program: its slots count as the
/// first version's for all that is made of it.
struct Renumbering {
  /// What a slot is there.
  struct Source {
    object::Origin origin = object::Origin::inserted;
    std::uint32_t slot = 0;
    friend bool operator==(const Source&, const Source&) = default;
  };
  std::vector<Source> sources;          ///< by slot
  std::vector<std::uint32_t> subprogs;  ///< by subprogram: its index in the linked program
};

class Code {
 public:
  /// A linked program; `patched` slots bear CO-RE records. Fails on a program that validation
  /// refuses.
  static Expected<Code> from(const object::Program& program);
  /// Bare slots with subprograms, for tests and bare bytecode.
  static Expected<Code> from(std::span<const bpf::Slot> slots,
                             std::span<const program::Subprog> subprogs);

  /// Other code for the linked program that `of` is code for, where places do not correspond:
  /// code of one subprogram came into another (inlining.hpp). Its slots are numbered anew, and
  /// `nodes` say in `of`'s numbers what they are in the linked program. `starts`: the first node of
  /// each subprogram; `subprogs`: which one of `of` that is.
  static Code renumbered(const Code& of, std::vector<Node> nodes, std::vector<std::uint32_t> starts,
                         std::vector<std::uint32_t> subprogs);

  std::span<const Node> nodes() const { return nodes_; }
  const Node& operator[](std::uint32_t at) const { return nodes_[at]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  /// First node of each subprogram, and then the number of nodes.
  std::span<const std::uint32_t> subprog_starts() const { return starts_; }
  std::uint32_t subprog_of(std::uint32_t node) const;
  /// What a node is in the linked program.
  Renumbering::Source source_of(const Node& node) const;
  /// The slot of the linked program that a slot of the first version came from.
  std::uint32_t linked_slot(std::uint32_t old_slot) const;
  /// The index that a subprogram has in the linked program.
  std::uint32_t linked_subprog(std::uint32_t subprog) const {
    return renumbering_ ? renumbering_->subprogs[subprog] : subprog;
  }
  /// Where jumps to that slot of the first version lead now.
  std::uint32_t place_of(std::uint32_t old_slot) const { return place_[old_slot]; }
  /// There, for each register the one of the first version that has its value, if it is live. Only
  /// a claim, on which two versions are compared: a wrong one is not proved.
  const RegisterNames& names_at(std::uint32_t old_slot) const {
    return names_.empty() ? own_names : names_[old_slot];
  }
  std::uint32_t old_slot_count() const { return static_cast<std::uint32_t>(place_.size()) - 1; }
  /// Slots: what instruction counts mean.
  std::uint32_t slot_count() const;

  Code with(const Change& change) const;

  /// The slots as an engine or a kernel takes them. A displacement that does not fit 16 bits is
  /// Fault::limit.
  Expected<std::vector<bpf::Slot>> slots() const;
  /// For the object writer; first_slot of each subprogram is in it.
  Expected<object::LinkedEdit> edit() const;

  friend bool operator==(const Code&, const Code&) = default;

 private:
  Expected<bpf::Insn> located(std::uint32_t at, std::span<const std::uint32_t> slot_of) const;
  std::vector<std::uint32_t> first_slots() const;
  std::vector<RegisterNames> names_after(const Change& change) const;

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> starts_;
  std::vector<std::uint32_t> place_;  ///< node by old slot; one more for the end
  std::vector<RegisterNames> names_;  ///< by old slot; empty while all are the first version's
  std::shared_ptr<const Renumbering> renumbering_;  ///< null: slots count as in the linked program
};

/// Nodes that control can go to behind `at`, inside its subprogram: the next one first. An exit has
/// none; a local call falls through.
struct Successors {
  std::uint32_t next = no_node;
  std::uint32_t taken = no_node;
};
Successors successors(const Code& code, std::uint32_t at);

/// By node: does a block begin here? At entries of subprograms, targets, and behind branches.
std::vector<bool> block_starts(const Code& code);

}  // namespace probity::opt
