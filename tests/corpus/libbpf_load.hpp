// SPDX-License-Identifier: Apache-2.0
// One program of an object into the live kernel by libbpf's own loader, as the corpus was measured:
// the other programs stay out, map definitions are corrected as programs.tsv says. Objects that
// libbpf 1.x refuses (legacy maps) go through our own loader.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/diagnostic.hpp"
#include "object/object.hpp"

namespace probity::corpus {

/// A row of programs.tsv by column name.
using ProgramRow = std::map<std::string, std::string>;

/// True when this process may call bpf().
bool may_load();

/// The kernel takes the programs of `rows`, all at once; else who refused them, and why.
Expected<void> load_by_libbpf(const object::Object& object, std::span<const ProgramRow> rows);
/// The same for one program.
Expected<void> load_by_ourselves(const object::Object& object, const ProgramRow& row);

/// libbpf opens the object; nothing is loaded.
Expected<void> open_by_libbpf(const object::Object& object);

}  // namespace probity::corpus
