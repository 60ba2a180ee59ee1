// SPDX-License-Identifier: Apache-2.0
// Packets taken apart: the names and values of fields, what follows what, and what happens when a
// packet ends too early or lies about its lengths. Layers always cover the packet without a gap.
#include "packet/dissect.hpp"

#include <gtest/gtest.h>

#include <random>

#include "packet/packet.hpp"

namespace probity::packet {
namespace {

std::vector<Layer> layers_of(std::string_view hex) {
  const Expected<Bytes> bytes = parse_hex(hex, "test", max_packet_bytes);
  EXPECT_TRUE(bytes) << hex;
  if (!bytes) return {};
  return dissect(*bytes);
}

std::string names(const std::vector<Layer>& layers) {
  std::string text;
  for (const Layer& layer : layers) {
    text += (text.empty() ? "" : " / ") + layer.name;
    if (!layer.problem.empty()) text += " (" + layer.problem + ")";
  }
  return text;
}

/// "value" or "value (note)" of a field.
std::string field(const std::vector<Layer>& layers, std::string_view layer, std::string_view name) {
  for (const Layer& one : layers) {
    if (one.name != layer) continue;
    for (const DissectedField& made : one.fields) {
      if (made.name == name) return made.value + (made.note.empty() ? "" : " (" + made.note + ")");
    }
  }
  return "absent";
}

const std::string ethernet = "020000000001 020000000002 ";
const std::string ipv4 = "4500 0028 1234 4000 40 06 1497 0a000001 c0a80117 ";
const std::string tcp = "d431 0017 00000001 00000002 50 12 ffff abcd 0000 ";

TEST(Dissect, EthernetIpv4Tcp) {
  const auto layers = layers_of(ethernet + "0800" + ipv4 + tcp);
  EXPECT_EQ(names(layers), "Ethernet / IPv4 / TCP");
  EXPECT_EQ(field(layers, "Ethernet", "source"), "02:00:00:00:00:02");
  EXPECT_EQ(field(layers, "Ethernet", "type"), "0x0800 (IPv4)");
  EXPECT_EQ(field(layers, "IPv4", "header length"), "5 (20 bytes)");
  EXPECT_EQ(field(layers, "IPv4", "don't fragment"), "1");
  EXPECT_EQ(field(layers, "IPv4", "protocol"), "6 (TCP)");
  EXPECT_EQ(field(layers, "IPv4", "source"), "10.0.0.1");
  EXPECT_EQ(field(layers, "IPv4", "destination"), "192.168.1.23");
  EXPECT_EQ(field(layers, "TCP", "destination port"), "23 (telnet)");
  EXPECT_EQ(field(layers, "TCP", "flags"), "0x12 (SYN ACK)");
  EXPECT_EQ(field(layers, "TCP", "checksum"), "0xabcd");
}

TEST(Dissect, TheChecksumOfIpv4IsJudged) {
  const std::string head = ethernet + "0800 4500 0073 0000 4000 4011 ";
  const std::string tail = " c0a80001 c0a800c7";
  EXPECT_EQ(field(layers_of(head + "b861" + tail), "IPv4", "checksum"), "0xb861 (right)");
  EXPECT_EQ(field(layers_of(head + "b862" + tail), "IPv4", "checksum"),
            "0xb862 (wrong, 0xb861 would be right)");
}

TEST(Dissect, OptionsOfIpv4AndTcp) {
  const auto layers =
      layers_of(ethernet + "0800 4600 002c 0000 0000 40 06 0000 0a000001 0a000002" + "94040000" +
                "0001 0002 00000000 00000000 60 02 0000 0000 0000" + "020405b4");
  EXPECT_EQ(names(layers), "Ethernet / IPv4 / TCP");
  EXPECT_EQ(field(layers, "IPv4", "option 148"), "94040000 (router alert)");
  EXPECT_EQ(field(layers, "TCP", "option 2"), "020405b4 (maximum segment size)");
  const auto lying =
      layers_of(ethernet + "0800 4600 002c 0000 0000 40 06 0000 0a000001 0a000002" + "07090000");
  EXPECT_EQ(field(lying, "IPv4", "option 7"), "07090000 (its length does not fit)");
}

TEST(Dissect, TagsLabelsAndTunnels) {
  EXPECT_EQ(names(layers_of(ethernet + "88a8 e064 8100 0065 0806 0001 0800 06 04 0001" +
                            "020000000002 0a000001 000000000000 0a000002")),
            "Ethernet / VLAN / VLAN / ARP");
  const auto arp = layers_of(ethernet + "8100 2065 0806 0001 0800 06 04 0002" +
                             "020000000002 0a000001 000000000000 0a000002");
  EXPECT_EQ(field(arp, "VLAN", "priority"), "1");
  EXPECT_EQ(field(arp, "VLAN", "id"), "101");
  EXPECT_EQ(field(arp, "ARP", "operation"), "2 (reply)");
  EXPECT_EQ(field(arp, "ARP", "target protocol"), "10.0.0.2");
  const std::string inner = "4500 0014 0000 0000 40 fd 0000 01020304 05060708";
  const std::string outer = " 0000 0a000001 0a000002 ";
  EXPECT_EQ(names(layers_of(ethernet + "0800 4500 0028 0000 0000 40 04" + outer + inner)),
            "Ethernet / IPv4 / IPv4");
  EXPECT_EQ(names(layers_of(ethernet + "0800 4500 0028 0000 0000 40 2f" + outer +
                            "2000 0800 00000007" + inner)),
            "Ethernet / IPv4 / GRE / IPv4");
  EXPECT_EQ(names(layers_of(ethernet + "8847 00001040 00002140" + inner)),
            "Ethernet / MPLS / MPLS / IPv4");
  EXPECT_EQ(names(layers_of(ethernet + "0800 4500 0040 0000 0000 40 11" + outer +
                            "0001 12b5 0000 0000 08000000 00002a00" + ethernet + "0000")),
            "Ethernet / IPv4 / UDP / VXLAN / Ethernet");
}

TEST(Dissect, Ipv6AndItsExtensionHeaders) {
  const std::string address = "20010db8 00000000 00000000 00000001 ";
  const std::string head = ethernet + "86dd 60000000 0020 ";
  const auto layers = layers_of(head + "00 40" + address + "00000000 00000000 0000ffff 01020304" +
                                "2b 00 050200000000" + "2c 00 00 00 00000000" +
                                "3a 00 0001 00000009" + "80 00 0000 00010001");
  EXPECT_EQ(names(layers),
            "Ethernet / IPv6 / IPv6 options / IPv6 routing / IPv6 fragment / ICMPv6");
  EXPECT_EQ(field(layers, "IPv6", "source"), "2001:db8::1");
  EXPECT_EQ(field(layers, "IPv6", "destination"), "::ffff:102:304");
  EXPECT_EQ(field(layers, "IPv6 fragment", "more fragments"), "1");
  EXPECT_EQ(field(layers, "ICMPv6", "type"), "128 (echo request)");
  EXPECT_EQ(names(layers_of(head + "33 40" + address + address + "11 02 0000 00000001 00000002" +
                            "aabbccdd 0001 0035 0008 0000")),
            "Ethernet / IPv6 / authentication (AH) / UDP");
}

TEST(Dissect, LaterFragmentsHoldNoHeaders) {
  EXPECT_EQ(names(layers_of(ethernet + "0800 4500 001c 0000 0001 40 11 0000 0a000001 0a000002" +
                            "0001 0002 0008 0000")),
            "Ethernet / IPv4 / payload");
}

TEST(Dissect, WhatDoesNotFitIsTruncated) {
  EXPECT_EQ(names(layers_of("")), "");
  EXPECT_EQ(names(layers_of("0200000000")), "Ethernet (truncated: 5 of 14 bytes)");
  const auto cut = layers_of(ethernet + "0800 4500 0028 1234");
  EXPECT_EQ(names(cut), "Ethernet / IPv4 (truncated: 6 of 20 bytes)");
  EXPECT_EQ(field(cut, "IPv4", "identification"), "0x1234");
  EXPECT_EQ(field(cut, "IPv4", "time to live"), "absent");
  EXPECT_EQ(names(layers_of(ethernet + "0800 4400 0028 1234 4000 40 06 0000 0a000001 0a000002")),
            "Ethernet / IPv4 (header length 16 is less than 20 bytes)");
  EXPECT_EQ(names(layers_of(ethernet + "0800 4f00 0028 1234 4000 40 06 0000 0a000001 0a000002")),
            "Ethernet / IPv4 (truncated: 20 of 60 bytes)");
  EXPECT_EQ(names(layers_of(ethernet + "9000 0102")), "Ethernet / payload");
}

TEST(Dissect, LayersCoverEveryPacket) {
  std::mt19937 random(1);
  const Expected<Bytes> seed = parse_hex(ethernet + "0800" + ipv4 + tcp + "00", "test", 1000);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = *seed;
    bytes.resize(random() % 120);
    for (int change = 0; change < 4 && !bytes.empty(); ++change) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    std::size_t at = 0;
    for (const Layer& layer : dissect(bytes)) {
      ASSERT_EQ(layer.first_byte, at);
      at += layer.size_bytes;
      for (const DissectedField& made : layer.fields) {
        ASSERT_LE((made.first_bit + made.bit_count + 7) / 8, bytes.size()) << made.name;
      }
    }
    ASSERT_EQ(at, bytes.size());
  }
}

}  // namespace
}  // namespace probity::packet
