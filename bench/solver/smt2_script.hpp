// SPDX-License-Identifier: Apache-2.0
// A reader for the SMT-LIB 2 scripts that solvers are compared on: QF_AUFBV with define-fun of
// constants, push and pop. Arrays become write lists over an uninterpreted function; reads resolve
// them at once. For measurements only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostic.hpp"
#include "term/term.hpp"

namespace probity::bench {

/// One parsed expression: a word, or a list.
struct Expression {
  std::string word;
  std::vector<Expression> list;
  bool is_list = false;
};

struct Array {
  term::Function base;
  std::vector<std::pair<term::Id, term::Id>> writes;  // oldest first
};
using ArrayRef = std::shared_ptr<const Array>;
using Value = std::variant<term::Id, ArrayRef>;

class Smt2Script {
 public:
  explicit Smt2Script(term::Store& store) : store_(store) {}

  /// Runs the script; `check` is called with all live assertions at each check-sat.
  Expected<void> run(std::string_view text,
                     const std::function<void(std::span<const term::Id>)>& check);

 private:
  Expected<void> command(const Expression& expression,
                         const std::function<void(std::span<const term::Id>)>& check);
  Expected<void> declare(const Expression& expression);
  Expected<Value> evaluate(const Expression& expression);
  Expected<Value> constant(const std::string& word);
  Expected<Value> indexed(const Expression& head, std::span<const term::Id> arguments);
  Expected<Value> operation(const std::string& name, std::span<const term::Id> arguments);
  term::Id read(const Array& array, term::Id index);

  term::Store& store_;
  std::map<std::string, Value> names_;
  std::map<std::string, term::Function> functions_;
  std::vector<std::vector<term::Id>> scopes_{{}};
};

}  // namespace probity::bench
