// SPDX-License-Identifier: Apache-2.0
// A `.data` file with an `expect` section: the checker's verdict on a program, with counterexamples
// replayed. `spec` gives what the text of a program cannot: one setting a line.
//   map NAME TYPE KEY_BYTES VALUE_BYTES ENTRIES     (TYPE as in the kernel, or `rodata`)
//   assert-return LIST      type NAME      max-packet BYTES      unroll COUNT
//   metadata BYTES  (the most in front of a packet)
//   assume EXPR             (symex/assumption.hpp; after `type`)
//   statements LIST         (of probity/spec.h, in order: proved, vacuous …)
// `expect` is one line: `proved`, `refuted: PROPERTY` or `unknown: part of a reason`.
#pragma once

#include <string>

#include "base/diagnostic.hpp"
#include "corpus/data_file.hpp"
#include "object/object.hpp"
#include "symex/explorer.hpp"

namespace probity::corpus {

/// What such a file describes.
struct CheckCase {
  object::Image image;
  symex::Options options;
  std::string expected;
  std::string statements;  ///< their status, in order; empty: not asked for
};
Expected<CheckCase> read_check_case(const DataFile& file);

struct CheckCaseResult {
  std::string expected;
  std::string actual;  ///< as `expect` would say it
  bool agrees = false;
  std::string replays;  ///< engines that contradicted a finding, or empty
};

/// Checks the program of `file` (which has an `expect` section) and compares.
Expected<CheckCaseResult> run_check_case(const DataFile& file);

}  // namespace probity::corpus
