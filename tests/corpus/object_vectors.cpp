// SPDX-License-Identifier: Apache-2.0
// The rows of real objects: vectors.jsonl and sequences.jsonl. A program is linked once and loaded
// afresh for each row, so every row starts with all-zero maps.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "corpus_rows.hpp"
#include "object/object.hpp"

namespace probity::corpus {
namespace {

using object::Image;
using object::Object;
using runtime::Bytes;
using runtime::Engine;
using runtime::MapContents;
using runtime::MapEntry;
using runtime::RunOutput;

constexpr std::uint32_t seeded_entries = 64;

/// The object of the current rows; rows of one object follow each other.
struct Cache {
  std::filesystem::path folder;
  std::string name;
  std::optional<Object> object;
  std::string problem;

  void open(const std::string& wanted) {
    if (wanted == name) return;
    name = wanted;
    object.reset();
    problem.clear();
    Expected<Object> read = object::read_file(folder / "objects" / wanted);
    if (read)
      object.emplace(std::move(*read));
    else
      problem = read.error().line();
  }
};

program::ProgType type_named(std::string_view text) {
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(program::ProgType::netfilter); ++i) {
    if (program::name(static_cast<program::ProgType>(i)) == text)
      return static_cast<program::ProgType>(i);
  }
  return program::ProgType::unspec;
}

/// The image of a row's program, with the changes the recording loader made to its maps.
Expected<Image> image_of(const Object& object, const Json& row) {
  const object::Program* found = nullptr;
  for (const object::Program& program : object.programs) {
    const bool same = program.name == row.at("prog").get<std::string>() &&
                      program.section == row.at("section").get<std::string>();
    if (same) found = &program;
  }
  if (found == nullptr) return error(Fault::unsupported, "no such program in the object");
  Image image = object::make_image(object, *found);
  if (!image.unsupported.empty()) return error(Fault::unsupported, image.unsupported);
  image.type = type_named(row.at("prog_type").get<std::string>());
  const Json overrides = row.contains("map_overrides") ? row["map_overrides"] : Json::array();
  for (const Json& change : overrides) {
    for (program::MapDef& map : image.maps) {
      if (map.name != change.at("map").get<std::string>()) continue;
      map.max_entries = change.value("max_entries", map.max_entries);
      map.key_size = change.value("key_size", map.key_size);
      map.value_size = change.value("value_size", map.value_size);
    }
  }
  return image;
}

std::string compare_packet(Engine& engine, const Json& row) {
  runtime::RunInput input;
  input.packet = bytes_of_hex(row.at("packet").get<std::string>());
  const Expected<RunOutput> output = engine.run(input);
  if (!output) return std::string(output.error().line());
  if (output->fault.kind != runtime::FaultKind::none) return output->fault.text;
  return difference(*output, row);
}

std::map<Bytes, Bytes> entries_of(Engine& engine, const std::string& map) {
  std::map<Bytes, Bytes> result;
  const Expected<MapContents> contents = engine.read_map(map);
  if (!contents) return result;
  for (const MapEntry& entry : contents->entries) result.emplace(entry.key, entry.value);
  return result;
}

/// The recording loader named data maps after the file (`37063d1.bss`); here they bear the
/// section's name.
std::string map_named(const Image& image, const std::string& recorded) {
  for (const program::MapDef& map : image.maps) {
    if (map.name == recorded) return recorded;
  }
  const std::size_t dot = recorded.find('.');
  for (const program::MapDef& map : image.maps) {
    const std::size_t own_dot = map.name.find('.');
    if (dot == std::string::npos || own_dot == std::string_view::npos) continue;
    const std::string_view section = map.name.substr(own_dot);
    if (section.starts_with(recorded.substr(dot))) return std::string(map.name);
  }
  return recorded;
}

/// Every recorded change must be there. (Changes beyond the recorded ones are not compared: the
/// record is cut.)
std::string compare_maps(Engine& engine, const Image& image, const Json& row) {
  if (!row.value("maps_deterministic", true)) return {};
  std::map<std::string, std::map<Bytes, Bytes>> maps;
  for (const Json& change : row.at("maps_changed")) {
    const std::string name = map_named(image, change.at("map").get<std::string>());
    if (!maps.contains(name)) maps[name] = entries_of(engine, name);
    const Bytes key = bytes_of_hex(change.at("key").get<std::string>());
    const auto found = maps[name].find(key);
    if (change.at("value").is_null()) {
      if (found != maps[name].end()) return "map " + name + " keeps a deleted entry";
      continue;
    }
    const Bytes wanted = bytes_of_hex(change.at("value").get<std::string>());
    if (found == maps[name].end()) return "map " + name + " lacks an entry";
    if (found->second != wanted) return "map " + name + " holds another value";
  }
  return {};
}

std::string run_vector(const Object& object, const Json& row, runtime::EngineKind kind) {
  const Expected<Image> image = image_of(object, row);
  if (!image) return std::string(image.error().line());
  const program::View view = image->view();
  const auto engine = runtime::load_engine(kind, view, {});
  if (!engine) return std::string(engine.error().line());
  const std::string wrong = compare_packet(**engine, row);
  return wrong.empty() ? compare_maps(**engine, *image, row) : wrong;
}

Bytes seeded_value(std::uint32_t entry, std::uint32_t size) {
  Bytes value(size);
  for (std::uint32_t b = 0; b < size; ++b)
    value[b] = static_cast<std::uint8_t>(37 * entry + 11 * b + 1);
  return value;
}

std::string seed_maps(Engine& engine, const Image& image, const Json& row) {
  std::set<std::string> wanted;
  for (const Json& name : row.at("seeded_maps")) wanted.insert(name.get<std::string>());
  for (const program::MapDef& map : image.maps) {
    if (!wanted.contains(std::string(map.name))) continue;
    MapContents contents{std::string(map.name), {}};
    for (std::uint32_t e = 0; e < std::min(seeded_entries, map.max_entries); ++e) {
      const Bytes key{static_cast<std::uint8_t>(e), 0, 0, 0};
      contents.entries.push_back({key, seeded_value(e, map.value_size)});
    }
    const Expected<void> written = engine.write_map(contents);
    if (!written) return std::string(written.error().line());
  }
  return {};
}

std::string run_sequence(const Object& object, const Json& row, runtime::EngineKind kind) {
  const Expected<Image> image = image_of(object, row);
  if (!image) return std::string(image.error().line());
  const program::View view = image->view();
  const auto engine = runtime::load_engine(kind, view, {});
  if (!engine) return std::string(engine.error().line());
  if (std::string wrong = seed_maps(**engine, *image, row); !wrong.empty()) return wrong;
  for (const Json& run : row.at("runs")) {
    if (run.contains("errno")) continue;
    const std::string wrong = compare_packet(**engine, run);
    if (!wrong.empty()) return wrong;
  }
  return row.value("deterministic", false) ? compare_maps(**engine, *image, row) : std::string();
}

template <typename T>
Expected<VectorReport> run_rows(const std::filesystem::path& file, runtime::EngineKind kind,
                                T run) {
  Cache cache{file.parent_path(), {}, {}, {}};
  return for_each_row(file, [&](const Json& row) {
    if (row.contains("errno") || !row.value("deterministic", false)) return RowResult::skip();
    cache.open(row.at("object").get<std::string>());
    if (!cache.object) return RowResult::of(cache.problem);
    return RowResult::of(run(*cache.object, row, kind));
  });
}

}  // namespace

Expected<VectorReport> run_object_vectors(const std::filesystem::path& file,
                                          runtime::EngineKind kind) {
  return run_rows(file, kind, run_vector);
}

Expected<VectorReport> run_sequences(const std::filesystem::path& file, runtime::EngineKind kind) {
  return run_rows(file, kind, run_sequence);
}

}  // namespace probity::corpus
