// SPDX-License-Identifier: Apache-2.0
// See opt_rules.hpp.
#include "cli/opt_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/file.hpp"

namespace probity::cli {
namespace {

using opt::LearntRow;
using report::Json;

constexpr std::size_t most_rows = 1000;
constexpr std::uint64_t most_bytes = 1 << 20;

Expected<LearntRow> parse_row(const Json& json, const std::string& place) {
  LearntRow row;
  const auto take = [&](std::string_view key, std::string& text) -> Expected<void> {
    const Json* const value = json.find(key);
    const auto* found = value == nullptr ? nullptr : value->get<std::string>();
    if (found == nullptr)
      return error(Fault::bad_input, fmt::format("{}: no text \"{}\"", place, key));
    text = *found;
    return {};
  };
  TRY(take("name", row.name));
  TRY(take("pattern", row.pattern));
  TRY(take("conditions", row.conditions));
  TRY(take("replacement", row.replacement));
  return row;
}

Json row_json(const LearntRow& row) {
  return Json::object({{"name", row.name},
                       {"pattern", row.pattern},
                       {"conditions", row.conditions},
                       {"replacement", row.replacement}});
}

}  // namespace

proof::Options rule_proofs(proof::Cache* cache) {
  proof::Options options;
  options.solver = opt::row_solver;
  options.cache = cache;
  options.workers = 1;
  return options;
}

Expected<RulesFile> read_rules(const std::string& path, const proof::Options& options) {
  RulesFile file;
  if (path.empty()) return file;
  TRY(const std::string text, report::read_input_text(path, most_bytes));
  TRY(const Json json, report::parse_json(text, path));
  const Json* const kind = json.find("probity");
  const auto* const word = kind == nullptr ? nullptr : kind->get<std::string>();
  const Json* const list = json.find("rules");
  const auto* const rows = list == nullptr ? nullptr : list->get<Json::Array>();
  if (word == nullptr || *word != "rules" || rows == nullptr)
    return error(Fault::bad_input, path + ": not a file of rules ({\"probity\": \"rules\", …})");
  if (rows->size() > most_rows)
    return error(Fault::bad_input,
                 fmt::format("{}: {} rules, at most {}", path, rows->size(), most_rows));
  for (const Json& one : *rows) {
    TRY(LearntRow row, parse_row(one, fmt::format("{}: rule {}", path, file.rows.size() + 1)));
    if (std::ranges::find(file.rows, row.name, &LearntRow::name) != file.rows.end())
      return error(Fault::bad_input, fmt::format("{}: rule '{}' is there twice", path, row.name));
    auto rule = opt::prove_row(row, options);
    if (!rule) return error(rule.error().fault(), fmt::format("{}: {}", path, rule.error().line()));
    file.rows.push_back(std::move(row));
    file.rules.push_back(*std::move(rule));
  }
  return file;
}

Json rules_json(const RulesFile& given, const opt::search::Lesson& lesson) {
  Json rows = Json::array();
  for (const LearntRow& row : given.rows) rows.push(row_json(row));
  for (const opt::search::Learnt& learnt : lesson.rules) {
    if (std::ranges::find(given.rows, learnt.row.name, &LearntRow::name) != given.rows.end())
      continue;
    Json row = row_json(learnt.row);
    row["rewrites"] = learnt.rewrites;
    row["places"] = learnt.places;
    rows.push(std::move(row));
  }
  return rows;
}

}  // namespace probity::cli
