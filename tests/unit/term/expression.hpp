// SPDX-License-Identifier: Apache-2.0
// Expression: a tiny formula language of the tests, apart from the term layer. Each expression
// carries its value under every assignment of x and y, computed from fold() alone, so it can judge
// what a Store makes of the same expression.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "term/term.hpp"

namespace probity::term::test {

struct Expression {
  enum class Shape : std::uint8_t { var, lit, operation, ite, extract, concat, zext, sext };
  Shape shape;
  Op op;
  unsigned width;
  std::size_t a, b, c;                ///< operands, as indices into Expressions
  std::uint64_t number;               ///< var: 0 or 1; lit: the value; extract: the lowest bit
  std::vector<std::uint32_t> values;  ///< by assignment: x + (y << width of x)
};

class Expressions {
 public:
  explicit Expressions(unsigned variable_width);

  std::size_t var(unsigned number);
  std::size_t lit(unsigned width, std::uint64_t value);
  std::size_t operation(Op op, std::size_t a, std::size_t b);
  std::size_t ite(std::size_t condition, std::size_t a, std::size_t b);
  std::size_t extract(unsigned low, unsigned width, std::size_t a);
  std::size_t concat(std::size_t high, std::size_t low);
  std::size_t zext(unsigned to, std::size_t a);
  std::size_t sext(unsigned to, std::size_t a);

  const Expression& operator[](std::size_t index) const { return all_[index]; }
  std::size_t size() const { return all_.size(); }
  unsigned variable_width() const { return variable_width_; }
  std::size_t assignments() const { return std::size_t{1} << 2 * variable_width_; }
  /// Forgets every expression from `size` on.
  void shrink(std::size_t size) { all_.resize(size); }

  /// The expression in `store`; `memo` by index, for sharing.
  Id build(Store& store, std::size_t index, std::vector<Id>& memo) const;
  std::string text(std::size_t index) const;

 private:
  std::size_t push(Expression expression);
  std::uint32_t compute(const Expression& expression, std::size_t assignment) const;

  unsigned variable_width_;
  std::vector<Expression> all_;
};

/// The models of all assignments, for variables x and y of `store`.
std::vector<Model> all_models(Store& store, unsigned variable_width);

/// One random operation whose operands are drawn from `pool`; widths are made to fit by slicing and
/// extending.
std::size_t random_step(Expressions& expressions, const std::vector<std::size_t>& pool,
                        std::mt19937_64& random);

}  // namespace probity::term::test
