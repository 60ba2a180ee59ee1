// SPDX-License-Identifier: Apache-2.0
// Random words of a given row, half of whose fields have corner values (zero, one, all ones, the
// sign bit alone and its complement). They are put together from the row's pieces at run time, by
// other code than the encoder's, and admitted by the manual's restrictions as the row states them.
#pragma once

#include <array>
#include <cstdint>
#include <random>

#include "isa/riscv/insn.hpp"

namespace probity::riscv {

class SampleWords {
 public:
  explicit SampleWords(std::uint64_t seed) : random_(seed) {}

  std::uint64_t random() { return random_(); }
  bool one_in(unsigned n) { return random_() % n == 0; }
  Form form() { return static_cast<Form>(random_() % form_count); }

  std::uint32_t next(Form form) {
    const Format& f = row(form).format;
    while (true) {
      std::array<std::uint64_t, field_count> values{};
      for (std::uint64_t& value : values) value = one_in(2) ? corner(f.imm_width) : random_();
      if (admitted(f, values)) return assemble(f, values);
    }
  }

 private:
  static unsigned width(const Format& f, Field field) {
    unsigned all = 0;
    for (const Piece& p : f.pieces) all += p.field == field ? p.width : 0;
    return all;
  }
  std::uint64_t corner(unsigned width) {
    const std::uint64_t sign = std::uint64_t{1} << (width == 0 ? 4 : width - 1);
    const std::array<std::uint64_t, 6> corners = {0, 1, ~std::uint64_t{0}, sign, sign - 1, 2};
    return corners[random_() % corners.size()];
  }
  static bool admitted(const Format& f, const std::array<std::uint64_t, field_count>& values) {
    for (unsigned i = 0; i < f.restriction_count; ++i) {
      const Restriction& r = f.restrictions[i];
      const std::uint64_t mask = (std::uint64_t{1} << width(f, r.field)) - 1;
      if ((values[static_cast<std::size_t>(r.field)] & mask) == r.value) return false;
    }
    return true;
  }
  static std::uint32_t assemble(const Format& f,
                                const std::array<std::uint64_t, field_count>& values) {
    std::uint64_t word = 0;
    for (const Piece& p : f.pieces) {
      const std::uint64_t whole =
          p.field == Field::fixed ? p.value : values[static_cast<std::size_t>(p.field)] >> p.from;
      word |= (whole & ((std::uint64_t{1} << p.width) - 1)) << p.low;
    }
    return static_cast<std::uint32_t>(word);
  }

  std::mt19937_64 random_;
};

}  // namespace probity::riscv
