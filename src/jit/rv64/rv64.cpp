// SPDX-License-Identifier: Apache-2.0
// The RV64 JIT that ships.
#include "domain/concrete.hpp"
#include "jit/rv64/translator_impl.hpp"

namespace probity::jit::rv64 {

template class Translator<Concrete>;

}  // namespace probity::jit::rv64
