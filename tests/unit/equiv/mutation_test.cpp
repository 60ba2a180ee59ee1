// SPDX-License-Identifier: Apache-2.0
// 200 one-insn mutations of real programs: each is proved equivalent to its original, or refuted
// with an input that shows the difference on the engines of this process. What cannot be decided
// may be one in twenty. PROBITY_CORPUS names the corpus; PROBITY_MUTATIONS prints each of them.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/arena.hpp"
#include "equiv/equivalence.hpp"
#include "mutation.hpp"
#include "object/object.hpp"
#include "program/validate.hpp"

namespace probity::equiv {
namespace {

namespace fs = std::filesystem;

constexpr int wanted = 200;
constexpr std::uint64_t seed = 20'261'122;
constexpr std::size_t smallest_program = 20;
constexpr std::size_t largest_program = 700;
constexpr std::uint64_t most_paths = 600;  ///< of an original
constexpr int mutants_of_one = 4;

std::string objects_folder() {
  const char* corpus = std::getenv("PROBITY_CORPUS");
  return std::string(corpus == nullptr ? "../shared/corpus" : corpus) + "/objects";
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

symex::Options bounds() {
  symex::Options options;
  options.max_paths = 20'000;
  options.timeout_seconds = 60;
  options.solver.external = solver::External::none;
  options.solver.limits.conflicts = 20'000;
  return options;
}

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
  symex::Options options = bounds();
  options.max_paths = most_paths;
  options.timeout_seconds = 5;
  symex::Explorer explorer(image.view(), options);
  const auto result = explorer.explore();
  return result && result->findings.empty() && result->unknowns.empty();
}

struct Tally {
  int proved = 0;
  int refuted = 0;       ///< and replayed
  int not_replayed = 0;  ///< the input needs what no engine can be told
  int unknown = 0;
  int contradicted = 0;
  int done() const { return proved + refuted + not_replayed + unknown + contradicted; }
};

bool reproduced(const Difference& difference) {
  return std::ranges::any_of(difference.replays, [](const symex::Replayed& one) {
    return one.outcome == symex::Outcome::reproduced;
  });
}

/// Counts what became of one mutant; the text says it.
std::string judge(const Comparison& result, Tally& tally) {
  if (result.contradicted()) {
    ++tally.contradicted;
    return "CONTRADICTED";
  }
  const auto shown = std::ranges::find_if(result.differences, reproduced);
  if (shown != result.differences.end()) {
    ++tally.refuted;
    const symex::Finding& finding = shown->finding;
    const bool relation = finding.property == symex::Property::relation;
    return "refuted: " + (relation ? finding.observable : std::string(name(finding.property)));
  }
  if (!result.differences.empty()) {
    ++tally.not_replayed;
    return "refuted, not replayed: " + result.differences.front().replays.front().text;
  }
  if (!result.exploration.unknowns.empty()) {
    ++tally.unknown;
    return "unknown: " + result.exploration.unknowns.front().reason;
  }
  ++tally.proved;
  return "equivalent";
}

class Mutations : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(objects_folder())) {
      GTEST_SKIP() << "no corpus at " << objects_folder() << " (set PROBITY_CORPUS)";
    }
    for (const auto& entry : fs::directory_iterator(objects_folder())) {
      if (entry.path().extension() == ".o") files_.push_back(entry.path().string());
    }
    std::ranges::sort(files_);
  }

  void mutate_program(const object::Object& object, const object::Program& program) {
    const object::Image original = object::make_image(object, program);
    if (!is_suitable(original)) return;
    const double started = cpu_seconds();
    for (int made = 0, tries = 0; made < mutants_of_one && tries < 100; ++tries) {
      if (tally_.done() >= wanted) break;
      object::Image mutant = object::make_image(object, program);
      const auto change = mutate(mutant.slots, dice_);
      if (!change || !is_valid(mutant)) continue;
      ++made;
      compare_with(original, mutant, *change);
    }
    spent_ += cpu_seconds() - started;
  }

  void compare_with(const object::Image& original, const object::Image& mutant,
                    const std::string& change) {
    const auto result = compare({{&original}, {&mutant}, {}, bounds(), symex::UseKernel::no});
    ASSERT_TRUE(result) << original.name << ": " << change << ": " << result.error().line();
    const std::string verdict = judge(*result, tally_);
    EXPECT_FALSE(result->contradicted()) << original.name << ": " << change;
    if (std::getenv("PROBITY_MUTATIONS") != nullptr) {
      std::cout << fmt::format("{} ({} slots): {}: {} ({:.2f} s)\n", original.name,
                               original.slots.size(), change, verdict,
                               result->exploration.statistics.cpu_seconds);
    }
  }

  std::vector<std::string> files_;
  Dice dice_{seed};
  Tally tally_;
  double spent_ = 0;
};

TEST_F(Mutations, EachIsProvedOrRefutedWithAnInputThatReplays) {
  // Every seventh object, so that the programs come from all over the corpus.
  for (std::size_t first = 0; first < 7 && tally_.done() < wanted; ++first) {
    for (std::size_t i = first; i < files_.size() && tally_.done() < wanted; i += 7) {
      const auto object = object::read_file(files_[i]);
      if (!object) continue;
      for (const object::Program& program : object->programs) mutate_program(*object, program);
    }
  }
  std::cout << fmt::format(
      "{} mutants: {} equivalent, {} refuted and replayed, {} refuted but not replayed, {} "
      "unknown, {} contradicted; {:.1f} s CPU\n",
      tally_.done(), tally_.proved, tally_.refuted, tally_.not_replayed, tally_.unknown,
      tally_.contradicted, spent_);
  EXPECT_EQ(tally_.done(), wanted);
  EXPECT_EQ(tally_.contradicted, 0);
  EXPECT_LE((tally_.unknown + tally_.not_replayed) * 20, wanted);
  EXPECT_GT(tally_.refuted, wanted / 2);
}

}  // namespace
}  // namespace probity::equiv
