// SPDX-License-Identifier: Apache-2.0
// Memo: what became of each distinct query of a run, shared by its workers. The first to ask for a
// key is told to solve it; whoever asks meanwhile waits for that answer instead of solving the same
// query twice. A worker waits for one query only and never while it holds another, so nobody waits
// for ever.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "proof/canonical.hpp"
#include "solver/solver.hpp"

namespace probity::proof {

/// A query with its answer and what a second engine said.
struct Settled {
  solver::Status status = solver::Status::unknown;
  std::string answer;  ///< write_answer(), when the status is definite
  std::string engine;
  std::string reason;         ///< when unknown
  std::string cross_checked;  ///< the agreeing engine, or why there was none
  bool our_bug = false;
  bool from_disk = false;
};

class Memo {
 public:
  /// The right to solve a query. Unless it is used, the query is settled as unknown.
  class Claim {
   public:
    Claim(Memo& memo, const Hash128& key) : memo_(&memo), key_(key) {}
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    void settle(const Settled& settled);

   private:
    Memo* memo_;
    Hash128 key_;
  };

  /// The settled query, after waiting for it if need be; nothing: the caller makes a Claim.
  std::optional<Settled> find_or_reserve(const Hash128& key);

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  void settle(const Hash128& key, const Settled& settled);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::optional<Settled>> queries_;  // nothing: being solved
};

}  // namespace probity::proof
