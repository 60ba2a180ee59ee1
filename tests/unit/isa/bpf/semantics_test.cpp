// SPDX-License-Identifier: Apache-2.0
// The meaning of insns in the Concrete domain against values worked out by hand from RFC 9669: the
// corners of every operation (zero divisors, the signed overflow, shift counts beyond the width,
// the zeroed upper half, sign extension), memory, atomics, packet loads and control flow.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "isa/bpf/semantics_impl.hpp"
#include "isa/bpf/text_kernel.hpp"

namespace probity::bpf {
namespace {

using Value = Bv<Concrete, 64>;

/// Registers, 64 bytes of memory at address 0x1000 and a packet of 16 bytes.
class TinyState {
 public:
  Value reg(Reg r) const { return Value::of(regs[static_cast<unsigned>(r)]); }
  void set_reg(Reg r, Value v) { regs[static_cast<unsigned>(r)] = v.raw(); }

  template <unsigned W>
  Bv<Concrete, W> load(Value address) const {
    std::uint64_t value = 0;
    std::memcpy(&value, at(address, W / 8), W / 8);
    return Bv<Concrete, W>::of(value);
  }
  template <unsigned W>
  void store(Value address, Bv<Concrete, W> value) {
    const std::uint64_t raw = value.raw();
    std::memcpy(at(address, W / 8), &raw, W / 8);
  }
  template <unsigned W>
  Bv<Concrete, W> load_acquire(Value address) {
    ++acquires;
    return load<W>(address);
  }
  template <unsigned W>
  void store_release(Value address, Bv<Concrete, W> value) {
    ++releases;
    store<W>(address, value);
  }
  template <unsigned W, typename Update>
  Bv<Concrete, W> atomic(Value address, Update update) {
    const Bv<Concrete, W> old = load<W>(address);
    store<W>(address, update(old));
    return old;
  }
  Value address_of(ImmOp op, Bv<Concrete, 32> imm, Bv<Concrete, 32> next_imm) const {
    return Value::lit(static_cast<std::uint64_t>(op) << 56 | imm.raw() << 8 | next_imm.raw());
  }
  template <unsigned W>
  PacketRead<Concrete> load_packet(Bv<Concrete, 32> offset) const {
    if (!in_bounds(offset.raw(), W / 8, sizeof packet)) {
      return {Value::lit(77), Bool<Concrete>::lit(0)};
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < W / 8; ++i) value = value << 8 | packet[offset.raw() + i];
    return {Value::lit(value), Bool<Concrete>::lit(1)};
  }
  Bool<Concrete> may_goto_exhausted() const { return Bool<Concrete>::lit(exhausted); }

  std::uint64_t regs[reg_count] = {};
  std::uint8_t memory[64] = {};
  std::uint8_t packet[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  unsigned acquires = 0;
  unsigned releases = 0;
  unsigned exhausted = 0;

 private:
  const std::uint8_t* at(Value address, std::uint64_t size) const {
    if (!in_bounds(address.raw() - 0x1000, size, sizeof memory)) {
      ADD_FAILURE() << "test accesses " << address.raw();
      return memory;
    }
    return memory + (address.raw() - 0x1000);
  }
  std::uint8_t* at(Value address, std::uint64_t size) {
    return const_cast<std::uint8_t*>(static_cast<const TinyState*>(this)->at(address, size));
  }
};

Next<Concrete> run(std::string_view text, TinyState& state) {
  const Expected<Insn> insn = parse_kernel(text, no_helper_names);
  EXPECT_TRUE(insn) << text << ": " << insn.error().line();
  if (!insn) return {};
  return meaning<Concrete>(insn->form, insn->dst, insn->src, immediates<Concrete>(*insn), state);
}

struct AluCase {
  const char* text;  // r1 is dst, r2 src
  std::uint64_t dst;
  std::uint64_t src;
  std::uint64_t result;
};

constexpr std::uint64_t min64 = 0x8000000000000000;
constexpr std::uint64_t ones = 0xffffffffffffffff;

constexpr AluCase alu_cases[] = {
    // 32-bit results zero the upper half; immediates are sign-extended to 64 bits first.
    {"w1 += w2", 0xaaaaaaaaffffffff, 0xbbbbbbbb00000001, 0},
    {"r1 += r2", ones, 1, 0},
    {"r1 += -1", 0, 0, ones},
    {"w1 += -1", 0, 0, 0xffffffff},
    {"w1 -= w2", 0, 1, 0xffffffff},
    {"r1 -= 1", 0, 0, ones},
    {"r1 *= r2", 0x100000001, 0x100000001, 0x200000001},
    {"w1 *= w2", 0xffffffff, 0xffffffff, 1},
    {"r1 = 0x7fffffff", 5, 0, 0x7fffffff},
    {"r1 = -2147483648", 5, 0, 0xffffffff80000000},
    {"w1 = -1", 5, 0, 0xffffffff},
    {"w1 = w2", 5, 0x1234567889abcdef, 0x89abcdef},
    {"r1 |= -256", 0xf, 0, 0xffffffffffffff0f},
    {"w1 |= w2", 0xf00000000f, 0xf0, 0xff},
    {"r1 &= 255", 0x1234, 0, 0x34},
    {"w1 &= -1", ones, 0, 0xffffffff},
    {"r1 ^= r2", ones, 0xff, 0xffffffffffffff00},
    {"w1 ^= w2", ones, 0xff, 0xffffff00},
    {"r1 = -r1", 1, 0, ones},
    {"r1 = -r1", min64, 0, min64},
    {"w1 = -w1", 0x500000001, 0, 0xffffffff},
    // Section 4.1: division by zero gives zero, modulo by zero leaves dst (32-bit: its low half).
    {"r1 /= r2", 7, 0, 0},
    {"w1 /= w2", 7, 0xf00000000, 0},
    {"r1 /= r2", ones, 2, 0x7fffffffffffffff},
    {"r1 /= -1", ones, 0, 1},
    {"w1 /= -1", 0xffffffff, 0, 1},
    {"r1 %= r2", 0x1122334455667788, 0, 0x1122334455667788},
    {"w1 %= w2", 0x1122334455667788, 0, 0x55667788},
    {"r1 %= 10", 123, 0, 3},
    // Signed: truncation towards zero, the remainder has the dividend's sign, min / -1 wraps.
    {"r1 s/= r2", static_cast<std::uint64_t>(-7), 2, static_cast<std::uint64_t>(-3)},
    {"r1 s/= 0", 7, 0, 0},
    {"r1 s/= -1", min64, 0, min64},
    {"w1 s/= w2", 0x80000000, 0xffffffff, 0x80000000},
    {"w1 s/= w2", 0xfffffff9, 2, 0xfffffffd},
    {"r1 s%= r2", static_cast<std::uint64_t>(-7), 2, ones},
    {"r1 s%= r2", 7, static_cast<std::uint64_t>(-2), 1},
    {"r1 s%= 0", static_cast<std::uint64_t>(-7), 0, static_cast<std::uint64_t>(-7)},
    {"r1 s%= -1", min64, 0, 0},
    {"w1 s%= w2", 0xfffffff9, 0, 0xfffffff9},
    {"w1 s%= -1", 0x80000000, 0, 0},
    // Shift counts are masked with 63 or 31.
    {"r1 <<= r2", 1, 64, 1},
    {"r1 <<= 63", 1, 0, min64},
    {"w1 <<= w2", 1, 33, 2},
    {"r1 >>= r2", min64, 127, 1},
    {"w1 >>= 31", 0xffffffff80000000, 0, 1},
    {"r1 s>>= 63", min64, 0, ones},
    {"r1 s>>= r2", min64, 64, min64},
    {"w1 s>>= 31", 0x80000000, 0, 0xffffffff},
    {"w1 s>>= w2", 0x80000000, 32, 0x80000000},
    // Sign-extending moves.
    {"r1 = (s8)r2", 0, 0x80, 0xffffffffffffff80},
    {"r1 = (s8)r2", ones, 0xff7f, 0x7f},
    {"r1 = (s16)r2", 0, 0x18000, 0xffffffffffff8000},
    {"r1 = (s32)r2", 0, 0x180000000, 0xffffffff80000000},
    {"w1 = (s8)w2", ones, 0x80, 0xffffff80},
    {"w1 = (s16)w2", ones, 0x8000, 0xffff8000},
    // Byte swaps zero what lies above the width.
    {"r1 = be16 r1", 0x1122334455667788, 0, 0x8877},
    {"r1 = be32 r1", 0x1122334455667788, 0, 0x88776655},
    {"r1 = be64 r1", 0x1122334455667788, 0, 0x8877665544332211},
    {"r1 = le16 r1", 0x1122334455667788, 0, 0x7788},
    {"r1 = le32 r1", 0x1122334455667788, 0, 0x55667788},
    {"r1 = le64 r1", 0x1122334455667788, 0, 0x1122334455667788},
    {"r1 = bswap16 r1", 0x1122334455667788, 0, 0x8877},
    {"r1 = bswap32 r1", 0x1122334455667788, 0, 0x88776655},
    {"r1 = bswap64 r1", 0x1122334455667788, 0, 0x8877665544332211},
    {"r1 = 0x1122334455667788 ll", 0, 0, 0x1122334455667788},
    {"r1 = 0xffffffff ll", 0, 0, 0xffffffff},
};

TEST(Semantics, Alu) {
  for (const AluCase& c : alu_cases) {
    TinyState state;
    state.regs[1] = c.dst;
    state.regs[2] = c.src;
    const Next<Concrete> next = run(c.text, state);
    EXPECT_EQ(next.flow, Flow::next) << c.text;
    EXPECT_EQ(state.regs[1], c.result) << c.text << " on " << std::hex << c.dst << ", " << c.src;
    EXPECT_EQ(state.regs[2], c.src) << c.text;
  }
}

struct BranchCase {
  const char* relation;
  std::uint64_t dst;
  std::uint64_t src;
  bool taken64;
  bool taken32;
};

constexpr BranchCase branch_cases[] = {
    {"==", 0x100000005, 5, false, true},
    {"!=", 0x100000005, 5, true, false},
    {">", ones, 1, true, true},
    {">", 0x100000000, 1, true, false},
    {">=", 5, 5, true, true},
    {">=", 0x80000000, 0x100000000, false, true},
    {"<", 1, ones, true, true},
    {"<", 5, 5, false, false},
    {"<=", 5, 5, true, true},
    {"<=", 0x100000000, 1, false, true},
    {"s>", 1, ones, true, true},
    {"s>", 0x80000000, 1, true, false},
    {"s>=", ones, ones, true, true},
    {"s>=", min64, 0, false, true},
    {"s<", ones, 0, true, true},
    {"s<", 0x80000000, 0, false, true},
    {"s<=", min64, 0x7fffffff, true, true},
    {"s<=", 1, 0, false, false},
    {"&", 0x100000000, 0x100000000, true, false},
    {"&", 6, 3, true, true},
    {"&", 4, 3, false, false},
};

TEST(Semantics, Branches) {
  for (const BranchCase& c : branch_cases) {
    for (const char prefix : {'r', 'w'}) {
      const std::string text =
          std::string("if ") + prefix + "1 " + c.relation + " " + prefix + "2 goto -7";
      TinyState state;
      state.regs[1] = c.dst;
      state.regs[2] = c.src;
      const Next<Concrete> next = run(text, state);
      EXPECT_EQ(next.flow, Flow::branch) << text;
      EXPECT_EQ(next.taken.raw() != 0, prefix == 'r' ? c.taken64 : c.taken32) << text;
      EXPECT_EQ(static_cast<std::int32_t>(next.target.raw()), -7) << text;
    }
  }
  TinyState state;
  state.regs[1] = ones;
  EXPECT_EQ(run("if r1 == -1 goto +1", state).taken.raw(), 1u);  // the immediate is sign-extended
  EXPECT_EQ(run("if w1 == -1 goto +1", state).taken.raw(), 1u);
}

TEST(Semantics, ControlFlow) {
  TinyState state;
  const auto flow = [&](const char* text) { return run(text, state); };
  EXPECT_EQ(flow("goto -3").flow, Flow::jump);
  EXPECT_EQ(static_cast<std::int32_t>(flow("goto -3").target.raw()), -3);
  EXPECT_EQ(static_cast<std::int32_t>(flow("gotol -100000").target.raw()), -100000);
  EXPECT_EQ(flow("call #7").flow, Flow::call_helper);
  EXPECT_EQ(flow("call #7").target.raw(), 7u);
  EXPECT_EQ(flow("call pc-2").flow, Flow::call_local);
  EXPECT_EQ(flow("call kfunc#2").flow, Flow::call_kfunc);
  EXPECT_EQ(flow("callx r3").flow, Flow::call_reg);
  EXPECT_EQ(flow("exit").flow, Flow::exit);
  EXPECT_EQ(flow("may_goto +4").taken.raw(), 0u);
  state.exhausted = 1;
  EXPECT_EQ(flow("may_goto +4").taken.raw(), 1u);
}

TEST(Semantics, LoadsAndStores) {
  TinyState state;
  state.regs[1] = 0x1010;
  state.regs[2] = 0x1122334455667788;
  run("*(u64 *)(r1 - 8) = r2", state);
  EXPECT_EQ(state.memory[8], 0x88);
  EXPECT_EQ(state.memory[15], 0x11);
  run("*(u16 *)(r1 + 0) = r2", state);
  EXPECT_EQ(state.memory[16], 0x88);
  EXPECT_EQ(state.memory[17], 0x77);
  EXPECT_EQ(state.memory[18], 0);
  run("*(u64 *)(r1 + 8) = -2", state);
  run("r3 = *(u64 *)(r1 + 8)", state);
  EXPECT_EQ(state.regs[3], ones - 1);
  run("*(u8 *)(r1 + 1) = 0x80", state);
  run("r3 = *(u8 *)(r1 + 1)", state);
  EXPECT_EQ(state.regs[3], 0x80u);
  run("r3 = *(s8 *)(r1 + 1)", state);
  EXPECT_EQ(state.regs[3], 0xffffffffffffff80);
  run("r3 = *(s16 *)(r1 + 0)", state);
  EXPECT_EQ(state.regs[3], 0xffffffffffff8088);
  run("r3 = *(u32 *)(r1 + 8)", state);
  EXPECT_EQ(state.regs[3], 0xfffffffe);
  run("r3 = *(s32 *)(r1 + 8)", state);
  EXPECT_EQ(state.regs[3], 0xfffffffffffffffe);
  run("r4 = load_acquire((u16 *)(r1 + 0))", state);
  EXPECT_EQ(state.regs[4], 0x8088u);
  run("store_release((u32 *)(r1 + 0), r2)", state);
  EXPECT_EQ(state.memory[19], 0x55);
  EXPECT_EQ(state.acquires, 1u);
  EXPECT_EQ(state.releases, 1u);
}

struct AtomicCase {
  const char* text;  // memory at r1, operand r2
  std::uint64_t memory;
  std::uint64_t r2;
  std::uint64_t r0;
  std::uint64_t memory_after;
  std::uint64_t r2_after;
  std::uint64_t r0_after;
};

constexpr std::uint64_t m = 0x11223344fffffff0;

constexpr AtomicCase atomic_cases[] = {
    {"lock *(u64 *)(r1 + 8) += r2", m, 0x20, 9, m + 0x20, 0x20, 9},
    {"lock *(u32 *)(r1 + 8) += r2", m, 0x20, 9, 0x1122334400000010, 0x20, 9},
    {"lock *(u32 *)(r1 + 8) |= r2", m, 0xf, 9, 0x11223344ffffffff, 0xf, 9},
    {"lock *(u64 *)(r1 + 8) &= r2", m, 0xff, 9, 0xf0, 0xff, 9},
    {"lock *(u64 *)(r1 + 8) ^= r2", m, m, 9, 0, m, 9},
    {"r2 = atomic64_fetch_add((u64 *)(r1 + 8), r2)", m, 1, 9, m + 1, m, 9},
    {"r2 = atomic_fetch_add((u32 *)(r1 + 8), r2)", m, ones, 9, 0x11223344ffffffef, 0xfffffff0, 9},
    {"r2 = atomic_fetch_or((u32 *)(r1 + 8), r2)", m, 0xf, 9, 0x11223344ffffffff, 0xfffffff0, 9},
    {"r2 = atomic64_fetch_and((u64 *)(r1 + 8), r2)", m, 0xff, 9, 0xf0, m, 9},
    {"r2 = atomic64_fetch_xor((u64 *)(r1 + 8), r2)", m, m, 9, 0, m, 9},
    {"r2 = atomic64_xchg((u64 *)(r1 + 8), r2)", m, 5, 9, 5, m, 9},
    {"r2 = atomic_xchg((u32 *)(r1 + 8), r2)", m, 0xf00000005, 9, 0x1122334400000005, 0xfffffff0, 9},
    {"r0 = atomic64_cmpxchg((u64 *)(r1 + 8), r0, r2)", m, 5, m, 5, 5, m},
    {"r0 = atomic64_cmpxchg((u64 *)(r1 + 8), r0, r2)", m, 5, 9, m, 5, m},
    // 32 bits: only the low half of r0 is compared, and r0 is zero-extended either way.
    {"r0 = atomic_cmpxchg((u32 *)(r1 + 8), r0, r2)", m, 5, 0x77fffffff0, 0x1122334400000005, 5,
     0xfffffff0},
    {"r0 = atomic_cmpxchg((u32 *)(r1 + 8), r0, r2)", m, 5, 9, m, 5, 0xfffffff0},
};

TEST(Semantics, Atomics) {
  for (const AtomicCase& c : atomic_cases) {
    TinyState state;
    state.regs[0] = c.r0;
    state.regs[1] = 0x1000;
    state.regs[2] = c.r2;
    store_le(state.memory + 8, c.memory);
    run(c.text, state);
    EXPECT_EQ(load_le<std::uint64_t>(state.memory + 8), c.memory_after) << c.text;
    EXPECT_EQ(state.regs[2], c.r2_after) << c.text;
    EXPECT_EQ(state.regs[0], c.r0_after) << c.text;
  }
}

TEST(Semantics, PacketLoads) {
  TinyState state;
  EXPECT_EQ(run("r0 = *(u16 *)skb[12]", state).flow, Flow::exit_unless);
  EXPECT_EQ(state.regs[0], 0x0c0du);
  state.regs[1] = 0xf00000004;  // only the low half counts
  EXPECT_EQ(run("r0 = *(u32 *)skb[r1 - 2]", state).taken.raw(), 1u);
  EXPECT_EQ(state.regs[0], 0x02030405u);
  EXPECT_EQ(run("r0 = *(u8 *)skb[16]", state).taken.raw(), 0u);
  EXPECT_EQ(state.regs[0], 0u);
}

TEST(Semantics, AddressesComeFromTheState) {
  TinyState state;
  run("r1 = map[3][8] ll", state);
  EXPECT_EQ(state.regs[1], static_cast<std::uint64_t>(ImmOp::map_value) << 56 | 3 << 8 | 8);
}

}  // namespace
}  // namespace probity::bpf
