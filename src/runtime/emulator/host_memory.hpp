// SPDX-License-Identifier: Apache-2.0
// HostMemory: the World of isa/machine.hpp whose memory is this process's own. Aligned accesses are
// atomic, each at least as strong as the Order asks; misaligned ones are done byte by byte, as the
// host's memcpy does them. What a manual leaves undefined is a pattern given once, so that a test
// can run an instruction with two of them and see what does not depend on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "domain/concrete.hpp"
#include "isa/machine.hpp"

namespace probity::runtime {

class HostMemory {
 public:
  using Address = Bv<Concrete, 64>;
  template <unsigned W>
  using Value = Bv<Concrete, W>;

  explicit HostMemory(std::uint64_t undefined) : undefined_(undefined) {}

  template <unsigned W>
  Value<W> load(Address address, isa::Order) const {
    return Value<W>::lit(read<W>(address.raw()));
  }
  template <unsigned W>
  void store(Address address, Value<W> value, isa::Order) const {
    write<W>(address.raw(), static_cast<Cell<W>>(value.raw()));
  }
  template <unsigned W, typename Update>
  Value<W> atomic(Address address, Update update, isa::Order) const;
  template <unsigned W>
  Value<W> load_reserved(Address address, isa::Order);
  template <unsigned W>
  Bool<Concrete> store_conditional(Address address, Value<W> value, isa::Order);

  void fence(isa::Fence) const { std::atomic_thread_fence(std::memory_order_seq_cst); }
  Bv<Concrete, 64> undefined() const { return Bv<Concrete, 64>::lit(undefined_); }
  void trap() { trapped_ = true; }
  void trap_if(Bool<Concrete> condition) { trapped_ = trapped_ || decide(condition); }
  /// An instruction has trapped since the construction.
  bool trapped() const { return trapped_; }

  isa::WideDivision<Concrete> divide_wide(isa::Signedness sign, Bv<Concrete, 64> high,
                                          Bv<Concrete, 64> low, Bv<Concrete, 64> divisor) const;

 private:
  template <unsigned W>
  using Cell = std::conditional_t<
      W == 8, std::uint8_t,
      std::conditional_t<W == 16, std::uint16_t,
                         std::conditional_t<W == 32, std::uint32_t, std::uint64_t>>>;

  template <unsigned W>
  static bool aligned(std::uint64_t address) {
    return address % (W / 8) == 0;
  }
  template <unsigned W>
  static std::atomic_ref<Cell<W>> cell(std::uint64_t address) {
    return std::atomic_ref<Cell<W>>(*reinterpret_cast<Cell<W>*>(address));
  }
  template <unsigned W>
  static Cell<W> read(std::uint64_t address) {
    if (aligned<W>(address)) return cell<W>(address).load(std::memory_order_acquire);
    Cell<W> value;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return value;
  }
  template <unsigned W>
  static void write(std::uint64_t address, Cell<W> value) {
    if (aligned<W>(address)) return cell<W>(address).store(value, std::memory_order_release);
    std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
  }

  /// What load_reserved saw; store_conditional stores only if that is still there.
  struct Reservation {
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    unsigned width = 0;  ///< 0: none
  };

  std::uint64_t undefined_;
  bool trapped_ = false;
  Reservation reservation_;
};

template <unsigned W, typename Update>
HostMemory::Value<W> HostMemory::atomic(Address address, Update update, isa::Order) const {
  const auto updated = [&update](Cell<W> old) {
    return static_cast<Cell<W>>(update(Value<W>::lit(old)).raw());
  };
  Cell<W> old = read<W>(address.raw());
  if (aligned<W>(address.raw())) {
    while (!cell<W>(address.raw()).compare_exchange_weak(old, updated(old))) {
    }
  } else {
    write<W>(address.raw(), updated(old));
  }
  return Value<W>::lit(old);
}

template <unsigned W>
HostMemory::Value<W> HostMemory::load_reserved(Address address, isa::Order) {
  const Cell<W> value = read<W>(address.raw());
  reservation_ = {address.raw(), value, W};
  return Value<W>::lit(value);
}

template <unsigned W>
Bool<Concrete> HostMemory::store_conditional(Address address, Value<W> value, isa::Order) {
  const Reservation reserved = reservation_;
  reservation_ = {};
  if (reserved.width != W || reserved.address != address.raw() || !aligned<W>(address.raw()))
    return Bool<Concrete>::lit(0);
  Cell<W> expected = static_cast<Cell<W>>(reserved.value);
  const bool stored =
      cell<W>(address.raw()).compare_exchange_strong(expected, static_cast<Cell<W>>(value.raw()));
  return Bool<Concrete>::lit(stored ? 1 : 0);
}

inline isa::WideDivision<Concrete> HostMemory::divide_wide(isa::Signedness sign,
                                                           Bv<Concrete, 64> high,
                                                           Bv<Concrete, 64> low,
                                                           Bv<Concrete, 64> divisor) const {
  using Word = Bv<Concrete, 64>;
  using Unsigned = unsigned __int128;
  using Signed = __int128;
  const Unsigned dividend = Unsigned{high.raw()} << 64 | low.raw();
  const auto answer = [](auto quotient, auto remainder, bool error) {
    return isa::WideDivision<Concrete>{Word::lit(static_cast<std::uint64_t>(quotient)),
                                       Word::lit(static_cast<std::uint64_t>(remainder)),
                                       Bool<Concrete>::lit(error ? 1 : 0)};
  };
  if (sign == isa::Signedness::is_unsigned) {
    if (divisor.raw() <= high.raw()) return answer(0, 0, true);
    return answer(dividend / divisor.raw(), dividend % divisor.raw(), false);
  }
  const Signed by = static_cast<std::int64_t>(divisor.raw());
  const Signed least = static_cast<Signed>(Unsigned{1} << 127);
  if (by == 0 || (by == -1 && static_cast<Signed>(dividend) == least)) return answer(0, 0, true);
  const Signed quotient = static_cast<Signed>(dividend) / by;
  const bool fits = quotient >= std::numeric_limits<std::int64_t>::min() &&
                    quotient <= std::numeric_limits<std::int64_t>::max();
  return answer(quotient, static_cast<Signed>(dividend) % by, !fits);
}

}  // namespace probity::runtime
