// SPDX-License-Identifier: Apache-2.0
// How `check` tells what it found: an overview, each finding with source line, path, registers,
// packet and replays, the unknowns by name, and the verdict.
#pragma once

#include <span>
#include <string>

#include "cli/finding_json.hpp"
#include "object/image.hpp"
#include "proof/proof.hpp"
#include "replay/witness_file.hpp"
#include "report/document.hpp"
#include "symex/explorer.hpp"
#include "symex/replay.hpp"

namespace probity::cli {

class CheckReport {
 public:
  CheckReport(report::Document& document, const object::Image& image,
              const symex::Exploration& exploration, std::string object_path,
              std::string witness_dir)
      : document_(document),
        image_(image),
        exploration_(exploration),
        object_path_(std::move(object_path)),
        witness_dir_(std::move(witness_dir)) {}

  void overview(const symex::Options& options);
  /// Also writes the witness files; an error is one of writing.
  Expected<void> finding(const symex::Finding& finding, std::size_t number,
                         std::span<const symex::Replayed> replayed);
  /// Replays every collected path on `engine`; the number of paths that differ from their
  /// prediction.
  std::size_t replay_paths(std::string_view engine);
  /// Tells what a second solver said; the number of claims that it did not confirm.
  std::size_t cross_checked(std::span<const proof::Result> results);
  void warn(std::string_view line);
  void unknowns();
  /// `doubts` counts claims that a second solver did not confirm and paths that an engine
  /// contradicts: with any of them nothing is called proved.
  void verdict(const symex::Options& options, std::size_t doubts);

 private:
  std::string place(std::uint32_t slot) const;
  Cast cast() const;
  std::string trail(std::span<const symex::TrailStep> steps) const;
  Expected<replay::WitnessFile> witness_of(const symex::Finding& finding) const;
  Expected<std::string> write_witness(const symex::Finding& finding, std::size_t number);

  report::Document& document_;
  const object::Image& image_;
  const symex::Exploration& exploration_;
  std::string object_path_;
  std::string witness_dir_;
};

}  // namespace probity::cli
