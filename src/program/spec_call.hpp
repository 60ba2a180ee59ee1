// SPDX-License-Identifier: Apache-2.0
// The reserved helper numbers that the macros of include/probity/spec.h call. They lie far above
// every kernel helper, and the calls stand behind a read-only global that is 0 when the object is
// loaded, so a kernel removes them as dead code.
#pragma once

#include <cstdint>

namespace probity::program {

enum class SpecCall : std::uint32_t {
  assert_true = 0x5be00001,    ///< (condition)
  assume = 0x5be00002,         ///< (condition)
  assert_return = 0x5be00003,  ///< (value)
  probe = 0x5be00004,          ///< (): records that it was reached; only replays insert it
};

constexpr bool is_spec_call(std::uint32_t helper) {
  return helper >= static_cast<std::uint32_t>(SpecCall::assert_true) &&
         helper <= static_cast<std::uint32_t>(SpecCall::probe);
}

}  // namespace probity::program
