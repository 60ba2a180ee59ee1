// SPDX-License-Identifier: Apache-2.0
// How two programs that were compared are told about: what was compared on how many paths, each
// difference with its input and what both programs did with it, and the verdict.
#pragma once

#include <array>
#include <string>

#include "cli/finding_json.hpp"
#include "cli/verb.hpp"
#include "equiv/equivalence.hpp"
#include "report/document.hpp"

namespace probity::cli {

class EquivReport {
 public:
  /// The JSON goes to `details`. `files`: the two programs as the command line
  /// names them; `prefix` begins the names of witness files.
  EquivReport(report::Document& document, report::Json& details, const equiv::Question& question,
              const equiv::Comparison& comparison, std::array<std::string, 2> files,
              std::string prefix)
      : document_(document),
        details_(details),
        question_(question),
        comparison_(comparison),
        files_(std::move(files)),
        prefix_(std::move(prefix)) {}

  void overview();
  /// Also writes a witness file for each; an error is one of writing.
  Expected<void> findings(const std::string& witness_dir);
  void unknowns();
  void verdict();
  Outcome outcome() const;

  // After all of that.
  std::string page() const;
  /// Findings and unknowns as a SARIF log wants them.
  const report::Json& for_log() const { return log_; }

 private:
  Cast cast() const;
  const object::Image& image(std::uint32_t stage) const;
  std::string place(std::uint32_t stage, std::uint32_t slot) const;
  Expected<std::string> write(const equiv::Difference& difference, const std::string& folder,
                              std::size_t number) const;

  report::Document& document_;
  report::Json& details_;
  const equiv::Question& question_;
  const equiv::Comparison& comparison_;
  std::array<std::string, 2> files_;
  std::string prefix_;
  report::Json log_;
};

}  // namespace probity::cli
