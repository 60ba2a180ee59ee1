// SPDX-License-Identifier: Apache-2.0
// `probity interact A B …`: what programs on one hook mean for each other. Does their order matter,
// which map contents flow where, which decide a branch or an action? Sets of what is read and
// written come first; where they overlap all four runs of both orders are explored, and a witness
// is run both ways before it is shown.
#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/side_by_side.hpp"
#include "cli/check_outputs.hpp"
#include "cli/exploration_flags.hpp"
#include "cli/file_name.hpp"
#include "cli/flags.hpp"
#include "cli/interact_page.hpp"
#include "cli/interact_report.hpp"
#include "cli/path_sum.hpp"
#include "cli/program_source.hpp"
#include "packet/packet.hpp"
#include "replay/rerun.hpp"
#include "replay/witness_file.hpp"
#include "report/file.hpp"
#include "runtime/engine.hpp"
#include "symex/minimise.hpp"

namespace probity::cli {
namespace {

using interact::Chain;
using interact::OrderVerdict;
using interact::Subject;

constexpr std::size_t max_programs = 32;
/// For the sets of one program, when nothing but the order is asked for.
constexpr std::uint32_t sets_seconds = 10;

struct Flags {
  std::vector<std::string> files;
  std::string type;
  object::ReadOptions kernel;
  ExplorationFlags exploration;
  Chain chain = Chain::pass;
  std::vector<std::string> private_maps;
  std::string show;
  std::string dot;
  std::string witness_dir = ".";
  PageOutputs outputs;
  bool paths = false;
  bool no_kernel = false;
};

/// What is reported.
struct Parts {
  bool order = false;
  bool sets = false;
  bool maps = false;
  bool branches = false;
  bool actions = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("PROGRAM", flags.files, "object files, optionally :SECTION or :FUNCTION")
      ->required();
  app.add_option("--type", flags.type, "program type, when the section names do not say it");
  add_kernel_options(app, flags.kernel);
  add_choice<Chain>(app, "--chain", flags.chain, {{"pass", Chain::pass}, {"all", Chain::all}},
                    "when the next program runs: after a verdict that passes (default), always");
  app.add_option("--private", flags.private_maps,
                 "a map that programs do not share, although several have one of this name")
      ->allow_extra_args(false);
  app.add_option("--show", flags.show,
                 "what is reported: order, sets, maps, branches, actions, separated by commas "
                 "(default: all; actions of a single program only)");
  app.add_flag("--paths", flags.paths, "sets of each path, too");
  app.add_option("--dot", flags.dot, "write the map dependency graph for graphviz");
  app.add_option("--witness-dir", flags.witness_dir,
                 "where counterexamples are written (default .)");
  add_page_outputs(app, flags.outputs);
  declare_exploration(app, flags.exploration);
  app.add_flag("--no-kernel", flags.no_kernel, "do not replay counterexamples in the live kernel");
}

Expected<Parts> parts_of(const Flags& flags) {
  if (flags.show.empty()) return Parts{true, true, true, true, flags.files.size() == 1};
  Parts parts;
  const std::pair<std::string_view, bool*> words[] = {{"order", &parts.order},
                                                      {"sets", &parts.sets},
                                                      {"maps", &parts.maps},
                                                      {"branches", &parts.branches},
                                                      {"actions", &parts.actions}};
  std::string_view list = flags.show;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view given = list.substr(0, comma);
    const auto found = std::ranges::find(words, given, &std::pair<std::string_view, bool*>::first);
    if (found == std::end(words)) {
      return error(
          Fault::bad_input,
          fmt::format("--show: \"{}\" is none of order, sets, maps, branches, actions", given));
    }
    *found->second = true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

Expected<std::vector<Subject>> load_subjects(const Flags& flags) {
  if (flags.files.size() > max_programs) {
    return error(Fault::bad_input,
                 fmt::format("interact: {} programs (limit {})", flags.files.size(), max_programs));
  }
  std::vector<object::Image> images;
  std::vector<std::string> files;
  for (const std::string& file : flags.files) {
    TRY(object::Image image, load_program(file, flags.type, flags.kernel));
    TRY(require_checkable(image));
    images.push_back(std::move(image));
    const std::size_t colon = file.rfind(':');
    files.push_back(file.substr(0, colon));
  }
  return interact::make_subjects(std::move(images), files, flags.private_maps);
}

/// One run through all of it.
class Session {
 public:
  Session(const Flags& flags, const Parts& parts, const symex::Options& options,
          const std::vector<Subject>& subjects, report::Document& document)
      : flags_(flags),
        parts_(parts),
        options_(options),
        subjects_(subjects),
        document_(document),
        report_(document, subjects, flags.chain) {}

  Expected<Outcome> run() {
    TRY(explore_each());
    TRY(ask_for_influences());
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      TRY(show(i));
    }
    if (parts_.maps || !flags_.dot.empty()) {
      TRY(show_edges());
    }
    std::vector<PairResult> results;
    if (parts_.order) {
      TRY(results, pairs());
    }
    for (const PairResult& result : results) report_.pair(result);
    if (results.size() > 1) report_.matrix(results);
    report_.finish();
    TRY(write_files(results));
    return outcome(results);
  }

 private:
  /// A footprint and the store of its terms, until they meet in one.
  struct Explored {
    term::Store store;
    Expected<interact::Footprint> footprint = interact::Footprint{};
  };

  Expected<void> explore_each() {
    symex::Options options = options_;
    if (only_order()) {  // the exploration of both orders may answer without the sets
      const std::uint32_t given = options.timeout_seconds;
      options.timeout_seconds = given == 0 ? sets_seconds : std::min(given, sets_seconds);
    }
    std::vector<std::unique_ptr<Explored>> explored(subjects_.size());
    side_by_side(jobs_of(flags_.exploration), subjects_.size(), [&](std::size_t i) {
      explored[i] = std::make_unique<Explored>();
      explored[i]->footprint =
          interact::explore_footprint(subjects_[i], options, explored[i]->store);
    });
    for (std::unique_ptr<Explored>& one : explored) {
      TRY(const interact::Footprint footprint, std::move(one->footprint));
      TRY(require_sum(footprint.exploration, "interact"));
      footprints_.push_back(interact::moved(footprint, one->store, store_));
      one.reset();
    }
    return {};
  }

  /// The maps of a program that its runs look at and that may hold anything.
  std::set<std::string> maps_looked_at(std::size_t number) const {
    const interact::Footprint& footprint = footprints_[number];
    std::set<std::string> names;
    for (const symex::Effect& effect : footprint.effects) {
      if (effect.map == symex::unnamed_map || footprint.maps[effect.map].read_only) continue;
      names.emplace(footprint.maps[effect.map].name);
    }
    return names;
  }

  Expected<void> ask_for_influences() {
    influences_.resize(subjects_.size());
    if (!parts_.actions) return {};
    std::vector<std::pair<std::size_t, std::string>> questions;
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      for (const std::string& map : maps_looked_at(i)) questions.emplace_back(i, map);
    }
    std::vector<Expected<interact::MapInfluence>> answers(questions.size(),
                                                          interact::MapInfluence{});
    side_by_side(jobs_of(flags_.exploration), questions.size(), [&](std::size_t i) {
      const auto& [number, map] = questions[i];
      answers[i] = interact::map_influence(subjects_[number], map, options_);
    });
    for (std::size_t i = 0; i < questions.size(); ++i) {
      TRY(interact::MapInfluence influence, std::move(answers[i]));
      TRY(require_sum(influence.counts, "interact"));
      unknown_ = unknown_ || !influence.unknowns.empty();
      for (const interact::Flip& flip : influence.flips) note(flip.replayed);
      influences_[questions[i].first].push_back(std::move(influence));
    }
    return {};
  }

  Expected<void> show(std::size_t number) {
    const interact::Footprint& footprint = footprints_[number];
    report_.program(number, footprint);
    if (parts_.sets) report_.sets(number, footprint, store_);
    if (flags_.paths) report_.path_sets(number, footprint, store_);
    if (parts_.branches) {
      TRY(const auto influences, interact::branch_influences(subjects_[number], footprint, store_));
      report_.branches(number, influences);
    }
    if (parts_.actions) report_.influences(number, influences_[number]);
    return {};
  }

  bool only_order() const {
    return !parts_.sets && !parts_.maps && !parts_.branches && !parts_.actions && !flags_.paths &&
           flags_.dot.empty();
  }

  bool is_certain(std::size_t number) const {
    const symex::Exploration& exploration = footprints_[number].exploration;
    return exploration.findings.empty() && exploration.unknowns.empty();
  }

  Expected<void> show_edges() {
    std::vector<interact::Edge> edges;
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      TRY(const auto own, interact::dependencies(subjects_[i], footprints_[i], store_));
      edges.insert(edges.end(), own.begin(), own.end());
      for (std::size_t other = 0; other < subjects_.size(); ++other) {
        if (other == i) continue;
        const auto between = interact::dependencies_between(
            subjects_[i], footprints_[i], subjects_[other], footprints_[other], store_);
        edges.insert(edges.end(), between.begin(), between.end());
      }
    }
    if (parts_.maps) report_.edges(edges);
    if (flags_.dot.empty()) return {};
    return report::write_file_atomically(flags_.dot, interact::print_dot(subjects_, edges));
  }

  /// Sets first; the explorations that they leave run side by side.
  Expected<std::vector<PairResult>> pairs() {
    std::vector<PairResult> results;
    for (std::size_t a = 0; a < subjects_.size(); ++a) {
      for (std::size_t b = a + 1; b < subjects_.size(); ++b) results.push_back(by_sets(a, b));
    }
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i].disjointness.proved) open.push_back(i);
    }
    std::vector<Expected<interact::Order>> orders(open.size(), interact::Order{});
    side_by_side(jobs_of(flags_.exploration), open.size(), [&](std::size_t i) {
      const PairResult& result = results[open[i]];
      orders[i] = interact::compare_orders(subjects_[result.a], subjects_[result.b], flags_.chain,
                                           options_);
    });
    for (std::size_t i = 0; i < open.size(); ++i) {
      PairResult& result = results[open[i]];
      TRY(result.order, std::move(orders[i]));
      TRY(require_sum(result.order.counts, "interact"));
      result.explored = true;
      result.verdict = result.order.verdict;
      TRY(replay(result));
    }
    return results;
  }

  PairResult by_sets(std::size_t a, std::size_t b) {
    PairResult result;
    result.a = a;
    result.b = b;
    if (is_certain(a) && is_certain(b)) {
      result.disjointness = interact::check_disjoint(footprints_[a], footprints_[b], flags_.chain,
                                                     store_, options_.solver);
    }
    if (result.disjointness.proved) result.verdict = OrderVerdict::commute;
    return result;
  }

  Expected<void> write_files(const std::vector<PairResult>& results) {
    const InteractRun run{subjects_, footprints_, results};
    const report::Json log = interact_log(run);
    std::vector<Analysed> analysed;
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      analysed.push_back({object_of(i), std::string(subjects_[i].image().name)});
    }
    const auto page = [&] { return interact_page(run, document_.details(), log); };
    return write_outputs(flags_.outputs, analysed, page, log, outcome(results), document_);
  }

  interact::OrderReplay replay_on(runtime::EngineKind engine, const PairResult& result) const {
    return interact::replay_orders(engine, subjects_[result.a], subjects_[result.b], flags_.chain,
                                   result.order);
  }

  /// Makes the witness plain while the interpreter shows the difference.
  void minimise(PairResult& result) {
    const auto shows = [&] {
      return replay_on(runtime::EngineKind::interp, result).replayed.outcome ==
             symex::Outcome::reproduced;
    };
    if (shows()) symex::shrink(result.order.difference->witness, shows);
  }

  Expected<void> replay(PairResult& result) {
    if (!result.order.difference) return {};
    minimise(result);
    std::vector<runtime::EngineKind> engines{runtime::EngineKind::interp};
    if (!flags_.no_kernel && runtime::kernel_unavailable_reason().empty()) {
      engines.push_back(runtime::EngineKind::kernel);
    }
    for (const runtime::EngineKind engine : engines) {
      result.replays.push_back(replay_on(engine, result));
      note(result.replays.back().replayed);
    }
    TRY(result.files, write_witness(result));
    return {};
  }

  /// Both runs of the witness for `probity replay`, and its packet.
  Expected<std::string> write_witness(const PairResult& result) {
    const symex::Finding& finding = *result.order.difference;
    const std::string base =
        fmt::format("{}/order-{}-{}", flags_.witness_dir, file_name(subjects_[result.a].label()),
                    file_name(subjects_[result.b].label()));
    const packet::Record record{finding.witness.input.packet, 0};
    TRY(const std::string capture, packet::print_capture({&record, 1}));
    TRY(report::write_file_atomically(base + ".pcap", capture));
    replay::WitnessFile file;
    file.made_by = "interact";
    file.property = "order";
    file.text = finding.text;
    for (const std::size_t number : {result.a, result.b}) {
      TRY(file.programs.emplace_back(),
          replay::name_program(object_of(number), subjects_[number].image().view()));
    }
    file.inputs.push_back(replay::input_of(finding.witness));
    const auto type = subjects_[result.a].image().type;
    const std::vector<std::uint32_t> go_on =
        flags_.chain == Chain::pass ? interact::passing(type) : std::vector<std::uint32_t>{};
    for (const std::uint32_t first : {0u, 1u}) {
      replay::WitnessRun run;
      run.name = first == 0 ? "A then B" : "B then A";
      run.chain = {{first, go_on}, {1 - first, {}}};
      file.runs.push_back(std::move(run));
    }
    file.differences = seen_differences(result);
    TRY(replay::write_witness(file, base + ".json"));
    return base;
  }

  /// The words of a witness file for what the interpreter saw differ.
  std::vector<std::string> seen_differences(const PairResult& result) const {
    const program::ProgType type = subjects_[result.a].image().type;
    std::set<std::string> words;
    for (const interact::OrderReplay& replay : result.replays) {
      if (replay.replayed.outcome != symex::Outcome::reproduced) continue;
      for (const std::string& what : interact::differences(replay.a_first, replay.b_first, type)) {
        words.insert(what == "verdict"          ? "return_value"
                     : what == "packet"         ? "packet"
                     : what.starts_with("map ") ? "maps"
                                                : "events");
      }
      break;
    }
    return {words.begin(), words.end()};
  }

  std::string object_of(std::size_t number) const {
    const std::string& given = flags_.files[number];
    const std::size_t colon = given.rfind(':');
    return given.substr(0, colon);
  }

  void note(const symex::Replayed& replayed) {
    contradicted_ = contradicted_ || replayed.outcome == symex::Outcome::contradicted;
  }

  Outcome outcome(const std::vector<PairResult>& results) const {
    const auto is = [](OrderVerdict verdict) {
      return [verdict](const PairResult& result) { return result.verdict == verdict; };
    };
    if (contradicted_) return Outcome::bug;
    if (std::ranges::any_of(results, is(OrderVerdict::differ))) return Outcome::refuted;
    bool certain = !unknown_ && std::ranges::none_of(results, is(OrderVerdict::unknown));
    for (std::size_t i = 0; i < subjects_.size() && !only_order(); ++i) {
      certain = certain && is_certain(i);
    }
    return certain ? Outcome::holds : Outcome::unknown;
  }

  const Flags& flags_;
  const Parts& parts_;
  const symex::Options& options_;
  const std::vector<Subject>& subjects_;
  report::Document& document_;
  InteractReport report_;
  term::Store store_;
  std::vector<interact::Footprint> footprints_;
  std::vector<std::vector<interact::MapInfluence>> influences_;  ///< by program
  bool contradicted_ = false;
  bool unknown_ = false;
};

}  // namespace

Expected<Outcome> run_interact(const Arguments& arguments, report::Document& document) {
  CLI::App app{"tells what programs on one hook mean for each other: order, maps, actions"};
  Flags flags;
  declare(app, flags);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  if (flags.witness_dir.empty()) {
    return error(Fault::bad_input, "--witness-dir: the name is empty (. is this folder)");
  }
  TRY(const Parts parts, parts_of(flags));
  TRY(symex::Options options, exploration_options(flags.exploration));
  TRY(prepare_outputs(flags.outputs, options));
  options.record_paths = false;  // the page has no tree: there is one exploration for each pair
  TRY(const std::vector<Subject> subjects, load_subjects(flags));
  document.summarise(report::SummaryKind::verdicts);
  allow_memory(flags.exploration);
  ShownProgress progress("exploring", wanted_progress(flags.exploration, arguments));
  options.observer = progress.observer();
  return Session(flags, parts, options, subjects, document).run();
}

}  // namespace probity::cli
