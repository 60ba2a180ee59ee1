// SPDX-License-Identifier: Apache-2.0
// OpcodeTable: the rows by opcode map and opcode byte, for the decoder. Rows that share an opcode
// byte differ in prefixes, REX.W or ModRM.reg; the decoder compares those one after another.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "isa/x86/row.hpp"

namespace probity::x86 {

class OpcodeTable {
 public:
  constexpr explicit OpcodeTable(std::span<const Row> table);

  /// Indices of the rows with this opcode byte.
  constexpr std::span<const std::uint16_t> at(Map map, unsigned opcode) const {
    const std::size_t bucket = static_cast<std::size_t>(map) * 256 + opcode;
    return std::span(entries_).subspan(first_[bucket], first_[bucket + 1] - first_[bucket]);
  }

 private:
  static constexpr std::size_t bucket_count = 4 * 256;
  static constexpr std::size_t capacity = 768;  ///< a row with a field in its opcode takes 8 or 16
  std::array<std::uint16_t, bucket_count + 1> first_{};
  std::array<std::uint16_t, capacity> entries_{};
};

/// How many opcode bytes a row has.
constexpr unsigned opcode_count(const Row& row) {
  switch (row.opcode_field) {
    case OpcodeField::none: return 1;
    case OpcodeField::reg: return 8;
    case OpcodeField::cond: return 16;
  }
  return 0;
}

constexpr OpcodeTable::OpcodeTable(std::span<const Row> table) {
  std::array<std::uint16_t, bucket_count> used{};
  const auto each = [&table](auto visit) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      const std::size_t start = static_cast<std::size_t>(table[i].map) * 256 + table[i].opcode;
      for (std::size_t b = start; b < start + opcode_count(table[i]); ++b) visit(b, i);
    }
  };
  each([this](std::size_t bucket, std::size_t) { ++first_[bucket + 1]; });
  for (std::size_t b = 0; b < bucket_count; ++b) first_[b + 1] += first_[b];
  each([&](std::size_t bucket, std::size_t i) {
    entries_[first_[bucket] + used[bucket]++] = static_cast<std::uint16_t>(i);
  });
}

/// Of `rows`.
extern const OpcodeTable opcode_table;

}  // namespace probity::x86
