// SPDX-License-Identifier: Apache-2.0
// Answers as bytes that speak of a query's canonical numbers instead of a store's ids, so that an
// answer to one query can be carried to every query with the same canonical form: through the memo
// of a run, or through the cache on disk. Reading never trusts the bytes: whatever does not fit the
// query is no answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proof/canonical.hpp"
#include "solver/solver.hpp"

namespace probity::proof {

/// A definite answer; the caller has checked that it is one.
std::string write_answer(const CanonicalQuery& query, const solver::Answer& answer);

/// Nothing when the bytes are not a definite answer to a query of this shape.
std::optional<solver::Answer> read_answer(const CanonicalQuery& query, std::string_view bytes);

/// What is remembered of an obligation that was proved.
struct ProofRecord {
  std::string engine;
  std::size_t conclusions = 0;
  friend bool operator==(const ProofRecord&, const ProofRecord&) = default;
};
std::string write_proof(const ProofRecord& record);
std::optional<ProofRecord> read_proof(std::string_view bytes);

}  // namespace probity::proof
