// SPDX-License-Identifier: Apache-2.0
// The second run's view of the program names the map with a prime: in the world that is another
// map, so its entries are other variables, and nothing else of the exploration needs to know.
#include "interact/influence.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "interact/chain.hpp"
#include "symex/stage.hpp"

namespace probity::interact {
namespace {

using symex::Demand;
using symex::Ending;
using symex::Explorer;
using symex::Outcome;
using term::Id;

/// For each action that has a name, and for the rest: what returns it still does so.
std::vector<Demand> unchanged(Explorer& explorer, program::ProgType type, const Ending& first,
                              const Ending& second) {
  term::Store& store = explorer.context().store;
  const Id same = store.eq(first.action, second.action);
  Id other = store.true_();
  std::vector<Demand> demands;
  for (const std::uint32_t action : named_actions(type)) {
    const Id here = store.eq(first.action, store.lit(32, action));
    other = store.and_(other, store.not_(here));
    demands.push_back({action_name(type, action), store.implies(here, same), "the action flips"});
  }
  demands.push_back({"another action", store.implies(other, same), "the action flips"});
  return demands;
}

Expected<std::uint32_t> run_once(const Subject& subject, const symex::Witness& witness,
                                 const runtime::MapContents* instead) {
  const auto program = subject.stubbed(witness.stubs);
  TRY(const auto engine, runtime::load_interpreter(program->view(), {}));
  for (runtime::MapContents contents : witness.maps) {
    if (instead != nullptr && contents.map == instead->map) continue;
    const std::string_view own = subject.own_name(contents.map);
    if (own.empty()) continue;
    TRY(subject.require_plain(own));
    contents.map = own;
    TRY(engine->write_map(contents));
  }
  if (instead != nullptr) {
    TRY(engine->write_map({std::string(subject.own_name(instead->map)), instead->entries}));
  }
  TRY(const runtime::RunOutput output, engine->run(witness.input));
  if (output.fault.kind != runtime::FaultKind::none) {
    return error(Fault::unsupported,
                 fmt::format("fault at slot {}: {}", output.fault.slot, output.fault.text));
  }
  return static_cast<std::uint32_t>(output.return_value);
}

symex::Replayed replay_flip(const Subject& subject, const Flip& flip) {
  symex::Replayed result{"interp", Outcome::not_applicable, {}};
  if (!flip.witness.helper_results.empty()) {
    result.text = "depends on the helper result " + flip.witness.helper_results.front();
    return result;
  }
  const auto first = run_once(subject, flip.witness, nullptr);
  const auto second = run_once(subject, flip.witness, &flip.second);
  for (const auto* run : {&first, &second}) {
    if (*run) continue;
    result.text = run->error().line();
    return result;
  }
  const program::ProgType type = subject.image().type;
  result.outcome =
      *first == flip.action && *second == flip.other ? Outcome::reproduced : Outcome::contradicted;
  result.text = fmt::format("{} with the first contents, {} with the second",
                            action_name(type, *first), action_name(type, *second));
  return result;
}

/// A finding of the two runs, `twin` being the second run's name of the map.
Flip flip_of(const Subject& subject, symex::Finding finding, std::string_view map,
             std::string_view twin) {
  Flip flip;
  flip.action = finding.outcomes.at(0).return_value;
  flip.other = finding.outcomes.at(1).return_value;
  flip.witness = std::move(finding.witness);
  const auto second = std::ranges::find(flip.witness.maps, twin, &runtime::MapContents::map);
  if (second != flip.witness.maps.end()) {
    flip.second.entries = std::move(second->entries);
    flip.witness.maps.erase(second);
  }
  flip.second.map = map;
  if (std::ranges::find(flip.witness.maps, map, &runtime::MapContents::map) ==
      flip.witness.maps.end()) {
    flip.witness.maps.push_back({std::string(map), {}});
  }
  flip.replayed = replay_flip(subject, flip);
  return flip;
}

}  // namespace

Expected<MapInfluence> map_influence(const Subject& subject, std::string_view map,
                                     const symex::Options& given) {
  const std::string twin = fmt::format("{}'", map);
  const program::View view = subject.view();
  std::vector<program::MapDef> maps(view.maps.begin(), view.maps.end());
  for (program::MapDef& def : maps) {
    if (def.name == map) def.name = twin;
  }
  symex::Stage first;
  first.program = view;
  first.specs = false;
  symex::Stage second = first;
  second.program.maps = maps;
  symex::Options options = given;
  options.specs = false;
  const program::ProgType type = view.type;
  options.relation = [type](Explorer& explorer, symex::PathState&,
                            std::span<const std::shared_ptr<const Ending>> endings) {
    return unchanged(explorer, type, *endings[0], *endings[1]);
  };
  Explorer explorer({first, second}, options);
  TRY(symex::Exploration exploration, explorer.explore());
  MapInfluence result;
  result.map = map;
  result.statistics = exploration.statistics;
  result.counts = exploration.counts;
  for (symex::Finding& finding : exploration.findings) {
    if (finding.property == symex::Property::relation) {
      result.flips.push_back(flip_of(subject, std::move(finding), map, twin));
      continue;
    }
    result.unknowns.push_back(fmt::format("{}: {}", symex::name(finding.property), finding.text));
  }
  for (const symex::Unknowing& unknown : exploration.unknowns) {
    result.unknowns.push_back(fmt::format("{} ({})", unknown.reason, subject.place(unknown.slot)));
  }
  result.status = !result.flips.empty()      ? MapInfluence::Status::flips
                  : !result.unknowns.empty() ? MapInfluence::Status::unknown
                                             : MapInfluence::Status::none;
  return result;
}

}  // namespace probity::interact
