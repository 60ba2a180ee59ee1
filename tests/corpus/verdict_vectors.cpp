// SPDX-License-Identifier: Apache-2.0
// The kernel verifier's verdicts against the checker's. A program that the verifier refuses for
// reasons of memory, NULL, stack or type must never be proved; one that it accepts should be. A
// refutation of an accepted program must name an input on which the interpreter traps, else it is a
// false alarm.
#include <array>
#include <cstring>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/arena.hpp"
#include "corpus_vectors.hpp"
#include "object/image.hpp"
#include "program/flow.hpp"
#include "program/validate.hpp"
#include "symex/explorer.hpp"

namespace probity::corpus {
namespace {

using nlohmann::json;

enum class Verdict : std::uint8_t { proved, refuted, unknown, invalid };

constexpr std::array<std::string_view, 4> verdict_names{"proved", "refuted", "unknown", "invalid"};

/// Reasons of the verifier that a memory-safe program cannot have.
bool is_memory_reason(std::string_view reason) {
  constexpr std::array words{"invalid read from stack",    "!read_ok",
                             "invalid bpf_context access", "outside of the packet",
                             "invalid write to stack",     "outside of the allowed memory range",
                             "invalid mem access",         "unbounded memory access",
                             "type=scalar expected",       "null-check"};
  for (const std::string_view word : words) {
    if (reason.find(word) != std::string_view::npos) return true;
  }
  return false;
}

template <typename T>
std::optional<T> named(std::string_view word, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (program::name(static_cast<T>(i)) == word) return static_cast<T>(i);
  }
  return std::nullopt;
}

std::vector<program::MapDef> read_maps(const std::filesystem::path& file, object::Image& owner) {
  std::vector<program::MapDef> maps;
  std::ifstream stream(file);
  for (const json& row : json::parse(stream)) {
    program::MapDef map;
    map.name = owner.keep(fmt::format("map{}", row["index"].get<int>()));
    map.type = named<program::MapType>(row["type"].get<std::string>(), 34)
                   .value_or(program::MapType::unspec);
    map.key_size = row["key_size"];
    map.value_size = row["value_size"];
    map.max_entries = row["max_entries"];
    maps.push_back(map);
  }
  return maps;
}

std::vector<bpf::Slot> slots_of(std::string_view hex) {
  std::vector<bpf::Slot> slots;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(at * 2, 2)), nullptr, 16));
  };
  for (std::size_t at = 0; (at + 8) * 2 <= hex.size(); at += 8) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = byte(at + i);
    bpf::Slot slot;
    std::memcpy(&slot, bytes.data(), sizeof slot);
    slots.push_back(slot);
  }
  return slots;
}

Verdict check(const object::Image& image, std::string& reason) {
  std::vector<std::byte> scratch(
      program::validate_arena_bytes(image.slots.size(), image.subprogs.size()));
  Arena arena(scratch);
  if (const auto valid = program::validate(image.view(), arena); !valid) {
    reason = valid.error().line();
    return Verdict::invalid;
  }
  symex::Options options;
  options.solver.external = solver::External::none;
  options.solver.limits.conflicts = 20'000;
  options.max_insns = 2'000'000;
  options.max_paths = 5'000;
  symex::Explorer explorer(image.view(), options);
  const auto exploration = explorer.explore();
  if (!exploration) {
    reason = exploration.error().line();
    return Verdict::invalid;
  }
  if (!exploration->findings.empty()) {
    reason = exploration->findings.front().text;
    return Verdict::refuted;
  }
  if (exploration->unknowns.empty()) return Verdict::proved;
  reason = exploration->unknowns.front().reason;
  return Verdict::unknown;
}

}  // namespace

Expected<VectorReport> run_verdict_vectors(const std::filesystem::path& file, runtime::EngineKind) {
  VectorReport report;
  object::Image owner;
  const std::vector<program::MapDef> maps =
      read_maps(file.parent_path() / "verdict_maps.json", owner);
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const json row = json::parse(line);
    const auto type = named<program::ProgType>(row["prog_type"].get<std::string>(), 33);
    const bool accepted = row["verdict"] == "ACCEPT";
    const std::string refusal = row["errstr"];
    if (type != program::ProgType::xdp && type != program::ProgType::sched_cls) {
      ++report.skipped;
      continue;
    }
    if (!accepted && !is_memory_reason(refusal)) {
      ++report.skipped;
      continue;
    }
    const std::string name = row["name"];
    object::Image image =
        object::image_from_slots(name, slots_of(row["insns"].get<std::string>()), *type);
    image.maps = maps;
    std::vector<std::byte> scratch(64 * image.slots.size() + 4096);
    Arena arena(scratch);
    const auto subprogs = program::find_subprogs(image.slots, arena);
    if (subprogs) image.subprogs.assign(subprogs->begin(), subprogs->end());
    std::string reason;
    const Verdict verdict = check(image, reason);
    ++report.total;
    const bool good = accepted ? verdict == Verdict::proved : verdict != Verdict::proved;
    if (good) {
      ++report.passed;
      continue;
    }
    const std::string_view word = verdict_names[static_cast<std::size_t>(verdict)];
    ++report.reasons[accepted ? fmt::format("accepted by the kernel, {}: {}", word, reason)
                              : "refused for memory, but PROVED: " + refusal];
    if (!accepted || report.failures.size() < max_failures_kept) {
      report.failures.push_back(fmt::format("{}: kernel {} {}, checker {} {}", name,
                                            row["verdict"].get<std::string>(), refusal, word,
                                            reason));
    }
  }
  return report;
}

}  // namespace probity::corpus
