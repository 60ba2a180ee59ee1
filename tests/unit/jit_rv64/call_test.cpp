// SPDX-License-Identifier: Apache-2.0
// Calls, exit, addresses and the stubs around a program: what the emitted code does at each call
// out of it, with every caller-saved register destroyed there, as the C ABI allows.
#include <gtest/gtest.h>

#include <array>

#include "jit/rv64/translator_impl.hpp"
#include "rv64_machine.hpp"

namespace probity::jit::rv64 {
namespace {

constexpr std::uint64_t image_base = 0x10'0000'0000;
constexpr std::uint32_t here = 0x10'0000, target = 0x2468, assist_label = 0x100, leave_label = 0x80;
constexpr std::uint64_t assist_pc = image_base + assist_label, leave_pc = image_base + leave_label;
constexpr std::uint64_t target_pc = image_base + target;

constexpr std::array<Reg, 15> caller_saved = {t0, t1, t2, t3, t4, t5, t6, a0,
                                              a1, a2, a3, a4, a5, a6, a7};
constexpr std::array<Reg, 13> callee_saved = {sp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11};

/// One sequence and the machine it runs on.
class Sequence {
 public:
  explicit Sequence(Options options) : code_(room_.data()), translator_(code_, options) {
    const std::uint64_t top = reinterpret_cast<std::uint64_t>(stack_.data() + stack_.size());
    for (unsigned i = 1; i < riscv::reg_count; ++i) {
      state.set_reg(static_cast<Reg>(i), B64::lit(0xabcd'0123'4567'0000 + 2 * i));
    }
    state.set_reg(sp, B64::of(top));
    state.set_reg(context_reg, B64::of(reinterpret_cast<std::uint64_t>(&context)));
    memory.allow_runtime(&context, sizeof context);
    memory.allow_runtime(stack_.data(), stack_.size());
    in.insn = Bv<Concrete, 32>::lit(77);
    in.labels = labels();
  }

  static Labels<Concrete> labels() {
    return {Bv<Concrete, 32>::lit(here), Bv<Concrete, 32>::lit(target),
            Bv<Concrete, 32>::lit(assist_label), Bv<Concrete, 32>::lit(leave_label)};
  }

  void translate(bpf::Form form, bpf::Reg dst = bpf::Reg::r0) {
    ASSERT_TRUE(translator_.insn(form, dst, bpf::Reg::r0, in));
    next = start + code_.size();
  }
  Translator<Concrete>& translator() { return translator_; }
  std::uint64_t go(std::uint64_t pc) {
    return run_code(code_.bytes(), start, pc, 0, state, memory);
  }
  std::uint64_t go() { return go(start); }

  std::uint64_t get(Reg reg) const { return state.reg(reg).raw(); }
  std::uint64_t get(bpf::Reg reg) const { return get(Translator<Concrete>::machine_reg(reg)); }
  void set(Reg reg, std::uint64_t value) { state.set_reg(reg, B64::of(value)); }
  void set(bpf::Reg reg, std::uint64_t value) {
    set(Translator<Concrete>::machine_reg(reg), value);
  }

  /// A C function that was called returns `result`.
  std::uint64_t return_from_c(std::uint64_t result) {
    const std::uint64_t pc = get(ra);
    for (const Reg reg : caller_saved) set(reg, 0xdead'0000'0000 + riscv::number(reg));
    set(ra, 0xbad);
    set(a0, result);
    return pc;
  }

  riscv::State<Concrete> state;
  HostMemory memory{1};
  Context context;
  Inputs<Concrete> in;
  std::uint64_t start = image_base + here;
  std::uint64_t next = 0;

 private:
  std::array<std::uint8_t, isa::max_sequence_bytes * 2> room_{};
  alignas(16) std::array<std::uint8_t, 4096> stack_{};
  isa::Code<Concrete> code_;
  Translator<Concrete> translator_;
};

class Calls : public testing::TestWithParam<std::uint32_t> {
 protected:
  Options options(Memory memory = Memory::checked) const {
    return {memory, Fuel::at_back_edges, Blinding::off, GetParam()};
  }
};
INSTANTIATE_TEST_SUITE_P(features, Calls,
                         testing::Values(0, feature::rv_c, feature::rv_zba, feature::rv_zbb,
                                         feature::rv_c | feature::rv_zba | feature::rv_zbb));

TEST_P(Calls, HelperGetsArgumentsAndContext) {
  for (const std::uint32_t id : {0u, 1u, 113u, 255u}) {
    Sequence s(options());
    std::array<std::uint64_t, helper_limit> helpers{};
    helpers[id] = 0x7777'0000;
    s.context.helpers = reinterpret_cast<const Helper*>(helpers.data());
    s.memory.allow_runtime(helpers.data(), sizeof helpers);
    s.in.immediates.imm = Bv<Concrete, 32>::lit(id);
    s.translate(bpf::Form::call_helper);
    const riscv::State<Concrete> before = s.state;
    ASSERT_EQ(s.go(), 0x7777'0000u);
    for (const Reg reg : {a0, a1, a2, a3, a4}) {
      EXPECT_EQ(s.get(reg), before.reg(reg).raw());
    }
    EXPECT_EQ(s.get(a5), reinterpret_cast<std::uint64_t>(&s.context));
    EXPECT_EQ(s.get(sp) % 16, 0u);
    EXPECT_EQ(s.context.insn, 77u);
    EXPECT_EQ(s.go(s.return_from_c(0xfedc'ba98'7654'3210)), s.next);
    EXPECT_EQ(s.get(bpf::Reg::r0), 0xfedc'ba98'7654'3210u);
    for (const Reg reg : callee_saved) EXPECT_EQ(s.get(reg), before.reg(reg).raw());
    EXPECT_EQ(s.memory.violations(), 0u);
  }
}

TEST_P(Calls, HelperThatStopsLeaves) {
  Sequence s(options());
  std::array<std::uint64_t, 4> helpers{0, 0, 0, 0x7777'0000};
  s.context.helpers = reinterpret_cast<const Helper*>(helpers.data());
  s.memory.allow_runtime(helpers.data(), sizeof helpers);
  s.in.immediates.imm = Bv<Concrete, 32>::lit(3);
  s.translate(bpf::Form::call_helper);
  ASSERT_EQ(s.go(), 0x7777'0000u);
  s.context.stop = 1;
  EXPECT_EQ(s.go(s.return_from_c(5)), leave_pc);
  EXPECT_EQ(s.get(bpf::Reg::r0), 5u);
}

TEST_P(Calls, HelpersBeyondTheTableAreAssisted) {
  for (const std::uint32_t id : {256u, 0x8000'0000u, 0xffff'ffffu}) {
    Sequence s(options());
    s.in.immediates.imm = Bv<Concrete, 32>::lit(id);
    s.translate(bpf::Form::call_helper);
    EXPECT_EQ(s.go(), assist_pc);
    EXPECT_EQ(s.get(number_reg), 77u);
  }
}

TEST_P(Calls, LocalCallKeepsRegistersAndFrame) {
  for (const Memory memory : {Memory::checked, Memory::unchecked}) {
    Sequence s(options(memory));
    s.translate(bpf::Form::call_local);
    const riscv::State<Concrete> before = s.state;
    ASSERT_EQ(s.go(), target_pc);
    const std::int64_t stride =
        memory == Memory::checked ? checked_frame_stride : unchecked_frame_stride;
    EXPECT_EQ(s.get(s5), before.reg(s5).raw() + static_cast<std::uint64_t>(stride));
    EXPECT_EQ(s.get(sp) % 16, 0u);
    for (const Reg reg : {a0, a1, a2, a3, a4, a5, s1, s2, s3, s4}) {
      EXPECT_EQ(s.get(reg), before.reg(reg).raw());  // arguments, and what a callee may see
    }
    const std::uint64_t back = s.get(return_reg);
    for (const Reg reg : caller_saved) s.set(reg, 1);
    for (const Reg reg : {s1, s2, s3, s4, s5, s7}) s.set(reg, 2);
    s.set(bpf::Reg::r0, 99);
    EXPECT_EQ(s.go(back), s.next);
    EXPECT_EQ(s.get(bpf::Reg::r0), 99u);
    for (const Reg reg : callee_saved) EXPECT_EQ(s.get(reg), before.reg(reg).raw());
    EXPECT_EQ(s.memory.violations(), 0u);
  }
}

TEST_P(Calls, DeepestFrameIsAssisted) {
  Sequence s(options());
  s.context.last_frame = s.get(bpf::Reg::r10);
  s.translate(bpf::Form::call_local);
  const riscv::State<Concrete> before = s.state;
  EXPECT_EQ(s.go(), assist_pc);
  EXPECT_EQ(s.get(sp), before.reg(sp).raw());
  EXPECT_EQ(s.get(s5), before.reg(s5).raw());
}

TEST_P(Calls, ExitReturns) {
  Sequence s(options());
  s.translate(bpf::Form::exit);
  s.set(return_reg, 0x5550);
  EXPECT_EQ(s.go(), 0x5550u);
}

TEST_P(Calls, AddressesAreFoundOrAssisted) {
  std::vector<std::uint64_t> addresses(5000);
  for (const std::uint32_t index : {0u, 1u, 255u, 256u, 257u, 4999u}) {
    for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{0x4000'0001'0000'0008}}) {
      Sequence s(options());
      addresses[index] = address;
      s.context.addresses = addresses.data();
      s.memory.allow_runtime(addresses.data(), addresses.size() * 8);
      s.in.address_index = Bv<Concrete, 32>::lit(index);
      s.translate(bpf::Form::lddw_map, bpf::Reg::r6);
      const std::uint64_t old = s.get(bpf::Reg::r6);
      EXPECT_EQ(s.go(), address == 0 ? assist_pc : s.next);
      EXPECT_EQ(s.get(bpf::Reg::r6), address == 0 ? old : address);
      EXPECT_EQ(s.memory.violations(), 0u);
    }
  }
}

/// Two maps: the first no prog_array, the second one of three elements, the middle one empty.
class TailCalls : public Calls {
 protected:
  void run(std::uint64_t handle, std::uint64_t index, std::uint64_t left,
           const std::uint8_t* expected) {
    Sequence s(options());
    const auto entry = [](std::uint64_t pc) { return reinterpret_cast<const std::uint8_t*>(pc); };
    const std::array<const std::uint8_t*, 3> entries = {entry(0x6000), nullptr, entry(0x8000)};
    const std::array<TailTable, 2> tables = {TailTable{}, TailTable{3, entries.data()}};
    s.context.tail_tables = tables.data();
    s.context.tail_table_count = tables.size();
    s.context.tail_calls_left = left;
    s.memory.allow_runtime(entries.data(), sizeof entries);
    s.memory.allow_runtime(tables.data(), sizeof tables);
    s.in.immediates.imm = Bv<Concrete, 32>::lit(tail_call_helper);
    s.translate(bpf::Form::call_helper);
    s.set(bpf::Reg::r2, handle);
    s.set(bpf::Reg::r3, index);
    const riscv::State<Concrete> before = s.state;
    const std::uint64_t pc = s.go();
    EXPECT_EQ(s.memory.violations(), 0u);
    for (const Reg reg : register_map) EXPECT_EQ(s.get(reg), before.reg(reg).raw());
    for (const Reg reg : callee_saved) EXPECT_EQ(s.get(reg), before.reg(reg).raw());
    EXPECT_EQ(pc, expected == nullptr ? assist_pc : reinterpret_cast<std::uint64_t>(expected));
    EXPECT_EQ(s.context.tail_calls_left, expected == nullptr ? left : left - 1);
  }
  static const std::uint8_t* entry(std::uint64_t pc) {
    return reinterpret_cast<const std::uint8_t*>(pc);
  }
  static constexpr std::uint64_t prog_array = std::uint64_t{first_map + 1} << 32;
};
INSTANTIATE_TEST_SUITE_P(features, TailCalls, testing::Values(0, feature::rv_c, feature::rv_zba));

TEST_P(TailCalls, EnterTheElement) {
  run(prog_array, 0, 33, entry(0x6000));
  run(prog_array, 2, 1, entry(0x8000));
  run(prog_array, 0xffff'ffff'0000'0002, 1, entry(0x8000));  // the index has 32 bits
}

TEST_P(TailCalls, WhatIsInTheWayIsAssisted) {
  run(prog_array, 1, 33, nullptr);  // empty
  run(prog_array, 3, 33, nullptr);  // beyond the array
  run(prog_array, 0xffff'ffff, 33, nullptr);
  run(prog_array, 0, 0, nullptr);                           // none left
  run(std::uint64_t{first_map} << 32, 0, 33, nullptr);      // no prog_array
  run(std::uint64_t{first_map + 2} << 32, 0, 33, nullptr);  // no map
  run(std::uint64_t{first_map - 1} << 32, 0, 33, nullptr);  // another region
  run(prog_array + 8, 0, 33, nullptr);                      // not a handle
  run(prog_array + 0x8000'0000, 0, 33, nullptr);
  run(std::uint64_t{0xffff'ffff} << 32, 0, 33, nullptr);
  run(1, 0, 33, nullptr);
}

TEST_P(Calls, AlwaysAssistedWhateverTheForm) {
  for (std::size_t f = 0; f < bpf::form_count; ++f) {
    Sequence s(options());
    s.in.always_assist = true;
    s.translate(static_cast<bpf::Form>(f), bpf::Reg::r7);
    const riscv::State<Concrete> before = s.state;
    EXPECT_EQ(s.go(), assist_pc) << bpf::rows[f].name;
    EXPECT_EQ(s.get(number_reg), 77u);
    for (const Reg reg : register_map) EXPECT_EQ(s.get(reg), before.reg(reg).raw());
  }
}

TEST_P(Calls, EnterCallsTheBodyAndReturnsItsResult) {
  Sequence s(options());
  s.translator().enter(Sequence::labels());
  for (std::uint64_t i = 0; i < bpf::reg_count; ++i) s.context.registers[i] = 100 + i;
  s.set(a0, reinterpret_cast<std::uint64_t>(&s.context));
  s.set(a1, 0x4440);
  s.set(context_reg, 5);
  const riscv::State<Concrete> host = s.state;
  ASSERT_EQ(s.go(), 0x4440u);
  for (std::uint64_t i = 0; i < bpf::reg_count; ++i) {
    const bool loaded = (i >= 1 && i <= 5) || i == 10;
    EXPECT_EQ(s.get(register_map[i]), loaded ? 100 + i : 0) << "r" << i;
  }
  EXPECT_EQ(s.get(context_reg), reinterpret_cast<std::uint64_t>(&s.context));
  EXPECT_EQ(s.context.entry_sp, s.get(sp));
  EXPECT_EQ(s.get(sp) % 16, 0u);
  const std::uint64_t back = s.get(return_reg);
  for (const Reg reg : {ra, s1, s2, s3, s4, s5, s7}) s.set(reg, 1);
  for (const Reg reg : caller_saved) s.set(reg, 1);
  s.set(bpf::Reg::r0, 0x8765'4321'0fed'cba9);
  EXPECT_EQ(s.go(back), host.reg(ra).raw());
  EXPECT_EQ(s.get(a0), 0x8765'4321'0fed'cba9u);
  for (const Reg reg : callee_saved) EXPECT_EQ(s.get(reg), host.reg(reg).raw());
  EXPECT_EQ(s.get(gp), host.reg(gp).raw());
  EXPECT_EQ(s.get(tp), host.reg(tp).raw());
  EXPECT_EQ(s.memory.violations(), 0u);
}

TEST_P(Calls, LeaveEndsTheRunFromAnyDepth) {
  Sequence entered(options());
  entered.translator().enter(Sequence::labels());
  entered.set(a0, reinterpret_cast<std::uint64_t>(&entered.context));
  entered.set(a1, 0x4440);
  const riscv::State<Concrete> host = entered.state;
  ASSERT_EQ(entered.go(), 0x4440u);
  const std::uint64_t base = entered.get(sp);

  Sequence s(options());
  s.translator().leave(Sequence::labels());
  s.memory.allow_runtime(reinterpret_cast<const void*>(base), 64);
  s.state = entered.state;
  s.context.entry_sp = base;
  s.set(context_reg, reinterpret_cast<std::uint64_t>(&s.context));
  s.set(sp, base - 480);
  for (const Reg reg : {ra, s1, s2, s3, s4, s5, s7}) s.set(reg, 1);
  s.set(bpf::Reg::r0, 31);
  EXPECT_EQ(s.go(), host.reg(ra).raw());
  EXPECT_EQ(s.get(a0), 31u);
  for (const Reg reg : callee_saved) EXPECT_EQ(s.get(reg), host.reg(reg).raw());
  EXPECT_EQ(s.memory.violations(), 0u);
}

TEST_P(Calls, AssistStoresAndLoadsEveryRegister) {
  Sequence s(options());
  s.translator().assist(Sequence::labels());
  s.context.assist = reinterpret_cast<Assist>(0x3330);
  s.set(number_reg, 0x7fff'ffff);
  const riscv::State<Concrete> before = s.state;
  ASSERT_EQ(s.go(), 0x3330u);
  EXPECT_EQ(s.get(a0), reinterpret_cast<std::uint64_t>(&s.context));
  EXPECT_EQ(s.get(a1), 0x7fff'ffffu);
  EXPECT_EQ(s.get(sp) % 16, 0u);
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    EXPECT_EQ(s.context.registers[i], before.reg(register_map[i]).raw()) << "r" << i;
    s.context.registers[i] = 500 + i;
  }
  EXPECT_EQ(s.go(s.return_from_c(0x9990)), 0x9990u);
  for (unsigned i = 0; i < bpf::reg_count; ++i) EXPECT_EQ(s.get(register_map[i]), 500 + i);
  for (const Reg reg : {sp, s0, s6, s7, s8}) EXPECT_EQ(s.get(reg), before.reg(reg).raw());
  EXPECT_EQ(s.memory.violations(), 0u);
}

TEST_P(Calls, TheEndIsAssisted) {
  Sequence s(options());
  s.translator().end(s.in);
  EXPECT_EQ(s.go(), assist_pc);
  EXPECT_EQ(s.get(number_reg), 77u);
}

}  // namespace
}  // namespace probity::jit::rv64
