// SPDX-License-Identifier: Apache-2.0
// Instructions of one row with random and corner operands: every register class, every kind of
// base (rsp and r12 need a SIB byte, rbp and r13 a displacement), with and without an index, the
// edges of disp8, disp32 and of each immediate.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "domain/concrete.hpp"
#include "isa/x86/encode.hpp"
#include "isa/x86/insn.hpp"

namespace probity::x86::test {

/// `count` instructions of the row; the first ones walk through the corners, the rest are random.
std::vector<Insn<Concrete>> sample_insns(Form form, unsigned count, std::mt19937_64& random);

/// The bytes of `insn` as `row` encodes it.
std::vector<std::uint8_t> encoded(const Row& row, const Insn<Concrete>& insn);

/// As print() gives it.
std::string text_of(const Insn<Concrete>& insn, std::uint64_t address);

/// Both are the same instruction with the same operands; what their row does not have is ignored.
bool same_operands(const Insn<Concrete>& a, const Insn<Concrete>& b);

}  // namespace probity::x86::test
