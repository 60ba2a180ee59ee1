// SPDX-License-Identifier: Apache-2.0
// NativeCpu: executes one x86-64 instruction on the real CPU from a given state. All sixteen
// registers are loaded, the stack pointer too, so the trampoline addresses its own data and the
// scratch memory by 32-bit absolute addresses: both are mapped below 2^31. Around the instruction
// lie two landing pads that a branch may go to, one before and one behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "domain/concrete.hpp"
#include "isa/x86/state.hpp"

namespace probity {

/// Where control went.
enum class Landing : std::uint8_t { next, pad_before, pad_behind, trap };

struct NativeRun {
  x86::State<Concrete> state;
  Landing landing = Landing::next;
};

class NativeCpu {
 public:
  static constexpr std::size_t scratch_bytes = 1024;

  /// Nothing on other hosts and where memory below 2^31 is not to be had.
  static std::unique_ptr<NativeCpu> open();
  ~NativeCpu();
  NativeCpu(const NativeCpu&) = delete;
  NativeCpu& operator=(const NativeCpu&) = delete;

  /// Memory the instruction may access.
  std::span<std::uint8_t> scratch() const;
  /// Addresses of the instruction and of the landing pads, for an instruction of `length` bytes.
  std::uint64_t insn_address() const;
  std::uint64_t pad_before() const;
  std::uint64_t pad_behind(std::size_t length) const;

  /// Puts the instruction into the trampoline.
  void place(std::span<const std::uint8_t> insn);
  NativeRun run(const x86::State<Concrete>& before);

 private:
  struct Page;
  explicit NativeCpu(Page* page) : page_(page) {}
  Page* page_;
};

/// The feature the CPU lacks for VEX-encoded instructions; empty when it has it.
std::string missing_bmi2();

}  // namespace probity
