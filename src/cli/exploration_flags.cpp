// SPDX-License-Identifier: Apache-2.0
// One list of limits for all verbs, so that a bound means the same wherever it is given.
#include "cli/exploration_flags.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "cli/flags.hpp"

namespace probity::cli {
namespace {

constexpr std::uint32_t largest_timeout = 1'000'000;
constexpr std::uint32_t largest_unroll = 1'000'000;
constexpr std::uint64_t largest_count = 1'000'000'000;
constexpr std::uint64_t largest_memory_mib = 1 << 20;
constexpr std::uint32_t largest_jobs = 64;
/// For one query and what is not in RAM, beyond what an exploration may have.
constexpr std::uint64_t spare_mib = 1024;

}  // namespace

void declare_exploration(CLI::App& app, ExplorationFlags& flags) {
  add_number(app, "--min-packet", flags.min_packet, {0, largest_packet},
             "shortest packet, bytes (default 14)");
  add_number(app, "--max-packet", flags.max_packet, {0, largest_packet},
             "longest packet, bytes (default 1514)");
  add_number(app, "--metadata", flags.metadata, {0, largest_metadata},
             "most bytes in front of a packet, for programs that ask for data_meta (default 32)");
  add_number(app, "--unroll", flags.unroll, {0, largest_unroll},
             "times a loop may run on one path (default 2048)");
  add_number(app, "--max-paths", flags.max_paths, {0, largest_count},
             "paths explored (default 200000)");
  add_number(app, "--conflicts", flags.conflicts, {0, largest_count},
             "conflicts a solver stage may use (default 200000)");
  add_number(app, "--timeout", flags.timeout, {1, largest_timeout},
             "seconds of wall clock after which the verdict is unknown (default: none)");
  add_number(app, "--memory", flags.memory_mib, {1, largest_memory_mib},
             "MiB in RAM after which the verdict is unknown (default 4096)");
  add_number(app, "--jobs", flags.jobs, {1, largest_jobs},
             "explorations that run side by side (default: the number of "
             "cores, at most 2)");
  app.add_flag("--quiet", flags.quiet, "show no progress on a terminal");
  app.add_flag("--no-external", flags.no_external, "do not ask z3 or cvc5");
}

ShownProgress::Wanted wanted_progress(const ExplorationFlags& flags, const Arguments& arguments) {
  return flags.quiet || arguments.json ? ShownProgress::Wanted::no : ShownProgress::Wanted::yes;
}

std::size_t jobs_of(const ExplorationFlags& flags) {
  constexpr std::size_t most_unasked = 2;
  if (flags.jobs != 0) return flags.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_unasked);
}

void allow_memory(const ExplorationFlags& flags) {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const rlim_t wanted = (flags.memory_mib + spare_mib) << 20;
  if (wanted <= limit.rlim_cur) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_DATA, &limit);  // else the lower limit ends the run, by name as well
}

std::string packets_text(const symex::Options& options) {
  std::string text =
      fmt::format("every byte, {}..{} bytes", options.min_packet, options.max_packet);
  if (options.mode == symex::Mode::safety) return text;
  return text + (options.max_metadata == 0
                     ? std::string("; no metadata in front")
                     : fmt::format("; 0..{} bytes of metadata in front where a program asks for "
                                   "data_meta, else none",
                                   options.max_metadata));
}

Expected<symex::Options> exploration_options(const ExplorationFlags& flags) {
  if (flags.min_packet > flags.max_packet) {
    return error(Fault::bad_input, fmt::format("--min-packet: {} is more than --max-packet {}",
                                               flags.min_packet, flags.max_packet));
  }
  if (flags.metadata % 4 != 0) {
    return error(Fault::bad_input,
                 fmt::format("--metadata: {} is not a multiple of 4", flags.metadata));
  }
  symex::Options options;
  options.min_packet = flags.min_packet;
  options.max_packet = flags.max_packet;
  options.max_metadata = flags.metadata;
  options.unroll = flags.unroll;
  options.max_paths = flags.max_paths;
  options.timeout_seconds = flags.timeout;
  options.memory_mib = flags.memory_mib;
  options.solver.limits.conflicts = flags.conflicts;
  options.solver.external = flags.no_external ? solver::External::none : solver::External::fallback;
  return options;
}

}  // namespace probity::cli
