// SPDX-License-Identifier: Apache-2.0
// HostMemory: widths and alignment, updates that other threads see whole, and reservations.
#include "runtime/emulator/host_memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace probity {
namespace {

using isa::Order;
using runtime::HostMemory;
using Word = Bv<Concrete, 64>;

template <unsigned W>
Bv<Concrete, W> value(std::uint64_t number) {
  return Bv<Concrete, W>::lit(number);
}

class Memory : public testing::Test {
 protected:
  Word at(std::size_t offset) const {
    return Word::lit(reinterpret_cast<std::uint64_t>(bytes_.data()) + offset);
  }

  alignas(16) std::array<std::uint8_t, 32> bytes_{};
  HostMemory memory_{0};
};

TEST_F(Memory, AccessesTouchTheirBytesOnlyAlignedOrNot) {
  for (std::size_t offset = 1; offset < 9; ++offset) {
    bytes_.fill(0xaa);
    memory_.store<32>(at(offset), value<32>(0x44332211), Order::release);
    EXPECT_EQ(memory_.load<8>(at(offset - 1), Order::acquire).raw(), 0xaau);
    EXPECT_EQ(memory_.load<16>(at(offset + 1), Order::acquire).raw(), 0x3322u);
    EXPECT_EQ(memory_.load<64>(at(offset), Order::acquire).raw(), 0xaaaaaaaa44332211);
  }
}

TEST_F(Memory, AtomicGivesTheOldValueAndStoresTheNewOne) {
  const auto add_one = [](auto old) { return old + decltype(old)::lit(1); };
  for (const std::size_t offset : {0, 3}) {
    bytes_.fill(0);
    memory_.store<16>(at(offset), value<16>(0xffff), Order::release);
    EXPECT_EQ(memory_.atomic<16>(at(offset), add_one, Order::full).raw(), 0xffffu);
    EXPECT_EQ(memory_.load<32>(at(offset), Order::acquire).raw(), 0u);
  }
}

TEST_F(Memory, ThreadsLoseNoUpdate) {
  constexpr unsigned per_thread = 20000;
  const auto work = [this] {
    for (unsigned i = 0; i < per_thread; ++i)
      memory_.atomic<64>(at(8), [](Word old) { return old + Word::lit(1); }, Order::full);
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(memory_.load<64>(at(8), Order::acquire).raw(), 2 * per_thread);
}

TEST_F(Memory, AReservationHoldsUntilTheValueChangesOrOnce) {
  memory_.load_reserved<64>(at(0), Order::acquire);
  EXPECT_EQ(memory_.store_conditional<64>(at(0), value<64>(5), Order::release).raw(), 1u);
  EXPECT_EQ(memory_.load<64>(at(0), Order::relaxed).raw(), 5u);
  EXPECT_EQ(memory_.store_conditional<64>(at(0), value<64>(6), Order::release).raw(), 0u);
  EXPECT_EQ(memory_.load_reserved<64>(at(0), Order::acquire).raw(), 5u);
  memory_.store<64>(at(0), value<64>(7), Order::release);
  EXPECT_EQ(memory_.store_conditional<64>(at(0), value<64>(8), Order::release).raw(), 0u);
  EXPECT_EQ(memory_.load<64>(at(0), Order::relaxed).raw(), 7u);
}

TEST_F(Memory, AReservationIsOfOneAddressAndWidth) {
  memory_.load_reserved<64>(at(0), Order::acquire);
  EXPECT_EQ(memory_.store_conditional<64>(at(8), value<64>(1), Order::release).raw(), 0u);
  memory_.load_reserved<64>(at(0), Order::acquire);
  EXPECT_EQ(memory_.store_conditional<32>(at(0), value<32>(1), Order::release).raw(), 0u);
  EXPECT_EQ(memory_.store_conditional<64>(at(0), value<64>(1), Order::release).raw(), 0u);
}

TEST_F(Memory, TrapsAreRemembered) {
  memory_.trap_if(Bool<Concrete>::lit(0));
  EXPECT_FALSE(memory_.trapped());
  memory_.trap_if(Bool<Concrete>::lit(1));
  memory_.trap_if(Bool<Concrete>::lit(0));
  EXPECT_TRUE(memory_.trapped());
}

}  // namespace
}  // namespace probity
