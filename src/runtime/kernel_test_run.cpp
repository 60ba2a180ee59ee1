// SPDX-License-Identifier: Apache-2.0
// See kernel_test_run.hpp.
#include "runtime/kernel_test_run.hpp"

#include <fmt/format.h>

namespace probity::runtime {

namespace {

using program::ProgType;

constexpr std::size_t ethernet_bytes = 14;
constexpr std::size_t max_packet_bytes = 65535;

/// A packet type whose network header an sk_buff must hold whole.
struct NetworkHeader {
  std::uint16_t ethertype;
  std::string_view name;
  std::size_t size_bytes;
};
constexpr NetworkHeader network_headers[] = {{0x0800, "IPv4", 20}, {0x86dd, "IPv6", 40}};

}  // namespace

TestRunKind test_run_kind(ProgType type) {
  if (type == ProgType::xdp || type == ProgType::unspec) return TestRunKind::xdp;
  constexpr ProgType skb_types[] = {
      ProgType::socket_filter, ProgType::sched_cls, ProgType::sched_act, ProgType::cgroup_skb,
      ProgType::lwt_in,        ProgType::lwt_out,   ProgType::lwt_xmit,  ProgType::lwt_seg6local};
  for (const ProgType skb_type : skb_types) {
    if (type == skb_type) return TestRunKind::skb;
  }
  return type == ProgType::flow_dissector ? TestRunKind::flow : TestRunKind::none;
}

std::string test_run_refusal(ProgType type, std::span<const std::uint8_t> packet) {
  const TestRunKind kind = test_run_kind(type);
  if (kind == TestRunKind::none) {
    return fmt::format("programs of type {} are not test-run on packets in the kernel",
                       program::name(type));
  }
  if (packet.size() < ethernet_bytes || packet.size() > max_packet_bytes) {
    return fmt::format("packet of {} bytes: BPF_PROG_TEST_RUN takes {}..{}", packet.size(),
                       ethernet_bytes, max_packet_bytes);
  }
  if (kind != TestRunKind::skb) return {};
  const auto ethertype = static_cast<std::uint16_t>(packet[12] << 8 | packet[13]);
  for (const NetworkHeader& header : network_headers) {
    const std::size_t needed = ethernet_bytes + header.size_bytes;
    if (ethertype != header.ethertype || packet.size() >= needed) continue;
    return fmt::format("packet of {} bytes: BPF_PROG_TEST_RUN takes {} in an skb from {} bytes on",
                       packet.size(), header.name, needed);
  }
  return {};
}

}  // namespace probity::runtime
