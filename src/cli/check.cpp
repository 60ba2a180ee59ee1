// SPDX-License-Identifier: Apache-2.0
// `probity check FILE[:PROG]`: every path of the deployed bytecode, for every packet of every
// length, every ctx and every map content. Findings are replayed before they are shown.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "cli/check_against.hpp"
#include "cli/check_outputs.hpp"
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

/// The cache of earlier verdicts, or none: a cache that cannot be opened costs time, nothing else.
std::unique_ptr<proof::Cache> open_cache(CheckReport& report) {
  const std::optional<std::string> path = proof::default_cache_path();
  if (!path) return nullptr;
  auto cache = proof::Cache::open(*path, [&report](std::string_view line) { report.warn(line); });
  if (cache) return *std::move(cache);
  report.warn(cache.error().line());
  return nullptr;
}

/// A second solver on each of them; the number that it does not confirm.
std::size_t cross_check(const object::Image& image, const symex::Explorer& explorer,
                        const symex::Options& options, CheckReport& report) {
  proof::Options proving;
  proving.solver = options.solver;
  proving.cross_check = proof::CrossCheck::yes;
  std::unique_ptr<proof::Cache> cache = open_cache(report);
  proving.cache = cache.get();
  return report.cross_checked(proof::discharge(obligations_of(image, explorer), proving));
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
  TRY(const LoadedProgram loaded, load_with_object(flags.file, flags.type, flags.kernel));
  const object::Image& image = loaded.image;
  TRY(require_checkable(image));
  TRY(const EntryAssumptions assumptions,
      entry_assumptions(loaded.object, image, flags.assumptions));
  assumptions.apply(options);
  allow_memory(flags.exploration);
  ShownProgress progress("checking", wanted_progress(flags.exploration, arguments));
  options.observer = progress.observer();

  std::optional<symex::Explorer> explorer(std::in_place, image.view(), options);
  TRY(symex::Exploration exploration, explorer->explore());

  TRY(require_sum(exploration));
  document.summarise(report::SummaryKind::verdicts);
  const std::string object_path(object::split_selection(flags.file).path);
  CheckReport report{document, image, exploration, object_path, flags.witness_dir};
  report.overview(options);
  report_statements(document, image, exploration);
  const symex::UseKernel use_kernel =
      flags.no_kernel ? symex::UseKernel::no : symex::UseKernel::yes;
  bool contradicted = false;
  std::size_t number = 0;
  for (symex::Finding& finding : exploration.findings) {
    // The interpreter would not notice an assumption that a smaller input breaks.
    if (assumptions.texts.empty()) symex::minimise(image, finding);
    auto replayed = symex::replay(image, finding, use_kernel);
    for (const auto& function : assumptions.functions) {
      replayed.push_back(symex::replay_entry(*function, finding));
    }
    TRY(report.finding(finding, ++number, replayed));
    for (const symex::Replayed& one : replayed) {
      contradicted = contradicted || one.outcome == symex::Outcome::contradicted;
    }
  }
  std::size_t differing_paths = 0;
  if (!flags.replay_paths.empty()) differing_paths = report.replay_paths(flags.replay_paths);
  std::size_t unconfirmed = 0;
  if (flags.cross_check) unconfirmed = cross_check(image, *explorer, options, report);
  TRY(const bool tests_differ,
      write_tests(flags.outputs, object_path, image, exploration, document));
  report.unknowns();
  assumptions.report(document);
  report.verdict(options, unconfirmed + differing_paths + (tests_differ ? 1 : 0));
  explorer.reset();  // one exploration at a time has the thread's terms
  const Checked checked{image,   flags.file, flags.type,       flags.kernel,
                        options, use_kernel, flags.witness_dir};
  TRY(const Outcome against, check_against(flags.against, checked, document));
  const bool holds = exploration.unknowns.empty() && unconfirmed == 0;
  Outcome outcome = worse(holds ? Outcome::holds : Outcome::unknown, against);
  if (!exploration.findings.empty()) outcome = worse(Outcome::refuted, against);
  if (contradicted || differing_paths > 0 || tests_differ) outcome = Outcome::bug;
  TRY(write_outputs(flags.outputs, object_path, image, exploration, options, outcome, document));
  return outcome;
}

}  // namespace probity::cli
