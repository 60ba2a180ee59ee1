// SPDX-License-Identifier: Apache-2.0
// The recorded runs of real objects against any engine, the live kernel included. The rows that
// differ are handed out whole; known_differences.hpp says which of them are explained.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "known_differences.hpp"
#include "runtime/engine.hpp"

namespace probity::corpus {

struct ObjectRun {
  runtime::EngineKind engine = runtime::EngineKind::interp;
  std::size_t object_stride = 1;  ///< every n-th object; 1 is all
};

struct ObjectReport {
  std::size_t passed = 0;
  std::size_t total = 0;                       ///< rows that say something about the engine
  std::map<std::string, std::size_t> skipped;  ///< the others, by cause
  std::vector<Difference> differences;
};

/// vectors.jsonl: one packet on fresh maps; the objects lie in objects/ beside the file.
Expected<ObjectReport> run_object_vectors(const std::filesystem::path& file, const ObjectRun& how);
/// sequences.jsonl: all packets in a row on the same maps.
Expected<ObjectReport> run_sequences(const std::filesystem::path& file, const ObjectRun& how);
/// programs.tsv: the programs that the kernel loads are linked and validated; runs nothing.
Expected<ObjectReport> load_programs(const std::filesystem::path& file, const ObjectRun& how);

}  // namespace probity::corpus
