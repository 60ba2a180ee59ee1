// SPDX-License-Identifier: Apache-2.0
// The search of `probity opt`: its flags, what it remembers between runs, its progress line, and
// the file of what it found.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "base/diagnostic.hpp"
#include "cli/opt_rules.hpp"
#include "opt/search/search.hpp"
#include "report/document.hpp"
#include "report/progress.hpp"

namespace probity::cli {

struct SearchFlags {
  std::uint32_t seconds = 60;
  std::uint32_t seed = 1;
  std::uint32_t jobs = 2;
  std::string learn;
  std::string rules;
  bool no_search = false;
};

void declare_search(CLI::App& app, SearchFlags& flags);

/// A search that draws its line on `progress`. A cache that cannot be used is a note of the
/// document, and the search does without.
std::unique_ptr<opt::search::Search> make_search(const SearchFlags& flags,
                                                 report::Progress& progress,
                                                 report::Document& document);

/// What it did, and the file of --learn: what it found as rules, with those that were given.
Expected<void> report_search(const opt::search::Search& search, const SearchFlags& flags,
                             const RulesFile& given, const proof::Options& proofs,
                             report::Document& document);

}  // namespace probity::cli
