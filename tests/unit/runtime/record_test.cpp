// SPDX-License-Identifier: Apache-2.0
// What a program holds must be let go, once: ring buffer records, dynptrs of them, spin locks. And
// timers, which are recorded.
#include <gtest/gtest.h>

#include <algorithm>

#include "model_run.hpp"

namespace probity::runtime {
namespace {

using program::MapDef;
using program::MapType;

const std::vector<MapDef> maps = {{"ring", MapType::ringbuf, 0, 0, 4096, 0, -1, {}, false},
                                  {"locked", MapType::array, 4, 32, 2, 0, -1, {}, false},
                                  {"hash", MapType::hash, 4, 32, 2, 0, -1, {}, false}};

constexpr std::string_view reserve =
    "r1 = map[0] ll\nr2 = 16\nr3 = 0\ncall #131\nif r0 != 0 goto +1\nexit\nr6 = r0\n";

RunOutput run_record(std::string_view rest) {
  return run_text(std::string(reserve) + std::string(rest), maps);
}

TEST(Record, SubmittedBytesAreRecorded) {
  const RunOutput output =
      run_record("*(u64 *)(r6 + 8) = 7\nr1 = r6\nr2 = 1\ncall #132\nr0 = 0\nexit\n");
  ASSERT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  ASSERT_EQ(output.events.size(), 1u);
  EXPECT_EQ(output.events[0].helper, "bpf_ringbuf_submit");
  EXPECT_EQ(output.events[0].values, std::vector<std::uint64_t>{1});
  EXPECT_EQ(output.events[0].data,
            (Bytes{0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5,  // never written
                   7, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Record, OneThatIsKeptAtTheEndIsALeak) {
  const RunOutput output = run_record("r0 = 0\nexit\n");
  EXPECT_EQ(output.fault.kind, FaultKind::resource_leak);
  EXPECT_EQ(output.fault.slot, 4u);  // where it was reserved
  EXPECT_NE(output.fault.text.find("neither submitted nor discarded"), std::string::npos)
      << output.fault.text;
}

TEST(Record, ALeakIsFoundInTranslatedCodeToo) {
  const std::string text = std::string(reserve) + "r0 = 0\nexit\n";
  for (const EngineKind kind : {EngineKind::emu_x86_64, EngineKind::emu_rv64}) {
    const RunOutput output = run_text_on(kind, text, maps);
    EXPECT_EQ(output.fault.kind, FaultKind::resource_leak) << name(kind);
    EXPECT_EQ(output.fault.slot, 4u) << name(kind);
  }
}

TEST(Record, EventsBeyondTheLimitAreCounted) {
  const RunOutput output =
      run_text("r6 = 70000\ncall #7\nr6 += -1\nif r6 != 0 goto -3\nr0 = 0\nexit\n", maps);
  ASSERT_EQ(output.events.size(), (1u << 16) + 1);
  EXPECT_EQ(output.events.back().helper, "(not kept)");
  EXPECT_EQ(output.events.back().values, std::vector<std::uint64_t>{70000 - (1u << 16)});
}

TEST(Record, IsNotThereAfterTheSubmit) {
  const RunOutput output =
      run_record("r1 = r6\nr2 = 0\ncall #132\n*(u64 *)(r6 + 0) = 7\nr0 = 0\nexit\n");
  EXPECT_EQ(output.fault.kind, FaultKind::out_of_bounds) << output.fault.text;
}

TEST(Record, CannotBeSubmittedTwice) {
  const RunOutput output =
      run_record("r1 = r6\nr2 = 0\ncall #132\nr1 = r6\nr2 = 0\ncall #133\nr0 = 0\nexit\n");
  EXPECT_EQ(output.fault.kind, FaultKind::bad_helper_argument);
  EXPECT_NE(output.fault.text.find("no longer"), std::string::npos) << output.fault.text;
}

TEST(Record, OnlyItsFirstByteNamesIt) {
  const RunOutput output = run_record("r1 = r6\nr1 += 8\nr2 = 0\ncall #132\nr0 = 0\nexit\n");
  EXPECT_EQ(output.fault.kind, FaultKind::bad_helper_argument) << output.fault.text;
}

TEST(Record, ADynptrOfOneThatIsKeptIsALeak) {
  const std::string_view body = "r1 = map[0] ll\nr2 = 16\nr3 = 0\nr4 = r10\nr4 += -16\ncall #198\n";
  EXPECT_EQ(run_text(std::string(body) + "r0 = 0\nexit\n", maps).fault.kind,
            FaultKind::resource_leak);
  const RunOutput released =
      run_text(std::string(body) + "r1 = r10\nr1 += -16\nr2 = 0\ncall #200\nr0 = 0\nexit\n", maps);
  EXPECT_EQ(released.fault.kind, FaultKind::none) << released.fault.text;
}

TEST(Dynptr, ItsMemoryMayBeGone) {
  // A dynptr of a record, read after the record's discard through a copy of its bytes.
  const RunOutput output = run_text(
      "r1 = map[0] ll\nr2 = 16\nr3 = 0\nr4 = r10\nr4 += -16\ncall #198\n"
      "r1 = *(u64 *)(r10 - 16)\n*(u64 *)(r10 - 32) = r1\nr1 = *(u64 *)(r10 - 8)\n"
      "*(u64 *)(r10 - 24) = r1\nr1 = r10\nr1 += -16\nr2 = 0\ncall #200\n"
      "r1 = r10\nr1 += -48\nr2 = 8\nr3 = r10\nr3 += -32\nr4 = 0\nr5 = 0\ncall #201\nr0 = 0\nexit\n",
      maps);
  EXPECT_EQ(output.fault.kind, FaultKind::bad_helper_argument);
  EXPECT_NE(output.fault.text.find("memory is gone"), std::string::npos) << output.fault.text;
}

constexpr std::string_view look_up_locked =
    "*(u32 *)(r10 - 4) = 0\nr1 = map[1] ll\nr2 = r10\nr2 += -4\ncall #1\nr6 = r0\n";

RunOutput run_locked(std::string_view rest) {
  return run_text(std::string(look_up_locked) + std::string(rest), maps);
}

TEST(SpinLock, IsFreeAgainAfterTheUnlock) {
  const RunOutput output = run_locked(
      "r1 = r6\ncall #93\nr1 = r6\ncall #94\nr1 = r6\ncall #93\nr1 = r6\ncall #94\nr0 = 0\nexit\n");
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
}

TEST(SpinLock, MisuseIsAFault) {
  EXPECT_EQ(run_locked("r1 = r6\ncall #93\nr1 = r6\ncall #93\nr0 = 0\nexit\n").fault.kind,
            FaultKind::bad_helper_argument);
  EXPECT_EQ(run_locked("r1 = r6\ncall #94\nr0 = 0\nexit\n").fault.kind,
            FaultKind::bad_helper_argument);
  EXPECT_EQ(run_locked("r1 = r6\ncall #93\nr0 = 0\nexit\n").fault.kind, FaultKind::resource_leak);
}

TEST(Timer, FollowsItsStates) {
  // Results in r7, four bits each: cancel before init, init, init again, start without callback.
  const RunOutput output = run_locked(
      "r1 = r6\ncall #172\nr7 = r0\nr1 = r6\nr2 = map[1] ll\nr3 = 1\ncall #169\nr8 = r0\n"
      "r1 = r6\nr2 = map[1] ll\nr3 = 1\ncall #169\nr9 = r0\nr1 = r6\nr2 = 5\nr3 = 0\ncall #171\n"
      "r7 += 22\nr9 += 16\nr0 += 22\nr7 += r8\nr7 += r9\nr7 += r0\nr0 = r7\nexit\n");
  ASSERT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 0u);
}

TEST(Timer, StartAndCancelAreRecorded) {
  const RunOutput output = run_locked(
      "r1 = r6\nr2 = map[1] ll\nr3 = 7\ncall #169\nr1 = r6\nr2 = func pc+14 ll\ncall #170\n"
      "r1 = r6\nr2 = 500\nr3 = 1\ncall #171\nr1 = r6\nr2 = 500\nr3 = 4\ncall #171\nr7 = r0\n"
      "r1 = r6\ncall #172\nr0 += r7\nexit\nr0 = 0\nexit\n");
  ASSERT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(static_cast<std::int64_t>(output.return_value), 1 - 22);
  ASSERT_EQ(output.events.size(), 4u);
  EXPECT_EQ(output.events[2].helper, "bpf_timer_start");
  EXPECT_EQ(output.events[2].values, (std::vector<std::uint64_t>{500, 1}));
  EXPECT_EQ(output.events[3].values, std::vector<std::uint64_t>{1});
}

TEST(Timer, EndsWithItsValue) {
  // init in a hash element, delete it, put it back: init answers 0 again, not -EBUSY.
  const std::string_view put =
      "r1 = map[2] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -40\nr4 = 0\ncall #2\n"
      "r1 = map[2] ll\nr2 = r10\nr2 += -4\ncall #1\nr1 = r0\nr2 = map[2] ll\nr3 = 1\ncall #169\n";
  std::string text = "*(u32 *)(r10 - 4) = 1\n";
  for (int at = -40; at < -8; at += 8) text += "*(u64 *)(r10 - " + std::to_string(-at) + ") = 0\n";
  text += std::string(put) + "r6 = r0\nr1 = map[2] ll\nr2 = r10\nr2 += -4\ncall #3\n" +
          std::string(put) + "r0 += r6\nexit\n";
  const RunOutput output = run_text(text, maps);
  ASSERT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  EXPECT_EQ(output.return_value, 0u);
}

}  // namespace
}  // namespace probity::runtime
