// SPDX-License-Identifier: Apache-2.0
// What a target's translator is given. A target is a folder jit/<name> with
//   template <PathDomain D> class Translator {
//     Translator(isa::Code<D>& code, const Options& options);
//     bool insn(bpf::Form, bpf::Reg dst, bpf::Reg src, const Inputs<D>&);  // one instruction
//     void enter(const Labels<D>&);   // the Enter function: prologue, call of the body, epilogue
//     void leave(const Labels<D>&);   // ends the run from any depth: stack pointer, epilogue
//     void assist(const Labels<D>&);  // see context.hpp
//     void end(const Inputs<D>&);     // behind the last instruction: assisted, which faults
//     void pad(unsigned count);       // `count` bytes that do nothing, where loop_alignment > 1
//     bool has_cold() const;          // if uses_cold: insn() may go to Labels::cold; there is
//     void cold(bpf::Form, bpf::Reg dst, bpf::Reg src, const Inputs<D>&);
//     static constexpr bool uses_cold, uses_upper_dead;  // Inputs::upper_dead matters
//     static constexpr std::uint32_t loop_alignment;     // bytes; of targets of back edges
//   };
// over any PathDomain. insn() depends on its arguments alone; false if a distance is too long.
#pragma once

#include <cstdint>

#include "domain/bv.hpp"
#include "isa/bpf/insn.hpp"
#include "isa/bpf/semantics.hpp"
#include "isa/code.hpp"

namespace probity::jit {

/// The most padding between two instructions.
constexpr std::uint32_t pad_limit = 128;

enum class Memory : std::uint8_t { unchecked, checked };
enum class Fuel : std::uint8_t { off, at_back_edges };
enum class Blinding : std::uint8_t { off, on };

/// Optional instructions of the target's machine; a bit that a target does not know is ignored.
namespace feature {
constexpr std::uint32_t x86_bmi2 = 1u << 0;  ///< shlx, shrx, sarx
constexpr std::uint32_t rv_c = 1u << 1;      ///< compressed instructions
constexpr std::uint32_t rv_zba = 1u << 2;
constexpr std::uint32_t rv_zbb = 1u << 3;
}  // namespace feature

struct Options {
  Memory memory = Memory::checked;
  Fuel fuel = Fuel::at_back_edges;
  Blinding blinding = Blinding::off;
  std::uint32_t features = 0;
};

/// The largest byte offset in an image: every distance between two labels is encodable on every
/// target (rv64's auipc+jalr reaches 2^31 - 2^11 forwards).
constexpr std::uint32_t label_limit = (1u << 31) - 4096;

/// Inputs::address_index is below it.
constexpr std::uint32_t address_limit = 1u << 20;

/// Byte offsets from the start of the image, below label_limit. Instruction numbers are below 2^31.
template <Domain D>
struct Labels {
  Bv<D, 32> here;    ///< where this sequence starts
  Bv<D, 32> target;  ///< of a jump or a local call; equals `here` for `goto -1`
  Bv<D, 32> assist;
  Bv<D, 32> leave;
  Bv<D, 32> next{};  ///< of the instruction behind this one
  Bv<D, 32> cold{};  ///< where the rare part of this instruction lies, behind all others
};

template <Domain D>
struct Inputs {
  bpf::Immediates<D> immediates;
  Bv<D, 32> insn;  ///< number of this instruction, for assist; unique among linked images; < 2^31
  Bv<D, 32> blinding;       ///< key, when Options::blinding is on
  Bv<D, 32> address_index;  ///< of lddw forms with an address: index into Context::addresses
  Labels<D> labels;
  bool back_edge = false;      ///< the target is this instruction or an earlier one
  bool upper_dead = false;     ///< nobody reads the upper half of the result: need not be zeroed
  bool always_assist = false;  ///< the runtime executes this instruction
};

}  // namespace probity::jit
