// SPDX-License-Identifier: Apache-2.0
// `probity equiv A[:PROG] B[:PROG]…`: do two programs behave the same on every
// packet, ctx and map content? A difference is shown with an input that both
// programs were run on. Of more than two programs each is compared with the
// first, side by side.
#include <array>

#include <fmt/format.h>

#include "base/side_by_side.hpp"
#include "cli/check_against.hpp"
#include "cli/check_outputs.hpp"

#include "cli/equiv_report.hpp"
#include "cli/exploration_flags.hpp"
#include "cli/flags.hpp"
#include "cli/path_sum.hpp"
#include "cli/program_source.hpp"
#include "equiv/equivalence.hpp"
#include "object/object.hpp"

namespace probity::cli {
namespace {

struct Flags {
  std::string a;
  std::vector<std::string> others;
  std::string type;
  object::ReadOptions kernel;
  ExplorationFlags exploration;
  equiv::Ignored ignored;
  std::vector<std::string> packet;  ///< values of --ignore-packet
  std::string witness_dir = ".";
  PageOutputs outputs;
  bool no_kernel = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("A", flags.a, "object file, optionally :SECTION or :FUNCTION")->required();
  app.add_option("B", flags.others, "the program to compare it with; several: each of them")
      ->required();
  app.add_option("--type", flags.type, "program type, when the section names do not say it");
  add_kernel_options(app, flags.kernel);
  app.add_option("--ignore-map", flags.ignored.maps,
                 "leave the entries of this map out of the comparison (may be repeated)")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--ignore-packet", flags.packet,
                 "leave these bytes of the packet at exit out; without a value all of it, with its "
                 "length (may be repeated)")
      ->type_name("[OFFSET:LENGTH]")
      ->expected(0, 1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--ignore-trace", flags.ignored.trace,
               "leave out what is given to output helpers (perf events, redirects, messages)");
  app.add_flag("--ignore-return", flags.ignored.return_value, "leave out the return value");
  app.add_flag("--ignore-ctx", flags.ignored.ctx, "leave out the ctx fields that programs write");
  app.add_flag("--own-globals", flags.ignored.globals,
               "each program has its own .data and .bss, which are left out");
  declare_exploration(app, flags.exploration);
  app.add_option("--witness-dir", flags.witness_dir,
                 "where counterexamples are written (default .)");
  add_page_outputs(app, flags.outputs);
  app.add_flag("--no-kernel", flags.no_kernel, "do not replay differences in the live kernel");
}

/// OFFSET:LENGTH, both at most 65535.
Expected<symex::PacketRange> parse_range(const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto bad = [&] {
    return error(Fault::bad_input,
                 fmt::format("--ignore-packet: \"{}\" is not OFFSET:LENGTH (each 0..{})", text,
                             largest_packet));
  };
  if (colon == std::string::npos) return bad();
  const auto offset = parse_number(std::string_view(text).substr(0, colon));
  const auto size = parse_number(std::string_view(text).substr(colon + 1));
  if (!offset || !size || *offset > largest_packet || *size > largest_packet) return bad();
  return symex::PacketRange{static_cast<std::uint32_t>(*offset), static_cast<std::uint32_t>(*size)};
}

Expected<void> read_ranges(const CLI::App& app, Flags& flags) {
  // Without a value the parser gives no text at the end of the line and an empty one elsewhere.
  const bool whole = std::erase(flags.packet, "") != 0 || flags.packet.empty();
  flags.ignored.packet = app.count("--ignore-packet") > 0 && whole;
  for (const std::string& text : flags.packet) {
    TRY(const symex::PacketRange range, parse_range(text));
    flags.ignored.packet_ranges.push_back(range);
  }
  if (flags.witness_dir.empty()) {
    return error(Fault::bad_input, "--witness-dir: the name is empty (. is this folder)");
  }
  return {};
}

/// A comparison with the first program, and what is to be said of it.
struct Pair {
  std::string file;
  object::Image image;
  report::Document document{"equiv"};
  Expected<Outcome> outcome = Outcome::unknown;
};

/// `prefix` begins the names of witness files.
Expected<Outcome> compare(const Flags& flags, const object::Image& a, Pair& pair,
                          const symex::Options& options, const std::string& prefix) {
  const symex::UseKernel use_kernel =
      flags.no_kernel ? symex::UseKernel::no : symex::UseKernel::yes;
  const equiv::Question question{{&a}, {&pair.image}, flags.ignored, options, use_kernel, true};
  TRY(const equiv::Comparison comparison, equiv::compare(question));
  TRY(require_sum(comparison.exploration, "equiv"));
  EquivReport report{pair.document, pair.document.details(), question,
                     comparison,    {flags.a, pair.file},    prefix};
  report.overview();
  TRY(report.findings(flags.witness_dir));
  report.unknowns();
  report.verdict();
  const auto path = [](const std::string& file) {
    return std::string(object::split_selection(file).path);
  };
  const std::array analysed{Analysed{path(flags.a), std::string(a.name)},
                            Analysed{path(pair.file), std::string(pair.image.name)}};
  TRY(write_outputs(
      flags.outputs, analysed, [&] { return report.page(); }, report.for_log(), report.outcome(),
      pair.document));
  return report.outcome();
}

Expected<Outcome> compare_all(const Flags& flags, const symex::Options& options,
                              report::Document& document) {
  TRY(const object::Image a, load_program(flags.a, flags.type, flags.kernel));
  TRY(require_checkable(a));
  std::vector<Pair> pairs;
  for (const std::string& file : flags.others) {
    TRY(object::Image image, load_program(file, flags.type, flags.kernel));
    TRY(require_checkable(image));
    Pair& pair = pairs.emplace_back();
    pair.file = file;
    pair.image = std::move(image);
  }
  const bool several = pairs.size() > 1;
  if (several && !(flags.outputs.html.empty() && flags.outputs.sarif.empty())) {
    return error(Fault::bad_input, "--html, --sarif: of one pair of programs");
  }
  side_by_side(jobs_of(flags.exploration), pairs.size(), [&](std::size_t i) {
    const std::string prefix = several ? fmt::format("equiv-{}", i + 1) : "equiv";
    pairs[i].outcome = compare(flags, a, pairs[i], options, prefix);
  });
  document.summarise(report::SummaryKind::verdicts);
  Outcome outcome = Outcome::holds;
  report::Json comparisons = report::Json::array();
  for (Pair& pair : pairs) {
    TRY(const Outcome one, std::move(pair.outcome));
    outcome = worse(outcome, one);
    if (several) {
      document.heading(fmt::format("{} and {}", flags.a, pair.file));
      comparisons.push(std::move(pair.document.details()));
      pair.document.details() = {};
    }
    document.append(std::move(pair.document));
  }
  if (several) document.details()["comparisons"] = std::move(comparisons);
  return outcome;
}

}  // namespace

Expected<Outcome> run_equiv(const Arguments& arguments, report::Document& document) {
  CLI::App app{"proves that two programs behave the same on every input, or shows one that tells"};
  Flags flags;
  declare(app, flags);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  TRY(read_ranges(app, flags));
  TRY(symex::Options options, exploration_options(flags.exploration));
  TRY(prepare_outputs(flags.outputs, options));
  allow_memory(flags.exploration);
  ShownProgress progress("comparing", wanted_progress(flags.exploration, arguments));
  options.observer = progress.observer();
  return compare_all(flags, options, document);
}

}  // namespace probity::cli
