// SPDX-License-Identifier: Apache-2.0
// The kernel engine against recorded runs of real programs: the corpus file vectors.jsonl holds,
// for one packet a line, what the kernel answered when another loader ran the program. A sample of
// the objects by default; PROBITY_KERNEL_OBJECTS=all takes every one. Only programs that the
// recording kernel loaded are used.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "object/object.hpp"
#include "report/json.hpp"
#include "runtime/kernel_engine.hpp"

namespace probity::runtime {
namespace {

using report::Json;

constexpr std::size_t sample_objects = 30;
constexpr std::size_t recorded_changes_limit = 24;

/// Recorded runs that do not repeat here, and why; they are counted as skipped.
struct Unrepeatable {
  std::string_view object_part;
  std::string_view reason;
};
constexpr Unrepeatable unrepeatable[] = {
    {"__exposeptr", "writes kernel addresses into its maps"},
    {"epass__", "keys its map by the name of the running process"},
    {"__packet_access__", "returns packet memory beyond what was sent"},
    {"__hbm_", "a bpf_spin_lock in a map value needs the map's BTF, which View does not carry"},
    {"__sockex3_kern__563b7918", "the object fills its program array, which View does not carry"},
};
bool is_unrepeatable(std::string_view object) {
  return std::ranges::any_of(unrepeatable, [object](const Unrepeatable& row) {
    const std::size_t at = object.find(row.object_part);
    return at == 0 || (at != std::string_view::npos && row.object_part.starts_with("__"));
  });
}

std::filesystem::path corpus_folder() {
  const char* folder = std::getenv("PROBITY_CORPUS");
  return folder ? folder : "../shared/corpus";
}

std::string text(const Json& line, std::string_view key) {
  const Json* member = line.find(key);
  const std::string* value = member ? member->get<std::string>() : nullptr;
  return value ? *value : "";
}
std::uint64_t number(const Json& line, std::string_view key) {
  const Json* member = line.find(key);
  const std::uint64_t* value = member ? member->get<std::uint64_t>() : nullptr;
  return value ? *value : 0;
}
bool flag(const Json& line, std::string_view key) {
  const Json* member = line.find(key);
  const bool* value = member ? member->get<bool>() : nullptr;
  return value && *value;
}

Bytes bytes_of_hex(const std::string& digits) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

program::ProgType type_named(std::string_view name) {
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(program::ProgType::netfilter); ++i) {
    if (program::name(static_cast<program::ProgType>(i)) == name) {
      return static_cast<program::ProgType>(i);
    }
  }
  return program::ProgType::unspec;
}

/// "map key value", sorted: every readable entry.
std::set<std::string> entries_of(KernelEngine& engine, const program::View& program) {
  std::set<std::string> entries;
  for (const program::MapDef& map : program.maps) {
    if (!is_kernel_map_readable(map.type) || map.type == program::MapType::devmap) continue;
    const Expected<MapContents> contents = engine.read_map(map.name);
    EXPECT_TRUE(contents) << contents.error().line();
    if (!contents) continue;
    for (const MapEntry& entry : contents->entries) {
      entries.insert(report::hex(entry.key) + " " + report::hex(entry.value));
    }
  }
  return entries;
}

/// Recorded changes as entries_of() writes them; map names are left out because loaders differ in
/// them.
std::set<std::string> recorded_entries(const Json& line) {
  std::set<std::string> entries;
  const Json* member = line.find("maps_changed");
  const Json::Array* changes = member ? member->get<Json::Array>() : nullptr;
  if (!changes) return entries;
  for (const Json& change : *changes) {
    if (!text(change, "value").empty()) {
      entries.insert(text(change, "key") + " " + text(change, "value"));
    }
  }
  return entries;
}

class CorpusVectors : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = kernel_unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "no live kernel: " << reason;
    if (!std::filesystem::exists(corpus_folder() / "vectors.jsonl")) {
      GTEST_SKIP() << "no corpus at " << corpus_folder() << " (PROBITY_CORPUS)";
    }
  }

  /// What differs from the recorded run, or empty.
  std::string replay(const object::Image& image, const Json& line) {
    program::View view = image.view();
    view.type = type_named(text(line, "prog_type"));
    const auto engine = KernelEngine::load(view, KernelLimits{}, NetworkChoice::fresh);
    if (!engine) return std::string(engine.error().line());
    const std::set<std::string> before = entries_of(**engine, view);
    RunInput input;
    input.packet = bytes_of_hex(text(line, "packet"));
    const Expected<RunOutput> output = (*engine)->run(input);
    if (line.find("errno")) return output ? "ran, but an errno was recorded" : "";
    if (!output) return std::string(output.error().line());
    if (!flag(line, "deterministic")) return "";
    if (output->return_value != number(line, "retval")) {
      return fmt::format("returned {}, recorded {}", output->return_value, number(line, "retval"));
    }
    if (output->packet != bytes_of_hex(text(line, "data_out"))) return "another packet came out";
    const std::set<std::string> recorded = recorded_entries(line);
    if (!flag(line, "maps_deterministic") || recorded.size() >= recorded_changes_limit) return "";
    std::set<std::string> changed;
    const std::set<std::string> after = entries_of(**engine, view);
    std::ranges::set_difference(after, before, std::inserter(changed, changed.end()));
    for (const std::string& entry : recorded) {
      if (!after.contains(entry)) {
        return fmt::format("recorded map entry {} missing among {}", entry,
                           fmt::join(changed, ", "));
      }
    }
    for (const std::string& entry : changed) {
      if (!recorded.contains(entry)) return "map entry not recorded: " + entry;
    }
    return "";
  }
};

/// The lines of vectors.jsonl by object.
std::map<std::string, std::vector<Json>> vectors_by_object() {
  std::map<std::string, std::vector<Json>> lines;
  std::ifstream file(corpus_folder() / "vectors.jsonl");
  for (std::string line; std::getline(file, line);) {
    Expected<Json> parsed = report::parse_json(line, "vectors.jsonl");
    EXPECT_TRUE(parsed) << parsed.error().line();
    if (parsed) lines[text(*parsed, "object")].push_back(*std::move(parsed));
  }
  return lines;
}

TEST_F(CorpusVectors, TheKernelAnswersAsRecorded) {
  const auto lines = vectors_by_object();
  ASSERT_FALSE(lines.empty());
  const char* wanted = std::getenv("PROBITY_KERNEL_OBJECTS");
  const bool all = wanted && std::string_view(wanted) == "all";
  const std::size_t stride = all ? 1 : std::max<std::size_t>(1, lines.size() / sample_objects);
  std::size_t index = 0, passed = 0, total = 0, skipped = 0;
  for (const auto& [name, vectors] : lines) {
    if (index++ % stride != 0) continue;
    const std::string path = (corpus_folder() / "objects" / name).string();
    const Expected<object::Object> object = object::read_file(path);
    ASSERT_TRUE(object) << object.error().line();
    for (const Json& line : vectors) {
      const auto& programs = object->programs;
      const auto program = std::ranges::find_if(programs, [&line](const object::Program& each) {
        return each.name == text(line, "prog") && each.section == text(line, "section");
      });
      ++total;
      ASSERT_NE(program, programs.end()) << name << ": no program " << text(line, "prog");
      const object::Image image = object::make_image(*object, *program);
      if (!image.unsupported.empty() || is_unrepeatable(name)) {
        ++skipped;
        continue;
      }
      const std::string difference = replay(image, line);
      passed += difference.empty();
      EXPECT_EQ(difference, "") << name << ":" << text(line, "prog") << " on "
                                << text(line, "packet_name");
    }
  }
  fmt::print("vectors.jsonl on the live kernel: {} of {}, {} skipped\n", passed, total, skipped);
  EXPECT_EQ(passed + skipped, total);
  EXPECT_GT(passed, skipped);
}

}  // namespace
}  // namespace probity::runtime
