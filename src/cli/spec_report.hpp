// SPDX-License-Identifier: Apache-2.0
// What `check` tells of each statement of include/probity/spec.h: proved on how many paths,
// refuted, or said nothing (vacuous). Copies of one source line (inlined functions, unrolled loops)
// are one.
#pragma once

#include "object/image.hpp"
#include "report/document.hpp"
#include "symex/finding.hpp"

namespace probity::cli {

/// A table, and `specs` in the details. Nothing without statements.
void report_statements(report::Document& document, const object::Image& image,
                       const symex::Exploration& exploration);

}  // namespace probity::cli
