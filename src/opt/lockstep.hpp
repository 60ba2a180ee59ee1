// SPDX-License-Identifier: Apache-2.0
// Lockstep: one version of a program over terms, insn by insn, where another version does the same
// to the same memory. Memory is not looked into: what is stored, where and in which order is kept
// as a list of effects, and what is loaded is a variable named by its address. Two steps that had
// equal effects before see equal memory. It is the State that the semantics text wants.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/bpf/semantics.hpp"
#include "opt/code.hpp"
#include "term/symbolic.hpp"

namespace probity::opt {

/// What a step did to memory.
struct Effect {
  enum class Kind : std::uint8_t { store, release, acquire, atomic, packet };
  Kind kind = Kind::store;
  unsigned width = 0;
  term::Id address;
  term::Id value;  ///< stored; of what only reads the address again
  friend bool operator==(const Effect&, const Effect&) = default;
};

class Lockstep {
 public:
  using Value = Bv<term::Symbolic, 64>;

  explicit Lockstep(term::Store& store) : store_(&store) {}

  term::Id reg_term(unsigned reg) const { return regs_[reg]; }
  void set_reg_term(unsigned reg, term::Id value) { regs_[reg] = value; }
  const std::vector<Effect>& effects() const { return effects_; }

  /// Executes a node of `code`, whose fields that a loader patches are what they are for node
  /// `patched` of the old version.
  bpf::Next<term::Symbolic> step(const Code& code, std::uint32_t at, std::uint32_t patched);

  // The State of bpf::meaning().
  Value reg(bpf::Reg reg) const { return Value::of(regs_[static_cast<std::size_t>(reg)]); }
  void set_reg(bpf::Reg reg, Value value) { regs_[static_cast<std::size_t>(reg)] = value.raw(); }
  template <unsigned W>
  Bv<term::Symbolic, W> load(Value address) {
    return Bv<term::Symbolic, W>::of(loaded("memory", W, address.raw()));
  }
  template <unsigned W>
  void store(Value address, Bv<term::Symbolic, W> value) {
    effects_.push_back({Effect::Kind::store, W, address.raw(), value.raw()});
  }
  template <unsigned W>
  Bv<term::Symbolic, W> load_acquire(Value address) {
    effects_.push_back({Effect::Kind::acquire, W, address.raw(), address.raw()});
    return load<W>(address);
  }
  template <unsigned W>
  void store_release(Value address, Bv<term::Symbolic, W> value) {
    effects_.push_back({Effect::Kind::release, W, address.raw(), value.raw()});
  }
  template <unsigned W, typename Update>
  Bv<term::Symbolic, W> atomic(Value address, Update update) {
    const Bv<term::Symbolic, W> old = load<W>(address);
    effects_.push_back({Effect::Kind::atomic, W, address.raw(), update(old).raw()});
    return old;
  }
  Value address_of(bpf::ImmOp op, Bv<term::Symbolic, 32> imm, Bv<term::Symbolic, 32> next_imm);
  template <unsigned W>
  bpf::PacketRead<term::Symbolic> load_packet(Bv<term::Symbolic, 32> offset) {
    effects_.push_back({Effect::Kind::packet, W, offset.raw(), offset.raw()});
    return {Value::of(store_->var(64, "packet data")),
            Bool<term::Symbolic>::of(store_->var(1, "packet is that long"))};
  }
  Bool<term::Symbolic> may_goto_exhausted() {
    return Bool<term::Symbolic>::of(store_->var(1, "may_goto is exhausted"));
  }

 private:
  term::Id loaded(std::string_view what, unsigned width, term::Id address);

  term::Store* store_;
  const Code* code_ = nullptr;
  std::uint32_t at_ = 0;
  std::array<term::Id, bpf::reg_count> regs_{};
  std::vector<Effect> effects_;
};

}  // namespace probity::opt
