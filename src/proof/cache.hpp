// SPDX-License-Identifier: Apache-2.0
// Cache: verdicts of queries on disk (SQLite), so that an unchanged obligation costs one look-up. A
// row is keyed by a 128-bit hash of the query's canonical form, the solver's version and the
// limits, and carries a checksum: a damaged row or file is ignored with a warning. Only definite
// answers are kept; a remembered model is evaluated before it is believed. PROBITY_CACHE=off turns
// it off, PROBITY_CACHE=PATH moves it; the default is $XDG_CACHE_HOME/probity/proofs.sqlite or
// ~/.cache/probity/proofs.sqlite.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/diagnostic.hpp"
#include "proof/canonical.hpp"
#include "solver/solver.hpp"

namespace probity::proof {

class Cache {
 public:
  using Warn = std::function<void(std::string_view)>;

  /// Opens or creates the file. A file that is no cache is an error; the caller goes on without a
  /// cache.
  static Expected<std::unique_ptr<Cache>> open(const std::string& path, Warn warn);
  ~Cache();

  /// The remembered answer to this query, if there is an undamaged one. Safe from any thread.
  std::optional<solver::Answer> find(const CanonicalQuery& query, std::string_view context);
  /// Remembers a definite answer; others are ignored.
  void remember(const CanonicalQuery& query, std::string_view context,
                const solver::Answer& answer);

 private:
  struct Data;
  explicit Cache(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

/// Where the cache is according to the environment, or nothing when it is off or there is no home.
std::optional<std::string> default_cache_path();

/// The part of a key that is not the query: everything whose change may change an answer.
std::string cache_context(const solver::Options& options);

}  // namespace probity::proof
