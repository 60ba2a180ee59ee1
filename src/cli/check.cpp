// SPDX-License-Identifier: Apache-2.0
// `probity check FILE[:PROG]`: every path of the deployed bytecode, for every packet of every
// length, every ctx and every map content. Findings are replayed before they are shown.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <future>
#include <optional>

#include <fmt/format.h>

#include "base/side_by_side.hpp"
#include "cli/check_against.hpp"
#include "cli/check_outputs.hpp"
#include "cli/check_page.hpp"
#include "cli/check_report.hpp"
#include "cli/entry_assumptions.hpp"
#include "cli/exploration_flags.hpp"
#include "cli/file_name.hpp"
#include "cli/flags.hpp"
#include "cli/path_sum.hpp"
#include "cli/program_source.hpp"
#include "cli/spec_report.hpp"
#include "object/object.hpp"
#include "proof/cache.hpp"
#include "proof/proof.hpp"
#include "runtime/engine.hpp"
#include "symex/explorer.hpp"
#include "symex/minimise.hpp"
#include "symex/replay.hpp"

namespace probity::cli {
namespace {

struct Flags {
  std::string file;
  std::string type;
  object::ReadOptions kernel;
  std::vector<std::string> assumptions;
  std::string returns;
  std::string replay_paths;
  std::string witness_dir = ".";
  AgainstFlags against;
  ExplorationFlags exploration;
  bool all = false;
  bool safety = false;
  bool cross_check = false;
  bool no_specs = false;
  bool no_kernel = false;
  CheckOutputs outputs;
  bool interference = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("FILE", flags.file, "object file, optionally :SECTION or :FUNCTION")->required();
  app.add_option("--type", flags.type, "program type, when the section name does not say it");
  add_kernel_options(app, flags.kernel);
  add_assume_option(app, flags.assumptions);
  app.add_option("--assert-return", flags.returns,
                 "allowed return values: names or numbers, separated by commas");
  declare_against(app, flags.against);
  declare_exploration(app, flags.exploration);
  app.get_option("--min-packet")
      ->description("shortest packet, bytes (default 14; 0 with --safety)");
  app.get_option("--max-packet")
      ->description("longest packet, bytes (default 1514; 65535 with --safety)");
  app.add_flag("--all", flags.all, "check every program of the object");
  app.add_flag("--safety", flags.safety,
               "prove what the kernel's verifier protects, and no specification");
  app.add_option("--replay-paths", flags.replay_paths,
                 "solve every path to a packet and compare with an engine: interp or kernel");
  app.add_option("--witness-dir", flags.witness_dir,
                 "where counterexamples are written (default .)");
  add_check_outputs(app, flags.outputs);
  app.add_flag("--cross-check", flags.cross_check,
               "prove again, with a second solver, everything the verdict rests on");
  app.add_flag("--interference", flags.interference,
               "map values may change between two accesses unless a lock is held");
  app.add_flag("--no-specs", flags.no_specs, "leave the specifications switched off");
  app.add_flag("--no-kernel", flags.no_kernel, "do not replay counterexamples in the live kernel");
}

struct ActionName {
  std::string_view name;
  std::uint32_t value;
};
// enum xdp_action, TC_ACT_* of <linux/pkt_cls.h>.
constexpr ActionName action_names[] = {
    {"XDP_ABORTED", 0}, {"XDP_DROP", 1},          {"XDP_PASS", 2},
    {"XDP_TX", 3},      {"XDP_REDIRECT", 4},      {"TC_ACT_UNSPEC", 0xffffffff},
    {"TC_ACT_OK", 0},   {"TC_ACT_RECLASSIFY", 1}, {"TC_ACT_SHOT", 2},
    {"TC_ACT_PIPE", 3}, {"TC_ACT_STOLEN", 4},     {"TC_ACT_REDIRECT", 7},
};

Expected<std::uint32_t> parse_return(std::string_view word) {
  for (const ActionName& action : action_names) {
    if (word == action.name) return action.value;
  }
  std::uint32_t value = 0;
  const auto end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, value);
  if (!word.empty() && parsed.ec == std::errc() && parsed.ptr == end) return value;
  return error(Fault::bad_input,
               fmt::format("--assert-return: \"{}\" is neither an action (XDP_DROP …) "
                           "nor a number (0..4294967295)",
                           word));
}

Expected<std::vector<std::uint32_t>> parse_returns(std::string_view list) {
  std::vector<std::uint32_t> values;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    TRY(const std::uint32_t value, parse_return(list.substr(0, comma)));
    values.push_back(value);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return values;
}

/// Safety mode knows nothing of the packet's length, and asks nothing of the program's results.
Expected<void> adapt_to_safety(const CLI::App& app, Flags& flags) {
  if (!flags.safety) return {};
  for (const char* const flag : {"--assert-return", "--replay-paths", "--spec", "--deployed"}) {
    if (app.count(flag) == 0) continue;
    return error(Fault::bad_input,
                 fmt::format("{}: --safety says nothing of a program's results", flag));
  }
  if (app.count("--min-packet") == 0) flags.exploration.min_packet = 0;
  if (app.count("--max-packet") == 0) flags.exploration.max_packet = largest_packet;
  flags.no_specs = true;
  return {};
}

Expected<symex::Options> options_of(const Flags& flags) {
  TRY(symex::Options options, exploration_options(flags.exploration));
  options.mode = flags.safety ? symex::Mode::safety : symex::Mode::strict;
  if (flags.witness_dir.empty()) {
    return error(Fault::bad_input, "--witness-dir: the name is empty (. is this folder)");
  }
  if (!flags.replay_paths.empty() && flags.replay_paths != "interp" &&
      flags.replay_paths != "kernel") {
    return error(
        Fault::bad_input,
        fmt::format("--replay-paths: \"{}\" is neither interp nor kernel", flags.replay_paths));
  }
  if (flags.replay_paths == "kernel") {
    if (const std::string reason = runtime::kernel_unavailable_reason(); !reason.empty()) {
      return error(Fault::system, fmt::format("--replay-paths kernel: {}", reason));
    }
  }
  options.specs = !flags.no_specs;
  options.record_claims = flags.cross_check;
  options.collect_cases = !flags.replay_paths.empty();
  options.interference = flags.interference;
  TRY(options.allowed_returns, parse_returns(flags.returns));
  return options;
}

/// Everything that was found impossible on the way, as obligations of the proof layer.
std::vector<proof::Obligation> obligations_of(const object::Image& image,
                                              const symex::Explorer& explorer) {
  std::vector<proof::Obligation> obligations;
  for (const symex::Claim& claim : explorer.claims()) {
    proof::Obligation obligation;
    obligation.name = fmt::format("check/{}/{}", image.name, obligations.size());
    obligation.provenance = fmt::format("{}, slot {}", image.name, claim.slot);
    obligation.build = [&explorer, &claim](term::Store& store) {
      proof::Query query;
      std::vector<term::Id> memo;
      for (const term::Id term : claim.conjunction) {
        query.assume.push_back(store.import(explorer.store(), term, memo));
      }
      query.show.push_back(store.false_());
      return query;
    };
    obligations.push_back(std::move(obligation));
  }
  return obligations;
}

/// What is checked, and how.
struct Task {
  const Flags& flags;
  const object::Object& object;
  const object::Image& image;
  std::string file;  ///< the program as a command line names it
  symex::Options options;
  std::size_t jobs = 1;
  symex::UseKernel use_kernel() const {
    return flags.no_kernel ? symex::UseKernel::no : symex::UseKernel::yes;
  }
  std::string object_path() const { return std::string(object::split_selection(file).path); }
};

/// A second solver on each of them; the number that it does not confirm.
std::size_t cross_check(const Task& task, const symex::Explorer& explorer, CheckReport& report) {
  proof::Options proving;
  proving.solver = task.options.solver;
  proving.cross_check = proof::CrossCheck::yes;
  proving.workers = static_cast<unsigned>(task.jobs);
  const auto cache =
      proof::open_default_cache([&report](std::string_view line) { report.warn(line); });
  proving.cache = cache.get();
  return report.cross_checked(proof::discharge(obligations_of(task.image, explorer), proving));
}

/// Reports each finding with its replays; true: an engine contradicts one.
Expected<bool> report_findings(const Task& task, const EntryAssumptions& assumptions,
                               std::vector<symex::Finding>& findings, CheckReport& report) {
  // The interpreter would not notice an assumption that a smaller input breaks.
  if (assumptions.texts.empty()) {
    side_by_side(task.jobs, findings.size(),
                 [&](std::size_t i) { symex::minimise(task.image, findings[i]); });
  }
  bool contradicted = false;
  std::size_t number = 0;
  for (const symex::Finding& finding : findings) {
    auto replayed = symex::replay(task.image, finding, task.use_kernel());
    for (const auto& function : assumptions.functions) {
      replayed.push_back(symex::replay_entry(*function, finding));
    }
    TRY(report.finding(finding, ++number, replayed));
    for (const symex::Replayed& one : replayed) {
      contradicted = contradicted || one.outcome == symex::Outcome::contradicted;
    }
  }
  return contradicted;
}

/// The program alone; `at_once`: what was explored together with its specification.
Expected<Outcome> check_alone(const Task& task, const EntryAssumptions& assumptions,
                              const std::optional<equiv::SpecResult>& at_once,
                              symex::Exploration& exploration, report::Document& document) {
  const Flags& flags = task.flags;
  std::optional<symex::Explorer> explorer;
  if (at_once) {
    exploration = equiv::of_program_alone(*at_once);
  } else {
    explorer.emplace(task.image.view(), task.options);
    TRY(exploration, explorer->explore());
  }
  // Explored together, the paths are also those of the specification: their sum is checked there.
  if (!at_once) TRY(require_sum(exploration, "check"));
  document.summarise(report::SummaryKind::verdicts);
  CheckReport report{document, task.image, exploration, task.object_path(), flags.witness_dir};
  report.overview(task.options);
  report_statements(document, task.image, exploration);
  TRY(const bool contradicted, report_findings(task, assumptions, exploration.findings, report));
  std::size_t differing_paths = 0;
  if (!flags.replay_paths.empty()) differing_paths = report.replay_paths(flags.replay_paths);
  std::size_t unconfirmed = 0;
  if (flags.cross_check) unconfirmed = cross_check(task, *explorer, report);
  TRY(const bool tests_differ,
      write_tests(flags.outputs, task.object_path(), task.image, exploration, document));
  report.unknowns();
  assumptions.report(document);
  report.verdict(task.options, unconfirmed + differing_paths + (tests_differ ? 1 : 0));
  if (contradicted || differing_paths > 0 || tests_differ) return Outcome::bug;
  if (!exploration.findings.empty()) return Outcome::refuted;
  return exploration.unknowns.empty() && unconfirmed == 0 ? Outcome::holds : Outcome::unknown;
}

/// The program alone and, beside it, against other objects.
Expected<Outcome> check_program(Task task, report::Document& document) {
  const Flags& flags = task.flags;
  TRY(const EntryAssumptions assumptions,
      entry_assumptions(task.object, task.image, flags.assumptions));
  assumptions.apply(task.options);
  const Checked checked{task.image,   task.file,         flags.type,       flags.kernel,
                        task.options, task.use_kernel(), flags.witness_dir};
  TRY(const std::optional<equiv::SpecResult> at_once, explore_at_once(flags.against, checked));
  report::Document beside(document.command());
  auto against = std::async(task.jobs > 1 ? std::launch::async : std::launch::deferred,
                            [&] { return check_against(flags.against, checked, at_once, beside); });
  symex::Exploration exploration;
  TRY(const Outcome alone, check_alone(task, assumptions, at_once, exploration, document));
  TRY(const Outcome other, against.get());
  document.append(std::move(beside));
  const Outcome outcome = worse(alone, other);
  const Analysed analysed{task.object_path(), std::string(task.image.name)};
  const auto page = [&] {
    return check_page(document.details(), task.image, exploration, task.options);
  };
  TRY(write_outputs(flags.outputs.pages, {&analysed, 1}, page, document.details(), outcome,
                    document));
  return outcome;
}

/// One of the programs of an object, with what is to be said of it.
struct Part {
  object::Image image;
  report::Document document{"check"};
  Expected<Outcome> outcome = Outcome::unknown;
};

Expected<void> require_one_for_all(const Flags& flags) {
  const object::Selection selection = object::split_selection(flags.file);
  if (!selection.selector.empty()) {
    return error(Fault::bad_input, fmt::format("--all: \"{}\" names one program of {}",
                                               selection.selector, selection.path));
  }
  const bool one = !flags.against.specification.empty() || !flags.against.deployed.empty() ||
                   !flags.outputs.pages.html.empty() || !flags.outputs.pages.sarif.empty() ||
                   !flags.outputs.tests.empty();
  if (!one) return {};
  return error(Fault::bad_input,
               "--all: --spec, --deployed, --html, --sarif "
               "and --emit-tests are of one program");
}

/// Every program of the object, side by side; what cannot be checked is
/// unknown, by name.
Expected<Outcome> check_all(const Flags& flags, const symex::Options& options,
                            report::Document& document) {
  TRY(require_one_for_all(flags));
  TRY(const object::Object object, object::read_file(flags.file, flags.kernel));
  std::vector<Part> parts;
  for (const object::Program& program : object.programs) {
    if (object::is_companion(program.section)) continue;
    Part& part = parts.emplace_back();
    part.image = object::make_image(object, program);
    if (!flags.type.empty()) {
      TRY(part.image.type, parse_program_type(flags.type));
    }
  }
  if (parts.empty()) return error(Fault::bad_input, flags.file + ": no program to check");
  const std::size_t jobs = jobs_of(flags.exploration);
  side_by_side(jobs, parts.size(), [&](std::size_t i) {
    Part& part = parts[i];
    if (const auto checkable = require_checkable(part.image); !checkable) {
      part.document.note(report::Tone::warning,
                         fmt::format("unknown: not checked: {}", checkable.error().line()));
      part.document.count(report::Tally::unknown, 1);
      part.document.details() =
          report::Json::object({{"program", part.image.name},
                                {"verdict", "unknown"},
                                {"reason", std::string(checkable.error().line())}});
      return;
    }
    const std::string file = fmt::format("{}:{}", flags.file, part.image.name);
    part.outcome = check_program({flags, object, part.image, file, options, 1}, part.document);
  });
  document.summarise(report::SummaryKind::verdicts);
  Outcome outcome = Outcome::holds;
  report::Json programs = report::Json::array();
  for (Part& part : parts) {
    TRY(const Outcome one, std::move(part.outcome));
    outcome = worse(outcome, one);
    programs.push(std::move(part.document.details()));
    part.document.details() = {};
    document.append(std::move(part.document));
  }
  document.details()["programs"] = std::move(programs);
  return outcome;
}

}  // namespace

Expected<Outcome> run_check(const Arguments& arguments, report::Document& document) {
  CLI::App app{"explores every path of a program and checks memory safety and specifications"};
  Flags flags;
  declare(app, flags);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  TRY(adapt_to_safety(app, flags));
  TRY(symex::Options options, options_of(flags));
  if (app.count("--witness-dir") != 0) {
    TRY(require_writable_folder("--witness-dir", flags.witness_dir));
  }
  TRY(prepare_outputs(flags.outputs, options));
  allow_memory(flags.exploration);
  ShownProgress progress("checking", wanted_progress(flags.exploration, arguments));
  options.observer = progress.observer();
  if (flags.all) return check_all(flags, options, document);
  TRY(const LoadedProgram loaded, load_with_object(flags.file, flags.type, flags.kernel));
  TRY(require_checkable(loaded.image));
  return check_program(
      {flags, loaded.object, loaded.image, flags.file, options, jobs_of(flags.exploration)},
      document);
}

}  // namespace probity::cli
