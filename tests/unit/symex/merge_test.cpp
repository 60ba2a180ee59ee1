// SPDX-License-Identifier: Apache-2.0
// Merged paths against the interpreter: of all paths that an exploration ends with, exactly one
// admits a given input, and what it left behind, evaluated at that input, is what the interpreter
// gives. So no path is lost, none is doubled, and no value is taken from the wrong side. The
// inputs are those of every path of an exploration without merging, and random packets.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "corpus/check_case.hpp"
#include "symex/compare.hpp"

namespace probity::symex {
namespace {

struct Sample {
  runtime::RunInput input;
  runtime::RunOutput output;
  int paths = 0;  ///< that admit it
};

/// Inputs that an engine can be given without maps or answers of helpers.
std::vector<Sample> samples_of(const object::Image& image, const Options& options) {
  std::vector<runtime::RunInput> inputs;
  Options separate = options;
  separate.merging = Merging::never;
  separate.collect_cases = true;
  separate.max_cases = 200;
  Explorer explorer(image.view(), separate);
  const auto result = explorer.explore();
  if (!result) return {};
  const auto asks = [](const PathCase& path) {
    const runtime::RunInput& input = path.witness.input;
    return !path.witness.helper_results.empty() || !input.answers.empty() ||
           !input.routes.empty() || !path.witness.stubs.empty();
  };
  if (std::ranges::any_of(result->cases, asks)) return {};  // a helper may do either
  const auto is_trie = [](const program::MapDef& map) {
    return map.type == program::MapType::lpm_trie;
  };
  // Which prefix an entry has that nobody inserted is a variable of the path.
  if (std::ranges::any_of(image.view().maps, is_trie)) return {};
  for (const PathCase& path : result->cases) {
    const bool plain = path.witness.not_replayable.empty() && path.witness.maps.empty();
    if (plain) inputs.push_back(path.witness.input);
  }
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i) {
    runtime::RunInput input;
    const std::uint32_t spread = std::min(options.max_packet - options.min_packet + 1, 100u);
    input.packet.resize(options.min_packet + random() % spread);
    for (auto& byte : input.packet) byte = static_cast<std::uint8_t>(random());
    inputs.push_back(std::move(input));
  }
  std::vector<Sample> samples;
  for (runtime::RunInput& input : inputs) {
    auto engine = runtime::load_interpreter(image.view(), {});
    if (!engine) continue;
    auto output = (*engine)->run(input);
    if (!output || output->fault.kind != runtime::FaultKind::none) continue;
    samples.push_back({std::move(input), *std::move(output), 0});
  }
  return samples;
}

/// The variables that say which of several possible sides of a fork a path took.
std::vector<term::Id> sides_of(const term::Store& store, const PathState& state) {
  std::set<term::Id> seen;
  std::vector<term::Id> open = state.condition;
  std::vector<term::Id> sides;
  while (!open.empty()) {
    const term::Id a = open.back();
    open.pop_back();
    if (!seen.insert(a).second) continue;
    if (store.kind(a) == term::Kind::var && store.name(a).starts_with("side!")) sides.push_back(a);
    open.insert(open.end(), store.args(a).begin(), store.args(a).end());
  }
  return sides;
}

term::Model model_of(Explorer& explorer, const Sample& sample) {
  term::Store& store = explorer.context().store;
  term::Model model;
  model.set(store.var(16, "packet.length"), sample.input.packet.size());
  model.set(store.var(32, "ctx.ingress_ifindex"), sample.input.ingress_ifindex);
  model.set(store.var(32, "ctx.ifindex"), sample.input.ingress_ifindex);
  for (const program::MapDef& map : explorer.maps()) {  // all of them are empty
    model.set(store.var(32, fmt::format("map.{}.free", map.name)), map.max_entries);
  }
  const std::array<unsigned, 1> index{32};
  const term::Function bytes = store.function("packet", index, 8);
  for (std::size_t i = 0; i < sample.input.packet.size(); ++i) {
    const std::array<term::Value, 1> at{i};
    model.set_apply(bytes, at, sample.input.packet[i]);
  }
  return model;
}

/// A valuation at the sample that the path admits, if there is one.
std::shared_ptr<Valuation> admitted(Explorer& explorer, const PathState& state,
                                    const Sample& sample) {
  constexpr std::size_t max_sides = 4;
  constexpr unsigned ways = 4;
  const std::vector<term::Id> sides = sides_of(explorer.store(), state);
  EXPECT_LE(sides.size(), max_sides);
  unsigned combinations = 1;
  for (std::size_t i = 0; i < sides.size(); ++i) combinations *= ways;
  for (unsigned combination = 0; combination < combinations; ++combination) {
    term::Model model = model_of(explorer, sample);
    for (unsigned i = 0, rest = combination; i < sides.size(); ++i, rest /= ways) {
      model.set(sides[i], rest % ways);
    }
    const auto at = std::make_shared<Valuation>(explorer.context().store, std::move(model));
    if (std::ranges::all_of(state.condition, [&](term::Id a) { return at->holds(a); })) return at;
  }
  return nullptr;
}

/// Compares what a path that admits the sample left with what the interpreter gave.
void compare(Explorer& explorer, const Ending& ending, Valuation& at, const Sample& sample,
             const std::string& name) {
  EXPECT_EQ(static_cast<std::uint32_t>(at(ending.action)),
            static_cast<std::uint32_t>(sample.output.return_value))
      << name;
  Context& context = explorer.context();
  const auto head = static_cast<std::int64_t>(static_cast<std::uint64_t>(at(ending.packet.meta)));
  const auto end = static_cast<std::int64_t>(static_cast<std::uint64_t>(at(ending.packet.end)));
  runtime::Bytes packet;
  for (std::int64_t i = head; i < end; ++i) {
    const auto byte = ending.objects.at(ending.packet.object).read(context, context.lit64(i), 1);
    ASSERT_TRUE(byte && *byte) << name;
    packet.push_back(static_cast<std::uint8_t>(at(as_number(**byte))));
  }
  EXPECT_EQ(packet, sample.output.packet) << name;
}

int agree(const object::Image& image, Options options, Merging merging, const std::string& name) {
  std::vector<Sample> samples = samples_of(image, options);
  options.merging = merging;
  options.relation = [&](Explorer& explorer, PathState& state, auto endings) {
    for (Sample& sample : samples) {
      const auto at = admitted(explorer, state, sample);
      if (!at) continue;
      ++sample.paths;
      compare(explorer, *endings[0], *at, sample, name);
    }
    return std::vector<Demand>{};
  };
  Explorer explorer(image.view(), options);
  const auto result = explorer.explore();
  EXPECT_TRUE(result) << name;
  if (!result || !result->unknowns.empty()) return 0;
  // Inputs that an assumption leaves out are on no path.
  const bool all_inputs =
      options.assumptions.empty() && result->counts.of(PathVerdict::excluded) == 0;
  const int least = all_inputs ? 1 : 0;
  for (const Sample& sample : samples) {
    EXPECT_GE(sample.paths, least) << name;
    EXPECT_LE(sample.paths, 1) << name;
  }
  return static_cast<int>(samples.size());
}

void over_check_cases(Merging merging) {
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/corpus/check")) {
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto file = corpus::parse_data_file(text, entry.path().string());
    ASSERT_TRUE(file) << file.error().line();
    auto check = corpus::read_check_case(*file);
    ASSERT_TRUE(check) << check.error().line();
    if (check->expected != "proved" || check->options.mode != Mode::strict) continue;
    // Inputs that break an assumption are on no path.
    const std::string name = entry.path().filename();
    if (name.starts_with("spec_") || name.starts_with("entry_")) continue;
    compared += agree(check->image, check->options, merging, entry.path());
  }
  EXPECT_GE(compared, 200);
}

TEST(Merge, SeparatePathsAgreeWithTheInterpreter) {
  over_check_cases(Merging::never);
}

TEST(Merge, MergedPathsAgreeWithTheInterpreter) {
  over_check_cases(Merging::always);
}

/// The verdict of every case is the same with paths merged.
TEST(Merge, VerdictsDoNotDependOnMerging) {
  for (const auto& entry : std::filesystem::directory_iterator("tests/corpus/check")) {
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto file = corpus::parse_data_file(text, entry.path().string());
    ASSERT_TRUE(file) << file.error().line();
    auto check = corpus::read_check_case(*file);
    ASSERT_TRUE(check) << check.error().line();
    check->options.merging = Merging::always;
    Explorer explorer(check->image.view(), check->options);
    const auto result = explorer.explore();
    if (!result) continue;
    if (check->expected == "proved") {
      EXPECT_TRUE(result->findings.empty() && result->unknowns.empty()) << entry.path();
    } else if (check->expected.starts_with("refuted")) {
      EXPECT_FALSE(result->findings.empty()) << entry.path();
    }
  }
}

}  // namespace
}  // namespace probity::symex
