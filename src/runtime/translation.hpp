// SPDX-License-Identifier: Apache-2.0
// Translation: a program and its tail targets as machine code of one target, laid out one behind
// the other in memory of their own. It is position-independent and knows which instruction a number
// stands for, which is all that the runtime needs to serve it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/diagnostic.hpp"
#include "jit/compile.hpp"
#include "runtime/code_memory.hpp"
#include "runtime/linked_code.hpp"

namespace probity::runtime {

/// The target whose code this host runs, or nothing.
std::optional<jit::Target> host_target();
/// Optional instructions (jit::feature) of this host that translators know.
std::uint32_t host_features();

struct TranslationOptions {
  jit::Target target = jit::Target::x86_64;
  jit::Options options;
  std::uint64_t blinding_seed = 0;
};

/// An instruction as the runtime executes it.
struct NumberedInsn {
  bpf::Insn insn;
  bool is_insn = false;
  std::uint32_t address_index = 0;  ///< of a lddw that needs an address
};
constexpr bool needs_address(const bpf::Insn& insn) {
  return insn.slot_count() == 2 && insn.form != bpf::Form::lddw;
}

/// The code of one program.
struct TranslatedProgram {
  const LinkedProgram* program = nullptr;
  std::uint32_t first_insn = 0;  ///< number of its slot 0
  std::span<const std::uint8_t> code;
  std::uint32_t enter = 0;             ///< byte offset in `code`
  std::uint32_t leave = 0;             ///< byte offset in `code`
  std::uint32_t assist = 0;            ///< byte offset in `code`
  std::uint32_t cold = 0;              ///< byte offset in `code` of what instructions rarely do
  std::vector<std::uint32_t> offsets;  ///< by slot, and the end
  std::vector<NumberedInsn> insns;     ///< by slot; what stands at the second of a lddw is void

  bool has_frames() const;  ///< functions beside the main one

  const std::uint8_t* at(std::uint32_t slot) const { return code.data() + offsets[slot]; }
};

class Translation {
 public:
  /// Translates programs, which must outlive this. Their ops are not needed for that.
  Expected<void> make(std::span<const LinkedProgram> programs, const TranslationOptions& options);
  /// Makes the code executable on this host.
  Expected<void> seal() { return memory_.seal(); }

  std::span<const TranslatedProgram> programs() const { return programs_; }
  /// The program that instruction `number` belongs to.
  const TranslatedProgram& owner(std::uint64_t number) const;
  /// The program that was predecoded to `ops`.
  const TranslatedProgram& translated(std::span<const Op> ops) const;
  std::size_t address_count() const { return address_count_; }

 private:
  std::vector<TranslatedProgram> programs_;
  CodeMemory memory_;
  std::uint32_t address_count_ = 0;
};

}  // namespace probity::runtime
