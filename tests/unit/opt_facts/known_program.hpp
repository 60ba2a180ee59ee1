// SPDX-License-Identifier: Apache-2.0
// A program in the kernel's text with what is known of it. Subprograms are found from the calls;
// map 0 is a hash map with keys of 4 and values of 16 bytes, map 1 an array of maps, map 2 a ring
// buffer.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

#include "assembler/bpf_text.hpp"
#include "opt/fact_rules.hpp"
#include "opt/live.hpp"
#include "program/flow.hpp"

namespace probity::opt {

inline constexpr std::array<program::MapDef, 3> known_maps = {{
    {"flows", program::MapType::hash, 4, 16, 64, 0, -1, {}, false, {}},
    {"outer", program::MapType::array_of_maps, 4, 4, 8, 0, 0, {}, false, {}},
    {"events", program::MapType::ringbuf, 0, 0, 4096, 0, -1, {}, false, {}},
}};

class KnownProgram {
 public:
  explicit KnownProgram(std::string_view text, program::ProgType type = program::ProgType::xdp) {
    const auto assembled = assembler::assemble({"sample", text}, assembler::TextStyle::kernel);
    EXPECT_TRUE(assembled) << assembled.error().line();
    if (!assembled) return;
    slots_ = *assembled;
    std::vector<std::byte> memory(1 << 16);
    Arena arena(memory);
    const auto found = program::find_subprogs(slots_, arena);
    EXPECT_TRUE(found);
    if (!found) return;
    subprogs_.assign(found->begin(), found->end());
    view_.type = type;
    view_.slots = slots_;
    view_.subprogs = subprogs_;
    view_.maps = known_maps;
    auto code = Code::from(slots_, subprogs_);
    EXPECT_TRUE(code);
    if (!code) return;
    code_ = *code;
    facts_ = Facts::of(code_, view_);
    live_ = Live::of(code_, facts_, view_);
  }
  KnownProgram(const KnownProgram&) = delete;
  KnownProgram& operator=(const KnownProgram&) = delete;

  const Code& code() const { return code_; }
  const program::View& view() const { return view_; }
  const Facts& facts() const { return facts_; }
  const Live& live() const { return live_; }
  std::uint32_t last() const { return code_.size() - 1; }
  /// Before a node; the last one is an exit.
  const Fact& reg(std::uint32_t node, unsigned number) const {
    return facts_.reg(node, static_cast<bpf::Reg>(number));
  }
  /// The word at r10 + offset.
  const Fact& word(std::uint32_t node, int offset) const {
    return facts_.before(node).frame.words[static_cast<std::size_t>(512 + offset) / 8];
  }

 private:
  std::vector<bpf::Slot> slots_;
  std::vector<program::Subprog> subprogs_;
  program::View view_;
  Code code_;
  Facts facts_;
  Live live_;
};

}  // namespace probity::opt
