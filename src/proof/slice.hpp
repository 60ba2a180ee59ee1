// SPDX-License-Identifier: Apache-2.0
// Slice: of many assumptions, those that one conclusion depends on: they share a variable or an
// uninterpreted function with it, directly or through other assumptions. Leaving out the others
// makes a query weaker, so its `unsat` is the `unsat` of the whole; a `sat` is asked again with all
// of them. What many obligations have in common becomes one query this way.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "term/term.hpp"

namespace probity::proof {

class Slicer {
 public:
  Slicer(const term::Store& store, std::span<const term::Id> assumptions);

  /// Keeps the first `kept` assumptions and takes `others` instead of the rest.
  void replace_from(std::size_t kept, std::span<const term::Id> others);

  /// The assumptions that `goal` depends on, in their order.
  std::vector<term::Id> relevant(term::Id goal);

 private:
  /// A variable's id, or a function's number beyond all ids.
  using Leaf = std::uint64_t;
  std::vector<Leaf> leaves(term::Id root);
  void add(term::Id assumption);

  const term::Store& store_;
  std::vector<term::Id> assumptions_;
  std::vector<std::vector<Leaf>> assumption_leaves_;  // sorted
  std::vector<std::uint32_t> visited_;                // by term: the last traversal
  std::uint32_t traversals_ = 0;
  std::map<term::Id, std::vector<Leaf>> leaves_of_;  // of every assumption seen
};

}  // namespace probity::proof
