// SPDX-License-Identifier: Apache-2.0
// The eBPF side of a theorem: a State for bpf::meaning() that records events, and says when the
// translated code has to ask the runtime for help instead (`assisted`; jit/context.hpp lists when).
// The memory-checked translation of an address by the region table is stated here;
// runtime/memory.hpp has the interpreter's, for accesses of any size; a test compares the two.
#pragma once

#include <array>
#include <vector>

#include "isa/bpf/semantics_impl.hpp"
#include "jit/compile.hpp"
#include "jit/context.hpp"
#include "jit/translator.hpp"
#include "theorems/jit/world.hpp"

namespace probity::theorems {

enum class Permission : std::uint8_t { read, write };
/// Where an entry of the region table limits accesses of `bytes` bytes. Said again here: a theorem
/// that took it from the translators (jit/access.hpp) would share their mistakes.
constexpr std::int32_t limit_of(Permission permission, unsigned bytes) {
  const std::int32_t log2 = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
  return 8 * log2 + (permission == Permission::write ? jit::region_layout::writable_starts
                                                     : jit::region_layout::readable_starts);
}

/// What the region table holds for region `number`.
template <PathDomain D>
Bv<D, 64> region_field(Oracle<D>& oracle, Bv<D, 64> number, std::int32_t field) {
  using B64 = Bv<D, 64>;
  const B64 entry = shl(number, B64::lit(jit::region_layout::size_log2));
  return oracle.entry(name(Object::regions), entry + B64::lit(static_cast<std::uint64_t>(field)));
}

/// Where an access goes by the region table; `limit_field` is limit_of() it.
template <PathDomain D>
struct Translation {
  Bool<D> allowed;
  Bv<D, 64> host;
};

/// `field(number, offset)` is the word at `offset` in the table's entry for region `number`.
template <PathDomain D, typename Field>
Translation<D> translate(Field field, Bv<D, 64> region_count, Bv<D, 64> guest,
                         std::int32_t limit_field) {
  const Bv<D, 64> number = zext<64>(bits<63, 32>(guest));
  const Bv<D, 64> offset = zext<64>(bits<31, 0>(guest));
  const Bool<D> inside = ult(offset, field(number, limit_field));
  return {ult(number, region_count) & inside, field(number, jit::region_layout::host) + offset};
}

template <PathDomain D>
class Source {
 public:
  using B64 = Bv<D, 64>;

  Source(Oracle<D>& oracle, World<D>& world, jit::Memory memory)
      : oracle_(oracle), world_(world), memory_(memory) {}

  std::array<B64, bpf::reg_count> regs{};
  Bool<D> assisted = Bool<D>::lit(0);
  std::vector<Event<D>> events;
  B64 address_index{};  ///< of a lddw

  /// The instruction again, from the registers before it, on new values of memory.
  void start_attempt(const std::array<B64, bpf::reg_count>& before, unsigned attempt) {
    regs = before;
    events.clear();
    assisted = Bool<D>::lit(0);
    attempt_ = attempt;
  }

  B64 reg(bpf::Reg r) const { return regs[static_cast<unsigned>(r)]; }
  void set_reg(bpf::Reg r, B64 value) { regs[static_cast<unsigned>(r)] = value; }

  template <unsigned W>
  Bv<D, W> load(B64 address) {
    return read<W>(address, isa::Order::relaxed);
  }
  template <unsigned W>
  Bv<D, W> load_acquire(B64 address) {
    require_aligned<W>(address);
    return read<W>(address, isa::Order::acquire);
  }
  template <unsigned W>
  void store(B64 address, Bv<D, W> value) {
    write<W>(address, value, isa::Order::relaxed);
  }
  template <unsigned W>
  void store_release(B64 address, Bv<D, W> value) {
    require_aligned<W>(address);
    write<W>(address, value, isa::Order::release);
  }
  template <unsigned W, typename T>
  Bv<D, W> atomic(B64 address, T&& update) {
    require_aligned<W>(address);
    const B64 host = reach<W>(address, Permission::write);
    const Bv<D, W> old = next_old<W>();
    events.push_back({EventKind::atomic, W, host, zext<64>(old), zext<64>(update(old)), order});
    return old;
  }
  /// Fully ordered when the instruction gives the old value back (Linux, atomic_t.txt).
  isa::Order order = isa::Order::relaxed;

  B64 address_of(bpf::ImmOp, Bv<D, 32>, Bv<D, 32>) {
    const B64 offset = shl(address_index, B64::lit(3));
    const B64 resolved = oracle_.entry(name(Object::addresses), offset);
    assisted = assisted | (resolved == B64::lit(0));
    return resolved;
  }
  template <unsigned W>
  bpf::PacketRead<D> load_packet(Bv<D, 32>) {
    assisted = Bool<D>::lit(1);
    return {B64::lit(0), Bool<D>::lit(1)};
  }
  Bool<D> may_goto_exhausted() {
    assisted = Bool<D>::lit(1);
    return Bool<D>::lit(0);
  }

 private:
  template <unsigned W>
  Bv<D, W> next_old() {
    return trunc<W>(oracle_.template value<64>(event_name(attempt_, events.size())));
  }
  template <unsigned W>
  void require_aligned(B64 address) {
    if constexpr (W > 8) {
      if (memory_ == jit::Memory::unchecked) return;
      assisted = assisted | ((address & B64::lit(W / 8 - 1)) != B64::lit(0));
    }
  }
  template <unsigned W>
  B64 reach(B64 address, Permission permission) {
    if (memory_ == jit::Memory::unchecked) return address;
    const auto field = [this](B64 number, std::int32_t at) {
      return region_field(oracle_, number, at);
    };
    const Translation<D> to =
        translate<D>(field, world_.context_at(jit::context_offset::region_count), address,
                     limit_of(permission, W / 8));
    assisted = assisted | ~to.allowed;
    return to.host;
  }
  template <unsigned W>
  Bv<D, W> read(B64 address, isa::Order needed) {
    const B64 host = reach<W>(address, Permission::read);
    const Bv<D, W> old = next_old<W>();
    events.push_back({EventKind::load, W, host, zext<64>(old), {}, needed});
    return old;
  }
  template <unsigned W>
  void write(B64 address, Bv<D, W> value, isa::Order needed) {
    const B64 host = reach<W>(address, Permission::write);
    events.push_back({EventKind::store, W, host, {}, zext<64>(value), needed});
  }

  Oracle<D>& oracle_;
  World<D>& world_;
  jit::Memory memory_;
  unsigned attempt_ = 0;
};

}  // namespace probity::theorems
