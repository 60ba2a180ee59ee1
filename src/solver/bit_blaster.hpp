// SPDX-License-Identifier: Apache-2.0
// BitBlaster: terms of one store as words of literals. Each term is encoded once and stays; the
// store may grow in between. Products and divisions of non-constants are either exact circuits or
// calls of the Abstraction; uninterpreted functions are always calls.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "solver/abstraction.hpp"
#include "solver/gates.hpp"
#include "solver/stopwatch.hpp"
#include "term/remainder_sums.hpp"
#include "term/term.hpp"

namespace probity::solver {

enum class Products : std::uint8_t { abstract, exact };

class BitBlaster {
 public:
  BitBlaster(const term::Store& store, Gates& gates, Products products);

  /// From now on encoding ends when the deadline has passed; null: never.
  void limit(const Deadline* deadline) { patience_ = Patience(deadline); }
  /// The literals of `root`, valid until the next call; empty once a limit is reached.
  BitsView blast(term::Id root);
  /// The literals of a term that was encoded.
  BitsView bits(term::Id a) const;
  bool encoded(term::Id a) const;

  /// What a root depends on: its variables, and the calls that stand for some of its terms.
  struct Support {
    std::vector<term::Id> variables;
    std::vector<std::size_t> calls;
    std::size_t terms = 0;
  };
  const Support& support(term::Id root);

  Abstraction& abstraction() { return abstraction_; }

 private:
  Bits encode(term::Id a);
  /// What must be encoded before a term is.
  std::vector<term::Id> operands(term::Id a);
  /// A sum, opened: what is added and what is subtracted.
  struct Sum {
    std::vector<term::Id> added;
    std::vector<term::Id> taken;
    term::Value constant = 0;
  };
  Sum parts_of(term::Id a) const;
  Bits encode_add(term::Id a);
  Bits encode_remainder_sum(const term::RemainderSum& sum, unsigned width);
  Bits encode_mul(term::Id whole, term::Id a, term::Id b);
  Bits encode_division(term::Id whole, term::Id n, term::Id d);
  Bits encode_apply(term::Id whole);
  bool is_small(BitsView a, BitsView b) const;
  void store_bits(term::Id a, BitsView bits);

  const term::Store& store_;
  Gates& gates_;
  Products products_;
  Abstraction abstraction_;
  term::RemainderSums remainder_sums_;
  std::vector<Lit> pool_;
  std::vector<std::uint32_t> start_;  // by term: offset into pool_ plus one, or zero
  std::unordered_map<std::uint32_t, std::size_t> call_of_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, QuotientRemainder> divisions_;  // n, d
  std::unordered_map<std::uint32_t, Support> supports_;
  std::vector<std::uint32_t> visited_;
  std::uint32_t visit_ = 0;
  Patience patience_;
};

}  // namespace probity::solver
