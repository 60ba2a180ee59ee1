// SPDX-License-Identifier: Apache-2.0
// The interpreter's handlers, one per row of insn.def, which predecode() puts into ops. Each is the
// row's meaning (isa/bpf/semantics_impl.hpp) instantiated for Concrete.
#pragma once

#include "runtime/predecode.hpp"

namespace probity::runtime {

struct Handlers {
  const Handler* by_form;  ///< bpf::form_count of them
  Handler end;             ///< the trap behind the last slot and in the second slot of lddw
};
Handlers interpreter_handlers();

}  // namespace probity::runtime
