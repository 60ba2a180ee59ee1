// SPDX-License-Identifier: Apache-2.0
// The map dependency graph: which map contents flow into what a program does. A node is an insn
// with what it works on; an edge goes from the lookup of an entry to an insn that uses the entry's
// contents: in the key, in the value, as a redirect's index, or to decide whether it runs at all
// (presence: the entry exists; condition: its bytes were compared). Flow is followed through the
// terms of the exploration: each byte of an entry's initial value is a named leaf. Programs that
// share a map are joined by edges from every change of it to every look at it.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "interact/footprint.hpp"

namespace probity::interact {

enum class Role : std::uint8_t { key, value, presence, condition, redirect_index, shared };
std::string_view name(Role role);

/// An insn of a program and what it does there.
struct Operation {
  std::string program;  ///< label
  std::uint32_t slot = 0;
  std::string what;  ///< "bpf_map_lookup_elem", "load", "store", "packet", "return" …
  std::string map;   ///< or empty
  std::string key;   ///< b0(3)_b1(sym), or empty
  friend auto operator<=>(const Operation&, const Operation&) = default;
  /// "bpf_map_lookup_elem(flows,b0(sym)_b1(sym))"
  std::string text() const;
};

struct Edge {
  Operation from;
  Operation to;
  Role role{};
  std::set<std::int32_t> bytes;  ///< of the entry's value; empty for its presence
};

/// Inside one program.
Expected<std::vector<Edge>> dependencies(const Subject& subject, const Footprint& footprint,
                                         const term::Store& store);
/// From what `writer` changes to what `reader` looks at, through maps that both have.
std::vector<Edge> dependencies_between(const Subject& writer, const Footprint& written,
                                       const Subject& reader, const Footprint& read,
                                       const term::Store& store);

/// The maps whose contents decide a branch.
struct BranchInfluence {
  std::uint32_t slot = 0;
  std::set<std::string> direct;      ///< "flows.b0(sym)": entries whose contents it compares
  std::set<std::string> transitive;  ///< also those that decide whether it runs
};
Expected<std::vector<BranchInfluence>> branch_influences(const Subject& subject,
                                                         const Footprint& footprint,
                                                         const term::Store& store);

/// A drawing for graphviz: a cluster for each program, dashed edges for presence and condition.
std::string print_dot(const std::vector<Subject>& subjects, const std::vector<Edge>& edges);

}  // namespace probity::interact
