// SPDX-License-Identifier: Apache-2.0
// Programs in the kernel's text for the tests of this folder, with what a program::View points at.
#pragma once

#include <string_view>
#include <vector>

#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {

class ProgramText {
 public:
  explicit ProgramText(std::string_view text);
  ProgramText(const ProgramText&) = delete;
  ProgramText& operator=(const ProgramText&) = delete;

  program::View& view() { return view_; }
  /// Adds a map; the program names it by its number.
  void add_map(const program::MapDef& map);

 private:
  std::vector<bpf::Slot> slots_;
  std::vector<program::MapDef> maps_;
  program::View view_;
};

/// An array, hash or prog_array map of 4-byte keys.
program::MapDef map_of(program::MapType type, std::uint32_t value_size, std::uint32_t max_entries);

/// Runs a bare program on 64 bytes of memory that count up from 0; a diagnostic fails the test.
RunOutput run_bare(EngineKind kind, const program::View& program, std::uint64_t fuel = 1'000'000);
/// Runs an XDP program on a packet of 64 bytes that count up from 0.
RunOutput run_xdp(EngineKind kind, const program::View& program, std::uint64_t fuel = 1'000'000);

/// The engines that translate and can run here.
std::vector<EngineKind> translating_engines();
/// For test names: letters, digits and underscores.
std::string test_name(EngineKind kind);

}  // namespace probity::runtime
