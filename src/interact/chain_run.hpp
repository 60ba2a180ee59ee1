// SPDX-License-Identifier: Apache-2.0
// Running a chain of two programs for real: each in an engine of its own, the packet handed from
// one to the other, the entries of the maps that both have copied in between. A witness of two
// orders is run both ways before it is shown.
#pragma once

#include <string>
#include <vector>

#include "interact/chain.hpp"
#include "interact/order.hpp"
#include "interact/subject.hpp"
#include "runtime/engine.hpp"
#include "symex/finding.hpp"
#include "symex/replay.hpp"

namespace probity::interact {

struct ProgramRun {
  std::string label;
  bool ran = false;
  std::uint32_t return_value = 0;
};

struct ChainRun {
  std::vector<ProgramRun> programs;  ///< in the order of the chain
  std::uint32_t verdict = 0;
  runtime::Bytes packet;
  std::vector<runtime::MapContents> maps;  ///< afterwards, by shared name, sorted
  std::vector<runtime::OutputEvent> events;
};

/// Error: what the engine cannot be given, or a fault of a program.
Expected<ChainRun> run_chain(runtime::EngineKind engine, const Subject& first,
                             const Subject& second, Chain chain, const symex::Witness& witness);

/// "verdict", "packet", "map NAME", "output": where the two runs differ. Dropped packets have no
/// bytes.
std::vector<std::string> differences(const ChainRun& a, const ChainRun& b, program::ProgType type);

/// Both orders on one engine, where `order` says that they differ.
struct OrderReplay {
  symex::Replayed replayed;
  ChainRun a_first;
  ChainRun b_first;
};
OrderReplay replay_orders(runtime::EngineKind engine, const Subject& a, const Subject& b,
                          Chain chain, const Order& order);

}  // namespace probity::interact
