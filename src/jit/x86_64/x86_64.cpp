// SPDX-License-Identifier: Apache-2.0
// The x86-64 JIT that ships: the translator over Concrete, and the driver over it. This is the same
// text that the theorems instantiate over SymbolicPath.
#include "domain/concrete.hpp"
#include "jit/driver_impl.hpp"
#include "jit/x86_64/translator_impl.hpp"

namespace probity::jit::x86_64 {

template class Translator<Concrete>;

constinit const Backend backend = {layout_with<Translator<Concrete>>,
                                   emit_with<Translator<Concrete>>};

}  // namespace probity::jit::x86_64
