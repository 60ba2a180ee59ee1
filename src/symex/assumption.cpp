// SPDX-License-Identifier: Apache-2.0
// See assumption.hpp: a recursive descent over the text, and the evaluation, which carries along
// whether all bytes that were named exist.
#include "symex/assumption.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "runtime/ctx.hpp"

namespace probity::symex {
namespace {

using Kind = Assumption::Kind;

constexpr std::uint64_t largest_offset = 65'534;
constexpr unsigned deepest = 64;

struct Operator {
  std::string_view sign;
  Kind kind;
};
// Longer signs first.
constexpr std::array<Operator, 6> comparisons = {Operator{"==", Kind::eq}, {"!=", Kind::ne},
                                                 {"<=", Kind::le},         {">=", Kind::ge},
                                                 {"<", Kind::lt},          {">", Kind::gt}};
constexpr std::array<Operator, 2> sums = {Operator{"+", Kind::add}, {"-", Kind::sub}};
constexpr std::array<Operator, 3> bit_operators = {
    Operator{"<<", Kind::shl}, {">>", Kind::shr}, {"&", Kind::bit_and}};

class Parser {
 public:
  Parser(std::string_view text, program::ProgType type) : text_(text), type_(type) {}

  Expected<Assumption> parse() {
    TRY(Assumption all, disjunction());
    skip_blanks();
    if (at_ != text_.size()) return fail("the end, an operator or )");
    return all;
  }

 private:
  std::unexpected<Diagnostic> fail(std::string_view wanted) const {
    const std::string_view rest = text_.substr(at_, 16);
    return error(Fault::bad_input,
                 fmt::format("--assume: \"{}\": column {}: expected {}, found {}", text_, at_ + 1,
                             wanted, rest.empty() ? "the end" : fmt::format("\"{}\"", rest)));
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view sign) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  /// "&" is not the first half of "&&".
  std::optional<Kind> take_one_of(std::span<const Operator> operators) {
    skip_blanks();
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("&&")) return std::nullopt;
    for (const Operator& one : operators) {
      if (take(one.sign)) return one.kind;
    }
    return std::nullopt;
  }
  static Assumption join(Kind kind, Assumption a, Assumption b) {
    Assumption both;
    both.kind = kind;
    both.parts.push_back(std::move(a));
    both.parts.push_back(std::move(b));
    return both;
  }

  Expected<Assumption> disjunction() {
    if (++depth_ > deepest) {
      return error(Fault::limit, fmt::format("--assume: column {}: nested too deep (limit {})",
                                             at_ + 1, deepest));
    }
    TRY(Assumption left, conjunction());
    while (take("||")) {
      TRY(Assumption right, conjunction());
      left = join(Kind::or_, std::move(left), std::move(right));
    }
    --depth_;
    return left;
  }
  Expected<Assumption> conjunction() {
    TRY(Assumption left, comparison());
    while (take("&&")) {
      TRY(Assumption right, comparison());
      left = join(Kind::and_, std::move(left), std::move(right));
    }
    return left;
  }
  Expected<Assumption> comparison() {
    TRY(Assumption left, sum());
    const auto kind = take_one_of(comparisons);
    if (!kind) return left;
    TRY(Assumption right, sum());
    return join(*kind, std::move(left), std::move(right));
  }
  Expected<Assumption> sum() {
    TRY(Assumption left, bit_sum());
    while (const auto kind = take_one_of(sums)) {
      TRY(Assumption right, bit_sum());
      left = join(*kind, std::move(left), std::move(right));
    }
    return left;
  }
  Expected<Assumption> bit_sum() {
    TRY(Assumption left, unary());
    while (const auto kind = take_one_of(bit_operators)) {
      TRY(Assumption right, unary());
      left = join(*kind, std::move(left), std::move(right));
    }
    return left;
  }
  Expected<Assumption> unary() {
    const bool negates = take("!");
    if (negates || take("~")) {
      if (++depth_ > deepest) return fail("fewer signs in a row");
      Assumption result;
      result.kind = negates ? Kind::not_ : Kind::invert;
      TRY(Assumption inner, unary());
      --depth_;
      result.parts.push_back(std::move(inner));
      return result;
    }
    if (!take("(")) return leaf();
    TRY(Assumption inner, disjunction());
    if (!take(")")) return fail(")");
    return inner;
  }
  Expected<Assumption> leaf() {
    Assumption result;
    if (take("packet.length")) {
      result.kind = Kind::length;
      return result;
    }
    if (take("packet[")) return packet_bytes();
    if (take("ctx.")) return field();
    TRY(result.number, number());
    return result;
  }
  Expected<std::uint64_t> number() {
    skip_blanks();
    const std::size_t start = at_;
    const int base = text_.substr(at_).starts_with("0x") ? 16 : 10;
    if (base == 16) at_ += 2;
    std::uint64_t value = 0;
    const char* const end = text_.data() + text_.size();
    const auto parsed = std::from_chars(text_.data() + at_, end, value, base);
    if (parsed.ec != std::errc()) {
      at_ = start;
      return fail("a number (0..2^64-1), ctx.FIELD, packet.length, packet[OFFSET:BYTES] or (");
    }
    at_ = static_cast<std::size_t>(parsed.ptr - text_.data());
    return value;
  }
  Expected<Assumption> packet_bytes() {
    Assumption result;
    result.kind = Kind::bytes;
    const std::size_t start = at_;
    TRY(result.number, number());
    result.size_bytes = 1;
    if (take(":")) {
      TRY(const std::uint64_t size, number());
      result.size_bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, 9));
    }
    if (!take("]")) return fail("]");
    if (result.number > largest_offset || result.size_bytes == 0 || result.size_bytes > 8) {
      at_ = start;
      return fail(fmt::format("an offset (0..{}) and 1..8 bytes", largest_offset));
    }
    return result;
  }
  Expected<Assumption> field() {
    const std::size_t start = at_;
    const auto in_name = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '[' || c == ']';
    };
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    Assumption result;
    result.kind = Kind::field;
    result.name = text_.substr(start, at_ - start);
    const runtime::CtxRow* row = runtime::find_ctx_row(type_, result.name);
    if (row == nullptr || row->field != runtime::CtxField::value || row->size_bytes > 8) {
      at_ = start;
      return fail(fmt::format("a field of {}'s ctx that holds a number", program::name(type_)));
    }
    result.number = row->offset;
    result.size_bytes = row->size_bytes;
    return result;
  }

  std::string_view text_;
  program::ProgType type_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
};

using Bit = Bool<Provenance>;

/// A value, and whether all bytes that it was made of exist.
struct Made {
  Value<64> value;
  Bit exists;
};

Value<64> of_bit(Bit bit) {
  return zext<64>(bit);
}

Made compute(const Assumption& part, Input& input);

Bit truth(const Assumption& part, Input& input) {
  const Made made = compute(part, input);
  return made.exists & (made.value != Value<64>::lit(0));
}

Made bytes(const Assumption& part, Input& input) {
  Value<64> value = Value<64>::lit(0);
  for (std::uint32_t i = 0; i < part.size_bytes; ++i) {
    value = shl(value, Value<64>::lit(8)) | zext<64>(input.byte(part.number + i));
  }
  return {value, ule(Value<64>::lit(part.number + part.size_bytes), input.length())};
}

Value<64> arithmetic(Kind kind, Value<64> a, Value<64> b) {
  switch (kind) {
    case Kind::add: return a + b;
    case Kind::sub: return a - b;
    case Kind::bit_and: return a & b;
    case Kind::shl: return shl(a, b);
    case Kind::shr: return lshr(a, b);
    case Kind::eq: return of_bit(a == b);
    case Kind::ne: return of_bit(a != b);
    case Kind::lt: return of_bit(ult(a, b));
    case Kind::le: return of_bit(ule(a, b));
    case Kind::gt: return of_bit(ult(b, a));
    case Kind::ge: return of_bit(ule(b, a));
    case Kind::number:
    case Kind::field:
    case Kind::length:
    case Kind::bytes:
    case Kind::not_:
    case Kind::invert:
    case Kind::or_:
    case Kind::and_: return a;  // not of two numbers
  }
  return a;
}

bool compares(Kind kind) {
  return kind >= Kind::eq && kind <= Kind::ge;
}

Made compute(const Assumption& part, Input& input) {
  const Bit yes = Bit::lit(1);
  switch (part.kind) {
    case Kind::number: return {Value<64>::lit(part.number), yes};
    case Kind::field: return {input.field(part.name), yes};
    case Kind::length: return {input.length(), yes};
    case Kind::bytes: return bytes(part, input);
    case Kind::not_: return {of_bit(~truth(part.parts[0], input)), yes};
    case Kind::or_: return {of_bit(truth(part.parts[0], input) | truth(part.parts[1], input)), yes};
    case Kind::and_:
      return {of_bit(truth(part.parts[0], input) & truth(part.parts[1], input)), yes};
    case Kind::invert: {
      const Made made = compute(part.parts[0], input);
      return {~made.value, made.exists};
    }
    case Kind::add:
    case Kind::sub:
    case Kind::bit_and:
    case Kind::shl:
    case Kind::shr:
    case Kind::eq:
    case Kind::ne:
    case Kind::lt:
    case Kind::le:
    case Kind::gt:
    case Kind::ge: break;
  }
  const Made a = compute(part.parts[0], input);
  const Made b = compute(part.parts[1], input);
  const Bit exists = a.exists & b.exists;
  const Value<64> value = arithmetic(part.kind, a.value, b.value);
  if (!compares(part.kind)) return {value, exists};
  return {of_bit(exists & bits<0, 0>(value)), yes};
}

}  // namespace

Expected<Assumption> parse_assumption(std::string_view text, program::ProgType type) {
  const bool bare = type == program::ProgType::unspec;
  return Parser(text, bare ? program::ProgType::xdp : type).parse();
}

Bool<Provenance> holds(const Assumption& assumption, Input& input) {
  return truth(assumption, input);
}

}  // namespace probity::symex
