// SPDX-License-Identifier: Apache-2.0
// Gates: the Tseitin encoding of and, xor, multiplexer and majority into clauses, with constant
// folding, sign normalisation and structural hashing, so the same sub-circuit is encoded once.
// Clauses go to a ClauseSink (a SAT solver, or a recorder in tests). A limit on clauses ends the
// encoding: exhausted() then holds and nothing the solver says about the formula may be believed.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace probity::solver {

/// A literal as DIMACS writes it: a variable or its negative, never zero.
using Lit = int;
using Bits = std::vector<Lit>;  ///< lowest bit first
using BitsView = std::span<const Lit>;
using Number = unsigned __int128;  ///< the value of a word of at most 128 bits

constexpr Lit true_lit = 1;
constexpr Lit false_lit = -1;
constexpr Lit constant(bool value) {
  return value ? true_lit : false_lit;
}

class ClauseSink {
 public:
  virtual ~ClauseSink() = default;
  virtual void add_clause(std::span<const Lit> clause) = 0;
};

/// Deliberate faults, so that tests can show that a wrong encoding does not pass them.
enum class Mutation : std::uint8_t { none, weak_and, wrong_carry, swapped_mux, short_shift };

class Gates {
 public:
  Gates(ClauseSink& sink, std::uint64_t clause_limit, Mutation mutation = Mutation::none);

  Lit fresh();
  Bits fresh_bits(std::size_t width);
  void clause(std::initializer_list<Lit> clause);
  void clause(std::span<const Lit> clause);

  Lit and_(Lit a, Lit b);
  Lit or_(Lit a, Lit b) { return -and_(-a, -b); }
  Lit xor_(Lit a, Lit b);
  Lit mux(Lit condition, Lit then, Lit otherwise);
  Lit majority(Lit a, Lit b, Lit c);
  /// The conjunction as a balanced tree.
  Lit all_of(BitsView literals);

  std::uint64_t clauses() const { return clauses_; }
  int variables() const { return variables_; }
  bool exhausted() const { return clauses_ >= clause_limit_; }
  std::uint64_t clause_limit() const { return clause_limit_; }
  Mutation mutation() const { return mutation_; }

 private:
  struct Gate {
    Lit a = 0, b = 0, c = 0;
    Lit output = 0;  // zero: a free slot
  };
  /// Open addressing, power-of-two size, at most half full.
  struct Table {
    std::vector<Gate> slots;
    std::size_t used = 0;
    Gate& find(Lit a, Lit b, Lit c);
    void grow();
  };

  ClauseSink& sink_;
  std::uint64_t clause_limit_;
  std::uint64_t clauses_ = 0;
  int variables_ = 1;
  Mutation mutation_;
  Table ands_, xors_, muxes_, majorities_;
};

}  // namespace probity::solver
