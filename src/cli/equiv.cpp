// SPDX-License-Identifier: Apache-2.0
// `probity equiv A[:PROG] B[:PROG]`: do two programs behave the same on every packet, ctx and map
// content? A difference is shown with an input that both programs were run on.
#include <fmt/format.h>

#include "cli/equiv_report.hpp"
#include "cli/exploration_flags.hpp"
#include "cli/flags.hpp"
#include "cli/program_source.hpp"
#include "equiv/equivalence.hpp"

namespace probity::cli {
namespace {

struct Flags {
  std::string a;
  std::string b;
  std::string type;
  object::ReadOptions kernel;
  ExplorationFlags exploration;
  equiv::Ignored ignored;
  std::vector<std::string> packet;  ///< values of --ignore-packet
  std::string witness_dir = ".";
  bool no_kernel = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("A", flags.a, "object file, optionally :SECTION or :FUNCTION")->required();
  app.add_option("B", flags.b, "the program to compare it with")->required();
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
  for (const std::string& text : flags.packet) {
    TRY(const symex::PacketRange range, parse_range(text));
    flags.ignored.packet_ranges.push_back(range);
  }
  flags.ignored.packet = app.count("--ignore-packet") > 0 && flags.packet.empty();
  if (flags.witness_dir.empty()) {
    return error(Fault::bad_input, "--witness-dir: the name is empty (. is this folder)");
  }
  return {};
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
  TRY(const object::Image a, load_program(flags.a, flags.type, flags.kernel));
  TRY(const object::Image b, load_program(flags.b, flags.type, flags.kernel));
  TRY(require_checkable(a));
  TRY(require_checkable(b));

  const symex::UseKernel use_kernel =
      flags.no_kernel ? symex::UseKernel::no : symex::UseKernel::yes;
  allow_memory(flags.exploration);
  ShownProgress progress("comparing", wanted_progress(flags.exploration, arguments));
  options.observer = progress.observer();
  const equiv::Question question{{&a}, {&b}, flags.ignored, options, use_kernel};
  TRY(const equiv::Comparison comparison, equiv::compare(question));
  document.summarise(report::SummaryKind::verdicts);
  EquivReport report{document,   document.details(), question,
                     comparison, {flags.a, flags.b}, "equiv"};
  report.overview();
  TRY(report.findings(flags.witness_dir));
  report.unknowns();
  report.verdict();
  return report.outcome();
}

}  // namespace probity::cli
