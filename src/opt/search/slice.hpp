// SPDX-License-Identifier: Apache-2.0
// Slices: the insns of one block that compute one number, with nobody else using what they compute
// on the way. A slice need not be contiguous; what replaces it stands where its last insn stood.
// In canonical form (inputs renamed in the order of their first use) equal computations of
// different programs are equal, so a rewrite found once is found everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/abstract.hpp"
#include "opt/generator.hpp"

namespace probity::opt::search {

/// Insns that a slice has at most.
constexpr std::size_t max_slice = 8;
/// Registers that it reads at most.
constexpr std::size_t max_inputs = 3;
/// Registers beside those that a rewrite may use.
constexpr std::size_t max_temporaries = 2;

/// What is told apart of an input: enough for rewrites to apply widely.
enum class Width : std::uint8_t { bits8 = 8, bits16 = 16, bits32 = 32, bits64 = 64 };

/// A computation on its own. Its registers: inputs from r0 on, then, unless it is one of them, the
/// output, then temporaries.
struct Problem {
  std::vector<bpf::Insn> insns;
  std::vector<Width> inputs;        ///< each is below 2^width
  std::vector<bool> input_is_dead;  ///< may be overwritten
  bpf::Reg output = bpf::Reg::r0;
  unsigned temporaries = 0;
  /// Registers in all.
  unsigned registers() const;
  /// May a rewrite write the register?
  bool is_writable(unsigned reg) const;
  /// The kernel's text of the insns and all else that decides what may replace them.
  std::string key() const;
};

struct Slice {
  Problem problem;
  std::vector<std::uint32_t> nodes;  ///< ascending; the last one is where the output is written
  std::array<bpf::Reg, bpf::reg_count> actual{};  ///< by register of the problem
};

/// An insn that slices are made of: computes a register from registers, touches nothing else.
bool is_pure(const Node& node);

/// The slice that ends at each node where one with two insns or more does.
std::vector<Slice> slices_of(const Version& version);

/// The same insn with the slice's registers in place of the problem's.
bpf::Insn renamed(const bpf::Insn& insn, const std::array<bpf::Reg, bpf::reg_count>& names);

}  // namespace probity::opt::search
