// SPDX-License-Identifier: Apache-2.0
// Measures this machine's kernel: for each insn form a program with 600 copies of one insn in a
// row is loaded and timed by turns with the same program without them. What one copy adds in time
// and in machine code is its cost. The programs are written here, form by form; forms that cannot
// stand in such a row (calls, jumps, packet access) keep their built-in cost.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "opt/cost.hpp"

namespace probity::opt {

struct Calibration {
  CostTable table;
  std::vector<std::string> measured;  ///< names of forms
  std::vector<std::string> refused;   ///< by the kernel: the form, and why
};

/// `progress` is told the form whose turn it is. The diagnostic says why this kernel cannot be
/// asked, or that its JIT is off.
Expected<Calibration> calibrate(const std::function<void(std::string_view form, std::size_t done,
                                                         std::size_t total)>& progress);

/// The program that measures a form with so many copies; empty when the form cannot be measured.
std::vector<bpf::Slot> calibration_program(bpf::Form form, unsigned copies);

}  // namespace probity::opt
