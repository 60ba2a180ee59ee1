// SPDX-License-Identifier: Apache-2.0
// Reads what an SMT-LIB 2 solver prints after check-sat and get-value: a status word and pairs of
// symbol and value
// (#b, #x, (_ bvN w), true, false).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/diagnostic.hpp"
#include "solver/solver.hpp"

namespace probity::solver {

struct Smt2Answer {
  Status status = Status::unknown;
  std::map<std::string, term::Value, std::less<>> values;  ///< by symbol, without bars
};

/// A diagnostic when the text is no answer; values are read only after `sat`.
Expected<Smt2Answer> parse_smt2_answer(std::string_view text);

}  // namespace probity::solver
