// SPDX-License-Identifier: Apache-2.0
// Machine: the State that bpf::meaning<Provenance> runs on: one path of an Explorer. An access that
// ends the path sets stopped(); the value it returns then is irrelevant.
#pragma once

#include "symex/explorer.hpp"

namespace probity::symex {

class Machine {
 public:
  Machine(Explorer& explorer, PathState& state) : explorer_(explorer), state_(state) {}
  bool stopped() const { return stopped_; }

  Value<64> reg(bpf::Reg r) { return Value<64>::of(state_.regs[static_cast<unsigned>(r)]); }
  void set_reg(bpf::Reg r, Value<64> v) { state_.regs[static_cast<unsigned>(r)] = v.raw(); }

  template <unsigned W>
  Value<W> load(Value<64> address) {
    Word value = Provenance::lit(W, 0);
    if (!stopped_) stopped_ = !explorer_.load(state_, address.raw(), W / 8, value);
    return Value<W>::of(value);
  }
  template <unsigned W>
  void store(Value<64> address, Value<W> value) {
    if (!stopped_) stopped_ = !explorer_.store_to(state_, address.raw(), W / 8, value.raw());
  }
  template <unsigned W>
  Value<W> load_acquire(Value<64> address) {
    if (!stopped_) stopped_ = !explorer_.aligned(state_, address.raw(), W / 8);
    return load<W>(address);
  }
  template <unsigned W>
  void store_release(Value<64> address, Value<W> value) {
    if (!stopped_) stopped_ = !explorer_.aligned(state_, address.raw(), W / 8);
    store<W>(address, value);
  }
  template <unsigned W, typename Update>
  Value<W> atomic(Value<64> address, Update update) {
    const Value<W> old = load_acquire<W>(address);
    if (!stopped_) store<W>(address, update(old));
    return old;
  }
  Value<64> address_of(bpf::ImmOp op, Value<32> imm, Value<32> next_imm);
  template <unsigned W>
  bpf::PacketRead<Provenance> load_packet(Value<32> offset);
  Bool<Provenance> may_goto_exhausted();

 private:
  Explorer& explorer_;
  PathState& state_;
  bool stopped_ = false;
};

}  // namespace probity::symex
