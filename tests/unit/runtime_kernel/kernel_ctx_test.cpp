// SPDX-License-Identifier: Apache-2.0
// What BPF_PROG_TEST_RUN takes: our rules against the kernel's own answers, ctx fields by name, and
// program types beside XDP. Skipped by name where the kernel cannot be used.
#include "runtime/kernel_ctx.hpp"

#include <gtest/gtest.h>
#include <net/if.h>

#include <array>

#include "runtime/kernel_engine.hpp"
#include "runtime/kernel_load.hpp"
#include "runtime/kernel_test_run.hpp"

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
constexpr Slot load32(unsigned dst, unsigned src, std::int16_t off) {
  return insn(0x61, dst, src, off, 0);
}
constexpr Slot exit_insn = insn(0x95, 0, 0, 0, 0);

program::View view_of(ProgType type, std::span<const Slot> slots) {
  program::View view;
  view.name = "test";
  view.section = "test";
  view.type = type;
  view.license = "GPL";
  view.slots = slots;
  return view;
}

RunInput packet_of(std::size_t size, std::uint16_t ethertype) {
  RunInput input;
  input.packet.resize(size);
  input.packet[12] = static_cast<std::uint8_t>(ethertype >> 8);
  input.packet[13] = static_cast<std::uint8_t>(ethertype);
  return input;
}

std::string line_of(const Expected<RunOutput>& output) {
  return output ? "" : std::string(output.error().line());
}

class KernelCtx : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = kernel_unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "no live kernel: " << reason;
  }
};

/// The errno of a test run, past our own rules.
int kernel_answer(const Fd& program, const Bytes& packet) {
  Bytes out(packet.size() + 4096);
  bpf_attr attr{};
  attr.test.prog_fd = static_cast<std::uint32_t>(program.get());
  attr.test.data_in = attr_pointer(packet.data());
  attr.test.data_size_in = static_cast<std::uint32_t>(packet.size());
  attr.test.data_out = attr_pointer(out.data());
  attr.test.data_size_out = static_cast<std::uint32_t>(out.size());
  attr.test.repeat = 1;
  return -std::min(0, bpf_call(BPF_PROG_TEST_RUN, attr));
}

TEST_F(KernelCtx, TheRuleForRefusedPacketsIsTheKernels) {
  const std::array slots = {mov(0, 0), exit_insn};
  constexpr std::uint16_t ipv4 = 0x0800, ipv6 = 0x86dd, arp = 0x0806;
  for (const ProgType type : {ProgType::xdp, ProgType::sched_cls, ProgType::socket_filter,
                              ProgType::cgroup_skb, ProgType::lwt_xmit}) {
    program::View view = view_of(type, slots);
    const Expected<Fd> program = load_into_kernel(view, slots);
    ASSERT_TRUE(program) << program.error().line();
    for (const std::uint16_t ethertype : {ipv4, ipv6, arp}) {
      for (const std::size_t size : {14u, 15u, 33u, 34u, 53u, 54u, 60u}) {
        const Bytes packet = packet_of(size, ethertype).packet;
        EXPECT_EQ(test_run_refusal(type, packet).empty(), kernel_answer(*program, packet) == 0)
            << program::name(type) << " " << ethertype << " " << size;
      }
    }
  }
}

TEST_F(KernelCtx, FieldsOfAnSkbReachTheProgram) {
  // return cb[1] * 2^16 + priority * 2^8 + mark
  const std::array slots = {load32(0, 1, 52),       insn(0x67, 0, 0, 0, 8),
                            load32(2, 1, 32),       insn(0x0f, 0, 2, 0, 0),
                            insn(0x67, 0, 0, 0, 8), load32(2, 1, 8),
                            insn(0x0f, 0, 2, 0, 0), exit_insn};
  const program::View view = view_of(ProgType::sched_cls, slots);
  RunInput input = packet_of(60, 0x0806);
  input.fields = {{"mark", 3}, {"cb[1]", 5}, {"priority", 4}};
  for (const EngineKind kind : {EngineKind::kernel, EngineKind::interp}) {
    const auto engine =
        kind == EngineKind::kernel ? load_kernel(view) : load_engine(kind, view, {});
    ASSERT_TRUE(engine) << engine.error().line();
    const auto output = (*engine)->run(input);
    ASSERT_TRUE(output) << output.error().line();
    EXPECT_EQ(output->return_value, 0x050403u) << name(kind);
  }
}

TEST_F(KernelCtx, FieldsThatTheTestRunIgnoresAreRefusedByName) {
  const std::array slots = {mov(0, 0), exit_insn};
  const auto tc = load_kernel(view_of(ProgType::sched_cls, slots));
  ASSERT_TRUE(tc) << tc.error().line();
  RunInput input = packet_of(60, 0x0806);
  input.fields = {{"queue_mapping", 3}};
  EXPECT_NE(line_of((*tc)->run(input))
                .find("ctx field queue_mapping = 3: BPF_PROG_TEST_RUN of a "
                      "sched_cls program does not take it (mark, priority"),
            std::string::npos)
      << line_of((*tc)->run(input));
  input.fields = {{"gso_segs", 65536}};
  EXPECT_EQ(line_of((*tc)->run(input)), "ctx field gso_segs: 65536 exceeds 65535");
  const auto xdp = load_kernel(view_of(ProgType::xdp, slots));
  ASSERT_TRUE(xdp) << xdp.error().line();
  input.fields = {{"egress_ifindex", 3}};
  EXPECT_NE(line_of((*xdp)->run(input)).find("egress_ifindex = 3"), std::string::npos);
  input.fields = {{"mark", 3}};
  EXPECT_NE(line_of((*xdp)->run(input)).find("ctx field 'mark': not one that a run of a xdp"),
            std::string::npos);
}

TEST_F(KernelCtx, AFlowDissectorGivesItsKeys) {
  const std::array slots = {mov(0, 0), exit_insn};
  const program::View view = view_of(ProgType::flow_dissector, slots);
  std::vector<Bytes> keys;
  for (const EngineKind kind : {EngineKind::kernel, EngineKind::interp}) {
    const auto engine =
        kind == EngineKind::kernel ? load_kernel(view) : load_engine(kind, view, {});
    ASSERT_TRUE(engine) << engine.error().line();
    const auto output = (*engine)->run(packet_of(60, 0x0800));
    ASSERT_TRUE(output) << output.error().line();
    EXPECT_EQ(output->return_value, 0u);
    keys.push_back(output->packet);
  }
  EXPECT_EQ(keys[0].size(), sizeof(bpf_flow_keys));
  EXPECT_EQ(keys[0], keys[1]);
}

TEST_F(KernelCtx, ALockInAMapValueIsCreatedWithItsType) {
  // lookup, lock, count, unlock; return 2
  const std::array slots = {insn(0x62, 10, 0, -4, 0),
                            insn(0xbf, 2, 10, 0, 0),
                            insn(0x07, 2, 0, 0, -4),
                            insn(0x18, 1, 1, 0, 0),
                            insn(0, 0, 0, 0, 0),
                            insn(0x85, 0, 0, 0, 1),
                            insn(0x15, 0, 0, 8, 0),
                            insn(0xbf, 6, 0, 0, 0),
                            insn(0xbf, 1, 0, 0, 0),
                            insn(0x85, 0, 0, 0, 93),
                            load32(2, 6, 4),
                            insn(0x07, 2, 0, 0, 1),
                            insn(0x63, 6, 2, 4, 0),
                            insn(0xbf, 1, 6, 0, 0),
                            insn(0x85, 0, 0, 0, 94),
                            mov(0, 2),
                            exit_insn};
  const std::array fields = {program::ValueField{program::ValueFieldKind::spin_lock, 0}};
  for (const MapType type : {MapType::array, MapType::hash}) {
    std::array<MapDef, 1> maps;
    maps[0].name = "locked";
    maps[0].type = type;
    maps[0].key_size = 4;
    maps[0].value_size = 8;
    maps[0].max_entries = 1;
    maps[0].value_fields = fields;
    program::View view = view_of(ProgType::xdp, slots);
    view.maps = maps;
    const auto engine = load_kernel(view);
    ASSERT_TRUE(engine) << engine.error().line();
    ASSERT_TRUE((*engine)->write_map({"locked", {{Bytes(4), Bytes(8)}}}));
    const auto output = (*engine)->run(packet_of(60, 0x0800));
    ASSERT_TRUE(output) << output.error().line();
    EXPECT_EQ(output->return_value, 2u);
    const auto contents = (*engine)->read_map("locked");
    ASSERT_TRUE(contents) << contents.error().line();
    ASSERT_EQ(contents->entries.size(), 1u);
    EXPECT_EQ(contents->entries[0].value, (Bytes{0, 0, 0, 0, 1, 0, 0, 0}));
  }
}

TEST_F(KernelCtx, MapsOfMapsHoldWhatTheObjectPutsThere) {
  // r0 = *(u32 *)lookup(lookup(outer, 1), 0)
  const std::array slots = {
      insn(0x62, 10, 0, -4, 1), insn(0xbf, 2, 10, 0, 0),  insn(0x07, 2, 0, 0, -4),
      insn(0x18, 1, 1, 0, 0),   insn(0, 0, 0, 0, 0),      insn(0x85, 0, 0, 0, 1),
      insn(0x15, 0, 0, 7, 0),   insn(0x62, 10, 0, -4, 0), insn(0xbf, 1, 0, 0, 0),
      insn(0xbf, 2, 10, 0, 0),  insn(0x07, 2, 0, 0, -4),  insn(0x85, 0, 0, 0, 1),
      insn(0x15, 0, 0, 1, 0),   load32(0, 0, 0),          exit_insn};
  std::array<MapDef, 2> maps;
  maps[0].name = "outer";
  maps[0].type = MapType::array_of_maps;
  maps[0].key_size = maps[0].value_size = 4;
  maps[0].max_entries = 2;
  maps[0].inner = 1;
  maps[1].name = "inner";
  maps[1].type = MapType::array;
  maps[1].key_size = maps[1].value_size = 4;
  maps[1].max_entries = 1;
  const std::array elements = {program::InnerMap{0, 1, 1}};
  program::View view = view_of(ProgType::xdp, slots);
  view.maps = maps;
  view.inner_maps = elements;
  const auto engine = load_kernel(view);
  ASSERT_TRUE(engine) << engine.error().line();
  ASSERT_TRUE((*engine)->write_map({"inner", {{Bytes(4), {42, 0, 0, 0}}}}));
  const auto output = (*engine)->run(packet_of(60, 0x0800));
  ASSERT_TRUE(output) << output.error().line();
  EXPECT_EQ(output->return_value, 42u);
  const auto refused = (*engine)->write_map({"outer", {{Bytes(4), Bytes(4)}}});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().line().starts_with("map outer (type 12")) << refused.error().line();
}

TEST_F(KernelCtx, NamedDevicesAreMadeInTheSandboxOnly) {
  Expected<NetworkSandbox> sandbox = NetworkSandbox::create();
  ASSERT_TRUE(sandbox) << sandbox.error().line();
  const auto made = sandbox->make_interface({"veth0", 7});
  ASSERT_TRUE(made) << made.error().line();
  EXPECT_EQ(::if_nametoindex("veth0"), 0u);
  {
    const auto inside = sandbox->enter();
    ASSERT_TRUE(inside);
    EXPECT_EQ(::if_nametoindex("veth0"), 7u);
  }
  const auto line = [](const Expected<void>& result) {
    return result ? "" : std::string(result.error().line());
  };
  EXPECT_EQ(line(sandbox->make_interface({"veth1", 7})), "interface veth1: ifindex 7 is taken");
  EXPECT_EQ(line(sandbox->make_interface({"much_too_long", 8})),
            "interface 'much_too_long': a name has 1..11 bytes");
  NetworkSandbox host = NetworkSandbox::host();
  EXPECT_EQ(line(host.make_interface({"veth1", 8})),
            "interface veth1: made only in a network namespace of its own");
}

}  // namespace
}  // namespace probity::runtime
