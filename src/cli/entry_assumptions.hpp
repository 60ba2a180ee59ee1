// SPDX-License-Identifier: Apache-2.0
// Which inputs a verdict is about: --assume EXPR, and the functions in SEC("?assume/TYPE") or
// SEC("?assume/TYPE:FUNCTION") of the checked object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/object.hpp"
#include "report/document.hpp"
#include "symex/explorer.hpp"

namespace CLI {
class App;
}

namespace probity::cli {

struct EntryAssumptions {
  std::vector<std::string> texts;  ///< one for each, as a person reads it
  std::vector<symex::Assumption> expressions;
  std::vector<std::unique_ptr<object::Image>> functions;  ///< what the explorer's views point at

  /// Hands them to an exploration; they must outlive it.
  void apply(symex::Options& options) const;
  /// One line each, and `assumptions` in the details.
  void report(report::Document& document) const;
};

/// Adds --assume, which may be given several times.
void add_assume_option(CLI::App& app, std::vector<std::string>& expressions);

/// Those in force for `image`, a program of `object`.
Expected<EntryAssumptions> entry_assumptions(const object::Object& object,
                                             const object::Image& image,
                                             const std::vector<std::string>& expressions);

}  // namespace probity::cli
