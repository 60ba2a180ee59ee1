// SPDX-License-Identifier: Apache-2.0
// A rule that one program breaks on its own is a finding of that program; the comparison goes on
// under the assumption that it was kept, so the verdict says so.
#include "equiv/equivalence.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "symex/arrange.hpp"
#include "symex/minimise.hpp"

namespace probity::equiv {
namespace {

using runtime::EngineKind;
using symex::Outcome;
using symex::Replayed;

constexpr std::string_view specs_section = ".rodata.bpfspec";
constexpr std::array<std::uint8_t, 4> specs_on{1, 0, 0, 0};

symex::Observed observed_of(const Ignored& ignored, std::span<const program::MapDef> maps) {
  symex::Observed observed;
  observed.action = !ignored.return_value;
  observed.packet = !ignored.packet;
  observed.metadata = !ignored.packet;
  observed.ctx = !ignored.ctx;
  observed.trace = !ignored.trace;
  observed.maps = !ignored.every_map;
  observed.ignored_packet = ignored.packet_ranges;
  for (std::uint32_t i = 0; i < maps.size(); ++i) {
    if (ignored.ignores_map(maps[i].name)) observed.ignored_maps.insert(i);
  }
  return observed;
}

Expected<void> require_comparable(const Question& question) {
  const object::Image& a = *question.a.image;
  const object::Image& b = *question.b.image;
  if (a.type != b.type) {
    return error(Fault::bad_input,
                 fmt::format("{} is of type {}, {} of type {}: programs of one type are compared",
                             a.name, program::name(a.type), b.name, program::name(b.type)));
  }
  for (const std::string& name : question.ignored.maps) {
    const auto has = [&](const program::MapDef& map) { return map.name == name; };
    if (std::ranges::any_of(a.maps, has) || std::ranges::any_of(b.maps, has)) continue;
    return error(Fault::bad_input, fmt::format("--ignore-map: no map is named \"{}\"", name));
  }
  return {};
}

/// The witness as far as `image` can be given it.
symex::Finding for_program(const object::Image& image, symex::Finding finding) {
  std::erase_if(finding.witness.maps, [&](const runtime::MapContents& contents) {
    const auto has = [&](const program::MapDef& map) { return map.name == contents.map; };
    return std::ranges::none_of(image.maps, has);
  });
  return finding;
}

/// Does the engine tell of everything that this observable is made of?
bool tells(EngineKind kind, const Question& question, std::string_view observable) {
  if (kind == EngineKind::kernel) return observable != "ctx" && observable != "output";
  if (kind == EngineKind::interp || observable != "output") return true;
  const auto is_array = [](const program::MapDef& map) {
    return map.type == program::MapType::prog_array;  // translated code records no tail calls
  };
  return std::ranges::none_of(question.a.image->maps, is_array) &&
         std::ranges::none_of(question.b.image->maps, is_array);
}

Replayed replay_on(EngineKind kind, const Question& question, const symex::Finding& finding) {
  Replayed result{std::string(runtime::name(kind)), Outcome::not_applicable, {}};
  const symex::Witness& witness = finding.witness;
  if (!witness.helper_results.empty()) {
    result.text = "depends on the helper result " + witness.helper_results.front();
    return result;
  }
  if (kind == EngineKind::kernel && !witness.not_replayable.empty()) {
    result.text = "cannot be arranged: " + witness.not_replayable.front();
    return result;
  }
  std::vector<program::MapDef> maps_a;
  std::vector<program::MapDef> maps_b;
  const auto a = observe(view_of(question.a, maps_a), kind, witness);
  const auto b = observe(view_of(question.b, maps_b), kind, witness);
  if (!a || !b) {
    result.text = (a ? b : a).error().line();
    return result;
  }
  const auto lines = differences(*a, *b, question.ignored, witness.maps);
  result.text = fmt::format("A {}; B {}", text_of(*a), text_of(*b));
  for (const std::string& line : lines) result.text += "; " + line;
  if (!lines.empty()) {
    result.outcome = Outcome::reproduced;
  } else if (tells(kind, question, finding.observable)) {
    result.outcome = Outcome::contradicted;
  } else {
    result.text +=
        fmt::format("; the {} engine does not tell: {}", result.engine, finding.observable);
  }
  return result;
}

std::vector<EngineKind> engines(symex::UseKernel use_kernel) {
  std::vector<EngineKind> kinds{EngineKind::interp};
  if (runtime::jit_unavailable_reason().empty()) kinds.push_back(EngineKind::jit);
  const bool kernel = use_kernel == symex::UseKernel::yes;
  if (kernel && runtime::kernel_unavailable_reason().empty()) kinds.push_back(EngineKind::kernel);
  return kinds;
}

/// Of the crowded inputs the first that shows the difference; else the input as it is.
symex::Finding arranged(const Question& question, const symex::Finding& finding) {
  const bool relation = finding.property == symex::Property::relation;
  if (!relation || !symex::needs_crowding(finding.witness)) return finding;
  for (std::uint32_t bytes = symex::most_metadata; bytes != 0; bytes -= symex::metadata_step) {
    symex::Finding attempt = finding;
    attempt.witness = symex::crowded(finding.witness, bytes);
    if (replay_on(EngineKind::interp, question, attempt).outcome == Outcome::reproduced) {
      return attempt;
    }
  }
  return finding;
}

std::vector<Replayed> replay_any(const Question& question, const symex::Finding& finding) {
  if (finding.property == symex::Property::relation) return replay_difference(question, finding);
  const object::Image& image = *(finding.stage == 0 ? question.a : question.b).image;
  return symex::replay(image, for_program(image, finding), question.use_kernel);
}

/// Makes the witness of a difference plain while the interpreter shows that
/// difference; the outcomes become those of the last run.
void minimise(const Question& question, symex::Finding& finding) {
  symex::Witness& witness = finding.witness;
  if (finding.property != symex::Property::relation || !witness.helper_results.empty() ||
      !witness.not_replayable.empty() || finding.outcomes.size() != 2) {
    return;
  }
  std::vector<program::MapDef> maps_a;
  std::vector<program::MapDef> maps_b;
  const std::array views{view_of(question.a, maps_a), view_of(question.b, maps_b)};
  const auto shows = [&] {
    const auto a = observe(views[0], EngineKind::interp, witness);
    const auto b = observe(views[1], EngineKind::interp, witness);
    if (!a || !b || a->output.fault.kind != runtime::FaultKind::none ||
        b->output.fault.kind != runtime::FaultKind::none) {
      return false;
    }
    const auto lines = differences(*a, *b, question.ignored, witness.maps);
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.starts_with(finding.observable); });
  };
  if (!shows()) return;
  symex::shrink(witness, shows);
  for (const std::size_t stage : {0u, 1u}) {
    const auto seen = observe(views[stage], EngineKind::interp, witness);
    if (!seen) continue;
    symex::StageOutcome& outcome = finding.outcomes[stage];
    outcome.return_value = static_cast<std::uint32_t>(seen->output.return_value);
    outcome.packet = seen->output.packet;
    outcome.maps = seen->maps;
  }
}

}  // namespace

bool Comparison::contradicted() const {
  return std::ranges::any_of(differences, [](const Difference& difference) {
    return std::ranges::any_of(difference.replays, [](const Replayed& replayed) {
      return replayed.outcome == Outcome::contradicted;
    });
  });
}

bool Comparison::is_unsafe(std::uint32_t stage) const {
  return std::ranges::any_of(differences, [stage](const Difference& difference) {
    return difference.finding.property != symex::Property::relation &&
           difference.finding.stage == stage;
  });
}

symex::Options bounds_of(symex::Options options) {
  options.allowed_returns.clear();
  options.collect_cases = false;
  options.record_claims = false;
  return options;
}

program::View view_of(const Side& side, std::vector<program::MapDef>& maps) {
  maps = side.image->maps;
  program::View view = side.image->view();
  if (!side.specs) return view;
  for (program::MapDef& map : maps) {
    if (map.name == specs_section) map.initial = specs_on;
  }
  view.maps = maps;
  return view;
}

std::vector<Replayed> replay_difference(const Question& question, const symex::Finding& finding) {
  std::vector<Replayed> results;
  for (const EngineKind kind : engines(question.use_kernel)) {
    results.push_back(replay_on(kind, question, finding));
  }
  return results;
}

Expected<Comparison> compare(const Question& question) {
  TRY(require_comparable(question));
  std::vector<symex::Stage> stages(2);
  stages[0].program = question.a.image->view();
  stages[0].specs = question.a.specs;
  stages[1].program = question.b.image->view();
  stages[1].specs = question.b.specs;
  symex::Options options = bounds_of(question.options);
  options.sharing =
      question.ignored.globals ? symex::MapSharing::but_no_globals : symex::MapSharing::by_name;
  Comparison result;
  options.relation = [&](symex::Explorer& explorer, symex::PathState&, const auto& endings) {
    auto demands = symex::differences(explorer, *endings[0], *endings[1],
                                      observed_of(question.ignored, explorer.maps()));
    for (const symex::Demand& demand : demands) ++result.compared[demand.observable];
    return demands;
  };
  symex::Explorer explorer(std::move(stages), options);
  TRY(result.exploration, explorer.explore());
  for (symex::Finding& finding : result.exploration.findings) {
    finding = arranged(question, finding);
    if (question.minimised) minimise(question, finding);
    result.differences.push_back({finding, replay_any(question, finding)});
  }
  return result;
}

}  // namespace probity::equiv
