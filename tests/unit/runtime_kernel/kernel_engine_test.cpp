// SPDX-License-Identifier: Apache-2.0
// The live-kernel engine on programs written by hand: results, packets, maps, ctx fields, refusals.
// Every test is skipped by name where the kernel cannot be used.
#include "runtime/kernel_engine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "runtime/kernel_bare.hpp"
#include "runtime/kernel_load.hpp"

namespace probity::runtime {
namespace {

using bpf::Slot;
using program::MapDef;
using program::MapType;
using program::ProgType;

constexpr Slot insn(std::uint8_t opcode, unsigned dst, unsigned src, std::int16_t off,
                    std::int32_t imm) {
  return {opcode, static_cast<std::uint8_t>(dst | src << 4), off, imm};
}
constexpr Slot mov(unsigned dst, std::int32_t imm) {
  return insn(0xb7, dst, 0, 0, imm);
}
constexpr Slot exit_insn() {
  return insn(0x95, 0, 0, 0, 0);
}
constexpr Slot load32(unsigned dst, unsigned src, std::int16_t off) {
  return insn(0x61, dst, src, off, 0);
}

class KernelEngineTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = kernel_unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "no live kernel: " << reason;
  }

  static program::View view(std::span<const Slot> slots, std::span<const MapDef> maps = {}) {
    program::View program;
    program.name = "test";
    program.section = "xdp";
    program.type = ProgType::xdp;
    program.license = "GPL";
    program.slots = slots;
    program.maps = maps;
    return program;
  }
  static RunInput packet(std::size_t size) {
    RunInput input;
    input.packet.resize(size);
    for (std::size_t i = 0; i < size; ++i) input.packet[i] = static_cast<std::uint8_t>(i);
    return input;
  }
};

TEST_F(KernelEngineTest, ReturnsTheVerdictAndThePacket) {
  const std::array slots = {mov(0, 2), exit_insn()};
  const auto engine = load_kernel(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  const auto output = (*engine)->run(packet(60));
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 2u);
  EXPECT_EQ(output->packet, packet(60).packet);
}

TEST_F(KernelEngineTest, RefusesAPacketShorterThanAnEthernetHeaderWithValueAndLimit) {
  const std::array slots = {mov(0, 2), exit_insn()};
  const auto engine = load_kernel(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  const auto output = (*engine)->run(packet(13));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().fault(), Fault::bad_input);
  EXPECT_EQ(output.error().line(), "packet of 13 bytes: BPF_PROG_TEST_RUN takes 14..65535");
}

TEST_F(KernelEngineTest, GivesTheVerifiersReasonWhenTheKernelRefuses) {
  const std::array slots = {load32(0, 1, 100), exit_insn()};
  const auto engine = load_kernel(view(slots));
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().fault(), Fault::system);
  EXPECT_NE(engine.error().line().find("verifier: invalid bpf_context access off=100 size=4"),
            std::string_view::npos)
      << engine.error().line();
}

TEST_F(KernelEngineTest, IngressIfindexAndQueueReachTheProgram) {
  // return ingress_ifindex * 256 + rx_queue_index
  const std::array slots = {load32(0, 1, 12), insn(0x67, 0, 0, 0, 8), load32(2, 1, 16),
                            insn(0x0f, 0, 2, 0, 0), exit_insn()};
  const auto engine = load_kernel(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  RunInput input = packet(60);
  const auto plain = (*engine)->run(input);
  ASSERT_TRUE(plain) << plain.error().line();
  EXPECT_EQ(plain->return_value, 256u);
  input.ingress_ifindex = 7;
  input.rx_queue_index = 3;
  const auto output = (*engine)->run(input);
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 7u * 256 + 3);
}

TEST_F(KernelEngineTest, TheCallersNetworkNamespaceIsRestored) {
  std::array<char, 64> before{}, after{};
  ASSERT_GT(::readlink("/proc/thread-self/ns/net", before.data(), before.size() - 1), 0);
  {
    const std::array slots = {mov(0, 2), exit_insn()};
    const auto engine = load_kernel(view(slots));
    ASSERT_TRUE(engine) << engine.error().line();
    RunInput input = packet(60);
    input.ingress_ifindex = 9;
    ASSERT_TRUE((*engine)->run(input));
    ASSERT_GT(::readlink("/proc/thread-self/ns/net", after.data(), after.size() - 1), 0);
  }
  EXPECT_STREQ(before.data(), after.data());
}

TEST_F(KernelEngineTest, OnTheHostNetworkNoDeviceIsMade) {
  const std::array slots = {load32(0, 1, 12), exit_insn()};
  const auto engine = KernelEngine::load(view(slots), KernelLimits{}, NetworkChoice::host);
  ASSERT_TRUE(engine) << engine.error().line();
  RunInput input = packet(60);
  const auto lo = (*engine)->run(input);
  ASSERT_TRUE(lo) << lo.error().line();
  EXPECT_EQ(lo->return_value, 1u);
  input.ingress_ifindex = 0x3fff'ffff;
  const auto missing = (*engine)->run(input);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().line().find("ENODEV"), std::string_view::npos)
      << missing.error().line();
}

TEST_F(KernelEngineTest, MetadataLiesBeforeThePacket) {
  // data - data_meta
  const std::array slots = {load32(0, 1, 0), load32(2, 1, 8), insn(0x1f, 0, 2, 0, 0), exit_insn()};
  const auto engine = load_kernel(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  RunInput input = packet(68);
  input.metadata_size = 8;
  const auto output = (*engine)->run(input);
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 8u);
  EXPECT_EQ(output->packet, input.packet);
}

/// *(u64 *)lookup(map 0, key 0) += 5; return XDP_PASS. Works for any map with 4-byte keys and u64
/// values.
constexpr std::array count_slots = {
    insn(0x62, 10, 0, -4, 0),
    insn(0xbf, 2, 10, 0, 0),
    insn(0x07, 2, 0, 0, -4),
    insn(0x18, 1, 1, 0, 0),
    insn(0, 0, 0, 0, 0),
    insn(0x85, 0, 0, 0, 1),
    insn(0x15, 0, 0, 3, 0),
    insn(0x79, 1, 0, 0, 0),
    insn(0x07, 1, 0, 0, 5),
    insn(0x7b, 0, 1, 0, 0),
    mov(0, 2),
    exit_insn(),
};

MapDef map_of(std::string_view name, MapType type, std::uint32_t key, std::uint32_t value,
              std::uint32_t entries) {
  MapDef def;
  def.name = name;
  def.type = type;
  def.key_size = key;
  def.value_size = value;
  def.max_entries = entries;
  return def;
}

class KernelCounterTest : public KernelEngineTest, public testing::WithParamInterface<MapType> {};

TEST_P(KernelCounterTest, MapsGoInAndOut) {
  const std::array maps = {map_of("counter", GetParam(), 4, 8, 2)};
  const auto engine = load_kernel(view(count_slots, maps));
  ASSERT_TRUE(engine) << engine.error().line();
  const MapContents seed{"counter", {{{0, 0, 0, 0}, {7, 0, 0, 0, 0, 0, 0, 1}}}};
  const auto written = (*engine)->write_map(seed);
  ASSERT_TRUE(written) << written.error().line();
  ASSERT_TRUE((*engine)->run(packet(60)));
  const auto contents = (*engine)->read_map("counter");
  ASSERT_TRUE(contents) << contents.error().line();
  ASSERT_FALSE(contents->entries.empty());
  EXPECT_EQ(contents->entries[0].key, (Bytes{0, 0, 0, 0}));
  EXPECT_EQ(contents->entries[0].value, (Bytes{12, 0, 0, 0, 0, 0, 0, 1}));
}

INSTANTIATE_TEST_SUITE_P(Types, KernelCounterTest,
                         testing::Values(MapType::array, MapType::hash, MapType::percpu_array,
                                         MapType::percpu_hash, MapType::lru_hash,
                                         MapType::lru_percpu_hash),
                         [](const auto& row) {
                           return "type" + std::to_string(static_cast<unsigned>(row.param));
                         });

TEST_F(KernelEngineTest, AnArrayIsReadWhole) {
  const std::array maps = {map_of("counter", MapType::array, 4, 8, 10'000)};
  const auto engine = load_kernel(view(count_slots, maps));
  ASSERT_TRUE(engine) << engine.error().line();
  const auto contents = (*engine)->read_map("counter");
  ASSERT_TRUE(contents) << contents.error().line();
  EXPECT_EQ(contents->entries.size(), 10'000u);
}

TEST_F(KernelEngineTest, AHugeMapIsCutAndNoted) {
  const std::array maps = {map_of("counter", MapType::hash, 4, 8, 1u << 30)};
  const auto engine =
      KernelEngine::load(view(count_slots, maps), KernelLimits{}, NetworkChoice::fresh);
  ASSERT_TRUE(engine) << engine.error().line();
  ASSERT_EQ((*engine)->overrides().size(), 1u);
  EXPECT_EQ((*engine)->overrides()[0], "map counter: max_entries 1073741824 becomes 4096");
}

TEST_F(KernelEngineTest, AQueueKeepsItsValuesWhenRead) {
  const std::array maps = {map_of("queue", MapType::queue, 0, 2, 4),
                           map_of("stack", MapType::stack, 0, 2, 4)};
  const std::array slots = {mov(0, 2), exit_insn()};
  const auto engine = load_kernel(view(slots, maps));
  ASSERT_TRUE(engine) << engine.error().line();
  const std::vector<MapEntry> values = {{{}, {1, 1}}, {{}, {2, 2}}, {{}, {3, 3}}};
  ASSERT_TRUE((*engine)->write_map({"queue", values}));
  ASSERT_TRUE((*engine)->write_map({"stack", values}));
  for (int time = 0; time < 2; ++time) {
    const auto queue = (*engine)->read_map("queue");
    ASSERT_TRUE(queue) << queue.error().line();
    EXPECT_EQ(queue->entries, values);
    const auto stack = (*engine)->read_map("stack");
    ASSERT_TRUE(stack) << stack.error().line();
    EXPECT_EQ(stack->entries, (std::vector<MapEntry>{values[2], values[1], values[0]}));
  }
}

TEST_F(KernelEngineTest, ADeviceMapEntryMakesItsDevice) {
  const std::array maps = {map_of("ports", MapType::devmap, 4, 4, 4)};
  const std::array slots = {mov(0, 2), exit_insn()};
  const auto engine = load_kernel(view(slots, maps));
  ASSERT_TRUE(engine) << engine.error().line();
  const std::vector<MapEntry> entries = {{{2, 0, 0, 0}, {42, 0, 0, 0}}};
  const auto written = (*engine)->write_map({"ports", entries});
  ASSERT_TRUE(written) << written.error().line();
  const auto contents = (*engine)->read_map("ports");
  ASSERT_TRUE(contents) << contents.error().line();
  EXPECT_EQ(contents->entries, entries);
}

TEST_F(KernelEngineTest, WrongSizesAndNamesAreRefused) {
  const std::array maps = {map_of("counter", MapType::array, 4, 8, 2)};
  const auto engine = load_kernel(view(count_slots, maps));
  ASSERT_TRUE(engine) << engine.error().line();
  const auto key = (*engine)->write_map({"counter", {{{0}, Bytes(8)}}});
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().line(), "map counter entry 0: key has 1 bytes, the map's has 4");
  const auto value = (*engine)->write_map({"counter", {{Bytes(4), Bytes(3)}}});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().line(), "map counter entry 0: value has 3 bytes, the map's has 8");
  const auto name = (*engine)->read_map("nothing");
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().line(), "map 'nothing': the program has no map of that name");
}

TEST_F(KernelEngineTest, GlobalDataIsInitialisedAndReadOnlyDataFrozen) {
  // return *(u32 *)(.rodata + 4)
  const std::array slots = {insn(0x18, 1, 2, 0, 0), insn(0, 0, 0, 0, 4), load32(0, 1, 0),
                            exit_insn()};
  const std::array<std::uint8_t, 8> initial = {0, 0, 0, 0, 0x2a, 1, 0, 0};
  std::array maps = {map_of(".rodata", MapType::array, 4, 8, 1)};
  maps[0].initial = initial;
  maps[0].read_only = true;
  const auto engine = load_kernel(view(slots, maps));
  ASSERT_TRUE(engine) << engine.error().line();
  const auto output = (*engine)->run(packet(60));
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 0x12au);
  EXPECT_FALSE((*engine)->write_map({".rodata", {{Bytes(4), Bytes(8)}}}));
}

TEST_F(KernelEngineTest, CallbacksGetTheirFunctionInfo) {
  // bpf_loop(10, callback, &counter, 0); return counter;   callback: *ctx += 3; return 0
  const std::array slots = {
      insn(0x7a, 10, 0, -8, 0),
      mov(1, 10),
      insn(0x18, 2, 4, 0, 7),
      insn(0, 0, 0, 0, 0),
      insn(0xbf, 3, 10, 0, 0),
      insn(0x07, 3, 0, 0, -8),
      mov(4, 0),
      insn(0x85, 0, 0, 0, 181),
      insn(0x79, 0, 10, -8, 0),
      exit_insn(),
      insn(0x79, 1, 2, 0, 0),
      insn(0x07, 1, 0, 0, 3),
      insn(0x7b, 2, 1, 0, 0),
      mov(0, 0),
      exit_insn(),
  };
  const auto engine = load_kernel(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  const auto output = (*engine)->run(packet(60));
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 30u);
}

TEST_F(KernelEngineTest, SkbProgramsSeeMarkAndInterface) {
  // return mark * 256 + ifindex
  const std::array slots = {load32(0, 1, 8), insn(0x67, 0, 0, 0, 8), load32(2, 1, 40),
                            insn(0x0f, 0, 2, 0, 0), exit_insn()};
  program::View program = view(slots);
  program.type = ProgType::sched_cls;
  program.section = "tc";
  const auto engine = load_kernel(program);
  ASSERT_TRUE(engine) << engine.error().line();
  RunInput input = packet(60);
  input.mark = 5;
  input.ingress_ifindex = 11;
  const auto output = (*engine)->run(input);
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 5u * 256 + 11);
}

TEST_F(KernelEngineTest, BareMemoryIsRefusedByName) {
  const std::array slots = {mov(0, 2), exit_insn()};
  const auto engine = load_kernel(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  RunInput input = packet(60);
  input.raw_memory = true;
  const auto output = (*engine)->run(input);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().fault(), Fault::unsupported);
}

TEST_F(KernelEngineTest, AWrappedBareProgramReturnsSixtyFourBitsAndItsMemory) {
  // *(u8 *)(r1 + 1) = 9; r0 = *(u64 *)(r1 + 0)
  const std::array slots = {insn(0x72, 1, 0, 1, 9), insn(0x79, 0, 1, 0, 0), exit_insn()};
  const auto engine = load_kernel_bare(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  RunInput input;
  input.raw_memory = true;
  input.packet = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
  const auto output = (*engine)->run(input);
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 0x1122334455660988u);
  EXPECT_EQ(output->packet, (Bytes{0x88, 0x09, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}));
}

TEST_F(KernelEngineTest, AWrappedBareProgramSeesTheLengthOfItsMemory) {
  const std::array slots = {insn(0xbf, 0, 2, 0, 0), insn(0x87, 0, 0, 0, 0), exit_insn()};
  const auto engine = load_kernel_bare(view(slots));
  ASSERT_TRUE(engine) << engine.error().line();
  for (const std::size_t size : {0u, 1u, 14u, 2048u}) {
    RunInput input;
    input.raw_memory = true;
    input.packet.resize(size);
    const auto output = (*engine)->run(input);
    ASSERT_TRUE(output) << output.error().line();
    EXPECT_EQ(output->return_value, -static_cast<std::uint64_t>(size));
    EXPECT_EQ(output->packet.size(), size);
  }
}

TEST(VerifierReason, SkipsStatisticsAndBlankLines) {
  EXPECT_EQ(verifier_reason("0: (61) r0 = ...\ninvalid access\nprocessed 1 insns (limit 1)\n\n"),
            "invalid access");
  EXPECT_EQ(verifier_reason(""), "");
  EXPECT_EQ(verifier_reason("processed 1 insns\n"), "");
}

}  // namespace
}  // namespace probity::runtime
