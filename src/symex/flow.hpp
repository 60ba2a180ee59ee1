// SPDX-License-Identifier: Apache-2.0
// Flow: what the control flow of a program says about where paths meet. For each slot: is it a
// join, which loops is it in, where does it stand in an order in which every path goes forward, and
// which registers does anything after it read. Merging uses it to let paths wait for each other and
// to forget what nobody reads. A merge is right whatever stands here; only its use depends on it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "isa/bpf/insn.hpp"
#include "program/program.hpp"

namespace probity::symex {

class Flow {
 public:
  /// `insns` by slot, as decoded; empty where no insn begins.
  Flow(const program::View& program, std::span<const std::optional<bpf::Insn>> insns);

  /// Do several ways lead to the slot?
  bool is_join(std::uint32_t slot) const { return points_[slot].predecessors > 1; }
  /// The place in reverse postorder of its function.
  std::uint32_t order(std::uint32_t slot) const { return points_[slot].order; }
  /// Bit i: register i may be read before it is written again.
  std::uint16_t live(std::uint32_t slot) const { return points_[slot].live; }

  struct Loop {
    std::uint32_t header = 0;               ///< its first slot
    std::vector<std::uint32_t> back_edges;  ///< slots that jump to the header
    std::vector<bool> body;                 ///< by slot
  };
  /// The loops that the slot is in, outermost first.
  std::span<const Loop* const> loops(std::uint32_t slot) const { return points_[slot].loops; }
  /// How many paths lead from the entry to an exit when each loop runs once; a double, because
  /// there are often more than 2^64.
  double static_paths() const { return static_paths_; }

 private:
  struct Point {
    std::uint32_t order = 0;
    std::uint32_t predecessors = 0;
    std::uint16_t live = 0;
    std::vector<const Loop*> loops;
    bool reached = false;
  };
  void visit(std::uint32_t entry);
  void find_loops(std::span<const std::uint32_t> order);
  void find_live();
  void count_paths(std::uint32_t entry);

  std::span<const std::optional<bpf::Insn>> insns_;
  std::vector<Point> points_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::uint32_t> sequence_;  ///< all reached slots, functions one after the other
  double static_paths_ = 0;
};

/// The slots that may come after one, within its function.
std::vector<std::uint32_t> successors(std::span<const std::optional<bpf::Insn>> insns,
                                      std::uint32_t slot);

/// The registers whose values `insn` uses as a bit set; r0 of an exit and the arguments of calls
/// are not among them.
unsigned registers_read(const bpf::Insn& insn);
/// The same with r0 of an exit and the arguments of calls.
unsigned registers_used(const bpf::Insn& insn);

/// Flow::static_paths() of a program alone; 0 if a slot of it is no insn.
double static_paths(const program::View& program);

}  // namespace probity::symex
