// SPDX-License-Identifier: Apache-2.0
// The table of known differences: each row of the measured corpus on which an engine does not give
// the kernel's recorded answer is explained by one entry, with its cause and the number of rows it
// explains. A difference that no entry explains, an entry that explains nothing any more, and
// another count than the table's all fail the run, so the table is exact at any time. Tables are
// text: tests/corpus/*.tsv, whose first lines say what the columns mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::corpus {

/// Where a row first differs from its record, in the order in which the parts are compared.
enum class DifferencePart : std::uint8_t {
  refused,  ///< the program or its input is not taken, by name
  fault,    ///< the run stops with a fault
  returns,
  packet,
  map,
};
std::string_view name(DifferencePart part);

/// One row that differs.
struct Difference {
  std::size_t line = 0;  ///< in the corpus file
  std::string object;
  std::string program;
  DifferencePart part = DifferencePart::refused;
  std::string text;  ///< for a person
};

struct KnownDifference {
  std::size_t line = 0;  ///< in the table
  std::string file;      ///< of the corpus
  std::string object;    ///< a pattern of fnmatch(3), and so is the next
  std::string program;
  DifferencePart part = DifferencePart::refused;
  std::optional<std::size_t> count;  ///< rows; none where chance decides, `*` in the table
  std::string cause;                 ///< one word
  std::string why;                   ///< one sentence
};

/// Whether all rows were run, so that counts can be compared.
enum class Extent : std::uint8_t { whole, sample };

struct Judgement {
  std::map<std::string, std::size_t> by_cause;
  std::vector<std::string> complaints;  ///< one line each; empty when the table is exact
};

class DifferenceTable {
 public:
  /// Errors name the line, the column and what it must hold.
  static Expected<DifferenceTable> read(const std::filesystem::path& file);

  /// Compares the differences of one corpus file with its entries; the first that matches explains.
  Judgement judge(std::string_view corpus_file, std::span<const Difference> differences,
                  Extent extent) const;

  /// Puts the counts that were found into the table's file; nothing else changes.
  Expected<void> rewrite_counts(std::string_view corpus_file,
                                std::span<const Difference> differences);

 private:
  std::vector<std::size_t> counts(std::string_view corpus_file,
                                  std::span<const Difference> differences) const;
  const KnownDifference* explain(std::string_view corpus_file, const Difference& difference) const;

  std::filesystem::path path_;
  std::vector<std::string> lines_;  // of the file, comments included
  std::vector<KnownDifference> entries_;
};

}  // namespace probity::corpus
