// SPDX-License-Identifier: Apache-2.0
// Parsing by recursive descent; the scripts nest only a few levels since every term has a name of
// its own.
#include "smt2_script.hpp"

#include <cctype>
#include <optional>

namespace probity::bench {
namespace {

using term::Id;

std::unexpected<Diagnostic> bad(std::string_view what, std::string_view word) {
  return error(Fault::bad_input, std::string(what) + " '" + std::string(word) + "'");
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool at_end() {
    skip();
    return at_ >= text_.size();
  }
  Expected<Expression> next() {
    skip();
    if (at_ >= text_.size()) return bad("unexpected end of", "script");
    Expression expression;
    if (text_[at_] != '(') {
      expression.word = word();
      return expression;
    }
    ++at_;
    expression.is_list = true;
    while (true) {
      skip();
      if (at_ >= text_.size()) return bad("unexpected end of", "list");
      if (text_[at_] == ')') break;
      TRY(Expression item, next());
      expression.list.push_back(std::move(item));
    }
    ++at_;
    return expression;
  }

 private:
  static bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
  void skip() {
    while (at_ < text_.size() && (is_space(text_[at_]) || text_[at_] == ';')) {
      if (text_[at_] == ';') at_ = std::min(text_.find('\n', at_), text_.size() - 1);
      ++at_;
    }
  }
  std::string word() {
    const std::size_t start = at_;
    if (text_[at_] == '|') {
      at_ = std::min(text_.find('|', at_ + 1), text_.size() - 1) + 1;
      return std::string(text_.substr(start + 1, at_ - start - 2));
    }
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '(' && text_[at_] != ')') {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<unsigned> width_of_sort(const Expression& sort) {
  if (sort.word == "Bool") return 1;
  if (sort.list.size() != 3 || sort.list[1].word != "BitVec") return std::nullopt;
  return unsigned(std::stoul(sort.list[2].word));
}

struct Operator {
  const char* name;
  Op op;
  bool negated;
  bool swapped;
};
constexpr Operator operators[] = {
    {"bvadd", Op::add, false, false},   {"bvsub", Op::sub, false, false},
    {"bvmul", Op::mul, false, false},   {"bvand", Op::and_, false, false},
    {"bvor", Op::or_, false, false},    {"bvxor", Op::xor_, false, false},
    {"and", Op::and_, false, false},    {"or", Op::or_, false, false},
    {"xor", Op::xor_, false, false},    {"bvudiv", Op::udiv, false, false},
    {"bvurem", Op::urem, false, false}, {"bvsdiv", Op::sdiv, false, false},
    {"bvsrem", Op::srem, false, false}, {"bvshl", Op::shl, false, false},
    {"bvlshr", Op::lshr, false, false}, {"bvashr", Op::ashr, false, false},
    {"=", Op::eq, false, false},        {"bvult", Op::ult, false, false},
    {"bvule", Op::ule, false, false},   {"bvugt", Op::ult, false, true},
    {"bvuge", Op::ule, false, true},    {"bvslt", Op::slt, false, false},
    {"bvsle", Op::sle, false, false},   {"bvsgt", Op::slt, false, true},
    {"bvsge", Op::sle, false, true},
};

}  // namespace

Expected<void> Smt2Script::run(std::string_view text,
                               const std::function<void(std::span<const Id>)>& check) {
  Parser parser(text);
  while (!parser.at_end()) {
    TRY(const Expression expression, parser.next());
    if (expression.list.empty()) return bad("not a command:", expression.word);
    TRY(command(expression, check));
  }
  return {};
}

Expected<void> Smt2Script::command(const Expression& expression,
                                   const std::function<void(std::span<const Id>)>& check) {
  const std::string& name = expression.list[0].word;
  if (name == "declare-fun" || name == "declare-const") return declare(expression);
  if (name == "define-fun") {
    TRY(Value value, evaluate(expression.list.back()));
    names_.insert_or_assign(expression.list[1].word, std::move(value));
  } else if (name == "assert") {
    TRY(const Value value, evaluate(expression.list[1]));
    scopes_.back().push_back(std::get<Id>(value));
  } else if (name == "push") {
    scopes_.emplace_back();
  } else if (name == "pop") {
    if (scopes_.size() < 2) return bad("too many", "pop");
    scopes_.pop_back();
  } else if (name == "check-sat") {
    std::vector<Id> live;
    for (const auto& scope : scopes_) live.insert(live.end(), scope.begin(), scope.end());
    check(live);
  }
  return {};  // set-logic, set-info, exit and the like say nothing to us
}

Expected<void> Smt2Script::declare(const Expression& expression) {
  const std::string& name = expression.list[1].word;
  const Expression& sort = expression.list.back();
  std::vector<unsigned> widths;
  if (expression.list[0].word == "declare-fun") {
    for (const Expression& argument : expression.list[2].list) {
      const auto width = width_of_sort(argument);
      if (!width) return bad("unsupported sort of an argument of", name);
      widths.push_back(*width);
    }
  }
  if (sort.is_list && sort.list[0].word == "Array") {
    const auto index = width_of_sort(sort.list[1]), element = width_of_sort(sort.list[2]);
    if (!index || !element) return bad("unsupported array", name);
    Array array{store_.function(name, std::span(&*index, 1), *element), {}};
    names_.insert_or_assign(name, std::make_shared<const Array>(std::move(array)));
    return {};
  }
  const auto width = width_of_sort(sort);
  if (!width) return bad("unsupported sort of", name);
  if (widths.empty())
    names_.insert_or_assign(name, store_.var(*width, name));
  else
    functions_.insert_or_assign(name, store_.function(name, widths, *width));
  return {};
}

Expected<Value> Smt2Script::constant(const std::string& word) {
  if (const auto known = names_.find(word); known != names_.end()) return known->second;
  if (word == "true") return store_.true_();
  if (word == "false") return store_.false_();
  const bool hexadecimal = word.starts_with("#x");
  if (!hexadecimal && !word.starts_with("#b")) return bad("unknown name", word);
  term::Value value = 0;
  for (const char c : std::string_view(word).substr(2)) {
    value = value * (hexadecimal ? 16 : 2) + unsigned(std::stoul(std::string(1, c), nullptr, 16));
  }
  return store_.lit(unsigned(word.size() - 2) * (hexadecimal ? 4 : 1), value);
}

Id Smt2Script::read(const Array& array, Id index) {
  Id value = store_.apply(array.base, std::span(&index, 1));
  for (const auto& [where, what] : array.writes) {
    value = store_.ite(store_.eq(where, index), what, value);
  }
  return value;
}

Expected<Value> Smt2Script::indexed(const Expression& head, std::span<const Id> arguments) {
  const std::string& name = head.list[1].word;
  const unsigned first = unsigned(std::stoul(head.list[2].word));
  const Id a = arguments[0];
  if (name == "zero_extend") return store_.zext(store_.width(a) + first, a);
  if (name == "sign_extend") return store_.sext(store_.width(a) + first, a);
  if (name != "extract") return bad("unknown operator", name);
  const unsigned low = unsigned(std::stoul(head.list[3].word));
  return store_.extract(low, first - low + 1, a);
}

Expected<Value> Smt2Script::operation(const std::string& name, std::span<const Id> arguments) {
  if (const auto function = functions_.find(name); function != functions_.end()) {
    return store_.apply(function->second, arguments);
  }
  if (name == "bvnot" || name == "not") return store_.not_(arguments[0]);
  if (name == "bvneg") return store_.un(Op::neg, arguments[0]);
  if (name == "ite") return store_.ite(arguments[0], arguments[1], arguments[2]);
  if (name == "=>") return store_.implies(arguments[0], arguments[1]);
  Id result = arguments[0];
  if (name == "concat") {
    for (const Id argument : arguments.subspan(1)) result = store_.concat(result, argument);
    return result;
  }
  for (const Operator& row : operators) {
    if (name != row.name) continue;
    for (const Id argument : arguments.subspan(1)) {
      result =
          row.swapped ? store_.bin(row.op, argument, result) : store_.bin(row.op, result, argument);
    }
    return result;
  }
  return bad("unknown operator", name);
}

Expected<Value> Smt2Script::evaluate(const Expression& expression) {
  if (!expression.is_list) return constant(expression.word);
  const Expression& head = expression.list[0];
  if (head.word == "_") {  // (_ bvN w)
    term::Value value = 0;
    for (const char c : std::string_view(expression.list[1].word).substr(2)) {
      value = value * 10 + unsigned(c - '0');
    }
    return store_.lit(unsigned(std::stoul(expression.list[2].word)), value);
  }
  std::vector<Value> values;
  for (const Expression& item : std::span(expression.list).subspan(1)) {
    TRY(Value value, evaluate(item));
    values.push_back(std::move(value));
  }
  if (head.word == "store" || head.word == "select") {
    const ArrayRef array = std::get<ArrayRef>(values[0]);
    const Id index = std::get<Id>(values[1]);
    if (head.word == "select") return read(*array, index);
    Array written = *array;
    written.writes.emplace_back(index, std::get<Id>(values[2]));
    return std::make_shared<const Array>(std::move(written));
  }
  std::vector<Id> arguments;
  for (const Value& value : values) {
    if (!std::holds_alternative<Id>(value)) return bad("an array as operand of", head.word);
    arguments.push_back(std::get<Id>(value));
  }
  return head.is_list ? indexed(head, arguments) : operation(head.word, arguments);
}

}  // namespace probity::bench
