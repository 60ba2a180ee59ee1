// SPDX-License-Identifier: Apache-2.0
// See verdict_rows.hpp. Maps are made as the corpus describes them; an lddw of a map keeps the
// map's index as immediate, as in every linked program.
#include "verdict_rows.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/arena.hpp"
#include "corpus_rows.hpp"
#include "program/flow.hpp"
#include "program/validate.hpp"

namespace probity::corpus {
namespace {

using program::MapType;
using program::ProgType;

template <typename T>
std::optional<T> named(std::string_view word, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (program::name(static_cast<T>(i)) == word) return static_cast<T>(i);
  }
  return std::nullopt;
}

std::vector<bpf::Slot> slots_of(const std::string& hex) {
  const runtime::Bytes bytes = bytes_of_hex(hex);
  std::vector<bpf::Slot> slots(bytes.size() / sizeof(bpf::Slot));
  std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(bpf::Slot));
  return slots;
}

/// Types whose programs `check` explores.
bool is_checked(ProgType type) {
  return type == ProgType::xdp || type == ProgType::sched_cls || type == ProgType::sched_act ||
         type == ProgType::socket_filter || type == ProgType::cgroup_skb;
}

/// A program as the loader would have made it.
object::Image image_of(const std::string& name, std::vector<bpf::Slot> slots, ProgType type) {
  object::Image image = object::image_from_slots(name, slots, type);
  std::vector<std::byte> scratch(64 * image.slots.size() + 4096);
  Arena arena(scratch);
  const auto subprogs = program::find_subprogs(image.slots, arena);
  if (subprogs) image.subprogs.assign(subprogs->begin(), subprogs->end());
  return image;
}

Expected<std::vector<Json>> read_lines(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return error(Fault::bad_input, fmt::format("{}: cannot be read", file.string()));
  std::vector<Json> rows;
  for (std::string line; std::getline(in, line);) {
    rows.push_back(Json::parse(line, nullptr, false));
    if (!rows.back().is_discarded()) continue;
    return error(Fault::bad_input, fmt::format("{}:{}: not JSON", file.string(), rows.size()));
  }
  return rows;
}

constexpr std::uint32_t rdonly_prog = 1u << 7;  // BPF_F_RDONLY_PROG
constexpr std::uint32_t wronly_prog = 1u << 8;  // BPF_F_WRONLY_PROG

struct FixtureMap {
  std::string_view name;
  MapType type;
  std::uint32_t key_size;
  std::uint32_t value_size;
  std::uint32_t max_entries;
  std::uint32_t flags;
};

/// The maps of verifier_tests.jsonl, by the name of their fixup.
constexpr FixtureMap fixture_maps[] = {
    {"map_hash_8b", MapType::hash, 8, 8, 1, 0},
    {"map_hash_16b", MapType::hash, 8, 16, 1, 0},
    {"map_hash_48b", MapType::hash, 8, 48, 1, 0},
    {"map_array_48b", MapType::array, 4, 48, 1, 0},
    {"map_array_ro", MapType::array, 4, 48, 1, rdonly_prog},
    {"map_array_wo", MapType::array, 4, 48, 1, wronly_prog},
    {"map_array_small", MapType::array, 4, 1, 1, 0},
    {"map_sockmap", MapType::sockmap, 4, 4, 1, 0},
    {"map_sockhash", MapType::sockhash, 4, 4, 1, 0},
    {"map_xskmap", MapType::xskmap, 4, 4, 1, 0},
    {"map_stacktrace", MapType::stack_trace, 4, 8, 1, 0},
    {"prog1", MapType::prog_array, 4, 4, 4, 0},
    {"prog2", MapType::prog_array, 4, 4, 8, 0},
    {"map_in_map", MapType::array_of_maps, 4, 4, 1, 0},
    {"cgroup_storage", MapType::cgroup_storage, 16, 64, 0, 0},
    {"percpu_cgroup_storage", MapType::percpu_cgroup_storage, 16, 64, 0, 0},
    {"map_event_output", MapType::perf_event_array, 4, 4, 1, 0},
    {"map_reuseport_array", MapType::reuseport_sockarray, 4, 8, 1, 0},
    {"map_ringbuf", MapType::ringbuf, 0, 0, 4096, 0},
};

/// Gives every lddw that `fixups` names the map it wants; the name of a map that is not there.
std::string apply_fixups(VerdictRow& row, const Json& fixups) {
  for (const auto& [kind, places] : fixups.items()) {
    const auto* found = std::ranges::find(fixture_maps, std::string_view(kind), &FixtureMap::name);
    if (found == std::end(fixture_maps)) return kind;
    const auto index = static_cast<std::int32_t>(row.image.maps.size());
    program::MapDef map{found->name,
                        found->type,
                        found->key_size,
                        found->value_size,
                        found->max_entries,
                        found->flags,
                        -1,
                        {},
                        false};
    if (found->type == MapType::array_of_maps) map.inner = index + 1;
    row.image.maps.push_back(map);
    if (found->type == MapType::array_of_maps) {
      row.image.maps.push_back({"inner", MapType::array, 4, 4, 1, 0, -1, {}, false});
    }
    for (const Json& place : places) {
      const auto at = place.get<std::size_t>();
      if (at < row.image.slots.size()) row.image.slots[at].imm = index;
    }
  }
  return {};
}

}  // namespace

std::string_view name(Verdict verdict) {
  constexpr std::array<std::string_view, 4> names{"proved", "refuted", "unknown", "invalid"};
  return names[static_cast<std::size_t>(verdict)];
}

Expected<std::vector<VerdictRow>> read_verdict_vectors(const std::filesystem::path& file) {
  TRY(const std::vector<Json> map_file, read_lines(file.parent_path() / "verdict_maps.json"));
  TRY(const std::vector<Json> lines, read_lines(file));
  std::vector<VerdictRow> rows;
  for (const Json& line : lines) {
    VerdictRow row;
    row.name = line["name"];
    row.accepted = line["verdict"] == "ACCEPT";
    row.refusal = line["errstr"];
    const std::string type_name = line["prog_type"];
    const auto type = named<ProgType>(type_name, 33);
    if (!type || !is_checked(*type)) row.skipped = "type " + type_name;
    row.image = image_of(row.name, slots_of(line["insns"]), type.value_or(ProgType::unspec));
    for (const Json& map : map_file.at(0)) {
      const std::string_view map_name =
          row.image.keep(fmt::format("map{}", map["index"].get<int>()));
      const auto map_type = named<MapType>(map["type"].get<std::string>(), 34);
      row.image.maps.push_back({map_name,
                                map_type.value_or(MapType::unspec),
                                map["key_size"],
                                map["value_size"],
                                map["max_entries"],
                                0,
                                -1,
                                {},
                                false});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Expected<std::vector<VerdictRow>> read_verifier_tests(const std::filesystem::path& file) {
  constexpr std::uint32_t strict_alignment = 2;  // F_LOAD_WITH_STRICT_ALIGNMENT of the test's flags
  TRY(const std::vector<Json> lines, read_lines(file));
  std::vector<VerdictRow> rows;
  for (const Json& line : lines) {
    VerdictRow row;
    row.name = line["name"];
    const auto type = line["prog_type"].get<ProgType>();
    const Json& kernel = line["kernel"];
    row.image = image_of(row.name, slots_of(line["insns"]), type);
    row.image.expected_attach_type = line["attach_type"];
    if (!is_checked(type)) row.skipped = "type " + std::string(program::name(type));
    if (kernel.contains("skipped")) {
      row.skipped = "no kernel verdict: " + kernel["skipped"].get<std::string>();
    } else {
      row.accepted = kernel["verdict"] == "ACCEPT";
      row.refusal = kernel["errstr"];
    }
    if ((line["flags"].get<std::uint32_t>() & strict_alignment) != 0 && !row.accepted) {
      row.refusal = "strict alignment: " + row.refusal;
    }
    const std::string missing = apply_fixups(row, line["fixups"]);
    if (!missing.empty() && row.skipped.empty()) row.skipped = "no map " + missing;
    rows.push_back(std::move(row));
  }
  return rows;
}

Judged judge(const VerdictRow& row) {
  std::vector<std::byte> scratch(program::validate_scratch_bytes(row.image.view()));
  Arena arena(scratch);
  if (const auto valid = program::validate(row.image.view(), arena); !valid) {
    return {Verdict::invalid, std::string(valid.error().line())};
  }
  symex::Options options;
  options.mode = symex::Mode::safety;
  options.min_packet = 0;
  options.max_packet = 65'535;
  options.solver.external = solver::External::none;
  options.solver.limits.conflicts = 20'000;
  options.max_insns = 200'000;
  options.max_paths = 5'000;
  options.unroll = 128;
  symex::Explorer explorer(row.image.view(), options);
  const auto exploration = explorer.explore();
  if (!exploration) return {Verdict::invalid, std::string(exploration.error().line())};
  if (!exploration->findings.empty()) {
    return {Verdict::refuted, exploration->findings.front().text};
  }
  if (exploration->unknowns.empty()) return {Verdict::proved, {}};
  return {Verdict::unknown, exploration->unknowns.front().reason};
}

}  // namespace probity::corpus
