// SPDX-License-Identifier: Apache-2.0
// The theorems of RV64: every template of this folder, instantiated for the proof and the replay.
#include "theorems/jit/rv64.hpp"

#include "jit/rv64/translator_impl.hpp"
#include "theorems/jit/obligation.hpp"
#include "theorems/jit/targets.hpp"

namespace probity::theorems {

std::vector<proof::Obligation> rv64_obligations() {
  return obligations_of<Rv64>();
}

}  // namespace probity::theorems
