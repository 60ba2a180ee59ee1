// SPDX-License-Identifier: Apache-2.0
// The table of verbs, and the one place where an answer becomes text and an exit status. Exceptions
// end here: memory beyond the limit is a named limit, anything else a bug of ours.
#include "cli/verb.hpp"

#include <array>
#include <exception>
#include <new>

#include "base/check.hpp"

namespace probity::cli {
namespace {

constexpr std::array table = {
    Verb{"dump", "Show programs, maps, relocations and disassembly of an object", run_dump},
    Verb{"run", "Run a program on packets: interpreter, live kernel, or both", run_run},
    Verb{"check", "Explore every path: memory safety and specifications", run_check},
    Verb{"equiv", "Prove that two programs behave the same, or show an input that tells",
         run_equiv},
    Verb{"interact", "Programs on one hook: does their order matter, what do maps decide",
         run_interact},
    Verb{"opt", "Make programs smaller or faster; every change is proved", run_opt},
    Verb{"replay", "Run counterexamples again: interpreter, translated code, live kernel",
         run_replay},
    Verb{"prove", "Prove the toolchain's own theorems: translators, instruction tables", run_prove},
    Verb{"test", "Run text corpora (.data files) and compare the results", run_test},
    Verb{"help", "Show this list, or the help of one verb", run_help},
    Verb{"version", "Print the version", run_version},
};

/// Splits the words into verb and arguments. `--json` counts anywhere before a `--`.
Arguments split(std::span<const std::string_view> words) {
  Arguments arguments;
  bool flags_may_follow = true;
  for (const std::string_view word : words) {
    if (word == "--") flags_may_follow = false;
    if (flags_may_follow && word == "--json") {
      arguments.json = true;
    } else if (arguments.verb.empty()) {
      arguments.verb = word;
    } else {
      arguments.words.emplace_back(word);
    }
  }
  if (arguments.verb == "--version") arguments.verb = "version";
  if (arguments.verb == "--help" || arguments.verb == "-h") arguments.verb = "help";
  return arguments;
}

Expected<Outcome> dispatch(const Arguments& arguments, report::Document& document) {
  if (arguments.verb.empty()) {
    return error(Fault::bad_input, "probity: no verb given (see `probity help`)");
  }
  for (const Verb& verb : verbs()) {
    if (verb.name == arguments.verb) return verb.run(arguments, document);
  }
  return error(Fault::bad_input,
               "probity: no verb is named '" + arguments.verb + "' (see `probity help`)");
}

Expected<Outcome> dispatch_safely(const Arguments& arguments, report::Document& document) {
  try {
    return dispatch(arguments, document);
  } catch (const std::bad_alloc&) {
    return error(Fault::limit, "probity: unknown: memory: the limit of this process was reached");
  } catch (const std::exception& exception) {
    return error(Fault::bug, std::string("probity: internal error: ") + exception.what());
  }
}

/// One line, whatever bytes the input smuggled into a message.
std::string line_of(const Diagnostic& diagnostic) {
  std::string line(diagnostic.line());
  for (char& c : line) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return line + "\n";
}

}  // namespace

std::span<const Verb> verbs() {
  return table;
}

Outcome outcome_of(Fault fault) {
  switch (fault) {
    case Fault::bad_input:
    case Fault::unsupported:
    case Fault::system: return Outcome::bad_input;
    case Fault::limit: return Outcome::unknown;
    case Fault::bug: return Outcome::bug;
  }
  PROBITY_UNREACHABLE("fault");
}

Printed run_command(std::span<const std::string_view> words, report::Color color) {
  const Arguments arguments = split(words);
  report::Document document(arguments.verb);
  const Expected<Outcome> outcome = dispatch_safely(arguments, document);
  Printed printed;
  if (!outcome) {
    printed.status = static_cast<int>(outcome_of(outcome.error().fault()));
    printed.err = line_of(outcome.error());
    if (arguments.json) printed.out = render_json_error(document, printed.status, outcome.error());
    return printed;
  }
  printed.status = static_cast<int>(*outcome);
  printed.out =
      arguments.json ? render_json(document, printed.status) : render_text(document, color);
  return printed;
}

}  // namespace probity::cli
