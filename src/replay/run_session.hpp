// SPDX-License-Identifier: Apache-2.0
// One `probity run`: a program loaded into one or more engines, packets run through them in order
// (maps keep their contents from packet to packet), what each packet changed, and where an engine
// disagrees with the first.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "runtime/engine.hpp"
#include "runtime/kernel_engine.hpp"

namespace probity::replay {

/// One input and where it came from.
struct RunItem {
  std::string source;  ///< "tcp_syn.hex", "in.pcap record 3"
  runtime::RunInput input;
  std::int64_t time_microseconds = 0;  ///< of a capture's record
};

/// An entry that a run added (no before), removed (no after) or rewrote.
struct MapChange {
  std::string map;
  runtime::Bytes key;
  std::optional<runtime::Bytes> before;
  std::optional<runtime::Bytes> after;
  friend bool operator==(const MapChange&, const MapChange&) = default;
};

struct EngineResult {
  std::string engine;
  runtime::RunOutput output;
  std::vector<MapChange> changes;             ///< by map, then key
  std::optional<double> nanoseconds_per_run;  ///< only with repetitions
};

struct ItemResult {
  std::vector<EngineResult> engines;
  std::vector<std::string> differences;  ///< one line each; empty when the engines agree
};

class RunSession {
 public:
  /// `program` must outlive the session. A program without a type is bare: its inputs are memories.
  static Expected<RunSession> load(const program::View& program,
                                   std::span<const runtime::EngineKind> kinds,
                                   const runtime::InterpLimits& limits,
                                   runtime::NetworkChoice network);

  /// Makes devices for the kernel engine, if there is one.
  Expected<void> make_interfaces(std::span<const runtime::NamedInterface> wanted);

  /// Writes seed entries into every engine.
  Expected<void> seed(const runtime::MapContents& contents);

  /// Runs one input everywhere; the diagnostic names the source.
  Expected<ItemResult> run(const RunItem& item);

  /// Mean time of `repeat` runs on each engine, in the order of engines; maps change as they do.
  Expected<std::vector<double>> time(const RunItem& item, std::uint32_t repeat);

  /// Contents now, as the first engine has them; zero entries of arrays are left out.
  Expected<std::vector<runtime::MapContents>> maps();

  /// Can every engine read the entries of the map?
  bool reads(std::string_view map) const;

  /// Corrections of map definitions, and maps whose entries no engine can read.
  const std::vector<std::string>& notes() const { return notes_; }
  std::vector<std::string> engine_names() const;

 private:
  struct Loaded {
    std::unique_ptr<runtime::Engine> engine;
    std::vector<runtime::Bytes> before;  // records of the readable maps, before the next run
  };
  explicit RunSession(const program::View& program) : program_(program) {}
  Expected<void> add_kernel(const program::View& program, runtime::NetworkChoice network);

  Expected<void> find_readable_maps();
  Expected<std::vector<runtime::MapContents>> read_maps(runtime::Engine& engine) const;
  Expected<std::vector<runtime::Bytes>> read_records(runtime::Engine& engine) const;

  program::View program_;
  std::vector<Loaded> engines_;
  std::vector<const program::MapDef*> readable_;  // of program_.maps
  std::vector<std::string> notes_;
  runtime::KernelEngine* kernel_ = nullptr;  // one of engines_
};

/// Entries that differ, both sides sorted by key.
std::vector<MapChange> map_changes(const runtime::MapContents& before,
                                   const runtime::MapContents& after);

/// The same of two Engine::read_records() of one map; a zero entry of an array says nothing.
std::vector<MapChange> record_changes(const program::MapDef& map, const runtime::Bytes& before,
                                      const runtime::Bytes& after);

/// Where two results of one input disagree, one line each. Timing, events and instruction counts do
/// not count.
std::vector<std::string> result_differences(program::ProgType type, const EngineResult& a,
                                            const EngineResult& b);

}  // namespace probity::replay
