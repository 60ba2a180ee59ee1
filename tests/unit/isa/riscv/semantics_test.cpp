// SPDX-License-Identifier: Apache-2.0
// What a comparison with an emulator on one thread cannot see: the ordering that accesses and
// fences ask for; and the manual's corner cases by hand, because an emulator can be wrong (qemu 7.2
// is, on ctzw).
#include <gtest/gtest.h>

#include <vector>

#include "isa/riscv/codec.hpp"
#include "isa/riscv/semantics_impl.hpp"
#include "isa/riscv/text.hpp"

namespace probity::riscv {
namespace {

using C = Concrete;
using isa::Fence;
using isa::Order;

/// Remembers what it was asked; memory reads as all ones.
struct RecordingWorld {
  std::vector<Order> orders;
  std::vector<Fence> fences;
  std::vector<std::uint64_t> stored;

  template <unsigned W>
  Bv<C, W> load(Bv<C, 64>, Order order) {
    orders.push_back(order);
    return Bv<C, W>::lit(~0ull);
  }
  template <unsigned W>
  void store(Bv<C, 64>, Bv<C, W> value, Order order) {
    orders.push_back(order);
    stored.push_back(value.raw());
  }
  template <unsigned W, typename Update>
  Bv<C, W> atomic(Bv<C, 64>, Update update, Order order) {
    orders.push_back(order);
    stored.push_back(update(Bv<C, W>::lit(~0ull)).raw());
    return Bv<C, W>::lit(~0ull);
  }
  template <unsigned W>
  Bv<C, W> load_reserved(Bv<C, 64>, Order order) {
    orders.push_back(order);
    return Bv<C, W>::lit(~0ull);
  }
  template <unsigned W>
  Bool<C> store_conditional(Bv<C, 64>, Bv<C, W> value, Order order) {
    orders.push_back(order);
    stored.push_back(value.raw());
    return Bool<C>::lit(1);
  }
  void fence(Fence fence) { fences.push_back(fence); }
  void trap() {}
};

/// a0 after `line` at pc 0x1000, with a1 and a2 given.
std::uint64_t result(std::string_view line, std::uint64_t a1, std::uint64_t a2) {
  const Expected<Insn<C>> insn = parse(line, 0x1000);
  EXPECT_TRUE(insn) << line;
  State<C> state;
  state.set_reg(Reg::a1, Bv<C, 64>::lit(a1));
  state.set_reg(Reg::a2, Bv<C, 64>::lit(a2));
  RecordingWorld world;
  execute(*insn, state, Bv<C, 64>::lit(0x1000), world);
  return state.reg(Reg::a0).raw();
}
RecordingWorld world_after(std::string_view line) {
  const Expected<Insn<C>> insn = parse(line, 0);
  EXPECT_TRUE(insn) << line;
  State<C> state;
  RecordingWorld world;
  execute(*insn, state, Bv<C, 64>::lit(0), world);
  return world;
}

constexpr std::uint64_t minus_one = ~0ull;
constexpr std::uint64_t most_negative = 1ull << 63;

TEST(RiscvSemantics, DivisionByZeroAndOverflow) {
  EXPECT_EQ(result("div a0,a1,a2", 7, 0), minus_one);
  EXPECT_EQ(result("div a0,a1,a2", -7ull, 0), minus_one);
  EXPECT_EQ(result("divu a0,a1,a2", 7, 0), minus_one);
  EXPECT_EQ(result("rem a0,a1,a2", -7ull, 0), -7ull);
  EXPECT_EQ(result("remu a0,a1,a2", 7, 0), 7u);
  EXPECT_EQ(result("div a0,a1,a2", most_negative, minus_one), most_negative);
  EXPECT_EQ(result("rem a0,a1,a2", most_negative, minus_one), 0u);
  EXPECT_EQ(result("divw a0,a1,a2", 5, 1ull << 32), minus_one);
  EXPECT_EQ(result("divuw a0,a1,a2", 5, 1ull << 32), minus_one);
  EXPECT_EQ(result("remuw a0,a1,a2", 0x80000000, 0), 0xffffffff80000000);
  EXPECT_EQ(result("divw a0,a1,a2", 0x80000000, minus_one), 0xffffffff80000000);
}

TEST(RiscvSemantics, CountsOfAZeroWord) {
  EXPECT_EQ(result("ctzw a0,a1", most_negative, 0), 32u);
  EXPECT_EQ(result("clzw a0,a1", most_negative, 0), 32u);
  EXPECT_EQ(result("ctz a0,a1", 0, 0), 64u);
  EXPECT_EQ(result("clz a0,a1", 0, 0), 64u);
}

TEST(RiscvSemantics, UpperProducts) {
  EXPECT_EQ(result("mulh a0,a1,a2", minus_one, minus_one), 0u);
  EXPECT_EQ(result("mulhu a0,a1,a2", minus_one, minus_one), minus_one - 1);
  EXPECT_EQ(result("mulhsu a0,a1,a2", minus_one, minus_one), minus_one);
  EXPECT_EQ(result("mulh a0,a1,a2", most_negative, most_negative), 1ull << 62);
}

TEST(RiscvSemantics, ZeroIsNeverWritten) {
  State<C> state;
  RecordingWorld world;
  EXPECT_EQ(execute(*parse("jalr zero,0(zero)", 0), state, Bv<C, 64>::lit(8), world).raw(), 0u);
  EXPECT_EQ(state.reg(Reg::zero).raw(), 0u);
}

TEST(RiscvSemantics, ACompressedCallLinksTwoBytesOn) {
  State<C> state;
  RecordingWorld world;
  state.set_reg(Reg::ra, Bv<C, 64>::lit(0x2001));
  EXPECT_EQ(execute(*parse("c.jalr ra", 0), state, Bv<C, 64>::lit(64), world).raw(), 0x2000u);
  EXPECT_EQ(state.reg(Reg::ra).raw(), 66u);
}

TEST(RiscvSemantics, OrderOfAccesses) {
  const auto orders = [](std::string_view line) { return world_after(line).orders; };
  EXPECT_EQ(orders("lw a0,0(a1)"), std::vector{Order::relaxed});
  EXPECT_EQ(orders("sd a0,0(a1)"), std::vector{Order::relaxed});
  EXPECT_EQ(orders("lr.w.aq a0,(a1)"), std::vector{Order::acquire});
  EXPECT_EQ(orders("sc.d.rl a0,a2,(a1)"), std::vector{Order::release});
  EXPECT_EQ(orders("amoadd.w a0,a2,(a1)"), std::vector{Order::relaxed});
  EXPECT_EQ(orders("amoadd.d.aqrl a0,a2,(a1)"), std::vector{Order::full});
}

TEST(RiscvSemantics, FenceSets) {
  const auto fences = [](std::string_view line) { return world_after(line).fences; };
  const Fence full{};
  EXPECT_EQ(fences("fence iorw,iorw"), std::vector{full});
  const Fence acquire{true, false, true, true};
  EXPECT_EQ(fences("fence r,rw"), std::vector{acquire});
  const Fence release{true, true, false, true};
  EXPECT_EQ(fences("fence rw,w"), std::vector{release});
}

}  // namespace
}  // namespace probity::riscv
