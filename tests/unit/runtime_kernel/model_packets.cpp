// SPDX-License-Identifier: Apache-2.0
// The packets of model_cases.hpp.
#include "model_cases.hpp"

#include <algorithm>

namespace probity::runtime {
namespace {

using program::ProgType;

Bytes frame(std::initializer_list<std::uint8_t> head, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 3);
  std::ranges::copy(head, bytes.begin());
  return bytes;
}

}  // namespace

std::vector<NamedPacket> model_packets() {
  return {
      {"ipv4", frame({2,  0, 0, 0, 0, 1,  2, 0,    0,    0,  0, 2, 8, 0,  0x45, 1, 0,
                      46, 0, 1, 0, 0, 64, 6, 0x12, 0x34, 10, 0, 0, 1, 10, 0,    0, 2},
                     60)},
      {"ipv6",
       frame({0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0x20, 0, 0, 0, 26, 17, 64},
             80)},
      {"vlan",
       frame({1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0x20, 7, 8, 0, 0x45, 2, 0, 42}, 74)},
      {"llc", frame({2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 46, 0xff, 0xff}, 60)},
      {"jumbo", frame({2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6}, 4000), ProgType::xdp},
      {"shortest", frame({2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6}, 14)},
  };
}

}  // namespace probity::runtime
