// SPDX-License-Identifier: Apache-2.0
// The report is made of proof::Result alone, so tests call it with obligations of their own.
#include "cli/prove_report.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <chrono>

#include "proof/cache.hpp"
#include "proof/canonical.hpp"
#include "report/file.hpp"
#include "report/progress.hpp"

namespace probity::cli {
namespace {

using proof::Obligation;
using proof::Refuted;
using proof::Result;
using proof::Unknown;
using report::Document;
using report::Json;
using report::Tally;
using report::Tone;

constexpr std::size_t slowest_shown = 10;
/// Below this an obligation is not worth naming.
constexpr double slow_seconds = 0.001;

std::string hexadecimal(term::Value value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const auto low = static_cast<std::uint64_t>(value);
  return high == 0 ? fmt::format("{:#x}", low) : fmt::format("{:#x}{:016x}", high, low);
}

std::string_view verdict_word(const Result& result) {
  if (proof::is_proved(result)) return "proved";
  return std::holds_alternative<Refuted>(result.verdict) ? "refuted" : "unknown";
}

Json json_of(const Refuted& refuted) {
  Json variables = Json::object({});
  for (const auto& [name, value] : refuted.variables) variables[name] = hexadecimal(value);
  return Json::object({{"conclusion", refuted.conclusion},
                       {"variables", std::move(variables)},
                       {"replay", refuted.replay}});
}

Json json_of(const Result& result) {
  Json json = Json::object({{"name", result.name},
                            {"provenance", result.provenance},
                            {"verdict", std::string(verdict_word(result))},
                            {"conclusions", result.effort.conclusions},
                            {"by_rewriting", result.effort.by_rewriting},
                            {"shared", result.effort.shared},
                            {"remembered", result.effort.remembered},
                            {"solved", result.effort.solved},
                            {"from_cache", result.from_cache},
                            {"cpu_seconds", result.cpu_seconds}});
  if (!result.cross_checked.empty()) json["cross_checked"] = result.cross_checked;
  if (result.our_bug) json["our_bug"] = true;
  if (const auto* proved = std::get_if<proof::Proved>(&result.verdict)) {
    json["engine"] = proved->engine;
  } else if (const auto* refuted = std::get_if<Refuted>(&result.verdict)) {
    json["engine"] = refuted->engine;
    json["counterexample"] = json_of(*refuted);
  } else {
    json["reason"] = std::get<Unknown>(result.verdict).reason;
  }
  return json;
}

bool is_unconfirmed(const Result& result) {
  return result.cross_checked.find("not cross-checked") != std::string::npos;
}

/// Sums over all results.
struct Totals {
  proof::Effort effort;
  double cpu_seconds = 0;
  std::size_t unconfirmed = 0;  ///< proved, but no second engine said so
  bool our_bug = false;
};

Totals totals_of(std::span<const Result> results) {
  Totals totals;
  for (const Result& result : results) {
    totals.effort.conclusions += result.effort.conclusions;
    totals.effort.by_rewriting += result.effort.by_rewriting;
    totals.effort.shared += result.effort.shared;
    totals.effort.remembered += result.effort.remembered;
    totals.effort.solved += result.effort.solved;
    totals.cpu_seconds += result.cpu_seconds;
    totals.unconfirmed += is_unconfirmed(result) ? 1 : 0;
    totals.our_bug |= result.our_bug;
  }
  return totals;
}

class Report {
 public:
  Report(Document& document, std::span<const Result> results)
      : document_(document), results_(results), totals_(totals_of(results)) {}

  void counts(double wall_seconds) {
    for (const Result& result : results_) {
      document_.count(proof::is_proved(result)                          ? Tally::proved
                      : std::holds_alternative<Refuted>(result.verdict) ? Tally::refuted
                                                                        : Tally::unknown,
                      1);
    }
    const proof::Effort& effort = totals_.effort;
    document_.fields(
        {{"obligations",
          fmt::format("{}: {} proved, {} refuted, {} unknown", results_.size(),
                      document_.counted(Tally::proved), document_.counted(Tally::refuted),
                      document_.counted(Tally::unknown))},
         {"conclusions", fmt::format("{}: {} by rewriting, {} shared, {} remembered, {} solved",
                                     effort.conclusions, effort.by_rewriting, effort.shared,
                                     effort.remembered, effort.solved)},
         {"time", fmt::format("{:.2f} s, CPU {:.2f} s", wall_seconds, totals_.cpu_seconds)}});
    Json& details = document_.details();
    details["cpu_seconds"] = totals_.cpu_seconds;
    details["wall_seconds"] = wall_seconds;
    details["conclusions"] = Json::object({{"all", effort.conclusions},
                                           {"by_rewriting", effort.by_rewriting},
                                           {"shared", effort.shared},
                                           {"remembered", effort.remembered},
                                           {"solved", effort.solved}});
    Json list = Json::array();
    for (const Result& result : results_) list.push(json_of(result));
    details["obligations"] = std::move(list);
  }

  void slowest() {
    std::vector<const Result*> order;
    for (const Result& result : results_) {
      if (result.cpu_seconds >= slow_seconds) order.push_back(&result);
    }
    std::ranges::stable_sort(order, std::ranges::greater{}, &Result::cpu_seconds);
    if (order.size() > slowest_shown) order.resize(slowest_shown);
    if (order.empty()) return;
    std::vector<std::vector<std::string>> rows;
    for (const Result* result : order) {
      rows.push_back({fmt::format("{:.3f}", result->cpu_seconds),
                      fmt::format("{}", result->effort.conclusions),
                      fmt::format("{}", result->effort.solved), result->name});
    }
    document_.table({"CPU s", "conclusions", "solved", "slowest"}, std::move(rows));
  }

  void failures() {
    for (const Result& result : results_) {
      if (const auto* refuted = std::get_if<Refuted>(&result.verdict)) {
        refutation(result, *refuted);
      } else if (const auto* unknown = std::get_if<Unknown>(&result.verdict)) {
        document_.note(
            result.our_bug ? Tone::bad : Tone::warning,
            fmt::format("unknown: {} ({}): {}", result.name, result.provenance, unknown->reason));
      }
    }
  }

  Outcome outcome() {
    for (const Result& result : results_) {
      if (!is_unconfirmed(result)) continue;
      document_.note(Tone::warning, fmt::format("{}: {}", result.name, result.cross_checked));
    }
    if (totals_.unconfirmed > 0) {
      document_.note(Tone::warning,
                     fmt::format("cross-check: {} of {} obligations are not confirmed by a second "
                                 "solver",
                                 totals_.unconfirmed, results_.size()));
    }
    document_.details()["unconfirmed"] = totals_.unconfirmed;
    if (totals_.our_bug) return Outcome::bug;
    if (document_.counted(Tally::refuted) > 0) return Outcome::refuted;
    if (document_.counted(Tally::unknown) > 0 || totals_.unconfirmed > 0) return Outcome::unknown;
    document_.note(Tone::good, fmt::format("proved: all {}", results_.size()));
    return Outcome::holds;
  }

 private:
  void refutation(const Result& result, const Refuted& refuted) {
    std::string line = fmt::format("refuted: {} ({})", result.name, result.provenance);
    if (!refuted.conclusion.empty()) line += ": " + refuted.conclusion;
    document_.note(Tone::bad, std::move(line));
    if (!refuted.replay.empty()) {
      document_.code(refuted.replay);
      return;
    }
    std::string text;
    for (const auto& [name, value] : refuted.variables) {
      text += fmt::format("  {} = {}\n", name, hexadecimal(value));
    }
    document_.code(std::move(text));
  }

  Document& document_;
  std::span<const Result> results_;
  Totals totals_;
};

/// What our theorems are a function of: the bytes of this executable. Empty when they cannot be
/// read: then every obligation is stated anew.
std::string executable_identity() {
  const auto bytes = report::read_input("/proc/self/exe", std::uint64_t{1} << 30);
  if (!bytes) return {};
  const proof::Hash128 hash =
      proof::hash_bytes({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

void list(std::span<const Obligation> obligations, Document& document) {
  std::string text;
  Json names = Json::array();
  for (const Obligation& obligation : obligations) {
    text += obligation.name + "\n";
    names.push(Json::object({{"name", obligation.name}, {"provenance", obligation.provenance}}));
  }
  document.code(std::move(text));
  document.details()["obligations"] = std::move(names);
}

}  // namespace

std::vector<Obligation> select(std::vector<Obligation> obligations, const std::string& glob) {
  if (glob.empty()) return obligations;
  std::erase_if(obligations, [&](const Obligation& obligation) {
    return fnmatch(glob.c_str(), obligation.name.c_str(), 0) != 0;
  });
  return obligations;
}

Expected<Outcome> prove(std::vector<Obligation> obligations, const ProveRequest& request,
                        Document& document) {
  document.summarise(report::SummaryKind::verdicts);
  const std::size_t all = obligations.size();
  obligations = select(std::move(obligations), request.only);
  if (obligations.empty()) {
    return error(Fault::bad_input, fmt::format("prove {}: --only '{}' matches none of {} names",
                                               request.title, request.only, all));
  }
  document.details()["subject"] = request.title;
  document.details()["stated"] = all;
  document.details()["selected"] = obligations.size();
  if (request.list) {
    list(obligations, document);
    return Outcome::holds;
  }
  document.heading("prove " + request.title);
  proof::Options options;
  options.solver.limits.conflicts = request.conflicts;
  options.solver.external =
      request.use_external ? solver::External::fallback : solver::External::none;
  options.workers = request.jobs;
  options.cross_check = request.cross_check ? proof::CrossCheck::yes : proof::CrossCheck::no;
  const auto warn = [&document](std::string_view line) {
    document.note(Tone::warning, fmt::format("warning: {}", line));
  };
  const auto cache = request.use_cache ? proof::open_default_cache(warn) : nullptr;
  options.cache = cache.get();
  if (cache) options.identity = executable_identity();
  std::vector<Result> results;
  const auto start = std::chrono::steady_clock::now();
  {
    report::Progress progress("proving");
    options.on_progress = [&](std::size_t done, std::size_t count, const Result& result) {
      progress.update(done, count, result.name);
    };
    results = proof::discharge(obligations, options);
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  Report report(document, results);
  report.counts(wall.count());
  report.slowest();
  report.failures();
  return report.outcome();
}

}  // namespace probity::cli
