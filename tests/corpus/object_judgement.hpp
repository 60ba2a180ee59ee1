// SPDX-License-Identifier: Apache-2.0
// The rows of real objects with what decides about them: a table of known differences that must be
// exact, and the share of rows that must agree whatever the table says.
#pragma once

#include <span>
#include <string>

#include "object_vectors.hpp"

namespace probity::corpus {

struct ObjectRows {
  const char* file;
  double min_percent;         ///< of the rows that say something, on the engines of this process
  double min_kernel_percent;  ///< the same on the live kernel
  Expected<ObjectReport> (*run)(const std::filesystem::path& file, const ObjectRun& how);
  bool uses_engine;
};
/// programs.tsv, vectors.jsonl and sequences.jsonl.
std::span<const ObjectRows> object_rows();

/// Whether the table's counts are compared or rewritten.
enum class TableMode : std::uint8_t { compare, rebase };

struct JudgedRows {
  ObjectReport report;
  Judgement judgement;
  /// Nothing to complain of.
  bool holds() const { return judgement.complaints.empty(); }
  double percent() const;
};

/// Runs the rows of one file and judges them: known_differences.tsv is the table of the engines of
/// this process, kernel_differences.tsv the live kernel's. A rebase rewrites counts only.
Expected<JudgedRows> judge_rows(const ObjectRows& rows, const std::filesystem::path& corpus,
                                const ObjectRun& how, TableMode mode);

/// `vectors.jsonl on jit: P of T (x.x %)`, the causes, the skipped rows and the complaints.
std::string print(const ObjectRows& rows, const ObjectRun& how, const JudgedRows& judged);

}  // namespace probity::corpus
