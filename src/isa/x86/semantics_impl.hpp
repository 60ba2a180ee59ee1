// SPDX-License-Identifier: Apache-2.0
// Bodies of semantics.hpp. Core has an operand layer (width, register or memory, the upper bits of
// a register) and a flag layer; above them every operation is a few lines, named as the manual's
// mnemonic. Flags are written so that conditions come out as the comparisons they stand for: of
// after `cmp a, b` is sf xor (a < b signed), hence condition l, sf xor of, is a < b itself.
#pragma once

#include "isa/x86/arithmetic.hpp"
#include "isa/x86/operation.hpp"
#include "isa/x86/semantics.hpp"

namespace probity::x86 {

template <Domain D>
constexpr Bool<D> holds(Cond cond, const State<D>& state) {
  switch (cond) {
    case Cond::o: return state.of;
    case Cond::no: return ~state.of;
    case Cond::b: return state.cf;
    case Cond::ae: return ~state.cf;
    case Cond::e: return state.zf;
    case Cond::ne: return ~state.zf;
    case Cond::be: return state.cf | state.zf;
    case Cond::a: return ~(state.cf | state.zf);
    case Cond::s: return state.sf;
    case Cond::ns: return ~state.sf;
    case Cond::p: return state.pf;
    case Cond::np: return ~state.pf;
    case Cond::l: return state.sf ^ state.of;
    case Cond::ge: return ~(state.sf ^ state.of);
    case Cond::le: return state.zf | (state.sf ^ state.of);
    case Cond::g: return ~(state.zf | (state.sf ^ state.of));
  }
  return Bool<D>::lit(0);
}

template <Domain D>
constexpr Bv<D, 64> effective_address(const Mem<D>& mem, const State<D>& state) {
  const Bv<D, 64> address = state.reg(mem.base) + sext<64>(mem.disp);
  if (!mem.index) return address;
  return address + shl(state.reg(*mem.index), Bv<D, 64>::lit(mem.scale_log2));
}

namespace detail {

template <Domain D, typename World>
class Core {
 public:
  constexpr Core(const Insn<D>& insn, State<D>& state, Bv<D, 64> pc, World& world)
      : insn_(insn),
        action_(action(insn.form)),
        state_(state),
        world_(world),
        next_(pc + Bv<D, 64>::lit(insn.length)) {
    if (insn.rm_is_mem) address_ = effective_address(insn.mem, state);
  }

  constexpr Bv<D, 64> run() {
    switch (action_.width) {
      case 8: step<8>(); break;
      case 16: step<16>(); break;
      case 32: step<32>(); break;
      default: step<64>(); break;
    }
    return next_;
  }

 private:
  template <unsigned W>
  using Value = Bv<D, W>;
  using Word = Bv<D, 64>;
  using Flag = Bool<D>;
  using Order = isa::Order;
  using Signedness = isa::Signedness;

  // Operands.

  const Operand& operand(unsigned i) const { return action_.operands[i]; }

  template <unsigned W>
  constexpr Value<W> reg(Reg r) const {
    return trunc<W>(state_.reg(r));
  }
  /// A 32-bit result zeroes the upper half; 8- and 16-bit ones keep the other bits.
  template <unsigned W>
  constexpr void set_reg(Reg r, Value<W> value) {
    if constexpr (W >= 32)
      state_.set_reg(r, zext<64>(value));
    else
      state_.set_reg(r, concat(bits<63, W>(state_.reg(r)), value));
  }
  /// Operand `i` as a value; of lea's memory operand, the address.
  template <unsigned W>
  constexpr Value<W> get(unsigned i) {
    switch (operand(i).kind) {
      case OperandKind::reg: return reg<W>(insn_.reg);
      case OperandKind::vvvv: return reg<W>(insn_.vvvv);
      case OperandKind::rm:
        if (insn_.rm_is_mem) return world_.template load<W>(address_, Order::acquire);
        return reg<W>(insn_.rm);
      case OperandKind::mem: return trunc<W>(address_);
      case OperandKind::imm:
      case OperandKind::rel: return trunc<W>(insn_.imm);
      case OperandKind::one: return Value<W>::lit(1);
      case OperandKind::cl: return reg<W>(Reg::rcx);
      case OperandKind::none:
      case OperandKind::cond: break;
    }
    return Value<W>::lit(0);
  }
  template <unsigned W>
  constexpr void put(unsigned i, Value<W> value) {
    if (operand(i).kind == OperandKind::reg) return set_reg<W>(insn_.reg, value);
    if (!insn_.rm_is_mem) return set_reg<W>(insn_.rm, value);
    world_.template store<W>(address_, value, Order::release);
  }
  /// Replaces the first operand by `update` of it, in one event under LOCK; gives the old value.
  template <unsigned W, typename Update>
  constexpr Value<W> modify(Update update) {
    if (action_.locked) return world_.template atomic<W>(address_, update, Order::full);
    const Value<W> old = get<W>(0);
    put<W>(0, update(old));
    return old;
  }
  /// The second operand, which is narrower, extended.
  template <unsigned W>
  constexpr Value<W> extended(Signedness sign) {
    if constexpr (W > 8) {
      if (operand(1).width == 8) return extend<W>(sign, get<8>(1));
    }
    if constexpr (W > 16) {
      if (operand(1).width == 16) return extend<W>(sign, get<16>(1));
    }
    if constexpr (W > 32) {
      if (operand(1).width == 32) return extend<W>(sign, get<32>(1));
    }
    return get<W>(1);
  }
  template <unsigned W, unsigned N>
  static constexpr Value<W> extend(Signedness sign, Value<N> value) {
    return sign == Signedness::is_signed ? sext<W>(value) : zext<W>(value);
  }

  // Flags.

  constexpr Flag undefined_flag() { return bits<0, 0>(world_.undefined()); }
  template <unsigned W>
  constexpr void result_flags(Value<W> result) {
    state_.zf = result == Value<W>::lit(0);
    state_.sf = sign_bit(result);
    state_.pf = even_parity(result);
  }
  template <unsigned W>
  constexpr void logic_flags(Value<W> result) {
    result_flags<W>(result);
    state_.cf = state_.of = Flag::lit(0);
  }
  template <unsigned W>
  constexpr void sum_flags(Value<W> a, Value<W> b, Value<W> sum) {
    result_flags<W>(sum);
    state_.of = sign_bit((a ^ sum) & (b ^ sum));
  }
  /// Of a - b.
  template <unsigned W>
  constexpr void difference_flags(Value<W> a, Value<W> b) {
    result_flags<W>(a - b);
    state_.zf = a == b;
    state_.of = state_.sf ^ slt(a, b);
  }
  template <unsigned W>
  constexpr void compare_flags(Value<W> a, Value<W> b) {
    difference_flags<W>(a, b);
    state_.cf = ult(a, b);
  }
  /// Of mul and imul: whether the upper half matters.
  constexpr void product_flags(Flag overflow) {
    state_.cf = state_.of = overflow;
    state_.zf = undefined_flag();
    state_.sf = undefined_flag();
    state_.pf = undefined_flag();
  }
  constexpr void bit_test_flags(Flag bit) {
    state_.cf = bit;
    state_.of = undefined_flag();
    state_.sf = undefined_flag();
    state_.pf = undefined_flag();
  }
  /// Carry and overflow of shifts and rotates: by 0 nothing changes, and the overflow is defined
  /// for 1 only.
  template <unsigned W>
  constexpr void count_flags(Value<W> count, Flag carry, Flag overflow_of_one) {
    const Flag none = count == Value<W>::lit(0);
    const Flag one = count == Value<W>::lit(1);
    state_.cf = ite(none, state_.cf, carry);
    state_.of = ite(none, state_.of, ite(one, overflow_of_one, undefined_flag()));
  }
  template <unsigned W>
  constexpr void shift_flags(Value<W> count, Value<W> result, Flag carry, Flag overflow_of_one) {
    const State<D> before = state_;
    result_flags<W>(result);
    const Flag none = count == Value<W>::lit(0);
    state_.zf = ite(none, before.zf, state_.zf);
    state_.sf = ite(none, before.sf, state_.sf);
    state_.pf = ite(none, before.pf, state_.pf);
    count_flags<W>(count, carry, overflow_of_one);
  }

  // Operations.

  template <unsigned W>
  constexpr void add() {
    const Value<W> b = get<W>(1);
    const Value<W> a = modify<W>([b](Value<W> old) { return old + b; });
    sum_flags<W>(a, b, a + b);
    state_.cf = ult(a + b, a);
  }
  template <unsigned W>
  constexpr void adc() {
    const Value<W> b = get<W>(1), carry = zext<W>(state_.cf);
    const Value<W> a = modify<W>([b, carry](Value<W> old) { return old + b + carry; });
    const Value<W> sum = a + b + carry;
    sum_flags<W>(a, b, sum);
    state_.cf = sign_bit((a & b) | ((a | b) & ~sum));
  }
  template <unsigned W>
  constexpr void sub() {
    const Value<W> b = get<W>(1);
    const Value<W> a = modify<W>([b](Value<W> old) { return old - b; });
    compare_flags<W>(a, b);
  }
  template <unsigned W>
  constexpr void sbb() {
    const Value<W> b = get<W>(1), carry = zext<W>(state_.cf);
    const Value<W> a = modify<W>([b, carry](Value<W> old) { return old - b - carry; });
    const Value<W> difference = a - b - carry;
    result_flags<W>(difference);
    state_.of = sign_bit((a ^ b) & (a ^ difference));
    state_.cf = sign_bit((~a & b) | ((~a | b) & difference));
  }
  template <unsigned W>
  constexpr void cmp() {
    const Value<W> a = get<W>(0);
    compare_flags<W>(a, get<W>(1));
  }
  template <unsigned W>
  constexpr void and_() {
    const Value<W> b = get<W>(1);
    logic_flags<W>(modify<W>([b](Value<W> old) { return old & b; }) & b);
  }
  template <unsigned W>
  constexpr void or_() {
    const Value<W> b = get<W>(1);
    logic_flags<W>(modify<W>([b](Value<W> old) { return old | b; }) | b);
  }
  template <unsigned W>
  constexpr void xor_() {
    const Value<W> b = get<W>(1);
    logic_flags<W>(modify<W>([b](Value<W> old) { return old ^ b; }) ^ b);
  }
  template <unsigned W>
  constexpr void test() {
    const Value<W> a = get<W>(0);
    logic_flags<W>(a & get<W>(1));
  }
  template <unsigned W>
  constexpr void neg() {
    const Value<W> a = modify<W>([](Value<W> old) { return -old; });
    compare_flags<W>(Value<W>::lit(0), a);
  }
  template <unsigned W>
  constexpr void inc() {
    const Value<W> one = Value<W>::lit(1);
    const Value<W> a = modify<W>([one](Value<W> old) { return old + one; });
    sum_flags<W>(a, one, a + one);
  }
  template <unsigned W>
  constexpr void dec() {
    const Value<W> one = Value<W>::lit(1);
    difference_flags<W>(modify<W>([one](Value<W> old) { return old - one; }), one);
  }
  template <unsigned W>
  constexpr void mul_wide(Signedness sign) {
    const bool is_signed = sign == Signedness::is_signed;
    const Value<W> a = reg<W>(Reg::rax), b = get<W>(0), low = a * b;
    const Value<W> high = is_signed ? high_signed_product(a, b) : high_product(a, b);
    set_reg<W>(Reg::rax, low);
    set_reg<W>(Reg::rdx, high);
    const Value<W> filled = is_signed ? ashr(low, Value<W>::lit(W - 1)) : Value<W>::lit(0);
    product_flags(high != filled);
  }
  template <unsigned W>
  constexpr void imul() {
    const bool three = operand(2).kind != OperandKind::none;
    const Value<W> a = get<W>(three ? 1 : 0), b = get<W>(three ? 2 : 1), low = a * b;
    put<W>(0, low);
    product_flags(high_signed_product(a, b) != ashr(low, Value<W>::lit(W - 1)));
  }
  template <unsigned W>
  constexpr void divide(Signedness sign) {
    const Value<W> divisor = get<W>(0), high = reg<W>(Reg::rdx), low = reg<W>(Reg::rax);
    const Value<W> zero = Value<W>::lit(0);
    const Flag is_narrow =
        high == (sign == Signedness::is_signed ? ashr(low, Value<W>::lit(W - 1)) : zero);
    const Division<D, W> narrow = divide_narrow(sign, low, divisor);
    const Division<D, W> wide = detail::divide_wide(sign, high, low, divisor, world_);
    world_.trap_if(ite(is_narrow, narrow.error, wide.error));
    set_reg<W>(Reg::rax, ite(is_narrow, narrow.quotient, wide.quotient));
    set_reg<W>(Reg::rdx, ite(is_narrow, narrow.remainder, wide.remainder));
    product_flags(undefined_flag());
    state_.of = undefined_flag();
  }

  // Shifts: the count is taken modulo 64 for 64-bit operands, else modulo 32.

  template <unsigned W>
  constexpr Value<W> count(unsigned i) {
    return get<W>(i) & Value<W>::lit(W == 64 ? 63 : 31);
  }
  /// The carry of a left or logical right shift is undefined when every bit is shifted out.
  template <unsigned W>
  constexpr Flag shifted_out(Value<W> count, Flag carry) {
    if constexpr (W >= 32)
      return carry;
    else
      return ite(ult(count, Value<W>::lit(W)), carry, undefined_flag());
  }
  template <unsigned W>
  constexpr void shl_() {
    const Value<W> n = count<W>(1);
    const Value<W> a = modify<W>([n](Value<W> old) { return shl(old, n); });
    const Flag carry = shifted_out<W>(n, bits<0, 0>(lshr(a, Value<W>::lit(W) - n)));
    shift_flags<W>(n, shl(a, n), carry, sign_bit(a) ^ sign_bit(shl(a, n)));
  }
  template <unsigned W>
  constexpr void shr() {
    const Value<W> n = count<W>(1);
    const Value<W> a = modify<W>([n](Value<W> old) { return lshr(old, n); });
    const Flag carry = shifted_out<W>(n, bits<0, 0>(lshr(a, n - Value<W>::lit(1))));
    shift_flags<W>(n, lshr(a, n), carry, sign_bit(a));
  }
  template <unsigned W>
  constexpr void sar() {
    const Value<W> n = count<W>(1);
    const Value<W> a = modify<W>([n](Value<W> old) { return ashr(old, n); });
    const Flag carry = bits<0, 0>(ashr(a, n - Value<W>::lit(1)));
    shift_flags<W>(n, ashr(a, n), carry, Flag::lit(0));
  }
  template <unsigned W>
  static constexpr Value<W> rotated_left(Value<W> a, Value<W> n) {
    return shl(a, n) | lshr(a, Value<W>::lit(W) - n);
  }
  template <unsigned W>
  static constexpr Value<W> rotated_right(Value<W> a, Value<W> n) {
    return lshr(a, n) | shl(a, Value<W>::lit(W) - n);
  }
  template <unsigned W>
  constexpr void rol() {
    const Value<W> masked = count<W>(1), n = masked & Value<W>::lit(W - 1);
    const Value<W> a = modify<W>([n](Value<W> old) { return rotated_left<W>(old, n); });
    const Value<W> result = rotated_left<W>(a, n);
    count_flags<W>(masked, bits<0, 0>(result), sign_bit(result) ^ bits<0, 0>(result));
  }
  template <unsigned W>
  constexpr void ror() {
    const Value<W> masked = count<W>(1), n = masked & Value<W>::lit(W - 1);
    const Value<W> a = modify<W>([n](Value<W> old) { return rotated_right<W>(old, n); });
    const Value<W> result = rotated_right<W>(a, n);
    count_flags<W>(masked, sign_bit(result), sign_bit(result) ^ bits<W - 2, W - 2>(result));
  }
  template <unsigned W>
  constexpr void shld() {
    const Value<W> b = get<W>(1), n = count<W>(2), rest = Value<W>::lit(W) - n;
    const auto shifted = [&](Value<W> a) { return shl(a, n) | lshr(b, rest); };
    const Value<W> a = modify<W>(shifted);
    shift_flags<W>(n, shifted(a), bits<0, 0>(lshr(a, rest)), sign_bit(a) ^ sign_bit(shifted(a)));
  }
  template <unsigned W>
  constexpr void shrd() {
    const Value<W> b = get<W>(1), n = count<W>(2), rest = Value<W>::lit(W) - n;
    const auto shifted = [&](Value<W> a) { return lshr(a, n) | shl(b, rest); };
    const Value<W> a = modify<W>(shifted);
    const Flag carry = bits<0, 0>(lshr(a, n - Value<W>::lit(1)));
    shift_flags<W>(n, shifted(a), carry, sign_bit(a) ^ sign_bit(shifted(a)));
  }

  template <unsigned W>
  constexpr Value<W> bit_mask() {
    return shl(Value<W>::lit(1), get<W>(1) & Value<W>::lit(W - 1));
  }
  template <unsigned W>
  constexpr void bt() {
    const Value<W> a = get<W>(0);
    bit_test_flags((a & bit_mask<W>()) != Value<W>::lit(0));
  }
  template <unsigned W>
  constexpr void bts() {
    const Value<W> bit = bit_mask<W>();
    const Value<W> a = modify<W>([bit](Value<W> old) { return old | bit; });
    bit_test_flags((a & bit) != Value<W>::lit(0));
  }
  template <unsigned W>
  constexpr void btr() {
    const Value<W> bit = bit_mask<W>();
    const Value<W> a = modify<W>([bit](Value<W> old) { return old & ~bit; });
    bit_test_flags((a & bit) != Value<W>::lit(0));
  }

  /// With memory always locked.
  template <unsigned W>
  constexpr void xchg() {
    const Value<W> b = get<W>(1);
    const auto update = [b](Value<W>) { return b; };
    const Value<W> a = insn_.rm_is_mem ? world_.template atomic<W>(address_, update, Order::full)
                                       : modify<W>(update);
    put<W>(1, a);
  }
  /// The destination is written last: `xadd rax, rax` gives the sum.
  template <unsigned W>
  constexpr void xadd() {
    const Value<W> b = get<W>(1);
    const auto update = [b](Value<W> old) { return old + b; };
    const Value<W> a = insn_.rm_is_mem ? modify<W>(update) : get<W>(0);
    put<W>(1, a);
    if (!insn_.rm_is_mem) put<W>(0, a + b);
    sum_flags<W>(a, b, a + b);
    state_.cf = ult(a + b, a);
  }
  /// A register destination: on failure the manual writes the old value back, which would zero the
  /// upper half of a 32-bit one; CPUs leave it. Hence undefined.
  template <unsigned W>
  constexpr void put_compared(Flag equal, Value<W> replacement, Value<W> old) {
    if constexpr (W == 32) {
      const Word kept = concat(bits<63, 32>(world_.undefined()), old);
      state_.set_reg(insn_.rm, ite(equal, zext<64>(replacement), kept));
    } else {
      put<W>(0, ite(equal, replacement, old));
    }
  }
  /// The accumulator is written only on failure, so its upper half survives a 32-bit success.
  template <unsigned W>
  constexpr void cmpxchg() {
    const Value<W> b = get<W>(1), expected = reg<W>(Reg::rax);
    const auto update = [b, expected](Value<W> old) { return ite(old == expected, b, old); };
    const Value<W> old = insn_.rm_is_mem ? modify<W>(update) : get<W>(0);
    const Word before = state_.reg(Reg::rax);
    set_reg<W>(Reg::rax, old);
    state_.set_reg(Reg::rax, ite(old == expected, before, state_.reg(Reg::rax)));
    if (!insn_.rm_is_mem) put_compared<W>(old == expected, b, old);
    compare_flags<W>(expected, old);
  }

  // Stack and control.

  constexpr void push(Word value) {
    const Word top = state_.reg(Reg::rsp) - Word::lit(8);
    world_.template store<64>(top, value, Order::release);
    state_.set_reg(Reg::rsp, top);
  }
  constexpr Word pop() {
    const Word top = state_.reg(Reg::rsp);
    const Word value = world_.template load<64>(top, Order::acquire);
    state_.set_reg(Reg::rsp, top + Word::lit(8));
    return value;
  }
  constexpr Word target() {
    return operand(0).kind == OperandKind::rel ? next_ + insn_.imm : get<64>(0);
  }
  constexpr void call() {
    const Word to = target();
    push(next_);
    next_ = to;
  }
  template <unsigned W>
  constexpr void cmovcc() {
    const Value<W> value = get<W>(1);
    put<W>(0, ite(holds(insn_.cond, state_), value, get<W>(0)));
  }
  template <unsigned W>
  constexpr void sign_extend_rax() {
    if constexpr (W >= 32) set_reg<W>(Reg::rax, sext<W>(reg<W / 2>(Reg::rax)));
  }
  template <unsigned W>
  constexpr void sign_into_rdx() {
    set_reg<W>(Reg::rdx, ashr(reg<W>(Reg::rax), Value<W>::lit(W - 1)));
  }

  template <unsigned W>
  constexpr void step() {
    switch (action_.operation) {
      case Operation::add: return add<W>();
      case Operation::or_: return or_<W>();
      case Operation::adc: return adc<W>();
      case Operation::sbb: return sbb<W>();
      case Operation::and_: return and_<W>();
      case Operation::sub: return sub<W>();
      case Operation::xor_: return xor_<W>();
      case Operation::cmp: return cmp<W>();
      case Operation::test: return test<W>();
      case Operation::mov:
      case Operation::lea: return put<W>(0, get<W>(1));
      case Operation::movzx: return put<W>(0, extended<W>(Signedness::is_unsigned));
      case Operation::movsx: return put<W>(0, extended<W>(Signedness::is_signed));
      case Operation::mul_wide: return mul_wide<W>(Signedness::is_unsigned);
      case Operation::imul_wide: return mul_wide<W>(Signedness::is_signed);
      case Operation::imul: return imul<W>();
      case Operation::div: return divide<W>(Signedness::is_unsigned);
      case Operation::idiv: return divide<W>(Signedness::is_signed);
      case Operation::not_: modify<W>([](Value<W> old) { return ~old; }); return;
      case Operation::neg: return neg<W>();
      case Operation::inc: return inc<W>();
      case Operation::dec: return dec<W>();
      case Operation::bswap: return put<W>(0, swapped_bytes(get<W>(0)));
      case Operation::rol: return rol<W>();
      case Operation::ror: return ror<W>();
      case Operation::shl: return shl_<W>();
      case Operation::shr: return shr<W>();
      case Operation::sar: return sar<W>();
      case Operation::shld: return shld<W>();
      case Operation::shrd: return shrd<W>();
      case Operation::shlx: return put<W>(0, shl(get<W>(1), count<W>(2)));
      case Operation::shrx: return put<W>(0, lshr(get<W>(1), count<W>(2)));
      case Operation::sarx: return put<W>(0, ashr(get<W>(1), count<W>(2)));
      case Operation::rorx: return put<W>(0, rotated_right<W>(get<W>(1), count<W>(2)));
      case Operation::bt: return bt<W>();
      case Operation::bts: return bts<W>();
      case Operation::btr: return btr<W>();
      case Operation::xchg: return xchg<W>();
      case Operation::xadd: return xadd<W>();
      case Operation::cmpxchg: return cmpxchg<W>();
      case Operation::setcc: return put<W>(0, zext<W>(holds(insn_.cond, state_)));
      case Operation::cmovcc: return cmovcc<W>();
      case Operation::sign_extend_rax: return sign_extend_rax<W>();
      case Operation::sign_into_rdx: return sign_into_rdx<W>();
      case Operation::push: return push(get<64>(0));
      case Operation::pop: return put<64>(0, pop());
      case Operation::call: return call();
      case Operation::jmp: next_ = target(); return;
      case Operation::jcc: next_ = ite(holds(insn_.cond, state_), target(), next_); return;
      case Operation::ret: next_ = pop(); return;
      case Operation::nop: return;
      case Operation::trap: return world_.trap();
      case Operation::lfence: return world_.fence({.writes_before = false});
      case Operation::mfence: return world_.fence({});
      case Operation::sfence: return world_.fence({.reads_before = false, .reads_after = false});
    }
  }

  const Insn<D>& insn_;
  const Action& action_;
  State<D>& state_;
  World& world_;
  Word next_;
  Word address_ = Word::lit(0);  ///< of the memory operand, if there is one
};

}  // namespace detail

template <Domain D, typename World>
constexpr Bv<D, 64> execute(const Insn<D>& insn, State<D>& state, Bv<D, 64> pc, World& world) {
  return detail::Core<D, World>(insn, state, pc, world).run();
}

}  // namespace probity::x86
