// SPDX-License-Identifier: Apache-2.0
// A tokenizer for parentheses, |symbols| and words is all that answers need; every surprise is a
// diagnostic, since what is read was printed by a foreign program.
#include "solver/smt2_answer.hpp"

#include <cctype>
#include <optional>

namespace probity::solver {
namespace {

using term::Value;

class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  /// The next token, empty at the end.
  std::string_view next() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0]))) {
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return {};
    if (rest_[0] == '(' || rest_[0] == ')') return take(1);
    if (rest_[0] == '|') {
      const std::size_t end = rest_.find('|', 1);
      return take(end == std::string_view::npos ? rest_.size() : end + 1);
    }
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '(' && rest_[end] != ')' &&
           !std::isspace(static_cast<unsigned char>(rest_[end]))) {
      ++end;
    }
    return take(end);
  }

 private:
  std::string_view take(std::size_t count) {
    const std::string_view token = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return token;
  }
  std::string_view rest_;
};

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return unsigned(c - '0');
  if (c >= 'a' && c <= 'f') return unsigned(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return unsigned(c - 'A') + 10;
  return std::nullopt;
}

std::optional<Value> number(std::string_view digits, unsigned base) {
  if (digits.empty()) return std::nullopt;
  Value value = 0;
  for (const char c : digits) {
    const auto d = digit(c);
    if (!d || *d >= base) return std::nullopt;
    value = value * base + *d;
  }
  return value;
}

std::optional<Value> parse_value(Tokens& tokens) {
  const std::string_view token = tokens.next();
  if (token == "true") return 1;
  if (token == "false") return 0;
  if (token.starts_with("#b")) return number(token.substr(2), 2);
  if (token.starts_with("#x")) return number(token.substr(2), 16);
  if (token != "(" || tokens.next() != "_") return std::nullopt;
  const std::string_view literal = tokens.next();
  if (!literal.starts_with("bv")) return std::nullopt;
  const auto value = number(literal.substr(2), 10);
  tokens.next();  // the width
  if (tokens.next() != ")") return std::nullopt;
  return value;
}

std::unexpected<Diagnostic> bad_answer(std::string_view what, std::string_view token) {
  return error(Fault::system, std::string("solver output: ") + std::string(what) + ", found '" +
                                  std::string(token.substr(0, 60)) + "'");
}

}  // namespace

Expected<Smt2Answer> parse_smt2_answer(std::string_view text) {
  Tokens tokens(text);
  Smt2Answer answer;
  const std::string_view status = tokens.next();
  if (status == "unsat" || status == "unknown") {
    answer.status = status == "unsat" ? Status::unsat : Status::unknown;
    return answer;
  }
  if (status != "sat") return bad_answer("expected sat, unsat or unknown", status);
  answer.status = Status::sat;
  for (std::string_view token = tokens.next(); !token.empty(); token = tokens.next()) {
    if (token != "(") return bad_answer("expected a list of values", token);
    for (token = tokens.next(); token == "("; token = tokens.next()) {
      std::string_view symbol = tokens.next();
      if (symbol.size() >= 2 && symbol.front() == '|') symbol = symbol.substr(1, symbol.size() - 2);
      const auto value = parse_value(tokens);
      if (!value) return bad_answer("expected a bit-vector value of a symbol", symbol);
      answer.values.insert_or_assign(std::string(symbol), *value);
      token = tokens.next();
      if (token != ")") return bad_answer("expected ) after a value", token);
    }
    if (token != ")") return bad_answer("expected ) after the values", token);
  }
  return answer;
}

}  // namespace probity::solver
