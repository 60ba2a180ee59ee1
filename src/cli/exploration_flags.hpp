// SPDX-License-Identifier: Apache-2.0
// The flags of every verb that explores programs: how long packets are, and how far to go. Reaching
// one of these limits makes the answer unknown, by name.
#pragma once

#include <CLI/CLI.hpp>

#include "base/diagnostic.hpp"
#include "cli/shown_progress.hpp"
#include "cli/verb.hpp"
#include "symex/explorer.hpp"

namespace probity::cli {

struct ExplorationFlags {
  std::uint32_t min_packet = 14;
  std::uint32_t max_packet = 1514;
  std::uint32_t metadata = 32;
  std::uint32_t unroll = 2048;
  std::uint64_t max_paths = 200'000;
  std::uint64_t conflicts = 200'000;
  std::uint32_t timeout = 0;
  std::uint64_t memory_mib = 4096;
  std::uint32_t jobs = 0;  ///< 0: as many as this machine has cores, at most 2
  bool no_external = false;
  bool quiet = false;
};

constexpr std::uint32_t largest_packet = 65'535;
constexpr std::uint32_t largest_metadata = 252;

void declare_exploration(CLI::App& app, ExplorationFlags& flags);

/// The line on the terminal that the flags ask for: none with --quiet or --json.
ShownProgress::Wanted wanted_progress(const ExplorationFlags& flags, const Arguments& arguments);

/// Explorations that may run side by side.
std::size_t jobs_of(const ExplorationFlags& flags);

/// Lets this process have as much memory as the flags say and a little more, so
/// that an exploration ends at its own limit, by name.
void allow_memory(const ExplorationFlags& flags);

/// Which packets an answer speaks of, in words.
std::string packets_text(const symex::Options& options);

/// Options with these bounds, everything else as it is by default.
Expected<symex::Options> exploration_options(const ExplorationFlags& flags);

}  // namespace probity::cli
