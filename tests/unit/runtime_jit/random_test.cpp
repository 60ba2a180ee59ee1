// SPDX-License-Identifier: Apache-2.0
// Random programs, most of their accesses allowed, some at hostile addresses: every engine gives
// the interpreter's result, memory and fault. Forward jumps only, so that all of them end; no local
// calls, whose frames the interpreter clears and translated code does not.
#include <gtest/gtest.h>

#include <random>

#include "isa/bpf/codec.hpp"
#include "program_text.hpp"
#include "runtime/memory.hpp"

namespace probity::runtime {
namespace {

using bpf::Form;
using bpf::Insn;
using bpf::Meaning;
using bpf::Operands;
using bpf::Reg;

#ifndef PROBITY_PROGRAMS
#define PROBITY_PROGRAMS 1000
#endif
constexpr unsigned programs_per_engine = PROBITY_PROGRAMS;
constexpr unsigned insns_per_program = 40;

constexpr std::uint64_t corners[] = {0,
                                     1,
                                     ~0ull,
                                     1ull << 31,
                                     1ull << 32,
                                     1ull << 63,
                                     ~0ull >> 1,
                                     0xffff'ffff,
                                     0x8000'0000'0000'0001,
                                     address_of(region::packet, 60),
                                     address_of(region::packet, 0xffff'fff8),
                                     address_of(region::first_stack, 508),
                                     address_of(region::first_free, 0),
                                     address_of(region::first_map, 0),
                                     address_of(0xffff'ffff, 0xffff'ffff)};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::vector<bpf::Slot> program() {
    std::vector<bpf::Slot> slots;
    for (unsigned reg = 2; reg < 10; ++reg) append(slots, constant(reg));
    for (unsigned i = 0; i < insns_per_program; ++i) append(slots, next(insns_per_program - i));
    append(slots, {Form::exit, Reg::r0, Reg::r0, 0, 0, 0});
    return slots;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(unsigned n) { return below(n) == 0; }
  std::uint64_t value() { return one_in(2) ? corners[below(std::size(corners))] : random_(); }

  static void append(std::vector<bpf::Slot>& slots, const Insn& insn) {
    const auto encoded = bpf::encode(insn);
    slots.insert(slots.end(), encoded.begin(), encoded.begin() + insn.slot_count());
  }

  Insn constant(unsigned reg) {
    const std::uint64_t number = value();
    return {Form::lddw,
            static_cast<Reg>(reg),
            Reg::r0,
            0,
            static_cast<std::int32_t>(number),
            static_cast<std::int32_t>(number >> 32)};
  }

  Reg any_reg() { return static_cast<Reg>(below(11)); }
  Reg written_reg() { return static_cast<Reg>(one_in(60) ? 1 : (below(9) + 2) % 10); }
  /// Mostly the memory or the stack.
  Reg base() { return one_in(40) ? any_reg() : one_in(3) ? Reg::r10 : Reg::r1; }
  std::int16_t offset(Reg base, unsigned size_bytes) {
    if (one_in(60)) return static_cast<std::int16_t>(random_());
    const auto at = static_cast<std::int16_t>(below(64 / size_bytes) * size_bytes);
    return base == Reg::r10 ? static_cast<std::int16_t>(-64 + at) : at;
  }

  static bool is_wanted(const bpf::Row& row) {
    switch (row.meaning) {
      case Meaning::call:
      case Meaning::exit:
      case Meaning::load_imm64:
      case Meaning::load_packet:
      case Meaning::may_goto: return false;
      case Meaning::alu:
      case Meaning::movsx:
      case Meaning::byte_swap:
      case Meaning::jump:
      case Meaning::branch:
      case Meaning::load:
      case Meaning::store_imm:
      case Meaning::store_reg:
      case Meaning::atomic:
      case Meaning::load_acquire:
      case Meaning::store_release: return true;
    }
    return false;
  }

  Insn next(unsigned insns_left) {
    Form form = Form::exit;
    while (!is_wanted(bpf::row(form))) form = static_cast<Form>(below(bpf::form_count));
    const bpf::Row& row = bpf::row(form);
    Insn insn{form, written_reg(), any_reg(), 0, 0, 0};
    insn.imm = static_cast<std::int32_t>(value());
    const auto distance = static_cast<std::int16_t>(below(std::min(insns_left, 5u)));
    switch (row.meaning) {
      case Meaning::jump:
        insn.off = distance;
        if (row.width == 32) insn.imm = std::exchange(insn.off, std::int16_t{0});
        break;
      case Meaning::branch:
        insn.dst = any_reg();
        insn.off = distance;
        break;
      case Meaning::load:
      case Meaning::load_acquire:
        insn.src = base();
        insn.off = offset(insn.src, row.width / 8);
        break;
      case Meaning::atomic:
        if (insn.src == Reg::r10) insn.src = Reg::r9;  // a fetch writes it
        [[fallthrough]];
      case Meaning::store_imm:
      case Meaning::store_reg:
      case Meaning::store_release:
        insn.dst = base();
        insn.off = offset(insn.dst, row.width / 8);
        break;
      default: break;
    }
    return bpf::canonical(insn);
  }

  std::mt19937_64 random_;
};

class RandomPrograms : public testing::TestWithParam<EngineKind> {};

TEST_P(RandomPrograms, GiveTheInterpretersResult) {
  std::size_t returned = 0;
  std::size_t faulted = 0;
  for (unsigned seed = 0; seed < programs_per_engine; ++seed) {
    const std::vector<bpf::Slot> slots = Generator(seed).program();
    program::View view;
    view.name = "random";
    view.slots = slots;
    const RunOutput here = run_bare(GetParam(), view);
    const RunOutput interp = run_bare(EngineKind::interp, view);
    ASSERT_EQ(here.fault.text, interp.fault.text) << "seed " << seed;
    ASSERT_EQ(here.fault.address, interp.fault.address) << "seed " << seed;
    ASSERT_EQ(here.packet, interp.packet) << "seed " << seed;
    if (interp.fault.kind == FaultKind::none) {
      ASSERT_EQ(here.return_value, interp.return_value) << "seed " << seed;
    }
    ++(interp.fault.kind == FaultKind::none ? returned : faulted);
  }
  // Both ends are tried.
  EXPECT_GT(returned, programs_per_engine / 20);
  EXPECT_GT(faulted, programs_per_engine / 20);
}

INSTANTIATE_TEST_SUITE_P(Engine, RandomPrograms, testing::ValuesIn(translating_engines()),
                         [](const auto& engine) { return test_name(engine.param); });

}  // namespace
}  // namespace probity::runtime
