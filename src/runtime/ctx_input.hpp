// SPDX-License-Identifier: Apache-2.0
// Ctx fields that a user sets for a run, by name (RunInput::fields), checked against the tables of
// ctx.hpp. The engines of this process take every stored field that programs of the type can read;
// the live kernel's test run takes those of CtxRow::test_run.
#pragma once

#include "base/diagnostic.hpp"
#include "runtime/ctx.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {

/// The row of a field to be set. Refuses a name that programs of `type` cannot read, a field that
/// is computed (len, data, vlan_present …), and a value that the field does not hold; each with
/// the name, the value and the limit.
Expected<const CtxRow*> require_ctx_value(program::ProgType type, const CtxValue& value);

/// The names that require_ctx_value() takes, separated by commas.
std::string settable_ctx_fields(program::ProgType type);

}  // namespace probity::runtime
