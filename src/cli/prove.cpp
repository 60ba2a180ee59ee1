// SPDX-License-Identifier: Apache-2.0
// `probity prove SUBJECT`: the toolchain's own theorems. A subject is a row here: its name and the
// obligations that it consists of, each for one target or for all.
#include <array>

#include <fmt/format.h>

#include "cli/flags.hpp"
#include "cli/prove_report.hpp"
#include "opt/rule_proof.hpp"
#include "theorems/facts/facts.hpp"
#include "theorems/isa/isa.hpp"
#include "theorems/jit/jit.hpp"
#include "theorems/lemmas/lemmas.hpp"

namespace probity::cli {
namespace {

using Obligations = std::vector<proof::Obligation>;

constexpr std::uint64_t largest_count = 1'000'000'000;
constexpr unsigned largest_jobs = 1024;

/// One part of a subject. Parts without a target belong to every target.
struct Part {
  std::string_view subject;
  std::string_view target;
  Obligations (*state)();
};

constexpr std::array parts = {
    Part{"jit", "", theorems::lemma_obligations},
    Part{"facts", "", theorems::facts_obligations},
    Part{"isa", "x86_64", theorems::x86_obligations},
    Part{"isa", "rv64", theorems::riscv_obligations},
    Part{"jit", "x86_64", [] { return theorems::jit_obligations(jit::Target::x86_64); }},
    Part{"jit", "rv64", [] { return theorems::jit_obligations(jit::Target::rv64); }},
    Part{"rules", "", opt::rule_obligations},
};

struct Flags {
  std::string subject;
  std::string target;
  ProveRequest request;
  bool no_cache = false;
  bool no_external = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("SUBJECT", flags.subject, "what to prove: jit, isa, rules or facts")->required();
  app.add_option("--target", flags.target, "only for this machine: x86_64 or rv64");
  app.add_option("--only", flags.request.only, "only obligations whose name matches this glob");
  app.add_flag("--list", flags.request.list, "print the names, prove nothing");
  app.add_flag("--cross-check", flags.request.cross_check,
               "ask a second solver everything that rewriting does not settle");
  flags.request.conflicts = solver::Limits{}.conflicts;
  add_number(app, "--conflicts", flags.request.conflicts, {0, largest_count},
             "conflicts a solver stage may use (default 200000)");
  add_number(app, "--jobs", flags.request.jobs, {1u, largest_jobs},
             "obligations proved at a time (default: one per core)");
  app.add_flag("--no-external", flags.no_external, "do not ask z3 or cvc5 where ours give up");
  app.add_flag("--no-cache", flags.no_cache, "neither use nor write remembered verdicts");
}

/// All obligations of a subject; an error names what there is instead.
Expected<Obligations> obligations_of(const Flags& flags) {
  Obligations obligations;
  std::string subjects, targets;
  bool known_target = flags.target.empty();
  const auto add_word = [](std::string& list, std::string_view word) {
    if (!word.empty() && list.find(word) == std::string::npos) {
      list += fmt::format("{}{}", list.empty() ? "" : ", ", word);
    }
  };
  for (const Part& part : parts) {
    add_word(subjects, part.subject);
    if (part.subject != flags.subject) continue;
    add_word(targets, part.target);
    known_target = known_target || part.target == flags.target;
    if (!flags.target.empty() && !part.target.empty() && part.target != flags.target) continue;
    for (proof::Obligation& obligation : part.state()) {
      obligations.push_back(std::move(obligation));
    }
  }
  if (subjects.find(flags.subject) == std::string::npos || obligations.empty()) {
    return error(Fault::bad_input, fmt::format("probity prove: no subject is named '{}' ({})",
                                               flags.subject, subjects));
  }
  if (!known_target) {
    return error(Fault::bad_input, fmt::format("probity prove {}: no target is named '{}' ({})",
                                               flags.subject, flags.target, targets));
  }
  return obligations;
}

}  // namespace

Expected<Outcome> run_prove(const Arguments& arguments, report::Document& document) {
  CLI::App app{
      "proves the toolchain's own theorems: the translators, the instruction tables, the "
      "optimizer's rules"};
  Flags flags;
  declare(app, flags);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  TRY(Obligations obligations, obligations_of(flags));
  flags.request.title = flags.target.empty() ? flags.subject : flags.subject + " " + flags.target;
  flags.request.use_external = !flags.no_external;
  flags.request.use_cache = !flags.no_cache;
  return prove(std::move(obligations), flags.request, document);
}

}  // namespace probity::cli
