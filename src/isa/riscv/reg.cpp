// SPDX-License-Identifier: Apache-2.0
// Register names as text gives them.
#include "isa/riscv/reg.hpp"

namespace probity::riscv {

std::optional<Reg> find_reg(std::string_view text) {
  for (unsigned i = 0; i < reg_count; ++i) {
    if (text == reg_names[i]) return static_cast<Reg>(i);
  }
  if (text == "fp") return Reg::s0;
  if (text.size() < 2 || text.size() > 3 || text[0] != 'x') return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value >= reg_count || (text.size() == 3 && text[1] == '0')) return std::nullopt;
  return static_cast<Reg>(value);
}

}  // namespace probity::riscv
