// SPDX-License-Identifier: Apache-2.0
// Random terms over every constructor, for tests that compare the solver with evaluation.
// Deterministic by seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "term/term.hpp"

namespace probity::solver {

class RandomTerms {
 public:
  RandomTerms(term::Store& store, std::uint64_t seed) : store_(store), random_(seed) {}

  unsigned below(unsigned limit) { return unsigned(random_() % limit); }
  term::Value value(unsigned width) {
    const term::Value word = (term::Value(random_()) << 64) | random_();
    return (below(3) == 0 ? word & 7 : word) & mask<term::Value>(width);
  }
  term::Model model() {
    term::Model model;
    for (const term::Id variable : variables_) model.set(variable, value(store_.width(variable)));
    return model;
  }
  const std::vector<term::Id>& variables() const { return variables_; }

  /// A term of `width` bits, of about 2^depth operations.
  term::Id term(unsigned width, unsigned depth) {
    if (depth == 0) return leaf(width);
    const auto sub = [&](unsigned w) { return term(w, depth - 1); };
    switch (below(8)) {
      case 0: return store_.ite(sub(1), sub(width), sub(width));
      case 1:
        return width == 1 ? relation(depth)
                          : store_.un(below(2) == 0 ? Op::not_ : Op::neg, sub(width));
      case 2:
        if (width == 1) return relation(depth);
        {
          const unsigned low = 1 + below(width - 1);
          return store_.concat(sub(width - low), sub(low));
        }
      case 3: {
        const unsigned from = std::min(term::max_width, width + below(9));
        return store_.extract(below(from - width + 1), width, sub(from));
      }
      case 4: {
        const unsigned from = 1 + below(width);
        return below(2) == 0 ? store_.zext(width, sub(from)) : store_.sext(width, sub(from));
      }
      default:
        return width == 1 && below(2) == 0
                   ? relation(depth)
                   : store_.bin(Op(unsigned(Op::and_) + below(13)), sub(width), sub(width));
    }
  }

 private:
  term::Id relation(unsigned depth) {
    const unsigned width = 1 + below(8);
    const term::Id a = term(width, depth - 1), b = term(width, depth - 1);
    return store_.bin(Op(unsigned(Op::eq) + below(5)), a, b);
  }
  term::Id leaf(unsigned width) {
    if (below(4) == 0) return store_.lit(width, value(width));
    const std::string name = "v" + std::to_string(width) + "_" + std::to_string(below(3));
    const term::Id variable = store_.var(width, name);
    if (std::find(variables_.begin(), variables_.end(), variable) == variables_.end())
      variables_.push_back(variable);
    return variable;
  }

  term::Store& store_;
  std::mt19937_64 random_;
  std::vector<term::Id> variables_;
};

}  // namespace probity::solver
