// SPDX-License-Identifier: Apache-2.0
// What an exploration reports: findings (refuted, with a witness), unknowns (by name), and the
// sites it proved.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program/spec_call.hpp"
#include "runtime/engine.hpp"
#include "runtime/tail_stub.hpp"

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
  std::vector<runtime::TailStub> stubs;    ///< what prog_arrays hold that nobody else fills
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

/// How a path ended.
enum class PathVerdict : std::uint8_t {
  proved,    ///< it ran to its end, and every check on it holds for all its inputs
  refuted,   ///< a check on it fails for some of its inputs
  unknown,   ///< something on it was not decided, or a limit ended it
  merged,    ///< it goes on in another path
  excluded,  ///< no input of it meets the assumptions
  dropped    ///< nobody said: a bug of ours
};
constexpr std::size_t path_verdict_count = 6;
/// E.g. "proved".
std::string_view name(PathVerdict verdict);

/// All paths that began, by how they ended.
struct PathCounts {
  std::uint64_t begun = 0;
  std::array<std::uint64_t, path_verdict_count> ended{};  ///< by PathVerdict
  std::map<std::string, std::uint64_t> causes;            ///< of the unknown ones

  std::uint64_t of(PathVerdict verdict) const { return ended[static_cast<std::size_t>(verdict)]; }
};
/// Did every path that began end, and was each told how?
bool adds_up(const PathCounts& counts);

/// A path as a report draws it.
struct PathRecord {
  std::vector<TrailStep> trail;
  PathVerdict verdict = PathVerdict::dropped;
  std::string reason;      ///< of an unknown one
  std::uint32_t slot = 0;  ///< where it ended
  std::uint64_t insns = 0;
  /// What it returns, for one of its inputs; nothing when it did not get to an exit.
  std::optional<std::uint32_t> action;
  bool one_action = false;            ///< all its inputs get that
  std::uint64_t shortest_packet = 0;  ///< bytes
  std::uint64_t longest_packet = 0;
};

/// A statement of include/probity/spec.h over all paths.
struct SpecStatement {
  enum class Status : std::uint8_t {
    proved,
    refuted,
    unknown,
    vacuous,      ///< no path reaches it, or its condition holds on none
    assumed,      ///< an assumption
    by_compiler,  ///< the compiler made its condition a constant that is true
  };
  program::SpecCall call{};
  std::uint32_t stage = 0;
  std::uint32_t slot = 0;
  std::string text;
  Status status = Status::vacuous;
  std::uint64_t reached = 0;  ///< paths
  std::uint64_t checked = 0;  ///< those on which it demanded something
};

/// E.g. "by-compiler".
std::string_view name(SpecStatement::Status status);

struct Statistics {
  std::uint64_t paths = 0;
  std::uint64_t insns = 0;
  std::uint64_t solver_checks = 0;
  std::uint64_t forks = 0;
  std::uint64_t merges = 0;
  double cpu_seconds = 0;          ///< of the exploring thread
  double worst_query_seconds = 0;  ///< wall clock of the slowest question to the solver
};

struct Exploration {
  std::vector<Finding> findings;
  std::vector<Unknowing> unknowns;
  std::vector<Site> sites;
  std::vector<PathCase> cases;    ///< when asked for
  std::vector<PathRecord> paths;  ///< when asked for, the first max_recorded_paths
  std::vector<SpecStatement> statements;
  std::vector<std::string> notes;
  Statistics statistics;
  PathCounts counts;
};

}  // namespace probity::symex
