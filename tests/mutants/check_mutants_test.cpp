// SPDX-License-Identifier: Apache-2.0
// Broken copies of the programs that tests/corpus/check calls proved: a bounds or NULL check turned
// into `goto +0`, an access moved past what was checked, a store left out, one insn each. Every
// copy that the interpreter sees fault, or return what the specification forbids, on some random
// input must not be called proved by the checker. Only the interpreter runs them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "corpus/check_case.hpp"
#include "isa/bpf/codec.hpp"
#include "runtime/engine.hpp"

namespace probity {
namespace {

using Random = std::mt19937;

struct Mutant {
  std::string what;
  std::vector<bpf::Slot> slots;
};

constexpr bpf::Slot goto_next{0x05, 0, 0, 0};

/// The copy of `slots` with another slot at `at`.
Mutant with(const std::vector<bpf::Slot>& slots, std::size_t at, bpf::Slot slot,
            std::string_view what) {
  Mutant mutant{"slot " + std::to_string(at) + ": " + std::string(what), slots};
  mutant.slots[at] = slot;
  return mutant;
}

void add_mutants(std::vector<Mutant>& mutants, const std::vector<bpf::Slot>& slots, std::size_t at,
                 bpf::Meaning meaning) {
  const auto moved = [&](int bytes) {
    bpf::Slot slot = slots[at];
    slot.off = static_cast<std::int16_t>(slot.off + bytes);
    return slot;
  };
  switch (meaning) {
    case bpf::Meaning::branch:
      mutants.push_back(with(slots, at, goto_next, "check left out"));
      return;
    case bpf::Meaning::store_imm:
    case bpf::Meaning::store_reg:
      mutants.push_back(with(slots, at, goto_next, "store left out"));
      [[fallthrough]];
    case bpf::Meaning::load:
    case bpf::Meaning::atomic:
      for (const int bytes : {1, 4, 64, 512, 2000}) {
        mutants.push_back(
            with(slots, at, moved(bytes), "access moved by " + std::to_string(bytes)));
      }
      return;
    default: return;
  }
}

std::vector<Mutant> mutants_of(const std::vector<bpf::Slot>& slots) {
  std::vector<Mutant> mutants;
  for (std::size_t at = 0; at < slots.size();) {
    const auto insn = bpf::decode(slots, at);
    if (!insn) break;
    add_mutants(mutants, slots, at, bpf::row(insn->form).meaning);
    at += insn->slot_count();
  }
  return mutants;
}

runtime::Bytes random_bytes(Random& random, std::size_t size) {
  runtime::Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

/// A few entries with small keys, as programs use them.
runtime::MapContents random_contents(Random& random, const program::MapDef& map) {
  runtime::MapContents contents{std::string(map.name), {}};
  for (std::uint8_t number = 0; number < 4 && number < map.max_entries; ++number) {
    if (random() % 2 == 0) continue;
    runtime::Bytes key(map.key_size);
    key[0] = number;
    contents.entries.push_back({std::move(key), random_bytes(random, map.value_size)});
  }
  return contents;
}

/// What goes wrong in one run on a random input; empty when nothing does.
std::string violation(const program::View& view, const symex::Options& options, Random& random) {
  constexpr std::uint64_t fuel_insns = 300'000;
  auto engine = runtime::load_interpreter(view, {fuel_insns});
  if (!engine) return {};
  for (const program::MapDef& map : view.maps) {
    if (map.read_only || map.key_size == 0) continue;
    // Maps that cannot be given contents stay empty.
    [[maybe_unused]] const auto written = (*engine)->write_map(random_contents(random, map));
  }
  runtime::RunInput input;
  const std::size_t span = random() % 2 == 0 ? 64 : options.max_packet - options.min_packet + 1;
  input.packet = random_bytes(random, options.min_packet + random() % span);
  const auto output = (*engine)->run(input);
  if (!output) return {};
  if (output->fault.kind == runtime::FaultKind::out_of_fuel) return {};
  if (output->fault.kind == runtime::FaultKind::unsupported) return {};  // says nothing
  if (output->fault.kind != runtime::FaultKind::none) return output->fault.text;
  const auto value = static_cast<std::uint32_t>(output->return_value);
  const auto& allowed = options.allowed_returns;
  if (allowed.empty() || std::ranges::find(allowed, value) != allowed.end()) return {};
  return "returns " + std::to_string(value);
}

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("tests/corpus/check")) {
    if (entry.path().extension() == ".data") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

class CheckMutants : public testing::Test {
 protected:
  void check_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto file = corpus::parse_data_file(text, path.string());
    ASSERT_TRUE(file) << file.error().line();
    const auto check = corpus::read_check_case(*file);
    ASSERT_TRUE(check) << check.error().line();
    if (check->expected != "proved") return;
    // Random inputs are mostly such that an assumption leaves out: they say nothing of a verdict.
    if (!check->options.assumptions.empty()) return;
    program::View view = check->image.view();
    for (int i = 0; i < runs; ++i) {
      EXPECT_EQ(violation(view, check->options, random_), "") << path << " itself";
    }
    for (const Mutant& mutant : mutants_of(check->image.slots)) {
      ++mutants_;
      view.slots = mutant.slots;
      check_mutant(view, check->options, path.string() + ", " + mutant.what);
    }
  }

  void check_mutant(const program::View& view, symex::Options options, const std::string& what) {
    std::string wrong;
    for (int i = 0; i < runs && wrong.empty(); ++i) wrong = violation(view, options, random_);
    if (wrong.empty()) return;
    ++faulty_;
    options.unroll = 64;
    options.max_paths = 500;
    options.max_insns = 100'000;
    const bool memory = !wrong.starts_with("returns");
    if (memory) expect_not_proved(view, safety(options), what + " (--safety)", wrong);
    if (expect_not_proved(view, options, what, wrong)) ++refuted_;
  }

  static symex::Options safety(symex::Options options) {
    options.mode = symex::Mode::safety;
    options.min_packet = 0;
    options.max_packet = 65'535;
    options.specs = false;
    options.allowed_returns.clear();
    return options;
  }

  /// True when it is refuted.
  static bool expect_not_proved(const program::View& view, const symex::Options& options,
                                const std::string& what, const std::string& wrong) {
    symex::Explorer explorer(view, options);
    const auto result = explorer.explore();
    if (!result) return false;  // refused: not proved
    EXPECT_FALSE(result->findings.empty() && result->unknowns.empty())
        << what << " is called proved, but: " << wrong;
    return !result->findings.empty();
  }

  static constexpr int runs = 40;
  Random random_{1};
  int mutants_ = 0;
  int faulty_ = 0;
  int refuted_ = 0;
};

TEST_F(CheckMutants, AFaultyMutantIsNeverProved) {
  for (const auto& path : case_files()) check_file(path);
  RecordProperty("mutants", mutants_);
  RecordProperty("faulty", faulty_);
  RecordProperty("refuted", refuted_);
  // The test would be empty if the interpreter did not see most of the breakages.
  EXPECT_GE(faulty_, mutants_ / 3) << mutants_ << " mutants";
  EXPECT_GE(refuted_, faulty_ * 9 / 10) << faulty_ << " faulty mutants";
}

}  // namespace
}  // namespace probity
