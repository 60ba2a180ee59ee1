// SPDX-License-Identifier: Apache-2.0
// `probity help [VERB]`: the table of verbs and the exit statuses, or the help of one verb. The
// verbs are read from the table in verb.cpp, so a new one is listed here by being there.
#include "cli/flags.hpp"

namespace probity::cli {
namespace {

constexpr std::string_view exit_statuses =
    "Exit status: 0 holds or done, 1 refuted with a counterexample, 2 unknown or a limit reached,\n"
    "4 bad usage or bad input (one line on stderr), 70 a bug in probity.\n";

Expected<Outcome> help_of(const std::string& name, report::Document& document) {
  for (const Verb& verb : verbs()) {
    if (verb.name == name) return verb.run(Arguments{name, {"--help"}, false}, document);
  }
  return error(Fault::bad_input,
               "probity help: no verb is named '" + name + "' (see `probity help`)");
}

}  // namespace

Expected<Outcome> run_help(const Arguments& arguments, report::Document& document) {
  CLI::App app{"Show what probity can do, or the help of one verb."};
  std::string name;
  app.add_option("VERB", name, "The verb to explain");
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  if (!name.empty()) return help_of(name, document);
  document.note(report::Tone::plain, "probity: check, run and inspect eBPF programs.");
  document.note(report::Tone::plain, "Usage: probity VERB [ARGUMENTS] [--json]\n");
  std::vector<std::pair<std::string, std::string>> rows;
  report::Json& list = document.details()["verbs"];
  for (const Verb& verb : verbs()) {
    rows.emplace_back(verb.name, verb.summary);
    list.push(report::Json::object({{"name", verb.name}, {"summary", verb.summary}}));
  }
  document.fields(std::move(rows));
  document.note(report::Tone::plain, "");
  document.code(std::string(exit_statuses));
  return Outcome::holds;
}

}  // namespace probity::cli
