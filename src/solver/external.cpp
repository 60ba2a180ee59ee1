// SPDX-License-Identifier: Apache-2.0
// The table of engines, the script that is sent, and the way back from printed values to a model.
// Values of uninterpreted functions are read through fresh variables that the script equates with
// each application and its arguments, so no solver's notation for functions has to be parsed.
#include "solver/external.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "solver/process.hpp"
#include "solver/smt2_answer.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Model;

struct ExternalEngine {
  std::string_view name;
  std::string_view program;
  std::vector<std::string> arguments;
  std::string path;  // empty: not on PATH
};

const std::vector<ExternalEngine>& engines() {
  static const std::vector<ExternalEngine> table = [] {
    std::vector<ExternalEngine> rows{
        {"cvc5", "cvc5", {"--lang=smt2", "--quiet", "-"}, {}},
        {"cvc5-int", "cvc5", {"--lang=smt2", "--quiet", "--solve-bv-as-int=sum", "-"}, {}},
        {"z3", "z3", {"-smt2", "-in"}, {}},
    };
    for (ExternalEngine& row : rows) row.path = find_on_path(row.program);
    return rows;
  }();
  return table;
}

const ExternalEngine* find(std::string_view name) {
  const auto row = std::ranges::find(engines(), name, &ExternalEngine::name);
  return row == engines().end() ? nullptr : &*row;
}

/// The query in a store of its own, with a variable equal to every value the model needs.
struct Script {
  term::Store store{term::RewriteOptions{.linear_sums = false,
                                         .split_products = false,
                                         .distribute = false,
                                         .difference_equality = false,
                                         .local = false}};
  std::vector<Id> copy_of;
  std::string prefix =
      "probe";  // of the names of those variables; no variable of the query starts so
  std::string text;

  std::string probe_name(std::size_t application, std::string_view part) const {
    return prefix + "." + std::to_string(application) + "." + std::string(part);
  }
};

Script make_script(const term::Store& store, std::span<const Id> assertions, const Leaves& leaves) {
  Script script;
  std::vector<Id> copies;
  const auto copy = [&](Id a) { return script.store.import(store, a, script.copy_of); };
  const auto probe = [&](Id a, const std::string& name) {
    copies.push_back(script.store.eq(script.store.var(store.width(a), name), copy(a)));
  };
  while (std::ranges::any_of(leaves.variables, [&](Id variable) {
    return store.name(variable).starts_with(script.prefix);
  })) {
    script.prefix += "-";
  }
  for (const Id assertion : assertions) copies.push_back(copy(assertion));
  for (std::size_t i = 0; i < leaves.applications.size(); ++i) {
    const Id application = leaves.applications[i];
    const std::span<const Id> arguments = store.args(application);
    probe(application, script.probe_name(i, "value"));
    for (std::size_t j = 0; j < arguments.size(); ++j) {
      probe(arguments[j], script.probe_name(i, std::to_string(j)));
    }
  }
  script.text = print_smt2(script.store, copies, term::WithModel::yes);
  return script;
}

Model make_model(const term::Store& store, const Leaves& leaves, const Script& script,
                 const Smt2Answer& answer) {
  Model model;
  const auto value_of = [&](std::string_view name) {
    const auto found = answer.values.find(name);
    return found == answer.values.end() ? term::Value{0} : found->second;
  };
  for (const Id variable : leaves.variables) model.set(variable, value_of(store.name(variable)));
  for (std::size_t i = 0; i < leaves.applications.size(); ++i) {
    const Id application = leaves.applications[i];
    std::vector<term::Value> arguments;
    for (std::size_t j = 0; j < store.args(application).size(); ++j) {
      arguments.push_back(value_of(script.probe_name(i, std::to_string(j))));
    }
    model.set_apply(store.function(application), arguments,
                    value_of(script.probe_name(i, "value")));
  }
  return model;
}

std::string describe_end(const ProcessResult& result, std::uint32_t wall_ms) {
  switch (result.end) {
    case ProcessResult::End::wall_limit: return "wall guard " + std::to_string(wall_ms) + " ms";
    case ProcessResult::End::output_limit: return "output limit";
    case ProcessResult::End::signalled: return "killed by signal " + std::to_string(result.status);
    case ProcessResult::End::exited: return "exit status " + std::to_string(result.status);
  }
  return {};
}

}  // namespace

bool is_known(std::string_view engine) {
  return find(engine) != nullptr;
}

bool is_available(std::string_view engine) {
  const ExternalEngine* row = find(engine);
  return row != nullptr && !row->path.empty();
}

std::vector<std::string> available_external() {
  std::vector<std::string> names;
  for (const ExternalEngine& row : engines()) {
    if (!row.path.empty()) names.emplace_back(row.name);
  }
  return names;
}

std::string external_version(std::string_view engine) {
  const ExternalEngine* row = find(engine);
  struct stat info {};
  if (row == nullptr || ::stat(row->path.c_str(), &info) != 0) return "absent";
  return row->path + ":" + std::to_string(info.st_size) + ":" + std::to_string(info.st_mtime);
}

Answer ask(std::string_view engine, const term::Store& store, std::span<const Id> assertions,
           const Leaves& leaves, std::uint32_t wall_ms) {
  const ExternalEngine* row = find(engine);
  Answer answer;
  answer.engine = engine;
  const Script script = make_script(store, assertions, leaves);
  const auto result =
      run_process(row->path, row->arguments, script.text, ProcessLimits{.wall_ms = wall_ms});
  if (!result) {
    answer.reason = std::string(result.error().line());
    return answer;
  }
  answer.stats.cpu_seconds = result->cpu_seconds;
  const auto parsed = parse_smt2_answer(result->output);
  if (!parsed) {
    answer.reason = describe_end(*result, wall_ms) + "; " + std::string(parsed.error().line());
    return answer;
  }
  if (parsed->status == Status::unknown) {
    answer.reason = "answered unknown";
    return answer;
  }
  if (parsed->status == Status::sat) {
    answer.model = make_model(store, leaves, script, *parsed);
    if (!satisfies(store, answer.model, assertions)) {
      answer.model = {};
      answer.reason = "model of " + answer.engine + " does not satisfy the query";
      return answer;
    }
  }
  answer.status = parsed->status;
  return answer;
}

}  // namespace probity::solver
