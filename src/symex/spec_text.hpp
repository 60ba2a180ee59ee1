// SPDX-License-Identifier: Apache-2.0
// How a statement of include/probity/spec.h is called in messages: as its source line has it, when
// the object has lines, else by its macro.
#pragma once

#include <string>

#include "program/program.hpp"
#include "program/spec_call.hpp"

namespace probity::symex {

/// E.g. "BPF_ASSERT_RETURN(XDP_DROP)".
std::string spec_text(const program::View& program, std::uint32_t slot, program::SpecCall call);

/// The source line of a slot, or null.
const program::LineInfo* line_of(const program::View& program, std::uint32_t slot);

/// Has the compiler decided the condition of the statement at `slot`: does a constant other than 0
/// go into the call on every way to it?
bool decided_by_compiler(const program::View& program, std::uint32_t slot);

}  // namespace probity::symex
