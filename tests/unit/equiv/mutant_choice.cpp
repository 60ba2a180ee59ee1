// SPDX-License-Identifier: Apache-2.0
// Every seventh object is taken first, then the others, so that the programs come from all over the
// corpus: objects that lie beside each other are often builds of one source.
#include "mutant_choice.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "base/arena.hpp"
#include "mutation.hpp"
#include "program/validate.hpp"
#include "symex/explorer.hpp"

namespace probity::equiv {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t seed = 20'261'122;
constexpr std::size_t smallest_program = 20;
constexpr std::size_t largest_program = 700;
constexpr std::uint64_t most_paths = 600;      ///< of an original
constexpr std::uint64_t most_insns = 400'000;  ///< on all of them
constexpr std::size_t mutants_of_one = 4;
constexpr int most_draws = 100;
constexpr std::size_t stride = 7;

bool is_networking(program::ProgType type) {
  return type == program::ProgType::xdp || type == program::ProgType::sched_cls ||
         type == program::ProgType::socket_filter || type == program::ProgType::cgroup_skb;
}

bool is_valid(const object::Image& image) {
  std::vector<std::byte> scratch(
      program::validate_arena_bytes(image.slots.size(), image.subprogs.size()));
  Arena arena(scratch);
  return program::validate(image.view(), arena).has_value();
}

/// A program that is proved on its own, with not too many paths.
bool is_suitable(const object::Image& image) {
  if (!is_networking(image.type) || !image.unsupported.empty()) return false;
  if (image.slots.size() < smallest_program || image.slots.size() > largest_program) return false;
  if (!is_valid(image)) return false;
  symex::Options options = mutant_bounds();
  options.max_paths = most_paths;
  options.max_insns = most_insns;
  symex::Explorer explorer(image.view(), options);
  const auto result = explorer.explore();
  return result && result->findings.empty() && result->unknowns.empty();
}

std::uint64_t seed_of(const std::string& text) {
  std::uint64_t hash = seed;  // FNV-1a
  for (const char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  }
  return hash;
}

/// The slot that is not what it was.
Mutant described(const object::Image& original, const object::Image& mutant, std::string change) {
  Mutant result;
  result.name = original.name;
  result.change = std::move(change);
  while (original.slots[result.slot] == mutant.slots[result.slot]) ++result.slot;
  result.now = mutant.slots[result.slot];
  return result;
}

std::vector<Mutant> mutants_of(const object::Object& object, const object::Program& program,
                               const std::string& file) {
  const object::Image original = object::make_image(object, program);
  std::vector<Mutant> mutants;
  if (!is_suitable(original)) return mutants;
  Dice dice(seed_of(fs::path(file).filename().string() + "/" + original.name));
  for (int draw = 0; draw < most_draws && mutants.size() < mutants_of_one; ++draw) {
    object::Image image = object::make_image(object, program);
    const auto change = mutate(image.slots, dice);
    if (!change || !is_valid(image)) continue;
    Mutant mutant = described(original, image, *change);
    const auto same = [&](const Mutant& other) {
      return other.slot == mutant.slot && other.now == mutant.now;
    };
    if (std::ranges::any_of(mutants, same)) continue;
    mutant.file = file;
    mutants.push_back(std::move(mutant));
  }
  return mutants;
}

}  // namespace

symex::Options mutant_bounds() {
  symex::Options options;
  options.max_paths = 20'000;
  options.timeout_seconds = 120;
  options.solver.external = solver::External::none;
  options.solver.limits.conflicts = 20'000;
  return options;
}

std::vector<Mutant> choose_mutants(const std::string& folder, std::size_t count) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".o") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  std::vector<Mutant> mutants;
  const std::size_t rounds = (files.size() + stride - 1) / stride;
  for (std::size_t k = 0; k < rounds * stride && mutants.size() < count; ++k) {
    const std::size_t i = k % rounds * stride + k / rounds;
    if (i >= files.size()) continue;
    const auto object = object::read_file(files[i]);
    if (!object) continue;
    for (std::size_t at = 0; at < object->programs.size(); ++at) {
      for (Mutant& mutant : mutants_of(*object, object->programs[at], files[i])) {
        if (mutants.size() == count) break;
        mutant.program = at;
        mutants.push_back(std::move(mutant));
      }
    }
  }
  return mutants;
}

}  // namespace probity::equiv
