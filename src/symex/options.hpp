// SPDX-License-Identifier: Apache-2.0
// What an exploration is asked: which rules it checks, within which bounds, and what it is to keep.
// The bounds are part of every verdict.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "solver/solver.hpp"
#include "symex/assumption.hpp"
#include "symex/effect.hpp"
#include "symex/stage.hpp"

namespace probity::symex {

/// Whether paths that meet become one (merge.hpp).
enum class Merging : std::uint8_t {
  automatic,  ///< where there are too many paths to walk each
  always,
  never
};

/// What a program must not do.
enum class Mode : std::uint8_t {
  strict,  ///< also: read what was never written, or let a result depend on an address
  safety,  ///< what the kernel's verifier forbids; all memory but the stack may change at any time
};

/// How far an exploration is.
struct Glance {
  std::uint64_t paths = 0;    ///< that have ended
  std::uint64_t pending = 0;  ///< branches left
  std::uint64_t queries = 0;  ///< that reached the solver
  double worst_query_seconds = 0;
};

struct Options {
  Mode mode = Mode::strict;
  std::uint32_t min_packet = 14;    ///< bytes; the kernel's test run takes no less
  std::uint32_t max_packet = 1514;  ///< bytes
  /// The most bytes that may lie in front of a packet at entry, where a program asks for them.
  std::uint32_t max_metadata = 32;
  std::uint32_t unroll = 2048;      ///< times a back edge may be taken on one path
  std::uint64_t max_paths = 200'000;
  std::uint64_t max_insns = 50'000'000;        ///< over all paths
  std::uint32_t timeout_seconds = 0;           ///< of wall clock; 0: none
  std::uint64_t memory_mib = 4096;             ///< of this process, in RAM
  std::vector<std::uint32_t> allowed_returns;  ///< empty: any
  bool specs = true;                           ///< evaluate BPF_ASSERT and friends
  bool interference = false;                   ///< other CPUs may write map values at any time
  bool record_claims = false;                  ///< for --cross-check
  bool collect_cases = false;                  ///< solve every path to an input and its output
  std::uint64_t max_cases = 20'000;
  bool record_paths = false;  ///< every path, for a report that draws them
  std::uint64_t max_recorded_paths = 20'000;
  Merging merging = Merging::automatic;
  /// Merging::automatic: ways through the control flow, and paths walked, from which on it is done.
  double merge_from_static_paths = 1e6;
  std::uint64_t merge_from_paths = 4'000;
  MapSharing sharing = MapSharing::by_name;    ///< between stages
  std::vector<Assumption> assumptions;         ///< of every input
  std::vector<program::View> entry_functions;  ///< answer 0: the input is not considered
  Relation relation;                           ///< what must hold when the last stage has ended
  /// Asked after each path: is enough known? Then the exploration ends, which makes it unknown.
  std::function<bool(const Exploration&)> enough;
  std::function<void(const Glance&)> observer;  ///< told now and then, in the exploring thread
  EffectLog* effects = nullptr;  ///< what the runs touched is written here; null: nowhere
  solver::Options solver;
};

}  // namespace probity::symex
