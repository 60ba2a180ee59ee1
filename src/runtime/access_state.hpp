// SPDX-License-Identifier: Apache-2.0
// The States on which every engine of this folder executes the semantics text for Concrete: on
// FastState as long as the region table allows the access, else on SlowState, which asks the
// environment for ctx fields and raises the faults.
#pragma once

#include <cstring>

#include "domain/concrete.hpp"
#include "isa/bpf/semantics_impl.hpp"
#include "runtime/machine.hpp"

namespace probity::runtime {

using bpf::Reg;
using B64 = Bv<Concrete, 64>;

template <unsigned W>
struct WordOf;
template <>
struct WordOf<8> {
  using type = std::uint8_t;
};
template <>
struct WordOf<16> {
  using type = std::uint16_t;
};
template <>
struct WordOf<32> {
  using type = std::uint32_t;
};
template <>
struct WordOf<64> {
  using type = std::uint64_t;
};

/// The registers and the parts of a State that every handler has.
struct Registers {
  Machine& machine;

  [[gnu::always_inline]] B64 reg(Reg r) const {
    return B64::of(machine.regs[static_cast<unsigned>(r)]);
  }
  [[gnu::always_inline]] void set_reg(Reg r, B64 value) {
    machine.regs[static_cast<unsigned>(r)] = value.raw();
  }

  B64 address_of(bpf::ImmOp op, Bv<Concrete, 32> imm, Bv<Concrete, 32> next_imm) {
    return B64::of(machine.environment->address_of(machine, op,
                                                   static_cast<std::uint32_t>(imm.raw()),
                                                   static_cast<std::uint32_t>(next_imm.raw())));
  }

  template <unsigned W>
  bpf::PacketRead<Concrete> load_packet(Bv<Concrete, 32> offset) {
    const PacketBytes bytes =
        machine.environment->load_packet(machine, static_cast<std::uint32_t>(offset.raw()), W / 8);
    return {B64::of(bytes.value), Bool<Concrete>::lit(bytes.ok ? 1 : 0)};
  }

  Bool<Concrete> may_goto_exhausted() {
    std::uint32_t& left = machine.may_goto_left[machine.depth];
    if (left == 0) return Bool<Concrete>::lit(1);
    --left;
    return Bool<Concrete>::lit(0);
  }
};

/// The State of the common case: an access that the region table allows. Otherwise `refused` is
/// set, no register has changed, and the insn is executed again on a SlowState.
struct FastState : Registers {
  const Region* regions;
  std::uint64_t region_count;
  bool refused = false;
  Reg target = Reg::r0;  ///< the register write waits for the verdict on the access
  B64 result{};
  bool written = false;

  [[gnu::always_inline]] void set_reg(Reg r, B64 value) {
    target = r;
    result = value;
    written = true;
  }
  [[gnu::always_inline]] void commit() {
    if (written) Registers::set_reg(target, result);
  }

  template <unsigned W>
  [[gnu::always_inline]] std::uint8_t* host(B64 address, Access access) {
    std::uint8_t* bytes = translate(regions, region_count, address.raw(), W / 8, access);
    refused = bytes == nullptr;
    return bytes;
  }

  template <unsigned W>
  [[gnu::always_inline]] Bv<Concrete, W> load(B64 address) {
    const std::uint8_t* bytes = host<W>(address, Access::read);
    if (refused) [[unlikely]]
      return {};
    typename WordOf<W>::type word;
    std::memcpy(&word, bytes, sizeof word);
    return Bv<Concrete, W>::of(word);
  }
  template <unsigned W>
  [[gnu::always_inline]] void store(B64 address, Bv<Concrete, W> value) {
    std::uint8_t* bytes = host<W>(address, Access::write);
    if (refused) [[unlikely]]
      return;
    const auto word = static_cast<typename WordOf<W>::type>(value.raw());
    std::memcpy(bytes, &word, sizeof word);
  }

  /// One program runs at a time on a machine, so a plain read and write are one event.
  template <unsigned W, typename T>
  [[gnu::always_inline]] Bv<Concrete, W> atomic(B64 address, T&& update) {
    std::uint8_t* bytes = host<W>(address, Access::write);
    refused = refused || address.raw() % (W / 8) != 0;
    if (refused) [[unlikely]]
      return {};
    typename WordOf<W>::type word;
    std::memcpy(&word, bytes, sizeof word);
    const Bv<Concrete, W> old = Bv<Concrete, W>::of(word);
    word = static_cast<typename WordOf<W>::type>(update(old).raw());
    std::memcpy(bytes, &word, sizeof word);
    return old;
  }

  template <unsigned W>
  [[gnu::always_inline]] Bv<Concrete, W> load_acquire(B64 address) {
    const Bv<Concrete, W> value = load<W>(address);
    refused = refused || address.raw() % (W / 8) != 0;
    return value;
  }
  template <unsigned W>
  [[gnu::always_inline]] void store_release(B64 address, Bv<Concrete, W> value) {
    if (address.raw() % (W / 8) != 0) [[unlikely]]
      refused = true;
    else
      store<W>(address, value);
  }
};

/// The State of accesses that the region table refuses: ctx fields, whose values are computed, or a
/// fault.
struct SlowState : Registers {
  SlowAccess slow{};

  void refuse(B64 address, unsigned size, Access access) {
    raise_access_fault(machine, address.raw(), size, access);
    slow = {0, Outcome::fault};
  }

  template <unsigned W>
  Bv<Concrete, W> load(B64 address) {
    if (region_of(address.raw()) == region::ctx) {
      slow = machine.environment->ctx_load(machine, offset_of(address.raw()), W / 8);
    } else {
      refuse(address, W / 8, Access::read);
    }
    return Bv<Concrete, W>::lit(slow.value);
  }
  template <unsigned W>
  void store(B64 address, Bv<Concrete, W> value) {
    if (region_of(address.raw()) == region::ctx) {
      slow = machine.environment->ctx_store(machine, offset_of(address.raw()), W / 8, value.raw());
    } else {
      refuse(address, W / 8, Access::write);
    }
  }

  template <unsigned W>
  Bv<Concrete, W> refuse_atomic(B64 address, Access access) {
    if (translate(machine.regions.data(), machine.regions.size(), address.raw(), W / 8, access)) {
      machine.raise(FaultKind::misaligned_atomic, address.raw(), W / 8);
    }
    refuse(address, W / 8, access);
    return {};
  }
  template <unsigned W, typename T>
  Bv<Concrete, W> atomic(B64 address, T&& update) {
    static_cast<void>(update(Bv<Concrete, W>{}));
    return refuse_atomic<W>(address, Access::write);
  }
  template <unsigned W>
  Bv<Concrete, W> load_acquire(B64 address) {
    return refuse_atomic<W>(address, Access::read);
  }
  template <unsigned W>
  void store_release(B64 address, Bv<Concrete, W>) {
    refuse_atomic<W>(address, Access::write);
  }
};

/// Executes an insn whose access the region table refused: a ctx field, or machine.fault is set.
[[gnu::always_inline]] inline void execute_refused(Machine& machine, bpf::Form form, Reg dst,
                                                   Reg src,
                                                   const bpf::Immediates<Concrete>& immediates) {
  SlowState state{{machine}};
  static_cast<void>(bpf::meaning<Concrete>(form, dst, src, immediates, state));
  if (state.slow.outcome != Outcome::pointer) return;
  if (form == bpf::Form::ldxw)
    state.Registers::set_reg(dst, B64::of(state.slow.value));
  else
    machine.raise(FaultKind::bad_ctx_access, 0, 0);  // part of a pointer
}

}  // namespace probity::runtime
