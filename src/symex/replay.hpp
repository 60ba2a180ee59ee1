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

enum class UseKernel : bool { no, yes };

/// Runs the witness of `finding` on the interpreter and, if wanted and possible, in the live
/// kernel.
std::vector<Replayed> replay(const object::Image& image, const Finding& finding,
                             UseKernel use_kernel);

/// Does the interpreter agree that an entry function of the object considers the witness?
Replayed replay_entry(const object::Image& function, const Finding& finding);

/// Runs the input of one path and compares return value and packet with what the path predicts.
Replayed replay_case(const object::Image& image, const PathCase& path, std::string_view engine);

}  // namespace probity::symex
