// SPDX-License-Identifier: Apache-2.0
// compile: eBPF slots to machine code of one target, in memory the caller provides; no heap and no
// system call here. layout() sizes everything (grow-only passes over the branches, so it ends) and
// gives the exact number of bytes; emit() writes them and checks of every instruction that it fills
// exactly the room the layout gave it: the layout that displacements were computed from is the
// layout of the image. An image starts with enter, leave and assist, then slot 0, ..., then end,
// then the cold parts: what instructions rarely do.
#pragma once

#include <cstdint>
#include <span>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"
#include "jit/translator.hpp"

namespace probity::jit {

enum class Target : std::uint8_t { x86_64, rv64 };

/// The longest program. A layout needs at most layout_pass_limit passes, or is refused.
constexpr std::uint32_t slot_limit = 1u << 24;
constexpr unsigned layout_pass_limit = 1000;
/// Where an image should start in memory: loops are aligned from its start on.
constexpr std::uint32_t image_alignment = 64;

struct Request {
  Target target = Target::x86_64;
  std::span<const bpf::Slot> slots = {};
  Options options = {};
  std::uint32_t first_insn = 0;     ///< number of slot 0, for assist: slot s has first_insn + s
  std::uint32_t first_address = 0;  ///< address_index of the first lddw that needs one
  std::uint64_t blinding_seed = 0;
  /// By slot: not 0 where the runtime executes the instruction. May be empty.
  std::span<const std::uint8_t> always_assist = {};
};

struct Image {
  std::uint32_t size_bytes = 0;
  std::uint32_t enter = 0, leave = 0, assist = 0;  ///< byte offsets
  std::uint32_t cold = 0;                          ///< behind the end: where cold parts start
  std::span<const std::uint32_t> offsets;  ///< by slot; one more for the end; in the workspace
  std::uint32_t address_count = 0;         ///< lddw instructions that need an address
};

/// A target's part: layout() and emit() over its translator, which driver_impl.hpp gives.
struct Backend {
  Expected<Image> (*layout)(const Request& request, std::span<std::byte> workspace);
  Expected<void> (*emit)(const Request& request, const Image& image, std::span<std::byte> workspace,
                         std::span<std::uint8_t> code);
};
/// Each defined in its target's folder.
namespace x86_64 {
extern const Backend backend;
}
namespace rv64 {
extern const Backend backend;
}

/// Bytes of workspace that layout() and emit() need for `slot_count` slots.
std::size_t workspace_bytes(std::size_t slot_count);

/// Sizes the image. Errors: an undecodable slot, a jump that leaves the program or enters a lddw, a
/// write to r10, a workspace too small, too many addresses, an image beyond label_limit.
Expected<Image> layout(const Request& request, std::span<std::byte> workspace);

/// Writes image.size_bytes bytes to `code`, which has room for isa::max_sequence_bytes more. The
/// request, image and workspace are those of layout().
Expected<void> emit(const Request& request, const Image& image, std::span<std::byte> workspace,
                    std::span<std::uint8_t> code);

}  // namespace probity::jit
