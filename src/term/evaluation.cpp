// SPDX-License-Identifier: Apache-2.0
// The one switch over kinds that evaluates; fold() is what an operation means.
#include "term/evaluation.hpp"

#include "base/check.hpp"

namespace probity::term {
namespace {

/// fold() in 64 bits where they suffice: 128-bit division is slow.
Value fold_fast(Op op, unsigned width, Value a, Value b) {
  if (width > 64) return fold<Value>(op, width, a, b);
  return fold<std::uint64_t>(op, width, static_cast<std::uint64_t>(a),
                             static_cast<std::uint64_t>(b));
}

}  // namespace

Value value_of_operation(const Store& store, Id a, std::span<const Value> operands) {
  const unsigned width = store.width(a);
  const auto bin = [&](Op op) {
    return fold_fast(op, store.width(store.args(a)[0]), operands[0], operands[1]);
  };
  switch (store.kind(a)) {
    case Kind::lit: return *store.literal(a);
    case Kind::not_: return fold_fast(Op::not_, width, operands[0], 0);
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
    case Kind::ite: return operands[0] != 0 ? operands[1] : operands[2];
    case Kind::concat: return operands[0] << store.width(store.args(a)[1]) | operands[1];
    case Kind::extract: return operands[0] >> store.low(a) & mask<Value>(width);
    case Kind::var:
    case Kind::apply: break;
  }
  PROBITY_UNREACHABLE("kind");
}

Value SparseEvaluator::compute(Id a) {
  operands_.clear();
  for (const Id operand : store_.args(a)) operands_.push_back(*values_.find(operand));
  switch (store_.kind(a)) {
    case Kind::var: return leaves_.variable(a) & mask<Value>(store_.width(a));
    case Kind::apply:
      return leaves_.application(store_.function(a), operands_) & mask<Value>(store_.width(a));
    default: return value_of_operation(store_, a, operands_);
  }
}

Value SparseEvaluator::operator()(Id a) {
  if (const Value* const known = values_.find(a)) return *known;
  pending_.push_back(a);
  while (!pending_.empty()) {
    const Id top = pending_.back();
    if (values_.find(top) != nullptr) {
      pending_.pop_back();
      continue;
    }
    const std::size_t before_operands = pending_.size();
    for (const Id operand : store_.args(top)) {
      if (values_.find(operand) == nullptr) pending_.push_back(operand);
    }
    if (pending_.size() != before_operands) continue;
    const Value value = compute(top);
    values_[top] = value;
    pending_.pop_back();
  }
  return *values_.find(a);
}

}  // namespace probity::term
