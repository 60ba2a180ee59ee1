// SPDX-License-Identifier: Apache-2.0
// Writing is the order of docs/json.md. Reading is strict: a member that is unknown, missing or of
// another kind is refused by name, so that a file from a later version is never half understood.
#include "replay/witness_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "packet/packet.hpp"
#include "replay/map_json.hpp"
#include "report/digest.hpp"
#include "report/file.hpp"

namespace probity::replay {
namespace {

using report::Json;
using runtime::Bytes;

constexpr std::uint64_t max_file_bytes = report::max_input_bytes;
/// Of a packet, a key or a value.
constexpr std::size_t max_field_bytes = std::size_t{1} << 20;
constexpr std::uint64_t max_u32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t max_programs = 64;
constexpr std::array<std::string_view, 2> effect_names = {"returns", "fails"};
constexpr std::array<std::string_view, 4> difference_names = {"return_value", "packet", "maps",
                                                              "events"};

std::unexpected<Diagnostic> bad(std::string_view place, std::string_view message) {
  return error(Fault::bad_input, fmt::format("{}: {}", place, message));
}

Json texts(std::span<const std::string> list) {
  Json json = Json::array();
  for (const std::string& text : list) json.push(text);
  return json;
}

Json optional_bytes(const std::optional<Bytes>& bytes) {
  return bytes ? Json(report::hex(*bytes)) : Json();
}

Json ctx_json(const runtime::RunInput& input) {
  Json json = Json::object({{"ingress_ifindex", input.ingress_ifindex},
                            {"rx_queue_index", input.rx_queue_index},
                            {"egress_ifindex", input.egress_ifindex},
                            {"mark", input.mark}});
  for (const runtime::CtxValue& field : input.fields) json[field.name] = field.value;
  return json;
}

Json json_of(const Step& step) {
  Json json = Json::object({{"program", step.program}});
  Json values = Json::array();
  for (const std::uint32_t value : step.continue_on) values.push(value);
  json["continue_on"] = std::move(values);
  return json;
}

void add_told(Json& json, const WitnessInput& input) {
  for (const runtime::GivenAnswer& answer : input.run.answers) {
    json["answers"].push(
        Json::object({{"helper", answer.helper}, {"call", answer.call}, {"value", answer.value}}));
  }
  for (const runtime::GivenRoute& route : input.run.routes) {
    json["routes"].push(Json::object({{"question", report::hex(route.question)},
                                      {"flags", route.flags},
                                      {"answer", route.answer},
                                      {"after", report::hex(route.after)}}));
  }
  for (const runtime::TailStub& stub : input.stubs) {
    json["stubs"].push(Json::object(
        {{"map", stub.map}, {"index", stub.index}, {"return_value", stub.return_value}}));
  }
}

Json json_of(const Expectation& expected) {
  Json json = Json::object({{"effect", effect_names[static_cast<std::size_t>(expected.effect)]}});
  if (expected.effect == Effect::fails) json["slot"] = expected.slot;
  if (expected.return_value) json["return_value"] = *expected.return_value;
  if (expected.packet) json["packet"] = report::hex(*expected.packet);
  if (expected.map_changes) {
    json["map_changes"] = Json::array();
    for (const MapChange& change : *expected.map_changes) {
      json["map_changes"].push(replay::json_of(change));
    }
  }
  if (expected.events) {
    json["events"] = Json::array();
    for (const runtime::OutputEvent& event : *expected.events) {
      json["events"].push(replay::json_of(event));
    }
  }
  return json;
}

/// One object of the file: members are taken by name, and what is left over is refused.
class Members {
 public:
  static Expected<Members> of(const Json& json, std::string place) {
    const auto* members = json.get<Json::Object>();
    if (members == nullptr) return bad(place, "not an object");
    return Members(*members, std::move(place));
  }

  std::string place(std::string_view name) const { return fmt::format("{}: {}", place_, name); }

  const Json* optional(std::string_view name) {
    for (const Json::Member& member : *members_) {
      if (member.first != name) continue;
      ++taken_;
      return &member.second;
    }
    return nullptr;
  }
  Expected<const Json*> required(std::string_view name) {
    const Json* found = optional(name);
    if (found == nullptr) return bad(place_, fmt::format("no member \"{}\"", name));
    return found;
  }
  Expected<std::string> text(std::string_view name) {
    TRY(const Json* const json, required(name));
    const auto* value = json->get<std::string>();
    if (value == nullptr) return bad(place(name), "not text");
    return *value;
  }
  Expected<std::uint64_t> number(std::string_view name, std::uint64_t limit) {
    TRY(const Json* const json, required(name));
    return number_of(*json, place(name), limit);
  }
  Expected<std::uint32_t> number32(std::string_view name) {
    TRY(const std::uint64_t value, number(name, max_u32));
    return static_cast<std::uint32_t>(value);
  }
  Expected<std::span<const Json>> list(std::string_view name) {
    TRY(const Json* const json, required(name));
    return list_of(*json, place(name));
  }
  Expected<Bytes> bytes(std::string_view name) {
    TRY(const std::string digits, text(name));
    return packet::parse_hex(digits, place(name), max_field_bytes);
  }
  Expected<std::vector<std::string>> text_list(std::string_view name) {
    TRY(const std::span<const Json> elements, list(name));
    std::vector<std::string> values;
    for (const Json& element : elements) {
      const auto* value = element.get<std::string>();
      if (value == nullptr) return bad(place(name), "not a list of texts");
      values.push_back(*value);
    }
    return values;
  }
  /// Nothing may be left that nobody asked for.
  Expected<void> finish(std::span<const std::string_view> known) const {
    if (taken_ == members_->size()) return {};
    for (const Json::Member& member : *members_) {
      if (std::ranges::find(known, member.first) != known.end()) continue;
      return bad(place_,
                 fmt::format("unknown member \"{}\" ({})", member.first, fmt::join(known, ", ")));
    }
    return bad(place_, "a member is given twice");
  }

  static Expected<std::uint64_t> number_of(const Json& json, const std::string& place,
                                           std::uint64_t limit) {
    const auto* value = json.get<std::uint64_t>();
    if (value == nullptr) return bad(place, fmt::format("not a whole number (0..{})", limit));
    if (*value > limit) return bad(place, fmt::format("{} is not in 0..{}", *value, limit));
    return *value;
  }
  static Expected<std::span<const Json>> list_of(const Json& json, const std::string& place) {
    const auto* elements = json.get<Json::Array>();
    if (elements == nullptr) return bad(place, "not a list");
    return std::span<const Json>(*elements);
  }

 private:
  Members(const Json::Object& members, std::string place)
      : members_(&members), place_(std::move(place)) {}
  const Json::Object* members_;
  std::string place_;
  std::size_t taken_ = 0;
};

/// A list of things that `parse` reads, each with its number in its place.
template <typename T>
Expected<std::vector<T>> parse_list(const Json& json, const std::string& place,
                                    Expected<T> (*parse)(const Json&, std::string)) {
  TRY(const std::span<const Json> elements, Members::list_of(json, place));
  std::vector<T> list;
  for (const Json& element : elements) {
    TRY(T one, parse(element, fmt::format("{} {}", place, list.size())));
    list.push_back(std::move(one));
  }
  return list;
}

Expected<NamedProgram> parse_program(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  NamedProgram program;
  TRY(program.object, members.text("object"));
  TRY(program.sha256, members.text("sha256"));
  TRY(program.program, members.text("program"));
  TRY(program.type, members.text("type"));
  constexpr std::array<std::string_view, 4> known = {"object", "sha256", "program", "type"};
  TRY(members.finish(known));
  return program;
}

Expected<void> parse_ctx(const Json& json, const std::string& place, runtime::RunInput& input) {
  const auto* fields = json.get<Json::Object>();
  if (fields == nullptr) return bad(place, "not an object of ctx fields");
  const std::array<std::pair<std::string_view, std::uint32_t*>, 4> named = {
      {{"ingress_ifindex", &input.ingress_ifindex},
       {"rx_queue_index", &input.rx_queue_index},
       {"egress_ifindex", &input.egress_ifindex},
       {"mark", &input.mark}}};
  for (const Json::Member& field : *fields) {
    const std::string where = fmt::format("{}: {}", place, field.first);
    const auto known =
        std::ranges::find(named, field.first, [](const auto& row) { return row.first; });
    const std::uint64_t limit =
        known == named.end() ? std::numeric_limits<std::uint64_t>::max() : max_u32;
    TRY(const std::uint64_t value, Members::number_of(field.second, where, limit));
    if (known == named.end()) {
      input.fields.push_back({field.first, value});
    } else {
      *known->second = static_cast<std::uint32_t>(value);
    }
  }
  return {};
}

Expected<std::vector<runtime::MapContents>> parse_contents(const Json& json,
                                                           const std::string& place) {
  const auto* maps = json.get<Json::Object>();
  if (maps == nullptr) return bad(place, "not an object of maps");
  std::vector<runtime::MapContents> all;
  for (const Json::Member& map : *maps) {
    const std::string where = fmt::format("{}: {}", place, map.first);
    TRY(const std::span<const Json> entries, Members::list_of(map.second, where));
    runtime::MapContents contents{map.first, {}};
    for (const Json& element : entries) {
      TRY(Members members, Members::of(element, where));
      runtime::MapEntry entry;
      TRY(entry.key, members.bytes("key"));
      TRY(entry.value, members.bytes("value"));
      constexpr std::array<std::string_view, 2> known = {"key", "value"};
      TRY(members.finish(known));
      contents.entries.push_back(std::move(entry));
    }
    all.push_back(std::move(contents));
  }
  return all;
}

Expected<runtime::GivenAnswer> parse_answer(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  runtime::GivenAnswer answer;
  TRY(answer.helper, members.text("helper"));
  TRY(answer.call, members.number32("call"));
  TRY(answer.value, members.number("value", std::numeric_limits<std::uint64_t>::max()));
  constexpr std::array<std::string_view, 3> known = {"helper", "call", "value"};
  TRY(members.finish(known));
  return answer;
}

Expected<runtime::GivenRoute> parse_route(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  runtime::GivenRoute route;
  TRY(route.question, members.bytes("question"));
  TRY(route.flags, members.number32("flags"));
  TRY(route.answer, members.number32("answer"));
  TRY(route.after, members.bytes("after"));
  constexpr std::array<std::string_view, 4> known = {"question", "flags", "answer", "after"};
  TRY(members.finish(known));
  return route;
}

Expected<runtime::TailStub> parse_stub(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  runtime::TailStub stub;
  TRY(stub.map, members.text("map"));
  TRY(stub.index, members.number32("index"));
  TRY(stub.return_value, members.number("return_value", std::numeric_limits<std::uint64_t>::max()));
  constexpr std::array<std::string_view, 3> known = {"map", "index", "return_value"};
  TRY(members.finish(known));
  return stub;
}

/// Files leave these members out when there is nothing to say.
Expected<void> parse_told(Members& members, WitnessInput& input) {
  if (const Json* const answers = members.optional("answers")) {
    TRY(input.run.answers, parse_list(*answers, members.place("answer"), parse_answer));
  }
  if (const Json* const routes = members.optional("routes")) {
    TRY(input.run.routes, parse_list(*routes, members.place("route"), parse_route));
  }
  if (const Json* const stubs = members.optional("stubs")) {
    TRY(input.stubs, parse_list(*stubs, members.place("stub"), parse_stub));
  }
  return {};
}

Expected<WitnessInput> parse_input(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  WitnessInput input;
  TRY(input.run.packet, members.bytes("packet"));
  TRY(input.run.metadata_size, members.number32("metadata_size"));
  if (input.run.metadata_size > input.run.packet.size()) {
    return bad(members.place("metadata_size"),
               fmt::format("{} is more than the packet's {} bytes", input.run.metadata_size,
                           input.run.packet.size()));
  }
  TRY(const Json* const ctx, members.required("ctx"));
  TRY(parse_ctx(*ctx, members.place("ctx"), input.run));
  TRY(input.run.clock_ns, members.number("clock_ns", std::numeric_limits<std::uint64_t>::max()));
  TRY(input.run.random_seed,
      members.number("random_seed", std::numeric_limits<std::uint64_t>::max()));
  TRY(const Json* const maps, members.required("maps"));
  TRY(input.maps, parse_contents(*maps, members.place("maps")));
  TRY(parse_told(members, input));
  TRY(input.helper_results, members.text_list("helper_results"));
  TRY(input.not_replayable, members.text_list("not_replayable"));
  constexpr std::array<std::string_view, 11> known = {
      "packet",  "metadata_size", "ctx",   "clock_ns",       "random_seed",   "maps",
      "answers", "routes",        "stubs", "helper_results", "not_replayable"};
  TRY(members.finish(known));
  return input;
}

Expected<Step> parse_step(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  Step step;
  TRY(step.program, members.number32("program"));
  TRY(const std::span<const Json> values, members.list("continue_on"));
  for (const Json& element : values) {
    TRY(const std::uint64_t value,
        Members::number_of(element, members.place("continue_on"), max_u32));
    step.continue_on.push_back(static_cast<std::uint32_t>(value));
  }
  constexpr std::array<std::string_view, 2> known = {"program", "continue_on"};
  TRY(members.finish(known));
  return step;
}

Expected<std::optional<Bytes>> optional_bytes_of(Members& members, std::string_view name) {
  TRY(const Json* const json, members.required(name));
  if (json->is_null()) return std::optional<Bytes>();
  const auto* digits = json->get<std::string>();
  if (digits == nullptr) return bad(members.place(name), "neither text nor null");
  TRY(Bytes bytes, packet::parse_hex(*digits, members.place(name), max_field_bytes));
  return std::optional<Bytes>(std::move(bytes));
}

Expected<MapChange> parse_change(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  MapChange change;
  TRY(change.map, members.text("map"));
  TRY(change.key, members.bytes("key"));
  TRY(change.before, optional_bytes_of(members, "before"));
  TRY(change.after, optional_bytes_of(members, "after"));
  constexpr std::array<std::string_view, 4> known = {"map", "key", "before", "after"};
  TRY(members.finish(known));
  return change;
}

Expected<runtime::OutputEvent> parse_event(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  runtime::OutputEvent event;
  TRY(event.helper, members.text("helper"));
  TRY(const std::span<const Json> values, members.list("values"));
  for (const Json& value : values) {
    TRY(const std::uint64_t number, Members::number_of(value, members.place("values"),
                                                       std::numeric_limits<std::uint64_t>::max()));
    event.values.push_back(number);
  }
  TRY(event.data, members.bytes("data"));
  constexpr std::array<std::string_view, 3> known = {"helper", "values", "data"};
  TRY(members.finish(known));
  return event;
}

Expected<Expectation> parse_expectation(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  Expectation expected;
  TRY(const std::string effect, members.text("effect"));
  const auto named = std::ranges::find(effect_names, effect);
  if (named == effect_names.end()) {
    return bad(members.place("effect"),
               fmt::format("\"{}\" is not one of {}", effect, fmt::join(effect_names, ", ")));
  }
  expected.effect = static_cast<Effect>(named - effect_names.begin());
  if (expected.effect == Effect::fails) {
    TRY(expected.slot, members.number32("slot"));
  }
  if (const Json* value = members.optional("return_value")) {
    TRY(const std::uint64_t number,
        Members::number_of(*value, members.place("return_value"), max_u32));
    expected.return_value = static_cast<std::uint32_t>(number);
  }
  if (const Json* value = members.optional("packet")) {
    const auto* digits = value->get<std::string>();
    if (digits == nullptr) return bad(members.place("packet"), "not text");
    TRY(expected.packet, packet::parse_hex(*digits, members.place("packet"), max_field_bytes));
  }
  if (const Json* value = members.optional("map_changes")) {
    TRY(expected.map_changes, parse_list(*value, members.place("map_changes"), parse_change));
  }
  if (const Json* value = members.optional("events")) {
    TRY(expected.events, parse_list(*value, members.place("events"), parse_event));
  }
  constexpr std::array<std::string_view, 6> known = {"effect", "slot",        "return_value",
                                                     "packet", "map_changes", "events"};
  TRY(members.finish(known));
  return expected;
}

Expected<WitnessRun> parse_run(const Json& json, std::string place) {
  TRY(Members members, Members::of(json, std::move(place)));
  WitnessRun run;
  TRY(run.name, members.text("name"));
  TRY(run.input, members.number32("input"));
  TRY(const Json* const chain, members.required("chain"));
  TRY(run.chain, parse_list(*chain, members.place("chain: step"), parse_step));
  TRY(const Json* const expected, members.required("expected"));
  TRY(run.expected, parse_expectation(*expected, members.place("expected")));
  constexpr std::array<std::string_view, 4> known = {"name", "input", "chain", "expected"};
  TRY(members.finish(known));
  return run;
}

/// Numbers of programs and inputs must be there, and something must be run.
Expected<void> require_whole(const WitnessFile& file, std::string_view place) {
  if (file.programs.empty() || file.programs.size() > max_programs) {
    return bad(place, fmt::format("{} programs (1..{})", file.programs.size(), max_programs));
  }
  if (file.runs.empty()) return bad(place, "no runs");
  for (const WitnessRun& run : file.runs) {
    if (run.input >= file.inputs.size()) {
      return bad(place, fmt::format("run \"{}\": input {} of {}", run.name, run.input,
                                    file.inputs.size()));
    }
    if (run.chain.empty()) return bad(place, fmt::format("run \"{}\": no program", run.name));
    for (const Step& step : run.chain) {
      if (step.program < file.programs.size()) continue;
      return bad(place, fmt::format("run \"{}\": program {} of {}", run.name, step.program,
                                    file.programs.size()));
    }
  }
  for (const std::string& difference : file.differences) {
    if (std::ranges::find(difference_names, difference) != difference_names.end()) continue;
    return bad(place, fmt::format("differences: \"{}\" is not one of {}", difference,
                                  fmt::join(difference_names, ", ")));
  }
  return {};
}

Expected<void> require_version(Members& members) {
  TRY(const std::string format, members.text("format"));
  if (format != witness_format) {
    return bad(members.place("format"),
               fmt::format("\"{}\" is not \"{}\"", format, witness_format));
  }
  TRY(const std::uint64_t version,
      members.number("version", std::numeric_limits<std::uint64_t>::max()));
  if (version == witness_version) return {};
  return bad(members.place("version"),
             fmt::format("{}, this program reads {}", version, witness_version));
}

}  // namespace

Json json_of(const MapChange& change) {
  return Json::object({{"map", change.map},
                       {"key", report::hex(change.key)},
                       {"before", optional_bytes(change.before)},
                       {"after", optional_bytes(change.after)}});
}

Json json_of(const runtime::OutputEvent& event) {
  Json values = Json::array();
  for (const std::uint64_t value : event.values) values.push(value);
  return Json::object(
      {{"helper", event.helper}, {"values", std::move(values)}, {"data", report::hex(event.data)}});
}

Json json_of(const WitnessInput& input) {
  Json json = Json::object({{"packet", report::hex(input.run.packet)},
                            {"metadata_size", input.run.metadata_size},
                            {"ctx", ctx_json(input.run)},
                            {"clock_ns", input.run.clock_ns},
                            {"random_seed", input.run.random_seed},
                            {"maps", maps_json(input.maps)},
                            {"helper_results", texts(input.helper_results)},
                            {"not_replayable", texts(input.not_replayable)}});
  add_told(json, input);
  return json;
}

Json json_of(const WitnessFile& file) {
  Json json = Json::object({{"format", witness_format},
                            {"version", witness_version},
                            {"made_by", file.made_by},
                            {"property", file.property},
                            {"text", file.text},
                            {"source", file.source}});
  json["programs"] = Json::array();
  for (const NamedProgram& program : file.programs) {
    json["programs"].push(Json::object({{"object", program.object},
                                        {"sha256", program.sha256},
                                        {"program", program.program},
                                        {"type", program.type}}));
  }
  json["inputs"] = Json::array();
  for (const WitnessInput& input : file.inputs) json["inputs"].push(json_of(input));
  json["runs"] = Json::array();
  for (const WitnessRun& run : file.runs) {
    Json chain = Json::array();
    for (const Step& step : run.chain) chain.push(json_of(step));
    json["runs"].push(Json::object({{"name", run.name},
                                    {"input", run.input},
                                    {"chain", std::move(chain)},
                                    {"expected", json_of(run.expected)}}));
  }
  json["differences"] = texts(file.differences);
  return json;
}

Expected<WitnessFile> parse_witness(const Json& json, std::string_view place) {
  TRY(Members members, Members::of(json, std::string(place)));
  TRY(require_version(members));
  WitnessFile file;
  TRY(file.made_by, members.text("made_by"));
  TRY(file.property, members.text("property"));
  TRY(file.text, members.text("text"));
  TRY(file.source, members.text("source"));
  TRY(const Json* const programs, members.required("programs"));
  TRY(file.programs, parse_list(*programs, members.place("program"), parse_program));
  TRY(const Json* const inputs, members.required("inputs"));
  TRY(file.inputs, parse_list(*inputs, members.place("input"), parse_input));
  TRY(const Json* const runs, members.required("runs"));
  TRY(file.runs, parse_list(*runs, members.place("run"), parse_run));
  TRY(file.differences, members.text_list("differences"));
  constexpr std::array<std::string_view, 10> known = {
      "format", "version",  "made_by", "property", "text",
      "source", "programs", "inputs",  "runs",     "differences"};
  TRY(members.finish(known));
  TRY(require_whole(file, place));
  return file;
}

Expected<void> write_witness(const WitnessFile& file, const std::string& path) {
  return report::write_file_atomically(path, report::print(json_of(file)) + "\n");
}

Expected<WitnessFile> read_witness(const std::string& path) {
  TRY(const std::string text, report::read_input_text(path, max_file_bytes));
  TRY(const Json json, report::parse_json(text, path));
  return parse_witness(json, path);
}

Expected<NamedProgram> name_program(const std::string& object, const program::View& program) {
  NamedProgram named{
      object, {}, std::string(program.name), std::string(program::name(program.type))};
  TRY(named.sha256, report::sha256_of_file(object));
  return named;
}

}  // namespace probity::replay
