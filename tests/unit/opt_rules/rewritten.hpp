// SPDX-License-Identifier: Apache-2.0
// A small program before and after the changes of some generators, each version proved equal to the
// one before it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../opt/code_sample.hpp"
#include "opt/code_text.hpp"
#include "opt/generators.hpp"
#include "opt/optimize.hpp"
#include "opt/rule_match.hpp"

namespace probity::opt {

struct Rewritten {
  std::string text;                ///< insns separated by "; "
  std::vector<std::string> rules;  ///< that were applied, in order
  std::vector<std::string> undone;
};

inline Rewritten rewritten(std::string_view text, std::vector<Generator> generators,
                           Aim aim = {Goal::size, bpf::Cpu::v3},
                           program::ProgType type = program::ProgType::xdp) {
  const sample::Sample program(text, type);
  Options options;
  options.aim = aim;
  options.generators = std::move(generators);
  options.solver.external = solver::External::none;
  const Outcome outcome = optimize(program.code(), program.view(), options);
  Rewritten result{kernel_text(outcome.code.nodes()), {}, {}};
  for (const Applied& applied : outcome.applied) result.rules.push_back(applied.rule);
  for (const Undone& undone : outcome.undone) {
    result.undone.push_back(undone.rule + ": " + undone.why);
  }
  EXPECT_TRUE(result.undone.empty()) << result.undone.front();
  return result;
}

}  // namespace probity::opt
