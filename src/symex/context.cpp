// SPDX-License-Identifier: Apache-2.0
// One context is current per thread, from its construction to its end.
#include "symex/context.hpp"

#include "base/check.hpp"

namespace probity::symex {
namespace {
thread_local Context* current = nullptr;
}

Context::Context() {
  PROBITY_CHECK(current == nullptr);
  current = this;
}

Context::~Context() {
  current = nullptr;
}

Context& current_context() {
  PROBITY_CHECK(current != nullptr);
  return *current;
}

}  // namespace probity::symex
