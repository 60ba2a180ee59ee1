// SPDX-License-Identifier: Apache-2.0
// Text first shows one table over all packets, then what each packet changed; long lists are cut
// with a count, the JSON has everything.
#include "cli/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "replay/verdict_name.hpp"

namespace probity::cli {
namespace {

using replay::MapChange;
using replay::verdict_name;
using replay::verdict_text;
using report::Document;
using report::Json;
using report::Tone;
using runtime::Bytes;
using runtime::FaultKind;

constexpr std::size_t max_change_lines = 24;  // of one packet, in text
constexpr std::size_t max_shown_bytes = 32;   // of one range or value, in text

std::string shown(std::span<const std::uint8_t> bytes) {
  if (bytes.size() <= max_shown_bytes) return report::hex(bytes);
  return fmt::format("{}… ({} bytes)", report::hex(bytes.first(max_shown_bytes)), bytes.size());
}

std::string entry_text(const std::optional<Bytes>& bytes) {
  return bytes ? shown(*bytes) : "(none)";
}

bool is_fault(const EngineResult& run) {
  return run.output.fault.kind != FaultKind::none;
}

std::string verdict_of(const program::View& program, const EngineResult& run, bool raw) {
  if (is_fault(run)) return fmt::format("fault: {}", runtime::name(run.output.fault.kind));
  if (raw) return fmt::format("0x{:x}", run.output.return_value);
  return verdict_text(program.type, static_cast<std::uint32_t>(run.output.return_value));
}

/// Ranges of bytes that changed in a packet that kept its length.
std::vector<std::string> byte_changes(const Bytes& before, const Bytes& after) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < before.size();) {
    if (before[i] == after[i]) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < before.size() && before[end] != after[end]) ++end;
    const auto part = [i, end](const Bytes& bytes) {
      return shown(std::span<const std::uint8_t>(bytes).subspan(i, end - i));
    };
    lines.push_back(fmt::format("bytes {}..{}: {} -> {}", i, end - 1, part(before), part(after)));
    i = end;
  }
  return lines;
}

std::vector<std::string> change_lines(const RunItem& item, const EngineResult& run) {
  std::vector<std::string> lines;
  const Bytes& before = item.input.packet;
  const Bytes& after = run.output.packet;
  if (is_fault(run)) {
    lines.push_back(
        fmt::format("fault at slot {}: {}", run.output.fault.slot, run.output.fault.text));
  } else if (before.size() == after.size()) {
    lines = byte_changes(before, after);
  } else {
    lines.push_back(fmt::format("length {} -> {}: {}", before.size(), after.size(), shown(after)));
  }
  for (const MapChange& change : run.changes) {
    lines.push_back(fmt::format("map {}[{}]: {} -> {}", change.map, shown(change.key),
                                entry_text(change.before), entry_text(change.after)));
  }
  for (const runtime::OutputEvent& event : run.output.events) {
    lines.push_back(
        fmt::format("{}({}) {}", event.helper, fmt::join(event.values, ", "), shown(event.data)));
  }
  if (lines.size() > max_change_lines) {
    const std::size_t more = lines.size() - max_change_lines;
    lines.resize(max_change_lines);
    lines.push_back(fmt::format("and {} more (all with --json)", more));
  }
  return lines;
}

void describe_changes(const RunReport& report, Document& document) {
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    std::string text;
    const ItemResult& result = report.results[i];
    // Engines that agree change the same; the first one speaks for all.
    const std::size_t speakers = result.differences.empty() ? 1 : result.engines.size();
    for (std::size_t engine = 0; engine < speakers; ++engine) {
      const EngineResult& run = result.engines[engine];
      for (const std::string& line : change_lines(report.items[i], run)) {
        text += speakers > 1 ? fmt::format("  {}: {}\n", run.engine, line)
                             : fmt::format("  {}\n", line);
      }
    }
    if (!text.empty()) document.code(report.items[i].source + "\n" + text);
    for (const std::string& difference : result.differences) {
      document.note(Tone::bad, fmt::format("{}: {}", report.items[i].source, difference));
    }
  }
}

void describe_table(const RunReport& report, Document& document) {
  const auto has = [&report](auto property) {
    return std::ranges::any_of(report.results, [&property](const ItemResult& result) {
      return std::ranges::any_of(result.engines, property);
    });
  };
  const bool timed =
      has([](const EngineResult& run) { return run.nanoseconds_per_run.has_value(); });
  const bool counted = has([](const EngineResult& run) { return run.output.insns_executed != 0; });
  std::vector<std::string> columns = {"input", "bytes", "engine", "result", "bytes out"};
  if (counted) columns.emplace_back("insns");
  if (timed) columns.emplace_back("ns/run");
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    const RunItem& item = report.items[i];
    for (const EngineResult& run : report.results[i].engines) {
      std::vector<std::string> row = {item.source, fmt::format("{}", item.input.packet.size()),
                                      run.engine,
                                      verdict_of(report.program, run, item.input.raw_memory),
                                      fmt::format("{}", run.output.packet.size())};
      const std::uint64_t insns = run.output.insns_executed;
      if (counted) row.push_back(insns == 0 ? "-" : fmt::format("{}", insns));
      if (timed) row.push_back(fmt::format("{:.1f}", run.nanoseconds_per_run.value_or(0)));
      rows.push_back(std::move(row));
    }
  }
  document.table(std::move(columns), std::move(rows));
}

Json fault_json(const runtime::FaultReport& fault) {
  return Json::object({{"kind", runtime::name(fault.kind)},
                       {"slot", fault.slot},
                       {"address", fault.address},
                       {"size_bytes", fault.size_bytes},
                       {"text", fault.text}});
}

Json bytes_json(const std::optional<Bytes>& bytes) {
  return bytes ? Json(report::hex(*bytes)) : Json();
}

Json engine_json(const program::View& program, const RunItem& item, const EngineResult& run) {
  const auto low_bits = static_cast<std::uint32_t>(run.output.return_value);
  const std::string_view verdict =
      item.input.raw_memory || is_fault(run) ? "" : verdict_name(program.type, low_bits);
  Json json = Json::object({{"engine", run.engine}});
  json["return_value"] = is_fault(run) ? Json() : Json(run.output.return_value);
  json["verdict"] = verdict.empty() ? Json() : Json(verdict);
  json["packet"] = report::hex(run.output.packet);
  if (run.output.insns_executed != 0) json["insns_executed"] = run.output.insns_executed;
  if (run.nanoseconds_per_run) json["nanoseconds_per_run"] = *run.nanoseconds_per_run;
  json["fault"] = is_fault(run) ? fault_json(run.output.fault) : Json();
  json["map_changes"] = Json::array();
  for (const MapChange& change : run.changes) {
    json["map_changes"].push(Json::object({{"map", change.map},
                                           {"key", report::hex(change.key)},
                                           {"before", bytes_json(change.before)},
                                           {"after", bytes_json(change.after)}}));
  }
  json["events"] = Json::array();
  for (const runtime::OutputEvent& event : run.output.events) {
    Json values = Json::array();
    for (const std::uint64_t value : event.values) values.push(value);
    json["events"].push(Json::object({{"helper", event.helper},
                                      {"values", std::move(values)},
                                      {"data", report::hex(event.data)}}));
  }
  return json;
}

void describe_json(const RunReport& report, Json& details) {
  details["program"] = Json::object({{"name", report.program.name},
                                     {"section", report.program.section},
                                     {"type", program::name(report.program.type)},
                                     {"slots", report.program.slots.size()}});
  details["engines"] = Json::array();
  for (const std::string& engine : report.engines) details["engines"].push(engine);
  details["notes"] = Json::array();
  for (const std::string& note : report.notes) details["notes"].push(note);
  details["runs"] = Json::array();
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    Json item = Json::object(
        {{"source", report.items[i].source}, {"input", report::hex(report.items[i].input.packet)}});
    item["engines"] = Json::array();
    for (const EngineResult& run : report.results[i].engines) {
      item["engines"].push(engine_json(report.program, report.items[i], run));
    }
    item["differences"] = Json::array();
    for (const std::string& line : report.results[i].differences) item["differences"].push(line);
    details["runs"].push(std::move(item));
  }
}

bool holds(const ItemResult& result) {
  return result.differences.empty() && std::ranges::none_of(result.engines, is_fault);
}

}  // namespace

void describe_run(const RunReport& report, Document& document) {
  const program::View& program = report.program;
  document.heading(fmt::format("{} ({}): {} slots, {} maps, on {}", program.name,
                               program::name(program.type), program.slots.size(),
                               program.maps.size(), fmt::join(report.engines, " and ")));
  describe_table(report, document);
  describe_changes(report, document);
  for (const std::string& note : report.notes) document.note(Tone::warning, note);
  const auto passed = static_cast<std::uint64_t>(std::ranges::count_if(report.results, holds));
  document.count(report::Tally::passed, passed);
  document.count(report::Tally::failed, report.results.size() - passed);
  const bool agree = std::ranges::all_of(
      report.results, [](const ItemResult& result) { return result.differences.empty(); });
  if (report.engines.size() > 1 && agree) {
    document.note(Tone::good,
                  fmt::format("{} agree on {} of {} inputs", fmt::join(report.engines, " and "),
                              report.results.size(), report.results.size()));
  }
  describe_json(report, document.details());
}

Outcome run_outcome(const RunReport& report) {
  Outcome worst = Outcome::holds;
  for (const ItemResult& result : report.results) {
    if (!result.differences.empty()) return Outcome::refuted;
    for (const EngineResult& run : result.engines) {
      const FaultKind kind = run.output.fault.kind;
      if (kind == FaultKind::none) continue;
      if (kind != FaultKind::out_of_fuel && kind != FaultKind::unsupported) {
        return Outcome::refuted;
      }
      worst = Outcome::unknown;
    }
  }
  return worst;
}

}  // namespace probity::cli
