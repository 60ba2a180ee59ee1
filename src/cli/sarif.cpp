// SPDX-License-Identifier: Apache-2.0
// Member by member after the standard: a rule is a property (3.49), a place without a source line
// is an address in the object (3.32), a fingerprint (3.27.17) does not depend on slots or columns,
// so that a result keeps it while code around it moves.
#include "cli/sarif.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/digest.hpp"

namespace probity::cli {
namespace {

using report::Json;

constexpr std::string_view schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr std::string_view undecided = "undecided";
constexpr std::uint64_t slot_bytes = 8;

std::string text_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* text = found == nullptr ? nullptr : found->get<std::string>();
  return text == nullptr ? std::string() : *text;
}

std::uint64_t number_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* number = found == nullptr ? nullptr : found->get<std::uint64_t>();
  return number == nullptr ? 0 : *number;
}

std::span<const Json> list_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  const auto* list = found == nullptr ? nullptr : found->get<Json::Array>();
  return list == nullptr ? std::span<const Json>() : std::span<const Json>(*list);
}

Json message(std::string_view text) {
  return Json::object({{"text", text}});
}

/// A path as a URI reference (RFC 3986).
std::string uri_of(std::string_view path) {
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || std::string_view("/._-~").find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return uri;
}

/// "memory bounds" as "memory-bounds".
std::string rule_id(std::string_view property) {
  std::string id(property);
  std::ranges::replace(id, ' ', '-');
  return id;
}

class Log {
 public:
  Log(const Json& details, const SarifSubject& subject) : details_(details), subject_(subject) {}

  Json run() {
    Json results = Json::array();
    for (const Json& finding : list_of(details_, "findings")) results.push(failure(finding));
    for (const Json& unknown : list_of(details_, "unknowns")) results.push(open(unknown));
    Json rules = Json::array();
    for (const std::string& rule : rules_) {
      rules.push(Json::object({{"id", rule_id(rule)}, {"shortDescription", message(rule)}}));
    }
    Json driver = Json::object(
        {{"name", "Probity"}, {"semanticVersion", PROBITY_VERSION}, {"rules", std::move(rules)}});
    Json invocations = Json::array();
    invocations.push(
        Json::object({{"executionSuccessful", true}, {"exitCode", subject_.exit_status}}));
    Json artifacts = Json::array();
    for (const SarifArtifact& artifact : subject_.artifacts) {
      artifacts.push(Json::object({{"location", Json::object({{"uri", uri_of(artifact.object)}})},
                                   {"roles", Json(Json::Array{Json("analysisTarget")})},
                                   {"hashes", Json::object({{"sha-256", artifact.sha256}})}}));
    }
    return Json::object({{"tool", Json::object({{"driver", std::move(driver)}})},
                         {"invocations", std::move(invocations)},
                         {"artifacts", std::move(artifacts)},
                         {"columnKind", "unicodeCodePoints"},
                         {"results", std::move(results)}});
  }

 private:
  std::size_t rule_index(const std::string& property) {
    const auto found = std::ranges::find(rules_, property);
    if (found != rules_.end()) return static_cast<std::size_t>(found - rules_.begin());
    rules_.push_back(property);
    return rules_.size() - 1;
  }

  std::uint64_t artifact_number(const Json& place) const {
    const std::uint64_t number = number_of(place, "artifact");
    return number < subject_.artifacts.size() ? number : 0;
  }
  const SarifArtifact& artifact_of(const Json& place) const {
    return subject_.artifacts[artifact_number(place)];
  }

  /// A place of the details: a source line, or an address in the object.
  Json location(const Json& place) const {
    Json physical = Json::object({});
    if (const std::string file = text_of(place, "file"); !file.empty()) {
      physical["artifactLocation"] = Json::object({{"uri", uri_of(file)}});
      Json region = Json::object({{"startLine", number_of(place, "line")}});
      const std::uint64_t column = number_of(place, "column");
      if (column != 0) region["startColumn"] = column;
      region["snippet"] = message(text_of(place, "text"));
      physical["region"] = std::move(region);
    } else {
      physical["artifactLocation"] = Json::object(
          {{"uri", uri_of(artifact_of(place).object)}, {"index", artifact_number(place)}});
    }
    physical["address"] =
        Json::object({{"relativeAddress", number_of(place, "slot") * slot_bytes},
                      {"length", slot_bytes},
                      {"kind", "instruction"},
                      {"name", fmt::format("slot {}", number_of(place, "slot"))}});
    Json logical = Json::array();
    logical.push(
        Json::object({{"fullyQualifiedName", artifact_of(place).program}, {"kind", "function"}}));
    return Json::object(
        {{"physicalLocation", std::move(physical)}, {"logicalLocations", std::move(logical)}});
  }

  std::string fingerprint(std::string_view property, const Json& place) const {
    const std::string text =
        fmt::format("{}\n{}\n{}\n{}", artifact_of(place).program, property, text_of(place, "file"),
                    text_of(place, "text").empty() ? fmt::format("{}", number_of(place, "slot"))
                                                   : text_of(place, "text"));
    return report::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }

  Json result(const std::string& property, std::string_view text, const Json& place) {
    Json made = Json::object({{"ruleId", rule_id(property)}, {"ruleIndex", rule_index(property)}});
    made["message"] = message(text);
    Json locations = Json::array();
    locations.push(location(place));
    made["locations"] = std::move(locations);
    made["partialFingerprints"] = Json::object({{"place/v1", fingerprint(property, place)}});
    return made;
  }

  Json failure(const Json& finding) {
    const Json* place = finding.find("place");
    const Json nowhere = Json::object({{"slot", number_of(finding, "slot")}});
    Json made = result(text_of(finding, "property"), text_of(finding, "text"),
                       place == nullptr ? nowhere : *place);
    made["kind"] = "fail";
    made["level"] = "error";
    if (const std::span<const Json> steps = list_of(finding, "trail"); !steps.empty()) {
      made["codeFlows"] = code_flows(steps, made);
    }
    Json properties = Json::object({});
    for (const std::string_view name : {"witness", "replays", "files"}) {
      if (const Json* found = finding.find(name)) properties[name] = *found;
    }
    made["properties"] = std::move(properties);
    return made;
  }

  /// The branches on the way, and the place itself.
  Json code_flows(std::span<const Json> steps, const Json& made) const {
    Json locations = Json::array();
    for (const Json& step : steps) {
      const Json* taken = step.find("taken");
      const bool* side = taken == nullptr ? nullptr : taken->get<bool>();
      Json one = location(step);
      one["message"] = message(side != nullptr && *side ? "taken" : "not taken");
      locations.push(Json::object({{"location", std::move(one)}}));
    }
    const Json here = list_of(made, "locations").front();
    locations.push(Json::object({{"location", here}}));
    Json threads = Json::array();
    threads.push(Json::object({{"locations", std::move(locations)}}));
    Json flows = Json::array();
    flows.push(Json::object({{"threadFlows", std::move(threads)}}));
    return flows;
  }

  Json open(const Json& unknown) {
    const Json* place = unknown.find("place");
    const Json nowhere = Json::object({{"slot", number_of(unknown, "slot")}});
    Json made = result(std::string(undecided), text_of(unknown, "reason"),
                       place == nullptr ? nowhere : *place);
    made["kind"] = "open";
    made["level"] = "none";  // 3.27.10: only failures have another
    return made;
  }

  const Json& details_;
  const SarifSubject& subject_;
  std::vector<std::string> rules_;
};

}  // namespace

std::string sarif_log(const Json& details, const SarifSubject& subject) {
  Json runs = Json::array();
  runs.push(Log(details, subject).run());
  const Json log =
      Json::object({{"$schema", schema}, {"version", "2.1.0"}, {"runs", std::move(runs)}});
  return report::print(log) + "\n";
}

}  // namespace probity::cli
