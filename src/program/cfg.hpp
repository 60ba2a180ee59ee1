// SPDX-License-Identifier: Apache-2.0
// Control flow of a program: basic blocks in slot order, per subprogram, with successors, what the
// subprogram's first block reaches, retreating edges of a depth-first walk, and immediate
// post-dominators (Cooper, Harvey, Kennedy, "A simple, fast dominance algorithm", on the reversed
// graph with one virtual exit). A local call is an insn like any other here: control goes on behind
// it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "base/diagnostic.hpp"
#include "program/program.hpp"

namespace probity::program {

/// "No such block".
constexpr std::uint32_t no_block = 0xffffffff;

struct Block {
  std::uint32_t first_slot = 0;
  std::uint32_t end_slot = 0;      ///< behind the last insn
  std::uint32_t last_slot = 0;     ///< first slot of the last insn
  std::uint32_t subprog = 0;       ///< index
  std::uint32_t next = no_block;   ///< fall-through
  std::uint32_t taken = no_block;  ///< jump target
  /// The first block that every way from here to the end of the subprogram enters; no_block when
  /// that is the end itself, or when no way leads there.
  std::uint32_t postdominator = no_block;
  bool may_end = false;      ///< ends in exit or a packet load
  bool reachable = false;    ///< from the subprogram's first block
  bool loop_head = false;    ///< target of a back edge
  bool reaches_end = false;  ///< some way leads to the end of the subprogram

  constexpr std::array<std::uint32_t, 2> successors() const { return {next, taken}; }
};

struct BackEdge {
  std::uint32_t from = no_block;
  std::uint32_t to = no_block;
  friend bool operator==(const BackEdge&, const BackEdge&) = default;
};

struct Cfg {
  std::span<Block> blocks;
  std::span<const std::uint32_t> block_of;     ///< by slot; the second slot of lddw too
  std::span<const std::uint32_t> entry_block;  ///< by subprogram
  std::span<const BackEdge> back_edges;        ///< among reachable blocks

  const Block& block_at(std::uint32_t slot) const { return blocks[block_of[slot]]; }
};

/// An arena of this size is enough for build_cfg.
constexpr std::size_t cfg_arena_bytes(std::size_t slot_count, std::size_t subprog_count) {
  return 96 * slot_count + 4 * subprog_count + 1024;
}

/// For a program that validate() accepts; another one gets a diagnostic or a useless graph, never
/// more.
Expected<Cfg> build_cfg(const View& view, Arena& arena);

}  // namespace probity::program
