// SPDX-License-Identifier: Apache-2.0
// The domain's functions forward to the store that is current in this thread.
#include "term/symbolic.hpp"

#include "base/check.hpp"

namespace probity::term {
namespace {

thread_local Store* current = nullptr;

}  // namespace

StoreScope::StoreScope(Store& store) : previous_(current) {
  current = &store;
}
StoreScope::~StoreScope() {
  current = previous_;
}

Store& current_store() {
  PROBITY_CHECK(current != nullptr);
  return *current;
}

Id Symbolic::lit(unsigned width, std::uint64_t value) {
  return current_store().lit(width, value);
}

Id Symbolic::un(Op op, unsigned width, Id a) {
  PROBITY_ASSERT(current_store().width(a) == width);
  static_cast<void>(width);
  return current_store().un(op, a);
}

Id Symbolic::bin(Op op, unsigned width, Id a, Id b) {
  PROBITY_ASSERT(current_store().width(a) == width);
  static_cast<void>(width);
  return current_store().bin(op, a, b);
}

Id Symbolic::ite(unsigned width, Id condition, Id a, Id b) {
  PROBITY_ASSERT(current_store().width(a) == width);
  static_cast<void>(width);
  return current_store().ite(condition, a, b);
}

Id Symbolic::zext(unsigned from, unsigned to, Id a) {
  PROBITY_ASSERT(current_store().width(a) == from);
  static_cast<void>(from);
  return current_store().zext(to, a);
}

Id Symbolic::sext(unsigned from, unsigned to, Id a) {
  PROBITY_ASSERT(current_store().width(a) == from);
  static_cast<void>(from);
  return current_store().sext(to, a);
}

Id Symbolic::extract(unsigned low, unsigned width, Id a) {
  return current_store().extract(low, width, a);
}

Id Symbolic::concat(unsigned high_width, unsigned low_width, Id high, Id low) {
  PROBITY_ASSERT(current_store().width(high) == high_width);
  PROBITY_ASSERT(current_store().width(low) == low_width);
  static_cast<void>(high_width);
  static_cast<void>(low_width);
  return current_store().concat(high, low);
}

}  // namespace probity::term
