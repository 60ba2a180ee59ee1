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
#include "symex/finding.hpp"

namespace probity::equiv {

/// Bytes of the packet, counted from its start at exit.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What may differ.
struct Ignored {
  bool return_value = false;
  bool packet = false;  ///< bytes and length
  bool ctx = false;
  bool trace = false;
  bool every_map = false;
  std::vector<ByteRange> packet_ranges;
  std::vector<std::string> maps;  ///< by name
  bool ignores_map(std::string_view name) const;
};

/// One run on one engine.
struct Observed {
  runtime::RunOutput output;
  std::vector<runtime::MapContents> maps;  ///< those that the engine can read; zero entries of
                                           ///< arrays go without saying
};

/// Runs the witness on an engine. `program` may lack maps that the witness fills: they stay as
/// they are. Error: the engine cannot run the program or be given the input.
Expected<Observed> observe(const program::View& program, runtime::EngineKind kind,
                           const symex::Witness& witness);

/// E.g. "returns 1, 60 bytes out".
std::string text_of(const Observed& observed);

/// Where the runs of `a` and `b` differ, one line each: first the observable, then what each did.
std::vector<std::string> differences(const Observed& a, const Observed& b, const Ignored& ignored,
                                     std::span<const runtime::MapContents> before);

/// Is a record of this helper a message to others, not the answer to a question?
bool is_output(std::string_view helper);

}  // namespace probity::equiv
