// SPDX-License-Identifier: Apache-2.0
// The theorems of x86-64: every template of this folder, instantiated for the proof and the replay.
#include "theorems/jit/x86_64.hpp"

#include "jit/x86_64/translator_impl.hpp"
#include "theorems/jit/obligation.hpp"
#include "theorems/jit/targets.hpp"

namespace probity::theorems {

std::vector<proof::Obligation> x86_64_obligations() {
  return obligations_of<X86_64>();
}

}  // namespace probity::theorems
