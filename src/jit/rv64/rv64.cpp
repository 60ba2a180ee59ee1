// SPDX-License-Identifier: Apache-2.0
// The RV64 JIT that ships: the translator over Concrete, and the driver over it. The proofs take
// the same headers over SymbolicPath.
#include "domain/concrete.hpp"
#include "jit/driver_impl.hpp"
#include "jit/rv64/translator_impl.hpp"

namespace probity::jit::rv64 {

template class Translator<Concrete>;

constinit const Backend backend = {layout_with<Translator<Concrete>>,
                                   emit_with<Translator<Concrete>>};

}  // namespace probity::jit::rv64
