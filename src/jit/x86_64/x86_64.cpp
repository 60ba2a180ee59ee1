// SPDX-License-Identifier: Apache-2.0
// The x86-64 JIT that ships.
#include "domain/concrete.hpp"
#include "jit/x86_64/translator_impl.hpp"

namespace probity::jit::x86_64 {

template class Translator<Concrete>;

}  // namespace probity::jit::x86_64
