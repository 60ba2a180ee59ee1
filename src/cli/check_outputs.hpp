// SPDX-License-Identifier: Apache-2.0
// The files that verbs write when asked to: the page and the SARIF log, and of
// `check` the tests. Places are judged before the exploration starts; files
// appear whole or not at all.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "cli/verb.hpp"
#include "object/image.hpp"
#include "symex/explorer.hpp"

namespace CLI {
class App;
}

namespace probity::cli {

struct PageOutputs {
  std::string html;
  std::string sarif;
};

void add_page_outputs(CLI::App& app, PageOutputs& outputs);
/// Refuses what cannot be written, and has the exploration collect what the
/// files need.
Expected<void> prepare_outputs(const PageOutputs& outputs, symex::Options& options);

/// An object and the program of it that ran.
struct Analysed {
  std::string object_path;
  std::string program;
};

/// Writes `page` if it was asked for, and a log of the findings and unknowns of
/// `details`.
Expected<void> write_outputs(const PageOutputs& outputs, std::span<const Analysed> analysed,
                             const std::function<std::string()>& page, const report::Json& details,
                             Outcome outcome, report::Document& document);

struct CheckOutputs {
  PageOutputs pages;
  std::string tests;  ///< folder
};

void add_check_outputs(CLI::App& app, CheckOutputs& outputs);

/// Refuses what cannot be written, and has the exploration collect what the files need.
Expected<void> prepare_outputs(const CheckOutputs& outputs, symex::Options& options);

/// Writes the tests; a path that the interpreter contradicts is a bug of ours and noted as such.
/// True: there is one.
Expected<bool> write_tests(const CheckOutputs& outputs, const std::string& object_path,
                           const object::Image& image, const symex::Exploration& exploration,
                           report::Document& document);

}  // namespace probity::cli
