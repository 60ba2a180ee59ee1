// SPDX-License-Identifier: Apache-2.0
// What is left open is a term, because a return code may be computed: a demand holds where the
// specification leaves the observable open or both sides agree in it.
#include "equiv/specification.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "equiv/equivalence.hpp"
#include "program/external_spec.hpp"
#include "symex/compare.hpp"

namespace probity::equiv {
namespace {

namespace partial_code = program::partial_code;
using runtime::EngineKind;
using symex::Demand;
using symex::Ending;
using symex::Outcome;
using symex::Replayed;

/// What one ending of the specification asks for.
struct Said {
  term::Id action;      ///< 32 bits, the expected return value
  term::Id any_action;  ///< one bit each: left open
  term::Id any_state;
};

Said said_by(term::Store& store, const Ending& spec) {
  const term::Id code = spec.action;
  const term::Id partial = store.eq(store.extract(16, 16, code), store.lit(16, partial_code::mark));
  const auto flag = [&](unsigned bit) {
    return store.and_(partial, store.eq(store.extract(bit, 1, code), store.lit(1, 1)));
  };
  const term::Id expected = store.sext(32, store.extract(0, 8, code));
  return {store.ite(partial, expected, code),
          store.or_(flag(partial_code::any_action_bit),
                    spec.says.any_action ? store.true_() : store.false_()),
          flag(partial_code::any_state_bit)};
}

/// The relation between an ending of the specification and one of the program.
class SpecRelation {
 public:
  SpecRelation(symex::Explorer& explorer, SpecResult& result,
               std::span<const std::shared_ptr<const Ending>> endings)
      : explorer_(explorer),
        store_(explorer.context().store),
        first_(*endings[0]),
        second_(*endings[1]),
        spec_(*endings[result.specification_stage]),
        program_(*endings[result.program_stage]),
        coverage_(result.coverage),
        said_(said_by(store_, spec_)) {}

  std::vector<Demand> demands() {
    ++coverage_.paths;
    ask("return value", said_.any_action, [&] { return store_.eq(said_.action, program_.action); });
    const symex::SpecSays& says = spec_.says;
    std::vector<symex::PacketRange> ranges;
    for (const auto& [offset, size] : says.packet_ranges) ranges.push_back({offset, size});
    ask("packet", said_.any_state,
        [&] { return symex::same_packet(explorer_, first_, second_, ranges); });
    ask("ctx", open_or(says.any_ctx), [&] { return symex::same_ctx(explorer_, first_, second_); });
    ask("output", open_or(says.any_trace),
        [&] { return symex::same_trace(explorer_, first_, second_); });
    const auto maps = explorer_.maps();
    for (std::uint32_t map = 0; map < maps.size(); ++map) {
      if (maps[map].read_only || maps[map].name.starts_with('.')) continue;
      const bool open = says.every_map || std::ranges::find(says.maps, map) != says.maps.end();
      ask(fmt::format("map {}", maps[map].name), open_or(open),
          [&] { return symex::same_map(explorer_, first_, second_, map); });
    }
    if (demands_.empty()) ++coverage_.silent;
    return std::move(demands_);
  }

 private:
  term::Id open_or(bool open) const { return open ? store_.true_() : said_.any_state; }

  template <typename Same>
  void ask(std::string observable, term::Id open, Same same) {
    Coverage::Count& count = coverage_.by_observable[observable];
    if (store_.is_true(open)) return;
    ++(store_.is_false(open) ? count.said : count.partly);
    std::string text =
        fmt::format("the program does not do what the specification says: {}", observable);
    demands_.push_back({std::move(observable), store_.or_(open, same()), std::move(text)});
  }

  symex::Explorer& explorer_;
  term::Store& store_;
  const Ending& first_;
  const Ending& second_;
  const Ending& spec_;
  const Ending& program_;
  Coverage& coverage_;
  Said said_;
  std::vector<Demand> demands_;
};

/// What a run of the specification left open.
Ignored ignored_by(const Seen& spec) {
  Ignored ignored;
  ignored.globals = true;
  const auto code = static_cast<std::uint32_t>(spec.output.return_value);
  const bool partial = code >> 16 == partial_code::mark;
  ignored.return_value = partial && (code >> partial_code::any_action_bit & 1) != 0;
  if (partial && (code >> partial_code::any_state_bit & 1) != 0) {
    ignored.packet = ignored.ctx = ignored.trace = ignored.every_map = true;
  }
  for (const runtime::OutputEvent& event : spec.output.events) {
    if (event.helper == "spec_any_action") ignored.return_value = true;
    if (event.helper == "spec_ignore_maps") ignored.every_map = true;
    if (event.helper == "spec_ignore_trace") ignored.trace = true;
    if (event.helper == "spec_ignore_ctx") ignored.ctx = true;
    if (event.helper == "spec_ignore_map") {
      ignored.maps.emplace_back(event.data.begin(), event.data.end());
    }
    if (event.helper == "spec_ignore_packet") {
      ignored.packet_ranges.push_back({static_cast<std::uint32_t>(event.values.at(0)),
                                       static_cast<std::uint32_t>(event.values.at(1))});
    }
  }
  return ignored;
}

/// The action that a return code stands for.
std::uint32_t expected_action(std::uint64_t return_value) {
  const auto code = static_cast<std::uint32_t>(return_value);
  if (code >> 16 != partial_code::mark) return code;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<std::int8_t>(code)));
}

Replayed replay_on(EngineKind kind, const SpecQuestion& question, const symex::Finding& finding,
                   const Seen& spec) {
  Replayed result{std::string(runtime::name(kind)), Outcome::not_applicable, {}};
  const symex::Witness& witness = finding.witness;
  if (kind == EngineKind::kernel && !witness.not_replayable.empty()) {
    result.text = "cannot be arranged: " + witness.not_replayable.front();
    return result;
  }
  const auto program = observe(question.program->view(), kind, witness);
  if (!program) {
    result.text = program.error().line();
    return result;
  }
  const auto lines = differences(spec, *program, ignored_by(spec), witness.maps);
  result.text =
      fmt::format("the specification {}; the program {}", text_of(spec), text_of(*program));
  for (const std::string& line : lines) result.text += "; " + line;
  const bool hidden =
      kind == EngineKind::kernel && (finding.observable == "ctx" || finding.observable == "output");
  if (!lines.empty()) result.outcome = Outcome::reproduced;
  if (lines.empty() && !hidden) result.outcome = Outcome::contradicted;
  return result;
}

Expected<void> require_specification(const SpecQuestion& question) {
  const object::Image& spec = *question.specification;
  const object::Image& program = *question.program;
  if (spec.type == program.type) return {};
  return error(
      Fault::bad_input,
      fmt::format("--spec: {} is of type {}, {} of type {}: both must take the same ctx", spec.name,
                  program::name(spec.type), program.name, program::name(program.type)));
}

}  // namespace

bool SpecResult::contradicted() const {
  return std::ranges::any_of(deviations, [](const Deviation& deviation) {
    return std::ranges::any_of(deviation.replays, [](const Replayed& replayed) {
      return replayed.outcome == Outcome::contradicted;
    });
  });
}

std::vector<Replayed> replay_deviation(const SpecQuestion& question,
                                       const symex::Finding& finding) {
  const symex::Witness& witness = finding.witness;
  if (!witness.helper_results.empty()) {
    return {{"interp", Outcome::not_applicable,
             "depends on the helper result " + witness.helper_results.front()}};
  }
  auto spec = observe(question.specification->view(), EngineKind::interp, witness);
  if (!spec) return {{"interp", Outcome::not_applicable, std::string(spec.error().line())}};
  if (spec->output.fault.kind != runtime::FaultKind::none) {
    return {{"interp", Outcome::contradicted, "the specification " + text_of(*spec)}};
  }
  const Seen expected = [&] {
    Seen seen = *spec;
    seen.output.return_value = expected_action(seen.output.return_value);
    return seen;
  }();
  std::vector<EngineKind> kinds{EngineKind::interp};
  if (runtime::jit_unavailable_reason().empty()) kinds.push_back(EngineKind::jit);
  const bool kernel = question.use_kernel == symex::UseKernel::yes;
  if (kernel && runtime::kernel_unavailable_reason().empty()) kinds.push_back(EngineKind::kernel);
  std::vector<Replayed> results;
  for (const EngineKind kind : kinds) {
    results.push_back(replay_on(kind, question, finding, expected));
  }
  return results;
}

Expected<SpecResult> check_specification(const SpecQuestion& question) {
  TRY(require_specification(question));
  const bool program_first = question.order == Order::program_first;
  SpecResult result;
  result.program_stage = program_first ? 0 : 1;
  result.specification_stage = program_first ? 1 : 0;
  std::vector<symex::Stage> stages(2);
  stages[result.program_stage].program = question.program->view();
  stages[result.program_stage].specs = question.options.specs;
  stages[result.specification_stage].program = question.specification->view();
  stages[result.specification_stage].trusted = true;
  std::set<std::shared_ptr<const Ending>> first_endings;
  symex::Options options = program_first ? question.options : bounds_of(question.options);
  options.sharing = symex::MapSharing::but_no_globals;
  options.relation = [&](symex::Explorer& explorer, symex::PathState&, const auto& endings) {
    first_endings.insert(endings[0]);
    return SpecRelation(explorer, result, endings).demands();
  };
  symex::Explorer explorer(std::move(stages), options);
  TRY(result.exploration, explorer.explore());
  result.coverage.first_paths = first_endings.size();
  for (const symex::Finding& finding : result.exploration.findings) {
    if (finding.property != symex::Property::relation) continue;
    result.deviations.push_back({finding, replay_deviation(question, finding)});
  }
  return result;
}

symex::Exploration of_program_alone(const SpecResult& result) {
  symex::Exploration alone = result.exploration;
  const auto other = [&](const auto& item) { return item.stage != result.program_stage; };
  std::erase_if(alone.findings, [&](const symex::Finding& finding) {
    return other(finding) || finding.property == symex::Property::relation;
  });
  std::erase_if(alone.unknowns, other);
  std::erase_if(alone.sites, [&](const symex::Site& site) {
    return other(site) || site.property == symex::Property::relation;
  });
  std::erase_if(alone.statements, other);
  return alone;
}

}  // namespace probity::equiv
