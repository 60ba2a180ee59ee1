// SPDX-License-Identifier: Apache-2.0
// 200 one-insn mutations of real programs: each is proved equivalent to its original, or refuted
// with an input that shows the difference on an engine of this process. What cannot be decided may
// be one in twenty, together with what is refuted without such an input. Mutants are never given to
// the kernel. PROBITY_CORPUS names the corpus; PROBITY_MUTATIONS prints each mutant.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "equiv/equivalence.hpp"
#include "mutant_choice.hpp"

namespace probity::equiv {
namespace {

constexpr std::size_t wanted = 200;

std::string objects_folder() {
  const char* corpus = std::getenv("PROBITY_CORPUS");
  return std::string(corpus == nullptr ? "../shared/corpus" : corpus) + "/objects";
}

struct Tally {
  std::size_t proved = 0;
  std::size_t refuted = 0;  ///< and replayed
  std::size_t not_replayed = 0;
  std::size_t unknown = 0;
  std::size_t contradicted = 0;
  double cpu_seconds = 0;
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

void compare_with_original(const Mutant& mutant, Tally& tally) {
  const auto object = object::read_file(mutant.file);
  ASSERT_TRUE(object) << object.error().line();
  const object::Program& program = object->programs.at(mutant.program);
  const object::Image original = object::make_image(*object, program);
  object::Image changed = object::make_image(*object, program);
  changed.slots.at(mutant.slot) = mutant.now;
  const auto result = compare({{&original}, {&changed}, {}, mutant_bounds(), symex::UseKernel::no});
  ASSERT_TRUE(result) << mutant.name << ": " << mutant.change << ": " << result.error().line();
  const std::string verdict = judge(*result, tally);
  EXPECT_FALSE(result->contradicted()) << mutant.name << ": " << mutant.change;
  const double seconds = result->exploration.statistics.cpu_seconds;
  tally.cpu_seconds += seconds;
  if (std::getenv("PROBITY_MUTATIONS") != nullptr) {
    std::cout << fmt::format("{} ({} slots): {}: {} ({:.2f} s)", mutant.name, original.slots.size(),
                             mutant.change, verdict, seconds)
              << std::endl;
  }
}

TEST(Mutations, EachIsProvedOrRefutedWithAnInputThatReplays) {
  if (!std::filesystem::exists(objects_folder())) {
    GTEST_SKIP() << "no corpus at " << objects_folder() << " (set PROBITY_CORPUS)";
  }
  const std::vector<Mutant> mutants = choose_mutants(objects_folder(), wanted);
  ASSERT_EQ(mutants.size(), wanted);
  Tally tally;
  for (const Mutant& mutant : mutants) compare_with_original(mutant, tally);
  std::cout << fmt::format(
      "{} mutants: {} equivalent, {} refuted and replayed, {} refuted but not replayed, {} "
      "unknown, {} contradicted; {:.1f} s CPU\n",
      mutants.size(), tally.proved, tally.refuted, tally.not_replayed, tally.unknown,
      tally.contradicted, tally.cpu_seconds);
  EXPECT_EQ(tally.contradicted, 0u);
  EXPECT_LE((tally.unknown + tally.not_replayed) * 20, wanted);
  EXPECT_GT(tally.refuted, wanted / 2);
}

}  // namespace
}  // namespace probity::equiv
