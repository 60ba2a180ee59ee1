// SPDX-License-Identifier: Apache-2.0
// Byte sources: where in memory a byte can be loaded from, by the term that it is. Taken from the
// plain loads of a region's trace.
#pragma once

#include <map>
#include <vector>

#include "opt/retile_region.hpp"

namespace probity::opt {

enum class ByteOrder : std::uint8_t { as_loaded, swapped };

class ByteSources {
 public:
  explicit ByteSources(RetileRegion& region);

  /// Places that hold the byte; none of constants.
  std::span<const Pointers::Place> of(term::Id byte) const;
  bool is_at(term::Id byte, const Pointers::Place& place) const;

 private:
  std::map<term::Id, std::vector<Pointers::Place>> places_;
};

/// A load of 1, 2, 4 or 8 bytes, zero-extended.
bpf::Insn load_insn(unsigned bytes, bpf::Reg dst, RetileRegion::Operand from);
/// be16, be32 or be64.
bpf::Insn swap_insn(unsigned bytes, bpf::Reg reg);
bpf::Insn store_insn(unsigned bytes, RetileRegion::Operand to, bpf::Reg value);
bpf::Insn store_insn(unsigned bytes, RetileRegion::Operand to, std::int32_t value);

}  // namespace probity::opt
