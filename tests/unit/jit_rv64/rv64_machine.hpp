// SPDX-License-Identifier: Apache-2.0
// A RISC-V machine for tests of the translator: real host memory, of which only listed spans may be
// touched, and a record of the accesses to the program's own spans. Store-conditionals fail now and
// then, as the manual allows.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "domain/concrete.hpp"
#include "isa/machine.hpp"
#include "isa/riscv/codec.hpp"
#include "isa/riscv/semantics_impl.hpp"
#include "jit/translator.hpp"

namespace probity::jit::rv64 {

using B64 = Bv<Concrete, 64>;

enum class EventKind : std::uint8_t { load, store, atomic };
struct Event {
  EventKind kind;
  std::uint64_t address;
  unsigned bytes;
  friend bool operator==(const Event&, const Event&) = default;
};

template <unsigned W>
Bv<Concrete, W> read_memory(std::uint64_t address) {
  std::uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<const void*>(address), W / 8);
  return Bv<Concrete, W>::of(value);
}
template <unsigned W>
void write_memory(std::uint64_t address, Bv<Concrete, W> value) {
  const std::uint64_t word = value.raw();
  std::memcpy(reinterpret_cast<void*>(address), &word, W / 8);
}

/// isa/machine.hpp's World over host memory.
class HostMemory {
 public:
  explicit HostMemory(std::uint64_t seed) : random_(seed) {}

  void allow_program(std::span<std::uint8_t> bytes) { program_.push_back(bytes); }
  void allow_runtime(const void* start, std::size_t size) {
    runtime_.push_back({static_cast<const std::uint8_t*>(start), size});
  }
  const std::vector<Event>& events() const { return events_; }
  const std::vector<isa::Fence>& fences() const { return fences_; }
  const std::vector<isa::Order>& orders() const { return orders_; }
  std::uint32_t violations() const { return violations_; }

  template <unsigned W>
  Bv<Concrete, W> load(B64 address, isa::Order) {
    if (!touch(EventKind::load, address.raw(), W / 8)) return {};
    return read_memory<W>(address.raw());
  }
  template <unsigned W>
  void store(B64 address, Bv<Concrete, W> value, isa::Order) {
    if (touch(EventKind::store, address.raw(), W / 8)) write_memory<W>(address.raw(), value);
  }
  template <unsigned W, typename T>
  Bv<Concrete, W> atomic(B64 address, T&& update, isa::Order order) {
    orders_.push_back(order);
    if (!touch(EventKind::atomic, address.raw(), W / 8)) return {};
    const Bv<Concrete, W> old = read_memory<W>(address.raw());
    write_memory<W>(address.raw(), update(old));
    return old;
  }
  template <unsigned W>
  Bv<Concrete, W> load_reserved(B64 address, isa::Order order) {
    orders_.push_back(order);
    if (!touch(EventKind::atomic, address.raw(), W / 8)) return {};
    return read_memory<W>(address.raw());
  }
  template <unsigned W>
  Bool<Concrete> store_conditional(B64 address, Bv<Concrete, W> value, isa::Order order) {
    orders_.push_back(order);
    if (events_.empty() || events_.back() != Event{EventKind::atomic, address.raw(), W / 8}) {
      ++violations_;  // no reservation
      return Bool<Concrete>::lit(0);
    }
    if (random_() % 4 == 0) {
      events_.pop_back();
      return Bool<Concrete>::lit(0);
    }
    write_memory<W>(address.raw(), value);
    return Bool<Concrete>::lit(1);
  }
  void fence(isa::Fence fence) { fences_.push_back(fence); }
  B64 undefined() { return B64::of(random_()); }
  void trap() { ++violations_; }
  void trap_if(Bool<Concrete> condition) { violations_ += condition.raw() != 0; }

 private:
  static bool holds(std::span<const std::uint8_t> span, std::uint64_t address, unsigned bytes) {
    const auto start = reinterpret_cast<std::uint64_t>(span.data());
    return address >= start && address - start + bytes <= span.size();
  }
  bool touch(EventKind kind, std::uint64_t address, unsigned bytes) {
    for (const auto& span : program_) {
      if (!holds(span, address, bytes)) continue;
      events_.push_back({kind, address, bytes});
      return true;
    }
    for (const auto& span : runtime_) {
      if (holds(span, address, bytes)) return true;
    }
    ++violations_;
    return false;
  }

  std::mt19937_64 random_;
  std::vector<std::span<std::uint8_t>> program_;
  std::vector<std::span<const std::uint8_t>> runtime_;
  std::vector<Event> events_;
  std::vector<isa::Fence> fences_;
  std::vector<isa::Order> orders_;
  std::uint32_t violations_ = 0;
};

/// Executes `code`, which lies at `start`, from `pc` until the pc is outside it or comes to `stop`;
/// gives that pc, or 1 when an instruction has no row or the steps are used up.
inline std::uint64_t run_code(std::span<const std::uint8_t> code, std::uint64_t start,
                              std::uint64_t pc, std::uint64_t stop, riscv::State<Concrete>& state,
                              HostMemory& memory) {
  constexpr unsigned max_steps = 4096;
  for (unsigned step = 0; step < max_steps; ++step) {
    if (pc - start >= code.size() || (step > 0 && pc == stop)) return pc;
    std::uint32_t word = 0;
    const std::size_t left = code.size() - (pc - start);
    std::memcpy(&word, code.data() + (pc - start), left < 4 ? left : 4);
    const std::optional<riscv::Insn<Concrete>> insn = riscv::decode(word);
    if (!insn || insn->length > left) return 1;
    pc = riscv::execute(*insn, state, B64::of(pc), memory).raw();
  }
  return 1;
}

}  // namespace probity::jit::rv64
