// SPDX-License-Identifier: Apache-2.0
// The obligations of a target. Each target's templates are instantiated in a file of its own, which
// keeps the build parallel.
#include "theorems/jit/jit.hpp"

#include "theorems/jit/targets.hpp"

namespace probity::theorems {

std::vector<proof::Obligation> jit_obligations(jit::Target target) {
  switch (target) {
    case jit::Target::x86_64: return x86_64_obligations();
    case jit::Target::rv64: return rv64_obligations();
  }
  return {};
}

}  // namespace probity::theorems
