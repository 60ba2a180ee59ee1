// SPDX-License-Identifier: Apache-2.0
// Rows of the corpus's JSON-lines files: reading, comparing and counting. Used only by the sources
// beside it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "corpus_vectors.hpp"
#include "runtime/engine.hpp"

namespace probity::corpus {

using Json = nlohmann::json;

/// What one row gave: agreement, a difference, or nothing to compare.
struct RowResult {
  bool counted = true;
  std::string wrong;   ///< empty: agreement
  std::string reason;  ///< groups the failures

  static RowResult skip() { return {false, {}, {}}; }
  static RowResult of(std::string wrong);
};

runtime::Bytes bytes_of_hex(const std::string& text);
std::string hex_of(const runtime::Bytes& bytes);

/// How a run differs from a row's `retval` and `data_out`; empty when it does not.
std::string difference(const runtime::RunOutput& output, const Json& expected);

Expected<VectorReport> for_each_row(const std::filesystem::path& file,
                                    const std::function<RowResult(const Json&)>& run);

}  // namespace probity::corpus
