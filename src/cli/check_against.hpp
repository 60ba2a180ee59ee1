// SPDX-License-Identifier: Apache-2.0
// `check --spec` and `check --deployed`: the program against a second object, beside what check
// says of it alone. A specification outside the program must be kept; the program with its
// specifications switched off must behave as the object that is deployed.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/verb.hpp"
#include "equiv/specification.hpp"
#include "object/image.hpp"
#include "object/object.hpp"
#include "symex/explorer.hpp"
#include "symex/replay.hpp"

namespace probity::cli {

struct AgainstFlags {
  std::string specification;  ///< FILE[:FUNCTION]; empty: none
  std::string deployed;       ///< likewise
};

void declare_against(CLI::App& app, AgainstFlags& flags);

/// The program under check, and how it is explored.
struct Checked {
  const object::Image& image;
  std::string file;  ///< as the command line names it
  std::string type;  ///< of --type
  object::ReadOptions kernel;
  symex::Options options;
  symex::UseKernel use_kernel;
  std::string witness_dir;
};

/// The program and its specification in one exploration, which pays for a program of too many paths
/// to walk each; nothing if it is not, or what is asked needs the program's paths alone.
Expected<std::optional<equiv::SpecResult>> explore_at_once(const AgainstFlags& flags,
                                                           const Checked& checked);

/// Outcome::holds when neither flag is given. `explored`: explore_at_once() has done it.
Expected<Outcome> check_against(const AgainstFlags& flags, const Checked& checked,
                                const std::optional<equiv::SpecResult>& explored,
                                report::Document& document);

/// The outcome of two checks together: a bug of ours before refuted, before unknown.
Outcome worse(Outcome a, Outcome b);

}  // namespace probity::cli
