// SPDX-License-Identifier: Apache-2.0
// Limits of the object reader. Every count, offset and size that comes from a file is compared with
// one of these before anything is allocated; a message about a refused file names the value and the
// limit.
#pragma once

#include <cstdint>

namespace probity::object::limits {

inline constexpr std::uint64_t file_bytes = 64ull << 20;
inline constexpr std::uint64_t sections = 65535;
inline constexpr std::uint64_t symbols = 1'000'000;
inline constexpr std::uint64_t relocations = 4'000'000;
inline constexpr std::uint64_t name_bytes = 4096;  ///< section and symbol names, BTF strings
inline constexpr std::uint64_t functions = 65535;
inline constexpr std::uint64_t program_slots = 1'000'000;  ///< one program with its subprograms
inline constexpr std::uint64_t linked_slots = 16'000'000;  ///< all programs of one object
inline constexpr std::uint64_t maps = 4096;
inline constexpr std::uint64_t data_section_bytes =
    64ull << 20;  ///< all .data/.rodata/.bss of one object
inline constexpr std::uint64_t btf_bytes = 64ull << 20;
inline constexpr std::uint64_t problems = 16;  ///< messages kept per program
inline constexpr std::uint64_t damage_notes = 16;
inline constexpr std::uint64_t config_bytes = 16ull << 20;  ///< a kernel configuration
inline constexpr unsigned btf_type_depth = 64;              ///< typedef/const/array chains
inline constexpr unsigned map_nesting = 4;                  ///< maps inside maps

}  // namespace probity::object::limits
