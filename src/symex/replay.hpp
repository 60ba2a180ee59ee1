// SPDX-License-Identifier: Apache-2.0
// Replay: a witness is run before it is shown. The interpreter must show the very violation; the
// live kernel, which loads the same object with its specifications switched off, must then give the
// same verdict and packet as the interpreter. What an engine cannot be asked is said by name; a
// finding that an engine contradicts is a bug of ours and says so.
#pragma once

#include <string>
#include <vector>

#include "object/image.hpp"
#include "symex/finding.hpp"

namespace probity::symex {

enum class Outcome : std::uint8_t {
  reproduced,     ///< the engine shows what the finding says
  contradicted,   ///< it does not: our bug
  not_applicable  ///< this engine cannot be asked; `text` says why
};

struct Replayed {
  std::string engine;  ///< "interp" or "kernel"
  Outcome outcome = Outcome::not_applicable;
  std::string text;  ///< one line: what the engine did
};

/// The program as the checker saw it: specifications on. `maps` keeps the changed definitions.
program::View with_specs(const object::Image& image, std::vector<program::MapDef>& maps);

enum class UseKernel : bool { no, yes };

/// Runs the witness of `finding` on the interpreter and, if wanted and possible, in the live
/// kernel.
std::vector<Replayed> replay(const object::Image& image, const Finding& finding,
                             UseKernel use_kernel);

/// Does the interpreter agree that an entry function of the object considers the witness?
Replayed replay_entry(const object::Image& function, const Finding& finding);

/// Runs the witness on one engine of this process, with the specifications switched on.
Replayed replay_on(const object::Image& image, const Finding& finding, runtime::EngineKind kind);

/// Can the live kernel be asked? It refuses programs that break the other properties.
bool shows_on_kernel(Property property);

/// Runs the input of one path and compares return value and packet with what the path predicts.
Replayed replay_case(const object::Image& image, const PathCase& path, std::string_view engine);

}  // namespace probity::symex
