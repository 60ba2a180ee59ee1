// SPDX-License-Identifier: Apache-2.0
// Specifications outside the program, as text: full and partial ones, what they leave open, what
// they may do that a program may not, and that a specification that says nothing shows.
#include <fmt/format.h>

#include "equiv/specification.hpp"
#include "text_program.hpp"

namespace probity::equiv {
namespace {

constexpr std::string_view maps = "map flows hash 4 8 16\nmap other hash 4 8 16\n";

constexpr std::uint32_t any_action = 0x5bec0100;
constexpr std::uint32_t any_action_any_state = 0x5bec0300;
constexpr std::uint32_t pass_any_state = 0x5bec0202;

struct Answer {
  std::vector<std::string> observables;
  std::string unknown;
  Coverage coverage;
};

Answer ask(std::string_view spec, std::string_view program,
           Order order = Order::specification_first) {
  const object::Image specification = text_program(maps, spec);
  const object::Image image = text_program(maps, program);
  symex::Options options;
  options.max_packet = 200;
  const auto result =
      check_specification({&specification, &image, options, symex::UseKernel::no, order});
  EXPECT_TRUE(result) << result.error().line();
  Answer answer;
  if (!result) return answer;
  EXPECT_FALSE(result->contradicted());
  for (const Deviation& deviation : result->deviations) {
    answer.observables.push_back(deviation.finding.observable);
    EXPECT_EQ(deviation.replays.front().outcome, symex::Outcome::reproduced)
        << deviation.replays.front().text;
  }
  for (const symex::Unknowing& unknown : result->exploration.unknowns) {
    answer.unknown += unknown.reason;
  }
  answer.coverage = result->coverage;
  return answer;
}

std::string returns(std::uint32_t value) {
  return fmt::format("w0 = {}\nexit\n", static_cast<std::int32_t>(value));
}

std::string call(std::uint32_t number) {
  return fmt::format("call #{}\n", number);
}

/// flows[1] = value; returns `action`.
std::string puts(int value, std::uint32_t action) {
  return fmt::format(
      "*(u32 *)(r10 - 4) = 1\n*(u64 *)(r10 - 16) = {}\nr1 = map[0] ll\nr2 = r10\nr2 += -4\n"
      "r3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem#2\n{}",
      value, returns(action));
}

/// Byte 0 of the packet becomes `value`, if there are 20 bytes.
std::string writes(int value) {
  return fmt::format(
      "r7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r7\nr4 += 20\nif r4 > r3 goto out\n"
      "*(u8 *)(r7 + 0) = {}\nout:\nr0 = 2\nexit\n",
      value);
}

TEST(Specification, AFullOneComparesEverything) {
  EXPECT_TRUE(ask(returns(2), returns(2)).observables.empty());
  EXPECT_EQ(ask(returns(2), returns(1)).observables, std::vector<std::string>{"return value"});
  EXPECT_EQ(ask(returns(2), writes(7)).observables, std::vector<std::string>{"packet"});
  EXPECT_EQ(ask(returns(2), puts(5, 2)).observables, std::vector<std::string>{"map flows"});
  EXPECT_TRUE(ask(writes(7), writes(7)).observables.empty());
  EXPECT_TRUE(ask(puts(5, 2), puts(5, 2)).observables.empty());
}

TEST(Specification, ReturnCodesLeaveThingsOpen) {
  EXPECT_TRUE(ask(returns(pass_any_state), puts(5, 2)).observables.empty());
  EXPECT_EQ(ask(returns(pass_any_state), puts(5, 1)).observables,
            std::vector<std::string>{"return value"});
  EXPECT_TRUE(ask(returns(any_action), returns(3)).observables.empty());
  EXPECT_EQ(ask(returns(any_action), puts(5, 3)).observables,
            std::vector<std::string>{"map flows"});
}

TEST(Specification, CallsLeaveThingsOpen) {
  EXPECT_TRUE(ask(call(0x5be00100) + returns(2), returns(1)).observables.empty());
  const std::string first_byte = "r1 = 0\nr2 = 1\n" + call(0x5be00101) + returns(2);
  EXPECT_TRUE(ask(first_byte, writes(7)).observables.empty());
  const std::string second_byte = "r1 = 1\nr2 = 1\n" + call(0x5be00101) + returns(2);
  EXPECT_EQ(ask(second_byte, writes(7)).observables, std::vector<std::string>{"packet"});
  const std::string flows = "r1 = map[0] ll\n" + call(0x5be00102) + returns(2);
  EXPECT_TRUE(ask(flows, puts(5, 2)).observables.empty());
  const std::string other = "r1 = map[1] ll\n" + call(0x5be00102) + returns(2);
  EXPECT_EQ(ask(other, puts(5, 2)).observables, std::vector<std::string>{"map flows"});
  EXPECT_TRUE(ask(call(0x5be00103) + returns(2), puts(5, 2)).observables.empty());
}

TEST(Specification, MayReadThePacketWithoutChecks) {
  // The program passes packets whose byte 13 is 6, drops others.
  const std::string program =
      "r7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r7\nr4 += 14\nr0 = 1\n"
      "if r4 > r3 goto out\nr5 = *(u8 *)(r7 + 13)\nif r5 != 6 goto out\nr0 = 2\nout:\nexit\n";
  const std::string direct =
      "r7 = *(u32 *)(r1 + 0)\nr0 = 1\nr5 = *(u8 *)(r7 + 13)\nif r5 != 6 goto +1\nr0 = 2\nexit\n";
  const Answer inside = ask(direct, program);
  EXPECT_TRUE(inside.observables.empty() && inside.unknown.empty()) << inside.unknown;
  // Byte 60 is behind the end of some packets: undefined there, by name.
  const std::string beyond =
      "r7 = *(u32 *)(r1 + 0)\nr5 = *(u8 *)(r7 + 60)\n" + returns(any_action_any_state);
  EXPECT_NE(ask(beyond, program).unknown.find("the specification is undefined"), std::string::npos);
  // spec_peek answers -1 there.
  const std::string peeks =
      "r1 = 13\n" + call(0x5be00106) + "r5 = r0\nr0 = 1\nif r5 != 6 goto +1\nr0 = 2\nexit\n";
  const Answer peeked = ask(peeks, program);
  EXPECT_TRUE(peeked.observables.empty() && peeked.unknown.empty()) << peeked.unknown;
  const std::string far = "r1 = 60\n" + call(0x5be00106) + "if r0 s< 0 goto +2\nr0 = 2\nexit\n" +
                          returns(any_action_any_state);
  EXPECT_EQ(ask(far, program).observables, std::vector<std::string>{"return value"});
}

TEST(Specification, LengthAndAssumptions) {
  // Packets of 20 bytes and more are not considered.
  const std::string program =
      "r7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr7 += 20\nr0 = 1\nif r7 > r3 goto +1\n"
      "r0 = 2\nexit\n";
  const std::string spec =
      call(0x5be00107) + "r1 = 0\nif r0 > 19 goto +1\nr1 = 1\n" + call(0x5be00108) + returns(1);
  EXPECT_TRUE(ask(spec, program).observables.empty());
  EXPECT_EQ(ask(returns(1), program).observables, std::vector<std::string>{"return value"});
}

TEST(Specification, CoverageShowsAVacuousOne) {
  const Answer nothing = ask(returns(any_action_any_state), puts(5, 1));
  EXPECT_TRUE(nothing.coverage.says_nothing());
  EXPECT_GT(nothing.coverage.paths, 0u);
  const Answer full = ask(returns(2), returns(2));
  EXPECT_FALSE(full.coverage.says_nothing());
  EXPECT_EQ(full.coverage.silent, 0u);
  EXPECT_EQ(full.coverage.by_observable.at("packet").said, full.coverage.paths);
  const Answer partial = ask(returns(pass_any_state), returns(2));
  EXPECT_EQ(partial.coverage.by_observable.at("packet").said, 0u);
  EXPECT_EQ(partial.coverage.by_observable.at("return value").said, partial.coverage.paths);
}

TEST(Specification, AComputedCodeIsSaidInPart) {
  // XDP_ANY_IGNORE_STATE or XDP_PASS, by a byte of the packet and without a branch.
  const std::string spec = fmt::format(
      "r7 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r7 + 0)\nr0 &= 1\nr1 = {} ll\nr0 *= r1\nr0 += 2\nexit\n",
      pass_any_state - 2);
  const Answer answer = ask(spec, writes(7));
  EXPECT_EQ(answer.observables, std::vector<std::string>{"packet"});
  EXPECT_GT(answer.coverage.by_observable.at("packet").partly, 0u);
}

TEST(Specification, AProgramMayNotMakeItsCalls) {
  const object::Image spec = text_program(maps, returns(2));
  const object::Image program = text_program(maps, call(0x5be00100) + returns(2));
  const auto result = check_specification({&spec, &program, {}, symex::UseKernel::no});
  ASSERT_TRUE(result);
  ASSERT_FALSE(result->exploration.findings.empty());
  EXPECT_EQ(result->exploration.findings.front().property, symex::Property::kernel_contract);
}

constexpr std::string_view ipv4_header =
    "r6 = r1\nr7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r7\nr4 += 34\nif r4 > r3 goto "
    "out\n"
    "r4 = *(u8 *)(r7 + 14)\nif r4 != 0x45 goto out\n*(u16 *)(r7 + 24) = 0\n";

/// Folds r8 twice and puts its complement where an IPv4 header has its checksum.
constexpr std::string_view puts_checksum =
    "r4 = r8\nr4 >>= 16\nr8 &= 0xffff\nr8 += r4\nr4 = r8\nr4 >>= 16\nr8 += r4\nr8 ^= 0xffff\n"
    "*(u16 *)(r7 + 24) = r8\nout:\nr0 = 2\nexit\n";

/// 16-bit words at `first`, `first` + `step` ... of the packet summed up.
std::string sums_words(int first, int last, int step) {
  std::string text = std::string(ipv4_header) + "r8 = 0\n";
  for (int at = first; at != last; at += step) {
    text += fmt::format("r4 = *(u16 *)(r7 + {})\nr8 += r4\n", at);
  }
  return text + std::string(puts_checksum);
}

/// The same by the helper that adds 32-bit words.
std::string asks_for_sum() {
  std::string text(ipv4_header);
  for (int at = 0; at < 20; at += 4) {
    text += fmt::format("r4 = *(u32 *)(r7 + {})\n*(u32 *)(r10 - {}) = r4\n", 14 + at, 24 - at);
  }
  text += "r1 = 0\nr2 = 0\nr3 = r10\nr3 += -24\nr4 = 20\nr5 = 0\n" + call(28) + "r8 = r0\n";
  return text + std::string(puts_checksum);
}

TEST(Specification, ChecksumsInAnyOrderOfSummingAreOne) {
  const std::string backwards = sums_words(32, 12, -2);
  for (const Order order : {Order::specification_first, Order::program_first}) {
    const Answer same = ask(backwards, asks_for_sum(), order);
    EXPECT_TRUE(same.observables.empty());
    EXPECT_EQ(same.unknown, "");
    const Answer short_of_one = ask(sums_words(14, 32, 2), asks_for_sum(), order);
    EXPECT_EQ(short_of_one.observables, std::vector<std::string>{"packet"});
  }
}

/// What is known of a program alone, as text.
std::string told(const symex::Exploration& exploration) {
  std::string text;
  for (const symex::Site& site : exploration.sites) {
    text += fmt::format("{} at {}: {}\n", symex::name(site.property), site.slot,
                        static_cast<int>(site.status));
  }
  for (const symex::Finding& finding : exploration.findings) text += finding.text + "\n";
  for (const symex::Unknowing& unknown : exploration.unknowns) text += unknown.reason + "\n";
  return text;
}

/// One exploration with a specification tells of the program what one without it tells.
void expect_same_alone(std::string_view spec, std::string_view program) {
  const object::Image specification = text_program(maps, spec);
  const object::Image image = text_program(maps, program);
  symex::Options options;
  options.max_packet = 200;
  options.allowed_returns = {1, 2};
  const auto both = check_specification(
      {&specification, &image, options, symex::UseKernel::no, Order::program_first});
  ASSERT_TRUE(both) << both.error().line();
  const std::string at_once = told(of_program_alone(*both));
  const auto alone = symex::Explorer(image.view(), options).explore();
  ASSERT_TRUE(alone) << alone.error().line();
  EXPECT_EQ(at_once, told(*alone)) << program;
}

TEST(Specification, OneExplorationTellsOfTheProgramAloneToo) {
  const std::string unchecked = "r7 = *(u32 *)(r1 + 0)\nr5 = *(u8 *)(r7 + 60)\n" + returns(1);
  const std::string excludes = "r1 = 0\n" + call(0x5be00108) + returns(1);
  const std::string undefined =
      "r7 = *(u32 *)(r1 + 0)\nr5 = *(u8 *)(r7 + 60)\n" + returns(any_action_any_state);
  for (const std::string& program :
       {returns(2), returns(3), writes(7), puts(5, 2), puts(5, 3), unchecked}) {
    for (const std::string& spec :
         {returns(2), returns(any_action_any_state), puts(5, 2), writes(7), excludes, undefined}) {
      expect_same_alone(spec, program);
    }
  }
}

TEST(Specification, OneThatExcludesEveryInputIsUnknown) {
  const Answer answer = ask("r1 = 0\n" + call(0x5be00108) + returns(1), returns(2));
  EXPECT_EQ(answer.unknown, "the assumptions exclude every input");
}

}  // namespace
}  // namespace probity::equiv
