// SPDX-License-Identifier: Apache-2.0
// Insns with pseudo-random and boundary operands, for every form: the round-trip tests of the codec
// and of both texts draw from here.
#pragma once

#include <random>

#include "isa/bpf/codec.hpp"
#include "isa/bpf/insn.hpp"

namespace probity::bpf {

class SampleInsns {
 public:
  Insn next(Form form) {
    Insn insn;
    insn.form = form;
    insn.dst = static_cast<Reg>(random_() % reg_count);
    insn.src = static_cast<Reg>(random_() % reg_count);
    insn.off = static_cast<std::int16_t>(pick({0, 1, -1, 4, -8, 32767, -32768}));
    insn.imm = static_cast<std::int32_t>(pick({0, 1, -1, 5, 0x7fffffff, -0x7fffffff - 1}));
    insn.next_imm = static_cast<std::int32_t>(pick({0, 1, -1, 0x7fffffff, -0x7fffffff - 1}));
    return canonical(insn);
  }

 private:
  std::int64_t pick(std::initializer_list<std::int64_t> corners) {
    if (random_() % 2 == 0) return static_cast<std::int64_t>(random_());
    return corners.begin()[random_() % corners.size()];
  }

  std::mt19937_64 random_{12345};
};

}  // namespace probity::bpf
