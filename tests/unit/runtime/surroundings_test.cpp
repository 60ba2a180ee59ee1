// SPDX-License-Identifier: Apache-2.0
// Inputs of a run beyond the packet: ctx fields by name with their limits, whom a program finds
// when it asks, and text that helpers make.
#include <gtest/gtest.h>

#include <algorithm>

#include "model_run.hpp"
#include "runtime/ctx_input.hpp"
#include "runtime/text_format.hpp"

namespace probity::runtime {
namespace {

using program::ProgType;

RunInput with_fields(std::vector<CtxValue> fields) {
  RunInput input;
  input.fields = std::move(fields);
  return input;
}

std::uint64_t field(ProgType type, std::string_view load, std::vector<CtxValue> fields) {
  const std::string text = "r0 = *" + std::string(load) + "\nexit\n";
  const RunOutput output = run_text(text, {}, type, with_fields(std::move(fields)));
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  return output.return_value;
}

TEST(CtxFields, AreSetByName) {
  constexpr ProgType tc = ProgType::sched_cls;
  EXPECT_EQ(field(tc, "(u32 *)(r1 + 8)", {{"mark", 5}}), 5u);
  EXPECT_EQ(field(tc, "(u32 *)(r1 + 56)", {{"cb[2]", 0xffffffff}}), 0xffffffffu);
  EXPECT_EQ(field(tc, "(u64 *)(r1 + 152)", {{"tstamp", 1ull << 40}}), 1ull << 40);
  EXPECT_EQ(field(tc, "(u32 *)(r1 + 20)", {{"vlan_tci", 7}}), 1u);  // vlan_present follows
  EXPECT_EQ(field(tc, "(u32 *)(r1 + 160)", {{"mark", 1}}), 60u);    // wire_len of a ctx_in
  EXPECT_EQ(field(tc, "(u32 *)(r1 + 160)", {}), 0u);
  EXPECT_EQ(field(ProgType::xdp, "(u32 *)(r1 + 12)", {{"ingress_ifindex", 9}}), 9u);
}

std::string refusal(ProgType type, const CtxValue& value) {
  const auto row = require_ctx_value(type, value);
  return row ? std::string((*row)->name) : std::string(row.error().line());
}

TEST(CtxFields, RefusalsNameTheFieldTheValueAndTheLimit) {
  EXPECT_EQ(refusal(ProgType::sched_cls, {"tc_index", 65535}), "tc_index");
  EXPECT_EQ(refusal(ProgType::sched_cls, {"tc_index", 65536}),
            "ctx field tc_index: 65536 exceeds 65535");
  EXPECT_EQ(refusal(ProgType::sched_cls, {"wire_len", 65537}),
            "ctx field wire_len: 65537 exceeds 65536");
  EXPECT_EQ(refusal(ProgType::xdp, {"mark", 1}),
            "ctx field 'mark': not one that a run of a xdp program can set (ingress_ifindex, "
            "rx_queue_index, egress_ifindex)");
  for (const std::string_view name : {"len", "data", "vlan_present", "sk", "family", "nonsense"}) {
    EXPECT_NE(refusal(ProgType::sched_cls, {std::string(name), 1}), name);
  }
  EXPECT_EQ(refusal(ProgType::cgroup_skb, {"family", 2}), "family");
}

TEST(CtxFields, AWireLengthBelowThePacketsIsRefused) {
  constexpr bpf::Slot slots[] = {{0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
  program::View view;
  view.name = "test";
  view.type = ProgType::sched_cls;
  view.slots = slots;
  const auto engine = load_interpreter(view, {});
  ASSERT_TRUE(engine) << engine.error().line();
  RunInput input = with_fields({{"wire_len", 59}});
  input.packet = model_packet();
  const auto output = (*engine)->run(input);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().line(), "ctx field wire_len: 59 is below the packet's 60");
}

TEST(CtxFields, EgressNeedsItsAttachType) {
  const RunOutput output = run_text("r0 = *(u32 *)(r1 + 20)\nexit\n", {});
  EXPECT_EQ(output.fault.kind, FaultKind::bad_ctx_access) << output.fault.text;
}

TEST(Surroundings, AnswerAndAreRecorded) {
  RunInput input;
  input.surroundings.process_id = 7;
  input.surroundings.thread_id = 8;
  input.surroundings.command = "a name longer than fifteen";
  const RunOutput output = run_text(
      "call #14\nr6 = r0\nr1 = r10\nr1 += -16\nr2 = 16\ncall #16\nr0 = *(u8 *)(r10 - 2)\n"
      "r1 = *(u8 *)(r10 - 1)\nr0 <<= 8\nr0 += r1\nr6 <<= 16\nr0 += r6\nexit\n",
      {}, ProgType::sched_cls, input);
  ASSERT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, (std::uint64_t{7} << 48 | 8 << 16) + (std::uint64_t{'t'} << 8));
  ASSERT_EQ(output.events.size(), 2u);
  EXPECT_EQ(output.events[0].values, std::vector<std::uint64_t>{std::uint64_t{7} << 32 | 8});
}

TEST(Surroundings, TheTaskCannotBeRead) {
  const RunOutput output = run_text(
      "call #35\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = r0\nr3 += 100\ncall #113\nr0 = 0\nexit\n", {},
      ProgType::sched_cls, {});
  EXPECT_EQ(output.fault.kind, FaultKind::unsupported);
  EXPECT_NE(output.fault.text.find("memory of the kernel is not modelled"), std::string::npos)
      << output.fault.text;
}

FormattedText format(std::string_view text, std::vector<std::uint64_t> arguments) {
  Bytes bytes(text.begin(), text.end());
  bytes.push_back(0);
  const TextReader read_text = [](std::uint64_t) { return std::optional<std::string>("abc"); };
  const BytesReader read_bytes = [](std::uint64_t, std::size_t size) {
    Bytes result(size);
    for (std::size_t i = 0; i < size; ++i) result[i] = static_cast<std::uint8_t>(i + 1);
    return std::optional<Bytes>(result);
  };
  return format_text(bytes, arguments, read_text, read_bytes);
}

TEST(TextFormat, PrintsAsTheKernel) {
  constexpr std::uint64_t minus_one = ~std::uint64_t{0};
  EXPECT_EQ(format("%d %u %x", {minus_one, minus_one, minus_one}).text, "-1 4294967295 ffffffff");
  EXPECT_EQ(format("%ld %lu %llX", {minus_one, minus_one, minus_one}).text,
            "-1 18446744073709551615 FFFFFFFFFFFFFFFF");
  EXPECT_EQ(format("[%5d][%-5d][%05d][%+d]", {42, 42, 42, 42}).text, "[   42][42   ][00042][+42]");
  EXPECT_EQ(format("%05d", {static_cast<std::uint64_t>(-42)}).text, "-0042");
  EXPECT_EQ(format("%s|%c|100%%", {1, 'x'}).text, "abc|x|100%");
  EXPECT_EQ(format("%pI4 %pi4 %pi6", {1, 1, 1}).text,
            "1.2.3.4 001.002.003.004 0102030405060708090a0b0c0d0e0f10");
  EXPECT_TRUE(format("%p", {1}).has_hidden_address);
}

TEST(TextFormat, CountsTheArgumentsThatItTook) {
  EXPECT_EQ(format("100%%", {1, 2, 3}).arguments, 0u);
  EXPECT_EQ(format("%d", {1, 2, 3}).arguments, 1u);
  EXPECT_EQ(format("%s %pI4 %llx", {1, 2, 3}).arguments, 3u);
}

TEST(TextFormat, RefusesWhatTheKernelRefuses) {
  EXPECT_EQ(format("%z", {1}).error, -22);
  EXPECT_EQ(format("%d %d", {1}).error, -22);
  EXPECT_EQ(format("%sx", {1}).error, -22);
  EXPECT_EQ(format("\x01", {}).error, -22);
  EXPECT_EQ(format("%", {1}).error, -22);
  const Bytes unterminated = {'a'};
  EXPECT_EQ(format_text(unterminated, {}, {}, {}).error, -22);
}

}  // namespace
}  // namespace probity::runtime
