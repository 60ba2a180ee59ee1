// SPDX-License-Identifier: Apache-2.0
// Cache: verdicts on disk (SQLite), so that what has not changed costs one look-up. Rows are of two
// kinds: the answer to a query, keyed by its canonical form, and the fact that an obligation was
// proved, keyed by its name and by what it is a function of. Both keys also hold the solver's
// version and the limits. Only definite answers are kept; a remembered model is evaluated before it
// is believed. PROBITY_CACHE=off turns the cache off, PROBITY_CACHE=PATH moves it; the default is
// $XDG_CACHE_HOME/probity/proofs.sqlite or
// ~/.cache/probity/proofs.sqlite.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.hpp"
#include "proof/answer_bytes.hpp"
#include "proof/byte_cache.hpp"
#include "proof/canonical.hpp"
#include "solver/solver.hpp"

namespace probity::proof {

class Cache {
 public:
  using Warn = ByteCache::Warn;

  /// Opens or creates the file. A file that is no cache is an error; the caller goes on without a
  /// cache.
  static Expected<std::unique_ptr<Cache>> open(const std::string& path, Warn warn);
  ~Cache();

  /// The remembered answer to this query, if there is an undamaged one. Safe from any thread.
  std::optional<solver::Answer> find(const CanonicalQuery& query, std::string_view context);
  /// Remembers a definite answer; others are ignored.
  void remember(const CanonicalQuery& query, std::string_view context,
                const solver::Answer& answer);

  /// The record of an obligation that was proved under this key (see obligation_key).
  std::optional<ProofRecord> find_proof(const Hash128& key);
  void remember_proof(const Hash128& key, const ProofRecord& record);

  /// Writes what is still only in memory. Called at the end of discharge() and of the cache.
  void flush();

 private:
  explicit Cache(std::unique_ptr<ByteCache> rows);
  std::unique_ptr<ByteCache> rows_;
};

/// Where the cache is according to the environment, or nothing when it is off or there is no home.
std::optional<std::string> default_cache_path();

/// The cache there, or none: one that cannot be opened costs time and a warning, nothing else.
std::unique_ptr<Cache> open_default_cache(const Cache::Warn& warn);

/// The part of a key that is not the query: everything whose change may change an answer.
std::string cache_context(const solver::Options& options);

Hash128 query_key(const CanonicalQuery& query, std::string_view context);
/// `identity` is what the obligation is a function of beside its name: see Options::identity.
Hash128 obligation_key(std::string_view name, std::string_view identity, std::string_view context);

}  // namespace probity::proof
