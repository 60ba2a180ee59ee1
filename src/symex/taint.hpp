// SPDX-License-Identifier: Apache-2.0
// Taint: does a term mention a variable that no program may observe? Two kinds: the address of a
// region (its number differs from machine to machine) and an uninitialised register. Arguments have
// smaller ids than the terms built from them, so one pass over new ids keeps the index up to date.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "term/term.hpp"

namespace probity::symex {

enum class Taint : std::uint8_t { none = 0, address = 1, uninitialised = 2 };

/// What safety mode lets a program use although nobody can say its value: stack bytes never
/// written, memory that others write. Names of variables and functions begin with this.
constexpr std::string_view arbitrary_prefix = "any#";

/// Things that may happen on a machine (a driver without room, a full buffer): one bit each, 0 when
/// they do not, as on every engine. Names of the variables begin with this.
constexpr std::string_view choice_prefix = "choice";

/// What programs return that somebody else puts into a prog_array. Names of the functions begin
/// with this, the array's name follows.
constexpr std::string_view tail_result_prefix = "helper#tail_call.";

/// Parts of what bpf_fib_lookup finds. Names of the functions begin with this.
constexpr std::string_view fib_prefix = "helper#fib_lookup.";

/// What another CPU wrote between two accesses of the program. Names of the variables begin so.
constexpr std::string_view interference_prefix = "another CPU changes the ";

class TaintIndex {
 public:
  explicit TaintIndex(const term::Store& store) : store_(store) {}
  /// The worst taint of any variable in `a`: uninitialised over address over none.
  Taint of(term::Id a);
  /// Does it mention an address or an arbitrary value, which no engine can be given?
  bool is_arbitrary(term::Id a);
  /// The fresh variable that stands for what an uninitialised register holds.
  static term::Id uninitialised(term::Store& store, unsigned reg, std::uint64_t serial);

 private:
  std::uint8_t own(term::Id a) const;
  std::uint8_t bits(term::Id a);
  const term::Store& store_;
  std::vector<std::uint8_t> bits_{0};  // by id; id 0 is no term
};

}  // namespace probity::symex
