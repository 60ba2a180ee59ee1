// SPDX-License-Identifier: Apache-2.0
// Small programs for tests of the optimizer, in the kernel's text. Two maps are there: 0 is a hash
// map with 4-byte keys and 16-byte values, 1 an array.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "assembler/bpf_text.hpp"
#include "base/arena.hpp"
#include "base/check.hpp"
#include "opt/code.hpp"
#include "program/flow.hpp"

namespace probity::opt::sample {

inline constexpr std::array<program::MapDef, 2> maps = {{
    {"flows", program::MapType::hash, 4, 16, 64, 0, -1, {}, false, {}},
    {"counters", program::MapType::array, 4, 8, 16, 0, -1, {}, false, {}},
}};

/// A program that outlives its view.
class Sample {
 public:
  explicit Sample(std::string_view text, program::ProgType type = program::ProgType::xdp) {
    auto slots = assembler::assemble({"sample", text}, assembler::TextStyle::kernel);
    if (!slots) failure_ = std::string(slots.error().line());
    PROBITY_CHECK(slots.has_value());
    slots_ = *slots;
    std::array<std::byte, 4096> memory;
    Arena arena(memory);
    const auto found = program::find_subprogs(slots_, arena);
    PROBITY_CHECK(found.has_value());
    subprogs_.assign(found->begin(), found->end());
    subprogs_.front().name = "sample";
    view_.name = "sample";
    view_.type = type;
    view_.slots = slots_;
    view_.subprogs = subprogs_;
    view_.maps = maps;
    auto code = Code::from(slots_, view_.subprogs);
    PROBITY_CHECK(code.has_value());
    code_ = *code;
  }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;

  const Code& code() const { return code_; }
  const program::View& view() const { return view_; }

 private:
  std::string failure_;
  std::vector<bpf::Slot> slots_;
  std::vector<program::Subprog> subprogs_;
  program::View view_;
  Code code_;
};

/// Insns without jumps, as nodes that stand for old insns from `first` on.
inline std::vector<Node> nodes_of(const Code& code, std::uint32_t first, std::string_view text) {
  auto slots = assembler::assemble({"nodes", text}, assembler::TextStyle::kernel);
  PROBITY_CHECK(slots.has_value());
  auto parsed = Code::from(*slots, {});
  PROBITY_CHECK(parsed.has_value());
  std::vector<Node> nodes;
  for (const Node& node : parsed->nodes()) nodes.push_back(replaced(code[first], node.insn));
  return nodes;
}

/// `count` nodes from `first` become `text`.
inline Change change(const Code& code, std::uint32_t first, std::uint32_t count,
                     std::string_view text) {
  return {"test",
          {{first, count, text.empty() ? std::vector<Node>{} : nodes_of(code, first, text)}}};
}

}  // namespace probity::opt::sample
