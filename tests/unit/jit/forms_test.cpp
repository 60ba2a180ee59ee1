// SPDX-License-Identifier: Apache-2.0
// Every form that is translated, executed by this processor and compared with its meaning: all
// register pairs, dst == src included, corner and random immediates and register values, under each
// option. Each instruction stands between two that are always assisted; the callback sets the
// registers before it and compares them after it.
#include <array>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "domain/concrete.hpp"
#include "isa/bpf/codec.hpp"
#include "isa/bpf/flow.hpp"
#include "isa/bpf/semantics_impl.hpp"
#include "native_code.hpp"

namespace probity::jit {
namespace {

using bpf::Form;
using bpf::Insn;
using bpf::Meaning;
using bpf::Reg;
using Registers = std::array<std::uint64_t, bpf::reg_count>;
using Random = std::mt19937_64;

/// Offsets are 16 bits: an address in the middle of this reaches no byte outside.
constexpr std::size_t memory_bytes = 2 * 65536;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t good_region = 2, read_only_region = 3, region_total = 4;
/// r10 of checked trials, whose frame is the start of the good region.
constexpr std::uint64_t checked_r10 = good_region << 32 | frame_bytes;

RegionEntry region_entry(std::uint8_t* host, std::uint64_t readable, std::uint64_t writable) {
  RegionEntry entry{host, {}, {}};
  for (unsigned log2 = 0; log2 < 4; ++log2) {
    const std::uint64_t n = 1u << log2;
    entry.readable_starts[log2] = readable < n ? 0 : readable - n + 1;
    entry.writable_starts[log2] = writable < n ? 0 : writable - n + 1;
  }
  return entry;
}

/// The State of bpf::meaning: registers, and memory at host addresses or behind a region table.
struct Model {
  Registers regs{};
  std::uint8_t* base = nullptr;            ///< of memory_bytes bytes
  std::uint64_t guest_base = 0;            ///< the address of the first one
  std::span<const RegionEntry> regions{};  ///< empty: unchecked
  bool refused = false;

  Bv<Concrete, 64> reg(Reg r) { return Bv<Concrete, 64>::of(regs[static_cast<unsigned>(r)]); }
  void set_reg(Reg r, Bv<Concrete, 64> value) {
    if (!refused) regs[static_cast<unsigned>(r)] = value.raw();
  }
  std::uint8_t* find(std::uint64_t address, unsigned n, bool write, bool ordered) {
    if (regions.empty()) return base + (address - guest_base);
    const std::uint64_t number = address >> 32;
    const std::uint64_t offset = address & 0xffff'ffff;
    refused =
        number >= regions.size() || (ordered && offset % n != 0) ||
        offset + n > (write ? regions[number].writable_starts : regions[number].readable_starts)[0];
    return refused ? nullptr : regions[number].host + offset;
  }
  template <unsigned W>
  Bv<Concrete, W> get(const std::uint8_t* at) {
    std::uint64_t value = 0;
    if (at != nullptr) std::memcpy(&value, at, W / 8);
    return Bv<Concrete, W>::of(value);
  }
  template <unsigned W>
  void put(std::uint8_t* at, Bv<Concrete, W> value) {
    const std::uint64_t word = value.raw();
    if (at != nullptr) std::memcpy(at, &word, W / 8);
  }
  template <unsigned W>
  Bv<Concrete, W> load(Bv<Concrete, 64> a) {
    return get<W>(find(a.raw(), W / 8, false, false));
  }
  template <unsigned W>
  void store(Bv<Concrete, 64> a, Bv<Concrete, W> value) {
    put(find(a.raw(), W / 8, true, false), value);
  }
  template <unsigned W>
  Bv<Concrete, W> load_acquire(Bv<Concrete, 64> a) {
    return get<W>(find(a.raw(), W / 8, false, true));
  }
  template <unsigned W>
  void store_release(Bv<Concrete, 64> a, Bv<Concrete, W> value) {
    put(find(a.raw(), W / 8, true, true), value);
  }
  template <unsigned W, typename T>
  Bv<Concrete, W> atomic(Bv<Concrete, 64> a, T&& update) {
    std::uint8_t* at = find(a.raw(), W / 8, true, true);
    const Bv<Concrete, W> old = get<W>(at);
    put(at, Bv<Concrete, W>(update(old)));
    return old;
  }
  Bv<Concrete, 64> address_of(bpf::ImmOp, Bv<Concrete, 32> imm, Bv<Concrete, 32> next_imm) {
    return concat(next_imm, imm);  // what the test puts into Context::addresses
  }
  template <unsigned W>
  bpf::PacketRead<Concrete> load_packet(Bv<Concrete, 32>) {
    return {};
  }
  Bool<Concrete> may_goto_exhausted() { return {}; }
};

/// One instruction with the state it runs in.
struct Trial {
  Insn insn;
  Registers before{};
  std::uint32_t slot = 0;  ///< of the instruction; the one before and the two behind are assisted
};

bool is_access(Form form) {
  return bpf::row(form).meaning >= Meaning::load;
}

/// Values that are near some limit half of the time.
std::uint64_t value(Random& random) {
  constexpr std::uint64_t corners[] = {0,
                                       1,
                                       2,
                                       0x7f,
                                       0x80,
                                       0xff,
                                       0x7fff'ffff,
                                       0x8000'0000,
                                       0xffff'ffff,
                                       0x1'0000'0000,
                                       0x7fff'ffff'ffff'ffff,
                                       0x8000'0000'0000'0000,
                                       0xffff'ffff'ffff'fffe,
                                       ~0ull};
  const std::uint64_t r = random();
  if ((r & 3) == 0) return corners[(r >> 8) % std::size(corners)];
  if ((r & 3) == 1) return static_cast<std::uint64_t>(static_cast<std::int8_t>(r >> 8));
  return random();
}
std::int32_t immediate(Random& random) {
  constexpr std::uint32_t corners[] = {0,    1,           0xffff'ffff, 2,           0x7f, 0x80,
                                       0xff, 0x100,       0xffff,      0xffff'ff80, 0x1f, 0x3f,
                                       0x40, 0xffff'ff7f, 0x7fff'ffff, 0x8000'0000};
  const std::uint64_t r = random();
  return static_cast<std::int32_t>((r & 1) != 0 ? corners[(r >> 8) % std::size(corners)] : r >> 32);
}

struct Mode {
  const char* name;
  Options options;
};

class FormsTest : public testing::TestWithParam<Mode> {
 protected:
  void SetUp() override;
  void run_form(Form form);

 private:
  static const std::uint8_t* assist(Context*, std::uint64_t number) { return test_->step(number); }
  const std::uint8_t* step(std::uint64_t number);
  void add_trial(Form form, Reg dst, Reg src);
  void place_address(Trial& trial);
  std::vector<bpf::Slot> program();
  void expect_meaning(const Trial& trial, std::uint64_t reached);
  bool checked() const { return GetParam().options.memory == Memory::checked; }

  static FormsTest* test_;
  Random random_{20261122};
  Bytes memory_ = Bytes(memory_bytes);
  Bytes model_memory_ = Bytes(memory_bytes);
  std::array<RegionEntry, region_total> regions_{};
  std::array<RegionEntry, region_total> model_regions_{};
  std::vector<std::uint8_t> always_assist_;
  std::vector<std::uint64_t> addresses_;
  std::vector<Trial> trials_;
  std::size_t current_ = 0;
  const NativeCode* code_ = nullptr;
  Context context_;
};
FormsTest* FormsTest::test_ = nullptr;

void FormsTest::SetUp() {
  test_ = this;
  for (std::uint8_t& byte : memory_) byte = static_cast<std::uint8_t>(random_());
  model_memory_ = memory_;
  regions_[good_region] = region_entry(memory_.data(), memory_bytes, memory_bytes);
  regions_[read_only_region] = region_entry(memory_.data(), memory_bytes, 0);
  model_regions_[good_region] = region_entry(model_memory_.data(), memory_bytes, memory_bytes);
  model_regions_[read_only_region] = region_entry(model_memory_.data(), memory_bytes, 0);
}

Reg base_of(const Insn& insn) {
  return bpf::row(insn.form).operands == bpf::Operands::dst_mem ? insn.src : insn.dst;
}
/// Whether an access by r10 is one of those that the runtime executes.
bool leaves_frame(const Insn& insn) {
  const int n = static_cast<int>(bpf::row(insn.form).width / 8);
  const bool is_ordered = bpf::row(insn.form).meaning >= Meaning::atomic;
  return insn.off < -frame_bytes || insn.off > -n || (is_ordered && insn.off % n != 0);
}

/// Makes the address of an access: inside the memory, and with checked memory also at its limits,
/// misaligned, read-only, or in no region.
void FormsTest::place_address(Trial& trial) {
  const bpf::Row& r = bpf::row(trial.insn.form);
  const unsigned n = r.width / 8;
  const Reg base = base_of(trial.insn);
  if (checked() && base == Reg::r10) {
    trial.before[10] = checked_r10;
    if (random_() % 4 != 0) trial.insn.off = static_cast<std::int16_t>(random_() % 530) - 520;
    if (random_() % 2 == 0) trial.insn.off = static_cast<std::int16_t>(trial.insn.off & -8);
    return;
  }
  std::uint64_t target = memory_bytes / 2 + random_() % 64 * 8;
  std::uint64_t region = good_region;
  const bool ordered = r.meaning >= Meaning::atomic;
  if (!ordered || (checked() && random_() % 4 == 0)) target += random_() % 8;
  if (checked() && random_() % 4 == 0) target = memory_bytes - n + random_() % 5 - 2;
  if (checked() && random_() % 4 == 0) region = random_() % 6;
  if (checked() && random_() % 16 == 0) region = random_() >> 32;
  const std::uint64_t start =
      checked() ? region << 32 : reinterpret_cast<std::uintptr_t>(memory_.data());
  trial.before[static_cast<unsigned>(base)] =
      start + target - static_cast<std::uint64_t>(std::int64_t{trial.insn.off});
}

void FormsTest::add_trial(Form form, Reg dst, Reg src) {
  const bpf::Row& r = bpf::row(form);
  Trial trial;
  trial.insn = {
      form, dst, src, static_cast<std::int16_t>(random_()), immediate(random_), immediate(random_)};
  if (random_() % 4 == 0) trial.insn.off = static_cast<std::int16_t>(random_() % 3 - 1);
  if (r.meaning == Meaning::branch || r.meaning == Meaning::jump) {
    trial.insn.off = 1;
    if (form == Form::ja32) trial.insn.imm = 1;
  }
  trial.insn = bpf::canonical(trial.insn);
  if (bpf::written_register(trial.insn) == Reg::r10) return;
  for (std::uint64_t& reg : trial.before) reg = value(random_);
  if (random_() % 4 == 0) {  // equal operands
    trial.before[static_cast<unsigned>(dst)] = trial.before[static_cast<unsigned>(src)];
  }
  if (is_access(form)) place_address(trial);
  if (r.meaning == Meaning::load_imm64 && form != Form::lddw) {
    addresses_.push_back(trial.insn.imm64());
  }
  trials_.push_back(trial);
}

std::vector<bpf::Slot> FormsTest::program() {
  std::vector<bpf::Slot> slots;
  const bpf::Slot stop = bpf::encode(Insn{})[0];
  always_assist_.clear();
  for (Trial& trial : trials_) {
    slots.push_back(stop);
    trial.slot = static_cast<std::uint32_t>(slots.size());
    const std::array<bpf::Slot, 2> encoded = bpf::encode(trial.insn);
    slots.insert(slots.end(), encoded.begin(), encoded.begin() + trial.insn.slot_count());
    slots.insert(slots.end(), 2, stop);
  }
  slots.push_back(stop);
  for (const bpf::Slot& slot : slots) always_assist_.push_back(slot == stop ? 1 : 0);
  for (const Trial& trial : trials_) always_assist_[trial.slot] = 0;
  return slots;
}

const std::uint8_t* FormsTest::step(std::uint64_t number) {
  if (current_ > 0 && number != trials_[current_ - 1].slot - 1) {  // behind a trial, or in it
    expect_meaning(trials_[current_ - 1], number);
    if (HasFailure()) return code_->leave();
    if (current_ == trials_.size()) return code_->leave();
  }
  const Trial& next = trials_[current_++];
  std::copy(next.before.begin(), next.before.end(), std::begin(context_.registers));
  return code_->at(next.slot);
}

void FormsTest::expect_meaning(const Trial& trial, std::uint64_t reached) {
  Model model;
  model.regs = trial.before;
  model.base = model_memory_.data();
  model.guest_base = reinterpret_cast<std::uintptr_t>(memory_.data());
  const Insn& insn = trial.insn;
  const bool is_refused = is_access(insn.form) && base_of(insn) == Reg::r10 && leaves_frame(insn);
  if (checked()) model.regions = std::span(model_regions_).first(is_refused ? 1 : region_total);
  const bpf::Next<Concrete> next =
      bpf::meaning<Concrete>(insn.form, insn.dst, insn.src, bpf::immediates<Concrete>(insn), model);
  const bpf::Row& r = bpf::row(insn.form);
  const bool unresolved =
      r.meaning == Meaning::load_imm64 && insn.form != Form::lddw && insn.imm64() == 0;
  if (unresolved) model.regs = trial.before;
  const std::uint32_t behind = trial.slot + insn.slot_count();
  const bool taken =
      next.flow == bpf::Flow::jump || (next.flow == bpf::Flow::branch && next.taken.raw() != 0);
  const std::uint32_t expected =
      model.refused || unresolved ? trial.slot : behind + (taken ? 1 : 0);
  const std::string what =
      std::string(r.name) + " dst r" + std::to_string(static_cast<unsigned>(insn.dst)) + " src r" +
      std::to_string(static_cast<unsigned>(insn.src)) + " off " + std::to_string(insn.off) +
      " imm " + std::to_string(insn.imm) + " next_imm " + std::to_string(insn.next_imm);
  EXPECT_EQ(reached, expected) << what;
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    EXPECT_EQ(context_.registers[i], model.regs[i])
        << what << ": r" << i << " was " << std::hex << trial.before[i];
  }
}

void FormsTest::run_form(Form form) {
  const bpf::Operands operands = bpf::row(form).operands;
  const bool one_register = operands == bpf::Operands::dst || operands == bpf::Operands::dst_imm ||
                            operands == bpf::Operands::dst_imm_off ||
                            operands == bpf::Operands::mem_imm ||
                            operands == bpf::Operands::dst_imm64;
  trials_.clear();
  addresses_.clear();
  current_ = 0;
  for (unsigned dst = 0; dst < bpf::reg_count; ++dst) {
    for (unsigned i = 0; i < 3 * bpf::reg_count; ++i) {
      add_trial(form, static_cast<Reg>(dst), static_cast<Reg>(one_register ? 0 : i % 11));
    }
  }
  const std::vector<bpf::Slot> slots = program();
  const NativeCode code(
      {Target::x86_64, slots, GetParam().options, 0, 0, 0x1234'5678, always_assist_});
  ASSERT_EQ(code.error(), "");
  code_ = &code;
  context_ = {};
  context_.regions = regions_.data();
  context_.region_count = regions_.size();
  context_.frame = reinterpret_cast<std::uintptr_t>(memory_.data()) + frame_bytes;
  for (KnownRegion& known : context_.known) known.region = regions_.data();
  context_.addresses = addresses_.data();
  context_.assist = assist;
  code.run(context_);
  EXPECT_EQ(current_, trials_.size());
  EXPECT_TRUE(memory_ == model_memory_) << bpf::row(form).name << ": memory differs";
}

TEST_P(FormsTest, EveryFormDoesWhatItMeans) {
  int tested = 0;
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const Form form = static_cast<Form>(i);
    const Meaning meaning = bpf::row(form).meaning;
    if (meaning == Meaning::call || meaning == Meaning::exit || meaning == Meaning::may_goto ||
        meaning == Meaning::load_packet) {
      continue;  // programs_test.cpp
    }
    run_form(form);
    ASSERT_FALSE(HasFailure()) << bpf::row(form).name;
    ++tested;
  }
  EXPECT_EQ(tested, 168);  // of 180: a new row is either translated or belongs to the list above
}

constexpr Options mode(Memory memory, Blinding blinding, std::uint32_t features) {
  return {memory, Fuel::at_back_edges, blinding, features};
}
INSTANTIATE_TEST_SUITE_P(
    Modes, FormsTest,
    testing::Values(Mode{"unchecked", mode(Memory::unchecked, Blinding::off, 0)},
                    Mode{"bmi2", mode(Memory::unchecked, Blinding::off, host_features())},
                    Mode{"blinded", mode(Memory::unchecked, Blinding::on, 0)},
                    Mode{"checked", mode(Memory::checked, Blinding::off, 0)},
                    Mode{"checked_blinded", mode(Memory::checked, Blinding::on, host_features())}),
    [](const testing::TestParamInfo<Mode>& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace probity::jit
