// SPDX-License-Identifier: Apache-2.0
// Edges are collected by their ends and role; the bytes of the source that flow are gathered on the
// way. What an insn does on different paths (the key of a lookup may be another constant) makes
// different nodes.
#include "interact/dependency.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "interact/control.hpp"
#include "program/helper.hpp"

namespace probity::interact {
namespace {

using symex::Effect;
using symex::EffectKind;
using symex::Leaf;

constexpr std::uint32_t map_update_elem = 2;
constexpr std::uint32_t map_delete_elem = 3;
constexpr std::uint32_t redirect_map = 51;
constexpr std::string_view lookup = "bpf_map_lookup_elem";

/// The entries of a global's map have no lookup: the insn takes their address.
std::string_view way_in(const program::MapDef& map) {
  return map.name.find('.') == std::string_view::npos ? lookup : "address";
}

class Graph {
 public:
  Graph(const Subject& subject, const Footprint& footprint, const term::Store& store)
      : subject_(subject), footprint_(footprint), store_(store) {}

  Operation source(const Leaf& leaf) const {
    const symex::EntryName& entry = footprint_.entries[leaf.entry];
    const program::MapDef& map = footprint_.maps[entry.map];
    return {subject_.label(), entry.slot, std::string(way_in(map)), std::string(map.name),
            key_name(store_, entry.key)};
  }

  Operation target(const Effect& effect) const {
    Operation operation{subject_.label(), effect.slot, {}, {}, {}};
    if (effect.map != symex::unnamed_map) operation.map = footprint_.maps[effect.map].name;
    switch (effect.kind) {
      case EffectKind::packet_read: operation.what = "packet read"; break;
      case EffectKind::packet_write: operation.what = "packet write"; break;
      case EffectKind::window_read: operation.what = "packet length"; break;
      case EffectKind::value_read: operation.what = "load"; break;
      case EffectKind::value_write: operation.what = "store"; break;
      case EffectKind::ctx_read: operation.what = "ctx read"; break;
      case EffectKind::ctx_write: operation.what = "ctx write"; break;
      case EffectKind::branch: operation.what = "branch"; break;
      case EffectKind::finish: operation.what = "return"; break;
      case EffectKind::call: {
        const program::Helper* row = program::find_helper(effect.helper);
        operation.what = row == nullptr ? fmt::format("helper {}", effect.helper) : row->name;
        operation.key = key_name(store_, effect.key);
        break;
      }
    }
    if (effect.entry != symex::unnamed_entry) {
      operation.key = key_name(store_, footprint_.entries[effect.entry].key);
    }
    return operation;
  }

  void add(const Leaf& leaf, const Operation& to, Role role) {
    std::set<std::int32_t>& bytes = edges_[{source(leaf), to, role}];
    if (leaf.byte >= 0) bytes.insert(leaf.byte);
  }

  std::vector<Edge> take() {
    std::vector<Edge> result;
    for (auto& [key, bytes] : edges_) {
      const auto& [from, to, role] = key;
      result.push_back({from, to, role, std::move(bytes)});
    }
    return result;
  }

 private:
  const Subject& subject_;
  const Footprint& footprint_;
  const term::Store& store_;
  std::map<std::tuple<Operation, Operation, Role>, std::set<std::int32_t>> edges_;
};

/// Loads and branches only pass contents on.
bool is_sink(const Effect& effect) {
  switch (effect.kind) {
    case EffectKind::packet_write:
    case EffectKind::value_write:
    case EffectKind::ctx_write:
    case EffectKind::call:
    case EffectKind::finish: return true;
    case EffectKind::packet_read:
    case EffectKind::window_read:
    case EffectKind::value_read:
    case EffectKind::ctx_read:
    case EffectKind::branch: return false;
  }
  return false;
}

/// By the slot of a branch: the map contents that it compares.
std::map<std::uint32_t, symex::Leaves> branch_sources(const Footprint& footprint) {
  std::map<std::uint32_t, symex::Leaves> sources;
  for (const Effect& effect : footprint.effects) {
    if (effect.kind != EffectKind::branch) continue;
    symex::Leaves& here = sources[effect.slot];
    here.insert(effect.value_sources.begin(), effect.value_sources.end());
  }
  return sources;
}

bool changes_map(const Effect& effect) {
  return effect.kind == EffectKind::value_write ||
         (effect.kind == EffectKind::call &&
          (effect.helper == map_update_elem || effect.helper == map_delete_elem));
}

bool looks_at_map(const Effect& effect) {
  return effect.map != symex::unnamed_map && !changes_map(effect) &&
         (effect.kind == EffectKind::value_read || effect.kind == EffectKind::call);
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result;
}

}  // namespace

std::string_view name(Role role) {
  switch (role) {
    case Role::key: return "key";
    case Role::value: return "value";
    case Role::presence: return "presence";
    case Role::condition: return "condition";
    case Role::redirect_index: return "redirect index";
    case Role::shared: return "shared map";
  }
  return "role";
}

std::string Operation::text() const {
  if (map.empty()) return what;
  return key.empty() ? fmt::format("{}({})", what, map) : fmt::format("{}({},{})", what, map, key);
}

Expected<std::vector<Edge>> dependencies(const Subject& subject, const Footprint& footprint,
                                         const term::Store& store) {
  TRY(const ControlDependence control, ControlDependence::of(subject.view()));
  const auto branches = branch_sources(footprint);
  Graph graph(subject, footprint, store);
  for (const Effect& effect : footprint.effects) {
    if (!is_sink(effect)) continue;
    const Operation to = graph.target(effect);
    const bool redirects = effect.kind == EffectKind::call && effect.helper == redirect_map;
    for (const Leaf& leaf : effect.key_sources) {
      graph.add(leaf, to, redirects ? Role::redirect_index : Role::key);
    }
    for (const Leaf& leaf : effect.value_sources) {
      if (!redirects) graph.add(leaf, to, Role::value);
    }
    for (const std::uint32_t branch : control.direct(effect.slot)) {
      const auto decides = branches.find(branch);
      if (decides == branches.end()) continue;
      for (const Leaf& leaf : decides->second) {
        graph.add(leaf, to, leaf.byte == symex::presence_leaf ? Role::presence : Role::condition);
      }
    }
  }
  return graph.take();
}

std::vector<Edge> dependencies_between(const Subject& writer, const Footprint& written,
                                       const Subject& reader, const Footprint& read,
                                       const term::Store& store) {
  const Graph from(writer, written, store);
  const Graph to(reader, read, store);
  std::set<std::pair<Operation, Operation>> ends;
  for (const Effect& change : written.effects) {
    if (!changes_map(change)) continue;
    for (const Effect& look : read.effects) {
      if (!looks_at_map(look) || read.maps[look.map].name != written.maps[change.map].name)
        continue;
      ends.insert({from.target(change), to.target(look)});
    }
  }
  std::vector<Edge> edges;
  for (const auto& [first, second] : ends) edges.push_back({first, second, Role::shared, {}});
  return edges;
}

Expected<std::vector<BranchInfluence>> branch_influences(const Subject& subject,
                                                         const Footprint& footprint,
                                                         const term::Store& store) {
  TRY(const ControlDependence control, ControlDependence::of(subject.view()));
  const auto branches = branch_sources(footprint);
  const auto names_of = [&](std::uint32_t slot, std::set<std::string>& names) {
    const auto found = branches.find(slot);
    if (found == branches.end()) return;
    for (const Leaf& leaf : found->second) {
      const symex::EntryName& entry = footprint.entries[leaf.entry];
      names.insert(fmt::format("{}.{}{}", footprint.maps[entry.map].name,
                               key_name(store, entry.key),
                               leaf.byte == symex::presence_leaf ? " (presence)" : ""));
    }
  };
  std::vector<BranchInfluence> result;
  for (const auto& [slot, sources] : branches) {
    BranchInfluence influence{slot, {}, {}};
    names_of(slot, influence.direct);
    influence.transitive = influence.direct;
    for (const std::uint32_t above : control.transitive(slot))
      names_of(above, influence.transitive);
    result.push_back(std::move(influence));
  }
  return result;
}

std::string print_dot(const std::vector<Subject>& subjects, const std::vector<Edge>& edges) {
  std::map<Operation, std::size_t> numbers;
  for (const Edge& edge : edges) {
    numbers.try_emplace(edge.from, numbers.size());
    numbers.try_emplace(edge.to, numbers.size());
  }
  std::string text = "digraph maps {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n";
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    text += fmt::format("  subgraph cluster_{} {{\n    label=\"{}\";\n", i,
                        escaped(subjects[i].label()));
    for (const auto& [operation, number] : numbers) {
      if (operation.program != subjects[i].label()) continue;
      text += fmt::format("    n{} [label=\"{}\\n{}\"];\n", number, escaped(operation.text()),
                          escaped(subjects[i].place(operation.slot)));
    }
    text += "  }\n";
  }
  for (const Edge& edge : edges) {
    const bool control = edge.role == Role::presence || edge.role == Role::condition;
    text += fmt::format("  n{} -> n{} [label=\"{}\"{}];\n", numbers[edge.from], numbers[edge.to],
                        name(edge.role), control ? ", style=dashed" : "");
  }
  return text + "}\n";
}

}  // namespace probity::interact
