// SPDX-License-Identifier: Apache-2.0
// What an exploration reports: findings (refuted, with a witness), unknowns (by name), and the
// sites it proved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/engine.hpp"

namespace probity::symex {

enum class Property : std::uint8_t {
  memory_bounds,
  null_pointer,
  not_a_pointer,
  write_permission,
  initialised_register,
  initialised_stack,
  helper_argument,
  ctx_access,
  call_depth,
  return_value,
  assertion,
  stale_pointer,
  alignment,
  references,       ///< an acquired socket or record is not given back
  kernel_contract,  ///< what the kernel forbids although an interpreter could do it
  relation,         ///< what must hold between the runs of several programs
};
/// E.g. "memory bounds".
std::string_view name(Property property);

/// A concrete input that leads where the finding says.
struct Witness {
  runtime::RunInput input;
  std::vector<runtime::MapContents> maps;  ///< contents before the run
  /// Values the program got from helpers that no engine can be told to return (time, random …).
  std::vector<std::string> helper_results;
  std::vector<std::string>
      not_replayable;  ///< reasons, empty when every engine can be given this input
};

struct Register {
  std::string name;
  std::string value;
};

struct TrailStep {
  std::uint32_t slot = 0;
  bool taken = false;
  std::uint32_t stage = 0;  ///< whose slot it is
};

/// What one of several programs does with a witness.
struct StageOutcome {
  bool ran = true;
  std::uint32_t return_value = 0;
  runtime::Bytes packet;                   ///< data_meta..data_end afterwards
  std::vector<runtime::MapContents> maps;  ///< the entries that the runs looked at, afterwards
};

struct Finding {
  Property property{};
  std::uint32_t stage = 0;  ///< whose slot `slot` is
  std::uint32_t slot = 0;
  std::string observable;  ///< for Property::relation: "return value", "packet", "map NAME" …
  std::vector<StageOutcome> outcomes;  ///< for Property::relation: one per stage
  std::string text;                    ///< one line: what is wrong, with value and limit
  std::uint32_t return_value = 0;      ///< what the path returns, for Property::return_value
  std::vector<Register> registers;
  std::vector<TrailStep> trail;  ///< the branches decided on the way
  Witness witness;
};

/// Something the exploration could not decide; the verdict cannot be "proved".
struct Unknowing {
  std::uint32_t slot = 0;
  std::string reason;
  std::uint32_t stage = 0;  ///< whose slot it is
};

/// One check at one place of the program, over all paths.
struct Site {
  Property property{};
  std::uint32_t stage = 0;
  std::uint32_t slot = 0;
  enum class Status : std::uint8_t { proved, refuted, unknown } status = Status::proved;
  std::uint64_t paths = 0;  ///< how often it was reached
};

/// One complete path, solved to an input and the output it must give.
struct PathCase {
  Witness witness;
  std::uint32_t return_value = 0;
  runtime::Bytes packet;  ///< data..data_end at exit
  std::vector<TrailStep> trail;
  std::string ending;  ///< "exit", "tail call"
};

struct Statistics {
  std::uint64_t paths = 0;
  std::uint64_t insns = 0;
  std::uint64_t solver_checks = 0;
  std::uint64_t forks = 0;
  double cpu_seconds = 0;
};

struct Exploration {
  std::vector<Finding> findings;
  std::vector<Unknowing> unknowns;
  std::vector<Site> sites;
  std::vector<PathCase> cases;  ///< when asked for
  std::vector<std::string> notes;
  Statistics statistics;
};

}  // namespace probity::symex
