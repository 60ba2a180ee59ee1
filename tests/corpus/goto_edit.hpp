// SPDX-License-Identifier: Apache-2.0
// The rewrite that changes nothing but places: `goto +0` put into every function of an object where
// it hurts most, and taken out again.
#pragma once

#include <string>
#include <vector>

#include "object/edit.hpp"

namespace probity::corpus {

/// The edit, and why functions were left out.
struct GotoEdit {
  object::Edit edit;
  std::vector<std::string> refused;
};

enum class Insert : std::uint8_t {
  everywhere,  ///< before the first insn, each call, the middle, each branch target and behind it
  first,       ///< before the first insn
};
GotoEdit insert_gotos(const object::Object& object, Insert where);

enum class Remove : std::uint8_t { all, every_second };

/// `object` is what was written for `inserted`: removes what that inserted.
GotoEdit remove_gotos(const object::Object& object, const object::Edit& inserted, Remove which);

/// Removes the `goto +0`s that the compiler or the author wrote.
GotoEdit remove_own_gotos(const object::Object& object);

}  // namespace probity::corpus
