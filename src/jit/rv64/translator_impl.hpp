// SPDX-License-Identifier: Apache-2.0
// All bodies of target.hpp and emit.hpp: for the one file that compiles the JIT, and for proofs,
// which choose their domain.
#pragma once

#include "jit/rv64/alu_impl.hpp"
#include "jit/rv64/call_impl.hpp"
#include "jit/rv64/emit_impl.hpp"
#include "jit/rv64/jump_impl.hpp"
#include "jit/rv64/mem_impl.hpp"
#include "jit/rv64/prologue_impl.hpp"
