// SPDX-License-Identifier: Apache-2.0
// See opt_report.hpp.
#include "cli/opt_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/opt_diff.hpp"

namespace probity::cli {
namespace {

using opt::GateVerdict;
using opt::ProgramResult;
using report::Json;
using report::Tally;
using report::Tone;

double percent(double before, double after) {
  return before == 0 ? 0 : 100 * (after - before) / before;
}

std::string change_of(double before, double after, int digits) {
  if (before == after) return fmt::format("{:.{}f}", before, digits);
  return fmt::format("{:.{}f} → {:.{}f} ({:+.1f} %)", before, digits, after, digits,
                     percent(before, after));
}

Json pair(double before, double after) {
  return Json::object({{"before", before}, {"after", after}});
}
Json pair(std::uint32_t before, std::uint32_t after) {
  return Json::object({{"before", before}, {"after", after}});
}

std::string_view level(bpf::Cpu cpu) {
  switch (cpu) {
    case bpf::Cpu::v1: return "v1";
    case bpf::Cpu::v2: return "v2";
    case bpf::Cpu::v3: return "v3";
    case bpf::Cpu::v4: return "v4";
  }
  return "?";
}

Json side_json(const std::optional<DiffSide>& side) {
  if (!side) return Json();
  return Json::object({{"slot", side->slot}, {"text", side->text}});
}

Json diff_json(const std::vector<DiffRow>& rows) {
  Json list = Json::array();
  for (const DiffRow& row : rows) {
    if (row.same) continue;
    Json line = Json::object({{"was", side_json(row.was)}, {"is", side_json(row.is)}});
    if (!row.rules.empty()) {
      Json& rules = line["rules"] = Json::array();
      for (const std::string& rule : row.rules) rules.push(rule);
    }
    list.push(std::move(line));
  }
  return list;
}

bool has(const ProgramResult& result, GateVerdict verdict) {
  return std::ranges::any_of(
      result.gates, [verdict](const opt::GateAnswer& answer) { return answer.verdict == verdict; });
}

/// The kernel may refuse what was proved; what else fails contradicts a proof.
bool is_contradicted(const ProgramResult& result) {
  return std::ranges::any_of(result.gates, [](const opt::GateAnswer& answer) {
    const bool by_kernel = answer.gate == "kernel" || answer.gate == "libbpf";
    return answer.verdict == GateVerdict::failed && !by_kernel;
  });
}

}  // namespace

Expected<void> OptReport::program(const ProgramResult& result) {
  const object::Program& program = *result.program;
  document_.heading(fmt::format("program {}", program.name));
  Json row = Json::object({{"name", program.name},
                           {"section", program.section},
                           {"changed", result.is_changed()},
                           {"kept", result.kept},
                           {"cpu", level(result.cpu)}});
  row["milliseconds"] = std::chrono::duration<double, std::milli>(result.spent).count();
  if (!result.kept.empty())
    document_.note(Tone::warning, "it keeps the code that it had: " + result.kept);
  if (result.before) {
    costs(result, row);
    gates(result, row);
    TRY(changes(result, row));
  }
  undone(result, row);
  Json& notes = row["notes"] = Json::array();
  for (const std::string& note : result.notes) {
    document_.note(Tone::plain, note);
    notes.push(note);
  }
  document_.count(is_contradicted(result) ? Tally::failed
                  : result.kept.empty()   ? Tally::passed
                                          : Tally::skipped,
                  1);
  document_.details()["programs"].push(std::move(row));
  return {};
}

void OptReport::costs(const ProgramResult& result, Json& row) {
  const opt::Measure& old_cost = result.old_cost;
  const opt::Measure& new_cost = result.new_cost;
  const std::string jit = result.jit_of_kernel ? "kernel's JIT" : "our JIT";
  std::vector<std::pair<std::string, std::string>> fields = {
      {"slots", change_of(old_cost.slots, new_cost.slots, 0)},
      {"bytes of " + jit, change_of(old_cost.jit_bytes, new_cost.jit_bytes, 0)},
      {"processed by the verifier", change_of(old_cost.processed, new_cost.processed, 0)},
      {"ns by the table", change_of(old_cost.table_ns, new_cost.table_ns, 1) + ", weights from " +
                              result.weights_from},
      {"ns measured", fmt::format("{} ({}; an empty program: {:.1f})",
                                  change_of(old_cost.run_ns, new_cost.run_ns, 1), result.timed_on,
                                  result.empty_ns)},
      {"insns up to", std::string(level(result.cpu))}};
  std::erase_if(fields, [&](const auto& field) {
    return (field.first == "ns measured" && result.timed_on.empty()) ||
           (field.first.starts_with("processed") && old_cost.processed == 0);
  });
  document_.fields(std::move(fields));
  row["slots"] = pair(old_cost.slots, new_cost.slots);
  row["jit"] = result.jit_of_kernel ? "kernel" : "own";
  row["jit_bytes"] = pair(old_cost.jit_bytes, new_cost.jit_bytes);
  row["processed"] = pair(old_cost.processed, new_cost.processed);
  row["table_ns"] = pair(old_cost.table_ns, new_cost.table_ns);
  row["weights_from"] = result.weights_from;
  row["run_ns"] = pair(old_cost.run_ns, new_cost.run_ns);
  row["empty_ns"] = result.empty_ns;
  row["timed_on"] = result.timed_on;
}

void OptReport::gates(const ProgramResult& result, Json& row) {
  Json& list = row["gates"] = Json::array();
  std::vector<std::vector<std::string>> lines;
  for (const opt::GateAnswer& answer : result.gates) {
    const std::string verdict(opt::name(answer.verdict));
    lines.push_back({answer.gate, verdict, answer.text});
    list.push(Json::object({{"gate", answer.gate}, {"verdict", verdict}, {"text", answer.text}}));
  }
  if (!lines.empty()) document_.table({"gate", "", ""}, std::move(lines));
}

Expected<void> OptReport::changes(const ProgramResult& result, Json& row) {
  Json& applied = row["applied"] = Json::array();
  for (const opt::Applied& change : result.applied) {
    applied.push(Json::object({{"rule", change.rule},
                               {"slot", change.old_slot},
                               {"was", change.was},
                               {"is", change.is}}));
  }
  row["diff"] = Json::array();
  if (!result.is_changed()) {
    if (result.kept.empty()) document_.note(Tone::plain, "nothing to improve");
    return {};
  }
  const opt::Request& request = request_.program;
  TRY(const object::Image was, opt::image_of(object_, *result.program, *result.before, request));
  TRY(const object::Image is, opt::image_of(object_, *result.program, *result.after, request));
  const std::vector<DiffRow> rows = diff_programs(result, was.view(), is.view());
  document_.code(print(rows));
  row["diff"] = diff_json(rows);
  return {};
}

void OptReport::undone(const ProgramResult& result, Json& row) {
  Json& list = row["undone"] = Json::array();
  std::vector<std::vector<std::string>> lines;
  for (const opt::Undone& change : result.undone) {
    lines.push_back({change.rule, std::to_string(change.old_slot), change.why});
    list.push(
        Json::object({{"rule", change.rule}, {"slot", change.old_slot}, {"why", change.why}}));
  }
  if (!lines.empty()) document_.table({"undone", "slot", "why"}, std::move(lines));
}

void OptReport::totals(const opt::ObjectResult& result) {
  std::uint32_t before = 0;
  std::uint32_t after = 0;
  for (const ProgramResult& program : result.programs) {
    before += program.old_cost.slots;
    after += program.new_cost.slots;
  }
  document_.heading("object");
  document_.fields({{"programs", std::to_string(result.programs.size())},
                    {"slots of all programs", change_of(before, after, 0)},
                    {"costs", request_.program.costs.source()}});
  document_.details()["slots"] = pair(before, after);
  document_.details()["costs"] = request_.program.costs.source();
}

Outcome outcome_of(const opt::ObjectResult& result) {
  if (std::ranges::any_of(result.programs, is_contradicted)) return Outcome::bug;
  const auto unknown = [](const ProgramResult& program) {
    return has(program, GateVerdict::unknown);
  };
  return std::ranges::any_of(result.programs, unknown) ? Outcome::unknown : Outcome::holds;
}

}  // namespace probity::cli
