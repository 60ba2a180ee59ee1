// SPDX-License-Identifier: Apache-2.0
// The files that `check` writes when asked to: the page, the SARIF log, the tests. Places are
// judged before the exploration starts; files appear whole or not at all.
#pragma once

#include <string>

#include "cli/verb.hpp"
#include "object/image.hpp"
#include "symex/explorer.hpp"

namespace CLI {
class App;
}

namespace probity::cli {

struct CheckOutputs {
  std::string html;
  std::string sarif;
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

/// Writes page and log; the document is finished.
Expected<void> write_outputs(const CheckOutputs& outputs, const std::string& object_path,
                             const object::Image& image, const symex::Exploration& exploration,
                             const symex::Options& options, Outcome outcome,
                             report::Document& document);

}  // namespace probity::cli
