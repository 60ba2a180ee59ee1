// SPDX-License-Identifier: Apache-2.0
// The facts of an optimizer hold in every step of recorded runs: whatever a register holds before
// an insn is what Facts says of it there. Each program of the corpus is run by the interpreter on
// its recorded packets, watched insn by insn. Skipped by name where the corpus is absent.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/arena.hpp"
#include "object_rows.hpp"
#include "opt/equal_values.hpp"
#include "opt/facts.hpp"
#include "opt/known_orders.hpp"
#include "program/flow.hpp"
#include "runtime/memory.hpp"
#include "runtime/trace_engine.hpp"

namespace probity::corpus {
namespace {

using opt::Fact;
using opt::Kind;
using opt::PointFacts;
using runtime::TracedStep;
namespace region = runtime::region;

constexpr std::uint64_t fuel_insns = 200'000;
constexpr std::size_t shown = 10;

/// Is the value in memory that the program was given beside ctx and stack?
bool is_elsewhere(std::uint64_t value) {
  const std::uint32_t number = runtime::region_of(value);
  return number == region::packet || number >= region::first_free;
}

/// Does the value agree with the fact, as far as an address tells?
bool agrees(const Fact& fact, std::uint64_t value, std::uint32_t depth) {
  const auto at = [&](std::uint32_t number, std::int64_t start) {
    if (runtime::region_of(value) != number) return false;
    return !fact.offset ||
           runtime::offset_of(value) == static_cast<std::uint32_t>(start + *fact.offset);
  };
  switch (fact.kind) {
    case Kind::nothing: return true;
    case Kind::any:
    case Kind::number: return Abstract::contains(64, fact.bits, value);
    case Kind::ctx: return at(region::ctx, 0);
    case Kind::stack: return at(region::first_stack + depth, runtime::stack_bytes_per_frame);
    case Kind::packet:
    case Kind::packet_meta:
    case Kind::packet_end: return is_elsewhere(value);
    case Kind::map: return fact.map == Fact::no_map || at(region::first_map + fact.map, 0);
    case Kind::map_value: return runtime::region_of(value) >= region::first_free;
    case Kind::map_value_or_null:
      return value == 0 || runtime::region_of(value) >= region::first_free;
    case Kind::other: return value != 0;
    case Kind::other_or_null: return true;
  }
  return false;
}

/// Pointers into the packet at known offsets have one start, and so have those of one origin; the
/// bytes made sure of are there.
bool packet_agrees(const PointFacts& facts, const TracedStep& step) {
  std::map<std::uint32_t, std::uint64_t> starts;  // by origin
  std::optional<std::uint64_t> end;
  for (std::size_t i = 0; i < bpf::reg_count; ++i) {
    const Fact& fact = facts.regs[i];
    if (fact.kind == Kind::packet_end && fact.offset == 0) end = step.before[i];
    const auto distance = fact.distance();
    if (fact.kind != Kind::packet || !distance) continue;
    const std::uint64_t here = step.before[i] - static_cast<std::uint64_t>(*distance);
    const std::uint32_t origin = fact.offset ? opt::no_node : fact.origin;
    if (starts.emplace(origin, here).first->second != here) return false;
  }
  if (!end) return true;
  for (const Fact& fact : facts.regs) {
    const auto start = starts.find(fact.offset ? opt::no_node : fact.origin);
    if (fact.kind != Kind::packet || !fact.distance() || fact.room == 0) continue;
    if (start->second + static_cast<std::uint64_t>(fact.room) > *end) return false;
  }
  const auto start = starts.find(opt::no_node);
  const auto sure = static_cast<std::uint64_t>(facts.packet_bytes);
  return start == starts.end() || start->second + sure <= *end;
}

/// One program, watched.
class Watch {
 public:
  static std::unique_ptr<Watch> of(const program::View& view) {
    auto watch = std::make_unique<Watch>();
    auto code = opt::Code::from(view.slots, view.subprogs);
    if (!code) return nullptr;
    watch->code_ = std::move(*code);
    watch->facts_ = opt::Facts::of(watch->code_, view);
    watch->equals_ = opt::EqualValues::of(watch->code_, watch->facts_);
    watch->orders_ = opt::KnownOrders::of(watch->code_, watch->facts_, watch->equals_);
    watch->slots_ = view.slots.data();
    auto engine = runtime::load_tracing_interpreter(
        view, {fuel_insns}, [w = watch.get()](const TracedStep& step) { w->look(step); });
    if (!engine) return nullptr;
    watch->engine_ = std::move(*engine);
    return watch;
  }

  runtime::Engine& engine() { return *engine_; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t equal_pairs() const { return equal_pairs_; }
  std::uint64_t equal_words() const { return equal_words_; }
  std::uint64_t orders_seen() const { return orders_seen_; }
  /// Where a value disagreed first; empty when none did.
  const std::string& wrong() const { return wrong_; }

 private:
  void look(const TracedStep& step) {
    if (step.program->slots.data() != slots_ || !wrong_.empty()) return;
    ++steps_;
    const std::uint32_t node = code_.place_of(step.slot);
    const PointFacts& facts = facts_.before(node);
    if (!facts.reached) return wrong(step, "is reached");
    for (std::size_t i = 0; i < bpf::reg_count; ++i) {
      if (agrees(facts.regs[i], step.before[i], step.depth)) continue;
      const AbstractWord& bits = facts.regs[i].bits;
      return wrong(step, fmt::format("r{} is {:#x}, its kind {}, offset {}, {:#x}..{:#x}", i,
                                     step.before[i], static_cast<int>(facts.regs[i].kind),
                                     facts.regs[i].offset.value_or(-1), bits.low, bits.high));
    }
    if (!packet_agrees(facts, step)) return wrong(step, "the packet is not as known");
    look_at_equals(step, node);
    look_at_orders(step, node);
  }
  /// Registers that were compared before compare so still.
  void look_at_orders(const TracedStep& step, std::uint32_t node) {
    for (const opt::Order& order : orders_.before(node)) {
      if (order.left >= bpf::reg_count || order.right >= bpf::reg_count) continue;
      const std::uint64_t left = step.before[order.left], right = step.before[order.right];
      const auto is_left = [&](opt::Sight sight, auto a, auto b) {
        const unsigned seen = a < b ? opt::is_less : a == b ? opt::is_equal : opt::is_greater;
        return (opt::outcomes_at(order.outcomes, sight) & seen) != 0;
      };
      using opt::Sight;
      using std::int32_t, std::int64_t, std::uint32_t;
      const bool agrees =
          is_left(Sight::unsigned_64, left, right) &&
          is_left(Sight::signed_64, static_cast<int64_t>(left), static_cast<int64_t>(right)) &&
          is_left(Sight::unsigned_32, static_cast<uint32_t>(left), static_cast<uint32_t>(right)) &&
          is_left(Sight::signed_32, static_cast<int32_t>(left), static_cast<int32_t>(right));
      if (!agrees) {
        return wrong(step, fmt::format("r{} and r{} compare otherwise", order.left, order.right));
      }
      ++orders_seen_;
    }
  }
  /// Registers that are said to be equal are, and so is a register and what is loaded from a word
  /// of the frame.
  void look_at_equals(const TracedStep& step, std::uint32_t node) {
    const opt::Equals& equals = equals_.before(node);
    for (std::size_t i = 0; i < bpf::reg_count; ++i) {
      const auto leader = equals.leader(static_cast<opt::Holder>(i));
      if (leader < bpf::reg_count && step.before[i] != step.before[leader])
        return wrong(step, fmt::format("r{} is not equal to r{}", i, leader));
      equal_pairs_ += leader != i;
    }
    const bpf::Insn& insn = code_[node].insn;
    const auto word = opt::frame_word_of(facts_.reg(node, insn.src), insn);
    if (insn.form != bpf::Form::ldxdw || !word) return;
    const std::uint64_t loaded = step.after[static_cast<std::size_t>(insn.dst)];
    for (std::size_t i = 0; i < bpf::reg_count; ++i) {
      if (!equals.are_equal(static_cast<opt::Holder>(i), opt::holder_of_word(*word))) continue;
      if (step.before[i] != loaded) return wrong(step, fmt::format("r{} is not as loaded", i));
      ++equal_words_;
    }
  }
  void wrong(const TracedStep& step, std::string_view what) {
    wrong_ = fmt::format("insn {}: {}", step.slot, what);
  }

  opt::Code code_;
  opt::Facts facts_;
  opt::EqualValues equals_;
  opt::KnownOrders orders_;
  const bpf::Slot* slots_ = nullptr;
  std::unique_ptr<runtime::Engine> engine_;
  std::uint64_t steps_ = 0;
  std::uint64_t equal_pairs_ = 0;
  std::uint64_t equal_words_ = 0;
  std::uint64_t orders_seen_ = 0;
  std::string wrong_;
};

struct Tally {
  std::size_t rows = 0;
  std::size_t not_run = 0;  ///< objects that are not linked, helpers without a model
  std::uint64_t steps = 0;
  std::uint64_t equal_pairs = 0;  ///< two registers were said to be equal
  std::uint64_t equal_words = 0;  ///< a register and a word that was loaded
  std::uint64_t orders = 0;       ///< two registers were said to compare in some way
  std::vector<std::string> wrong;

  void add(const std::unique_ptr<Watch>& watch, const std::string& name) {
    ++rows;
    if (watch == nullptr) {
      ++not_run;
      return;
    }
    steps += watch->steps();
    equal_pairs += watch->equal_pairs();
    equal_words += watch->equal_words();
    orders += watch->orders_seen();
    if (!watch->wrong().empty()) wrong.push_back(name + ": " + watch->wrong());
  }
};

void run_packet(Watch& watch, const Json& row, const char* key) {
  runtime::RunInput input;
  input.packet = bytes_of_hex(row.at(key).get<std::string>());
  static_cast<void>(watch.engine().run(input));  // what a run gives is other tests' business
}

class FactsTrace : public testing::Test {
 protected:
  /// Calls `run` for each row of a file.
  template <typename Run>
  void for_rows(const char* name, Run run) {
    const std::filesystem::path file = corpus_folder() / name;
    std::ifstream in(file);
    if (!in) GTEST_SKIP() << name << " is absent: set PROBITY_CORPUS";
    for (std::string line; std::getline(in, line);) {
      const Json row = Json::parse(line, nullptr, false);
      ASSERT_FALSE(row.is_discarded());
      run(row);
    }
    fmt::print(
        "{}: {} rows, {} not run, {} steps, {} + {} equal values, {} orders, {} rows disagree\n",
        name, tally_.rows, tally_.not_run, tally_.steps, tally_.equal_pairs, tally_.equal_words,
        tally_.orders, tally_.wrong.size());
    for (std::size_t i = 0; i < std::min(shown, tally_.wrong.size()); ++i) {
      ADD_FAILURE() << tally_.wrong[i];
    }
    EXPECT_GT(tally_.steps, 0u);
  }

  const object::Object* object_of(const Json& row) {
    const std::string name = row.at("object").get<std::string>();
    if (name != object_name_) {
      object_name_ = name;
      object_.reset();
      auto read = object::read_file((corpus_folder() / "objects" / name).string());
      if (read) object_.emplace(std::move(*read));
    }
    return object_ ? &*object_ : nullptr;
  }

  /// The program of a row about an object, loaded afresh; `run` gets it.
  template <typename Run>
  void watch_object(const Json& row, Run run) {
    const object::Object* object = object_of(row);
    const std::string name = fmt::format("{} {}", row.at("object").get<std::string>(),
                                         row.at("prog").get<std::string>());
    if (object == nullptr) return tally_.add(nullptr, name);
    const auto image = image_of(*object, row);
    if (!image) return tally_.add(nullptr, name);
    const program::View view = image->view();
    const auto watch = Watch::of(view);
    if (watch != nullptr) run(*watch, view);
    tally_.add(watch, name);
  }

  Tally tally_;

 private:
  std::string object_name_;
  std::optional<object::Object> object_;
};

TEST_F(FactsTrace, VectorsOfObjects) {
  for_rows("vectors.jsonl", [&](const Json& row) {
    watch_object(row,
                 [&](Watch& watch, const program::View&) { run_packet(watch, row, "packet"); });
  });
}

TEST_F(FactsTrace, SequencesOfObjects) {
  for_rows("sequences.jsonl", [&](const Json& row) {
    watch_object(row, [&](Watch& watch, const program::View& view) {
      static_cast<void>(seed_maps(watch.engine(), view, row));
      for (const Json& run : row.at("runs")) run_packet(watch, run, "packet");
    });
  });
}

/// Bare XDP programs: insns as hex.
template <typename Run>
void watch_insns(const Json& row, Tally& tally, Run run) {
  const runtime::Bytes bytes = bytes_of_hex(row.at("insns").get<std::string>());
  std::vector<bpf::Slot> slots(bytes.size() / sizeof(bpf::Slot));
  std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(bpf::Slot));
  std::vector<std::byte> memory(1 << 16);
  Arena arena(memory);
  program::View view;
  view.name = "row";
  view.type = program::ProgType::xdp;
  view.slots = slots;
  const auto subprogs = program::find_subprogs(slots, arena);
  if (!subprogs) return tally.add(nullptr, "row");
  view.subprogs = *subprogs;
  const auto watch = Watch::of(view);
  if (watch != nullptr) run(*watch);
  tally.add(watch, row.at("name").get<std::string>());
}

TEST_F(FactsTrace, RandomPrograms) {
  for_rows("random_programs.jsonl", [&](const Json& row) {
    watch_insns(row, tally_, [&](Watch& watch) {
      for (const Json& run : row.at("runs")) run_packet(watch, run, "data_in");
    });
  });
}

TEST_F(FactsTrace, SingleInsns) {
  for_rows("insn_vectors.jsonl", [&](const Json& row) {
    if (row.value("verdict", "") == "REJECT") return;
    watch_insns(row, tally_, [&](Watch& watch) { run_packet(watch, row, "data_in"); });
  });
}

}  // namespace
}  // namespace probity::corpus
