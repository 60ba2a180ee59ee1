// SPDX-License-Identifier: Apache-2.0
// What an insn costs: nanoseconds and bytes of machine code, by form, as measured on a kernel's
// JIT by long runs of the same insn. That is throughput, not latency, which is good enough to tell
// better from worse. A program's time is the sum over its insns, each as often as its block is
// entered: by a profile, or by the structure of the code.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"
#include "opt/code.hpp"

namespace probity::opt {

struct FormCost {
  double ns = 0;
  double bytes = 0;
};

class CostTable {
 public:
  /// Measured on one x86-64 machine with Linux 6.18; `opt --calibrate` measures another.
  static CostTable built_in();
  /// The text that print() writes. A form that it does not name keeps its built-in cost.
  static Expected<CostTable> parse(std::string_view text, std::string_view place);
  std::string print() const;

  const FormCost& of(bpf::Form form) const { return costs_[static_cast<std::size_t>(form)]; }
  void set(bpf::Form form, const FormCost& cost) { costs_[static_cast<std::size_t>(form)] = cost; }
  /// Where it is from: "built in", or a file.
  const std::string& source() const { return source_; }

 private:
  std::array<FormCost, bpf::form_count> costs_{};
  std::string source_ = "built in";
};

/// How often control is at each slot of the first version, in one run.
using Weights = std::vector<double>;

/// From the structure alone: a branch goes either way as often, a loop goes round eight times.
Weights structural_weights(const Code& code);

/// Nanoseconds of one run. Inserted insns count as often as the old insn before them in the code.
double estimate_ns(const Code& code, const CostTable& costs, const Weights& weights);

}  // namespace probity::opt
