// SPDX-License-Identifier: Apache-2.0
// The rows of dissect.def are read from the packet's bits; what comes next, how long a header
// really is, and what its variable part holds is decided here, a function for each protocol that
// has such a thing.
#include "packet/dissect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace probity::packet {
namespace {

enum class Shown : std::uint8_t {
  number,
  hexadecimal,
  mac,
  ipv4,
  ipv6,
  port,
  ethertype,
  ip_protocol,
  arp_operation,
  tcp_flags,
  icmp_type,
  icmpv6_type,
  words,
  words_less_two,
  eights
};

enum class Header : std::uint8_t {
#define HEADER(id, name, bytes) id,
#define FIELD(name, bits, shown)
#include "packet/dissect.def"
#undef HEADER
#undef FIELD
};

struct Row {
  std::optional<Header> opens;  // a new header, or
  std::string_view name;
  std::uint16_t size = 0;  // bytes of a header, bits of a field
  Shown shown = Shown::number;
};
constexpr Row rows[] = {
#define HEADER(id, name, bytes) {Header::id, name, bytes, Shown::number},
#define FIELD(name, bits, shown) {std::nullopt, name, bits, Shown::shown},
#include "packet/dissect.def"
#undef HEADER
#undef FIELD
};

consteval bool rows_fill_headers() {
  std::uint32_t left = 0;
  for (const Row& row : rows) {
    if (row.opens && left != 0) return false;
    left = row.opens ? row.size * 8u : left - row.size;
  }
  return left == 0;
}
static_assert(rows_fill_headers(), "the fields of each header take exactly its bytes");

struct Named {
  std::uint32_t value;
  std::string_view name;
};
constexpr Named ethertypes[] = {{0x0800, "IPv4"},  {0x0806, "ARP"},  {0x8100, "VLAN"},
                                {0x86dd, "IPv6"},  {0x8847, "MPLS"}, {0x88a8, "VLAN (service)"},
                                {0x8864, "PPPoE"}, {0x88cc, "LLDP"}, {0x6558, "Ethernet"}};
constexpr Named protocols[] = {{0, "hop-by-hop options"},
                               {1, "ICMP"},
                               {2, "IGMP"},
                               {4, "IPv4"},
                               {6, "TCP"},
                               {17, "UDP"},
                               {41, "IPv6"},
                               {43, "routing"},
                               {44, "fragment"},
                               {47, "GRE"},
                               {50, "ESP"},
                               {51, "AH"},
                               {58, "ICMPv6"},
                               {59, "nothing"},
                               {60, "destination options"},
                               {132, "SCTP"}};
constexpr Named arp_operations[] = {{1, "request"}, {2, "reply"}};
constexpr Named icmp_types[] = {{0, "echo reply"},
                                {3, "unreachable"},
                                {5, "redirect"},
                                {8, "echo request"},
                                {11, "time exceeded"}};
constexpr Named icmpv6_types[] = {{1, "unreachable"},
                                  {2, "packet too big"},
                                  {3, "time exceeded"},
                                  {128, "echo request"},
                                  {129, "echo reply"},
                                  {133, "router solicitation"},
                                  {134, "router advertisement"},
                                  {135, "neighbour solicitation"},
                                  {136, "neighbour advertisement"}};
constexpr Named ports[] = {{22, "ssh"},    {23, "telnet"}, {53, "domain"},
                           {67, "bootps"}, {68, "bootpc"}, {80, "http"},
                           {123, "ntp"},   {443, "https"}, {4789, "vxlan"}};
constexpr Named ip_options[] = {
    {0, "end"},           {1, "no operation"},         {7, "record route"},
    {68, "timestamp"},    {131, "loose source route"}, {137, "strict source route"},
    {148, "router alert"}};
constexpr Named tcp_options[] = {{0, "end"},
                                 {1, "no operation"},
                                 {2, "maximum segment size"},
                                 {3, "window scale"},
                                 {4, "selective ack permitted"},
                                 {5, "selective ack"},
                                 {8, "timestamps"}};

std::string name_of(std::span<const Named> table, std::uint32_t value) {
  const auto found = std::ranges::find(table, value, &Named::value);
  return found == table.end() ? std::string() : std::string(found->name);
}

std::string flags_text(std::uint8_t flags) {
  constexpr std::array<std::string_view, 8> names = {"FIN", "SYN", "RST", "PSH",
                                                     "ACK", "URG", "ECE", "CWR"};
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((flags >> i & 1) != 0) text += (text.empty() ? "" : " ") + std::string(names[i]);
  }
  return text;
}

std::string ipv6_text(std::span<const std::uint8_t> bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = bytes[2 * i] << 8u | bytes[2 * i + 1];
  std::size_t best = 8;  // RFC 5952: the longest run of two zeros or more is left out
  std::size_t best_size = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_size) best = i, best_size = end - i;
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_size - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

class Dissector {
 public:
  explicit Dissector(std::span<const std::uint8_t> packet) : packet_(packet) {}

  std::vector<Layer> run() {
    std::optional<Header> next = Header::ethernet;
    while (next && at_ < packet_.size() && layers_.size() + 1 < max_layers) next = take(*next);
    if (at_ < packet_.size()) payload();
    return std::move(layers_);
  }

 private:
  std::size_t left() const { return packet_.size() - at_; }
  std::uint8_t byte(std::size_t offset) const { return packet_[at_ + offset]; }
  std::uint16_t half(std::size_t offset) const {
    return static_cast<std::uint16_t>(byte(offset) << 8 | byte(offset + 1));
  }

  std::uint64_t bits(std::size_t first, std::size_t count) const {
    std::uint64_t value = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      value = value << 1 | (packet_[i / 8] >> (7 - i % 8) & 1u);
    }
    return value;
  }

  DissectedField field(const Row& row, std::size_t first_bit) const {
    DissectedField made{
        std::string(row.name), static_cast<std::uint32_t>(first_bit), row.size, {}, {}};
    const std::size_t byte_at = first_bit / 8;
    const auto octets = packet_.subspan(byte_at, (first_bit % 8 + row.size + 7) / 8);
    const std::uint64_t value = row.size <= 64 ? bits(first_bit, row.size) : 0;
    const auto number = static_cast<std::uint32_t>(value);
    made.value = fmt::format("{}", value);
    switch (row.shown) {
      case Shown::number: break;
      case Shown::hexadecimal:
        made.value = fmt::format("0x{:0{}x}", value, (row.size + 3) / 4);
        break;
      case Shown::mac: made.value = fmt::format("{:02x}", fmt::join(octets, ":")); break;
      case Shown::ipv4: made.value = fmt::format("{}", fmt::join(octets, ".")); break;
      case Shown::ipv6: made.value = ipv6_text(octets); break;
      case Shown::port: made.note = name_of(ports, number); break;
      case Shown::ethertype:
        made.value = fmt::format("0x{:04x}", value);
        made.note = name_of(ethertypes, number);
        break;
      case Shown::ip_protocol: made.note = name_of(protocols, number); break;
      case Shown::arp_operation: made.note = name_of(arp_operations, number); break;
      case Shown::tcp_flags:
        made.value = fmt::format("0x{:02x}", value);
        made.note = flags_text(static_cast<std::uint8_t>(value));
        break;
      case Shown::icmp_type: made.note = name_of(icmp_types, number); break;
      case Shown::icmpv6_type: made.note = name_of(icmpv6_types, number); break;
      case Shown::words: made.note = fmt::format("{} bytes", value * 4); break;
      case Shown::words_less_two: made.note = fmt::format("{} bytes", (value + 2) * 4); break;
      case Shown::eights: made.note = fmt::format("{} bytes", (value + 1) * 8); break;
    }
    return made;
  }

  /// The fixed part of a header; false when the packet ends in it.
  bool fixed_part(Header header) {
    const Row* row = std::ranges::find(rows, std::optional(header), &Row::opens);
    const std::size_t size = row->size;
    const std::size_t present = std::min<std::size_t>(size, left());
    Layer layer{std::string(row->name),
                static_cast<std::uint32_t>(at_),
                static_cast<std::uint32_t>(present),
                {},
                {}};
    std::size_t bit = at_ * 8;
    for (++row; row != std::end(rows) && !row->opens; ++row) {
      if (bit + row->size <= packet_.size() * 8) layer.fields.push_back(field(*row, bit));
      bit += row->size;
    }
    if (present < size) layer.problem = fmt::format("truncated: {} of {} bytes", present, size);
    layers_.push_back(std::move(layer));
    return present == size;
  }

  /// The header at hand has `size` bytes in all; those beyond its fixed part are one field, or
  /// options. False when the packet ends before.
  bool extend(std::size_t size, std::string_view name) {
    Layer& layer = layers_.back();
    const std::size_t fixed = layer.size_bytes;
    if (size < fixed) {
      layer.problem = fmt::format("header length {} is less than {} bytes", size, fixed);
      return false;
    }
    const std::size_t present = std::min(size, left());
    if (present > fixed) {
      layer.fields.push_back({std::string(name),
                              static_cast<std::uint32_t>((at_ + fixed) * 8),
                              static_cast<std::uint32_t>((present - fixed) * 8),
                              hex(packet_.subspan(at_ + fixed, present - fixed)),
                              {}});
    }
    layer.size_bytes = static_cast<std::uint32_t>(present);
    if (present < size) layer.problem = fmt::format("truncated: {} of {} bytes", present, size);
    return present == size;
  }

  /// Options of IPv4 and TCP: kind, and for all but 0 and 1 a length that counts both.
  bool options(std::size_t size, std::span<const Named> names) {
    const std::size_t fixed = layers_.back().size_bytes;
    const std::size_t end = std::min(size, left());
    if (size < fixed || size == fixed) return extend(size, "options");
    Layer& layer = layers_.back();
    for (std::size_t i = fixed; i < end;) {
      const std::uint8_t kind = byte(i);
      const bool single = kind <= 1;
      const std::size_t length = single ? 1 : i + 1 < end ? byte(i + 1) : 0;
      const bool fits = length >= (single ? 1u : 2u) && i + length <= end;
      const std::size_t shown = fits ? length : end - i;
      layer.fields.push_back(
          {fmt::format("option {}", kind), static_cast<std::uint32_t>((at_ + i) * 8),
           static_cast<std::uint32_t>(shown * 8), hex(packet_.subspan(at_ + i, shown)),
           fits ? name_of(names, kind) : "its length does not fit"});
      if (!fits) break;
      i += length;
    }
    layer.size_bytes = static_cast<std::uint32_t>(end);
    if (end < size) layer.problem = fmt::format("truncated: {} of {} bytes", end, size);
    return end == size;
  }

  static std::string hex(std::span<const std::uint8_t> bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, ""));
  }

  /// The header is done; `next` follows it.
  std::optional<Header> then(std::optional<Header> next) {
    at_ += layers_.back().size_bytes;
    return next;
  }

  static std::optional<Header> of_ethertype(std::uint16_t type) {
    switch (type) {
      case 0x0800: return Header::ipv4;
      case 0x0806: return Header::arp;
      case 0x8100:
      case 0x88a8: return Header::vlan;
      case 0x86dd: return Header::ipv6;
      case 0x8847: return Header::mpls;
      case 0x6558: return Header::ethernet;
      default: return std::nullopt;
    }
  }
  static std::optional<Header> of_protocol(std::uint8_t protocol) {
    switch (protocol) {
      case 0:
      case 60: return Header::ipv6_options;
      case 1: return Header::icmp;
      case 4: return Header::ipv4;
      case 6: return Header::tcp;
      case 17: return Header::udp;
      case 41: return Header::ipv6;
      case 43: return Header::ipv6_routing;
      case 44: return Header::ipv6_fragment;
      case 47: return Header::gre;
      case 51: return Header::authentication;
      case 58: return Header::icmpv6;
      case 132: return Header::sctp;
      default: return std::nullopt;
    }
  }

  std::optional<Header> take(Header header) {
    if (!fixed_part(header)) return then(std::nullopt);
    switch (header) {
      case Header::ethernet: return then(of_ethertype(half(12)));
      case Header::vlan: return then(of_ethertype(half(2)));
      case Header::mpls: return mpls();
      case Header::ipv4: return ipv4();
      case Header::ipv6: return then(of_protocol(byte(6)));
      case Header::ipv6_options:
      case Header::ipv6_routing: {
        const bool whole = extend((byte(1) + std::size_t{1}) * 8, "more");
        return then(whole ? of_protocol(byte(0)) : std::nullopt);
      }
      case Header::ipv6_fragment: {
        const bool first = (half(2) & 0xfff8) == 0;
        return then(first ? of_protocol(byte(0)) : std::nullopt);
      }
      case Header::authentication: {
        const bool whole = extend((byte(1) + std::size_t{2}) * 4, "integrity check value");
        return then(whole ? of_protocol(byte(0)) : std::nullopt);
      }
      case Header::tcp:
        options(static_cast<std::size_t>(byte(12) >> 4) * 4, tcp_options);
        return then(std::nullopt);
      case Header::udp: return then(half(2) == 4789 ? std::optional(Header::vxlan) : std::nullopt);
      case Header::gre: return gre();
      case Header::vxlan: return then(Header::ethernet);
      case Header::arp:
      case Header::icmp:
      case Header::icmpv6:
      case Header::sctp: return then(std::nullopt);
    }
    return std::nullopt;
  }

  /// Under the label at the bottom lies what its first four bits say.
  std::optional<Header> mpls() {
    const bool bottom = (byte(2) & 1) != 0;
    if (!bottom) return then(Header::mpls);
    if (left() <= 4) return then(std::nullopt);
    const unsigned version = byte(4) >> 4;
    return then(version == 4   ? std::optional(Header::ipv4)
                : version == 6 ? std::optional(Header::ipv6)
                               : std::nullopt);
  }

  std::optional<Header> ipv4() {
    if (!options(static_cast<std::size_t>(byte(0) & 15) * 4, ip_options)) return then(std::nullopt);
    judge_checksum();
    const bool first = (half(6) & 0x1fff) == 0;
    return then(first ? of_protocol(byte(9)) : std::nullopt);
  }

  /// Says of the header's checksum whether it is right.
  void judge_checksum() {
    Layer& layer = layers_.back();
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < layer.size_bytes; i += 2) {
      if (i != 10) sum += half(i);
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    const std::uint32_t right = ~sum & 0xffff;
    const auto at = std::ranges::find(layer.fields, "checksum", &DissectedField::name);
    at->note = half(10) == right ? "right" : fmt::format("wrong, 0x{:04x} would be right", right);
  }

  std::optional<Header> gre() {
    const unsigned words = (byte(0) >> 7 & 1u) + (byte(0) >> 5 & 1u) + (byte(0) >> 4 & 1u);
    const std::uint16_t type = half(2);
    const bool whole = extend(4 + std::size_t{4} * words, "checksum, key, sequence");
    return then(whole ? of_ethertype(type) : std::nullopt);
  }

  void payload() {
    layers_.push_back({"payload",
                       static_cast<std::uint32_t>(at_),
                       static_cast<std::uint32_t>(left()),
                       {{"bytes",
                         static_cast<std::uint32_t>(at_ * 8),
                         static_cast<std::uint32_t>(left() * 8),
                         hex(packet_.subspan(at_)),
                         {}}},
                       {}});
    at_ = packet_.size();
  }

  std::span<const std::uint8_t> packet_;
  std::size_t at_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace

std::vector<Layer> dissect(std::span<const std::uint8_t> packet) {
  return Dissector(packet).run();
}

}  // namespace probity::packet
