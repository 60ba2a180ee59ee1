// SPDX-License-Identifier: Apache-2.0
// Terms: bit-vector formulas as a hash-consed DAG. A term is a 32-bit id into a Store; equal terms
// have equal ids, so comparing ids is comparing terms. Every constructor rewrites (rewriter.hpp
// lists the rules), hence a returned term may have another operator than the one asked for.
// Booleans are terms of width 1. Nothing here depends on pointers or hash order: the same calls
// give the same ids.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/op.hpp"

namespace probity::term {

/// A number of up to 128 bits: constants and model values.
using Value = unsigned __int128;

constexpr unsigned max_width = 128;

/// A term of some Store. The default is no term.
struct Id {
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(Id, Id) = default;
  explicit constexpr operator bool() const { return index != 0; }
};

/// An uninterpreted function (also: initial memory, as a function from index to byte).
struct Function {
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(Function, Function) = default;
};

/// What stands at the root of a term after rewriting. Subtraction, negation, or, the signed
/// relations and divisions and the extensions are expressed by these: -a is mul(a, ~0), a - b is
/// add(a, mul(b, ~0)), a | b is ~(~a & ~b). Operands of commutative kinds are sorted by id with a
/// literal last; the second operand of a concat is never a concat (unless the rules are off).
enum class Kind : std::uint8_t {
  lit,
  var,
  apply,
  not_,
  and_,
  xor_,
  add,
  mul,
  udiv,
  urem,
  shl,
  lshr,
  ashr,
  eq,
  ult,
  ite,
  concat,
  extract,
};

/// Which optional rewrites a Store applies, beyond the local ones that are always on. No single
/// choice wins, so the solver's stages rebuild a query under different options (Store::import).
struct RewriteOptions {
  bool linear_sums = true;          ///< sums as sorted coefficient * atom lists, bounded
  bool split_products = false;      ///< products of concatenations into half-width partial products
  bool distribute = false;          ///< products over small sums
  bool difference_equality = true;  ///< x + c = y + d as x - y = d - c: one subtractor
  bool local = true;                ///< all beyond folding; off only in the solver's exact stage
  friend bool operator==(const RewriteOptions&, const RewriteOptions&) = default;
};

class Store {
 public:
  explicit Store(RewriteOptions options = {});
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // Constructors; widths of operands must agree (PROBITY_CHECK).
  Id lit(unsigned width, Value value);
  Id var(unsigned width, std::string_view name);  ///< the same name gives the same term
  Function function(std::string_view name, std::span<const unsigned> argument_widths,
                    unsigned result_width);
  Id apply(Function function, std::span<const Id> arguments);
  Id un(Op op, Id a);
  Id bin(Op op, Id a, Id b);  ///< any operation of bv_ops.def; relations give width 1
  Id ite(Id condition, Id then, Id otherwise);
  Id extract(unsigned low, unsigned width, Id a);
  Id concat(Id high, Id low);
  Id zext(unsigned to, Id a);
  Id sext(unsigned to, Id a);

  Id true_() { return lit(1, 1); }
  Id false_() { return lit(1, 0); }
  Id not_(Id a) { return un(Op::not_, a); }
  Id and_(Id a, Id b) { return bin(Op::and_, a, b); }
  Id or_(Id a, Id b) { return bin(Op::or_, a, b); }
  Id eq(Id a, Id b) { return bin(Op::eq, a, b); }
  Id implies(Id a, Id b) { return or_(not_(a), b); }
  Id conjunction(std::span<const Id> terms);

  // Inspection.
  Kind kind(Id a) const;
  unsigned width(Id a) const;
  std::span<const Id> args(Id a) const;      ///< operands in order; arguments of apply
  std::optional<Value> literal(Id a) const;  ///< the value of a lit
  bool is_true(Id a) const { return width(a) == 1 && literal(a) == Value{1}; }
  bool is_false(Id a) const { return width(a) == 1 && literal(a) == Value{0}; }
  unsigned low(Id a) const;           ///< lowest bit of an extract
  std::string_view name(Id a) const;  ///< of a var
  Function function(Id a) const;      ///< of an apply
  std::string_view function_name(Function function) const;
  std::span<const unsigned> function_argument_widths(Function function) const;
  unsigned function_result_width(Function function) const;
  std::size_t size() const;  ///< ids are 1 .. size()
  const RewriteOptions& options() const;

  /// `a` of another store rebuilt here, under this store's options. `memo` carries sharing between
  /// calls (indexed by the other store's ids; start with an empty vector).
  Id import(const Store& from, Id a, std::vector<Id>& memo);

 private:
  struct Data;
  std::unique_ptr<Data> data_;
  friend class IntervalAnalysis;
};

/// An assignment: variables by id, functions as finite tables; whatever is absent is zero.
class Model {
 public:
  void set(Id variable, Value value);
  Value get(Id variable) const;
  bool has(Id variable) const;
  void set_apply(Function function, std::span<const Value> arguments, Value value);
  Value get_apply(Function function, std::span<const Value> arguments) const;

  struct Entry {
    Function function;
    std::vector<Value> arguments;
    Value value;
  };
  std::span<const std::pair<Id, Value>> variables() const { return variables_; }  ///< sorted by id
  std::span<const Entry> entries() const { return entries_; }                     ///< sorted

 private:
  std::vector<std::pair<Id, Value>> variables_;
  std::vector<Entry> entries_;
};

/// Evaluates terms of one store under one model; sub-terms are computed once, without recursion.
class Evaluator {
 public:
  Evaluator(const Store& store, const Model& model);
  Value operator()(Id a);

 private:
  Value compute(Id a) const;

  const Store& store_;
  const Model& model_;
  std::vector<Value> values_;
  std::vector<bool> known_;
};

/// Unsigned bounds of a term that hold under every assignment, from its structure alone (memoised,
/// no solver).
struct Interval {
  Value low = 0;
  Value high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};
class IntervalAnalysis {
 public:
  explicit IntervalAnalysis(const Store& store);
  ~IntervalAnalysis();
  Interval operator()(Id a);

 private:
  struct Data;
  const Store& store_;
  std::unique_ptr<Data> data_;
};

/// What a model of `assertions` must give a value: their variables and applications, by ascending
/// id. The arguments of an application depend on terms with smaller ids only.
std::vector<Id> model_terms(const Store& store, std::span<const Id> assertions);

/// The query "is the conjunction of `assertions` satisfiable?" as an SMT-LIB 2 script that ends in
/// check-sat and, when `with_model`, get-value of the model_terms() in that order.
enum class WithModel : bool { no, yes };
std::string print_smt2(const Store& store, std::span<const Id> assertions, WithModel with_model);

/// One term as an SMT-LIB 2 expression, for messages and tests.
std::string print(const Store& store, Id a);

}  // namespace probity::term
