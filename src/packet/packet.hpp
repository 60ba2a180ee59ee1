// SPDX-License-Identifier: Apache-2.0
// Packet files: hexadecimal text as people write it, and capture files (pcap, pcapng) through
// libpcap. Both directions work on memory; reading and replacing files is the caller's business, so
// nothing is ever written by halves. Every error names the place, the value and the limit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::packet {

using Bytes = std::vector<std::uint8_t>;

/// The longest packet that is read or written.
constexpr std::size_t max_packet_bytes = 65535;
/// The most records that are read from one capture.
constexpr std::size_t max_capture_packets = 1'000'000;

/// Bytes of hexadecimal text: digit pairs, with or without `0x`, spaces and commas, `#` to the end
/// of the line is a comment. A line may start with an offset and a colon, which must be right; a
/// `|` ends the digits of a line (hexdump -C), whose first word is then an offset, too.
Expected<Bytes> parse_hex(std::string_view text, std::string_view place, std::size_t max_bytes);

/// Rows of sixteen bytes in the format that parse_hex reads back.
std::string print_hex(std::span<const std::uint8_t> bytes);

/// One record of a capture.
struct Record {
  Bytes bytes;                         ///< from the Ethernet header on
  std::int64_t time_microseconds = 0;  ///< since 1970
  friend bool operator==(const Record&, const Record&) = default;
};

/// All records of a pcap or pcapng file with link type Ethernet.
Expected<std::vector<Record>> parse_capture(std::span<const std::uint8_t> file,
                                            std::string_view place);

/// The contents of a pcap file with link type Ethernet.
Expected<std::string> print_capture(std::span<const Record> records);

}  // namespace probity::packet
