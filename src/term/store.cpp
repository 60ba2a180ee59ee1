// SPDX-License-Identifier: Apache-2.0
// Store: checks what callers pass and hands it to the rewriter; import rebuilds terms with an
// explicit stack.
#include "base/check.hpp"
#include "term/store_data.hpp"

namespace probity::term {

Store::Store(RewriteOptions options) : data_(std::make_unique<Data>(options)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Id Store::lit(unsigned width, Value value) {
  PROBITY_CHECK(width >= 1 && width <= max_width);
  return data_->rewriter.lit(width, value);
}

Id Store::var(unsigned width, std::string_view name) {
  PROBITY_CHECK(width >= 1 && width <= max_width);
  return data_->nodes.make_var(width, name);
}

Function Store::function(std::string_view name, std::span<const unsigned> argument_widths,
                         unsigned result_width) {
  PROBITY_CHECK(!argument_widths.empty());
  return data_->nodes.make_function(
      {std::string(name), {argument_widths.begin(), argument_widths.end()}, result_width});
}

Id Store::apply(Function function, std::span<const Id> arguments) {
  const std::span<const unsigned> widths = function_argument_widths(function);
  PROBITY_CHECK(arguments.size() == widths.size());
  for (std::size_t i = 0; i < widths.size(); ++i) PROBITY_CHECK(width(arguments[i]) == widths[i]);
  return data_->nodes.make_apply(function, arguments);
}

Id Store::un(Op op, Id a) {
  PROBITY_CHECK(is_unary(op) && a);
  return data_->rewriter.un(op, a);
}

Id Store::bin(Op op, Id a, Id b) {
  PROBITY_CHECK(!is_unary(op) && width(a) == width(b));
  return data_->rewriter.bin(op, a, b);
}

Id Store::ite(Id condition, Id then, Id otherwise) {
  PROBITY_CHECK(width(condition) == 1 && width(then) == width(otherwise));
  return data_->rewriter.ite(condition, then, otherwise);
}

Id Store::extract(unsigned low, unsigned width, Id a) {
  PROBITY_CHECK(width >= 1 && width <= max_width && low + width <= this->width(a));
  return data_->rewriter.extract(low, width, a);
}

Id Store::concat(Id high, Id low) {
  PROBITY_CHECK(width(high) + width(low) <= max_width);
  return data_->rewriter.concat(high, low);
}

Id Store::zext(unsigned to, Id a) {
  PROBITY_CHECK(to >= width(a) && to <= max_width);
  return data_->rewriter.zext(to, a);
}

Id Store::sext(unsigned to, Id a) {
  PROBITY_CHECK(to >= width(a) && to <= max_width);
  return data_->rewriter.sext(to, a);
}

Id Store::conjunction(std::span<const Id> terms) {
  Id result = true_();
  for (const Id term : terms) result = and_(result, term);
  return result;
}

Kind Store::kind(Id a) const {
  return data_->nodes.kind(a);
}
unsigned Store::width(Id a) const {
  PROBITY_ASSERT(a && a.index <= size());
  return data_->nodes.width(a);
}
std::span<const Id> Store::args(Id a) const {
  return data_->nodes.args(a);
}
std::optional<Value> Store::literal(Id a) const {
  if (!data_->nodes.is_literal(a)) return std::nullopt;
  return data_->nodes.literal(a);
}
unsigned Store::low(Id a) const {
  PROBITY_CHECK(kind(a) == Kind::extract);
  return data_->nodes[a].low;
}
std::string_view Store::name(Id a) const {
  PROBITY_CHECK(kind(a) == Kind::var);
  return data_->nodes.name(a);
}
Function Store::function(Id a) const {
  PROBITY_CHECK(kind(a) == Kind::apply);
  return Function{data_->nodes.operand(a, 0).index};
}
std::string_view Store::function_name(Function function) const {
  return data_->nodes.signature(function).name;
}
std::span<const unsigned> Store::function_argument_widths(Function function) const {
  return data_->nodes.signature(function).argument_widths;
}
unsigned Store::function_result_width(Function function) const {
  return data_->nodes.signature(function).result_width;
}
std::size_t Store::size() const {
  return data_->nodes.size();
}
const RewriteOptions& Store::options() const {
  return data_->options;
}

namespace {

/// One term of `from` rebuilt in `to`, its operands being rebuilt already.
Id rebuild(Store& to, const Store& from, Id a, const std::vector<Id>& memo) {
  const std::span<const Id> args = from.args(a);
  const auto arg = [&](std::size_t i) { return memo[args[i].index]; };
  const auto bin = [&](Op op) { return to.bin(op, arg(0), arg(1)); };
  switch (from.kind(a)) {
    case Kind::lit: return to.lit(from.width(a), *from.literal(a));
    case Kind::var: return to.var(from.width(a), from.name(a));
    case Kind::apply: {
      const Function known = from.function(a);
      const Function function =
          to.function(from.function_name(known), from.function_argument_widths(known),
                      from.function_result_width(known));
      std::vector<Id> arguments;
      for (const Id argument : args) arguments.push_back(memo[argument.index]);
      return to.apply(function, arguments);
    }
    case Kind::not_: return to.not_(arg(0));
    case Kind::and_: return bin(Op::and_);
    case Kind::xor_: return bin(Op::xor_);
    case Kind::add: return bin(Op::add);
    case Kind::mul: return bin(Op::mul);
    case Kind::udiv: return bin(Op::udiv);
    case Kind::urem: return bin(Op::urem);
    case Kind::shl: return bin(Op::shl);
    case Kind::lshr: return bin(Op::lshr);
    case Kind::ashr: return bin(Op::ashr);
    case Kind::eq: return bin(Op::eq);
    case Kind::ult: return bin(Op::ult);
    case Kind::ite: return to.ite(arg(0), arg(1), arg(2));
    case Kind::concat: return to.concat(arg(0), arg(1));
    case Kind::extract: return to.extract(from.low(a), from.width(a), arg(0));
  }
  PROBITY_UNREACHABLE("kind");
}

}  // namespace

Id Store::import(const Store& from, Id a, std::vector<Id>& memo) {
  if (memo.size() <= a.index) memo.resize(from.size() + 1);
  std::vector<Id> pending{a};
  while (!pending.empty()) {
    const Id top = pending.back();
    const std::size_t before = pending.size();
    for (const Id operand : from.args(top)) {
      if (!memo[operand.index]) pending.push_back(operand);
    }
    if (pending.size() != before) continue;
    if (!memo[top.index]) memo[top.index] = rebuild(*this, from, top, memo);
    pending.pop_back();
  }
  return memo[a.index];
}

}  // namespace probity::term
