// SPDX-License-Identifier: Apache-2.0
// Abstraction: products, divisions and uninterpreted functions as fresh bits ("calls") constrained
// by lemmas that are valid for every operand, so `unsat` is final. A model may violate a call;
// refine() then adds what rules that model out: first congruence (equal arguments, equal results),
// then the exact circuit of the violated call. Every lemma is proved in tests by exact circuits at
// small widths. Idea: Jitterbug's axioms for bvmul and bvudiv; lazy Ackermann expansion.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "solver/circuits.hpp"
#include "solver/gates.hpp"
#include "solver/sat.hpp"

namespace probity::solver {

/// What a call stands for.
enum class CallKind : std::uint8_t { product, division, function };

class Abstraction {
 public:
  explicit Abstraction(Gates& gates) : gates_(gates) {}

  struct Call {
    CallKind kind;
    std::uint32_t function = 0;  ///< of CallKind::function
    std::vector<Bits> arguments;
    Bits result;         ///< the product, quotient or value
    Bits remainder;      ///< of CallKind::division
    bool exact = false;  ///< a circuit defines it
  };

  // Each returns the index of a call; equal calls (also commuted products) share one.
  std::size_t product(BitsView a, BitsView b);
  std::size_t division(BitsView n, BitsView d);
  std::size_t function(std::uint32_t function, std::vector<Bits> arguments, std::size_t width);

  const Call& call(std::size_t index) const { return calls_[index]; }

  /// Looks at `calls` in the model that `sat` found and adds constraints that exclude it where it
  /// violates their meaning. Answers how many were added; zero: the model respects all of them.
  std::size_t refine(const Sat& sat, std::span<const std::size_t> calls);

 private:
  using Key = std::pair<std::uint64_t, std::vector<Bits>>;  // kind and function; arguments

  std::size_t insert(Call call);
  void add_congruence(const Call& a, const Call& b);
  std::size_t refine_congruence(const Sat& sat, std::span<const std::size_t> calls);
  bool holds(const Sat& sat, const Call& call) const;
  void make_exact(std::size_t index);

  Gates& gates_;
  std::vector<Call> calls_;
  std::map<Key, std::size_t> index_;
  std::map<std::pair<std::uint64_t, std::size_t>, std::vector<std::size_t>> groups_;
};

/// The lemmas of a product `r` of `a` and `b`, and of a division; exposed for their proofs.
void add_product_lemmas(Gates& gates, BitsView a, BitsView b, BitsView r);
void add_division_lemmas(Gates& gates, BitsView n, BitsView d, BitsView q, BitsView q_times_d,
                         BitsView remainder);

}  // namespace probity::solver
