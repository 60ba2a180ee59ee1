// SPDX-License-Identifier: Apache-2.0
// The last gate: the written object itself, through the loader that most people use. libbpf reads
// relocations, CO-RE records, function and line information anew, so what the writer got wrong
// shows here, where the versions in memory (kernel_gate.hpp) cannot show it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "program/program.hpp"

namespace probity::opt {

/// A program as libbpf names it.
struct NamedProgram {
  std::string name;
  std::string section;
  program::ProgType type = program::ProgType::unspec;
};

/// By program: why libbpf does not load it (one line), or empty. They are tried all at once and,
/// when that is refused, each alone. Maps beyond 8 MiB are made smaller; nothing is pinned.
std::vector<std::string> load_by_libbpf(std::span<const std::uint8_t> object,
                                        std::span<const NamedProgram> programs);

}  // namespace probity::opt
