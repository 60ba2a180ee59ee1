// SPDX-License-Identifier: Apache-2.0
// The commands of `probity`: one row and one file each. A verb fills a Document and answers with an
// Outcome or a Diagnostic; `run_command` renders, prints, and turns the answer into the exit
// status. Verbs never print and never exit by themselves, so every one of them can be called from a
// test. How a verb looks:
//
//   Expected<Outcome> run_dump(const Arguments& arguments, report::Document& document) {
//     CLI::App app{"…"};                                                     // cli/flags.hpp, .cpp
//     files only app.add_option("FILE", …)->required(); TRY(const Parsed parsed, parse_flags(app,
//     arguments, document)); if (parsed == Parsed::help) return Outcome::holds; …
//   }
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "report/document.hpp"

namespace probity::cli {

/// The exit status.
enum class Outcome : std::uint8_t {
  holds = 0,      ///< proved, passed, done
  refuted = 1,    ///< a counterexample, a failed test, engines that disagree
  unknown = 2,    ///< no answer, or a named limit was reached
  bad_input = 4,  ///< bad usage or bad input; one line on stderr
  bug = 70,       ///< ours
};
/// The status of a command that ended with this fault.
Outcome outcome_of(Fault fault);

/// The words after the verb; `--json` has been taken out.
struct Arguments {
  std::string verb;
  std::vector<std::string> words;
  bool json = false;
};

struct Verb {
  std::string_view name;
  std::string_view summary;  ///< one line, as `probity help` shows it
  Expected<Outcome> (*run)(const Arguments& arguments, report::Document& document);
};
/// All verbs, in the order of the manual.
std::span<const Verb> verbs();

// One per file: help.cpp, version.cpp, dump.cpp, run.cpp, check.cpp, equiv.cpp, interact.cpp, …
Expected<Outcome> run_help(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_version(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_dump(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_run(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_check(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_equiv(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_interact(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_opt(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_prove(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_replay(const Arguments& arguments, report::Document& document);
Expected<Outcome> run_test(const Arguments& arguments, report::Document& document);

/// What the command printed, for tests that call it in process.
struct Printed {
  int status = 0;
  std::string out;
  std::string err;
};
/// Runs a whole command line (without the program's name). Never throws.
Printed run_command(std::span<const std::string_view> words, report::Color color);

}  // namespace probity::cli
