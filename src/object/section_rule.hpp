// SPDX-License-Identifier: Apache-2.0
// What a section name says of the programs in it: libbpf's SEC("...") table, then libbpf 0.x's
// looser prefixes, then a guess. The answer says which of the three it was, and callers may
// override it.
#pragma once

#include <cstdint>
#include <string_view>

#include "program/program.hpp"

namespace probity::object {

enum class TypeSource : std::uint8_t {
  rule,     ///< a rule of libbpf
  prefix,   ///< starts with a rule's name and '/', as libbpf 0.x accepted
  guess,    ///< looks like one ("xdp_fw", "tc_ingress")
  unknown,  ///< says nothing: the type is unspec
};

struct SectionType {
  program::ProgType type = program::ProgType::unspec;
  std::uint32_t attach_type = 0;  ///< enum bpf_attach_type
  TypeSource source = TypeSource::unknown;
  bool autoload = true;  ///< false for a leading '?'
  bool sleepable = false;
  bool frags = false;  ///< XDP on packets in several buffers

  friend bool operator==(const SectionType&, const SectionType&) = default;
};

SectionType type_of_section(std::string_view section_name);

}  // namespace probity::object
