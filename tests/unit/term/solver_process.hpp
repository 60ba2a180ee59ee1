// SPDX-License-Identifier: Apache-2.0
// Runs an SMT solver of the machine as a judge of the term layer's output; the tests that need one
// are skipped by name where it is absent.
#pragma once

#include <string>
#include <vector>

namespace probity::term::test {

/// Is `program` on PATH?
bool is_installed(const std::string& program);

/// The lines that `command FILE` prints for a file holding `script`.
std::vector<std::string> run_solver(const std::string& command, const std::string& script);

}  // namespace probity::term::test
