// SPDX-License-Identifier: Apache-2.0
// Symbolic: the domain whose values are terms. Its words are ids of the store that is current in
// this thread; a StoreScope makes a store current. SymbolicPath adds decide(): see
// path_explorer.hpp.
#pragma once

#include <cstdint>

#include "domain/bv.hpp"
#include "term/term.hpp"

namespace probity::term {

/// Makes `store` the current one of this thread until the scope ends; scopes nest.
class StoreScope {
 public:
  explicit StoreScope(Store& store);
  ~StoreScope();
  StoreScope(const StoreScope&) = delete;
  StoreScope& operator=(const StoreScope&) = delete;

 private:
  Store* previous_;
};

/// The current store of this thread; PROBITY_CHECK when there is none.
Store& current_store();

struct Symbolic {
  using Word = Id;
  static Word lit(unsigned width, std::uint64_t value);
  static Word un(Op op, unsigned width, Word a);
  static Word bin(Op op, unsigned width, Word a, Word b);
  static Word ite(unsigned width, Word condition, Word a, Word b);
  static Word zext(unsigned from, unsigned to, Word a);
  static Word sext(unsigned from, unsigned to, Word a);
  static Word extract(unsigned low, unsigned width, Word a);
  static Word concat(unsigned high_width, unsigned low_width, Word high, Word low);
};
static_assert(Domain<Symbolic> && !PathDomain<Symbolic>);

/// Symbolic plus decide(), which asks the path explorer that runs in this thread.
struct SymbolicPath : Symbolic {
  static bool decide(Word condition);
};
static_assert(PathDomain<SymbolicPath>);

}  // namespace probity::term
