// SPDX-License-Identifier: Apache-2.0
// What `interact` found, for a person and as JSON: a part for each program alone, one for each
// pair, and a matrix when there are more than two.
#pragma once

#include <string>
#include <vector>

#include "interact/chain_run.hpp"
#include "interact/dependency.hpp"
#include "interact/disjoint.hpp"
#include "interact/influence.hpp"
#include "interact/order.hpp"
#include "report/document.hpp"

namespace probity::cli {

/// What is known of a pair.
struct PairResult {
  std::size_t a = 0;  ///< numbers of the programs
  std::size_t b = 0;
  interact::OrderVerdict verdict = interact::OrderVerdict::unknown;
  interact::Disjointness disjointness;
  interact::Order order;  ///< when the sets were not enough
  bool explored = false;  ///< `order` was asked for
  std::vector<interact::OrderReplay> replays;
  std::string files;  ///< what the witness files' names begin with, or empty
};

class InteractReport {
 public:
  InteractReport(report::Document& document, const std::vector<interact::Subject>& subjects,
                 interact::Chain chain)
      : document_(document), subjects_(subjects), chain_(chain) {}

  /// Comes first of each program, in their order.
  void program(std::size_t number, const interact::Footprint& footprint);
  void sets(std::size_t number, const interact::Footprint& footprint, const term::Store& store);
  /// The same for each path.
  void path_sets(std::size_t number, const interact::Footprint& footprint,
                 const term::Store& store);
  void edges(const std::vector<interact::Edge>& edges);
  void branches(std::size_t number, const std::vector<interact::BranchInfluence>& influences);
  void influences(std::size_t number, const std::vector<interact::MapInfluence>& influences);
  void pair(const PairResult& result);
  void matrix(const std::vector<PairResult>& results);

  /// After everything else: the JSON of it all.
  void finish();

 private:
  std::string describe(const PairResult& result) const;
  report::Json json_of(const PairResult& result) const;
  std::string position(const interact::Operation& operation) const;

  report::Document& document_;
  const std::vector<interact::Subject>& subjects_;
  interact::Chain chain_;
  std::vector<report::Json> programs_;
  std::vector<report::Json> pairs_;
};

}  // namespace probity::cli
