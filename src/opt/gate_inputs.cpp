// SPDX-License-Identifier: Apache-2.0
// Packets are written down as headers in hexadecimal text, which is how people compare them with
// RFC 791, 8200, 9293, 768 and 826.
#include "opt/gate_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "packet/packet.hpp"
#include "runtime/ctx.hpp"
#include "runtime/kernel_test_run.hpp"

namespace probity::opt {
namespace {

using program::MapType;
using runtime::Bytes;
using runtime::RunInput;

struct Template {
  std::string_view name;
  std::string_view headers;  ///< hexadecimal, one after the other
};

constexpr std::string_view eth4 = "020000000001 020000000002 0800 ";
constexpr std::string_view eth6 = "020000000001 020000000002 86dd ";
// 10.0.0.1 to 192.168.1.2 and 2001:db8::1 to 2001:db8::2.
constexpr std::string_view from_to4 = "0a000001 c0a80102 ";
constexpr std::string_view from_to6 =
    "20010db8000000000000000000000001 20010db8000000000000000000000002 ";
constexpr std::string_view tcp_syn = "d4310050 12345678 00000000 5002faf0 abcd0000 ";
constexpr std::string_view tcp_ack =
    "005001bb ff000001 80000000 8010ffff 00010001 0101080a "
    "01020304 f1f2f3f4 ";
constexpr std::string_view udp_dns = "30390035 00180000 abcd0100 00010000 00000000 ";

std::vector<std::pair<std::string, std::string>> templates() {
  const std::string v4(eth4), v6(eth6), at4(from_to4), at6(from_to6);
  const std::string syn(tcp_syn), ack(tcp_ack), dns(udp_dns);
  const std::string ip4_udp = "4500002c 00010000 40110000 " + at4;
  return {
      {"ipv4 tcp syn", v4 + "45000028 00014000 40060000 " + at4 + syn},
      {"ipv4 tcp ack", v4 + "45100034 fffe4000 01060000 " + at4 + ack},
      {"ipv4 udp", v4 + ip4_udp + dns},
      {"ipv4 udp vxlan", v4 + "4500005a 00010000 ff110000 " + at4 +
                             "c00112b5 00460000 08000000 00002a00 " + v4 + ip4_udp + dns},
      {"ipv4 icmp echo", v4 + "4500001c 00010000 40010000 " + at4 + "0800f7ff 00010001"},
      {"ipv4 icmp unreachable",
       v4 + "45000038 00010000 40010000 " + at4 + "03040000 000005dc " + ip4_udp + "30390035"},
      {"ipv4 options", v4 + "4600002c 00010000 40060000 " + at4 + "94040000 " + syn},
      {"ipv4 first fragment", v4 + "45000028 00012000 40110000 " + at4 + dns},
      {"ipv4 later fragment", v4 + "45000028 000100b9 40110000 " + at4 + dns},
      {"ipv4 in ipv4", v4 + "45000040 00010000 40040000 " + at4 + ip4_udp + dns},
      {"ipv6 in ipv4", v4 + "45000050 00010000 40290000 " + at4 + "60000000 00141140 " + at6 + dns},
      {"ipv4 gre", v4 + "45000044 00010000 402f0000 " + at4 + "00000800 " + ip4_udp + dns},
      {"ipv4 sctp", v4 + "45000030 00010000 40840000 " + at4 + "0b590b59 12345678 00000000"},
      {"ipv4 unknown protocol", v4 + "45000028 00010000 00ff0000 " + at4 + syn},
      {"ipv6 tcp", v6 + "6a5fffff 00140640 " + at6 + syn},
      {"ipv6 udp", v6 + "60000000 00141101 " + at6 + dns},
      {"ipv6 icmp",
       v6 + "60000000 00183aff " + at6 + "87000000 00000000 fe800000000000000000000000000001"},
      {"ipv6 hop by hop", v6 + "60000000 001c0040 " + at6 + "11000502 00000000 " + dns},
      {"ipv6 fragment", v6 + "60000000 001c2c40 " + at6 + "11000001 00000001 " + dns},
      {"ipv4 in ipv6", v6 + "60000000 00280440 " + at6 + ip4_udp + dns},
      {"vlan ipv4", "020000000001 020000000002 8100 0fff 0800 " + ip4_udp + dns},
      {"vlan vlan ipv6",
       "020000000001 020000000002 88a8 0064 8100 e001 86dd 60000000 00140640 " + at6 + syn},
      {"mpls", "020000000001 020000000002 8847 000100ff 000201ff " + ip4_udp + dns},
      {"arp",
       "ffffffffffff 020000000002 0806 0001080006040001 020000000002 0a000001 "
       "000000000000 c0a80102"},
      {"lldp", "0180c200000e 020000000002 88cc 0207040200 00000002"},
      {"802.3 length", "0180c2000000 020000000002 0026 424203 000000000000"},
  };
}

/// Bytes behind the headers: 37 and 256 have no common divisor, so neighbours differ.
std::uint8_t pattern(std::size_t i) {
  return static_cast<std::uint8_t>(37 * i + 11 * (i >> 8) + 1);
}

Bytes sized(const Bytes& headers, std::size_t size) {
  Bytes packet = headers;
  packet.resize(std::min(packet.size(), size));
  while (packet.size() < size) packet.push_back(pattern(packet.size()));
  return packet;
}

/// Every header's edge lies at one of these, or beside one.
constexpr std::array<std::size_t, 16> cut_sizes = {14, 15, 18, 23, 33, 34, 35, 38,
                                                   41, 42, 53, 54, 61, 62, 73, 74};
constexpr std::array<std::size_t, 6> padded_sizes = {60, 64, 128, 256, 1000, 1500};

std::vector<GateInput> packets() {
  std::vector<GateInput> inputs;
  const auto add = [&](std::string_view name, Bytes packet) {
    GateInput input{fmt::format("{}, {} bytes", name, packet.size()), {}};
    input.input.packet = std::move(packet);
    inputs.push_back(std::move(input));
  };
  for (const auto& [name, text] : templates()) {
    const Bytes headers = *packet::parse_hex(text, name, packet::max_packet_bytes);
    add(name, headers);
    for (const std::size_t size : padded_sizes)
      if (size > headers.size()) add(name, sized(headers, size));
  }
  for (const auto& [name, text] : templates()) {
    const bool is_plain = name == "ipv4 tcp ack" || name == "ipv6 udp" || name == "vlan ipv4";
    if (!is_plain) continue;
    const Bytes headers = *packet::parse_hex(text, name, packet::max_packet_bytes);
    for (const std::size_t size : cut_sizes)
      if (size < headers.size()) add(name, sized(headers, size));
  }
  for (const std::size_t size : {14, 64, 1500}) {
    add("zeros", Bytes(size, 0x00));
    add("ones", Bytes(size, 0xff));
    add("pattern", sized({}, size));
  }
  return inputs;
}

/// Fields that programs of the type read, a test run sets, and that name no device.
std::vector<std::string_view> free_fields(program::ProgType type) {
  std::vector<std::string_view> names;
  for (const runtime::CtxRow& row : runtime::ctx_rows(type)) {
    const bool is_set = (row.test_run & runtime::ctx_type_bit(type)) != 0;
    const bool is_number = row.name == "mark" || row.name == "priority" || row.name == "tstamp" ||
                           row.name.starts_with("cb[");
    if (is_set && is_number) names.push_back(row.name);
  }
  return names;
}

constexpr std::array<std::uint64_t, 7> ctx_values = {1,      253,         256,        1000,
                                                     0x8000, 0x1234'5678, 0xffff'ffff};

std::uint64_t value_of(std::string_view field, std::uint64_t value) {
  return field == "tstamp" ? value << 32 | value : value;
}

Bytes patterned(std::size_t size, std::size_t first) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = pattern(first + i);
  return bytes;
}

Bytes little_endian(std::uint32_t number, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size && i < 4; ++i)
    bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
  return bytes;
}

/// Keys as programs compute them: small numbers, and addresses and ports of the packets above.
std::vector<Bytes> hash_keys(std::uint32_t size) {
  std::vector<Bytes> keys;
  for (const std::uint32_t number : {0u, 1u, 2u, 6u, 17u})
    keys.push_back(little_endian(number, size));
  for (const std::string_view text : {from_to4.substr(0, 8), from_to4.substr(9, 8)}) {
    Bytes key = *packet::parse_hex(text, "address", packet::max_packet_bytes);
    key.resize(size);
    keys.push_back(std::move(key));
  }
  for (const std::uint32_t port : {0x5000u, 80u, 0x3500u, 53u, 443u})
    keys.push_back(little_endian(port, size));
  return keys;
}

bool is_array(MapType type) {
  return type == MapType::array || type == MapType::percpu_array;
}

bool is_hash(MapType type) {
  return type == MapType::hash || type == MapType::lru_hash || type == MapType::percpu_hash ||
         type == MapType::lru_percpu_hash;
}

}  // namespace

std::vector<GateInput> corner_inputs(program::ProgType type) {
  std::vector<GateInput> inputs = packets();
  const std::vector<std::string_view> fields = free_fields(type);
  for (std::size_t i = 0; !fields.empty() && i < ctx_values.size(); ++i) {
    GateInput input = inputs[i % inputs.size()];
    input.name += fmt::format(", ctx fields from {:#x}", ctx_values[i]);
    for (std::size_t k = 0; k < fields.size(); ++k) {
      const std::uint64_t value = ctx_values[(i + k) % ctx_values.size()];
      input.input.fields.push_back({std::string(fields[k]), value_of(fields[k], value)});
    }
    inputs.push_back(std::move(input));
  }
  std::erase_if(inputs, [type](const GateInput& input) {
    return !runtime::test_run_refusal(type, input.input.packet).empty();
  });
  return inputs;
}

std::vector<runtime::MapContents> corner_maps(std::span<const program::MapDef> maps) {
  constexpr std::uint32_t most_entries = 64;
  constexpr std::uint32_t most_value_bytes = 4096;
  std::vector<runtime::MapContents> contents;
  for (const program::MapDef& map : maps) {
    const bool wanted = (is_array(map.type) || is_hash(map.type)) && !map.read_only &&
                        map.value_fields.empty() && map.initial.empty() &&
                        map.value_size <= most_value_bytes;
    if (!wanted) continue;
    runtime::MapContents filled{std::string(map.name), {}};
    std::vector<Bytes> keys = is_hash(map.type) ? hash_keys(map.key_size) : std::vector<Bytes>{};
    for (std::uint32_t i = 0; is_array(map.type) && i < std::min(most_entries, map.max_entries);
         ++i)
      keys.push_back(little_endian(i, map.key_size));
    std::ranges::sort(keys);
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
    if (keys.size() > map.max_entries) keys.resize(map.max_entries);
    for (std::size_t i = 0; i < keys.size(); ++i)
      filled.entries.push_back({keys[i], patterned(map.value_size, 5 * i)});
    contents.push_back(std::move(filled));
  }
  return contents;
}

}  // namespace probity::opt
