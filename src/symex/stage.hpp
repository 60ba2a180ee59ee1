// SPDX-License-Identifier: Apache-2.0
// Stages: an exploration may run several programs one after the other on each path, in one world.
// The world is the packet, the ctx fields and the initial contents of all maps; its variables have
// the same names for every stage, so what two programs do with the same input can be compared: the
// first program runs to its end, then the second begins under the same path condition and branches
// only where that leaves it a choice (product exploration). What a stage leaves behind is an
// Ending; a Relation says what must hold between endings (compare.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "symex/state.hpp"

namespace probity::symex {

/// What a stage starts from.
enum class Start : std::uint8_t {
  initial,  ///< the packet, ctx and maps as the first stage found them
  chained   ///< the packet, ctx and maps as the stage before left them
};

/// One run of a program.
struct Stage {
  program::View program;
  Start start = Start::initial;
  /// The stage runs only if the one before it, which must have run itself, returned one of these;
  /// empty: always. A stage that does not run leaves what the one before it left.
  std::vector<std::uint32_t> only_after = {};
  /// Stages of one identity get the same answers from helpers whose results no program computes:
  /// the k-th call of a helper gives the k-th answer.
  std::uint32_t identity = 0;
  /// A specification outside the program: it may read past the end of the packet and skip the
  /// rules of the kernel's verifier.
  bool trusted = false;
  /// BPF_ASSERT and friends count. Off: the program as it is deployed.
  bool specs = true;
};

/// Which maps of different stages are one.
enum class MapSharing : std::uint8_t {
  by_name,        ///< those of one name, which must have one shape; constants only if equal
  but_no_globals  ///< the same, but each program has its own .data, .bss, .rodata, .kconfig
};

/// What a stage left behind, as terms.
struct Ending {
  bool ran = true;             ///< false: skipped by Stage::only_after
  term::Id action;             ///< 32 bits: the return value
  Packet packet;               ///< the window; bytes are in `objects`
  std::vector<MapState> maps;  ///< by world index
  std::map<std::uint32_t, Word> ctx_written;
  std::vector<TraceEvent> trace;  ///< of this stage
  SpecSays says;                  ///< of this stage, when it is a specification
  Regions regions;
  Objects objects;
};

/// Something that must hold between endings on every path.
struct Demand {
  std::string observable;  ///< "return value", "packet", "map NAME" …
  term::Id condition;      ///< one bit
  std::string text;        ///< one line: what is wrong if it does not hold
};

class Explorer;

/// States what must hold when the last stage has ended. `endings` has one entry per stage.
using Relation = std::function<std::vector<Demand>(
    Explorer& explorer, PathState& state, std::span<const std::shared_ptr<const Ending>> endings)>;

}  // namespace probity::symex
