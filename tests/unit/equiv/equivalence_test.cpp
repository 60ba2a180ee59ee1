// SPDX-License-Identifier: Apache-2.0
// Pairs of small programs: those that behave the same are equivalent, those that differ in one
// observable are told apart by it, and every difference shows on the engines of this process.
#include <algorithm>

#include <fmt/format.h>

#include "equiv/equivalence.hpp"
#include "text_program.hpp"

namespace probity::equiv {
namespace {

constexpr std::string_view xdp = "map flows hash 4 8 16\nmap events perf_event_array 4 4 4\n";
constexpr std::string_view tc = "type sched_cls\n";

struct Answer {
  bool equal = false;
  std::vector<std::string> observables;  ///< of the differences
  std::string engines;                   ///< that reproduced the first difference
};

Answer ask(std::string_view settings, std::string_view a, std::string_view b,
           const Ignored& ignored = {}) {
  const object::Image first = text_program(settings, a);
  const object::Image second = text_program(settings, b);
  symex::Options options;
  options.max_packet = 200;
  const auto result = compare({{&first}, {&second}, ignored, options, symex::UseKernel::no});
  EXPECT_TRUE(result) << result.error().line();
  Answer answer;
  if (!result) return answer;
  for (const symex::Unknowing& unknown : result->exploration.unknowns) {
    ADD_FAILURE() << unknown.reason;
  }
  EXPECT_FALSE(result->contradicted());
  answer.equal = result->differences.empty();
  for (const Difference& difference : result->differences) {
    const bool relation = difference.finding.property == symex::Property::relation;
    answer.observables.push_back(relation ? difference.finding.observable
                                          : std::string(symex::name(difference.finding.property)));
  }
  if (answer.equal) return answer;
  for (const symex::Replayed& one : result->differences.front().replays) {
    if (one.outcome == symex::Outcome::reproduced) answer.engines += one.engine + " ";
  }
  return answer;
}

std::string both_engines() {
  return runtime::jit_unavailable_reason().empty() ? "interp jit " : "interp ";
}

void expect_difference(const Answer& answer, std::string_view observable) {
  EXPECT_EQ(answer.observables, std::vector<std::string>{std::string(observable)});
  EXPECT_EQ(answer.engines, both_engines());
}

constexpr std::string_view pass = "r0 = 2\nexit\n";

/// `body` with r6 = ctx, r7 = data and 20 bytes of packet below data_end; shorter packets pass.
std::string with_packet(std::string_view body) {
  return fmt::format(
      "r6 = r1\nr7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r7\nr4 += 20\n"
      "if r4 > r3 goto out\n{}out:\nr0 = 2\nexit\n",
      body);
}

/// flows[key] = value with `flags`; returns 1 if that fails.
std::string update(std::string_view key, int value, int flags = 0) {
  return fmt::format(
      "*(u32 *)(r10 - 4) = {}\n*(u64 *)(r10 - 16) = {}\nr1 = map[0] ll\nr2 = r10\nr2 += -4\n"
      "r3 = r10\nr3 += -16\nr4 = {}\ncall bpf_map_update_elem#2\n",
      key, value, flags);
}

std::string erase(std::string_view key) {
  return fmt::format(
      "*(u32 *)(r10 - 4) = {}\nr1 = map[0] ll\nr2 = r10\nr2 += -4\ncall bpf_map_delete_elem#3\n",
      key);
}

/// Gives `value` to the perf event array; needs r6 = ctx.
std::string emit(int value) {
  return fmt::format(
      "*(u64 *)(r10 - 8) = {}\nr1 = r6\nr2 = map[1] ll\nr3 = 0\nr4 = r10\nr4 += -8\nr5 = 8\n"
      "call bpf_perf_event_output#25\n",
      value);
}

std::string then_pass(std::string_view body) {
  return fmt::format("r6 = r1\n{}{}", body, pass);
}

TEST(Equivalence, OneProgramIsItself) {
  for (const std::string& body :
       {with_packet("*(u8 *)(r7 + 3) = 9\n"), then_pass(update("1", 5) + erase("2")),
        then_pass(emit(1) + emit(2))}) {
    EXPECT_TRUE(ask(xdp, body, body).equal) << body;
  }
}

TEST(Equivalence, OtherInsnsWithTheSameMeaning) {
  // x * 3 by a product and by sums, and the tests in another order.
  const std::string product = with_packet("r1 = *(u8 *)(r7 + 0)\nr1 *= 3\n*(u8 *)(r7 + 1) = r1\n");
  const std::string sums =
      with_packet("r1 = *(u8 *)(r7 + 0)\nr2 = r1\nr2 += r1\nr2 += r1\n*(u8 *)(r7 + 1) = r2\n");
  EXPECT_TRUE(ask(xdp, product, sums).equal);
  const std::string swapped =
      "r7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr7 += 20\nr0 = 2\nif r3 >= r7 goto +1\n"
      "r0 = 1\nexit\n";
  const std::string straight =
      "r7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr7 += 20\nr0 = 1\nif r7 > r3 goto +1\n"
      "r0 = 2\nexit\n";
  EXPECT_TRUE(ask(xdp, swapped, straight).equal);
}

TEST(Equivalence, ReturnValue) {
  expect_difference(ask(xdp, pass, "r0 = 1\nexit\n"), "return value");
  // Only the low 32 bits are the verdict.
  EXPECT_TRUE(ask(xdp, pass, "r0 = 0x700000002 ll\nexit\n").equal);
  EXPECT_TRUE(ask(xdp, pass, "r0 = 1\nexit\n", {.return_value = true}).equal);
}

TEST(Equivalence, APacketByte) {
  const std::string a = with_packet("*(u8 *)(r7 + 3) = 9\n");
  const std::string b = with_packet("*(u8 *)(r7 + 3) = 8\n");
  expect_difference(ask(xdp, a, b), "packet");
  Ignored ignored;
  ignored.packet_ranges = {{3, 1}};
  EXPECT_TRUE(ask(xdp, a, b, ignored).equal);
  ignored.packet_ranges = {{0, 3}, {4, 100}};
  EXPECT_FALSE(ask(xdp, a, b, ignored).equal);
  ignored.packet = true;
  EXPECT_TRUE(ask(xdp, a, b, ignored).equal);
}

TEST(Equivalence, AByteThatWasThereAlready) {
  const std::string writes =
      with_packet("r1 = *(u8 *)(r7 + 3)\nif r1 != 9 goto out\n*(u8 *)(r7 + 3) = 9\n");
  EXPECT_TRUE(ask(xdp, writes, then_pass("")).equal);
}

TEST(Equivalence, TheLengthOfThePacket) {
  const auto shrink = [](int bytes) {
    return fmt::format("r2 = {}\ncall bpf_xdp_adjust_tail#65\n{}", -bytes, pass);
  };
  expect_difference(ask(xdp, shrink(4), shrink(5)), "packet");
  EXPECT_TRUE(ask(xdp, shrink(4), shrink(4)).equal);
}

TEST(Equivalence, AnEntryWritten) {
  expect_difference(ask(xdp, then_pass(update("1", 5)), then_pass(update("1", 6))), "map flows");
  expect_difference(ask(xdp, then_pass(update("1", 5)), then_pass(update("2", 5))), "map flows");
  Ignored ignored;
  ignored.maps = {"flows"};
  EXPECT_TRUE(ask(xdp, then_pass(update("1", 5)), then_pass(update("1", 6)), ignored).equal);
}

TEST(Equivalence, AnEntryDeleted) {
  expect_difference(ask(xdp, then_pass(erase("1")), then_pass("")), "map flows");
  expect_difference(ask(xdp, then_pass(erase("1")), then_pass(erase("2"))), "map flows");
  EXPECT_TRUE(
      ask(xdp, then_pass(erase("1") + erase("2")), then_pass(erase("2") + erase("1"))).equal);
}

TEST(Equivalence, OnlyWhenTheMapIsFull) {
  // Both put the same entry; only what is returned when there is no room differs.
  const auto on_failure = [](int action) {
    return fmt::format("{}if r0 == 0 goto +2\nr0 = {}\nexit\nr0 = 2\nexit\n", update("1", 5),
                       action);
  };
  EXPECT_TRUE(ask(xdp, on_failure(1), on_failure(1)).equal);
  expect_difference(ask(xdp, on_failure(1), on_failure(3)), "return value");
}

TEST(Equivalence, OnlyWhenAHelperFails) {
  const auto on_failure = [](int action) {
    return fmt::format(
        "r2 = -14\ncall bpf_xdp_adjust_head#44\nif r0 == 0 goto +2\nr0 = {}\nexit\nr0 = 2\nexit\n",
        action);
  };
  EXPECT_TRUE(ask(xdp, on_failure(1), on_failure(1)).equal);
  expect_difference(ask(xdp, on_failure(1), on_failure(3)), "return value");
}

TEST(Equivalence, WhatIsPutOutAndInWhichOrder) {
  expect_difference(ask(xdp, then_pass(emit(1)), then_pass(emit(2))), "output");
  expect_difference(ask(xdp, then_pass(emit(1) + emit(2)), then_pass(emit(2) + emit(1))), "output");
  expect_difference(ask(xdp, then_pass(emit(1)), then_pass(emit(1) + emit(1))), "output");
  EXPECT_TRUE(ask(xdp, then_pass(emit(1)), then_pass(emit(2)), {.trace = true}).equal);
}

TEST(Equivalence, ACtxField) {
  const auto mark = [](int value) {
    return fmt::format("*(u32 *)(r1 + 8) = {}\nr0 = 0\nexit\n", value);
  };
  expect_difference(ask(tc, mark(1), mark(2)), "ctx");
  EXPECT_TRUE(ask(tc, mark(1), mark(1)).equal);
  EXPECT_TRUE(ask(tc, mark(1), mark(2), {.ctx = true}).equal);
}

/// Metadata of four bytes that hold `value`; r0 = 2.
std::string with_metadata(int value) {
  return fmt::format(
      "r6 = r1\nr2 = -4\ncall bpf_xdp_adjust_meta#54\nif r0 != 0 goto out\n"
      "r2 = *(u32 *)(r6 + 8)\nr3 = *(u32 *)(r6 + 0)\nr4 = r2\nr4 += 4\nif r4 > r3 goto out\n"
      "*(u32 *)(r2 + 0) = {}\nout:\nr0 = 2\nexit\n",
      value);
}

TEST(Equivalence, Metadata) {
  EXPECT_TRUE(ask(xdp, with_metadata(1), with_metadata(1)).equal);
  expect_difference(ask(xdp, with_metadata(1), with_metadata(2)), "metadata");
  // It belongs to the packet, whose data does not differ.
  EXPECT_TRUE(ask(xdp, with_metadata(1), with_metadata(2), {.packet = true}).equal);
  const Answer without = ask(xdp, with_metadata(1), pass);
  EXPECT_EQ(without.observables, std::vector<std::string>{"metadata"});
  EXPECT_EQ(without.engines, both_engines());
}

TEST(Equivalence, WhatAClockAnswersIsGivenToTheEngines) {
  const auto at = [](std::string_view time) {
    return fmt::format(
        "call bpf_ktime_get_ns#5\nr6 = r0\ncall bpf_ktime_get_ns#5\nr2 = {} ll\n"
        "r0 -= r6\nif r0 == r2 goto +2\nr0 = 2\nexit\nr0 = 1\nexit\n",
        time);
  };
  EXPECT_TRUE(ask(xdp, at("0x123456789a"), at("0x123456789a")).equal);
  expect_difference(ask(xdp, at("0x123456789a"), at("0x123456789b")), "return value");
}

TEST(Equivalence, AnAnswerThatIsAFailure) {
  const auto on_failure = [](int action) {
    return fmt::format("r6 = r1\n{}if r0 == -28 goto +2\nr0 = 2\nexit\nr0 = {}\nexit\n", emit(1),
                       action);
  };
  EXPECT_TRUE(ask(xdp, on_failure(1), on_failure(1)).equal);
  expect_difference(ask(xdp, on_failure(1), on_failure(3)), "return value");
}

TEST(Equivalence, ProgramsThatSomebodyElsePutsIntoAnArray) {
  constexpr std::string_view settings = "map next prog_array 4 4 8\nmap flows hash 4 8 16\n";
  const auto calls = [](int index, std::string_view first) {
    return fmt::format("r6 = r1\n{}r1 = r6\nr2 = map[0] ll\nr3 = {}\ncall bpf_tail_call#12\n{}",
                       first, index, pass);
  };
  EXPECT_TRUE(ask(settings, calls(3, ""), calls(3, "")).equal);
  const Answer other = ask(settings, calls(3, ""), calls(4, ""));
  EXPECT_NE(std::ranges::find(other.observables, "return value"), other.observables.end());
  EXPECT_EQ(other.engines, both_engines());
  // The element must be there for the difference to show: what comes after the call is not run.
  const std::string late = "r6 = r1\nr1 = r6\nr2 = map[0] ll\nr3 = 3\ncall bpf_tail_call#12\n";
  expect_difference(ask(settings, late + "r0 = 1\nexit\n", late + "r0 = 3\nexit\n"),
                    "return value");
}

TEST(Equivalence, BytesOfARecordThatNobodyWrote) {
  constexpr std::string_view settings = "map records ringbuf 0 0 4096\n";
  const auto sends = [](std::string_view writes) {
    return fmt::format(
        "r6 = r1\nr1 = map[0] ll\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve#131\n"
        "if r0 == 0 goto out\n{}r1 = r0\nr2 = 0\ncall bpf_ringbuf_submit#132\n"
        "out:\nr0 = 2\nexit\n",
        writes);
  };
  const std::string both = "*(u64 *)(r0 + 0) = 1\n*(u64 *)(r0 + 8) = 2\n";
  EXPECT_TRUE(ask(settings, sends(both), sends(both)).equal);
  expect_difference(ask(settings, sends(both), sends("*(u64 *)(r0 + 0) = 1\n")), "output");
}

TEST(Equivalence, ARouteThatIsFound) {
  // Sixty-four bytes of question: AF_INET and zeros.
  const auto asks = [](int interface) {
    std::string text = "r6 = r1\n";
    for (int at = 8; at <= 64; at += 8) text += fmt::format("*(u64 *)(r10 - {}) = 0\n", at);
    return text + fmt::format(
                      "*(u8 *)(r10 - 64) = 2\n*(u32 *)(r10 - 56) = {}\nr1 = r6\nr2 = r10\n"
                      "r2 += -64\nr3 = 64\nr4 = 0\ncall bpf_fib_lookup#69\n"
                      "if r0 != 0 goto out\nr0 = *(u8 *)(r10 - 4)\nexit\nout:\nr0 = 2\n"
                      "exit\n",
                      interface);
  };
  EXPECT_TRUE(ask(xdp, asks(1), asks(1)).equal);
  expect_difference(ask(xdp, asks(1), asks(2)), "return value");
}

TEST(Equivalence, ASocketIsTheSameForBoth) {
  constexpr std::string_view settings = "type cgroup_skb\n";
  const auto reads = [](int action) {
    return fmt::format(
        "r0 = *(u64 *)(r1 + 168)\nif r0 == 0 goto out\nr0 = *(u32 *)(r0 + 4)\n"
        "if r0 != 2 goto out\nr0 = {}\nexit\nout:\nr0 = 1\nexit\n",
        action);
  };
  EXPECT_TRUE(ask(settings, reads(0), reads(0)).equal);
  EXPECT_FALSE(ask(settings, reads(0), reads(1)).equal);
}

TEST(Equivalence, AProgramThatIsNotSafeIsNotEquivalent) {
  const std::string reads = "r7 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r7 + 40)\nr0 = 2\nexit\n";
  const Answer answer = ask(xdp, then_pass(""), reads);
  EXPECT_EQ(answer.observables, std::vector<std::string>{"memory bounds"});
  EXPECT_NE(answer.engines.find("interp"), std::string::npos);
}

TEST(Equivalence, WhatCannotBeComparedIsRefusedByName) {
  const object::Image a = text_program(xdp, pass);
  const object::Image b = text_program(tc, "r0 = 0\nexit\n");
  const object::Image c = text_program("map flows hash 8 8 16\n", pass);
  const auto line = [](const object::Image& x, const object::Image& y, Ignored ignored = {}) {
    const auto result = compare({{&x}, {&y}, std::move(ignored), {}, symex::UseKernel::no});
    EXPECT_FALSE(result);
    return result ? std::string() : std::string(result.error().line());
  };
  EXPECT_NE(line(a, b).find("type xdp"), std::string::npos);
  EXPECT_NE(line(a, c).find("map flows is"), std::string::npos);
  Ignored ignored;
  ignored.maps = {"nosuch"};
  EXPECT_NE(line(a, a, ignored).find("\"nosuch\""), std::string::npos);
}

/// bpf_trace_printk of the 8 bytes of `text`, with `second` in the register of its second argument.
std::string message(std::string_view text, std::string_view first, std::string_view second) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) word |= std::uint64_t(text[i]) << (8 * i);
  return fmt::format(
      "r1 = {:#x} ll\n*(u64 *)(r10 - 8) = r1\nr3 = {}\nr4 = {}\nr5 = 0\nr1 = r10\nr1 += -8\n"
      "r2 = 8\ncall bpf_trace_printk#6\nr0 = 2\nexit\n",
      word, first, second);
}

TEST(Equivalence, OfMessagesOnlyWhatTheyPrintIsCompared) {
  EXPECT_TRUE(ask(xdp, message("n %d", "1", "2"), message("n %d", "1", "3")).equal);
  EXPECT_TRUE(ask(xdp, message("none", "1", "2"), message("none", "7", "3")).equal);
  expect_difference(ask(xdp, message("n %d", "1", "2"), message("n %d", "5", "2")), "output");
  expect_difference(ask(xdp, message("%d %d", "1", "2"), message("%d %d", "1", "3")), "output");
}

}  // namespace
}  // namespace probity::equiv
