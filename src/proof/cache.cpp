// SPDX-License-Identifier: Apache-2.0
// Queries and obligations as rows of a ByteCache.
#include "proof/cache.hpp"

#include <cstdlib>

namespace probity::proof {

using solver::Answer;
using solver::Status;

Cache::Cache(std::unique_ptr<ByteCache> rows) : rows_(std::move(rows)) {}
Cache::~Cache() = default;

Expected<std::unique_ptr<Cache>> Cache::open(const std::string& path, Warn warn) {
  TRY(auto rows, ByteCache::open(path, std::move(warn)));
  return std::unique_ptr<Cache>(new Cache(std::move(rows)));
}

std::optional<Answer> Cache::find(const CanonicalQuery& query, std::string_view context) {
  const std::optional<std::string> bytes = rows_->find(key_bytes(query_key(query, context)));
  if (!bytes) return std::nullopt;
  auto result = read_answer(query, *bytes);
  if (!result) rows_->report_row("a row of another format was ignored");
  return result;
}

void Cache::remember(const CanonicalQuery& query, std::string_view context, const Answer& answer) {
  if (answer.status == Status::unknown) return;
  rows_->remember(key_bytes(query_key(query, context)), write_answer(query, answer));
}

std::optional<ProofRecord> Cache::find_proof(const Hash128& key) {
  const std::optional<std::string> bytes = rows_->find(key_bytes(key));
  if (!bytes) return std::nullopt;
  auto result = read_proof(*bytes);
  if (!result) rows_->report_row("a row of another format was ignored");
  return result;
}

void Cache::remember_proof(const Hash128& key, const ProofRecord& record) {
  rows_->remember(key_bytes(key), write_proof(record));
}

void Cache::flush() {
  rows_->flush();
}

std::optional<std::string> default_cache_path() {
  const char* chosen = std::getenv("PROBITY_CACHE");
  const std::string path = chosen == nullptr ? "" : chosen;
  return path.empty() || path == "off" ? default_cache_file("proofs.sqlite") : path;
}

std::unique_ptr<Cache> open_default_cache(const Cache::Warn& warn) {
  const std::optional<std::string> path = default_cache_path();
  if (!path) return nullptr;
  auto cache = Cache::open(*path, warn);
  if (cache) return *std::move(cache);
  warn(cache.error().line());
  return nullptr;
}

std::string cache_context(const solver::Options& options) {
  const solver::Limits& limits = options.limits;
  return solver::version() + "; conflicts " + std::to_string(limits.conflicts) + ", clauses " +
         std::to_string(limits.clauses) + ", wall_ms " + std::to_string(limits.wall_ms) +
         (options.external == solver::External::none ? ", builtin only" : ", external");
}

Hash128 query_key(const CanonicalQuery& query, std::string_view context) {
  return hash_bytes("query " + std::to_string(context.size()) + " " + std::string(context) +
                    query.bytes);
}

Hash128 obligation_key(std::string_view name, std::string_view identity, std::string_view context) {
  std::string bytes = "obligation";
  for (const std::string_view part : {identity, context, name}) {
    bytes += " " + std::to_string(part.size()) + " ";
    bytes += part;
  }
  return hash_bytes(bytes);
}

}  // namespace probity::proof
