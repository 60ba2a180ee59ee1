// SPDX-License-Identifier: Apache-2.0
// The programs of model_difference_test.cpp and the packets they run on.
#pragma once

#include <ostream>
#include <span>
#include <string_view>
#include <vector>

#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {

struct ModelCase {
  std::string_view name;
  program::ProgType type = program::ProgType::unspec;
  std::string_view text;             ///< in the kernel's style, see model_difference_test.cpp
  std::vector<std::size_t> maps;     ///< that the program uses, beside map 0
  std::vector<MapContents> seeds{};  ///< what a user puts into maps first
  std::vector<CtxValue> fields{};    ///< ctx fields that a user sets
};
/// For the names of failed tests.
void PrintTo(const ModelCase& one, std::ostream* out);
std::span<const ModelCase> skb_cases();
std::span<const ModelCase> xdp_cases();

struct NamedPacket {
  std::string_view name;
  Bytes bytes;
  program::ProgType only = program::ProgType::unspec;  ///< the one type it is for, unspec: all
};
std::vector<NamedPacket> model_packets();

}  // namespace probity::runtime
