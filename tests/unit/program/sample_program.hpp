// SPDX-License-Identifier: Apache-2.0
// Programs for the tests of this folder: kernel-style text to slots, with subprograms found from
// the calls as for bare bytecode.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "assembler/bpf_text.hpp"
#include "program/flow.hpp"

namespace probity::program {

class SampleProgram {
 public:
  explicit SampleProgram(std::string_view text) {
    const auto assembled = assembler::assemble({"sample", text}, assembler::TextStyle::kernel);
    EXPECT_TRUE(assembled) << assembled.error().line();
    if (!assembled) return;
    slots = *assembled;
    view.slots = slots;
    std::vector<std::byte> memory(1 << 16);
    Arena arena(memory);
    const auto found = find_subprogs(slots, arena);
    if (!found) return;  // a test of what validate says then
    subprogs.assign(found->begin(), found->end());
    view.subprogs = subprogs;
  }
  SampleProgram(const SampleProgram&) = delete;
  SampleProgram& operator=(const SampleProgram&) = delete;

  std::vector<bpf::Slot> slots;
  std::vector<Subprog> subprogs;
  View view;
};

}  // namespace probity::program
