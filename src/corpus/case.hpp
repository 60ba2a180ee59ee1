// SPDX-License-Identifier: Apache-2.0
// A `.data` file as a test that an engine can run: slots, memory, what to expect. Which cpu level
// and conformance groups a test needs follows from the rows of its insns (RFC 9669 section 2.4),
// not from its name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "corpus/data_file.hpp"
#include "isa/bpf/insn.hpp"

namespace probity::corpus {

constexpr std::size_t group_count = 9;
std::string_view name(bpf::Group group);
std::optional<bpf::Group> group_named(std::string_view name);

/// A set of conformance groups.
class GroupSet {
 public:
  void add(bpf::Group group) { members_[static_cast<std::size_t>(group)] = true; }
  void remove(bpf::Group group) { members_[static_cast<std::size_t>(group)] = false; }
  bool has(bpf::Group group) const { return members_[static_cast<std::size_t>(group)]; }
  /// The first group of this set that `other` lacks.
  std::optional<bpf::Group> first_outside(const GroupSet& other) const;

 private:
  std::array<bool, group_count> members_{};
};
/// All groups but callx and packet: what the conformance suite's own runner includes.
GroupSet default_groups();

struct Case {
  std::string place;
  std::vector<bpf::Slot> slots;
  std::vector<std::uint8_t> memory;
  std::optional<std::uint64_t> result;
  std::optional<std::string> error;
  GroupSet groups;
  bpf::Cpu cpu = bpf::Cpu::v1;
  /// The section that asks for more than a run (`spec`, `target` …), or nothing.
  std::optional<SectionKind> beyond;
};

/// Assembles the program and reads the expectations. A file without a program or without an
/// expectation is refused.
Expected<Case> make_case(const DataFile& file);

}  // namespace probity::corpus
