// SPDX-License-Identifier: Apache-2.0
// What a row of insn.def does, read at compile time from its mnemonic and operand columns: one of
// few operations on up to three operands. semantics_impl.hpp gives each operation its meaning once,
// for every width and operand kind; a row whose columns name no operation does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "isa/x86/insn.hpp"

namespace probity::x86 {

// clang-format off
enum class Operation : std::uint8_t {
  add, or_, adc, sbb, and_, sub, xor_, cmp, test, mov, movzx, movsx, lea,
  mul_wide, imul_wide, imul, div, idiv, not_, neg, inc, dec, bswap,
  rol, ror, shl, shr, sar, shld, shrd, shlx, shrx, sarx, rorx, bt, bts, btr,
  xchg, xadd, cmpxchg, push, pop, call, jmp, jcc, ret, setcc, cmovcc,
  sign_extend_rax,  // cwde, cdqe
  sign_into_rdx,    // cdq, cqo
  nop, trap, lfence, mfence, sfence,
};
// clang-format on

struct Action {
  Operation operation = Operation::trap;
  bool locked = false;
  std::uint8_t width = 64;            ///< of the operation: 8, 16, 32 or 64
  std::array<Operand, 3> operands{};  ///< of the row, without the condition
};

namespace detail {

struct Mnemonic {
  std::string_view name;
  Operation operation;
};
// clang-format off
inline constexpr Mnemonic mnemonics[] = {
  {"add", Operation::add},     {"or", Operation::or_},      {"adc", Operation::adc},
  {"sbb", Operation::sbb},     {"and", Operation::and_},    {"sub", Operation::sub},
  {"xor", Operation::xor_},    {"cmp", Operation::cmp},     {"test", Operation::test},
  {"mov", Operation::mov},     {"movzx", Operation::movzx}, {"movsx", Operation::movsx},
  {"movsxd", Operation::movsx}, {"lea", Operation::lea},    {"mul", Operation::mul_wide},
  {"imul", Operation::imul},   {"div", Operation::div},     {"idiv", Operation::idiv},
  {"not", Operation::not_},    {"neg", Operation::neg},     {"inc", Operation::inc},
  {"dec", Operation::dec},     {"bswap", Operation::bswap}, {"rol", Operation::rol},
  {"ror", Operation::ror},     {"shl", Operation::shl},     {"shr", Operation::shr},
  {"sar", Operation::sar},     {"shld", Operation::shld},   {"shrd", Operation::shrd},
  {"shlx", Operation::shlx},   {"shrx", Operation::shrx},   {"sarx", Operation::sarx},
  {"rorx", Operation::rorx},   {"bt", Operation::bt},       {"bts", Operation::bts},
  {"btr", Operation::btr},     {"xchg", Operation::xchg},   {"xadd", Operation::xadd},
  {"cmpxchg", Operation::cmpxchg}, {"push", Operation::push}, {"pop", Operation::pop},
  {"call", Operation::call},   {"jmp", Operation::jmp},     {"jcc", Operation::jcc},
  {"ret", Operation::ret},     {"setcc", Operation::setcc}, {"cmovcc", Operation::cmovcc},
  {"cwde", Operation::sign_extend_rax}, {"cdqe", Operation::sign_extend_rax},
  {"cdq", Operation::sign_into_rdx},    {"cqo", Operation::sign_into_rdx},
  {"nop", Operation::nop},     {"endbr64", Operation::nop}, {"ud2", Operation::trap},
  {"int3", Operation::trap},   {"lfence", Operation::lfence}, {"mfence", Operation::mfence},
  {"sfence", Operation::sfence},
};
// clang-format on

consteval Operation operation_of(std::string_view mnemonic, unsigned operand_count) {
  if (mnemonic == "imul" && operand_count == 1) return Operation::imul_wide;
  for (const Mnemonic& m : mnemonics)
    if (m.name == mnemonic) return m.operation;
  throw "a mnemonic that has no meaning";
}

consteval std::uint8_t width_of(std::string_view mnemonic, Operand first) {
  if (mnemonic == "cwde" || mnemonic == "cdq") return 32;
  const bool has_width = first.width != 0 && first.kind != OperandKind::rel;
  return has_width ? first.width : std::uint8_t{64};
}

/// What the meanings rely on: an operand that is extended is the narrower one, products and
/// quotients have 16 bits at least, double shifts 32.
consteval bool widths_suit(const Action& action) {
  using enum Operation;
  const auto is_one_of = [&action](auto... operations) {
    return ((action.operation == operations) || ...);
  };
  if (is_one_of(movzx, movsx)) return action.operands[1].width < action.width;
  if (is_one_of(mul_wide, imul_wide, imul, div, idiv, bswap)) return action.width >= 16;
  return !is_one_of(shld, shrd) || action.width >= 32;
}

consteval Action action_of(const Row& row) {
  Action action;
  action.locked = (row.prefixes & prefix::lock) != 0;
  unsigned count = 0;
  for (const Operand& operand : row.operands)
    if (operand.kind != OperandKind::none && operand.kind != OperandKind::cond)
      action.operands[count++] = operand;
  const std::string_view mnemonic =
      action.locked ? row.mnemonic.substr(sizeof "lock") : row.mnemonic;
  action.operation = operation_of(mnemonic, count);
  action.width = width_of(mnemonic, action.operands[0]);
  if (!widths_suit(action)) throw "an operand width that the meaning does not cover";
  return action;
}

consteval std::array<Action, form_count> all_actions() {
  std::array<Action, form_count> actions;
  for (std::size_t i = 0; i < form_count; ++i) actions[i] = action_of(rows[i]);
  return actions;
}
inline constexpr std::array<Action, form_count> actions = all_actions();

}  // namespace detail

constexpr const Action& action(Form form) {
  return detail::actions[static_cast<std::size_t>(form)];
}

}  // namespace probity::x86
