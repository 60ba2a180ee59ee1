// SPDX-License-Identifier: Apache-2.0
// Search: a generator that finds what no rule says. Each slice of a version is looked up among the
// rewrites of earlier runs, else synthesised: all short sequences, then annealing, by several
// workers until the time is over. What a worker finds for one slice serves every equal one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "opt/generator.hpp"
#include "opt/search/memory.hpp"

namespace probity::opt::search {

struct Progress {
  std::size_t slices = 0;  ///< different ones seen
  std::size_t done = 0;
  std::size_t found = 0;
  std::uint64_t candidates = 0;  ///< evaluated
  double seconds = 0;            ///< of all workers
};

/// A rewrite that was found, in canonical form.
struct Found {
  Problem problem;
  Insns rewrite;
  std::size_t places = 0;  ///< where it applied
};

struct SearchOptions {
  std::uint64_t seed = 1;
  double seconds = 60;  ///< for all slices of all programs together, from the first one on
  unsigned jobs = 2;
  std::uint64_t candidates_per_slice = 6'000'000;  ///< of the enumeration
  std::uint64_t proposals_per_slice = 200'000;     ///< of the annealing
  solver::Options solver;
  std::unique_ptr<proof::ByteCache> disk;            ///< none: nothing outlives the process
  std::function<void(const Progress&)> on_progress;  ///< one call at a time
};

class Search {
 public:
  explicit Search(SearchOptions options);
  ~Search();

  std::vector<Change> propose(const Version& version, const Aim& aim);
  Generator generator();

  const Progress& progress() const;
  /// All rewrites that were proposed, by their problem's key.
  std::vector<Found> found() const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

/// The best rewrite of one problem: what a worker does.
std::optional<Insns> synthesise(const Problem& problem, bpf::Cpu cpu, const SearchOptions& options,
                                Effort& effort);

}  // namespace probity::opt::search
