// SPDX-License-Identifier: Apache-2.0
// What an engine shows of one run of a program, and where the runs of two programs on one input
// differ: return value, packet, ctx fields, what output helpers were given, and the contents of the
// maps, which belong together by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/image.hpp"
#include "runtime/engine.hpp"
#include "symex/compare.hpp"
#include "symex/finding.hpp"

namespace probity::equiv {

/// What may differ between two runs.
struct Ignored {
  bool return_value = false;
  bool packet = false;  ///< bytes and length
  bool ctx = false;
  bool trace = false;
  bool every_map = false;
  bool globals = false;  ///< .data, .bss and their like; each program then has its own
  std::vector<symex::PacketRange> packet_ranges = {};  ///< counted from its start at exit
  std::vector<std::string> maps = {};                  ///< by name
  bool ignores_map(std::string_view name) const;
};

/// One run on one engine.
struct Seen {
  runtime::RunOutput output;
  std::vector<runtime::MapContents> maps;  ///< those that the engine can read; zero entries of
                                           ///< arrays go without saying
};

/// Runs the witness on an engine. `program` may lack maps that the witness fills: they stay as
/// they are. Error: the engine cannot run the program or be given the input.
Expected<Seen> observe(const program::View& program, runtime::EngineKind kind,
                       const symex::Witness& witness);

/// E.g. "returns 1, 60 bytes out".
std::string text_of(const Seen& seen);

/// Where the runs of `a` and `b` differ, one line each: first the observable, then what each did.
std::vector<std::string> differences(const Seen& a, const Seen& b, const Ignored& ignored,
                                     std::span<const runtime::MapContents> before);

/// Is a record of this helper a message to others, not the answer to a question?
bool is_output(std::string_view helper);

}  // namespace probity::equiv
