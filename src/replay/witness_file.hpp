// SPDX-License-Identifier: Apache-2.0
// WitnessFile: one complete, versioned JSON file that holds all that is needed to run a
// counterexample again, or an example: the programs by object path and SHA-256, inputs (packet,
// ctx, map contents), the runs to make (a chain of programs on one input) and what each must show.
// `check`, `equiv`, `interact` and `check --emit-tests` write it, `replay` reads it; docs/json.md
// describes every member.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "replay/run_session.hpp"
#include "report/json.hpp"
#include "runtime/engine.hpp"
#include "runtime/tail_stub.hpp"

namespace probity::replay {

/// The value of "version"; a reader refuses any other.
constexpr std::uint64_t witness_version = 1;
/// The value of "format".
constexpr std::string_view witness_format = "probity-witness";

/// A program by where it was found.
struct NamedProgram {
  std::string object;   ///< path of the object file
  std::string sha256;   ///< of the object file; empty: not known
  std::string program;  ///< function name
  std::string type;     ///< the kernel's name, e.g. "xdp"
  friend bool operator==(const NamedProgram&, const NamedProgram&) = default;
};

/// What the first program of a chain is given.
struct WitnessInput {
  runtime::RunInput run;
  std::vector<runtime::MapContents> maps;  ///< entries before the run, by map
  std::vector<runtime::TailStub> stubs;    ///< programs that end at once, in arrays of programs
  /// Values that helpers gave and that no engine can be told to give again.
  std::vector<std::string> helper_results;
  /// What the live kernel cannot be given.
  std::vector<std::string> not_replayable;
};

/// One program of a chain. The next one runs on the packet and the maps that this one leaves, and
/// only if this one returned one of `continue_on` (empty: whatever it returned).
struct Step {
  std::uint32_t program = 0;  ///< of WitnessFile::programs
  std::vector<std::uint32_t> continue_on;
  friend bool operator==(const Step&, const Step&) = default;
};

/// What a run must show.
enum class Effect : std::uint8_t {
  returns,  ///< it ends with the output below
  fails  ///< it breaks WitnessFile::property at `slot`; the output is that of the deployed program
};

struct Expectation {
  Effect effect = Effect::returns;
  std::uint32_t slot = 0;  ///< of Effect::fails
  /// Each is compared where it is given. Map changes are those of the whole chain.
  std::optional<std::uint32_t> return_value;
  std::optional<runtime::Bytes> packet;
  std::optional<std::vector<MapChange>> map_changes;
  std::optional<std::vector<runtime::OutputEvent>> events;  ///< not asked of the kernel
};

/// One chain of programs on one input.
struct WitnessRun {
  std::string name;         ///< for people: "A then B"
  std::uint32_t input = 0;  ///< of WitnessFile::inputs
  std::vector<Step> chain;
  Expectation expected;
};

struct WitnessFile {
  std::string made_by;   ///< the verb: "check", "equiv", "interact"
  std::string property;  ///< what is violated, e.g. "assertion", "equivalence"; "path": nothing is
  std::string text;      ///< one line: what is wrong, with value and limit
  std::string source;    ///< FILE:LINE:COLUMN in the first program, or empty
  std::vector<NamedProgram> programs;
  std::vector<WitnessInput> inputs;
  std::vector<WitnessRun> runs;
  /// In which of "return_value", "packet", "maps", "events" the runs must not all agree.
  std::vector<std::string> differences;
};

report::Json json_of(const WitnessFile& file);
/// Fault::bad_input names `place`, the member, the value and the limit.
Expected<WitnessFile> parse_witness(const report::Json& json, std::string_view place);

/// Writes the file as a whole or not at all.
Expected<void> write_witness(const WitnessFile& file, const std::string& path);
Expected<WitnessFile> read_witness(const std::string& path);

/// The program as a witness names it; reads the object for its digest.
Expected<NamedProgram> name_program(const std::string& object, const program::View& program);

report::Json json_of(const WitnessInput& input);
report::Json json_of(const MapChange& change);
report::Json json_of(const runtime::OutputEvent& event);

}  // namespace probity::replay
