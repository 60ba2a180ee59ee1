// SPDX-License-Identifier: Apache-2.0
// Bare programs (r1 is the address of some memory, r2 its length, 64 bits of result) in the live
// kernel. No program type is called that way, so the program becomes a subprogram of an XDP one:
// the memory is the packet, and a one-entry array map carries the 64-bit result, of which a test
// run would return only half.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "runtime/engine.hpp"

namespace probity::runtime {

/// An XDP program around a bare one.
struct WrappedProgram {
  std::vector<bpf::Slot> slots;
  std::array<program::MapDef, 1> maps;  ///< "result": one u64

  program::View view() const;
};

/// Wraps slots for a memory of exactly `memory_bytes`; Fault::bad_input when they name maps.
Expected<WrappedProgram> wrap_for_kernel(std::span<const bpf::Slot> slots,
                                         std::uint32_t memory_bytes);

/// An engine whose run() takes raw_memory inputs; each run wraps and loads for the input's size.
Expected<std::unique_ptr<Engine>> load_kernel_bare(const program::View& program);

}  // namespace probity::runtime
