// SPDX-License-Identifier: Apache-2.0
// SymbolicRun: one version of a program being executed over terms, insn by insn, from a place at
// which its registers are variables. It is the State that the semantics text wants. What it cannot
// execute (an address that is not a pointer plus something) stops it, by name.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/bpf/semantics.hpp"
#include "opt/code.hpp"
#include "opt/symbolic_memory.hpp"
#include "program/program.hpp"
#include "term/symbolic.hpp"

namespace probity::opt {

using term::Symbolic;
template <unsigned W>
using TermBv = Bv<Symbolic, W>;

/// What two runs that are compared have in common: the store, the pointers, the meaning of ctx.
struct SymbolicWorld {
  term::Store& store;
  Pointers& pointers;
  const program::View& program;
  term::Id frame;     ///< r10
  term::Id packet;    ///< the packet's start, while no barrier moves it
  term::Id metadata;  ///< the start of its metadata
};

class SymbolicRun {
 public:
  SymbolicRun(SymbolicWorld& world, const Code& code, std::uint32_t at, std::string name)
      : world_(&world), code_(&code), at_(at), memory_(world.store, std::move(name)) {}

  std::uint32_t at() const { return at_; }
  const Node& node() const { return (*code_)[at_]; }
  void go_to(std::uint32_t node) {
    at_ = node;
    ++steps_;
  }
  std::uint32_t steps() const { return steps_; }
  term::Id reg_term(unsigned reg) const { return regs_[reg]; }
  void set_reg_term(unsigned reg, term::Id value) { regs_[reg] = value; }
  Memory& memory() { return memory_; }
  const Memory& memory() const { return memory_; }
  /// Slots of the first version whose insns, with numbers that a loader patches, it has executed.
  const std::vector<std::uint32_t>& patched() const { return patched_; }
  /// Why it cannot go on; empty when it can.
  const std::string& problem() const { return problem_; }

  /// Executes the node it is at, which is no barrier; where control goes is the caller's to follow.
  bpf::Next<Symbolic> step() { return step(node()); }
  /// Executes a node that need not be in the code.
  bpf::Next<Symbolic> step(const Node& node);

  // The State of bpf::meaning().
  TermBv<64> reg(bpf::Reg reg) const;
  void set_reg(bpf::Reg reg, TermBv<64> value);
  template <unsigned W>
  TermBv<W> load(TermBv<64> address) {
    return TermBv<W>::of(load_bytes(address.raw(), W / 8));
  }
  template <unsigned W>
  void store(TermBv<64> address, TermBv<W> value) {
    store_bytes(address.raw(), W / 8, value.raw());
  }
  template <unsigned W>
  TermBv<W> load_acquire(TermBv<64> address) {
    return load<W>(address);
  }
  template <unsigned W>
  void store_release(TermBv<64> address, TermBv<W> value) {
    store<W>(address, value);
  }
  template <unsigned W, typename Update>
  TermBv<W> atomic(TermBv<64> address, Update update) {
    const TermBv<W> old = load<W>(address);
    store<W>(address, update(old));
    return old;
  }
  TermBv<64> address_of(bpf::ImmOp op, TermBv<32> imm, TermBv<32> next_imm);
  template <unsigned W>
  bpf::PacketRead<Symbolic> load_packet(TermBv<32>) {
    problem_ = "a packet load is a barrier";
    return {TermBv<64>::lit(0), Bool<Symbolic>::lit(0)};
  }
  Bool<Symbolic> may_goto_exhausted() {
    problem_ = "may_goto is a barrier";
    return Bool<Symbolic>::lit(0);
  }

 private:
  term::Id load_bytes(term::Id address, unsigned bytes);
  void store_bytes(term::Id address, unsigned bytes, term::Id value);
  bool is_array(const Pointers::Place& place, unsigned bytes) const;
  term::Id load_ctx(std::int64_t offset, unsigned bytes);

  SymbolicWorld* world_;
  const Code* code_;
  const Node* stepping_ = nullptr;
  std::uint32_t at_ = 0;
  std::uint32_t steps_ = 0;
  std::array<term::Id, bpf::reg_count> regs_{};
  Memory memory_;
  std::vector<std::uint32_t> patched_;
  std::string problem_;
  /// Of a ctx load of a packet pointer: the semantics loads 32 bits, the kernel gives 64.
  term::Id wide_load_;
};

}  // namespace probity::opt
