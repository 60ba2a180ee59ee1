// SPDX-License-Identifier: Apache-2.0
// A packet field by field: Ethernet, VLAN, MPLS, ARP, IPv4 with options, IPv6 with extension
// headers, TCP with options, UDP, ICMP, ICMPv6, SCTP, GRE, VXLAN and what they carry. Each header
// is a table of rows (dissect.def); nothing is guessed: what does not fit is shown as far as it
// goes and called truncated, and what follows an unknown number is payload.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace probity::packet {

/// One field; bits count from the packet's first.
struct DissectedField {
  std::string name;
  std::uint32_t first_bit = 0;
  std::uint32_t bit_count = 0;
  std::string value;  ///< for people: "10.0.0.1", "0x0800"
  std::string note;   ///< what the value means, or what is wrong with it; may be empty
  friend bool operator==(const DissectedField&, const DissectedField&) = default;
};

/// One header, or the bytes behind the last one.
struct Layer {
  std::string name;  ///< "IPv4", "payload"
  std::uint32_t first_byte = 0;
  std::uint32_t size_bytes = 0;
  std::vector<DissectedField> fields;
  std::string problem;  ///< "truncated: 6 of 20 bytes", or empty
};

/// Headers of one packet; deeper nesting is payload.
constexpr std::size_t max_layers = 32;

/// The layers of a packet that begins with an Ethernet header, in order; together they cover it.
std::vector<Layer> dissect(std::span<const std::uint8_t> packet);

}  // namespace probity::packet
