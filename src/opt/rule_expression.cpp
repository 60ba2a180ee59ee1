// SPDX-License-Identifier: Apache-2.0
// See rule_expression.hpp: the parser, by precedence climbing.
#include "opt/rule_expression.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace probity::opt {
namespace {

using Op = Expression::Op;

struct Infix {
  std::string_view sign;
  unsigned binds;  ///< higher is tighter
  Op op;
  bool swapped = false;  ///< a > b is b < a
};
/// Longer signs before their prefixes.
constexpr std::array infixes = {
    Infix{"s<=", 1, Op::sle},      Infix{"s>=", 1, Op::sle, true}, Infix{"s<", 1, Op::slt},
    Infix{"s>", 1, Op::slt, true}, Infix{"<<", 5, Op::shl},        Infix{">>", 5, Op::shr},
    Infix{"==", 1, Op::eq},        Infix{"!=", 1, Op::ne},         Infix{"<=", 1, Op::ule},
    Infix{">=", 1, Op::ule, true}, Infix{"<", 1, Op::ult},         Infix{">", 1, Op::ult, true},
    Infix{"|", 2, Op::or_},        Infix{"^", 3, Op::xor_},        Infix{"&", 4, Op::and_},
    Infix{"+", 6, Op::add},        Infix{"-", 6, Op::sub},         Infix{"*", 7, Op::mul},
    Infix{"/", 7, Op::div},        Infix{"%", 7, Op::mod},
};

struct Named {
  std::string_view name;
  Op op;
  std::size_t arguments;
};
constexpr std::array functions = {
    Named{"low", Op::low, 2},   Named{"sext", Op::sext, 2}, Named{"fits", Op::fits, 2},
    Named{"be16", Op::be16, 1}, Named{"be32", Op::be32, 1}, Named{"be64", Op::be64, 1},
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Expected<Expression> all() {
    TRY(Expression result, infix(0));
    skip_blanks();
    if (at_ != text_.size()) return wrong("an operator");
    return result;
  }

 private:
  std::unexpected<Diagnostic> wrong(std::string_view wanted) const {
    return error(Fault::bad_input,
                 fmt::format("expression '{}': expected {} at '{}'", text_, wanted, rest()));
  }
  std::string_view rest() const { return text_.substr(at_); }
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool accept(std::string_view token) {
    skip_blanks();
    if (!rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  const Infix* next_infix() {
    skip_blanks();
    const auto* const found =
        std::ranges::find_if(infixes, [&](const Infix& i) { return rest().starts_with(i.sign); });
    return found == infixes.end() ? nullptr : found;
  }

  Expected<Expression> infix(unsigned above) {
    TRY(Expression left, prefix());
    for (const Infix* next = next_infix(); next != nullptr && next->binds > above;
         next = next_infix()) {
      at_ += next->sign.size();
      TRY(Expression right, infix(next->binds));
      if (next->swapped) std::swap(left, right);
      left = {next->op, 0, 0, {std::move(left), std::move(right)}};
    }
    return left;
  }

  Expected<Expression> prefix() {
    for (const auto& [sign, op] : {std::pair{"-", Op::neg}, std::pair{"~", Op::not_}}) {
      if (!accept(sign)) continue;
      TRY(Expression operand, prefix());
      return Expression{op, 0, 0, {std::move(operand)}};
    }
    if (accept("(")) {
      TRY(Expression inner, infix(0));
      if (!accept(")")) return wrong("')'");
      return inner;
    }
    skip_blanks();
    if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') return number();
    return name();
  }

  Expected<Expression> number() {
    const bool hex = rest().starts_with("0x");
    if (hex) at_ += 2;
    Expression result;
    const char* const end = text_.data() + text_.size();
    const auto read = std::from_chars(text_.data() + at_, end, result.number, hex ? 16 : 10);
    if (read.ec != std::errc()) return wrong("a number of 64 bits");
    at_ = static_cast<std::size_t>(read.ptr - text_.data());
    return result;
  }

  Expected<Expression> name() {
    const auto* const function = std::ranges::find_if(functions, [&](const Named& f) {
      return rest().starts_with(f.name) && rest().substr(f.name.size()).starts_with("(");
    });
    if (function != functions.end()) return call(*function);
    const bool letter = at_ < text_.size() && is_letter(text_[at_]);
    if (!letter || (at_ + 1 < text_.size() && is_letter(text_[at_ + 1]))) {
      return wrong("a number, a letter or a function");
    }
    return Expression{Op::variable, 0, text_[at_++], {}};
  }

  Expected<Expression> call(const Named& function) {
    at_ += function.name.size() + 1;
    Expression result{function.op, 0, 0, {}};
    for (std::size_t i = 0; i < function.arguments; ++i) {
      if (i > 0 && !accept(",")) return wrong("','");
      TRY(Expression argument, infix(0));
      result.args.push_back(std::move(argument));
    }
    if (!accept(")")) return wrong("')'");
    return result;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void add_variables(const Expression& e, std::string& names) {
  if (e.op == Op::variable && names.find(e.name) == std::string::npos) names += e.name;
  for (const Expression& arg : e.args) add_variables(arg, names);
}

}  // namespace

std::string variables_of(const Expression& expression) {
  std::string names;
  add_variables(expression, names);
  return names;
}

Expected<Expression> parse_expression(std::string_view text) {
  return Parser(text).all();
}

}  // namespace probity::opt
