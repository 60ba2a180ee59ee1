// SPDX-License-Identifier: Apache-2.0
// Each rule by which two programs are found disjoint has a pair here that needs it, and a pair next
// to it that the same rule must not let through.
#include <algorithm>

#include "pair.hpp"

namespace probity::interact {
namespace {

const std::string passes_all = "r0 = 2\nexit\n";

/// Runs `body` if the packet has 60 bytes; r6 is ctx, r7 the packet.
std::string on_packet(std::string_view body, std::string_view verdict = "2") {
  return fmt::format(
      "r6 = r1\nr7 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr0 = 2\nr4 = r7\nr4 += 60\n"
      "if r4 > r3 goto out\n{}r0 = {}\nout:\nexit\n",
      body, verdict);
}
std::string write_byte(int offset, std::string_view value) {
  return on_packet(fmt::format("*(u8 *)(r7 + {}) = {}\n", offset, value));
}
/// The lookup of a key in map number `map`; `then` runs with the value in r0.
std::string with_entry(int map, std::string_view key, std::string_view then) {
  return fmt::format(
      "*(u32 *)(r10 - 4) = {}\nr1 = map[{}] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\n"
      "if r0 == 0 goto none\n{}none:\nr0 = 2\nexit\n",
      key, map, then);
}
std::string update(int map, std::string_view key, int value) {
  return fmt::format(
      "*(u32 *)(r10 - 4) = {}\n*(u64 *)(r10 - 16) = {}\nr1 = map[{}] ll\nr2 = r10\nr2 += -4\n"
      "r3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem#2\nr0 = 2\nexit\n",
      key, value, map);
}
constexpr int table = 0;
constexpr int slots = 1;
constexpr int recent = 2;

TEST(Order, ReadersCommute) {
  EXPECT_EQ(how(passes_all, passes_all), "sets");
  EXPECT_EQ(how(on_packet("r1 = *(u8 *)(r7 + 12)\n"), on_packet("r1 = *(u8 *)(r7 + 12)\n")),
            "sets");
}

TEST(Order, BytesOfThePacketAreToldApart) {
  EXPECT_EQ(how(write_byte(20, "1"), write_byte(21, "2")), "sets");
  EXPECT_EQ(how(write_byte(20, "1"), write_byte(20, "2")), "packet");
  EXPECT_EQ(how(write_byte(20, "1"), on_packet("r1 = *(u8 *)(r7 + 21)\n*(u8 *)(r7 + 5) = r1\n")),
            "sets");
  EXPECT_EQ(how(write_byte(20, "1"), on_packet("r1 = *(u8 *)(r7 + 20)\n*(u8 *)(r7 + 5) = r1\n")),
            "packet");
  EXPECT_EQ(how(on_packet("*(u32 *)(r7 + 17) = 1\n"), write_byte(20, "2")), "packet");
}

TEST(Order, TheSameConstantCommutes) {
  EXPECT_EQ(how(write_byte(20, "7"), write_byte(20, "7")), "exploration");
}

TEST(Order, ComputedOffsetsAreComparedUnderTheirConditions) {
  const auto at_nibble = [](int selector, int first) {
    return on_packet(
        fmt::format("r1 = *(u8 *)(r7 + {})\nr1 &= 15\nr7 += r1\n*(u8 *)(r7 + {}) = {}\n", selector,
                    first, first));
  };
  EXPECT_EQ(how(at_nibble(0, 10), at_nibble(1, 30)), "sets");
  EXPECT_EQ(how(at_nibble(0, 10), at_nibble(0, 20)), "sets");
  EXPECT_EQ(how(at_nibble(0, 10), at_nibble(1, 20)), "packet");
}

TEST(Order, TrafficClassesAreToldApart) {
  const auto in_class = [](int protocol, int value) {
    return on_packet(fmt::format(
        "r1 = *(u8 *)(r7 + 23)\nif r1 != {} goto out\n*(u8 *)(r7 + 36) = {}\n", protocol, value));
  };
  EXPECT_EQ(how(in_class(6, 1), in_class(17, 2)), "sets");
  EXPECT_EQ(how(in_class(6, 1), in_class(6, 2)), "packet");
}

TEST(Order, KeysOfAMapAreToldApart) {
  EXPECT_EQ(how(with_entry(slots, "1", "*(u64 *)(r0 + 0) = 1\n"),
                with_entry(slots, "2", "*(u64 *)(r0 + 0) = 2\n")),
            "sets");
  EXPECT_EQ(how(with_entry(slots, "1", "*(u64 *)(r0 + 0) = 1\n"),
                with_entry(slots, "1", "*(u64 *)(r0 + 0) = 2\n")),
            "map slots");
  EXPECT_EQ(how(with_entry(table, "1", "*(u64 *)(r0 + 0) = 1\n"),
                with_entry(slots, "1", "*(u64 *)(r0 + 0) = 2\n")),
            "sets");
}

TEST(Order, BytesOfAValueAreToldApart) {
  EXPECT_EQ(how(with_entry(slots, "1", "*(u32 *)(r0 + 0) = 1\n"),
                with_entry(slots, "1", "*(u32 *)(r0 + 4) = 2\n")),
            "sets");
  EXPECT_EQ(how(with_entry(slots, "1", "*(u32 *)(r0 + 0) = 1\n"),
                with_entry(slots, "1", "*(u32 *)(r0 + 2) = 2\n")),
            "map slots");
}

TEST(Order, AdditionsToOneCounterCommute) {
  const std::string add =
      with_entry(slots, "0", "r1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\n");
  const std::string add_three =
      with_entry(slots, "0", "r1 = *(u64 *)(r0 + 0)\nr1 += 3\n*(u64 *)(r0 + 0) = r1\n");
  const std::string times_two =
      with_entry(slots, "0", "r1 = *(u64 *)(r0 + 0)\nr1 *= 2\n*(u64 *)(r0 + 0) = r1\n");
  EXPECT_EQ(how(add, add_three), "exploration");
  EXPECT_EQ(how(add, times_two), "map slots");
}

TEST(Order, AnInsertIsSeenByALookupOfItsKeyOnly) {
  const std::string drops_if_there = with_entry(table, "5", "r0 = 1\nexit\n");
  EXPECT_EQ(how(update(table, "5", 1), drops_if_there, Chain::all), "return value");
  EXPECT_EQ(how(update(table, "6", 1), drops_if_there, Chain::all), "sets");
}

/// A replay that does not hand on what the first program left shows no difference here.
TEST(Order, TheSecondProgramFindsWhatTheFirstLeft) {
  const std::string drops_if_one =
      on_packet("r1 = *(u8 *)(r7 + 20)\nif r1 != 1 goto pass\nr0 = 1\nexit\npass:\n");
  EXPECT_EQ(how(write_byte(20, "1"), drops_if_one, Chain::all), "return value");
  const std::string drops_if_there = with_entry(table, "5", "r0 = 1\nexit\n");
  EXPECT_EQ(how(update(table, "5", 1), drops_if_there, Chain::all), "return value");
}

TEST(Order, InsertsCompeteForRoom) {
  EXPECT_EQ(how(update(table, "1", 1), update(table, "2", 2)), "map table");
}

TEST(Order, AnLruInsertMayDropAnyEntry) {
  const PairAnswer answer =
      ask(update(recent, "1", 1), with_entry(recent, "2", "r1 = *(u64 *)(r0 + 0)\n"), Chain::all);
  EXPECT_FALSE(answer.sets.proved);
}

TEST(Order, MovingThePacketIsSeenByEveryReader) {
  const std::string cuts = "r2 = -2\ncall bpf_xdp_adjust_tail#65\nr0 = 2\nexit\n";
  const std::string by_length =
      "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr0 = 1\nr2 += 60\nif r2 > r3 goto out\n"
      "r0 = 2\nout:\nexit\n";
  EXPECT_EQ(how(cuts, by_length, Chain::all), "return value");
  EXPECT_EQ(how(cuts, passes_all), "sets");
}

TEST(Order, AProgramThatEndsTheChainHidesTheOther) {
  const std::string drops = "r0 = 1\nexit\n";
  const std::string reflects = "r0 = 3\nexit\n";
  EXPECT_EQ(how(write_byte(20, "1"), reflects), "packet");
  EXPECT_EQ(how(write_byte(20, "1"), reflects, Chain::all), "sets");
  EXPECT_EQ(how(passes_all, drops), "sets");
  EXPECT_EQ(how(drops, reflects), "return value");
  EXPECT_EQ(how(drops, reflects, Chain::all), "sets");
  EXPECT_EQ(how(drops, drops), "sets");
}

TEST(Order, NobodySeesTheBytesOfADroppedPacket) {
  const std::string drops = "r0 = 1\nexit\n";
  EXPECT_EQ(how(write_byte(20, "1"), drops), "sets");
  EXPECT_EQ(how(with_entry(slots, "1", "*(u64 *)(r0 + 0) = 1\n"), drops), "map slots");
  const std::string drops_if_marked =
      on_packet("r1 = *(u8 *)(r7 + 20)\nr0 = 1\nif r1 == 1 goto out\n");
  EXPECT_EQ(how(write_byte(20, "1"), drops_if_marked), "return value");
}

TEST(Order, FieldsOfTheContextAreToldApart) {
  const std::string marks = "*(u32 *)(r1 + 8) = 7\nr0 = -1\nexit\n";
  const std::string by_mark =
      "r2 = *(u32 *)(r1 + 8)\nr0 = -1\nif r2 != 7 goto out\nr0 = 2\nout:\nexit\n";
  const std::string by_priority =
      "r2 = *(u32 *)(r1 + 32)\nr0 = -1\nif r2 != 7 goto out\nr0 = 2\nout:\nexit\n";
  const PairAnswer answer = ask(marks, by_mark, Chain::all, "sched_cls");
  EXPECT_FALSE(answer.sets.proved);
  ASSERT_EQ(answer.order.verdict, OrderVerdict::differ);
  EXPECT_EQ(answer.order.difference->observable, "return value");
  EXPECT_EQ(answer.replay, "engines do not hand fields of the context on");
  EXPECT_EQ(how(marks, by_priority, Chain::all, "sched_cls"), "sets");
}

TEST(Order, MessagesKeepTheirOrder) {
  const auto says = [](std::string_view what) {
    return fmt::format(
        "*(u32 *)(r10 - 4) = {}\nr1 = r10\nr1 += -4\nr2 = 4\ncall bpf_trace_printk#6\nr0 = 2\n"
        "exit\n",
        what);
  };
  const PairAnswer answer = ask(says("0x61"), says("0x62"));
  EXPECT_FALSE(answer.sets.proved);
  EXPECT_EQ(answer.order.verdict, OrderVerdict::differ);
}

TEST(Order, AHelperThatIsNotInTheTableTouchesEverything) {
  const std::string replaces = "r2 = 129\nr3 = 1\ncall bpf_skb_vlan_push#18\nr0 = -1\nexit\n";
  const PairAnswer answer =
      ask(replaces, "*(u32 *)(r1 + 8) = 7\nr0 = -1\nexit\n", Chain::all, "sched_cls");
  EXPECT_FALSE(answer.sets.proved);
}

TEST(Order, TimesAreEachProgramsOwn) {
  const std::string stamps =
      on_packet("call bpf_ktime_get_ns#5\nr1 = r0\n*(u64 *)(r7 + 20) = r1\n");
  const PairAnswer answer = ask(stamps, stamps);
  EXPECT_FALSE(answer.sets.proved);
  EXPECT_EQ(answer.order.verdict, OrderVerdict::differ);
}

// The exploration makes maps for a map of maps, which no object has.
TEST(Order, EntriesOfInnerMapsAreInTheSets) {
  const std::string counts =
      "*(u32 *)(r10 - 4) = 1\nr1 = map[4] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\n"
      "if r0 == 0 goto none\nr1 = r0\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem#1\n"
      "if r0 == 0 goto none\nr1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\n"
      "none:\nr0 = 2\nexit\n";
  const std::vector<Subject> subjects = subjects_of(counts, passes_all);
  term::Store store;
  const auto footprint = explore_footprint(subjects[0], {}, store);
  ASSERT_TRUE(footprint) << footprint.error().line();
  EXPECT_TRUE(footprint->exploration.unknowns.empty());
  const NamedSets sets = named_sets(*footprint, store);
  const auto of_inner = [](const std::string& name) { return name.starts_with("map:inner."); };
  EXPECT_TRUE(std::ranges::any_of(sets.read, of_inner));
  EXPECT_TRUE(std::ranges::any_of(sets.write, of_inner));
  EXPECT_EQ(how(counts, counts), "exploration");
}

TEST(Order, ProgramsOfDifferentTypesAreRefused) {
  std::vector<object::Image> images;
  images.push_back(program(passes_all));
  images.push_back(program("r0 = 0\nexit\n", "sched_cls"));
  const std::vector<std::string> files{"a.o", "b.o"};
  const auto subjects = make_subjects(std::move(images), files, {});
  ASSERT_FALSE(subjects);
  EXPECT_NE(subjects.error().line().find("programs of one hook have one type"),
            std::string_view::npos);
}

TEST(Order, PrivateMapsAreNotShared) {
  const std::string one = with_entry(slots, "1", "*(u64 *)(r0 + 0) = 1\n");
  const std::string two = with_entry(slots, "1", "*(u64 *)(r0 + 0) = 2\n");
  std::vector<object::Image> images;
  images.push_back(program(one));
  images.push_back(program(two));
  const std::vector<std::string> files{"a.o", "b.o"};
  const std::vector<std::string> own{"slots"};
  const auto subjects = make_subjects(std::move(images), files, own);
  ASSERT_TRUE(subjects);
  const std::vector<std::string> shared = shared_maps((*subjects)[0], (*subjects)[1]);
  EXPECT_EQ(std::ranges::count(shared, "slots"), 0);
  const auto order = compare_orders((*subjects)[0], (*subjects)[1], Chain::pass, {});
  ASSERT_TRUE(order);
  EXPECT_EQ(order->verdict, OrderVerdict::commute);
}

}  // namespace
}  // namespace probity::interact
