// SPDX-License-Identifier: Apache-2.0
// Conclusions: asks whether a conclusion of one obligation can fail. In order: the slice of the
// assumptions that it depends on; the memo of this run; the cache on disk; the engine, and with
// cross-checks a second one. A model is evaluated on the terms it is a model of wherever it comes
// from.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "proof/canonical.hpp"
#include "proof/memo.hpp"
#include "proof/proof.hpp"
#include "proof/slice.hpp"

namespace probity::proof {

/// What is the same for all obligations of one call of discharge().
struct Setting {
  const Options& options;
  std::string_view context;  ///< cache_context(), or empty without a cache
  Memo& memo;
};

class Conclusions {
 public:
  Conclusions(term::Store& store, std::span<const term::Id> assume, const Setting& setting);

  struct Reply {
    Settled settled;
    term::Model model;  ///< when sat: of all assumptions, and the conclusion fails in it
    bool shared = false;
  };
  /// Is there a model of the assumptions and of what is `given` for it in which `conclusion` is
  /// false?
  Reply refute(term::Id conclusion, std::span<const term::Id> given);

  const solver::Stats& stats() const { return stats_; }

 private:
  Reply ask(std::span<const term::Id> parts);
  Settled settle(std::span<const term::Id> parts, const CanonicalQuery& query);
  solver::Answer solve(std::span<const term::Id> parts);
  void cross_check(std::span<const term::Id> parts, Settled& settled);

  term::Store& store_;
  const Setting& setting_;
  std::vector<term::Id> assume_;
  Slicer slicer_;
  std::vector<term::Id> last_given_;  ///< what slicer_ knows beyond assume_
  Canonicaliser canonicalise_;
  solver::Stats stats_;
};

}  // namespace probity::proof
