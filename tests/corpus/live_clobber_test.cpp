// SPDX-License-Identifier: Apache-2.0
// What is not live may hold anything: each recorded program is rewritten so that registers and
// words of the frame that Live calls dead are overwritten in front of every insn, and must then
// give what it gave. Skipped by name where the corpus is absent.
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "object_rows.hpp"
#include "opt/facts.hpp"
#include "opt/live.hpp"

namespace probity::corpus {
namespace {

using opt::Code;
using opt::LivePoint;
using opt::Node;

constexpr std::size_t shown = 10;
constexpr std::int32_t rubbish = 0x5a5a5a5a;
/// Words overwritten in front of one insn; which ones goes round.
constexpr std::size_t words_at_once = 4;
constexpr std::size_t word_bytes = 8;

bool is_dead(const LivePoint& live, std::size_t word) {
  for (std::size_t i = 0; i < word_bytes; ++i) {
    if (live.stack[word * word_bytes + i]) return false;
  }
  return true;
}

/// Insns that overwrite what is dead before the node.
std::vector<Node> overwrite(const LivePoint& live, std::uint32_t node) {
  std::vector<Node> result;
  for (unsigned reg = 0; reg < 10; ++reg) {
    if ((live.regs >> reg & 1) != 0) continue;
    result.push_back(opt::inserted({bpf::Form::mov64_imm, static_cast<bpf::Reg>(reg), bpf::Reg::r0,
                                    0, rubbish + static_cast<std::int32_t>(reg), 0}));
  }
  for (std::size_t i = 0; i < words_at_once; ++i) {
    const std::size_t word = opt::stack_words - 1 - (node * words_at_once + i) % opt::stack_words;
    if (!is_dead(live, word)) continue;
    const auto offset = static_cast<std::int16_t>(static_cast<int>(word * word_bytes) -
                                                  static_cast<int>(opt::stack_bytes));
    result.push_back(
        opt::inserted({bpf::Form::stdw, bpf::Reg::r10, bpf::Reg::r0, offset, rubbish, 0}));
  }
  return result;
}

/// A program with what is dead overwritten everywhere.
struct Clobbered {
  std::vector<bpf::Slot> slots;
  std::vector<program::Subprog> subprogs;
  program::View view;

  static std::optional<Clobbered> of(const program::View& view) {
    auto code = Code::from(view.slots, view.subprogs);
    if (!code) return std::nullopt;
    const opt::Facts facts = opt::Facts::of(*code, view);
    const opt::Live live = opt::Live::of(*code, facts, view);
    opt::Change change{"overwrite", {}};
    for (std::uint32_t node = 0; node < code->size(); ++node) {
      change.splices.push_back({node, 0, overwrite(live.before(node), node)});
    }
    const Code changed = code->with(change);
    const auto edit = changed.edit();
    if (!edit) return std::nullopt;  // a jump that is too far
    Clobbered result;
    for (const object::EditedSlot& edited : edit->slots) result.slots.push_back(edited.slot);
    const auto& starts = edit->subprog_starts;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const auto end =
          i + 1 < starts.size() ? starts[i + 1] : static_cast<std::uint32_t>(edit->slots.size());
      result.subprogs.push_back({"", starts[i], end - starts[i]});
    }
    result.view = view;
    result.view.lines = {};
    return result;
  }
  /// The view points at this object: call it where the object stays.
  const program::View& placed() {
    view.slots = slots;
    view.subprogs = subprogs;
    return view;
  }
};

struct Tally {
  std::size_t rows = 0;
  std::size_t not_run = 0;  ///< not linked, too long for its jumps, helpers without a model
  std::size_t compared = 0;
  std::vector<std::string> wrong;
};

/// How two runs differ; empty when they do not.
std::string difference_of(const runtime::RunOutput& a, const runtime::RunOutput& b) {
  if (a.fault.kind != b.fault.kind) return fmt::format("faults: {}", b.fault.text);
  if (a.return_value != b.return_value) {
    return fmt::format("returns {:#x}, not {:#x}", b.return_value, a.return_value);
  }
  if (a.packet != b.packet) return "the packet differs";
  return a.events == b.events ? "" : "an output differs";
}

class LiveClobber : public testing::Test {
 protected:
  void run(const Json& row) {
    ++tally_.rows;
    const std::string name = row.at("object").get<std::string>();
    if (name != object_name_) {
      object_name_ = name;
      object_.reset();
      auto read = object::read_file((corpus_folder() / "objects" / name).string());
      if (read) object_.emplace(std::move(*read));
    }
    const bool compared = object_ && compare(row);
    if (compared)
      ++tally_.compared;
    else
      ++tally_.not_run;
  }

  Tally tally_;

 private:
  bool compare(const Json& row) {
    const auto image = image_of(*object_, row);
    if (!image) return false;
    const program::View view = image->view();
    auto clobbered = Clobbered::of(view);
    if (!clobbered) return false;
    const auto before = runtime::load_interpreter(view, {});
    const auto after = runtime::load_interpreter(clobbered->placed(), {});
    if (!before || !after) return false;
    static_cast<void>(seed_maps(**before, view, row));
    static_cast<void>(seed_maps(**after, view, row));
    for (const Json& run : row.at("runs")) {
      runtime::RunInput input;
      input.packet = bytes_of_hex(run.at("packet").get<std::string>());
      const auto a = (*before)->run(input), b = (*after)->run(input);
      if (!a || !b) return false;
      if (a->fault.kind != runtime::FaultKind::none) continue;  // what it leaves is nobody's
      const std::string wrong = difference_of(*a, *b);
      if (wrong.empty()) continue;
      tally_.wrong.push_back(
          fmt::format("{} {}: {}", object_name_, row.at("prog").get<std::string>(), wrong));
      break;
    }
    return true;
  }

  std::string object_name_;
  std::optional<object::Object> object_;
};

TEST_F(LiveClobber, SequencesOfObjects) {
  std::ifstream in(corpus_folder() / "sequences.jsonl");
  if (!in) GTEST_SKIP() << "sequences.jsonl is absent: set PROBITY_CORPUS";
  for (std::string line; std::getline(in, line);) {
    const Json row = Json::parse(line, nullptr, false);
    ASSERT_FALSE(row.is_discarded());
    run(row);
  }
  fmt::print("{} rows, {} not run, {} compared, {} differ\n", tally_.rows, tally_.not_run,
             tally_.compared, tally_.wrong.size());
  for (std::size_t i = 0; i < std::min(shown, tally_.wrong.size()); ++i) {
    ADD_FAILURE() << tally_.wrong[i];
  }
  EXPECT_GT(tally_.compared, 0u);
}

}  // namespace
}  // namespace probity::corpus
