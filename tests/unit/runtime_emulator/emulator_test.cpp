// SPDX-License-Identifier: Apache-2.0
// The emulator around the machines' semantics: calls into C++ and back, and what breaks the ABI is
// said by name.
#include "runtime/emulator/emulator.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "toy_code.hpp"

namespace probity {
namespace {

using runtime::Emulator;

/// An image of Enter and a body, the context, and one helper table. Helpers find it through the
/// context: it is the test's.
template <typename Toy>
struct Fixture {
  Room enter_room{}, body_room{};
  isa::Code<Concrete> enter_code{enter_room.data()}, body{body_room.data()};
  std::vector<jit::Helper> helpers = std::vector<jit::Helper>(8);
  jit::Context context;
  Emulator emulator{Toy::target};

  Fixture() { Toy::enter(enter_code); }

  Expected<std::uint64_t> run() {
    context.helpers = helpers.data();
    emulator.add_code(enter_code.bytes());
    emulator.add_code(body.bytes());
    for (const jit::Helper helper : helpers) emulator.add_function(helper);
    return emulator.enter(context, enter_room.data(), body_room.data());
  }
  /// The message of the error that run() ends with.
  std::string run_to_error() {
    const Expected<std::uint64_t> result = run();
    return result ? "no error" : std::string(result.error().line());
  }
};

std::uint64_t digits(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                     std::uint64_t e, jit::Context* context) {
  context->stop = 99;
  return a * 10000 + b * 1000 + c * 100 + d * 10 + e;
}

template <typename Toy>
class EmulatorOf : public testing::Test {};
using Toys = testing::Types<ToyX86, ToyRiscv>;
TYPED_TEST_SUITE(EmulatorOf, Toys);

TYPED_TEST(EmulatorOf, RunsALoopAndCountsItsSteps) {
  Fixture<TypeParam> f;
  TypeParam::sum(f.body, 100);
  TypeParam::ret(f.body);
  const auto result = f.run();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(*result, 5050u);
  const std::uint64_t first = f.emulator.steps();
  EXPECT_GT(first, TypeParam::sum_steps(100));
  ASSERT_TRUE(f.run());
  EXPECT_EQ(f.emulator.steps(), 2 * first);
}

TYPED_TEST(EmulatorOf, CallsAHelperWithSixArguments) {
  Fixture<TypeParam> f;
  f.helpers[7] = digits;
  TypeParam::call_helper(f.body, 7);
  TypeParam::ret(f.body);
  const auto result = f.run();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(*result, 12345u);
  EXPECT_EQ(f.context.stop, 99u);
}

TYPED_TEST(EmulatorOf, ACallDestroysArgumentRegisters) {
  Fixture<TypeParam> f;
  f.helpers[0] = digits;
  TypeParam::call_helper(f.body, 0);
  TypeParam::return_argument_register(f.body);
  TypeParam::ret(f.body);
  const auto result = f.run();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(*result >> 16, 0xdeaddeaddeadu);
}

TYPED_TEST(EmulatorOf, ACallDestroysTheStackBelow) {
  Fixture<TypeParam> f;
  f.helpers[0] = digits;
  TypeParam::write_below_stack(f.body);
  TypeParam::call_helper(f.body, 0);
  TypeParam::return_below_stack(f.body);
  TypeParam::ret(f.body);
  const auto result = f.run();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(*result, 0xdededededededede);
}

/// What the nested test's helper enters again with; a helper has only its context.
struct Nesting {
  Emulator* emulator;
  const std::uint8_t* enter;
  const std::uint8_t* body;
};
Nesting nesting;

std::uint64_t enter_again(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                          jit::Context* context) {
  const auto inner = nesting.emulator->enter(*context, nesting.enter, nesting.body);
  return inner ? *inner + 1 : 0;
}

TYPED_TEST(EmulatorOf, AHelperMayEnterAgain) {
  Fixture<TypeParam> f;
  Room inner_room{};
  isa::Code<Concrete> inner(inner_room.data());
  TypeParam::sum(inner, 4);
  TypeParam::ret(inner);
  f.emulator.add_code(inner.bytes());
  nesting = {&f.emulator, f.enter_room.data(), inner_room.data()};
  f.helpers[3] = enter_again;
  TypeParam::call_helper(f.body, 3);
  TypeParam::ret(f.body);
  const auto result = f.run();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(*result, 11u);
}

TYPED_TEST(EmulatorOf, EndlessNestingUsesUpTheStack) {
  Fixture<TypeParam> f;
  nesting = {&f.emulator, f.enter_room.data(), f.body_room.data()};
  f.helpers[3] = [](std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                    jit::Context* context) -> std::uint64_t {
    const auto inner = nesting.emulator->enter(*context, nesting.enter, nesting.body);
    if (!inner) context->stop = inner.error().fault() == Fault::limit ? 1 : 2;
    return 0;
  };
  TypeParam::call_helper(f.body, 3);
  TypeParam::ret(f.body);
  const auto result = f.run();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(f.context.stop, 1u);
}

TYPED_TEST(EmulatorOf, CodeMayBeReplaced) {
  Fixture<TypeParam> f;
  TypeParam::sum(f.body, 3);
  TypeParam::ret(f.body);
  ASSERT_EQ(f.run(), 6u);
  f.body.rewind();
  TypeParam::sum(f.body, 5);
  TypeParam::ret(f.body);
  EXPECT_EQ(f.run(), 15u);
}

TYPED_TEST(EmulatorOf, TheStepLimitIsALimit) {
  Fixture<TypeParam> f;
  TypeParam::loop(f.body);
  f.emulator.set_step_limit(1000);
  const auto result = f.run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault(), Fault::limit);
  EXPECT_TRUE(result.error().line().ends_with("+0x0: 1000 steps are the limit"))
      << result.error().line();
  EXPECT_EQ(f.emulator.steps(), 1000u);
}

TYPED_TEST(EmulatorOf, BrokenCodeIsSaidByName) {
  using Build = void (*)(isa::Code<Concrete>&);
  const std::pair<Build, std::string> cases[] = {
      {TypeParam::trap, "the instruction traps"},
      {TypeParam::no_instruction, "no instruction of the table"},
      {TypeParam::jump_to_address_two, "jump to 0x2, which is neither code nor a function"},
      {[](auto& code) { TypeParam::call_misaligned(code, 1); }, "which is not aligned"},
  };
  for (const auto& [build, message] : cases) {
    Fixture<TypeParam> f;
    f.helpers[1] = digits;
    build(f.body);
    const std::string line = f.run_to_error();
    EXPECT_NE(line.find(message), std::string::npos) << line;
  }
}

TYPED_TEST(EmulatorOf, EnterKeepsTheAbi) {
  using Build = void (*)(isa::Code<Concrete>&);
  const std::pair<Build, std::string> cases[] = {
      {TypeParam::enter_without_saving, "callee-saved register"},
      {TypeParam::enter_unbalanced, "the stack pointer was"},
  };
  for (const auto& [build, message] : cases) {
    Fixture<TypeParam> f;
    f.enter_code.rewind();
    build(f.enter_code);
    TypeParam::ret(f.body);
    const std::string line = f.run_to_error();
    EXPECT_NE(line.find(message), std::string::npos) << line;
  }
}

#if defined(__x86_64__)
/// A helper at an odd address, where compilers that do not align functions put half of them.
extern "C" std::uint64_t probity_helper_at_odd_address(std::uint64_t, std::uint64_t, std::uint64_t,
                                                       std::uint64_t, std::uint64_t, jit::Context*);
asm(R"(
  .text
  .balign 16
  nop
probity_helper_at_odd_address:
  lea 40(%rdi, %rsi), %rax
  ret
)");

/// rv64's jalr clears bit 0 of its target.
TYPED_TEST(EmulatorOf, AHelperMayHaveAnOddAddress) {
  const volatile auto address = reinterpret_cast<std::uint64_t>(probity_helper_at_odd_address);
  ASSERT_EQ(address % 2, 1u);
  Fixture<TypeParam> f;
  f.helpers[2] = probity_helper_at_odd_address;
  TypeParam::call_helper(f.body, 2);
  TypeParam::ret(f.body);
  const auto result = f.run();
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(*result, 43u);
}
#endif

TEST(EmulatorOfX86, ADivisionErrorTraps) {
  Fixture<ToyX86> f;
  ToyX86::divide_by_zero(f.body);
  EXPECT_NE(f.run_to_error().find("the instruction traps"), std::string::npos);
}

/// The address that assist gives is where the code goes on: here an assist is called like a
/// function and its result returned.
TEST(EmulatorOfX86, AnAssistGetsContextAndNumber) {
  Fixture<ToyX86> f;
  const jit::Assist assist = [](jit::Context* context, std::uint64_t insn) {
    return reinterpret_cast<const std::uint8_t*>(context) + insn;
  };
  f.context.assist = assist;
  f.emulator.add_function(assist);
  using Reg = x86::Reg;
  const auto word = [](std::int32_t value) {
    return Bv<Concrete, 32>::lit(static_cast<std::uint32_t>(value));
  };
  x86::put<x86::Form::mov_rm64_r64>(f.body, Reg::rdi, Reg::rbx);
  x86::put<x86::Form::mov_r32_imm32>(f.body, Reg::rsi, word(42));
  x86::put<x86::Form::call_rm64>(
      f.body, x86::Mem<Concrete>{Reg::rbx, word(jit::context_offset::assist), {}, 0});
  ToyX86::ret(f.body);
  EXPECT_EQ(f.run(), reinterpret_cast<std::uint64_t>(&f.context) + 42);
}

}  // namespace
}  // namespace probity
