// SPDX-License-Identifier: Apache-2.0
// Exactly the flags that the manual leaves undefined (SDM volume 1, appendix A, and the pages of
// the instructions) depend on world.undefined(): comparing with a CPU cannot show a flag that is
// undefined without need.
#include <gtest/gtest.h>

#include <string>

#include "event_world.hpp"
#include "isa/x86/semantics_impl.hpp"
#include "random_cases.hpp"

namespace probity {
namespace {

using x86::Form;
using x86::Operation;
using x86::Reg;
using Word = Bv<Concrete, 64>;

class FixedUndefined : public EventWorld<Concrete> {
 public:
  explicit FixedUndefined(std::uint64_t undefined) : EventWorld(7), undefined_(undefined) {}
  Word undefined() { return Word::lit(undefined_); }

 private:
  std::uint64_t undefined_;
};

x86::State<Concrete> after(const x86::Insn<Concrete>& insn, x86::State<Concrete> state,
                           std::uint64_t undefined) {
  FixedUndefined world(undefined);
  x86::execute(insn, state, Word::lit(0), world);
  return state;
}

/// The flags that differ between two answers, e.g. "zsp" in the order c z s o p.
std::string undefined_flags(const x86::Insn<Concrete>& insn, const x86::State<Concrete>& before) {
  const auto a = after(insn, before, 0), b = after(insn, before, ~std::uint64_t{0});
  std::string text;
  if (a.cf.raw() != b.cf.raw()) text += 'c';
  if (a.zf.raw() != b.zf.raw()) text += 'z';
  if (a.sf.raw() != b.sf.raw()) text += 's';
  if (a.of.raw() != b.of.raw()) text += 'o';
  if (a.pf.raw() != b.pf.raw()) text += 'p';
  return text;
}

std::string by_the_manual(Operation operation, std::uint64_t masked_count) {
  using enum Operation;
  switch (operation) {
    case mul_wide:
    case imul_wide:
    case imul: return "zsp";
    case div:
    case idiv: return "czsop";
    case bt:
    case bts:
    case btr: return "sop";
    case rol:
    case ror:
    case shl:
    case shr:
    case sar:
    case shld:
    case shrd: return masked_count > 1 ? "o" : "";
    default: return "";
  }
}

/// What the count operand of a shift is, taken modulo 64 or 32; 0 where there is none.
std::uint64_t masked_count(const x86::Insn<Concrete>& insn, const x86::State<Concrete>& state) {
  const x86::Action& action = x86::action(insn.form);
  const std::uint64_t mask = action.width == 64 ? 63 : 31;
  for (const x86::Operand& operand : action.operands) {
    if (operand.kind == x86::OperandKind::one) return 1;
    if (operand.kind == x86::OperandKind::imm) return insn.imm.raw() & mask;
    if (operand.kind == x86::OperandKind::cl) return state.reg(Reg::rcx).raw() & mask;
  }
  return 0;
}

TEST(UndefinedFlags, AreTheManuals) {
  RandomCases random(2, {0x10000, 4096});
  for (std::size_t i = 0; i < x86::form_count; ++i) {
    const Form form = static_cast<Form>(i);
    for (unsigned k = 0; k < 100; ++k) {
      x86::Insn<Concrete> insn = random.insn(form);
      const x86::State<Concrete> before = random.state(insn);
      const std::uint64_t count = masked_count(insn, before);
      EXPECT_EQ(undefined_flags(insn, before), by_the_manual(x86::action(form).operation, count))
          << x86::row(form).name << " count " << count;
    }
  }
}

/// Counts that the mask makes 0 change neither flags nor a 64-bit operand.
TEST(UndefinedFlags, AShiftByZeroKeepsAllFlags) {
  RandomCases random(4, {0x10000, 4096});
  for (const Form form :
       {Form::shl_rm64_cl, Form::shr_rm64_cl, Form::sar_rm64_cl, Form::rol_rm64_cl,
        Form::ror_rm64_cl, Form::shld_rm64_r64_cl, Form::shrd_rm64_r64_cl}) {
    for (unsigned k = 0; k < 50; ++k) {
      x86::Insn<Concrete> insn;
      insn.form = form;
      insn.rm = Reg::rbx;
      x86::State<Concrete> before = random.state(insn);
      before.set_reg(Reg::rcx, Word::lit(64 * random.below(4)));
      const x86::State<Concrete> state = after(insn, before, random.word());
      EXPECT_EQ(state.reg(Reg::rbx).raw(), before.reg(Reg::rbx).raw()) << x86::row(form).name;
      EXPECT_TRUE(state.cf.raw() == before.cf.raw() && state.zf.raw() == before.zf.raw() &&
                  state.sf.raw() == before.sf.raw() && state.of.raw() == before.of.raw() &&
                  state.pf.raw() == before.pf.raw())
          << x86::row(form).name;
    }
  }
}

}  // namespace
}  // namespace probity
