// SPDX-License-Identifier: Apache-2.0
// Block values: what straight code computes, as terms over what is there where it starts. Each byte
// of a register or of memory is a term, equal terms have equal ids, so "byte 3 of this register is
// byte 14 of the packet" is a comparison of ids. Any number of versions of the code can be traced
// from the same start and compared.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "opt/generator.hpp"
#include "opt/symbolic_memory.hpp"
#include "opt/symbolic_run.hpp"

namespace probity::opt {

/// What a load, store or atomic of a trace touches.
struct MemoryUse {
  Area area = Area::other;
  term::Id base;
  std::int64_t offset = 0;  ///< from `base`
  unsigned bytes = 0;
  bool loads = false;
  bool stores = false;
  /// Of stores outside the stack: the segment (symbolic_memory.hpp) that it writes.
  std::size_t segment = 0;
  std::array<term::Id, 8> loaded{};  ///< of plain loads, byte by byte

  std::int64_t end() const { return offset + static_cast<std::int64_t>(bytes); }
  bool is_at(Area other_area, term::Id other_base) const {
    return area == other_area && base == other_base;
  }
};

/// One execution.
struct BlockTrace {
  using Registers = std::array<term::Id, bpf::reg_count>;
  std::vector<Registers> regs;                 ///< before each node, and at the end
  std::vector<std::optional<MemoryUse>> uses;  ///< by node
  Memory memory;                               ///< at the end
  bool complete = true;                        ///< else a node could not be executed
};

class BlockValues {
 public:
  /// Of the straight code that starts at node `first`.
  BlockValues(const Version& version, std::uint32_t first);
  BlockValues(const BlockValues&) = delete;
  BlockValues& operator=(const BlockValues&) = delete;

  BlockTrace trace(std::span<const Node> nodes);

  /// Do both end with the same values in what `live` (what is read behind) names and in all memory
  /// but the stack?
  bool agree(const BlockTrace& a, const BlockTrace& b, const LivePoint& live);

  term::Store& store() { return store_; }
  term::Id byte(term::Id value, unsigned index) { return store_.extract(8 * index, 8, value); }
  std::optional<Pointers::Place> place(term::Id address) const {
    return pointers_.resolve(address);
  }
  term::Id frame() const { return world_.frame; }
  term::Id packet() const { return world_.packet; }

 private:
  term::Id start_of(const Fact& fact, const std::string& name);
  std::optional<MemoryUse> use_of(const Node& node, const BlockTrace::Registers& regs) const;
  static bool same_stack(const BlockTrace& writer, const BlockTrace& other, const StackSet& live);
  bool same_segments(const Memory& a, const Memory& b, Area area) const;

  const Version& version_;
  std::uint32_t first_;
  term::Store store_;
  Pointers pointers_;
  SymbolicWorld world_;
  BlockTrace::Registers start_{};
  std::vector<std::pair<std::int64_t, term::Id>> frame_;  ///< bytes of the stack that are known
};

}  // namespace probity::opt
