// SPDX-License-Identifier: Apache-2.0
// What the statements of include/probity/spec.h leave on a path: those about the end of the program
// are kept until then, with what they demanded where they stood.
#pragma once

#include <cstdint>
#include <vector>

#include "program/spec_call.hpp"
#include "symex/provenance.hpp"

namespace probity::symex {

struct SpecDemand {
  program::SpecCall call{};
  std::uint32_t slot = 0;
  term::Id condition;  ///< one bit
  term::Id number;     ///< 64 bits: the return value, action or growth
  Word target;         ///< memory that is looked at in the end
  std::uint64_t size_bytes = 0;
  std::vector<Value<8>> bytes;  ///< demanded
  std::uint32_t map = 0;
  std::vector<term::Id> key;  ///< as Slot::key
  /// Of BPF_ASSERT_ONLY_MODIFIES, when it is about a value in a map: memory now and at entry.
  std::uint32_t object = 0;
  std::uint32_t initial_object = 0;
  bool in_packet = false;
};

struct SpecRecord {
  std::vector<SpecDemand> demands;  ///< of the stage under way
  bool ignore_map_state = false;    ///< BPF_IGNORE_MAP_STATE was reached, in any stage
};

}  // namespace probity::symex
