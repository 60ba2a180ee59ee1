// SPDX-License-Identifier: Apache-2.0
// The meanings over terms: on literals they compute what Concrete computes, event by event; on
// variables flags and quotients come out as the terms that proofs compare with.
#include <gtest/gtest.h>

#include "event_world.hpp"
#include "isa/x86/semantics_impl.hpp"
#include "random_cases.hpp"
#include "term/symbolic.hpp"

namespace probity {
namespace {

using term::Symbolic;
using x86::Form;
using x86::Operation;
using x86::Reg;

/// Everything an execution did, as numbers.
struct Record {
  std::vector<std::uint64_t> values;
  std::vector<std::string> events;
  friend bool operator==(const Record&, const Record&) = default;
};

std::uint64_t number(std::uint64_t word) {
  return word;
}
std::uint64_t number(term::Id word) {
  const auto literal = term::current_store().literal(word);
  EXPECT_TRUE(literal.has_value()) << "a result on literals is no literal";
  return literal ? static_cast<std::uint64_t>(*literal) : 0;
}

template <Domain D, unsigned W>
Bv<D, W> in(Bv<Concrete, W> value) {
  return Bv<D, W>::lit(value.raw());
}

template <Domain D>
x86::Insn<D> in(const x86::Insn<Concrete>& insn) {
  x86::Insn<D> result;
  result.form = insn.form;
  result.cond = insn.cond;
  result.reg = insn.reg;
  result.vvvv = insn.vvvv;
  result.rm_is_mem = insn.rm_is_mem;
  result.rm = insn.rm;
  result.mem = {insn.mem.base, in<D>(insn.mem.disp), insn.mem.index, insn.mem.scale_log2};
  result.imm = in<D>(insn.imm);
  result.length = insn.length;
  return result;
}

template <Domain D>
x86::State<D> in(const x86::State<Concrete>& state) {
  x86::State<D> result;
  for (std::size_t i = 0; i < x86::reg_count; ++i) result.gpr[i] = in<D>(state.gpr[i]);
  result.cf = in<D>(state.cf);
  result.pf = in<D>(state.pf);
  result.zf = in<D>(state.zf);
  result.sf = in<D>(state.sf);
  result.of = in<D>(state.of);
  return result;
}

template <Domain D>
Record record(const x86::Insn<Concrete>& insn, const x86::State<Concrete>& before, std::uint64_t pc,
              std::uint64_t seed) {
  EventWorld<D> world(seed);
  x86::State<D> state = in<D>(before);
  const Bv<D, 64> next = x86::execute(in<D>(insn), state, Bv<D, 64>::lit(pc), world);
  Record record;
  record.values.push_back(number(next.raw()));
  for (const Bv<D, 64>& value : state.gpr) record.values.push_back(number(value.raw()));
  for (const Bool<D> flag : {state.cf, state.pf, state.zf, state.sf, state.of})
    record.values.push_back(number(flag.raw()));
  for (const Event<D>& event : world.events()) {
    record.events.push_back(event.what);
    for (const Bv<D, 64>& value : event.values) record.values.push_back(number(value.raw()));
  }
  return record;
}

TEST(Domains, TermsOfLiteralsAreWhatConcreteComputes) {
  RandomCases random(1, {0x10000, 4096});
  for (std::size_t i = 0; i < x86::form_count; ++i) {
    term::Store store;
    const term::StoreScope scope(store);
    for (unsigned k = 0; k < 20; ++k) {
      x86::Insn<Concrete> insn = random.insn(static_cast<Form>(i));
      insn.length = 3;
      const x86::State<Concrete> before = random.state(insn);
      const std::uint64_t pc = random.word();
      EXPECT_EQ(record<Concrete>(insn, before, pc, k), record<Symbolic>(insn, before, pc, k))
          << x86::row(insn.form).name;
    }
  }
}

/// `form rax, rcx` (or rax alone, or with cl) on variables; gives the state afterwards.
class Terms : public testing::Test {
 protected:
  using Word = Bv<Symbolic, 64>;

  Word variable(const char* name) { return Word::of(store_.var(64, name)); }
  void SetUp() override {
    for (std::size_t i = 0; i < x86::reg_count; ++i)
      state_.gpr[i] = variable(("r" + std::to_string(i)).c_str());
    state_.cf = state_.pf = state_.zf = state_.sf = state_.of = Bool<Symbolic>::lit(0);
  }
  void execute(Form form, Reg reg, Reg rm) {
    x86::Insn<Symbolic> insn;
    insn.form = form;
    insn.reg = reg;
    insn.rm = rm;
    insn.length = 3;
    x86::execute(insn, state_, Word::lit(0), world_);
  }
  /// The same term.
  template <unsigned W>
  void expect_same(Bv<Symbolic, W> a, Bv<Symbolic, W> b) {
    EXPECT_EQ(a.raw(), b.raw());
  }
  Word rax() const { return state_.reg(Reg::rax); }
  Word rcx() const { return state_.reg(Reg::rcx); }

  term::Store store_;
  term::StoreScope scope_{store_};
  x86::State<Symbolic> state_;
  EventWorld<Symbolic> world_{0};
};

TEST_F(Terms, ConditionsAfterCmpAreComparisons) {
  execute(Form::cmp_rm64_r64, Reg::rcx, Reg::rax);
  expect_same(x86::holds(x86::Cond::e, state_), rax() == rcx());
  expect_same(x86::holds(x86::Cond::b, state_), ult(rax(), rcx()));
  expect_same(x86::holds(x86::Cond::l, state_), slt(rax(), rcx()));
  expect_same(x86::holds(x86::Cond::ge, state_), ~slt(rax(), rcx()));
}

TEST_F(Terms, ConditionsAfter32BitCmpAreComparisons) {
  execute(Form::cmp_r32_rm32, Reg::rax, Reg::rcx);
  expect_same(x86::holds(x86::Cond::l, state_), slt(trunc<32>(rax()), trunc<32>(rcx())));
  expect_same(x86::holds(x86::Cond::ae, state_), ~ult(trunc<32>(rax()), trunc<32>(rcx())));
}

TEST_F(Terms, DivAfterZeroingRdxIsUdivAndUrem) {
  const Word dividend = rax();
  execute(Form::xor_rm32_r32, Reg::rdx, Reg::rdx);
  execute(Form::div_rm64, Reg::rax, Reg::rcx);
  expect_same(rax(), udiv(dividend, rcx()));
  expect_same(state_.reg(Reg::rdx), urem(dividend, rcx()));
  expect_same(trunc<1>(world_.events().back().values[0]), rcx() == Word::lit(0));
}

TEST_F(Terms, IdivAfterCqoIsSdivAndSrem) {
  const Word dividend = rax();
  execute(Form::cqo, Reg::rax, Reg::rax);
  execute(Form::idiv_rm64, Reg::rax, Reg::rcx);
  expect_same(rax(), sdiv(dividend, rcx()));
  expect_same(state_.reg(Reg::rdx), srem(dividend, rcx()));
}

TEST_F(Terms, IdivAfterCdqIs32BitSdivAndSrem) {
  const auto dividend = trunc<32>(rax());
  execute(Form::cdq, Reg::rax, Reg::rax);
  execute(Form::idiv_rm32, Reg::rax, Reg::rcx);
  expect_same(rax(), zext<64>(sdiv(dividend, trunc<32>(rcx()))));
  expect_same(state_.reg(Reg::rdx), zext<64>(srem(dividend, trunc<32>(rcx()))));
}

TEST_F(Terms, ShiftByClIsAMaskedShift) {
  const Word before = rax();
  execute(Form::shl_rm64_cl, Reg::rax, Reg::rax);
  expect_same(rax(), shl(before, rcx() & Word::lit(63)));
  execute(Form::sarx_r32_rm32_r32, Reg::rdx, Reg::rbx);
  const auto count = trunc<32>(state_.reg(Reg::rax)) & Bv<Symbolic, 32>::lit(31);
  expect_same(state_.reg(Reg::rdx), zext<64>(ashr(trunc<32>(state_.reg(Reg::rbx)), count)));
}

}  // namespace
}  // namespace probity
