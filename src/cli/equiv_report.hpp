// SPDX-License-Identifier: Apache-2.0
// How two programs that were compared are told about: what was compared on how many paths, each
// difference with its input and what both programs did with it, and the verdict.
#pragma once

#include <array>
#include <string>

#include "equiv/equivalence.hpp"
#include "report/document.hpp"

namespace probity::cli {

class EquivReport {
 public:
  /// `files`: the two programs as the command line names them.
  EquivReport(report::Document& document, const equiv::Question& question,
              const equiv::Comparison& comparison, std::array<std::string, 2> files)
      : document_(document),
        question_(question),
        comparison_(comparison),
        files_(std::move(files)) {}

  void overview();
  /// Also writes a witness file for each; an error is one of writing.
  Expected<void> findings(const std::string& witness_dir);
  void unknowns();
  void verdict();

 private:
  const object::Image& image(std::uint32_t stage) const;
  std::string place(std::uint32_t stage, std::uint32_t slot) const;
  Expected<std::string> write(const equiv::Difference& difference, const std::string& folder,
                              std::size_t number) const;

  report::Document& document_;
  const equiv::Question& question_;
  const equiv::Comparison& comparison_;
  std::array<std::string, 2> files_;
};

}  // namespace probity::cli
