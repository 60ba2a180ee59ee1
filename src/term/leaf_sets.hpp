// SPDX-License-Identifier: Apache-2.0
// LeafSets: which variables and function applications a term depends on. Two conjuncts that share
// none can be satisfied apart from each other (independence slicing). Sets are shared between
// terms, since most terms depend on what one of their operands depends on.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "term/term.hpp"

namespace probity::term {

class LeafSets {
 public:
  struct Set {
    std::vector<Id> leaves;  ///< variables and applications, by ascending id
    /// Functions that are applied at an argument which is no literal, so that the result may be
    /// that of any other application of them; ascending.
    std::vector<Function> anywhere;
    friend bool operator==(const Set&, const Set&) = default;
  };

  explicit LeafSets(const Store& store) : store_(store) {}
  /// Valid as long as this object.
  const Set& of(Id a);

 private:
  std::uint32_t compute(Id a);
  std::uint32_t intern(Set set);
  std::uint32_t merge(std::uint32_t a, std::uint32_t b);

  const Store& store_;
  std::vector<std::uint32_t> number_;   // of the set, by id; 0: not known yet
  std::deque<Set> sets_{Set{}, Set{}};  // 0 is none, 1 the empty one
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_hash_;
  std::unordered_map<std::uint64_t, std::uint32_t> merged_;
  std::vector<Id> pending_;
};

}  // namespace probity::term
