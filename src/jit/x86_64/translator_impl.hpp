// SPDX-License-Identifier: Apache-2.0
// All bodies of target.hpp, for who instantiates the translator: x86_64.cpp over Concrete, the
// theorems over SymbolicPath.
#pragma once

#include "jit/x86_64/alu_impl.hpp"
#include "jit/x86_64/call_impl.hpp"
#include "jit/x86_64/jump_impl.hpp"
#include "jit/x86_64/mem_impl.hpp"
#include "jit/x86_64/prologue_impl.hpp"
