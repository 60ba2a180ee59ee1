// SPDX-License-Identifier: Apache-2.0
// CtxCopies: which registers may hold the ctx pointer, at each slot of a program. r1 does at the
// entry; moves, spills and local calls carry it on. Asked before a program runs, where it counts
// what the program may ask of its ctx on any path.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "isa/bpf/insn.hpp"
#include "program/program.hpp"

namespace probity::symex {

class CtxCopies {
 public:
  /// `insns` by slot, as decoded; empty where no insn begins.
  CtxCopies(const program::View& program, std::span<const std::optional<bpf::Insn>> insns);

  bool may_hold(std::uint32_t slot, bpf::Reg reg) const {
    return (before_[slot] >> static_cast<unsigned>(reg) & 1) != 0;
  }
  /// Arithmetic was done with the pointer: offsets of loads no longer tell the field.
  bool moved() const { return moved_; }

 private:
  std::uint32_t callee(std::uint32_t slot) const;
  void flow_from(std::uint32_t slot);
  void reach(std::uint32_t slot, std::uint16_t holders);
  std::uint16_t after(const bpf::Insn& insn, std::uint16_t holders);

  std::span<const std::optional<bpf::Insn>> insns_;
  std::vector<std::uint16_t> before_;  ///< by slot: bit i for register i
  std::vector<std::uint32_t> pending_;
  bool spilled_ = false;  ///< any word in memory may be a copy
  bool moved_ = false;
};

}  // namespace probity::symex
