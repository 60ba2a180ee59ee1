// SPDX-License-Identifier: Apache-2.0
// See gate.hpp. What two runs show is compared by equiv/seen.hpp, as everywhere.
#include "opt/gate.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/check.hpp"
#include "equiv/equivalence.hpp"
#include "equiv/seen.hpp"
#include "opt/simulation.hpp"

namespace probity::opt {
namespace {

using equiv::Seen;
using runtime::Engine;
using runtime::EngineKind;
using runtime::FaultKind;

/// What exploring all paths of both says; `why` is in front of it.
GateAnswer explore_both(const Versions& images, const EquivalenceLimits& limits,
                        const std::string& why) {
  GateAnswer answer{"equivalence", GateVerdict::unknown, {}};
  symex::Options options;
  options.timeout_seconds = limits.seconds;
  const equiv::Question question{
      {&images.before}, {&images.after}, {}, options, symex::UseKernel::no};
  const auto comparison = equiv::compare(question);
  if (!comparison) {
    answer.text = fmt::format("{}; all paths: {}", why, comparison.error().line());
    return answer;
  }
  const auto is_relation = [](const equiv::Difference& difference) {
    return difference.finding.property == symex::Property::relation;
  };
  const auto differs = std::ranges::find_if(comparison->differences, is_relation);
  if (differs != comparison->differences.end()) {
    answer.verdict = GateVerdict::failed;
    answer.text = "all paths: " + differs->finding.text;
  } else if (!comparison->exploration.unknowns.empty()) {
    answer.text =
        fmt::format("{}; all paths: {}", why, comparison->exploration.unknowns.front().reason);
  } else if (!comparison->differences.empty()) {
    answer.text = fmt::format("{}; all paths: {}", why, comparison->differences[0].finding.text);
  } else {
    answer.verdict = GateVerdict::passed;
    answer.text = fmt::format("proved on all paths, packets of {}..{} bytes ({})",
                              options.min_packet, options.max_packet, why);
  }
  return answer;
}

Expected<std::unique_ptr<Engine>> load(EngineKind kind, const program::View& program) {
  return kind == EngineKind::kernel ? runtime::load_kernel(program)
                                    : runtime::load_engine(kind, program, {});
}

/// The maps whose entries the engine shows, in the program's order.
Expected<std::vector<runtime::MapContents>> read_maps(Engine& engine,
                                                      std::span<const program::MapDef> maps) {
  std::vector<runtime::MapContents> contents;
  for (const program::MapDef& map : maps) {
    if (map.read_only) continue;
    auto read = engine.read_map(map.name);
    if (!read && read.error().fault() == Fault::unsupported) continue;
    if (!read) return std::unexpected(read.error());
    contents.push_back(*std::move(read));
  }
  return contents;
}

/// Does the program ask the clock, or for a random number? The engines of this process answer both
/// versions the same.
bool asks_time_or_chance(const program::View& program) {
  constexpr std::array<std::int32_t, 6> helpers = {5, 7, 118, 125, 160, 208};
  constexpr std::uint8_t call = bpf::row(bpf::Form::call_helper).opcode;
  return std::ranges::any_of(program.slots, [&](const bpf::Slot& slot) {
    return slot.opcode == call && slot.src() == 0 &&
           std::ranges::find(helpers, slot.imm) != helpers.end();
  });
}

/// Can the input be given to this engine at all? The old version decides.
bool is_run(const Expected<runtime::RunOutput>& output) {
  return output && output->fault.kind == FaultKind::none;
}

/// Both versions in one engine, and on the kernel the old one twice.
class Pair {
 public:
  Pair(const Versions& images, EngineKind kind) : images_(images), kind_(kind) {}

  Expected<void> begin(std::span<const runtime::MapContents> filled) {
    const program::View before = images_.before.view();
    const program::View after = images_.after.view();
    before_ = before;
    after_ = after;
    TRY(old_, load(kind_, before_));
    TRY(new_, load(kind_, after_));
    if (kind_ == EngineKind::kernel) {
      TRY(again_, load(kind_, before_));
    }
    for (const runtime::MapContents& contents : filled) {
      TRY(fill(contents));
    }
    repeats_ = true;
    return {};
  }

  /// Where the versions differ on this input; empty: nowhere.
  std::string run(const GateInput& input) {
    const auto left = old_->run(input.input);
    const auto right = new_->run(input.input);
    const auto again = again_ ? again_->run(input.input) : left;
    if (!is_run(left)) {
      ++refused_;
      if (right || !left) return {};
      return fmt::format("{}: only the new version refuses: {}", input.name, right.error().line());
    }
    if (!right) return fmt::format("{}: {}", input.name, right.error().line());
    ++compared_;
    if (!again || !difference(*left, *again).empty()) {
      repeats_ = false;
      return {};
    }
    const std::string wrong = difference(*left, *right);
    return wrong.empty() ? wrong : fmt::format("{}: {}", input.name, wrong);
  }

  /// Where the maps differ at the end.
  Expected<std::string> compare_maps() {
    Seen left, right, again;
    TRY(left.maps, read_maps(*old_, before_.maps));
    TRY(right.maps, read_maps(*new_, before_.maps));
    if (again_) {
      TRY(again.maps, read_maps(*again_, before_.maps));
    }
    if (again_ && !equiv::differences(left, again, {}, {}).empty()) repeats_ = false;
    if (!repeats_) return std::string();
    const auto lines = equiv::differences(left, right, {}, {});
    return lines.empty() ? std::string() : lines.front();
  }

  std::size_t compared() const { return compared_; }
  std::size_t refused() const { return refused_; }
  /// Did the old version do the same twice?
  bool repeats() const { return repeats_; }

 private:
  static std::string difference(const runtime::RunOutput& a, const runtime::RunOutput& b) {
    const auto lines = equiv::differences({a, {}}, {b, {}}, {}, {});
    return lines.empty() ? std::string() : lines.front();
  }

  /// What one version cannot be given, none gets.
  Expected<void> fill(const runtime::MapContents& contents) {
    const Expected<void> filled = old_->write_map(contents);
    if (!filled) return {};
    TRY(new_->write_map(contents));
    if (again_) return again_->write_map(contents);
    return {};
  }

  Versions images_;
  EngineKind kind_;
  program::View before_;
  program::View after_;
  std::unique_ptr<Engine> old_;
  std::unique_ptr<Engine> new_;
  std::unique_ptr<Engine> again_;
  bool repeats_ = true;
  std::size_t compared_ = 0;
  std::size_t refused_ = 0;
};

/// All inputs in a row; what differs, or empty.
Expected<std::string> run_round(Pair& pair, std::span<const GateInput> inputs,
                                std::span<const runtime::MapContents> filled) {
  TRY(pair.begin(filled));
  for (const GateInput& input : inputs) {
    std::string wrong = pair.run(input);
    if (!wrong.empty()) return wrong;
  }
  return pair.compare_maps();
}

/// Does the old version differ from itself in one of a few more rounds? Addresses that it shows may
/// be the same by chance.
bool repeats(const object::Image& before, std::span<const GateInput> inputs,
             std::span<const runtime::MapContents> filled) {
  constexpr int rounds = 5;
  for (int round = 0; round < rounds; ++round) {
    Pair same({before, before}, EngineKind::kernel);
    const Expected<std::string> wrong = run_round(same, inputs, filled);
    if (!wrong || !wrong->empty() || !same.repeats()) return false;
  }
  return true;
}

/// Insns of the shortest of several runs in a row, each on the packet that the former left.
std::optional<std::uint64_t> repeated_length(Engine& engine, runtime::RunInput input) {
  constexpr int times = 4;
  std::optional<std::uint64_t> shortest;
  for (int i = 0; i < times; ++i) {
    const auto output = engine.run(input);
    if (!is_run(output)) return std::nullopt;
    shortest = std::min(shortest.value_or(output->insns_executed), output->insns_executed);
    input.packet = output->packet;
  }
  return shortest;
}

/// Each version against the one before it, in the order in which they were made: equality is
/// transitive.
Simulated simulate_steps(std::span<const Code> versions, const program::View& view,
                         const solver::Options& solver) {
  Simulated all;
  for (std::size_t i = 1; i < versions.size(); ++i) {
    const Simulated step = simulate(versions[i - 1], versions[i], view, solver);
    if (step.verdict != Simulated::Verdict::proved) return step;
    all.pairs += step.pairs;
    all.obligations += step.obligations;
    all.solved += step.solved;
  }
  all.verdict = Simulated::Verdict::proved;
  return all;
}

}  // namespace

std::string_view name(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::passed: return "passed";
    case GateVerdict::failed: return "failed";
    case GateVerdict::unknown: return "unknown";
    case GateVerdict::not_applicable: return "not applicable";
  }
  PROBITY_UNREACHABLE("gate verdict");
}

GateAnswer check_equivalence(const Versions& images, std::span<const Code> versions,
                             const solver::Options& solver, const EquivalenceLimits& limits) {
  const Code& before = versions.front();
  const Code& after = versions.back();
  const auto same = [](const Node& a, const Node& b) {
    return a.insn == b.insn && a.target == b.target;
  };
  if (std::ranges::equal(before.nodes(), after.nodes(), same))
    return {"equivalence", GateVerdict::passed, "the code is the same"};
  const program::View view = images.before.view();
  const Simulated whole = simulate(before, after, view, solver);
  if (whole.verdict == Simulated::Verdict::proved) {
    return {
        "equivalence", GateVerdict::passed,
        fmt::format("proved for all inputs: {} places, {} obligations, {} of them by the solver",
                    whole.pairs, whole.obligations, whole.solved)};
  }
  const Simulated steps = simulate_steps(versions, view, solver);
  if (versions.size() > 2 && steps.verdict == Simulated::Verdict::proved) {
    return {"equivalence", GateVerdict::passed,
            fmt::format("proved for all inputs, in {} steps: {} places, {} obligations, {} of them "
                        "by the solver (first and last alone: {})",
                        versions.size() - 1, steps.pairs, steps.obligations, steps.solved,
                        whole.reason)};
  }
  return explore_both(images, limits, "simulation: " + whole.reason);
}

GateAnswer compare_runs(const Versions& images, EngineKind engine,
                        std::span<const GateInput> inputs,
                        std::span<const runtime::MapContents> filled) {
  GateAnswer answer{fmt::format("runs on {}", runtime::name(engine)), GateVerdict::passed, {}};
  Pair pair(images, engine);
  for (const auto& contents : {std::span<const runtime::MapContents>(), filled}) {
    const Expected<std::string> wrong = run_round(pair, inputs, contents);
    if (!wrong) {
      return {answer.gate, GateVerdict::not_applicable, std::string(wrong.error().line())};
    }
    const bool by_chance =
        !wrong->empty() && engine == EngineKind::kernel &&
        (asks_time_or_chance(images.before.view()) || !repeats(images.before, inputs, contents));
    if (by_chance) {
      return {answer.gate, GateVerdict::not_applicable,
              "what it does depends on time, chance or addresses"};
    }
    if (!wrong->empty()) return {answer.gate, GateVerdict::failed, *wrong};
    if (pair.compared() == 0) {
      return {answer.gate, GateVerdict::not_applicable,
              fmt::format("the program takes none of {} inputs there", inputs.size())};
    }
  }
  answer.text = fmt::format("{} runs agree", pair.compared());
  if (pair.refused() != 0) answer.text += fmt::format(" ({} more end early)", pair.refused());
  return answer;
}

std::vector<std::size_t> longest_runs(const object::Image& image, std::span<const GateInput> inputs,
                                      std::span<const runtime::MapContents> filled,
                                      std::size_t most) {
  const program::View view = image.view();
  const auto engine = runtime::load_engine(EngineKind::interp, view, {});
  if (!engine || inputs.empty() || most == 0) return {0};
  for (const runtime::MapContents& contents : filled) {
    if (!(*engine)->write_map(contents)) continue;  // what cannot be filled stays empty
  }
  std::map<std::uint64_t, std::size_t, std::greater<>> by_length;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (const auto length = repeated_length(**engine, inputs[i].input)) {
      by_length.try_emplace(*length, i);
    }
  }
  std::vector<std::size_t> longest;
  for (const auto& [length, input] : by_length) {
    if (longest.size() < most) longest.push_back(input);
  }
  return longest.empty() ? std::vector<std::size_t>{0} : longest;
}

}  // namespace probity::opt
