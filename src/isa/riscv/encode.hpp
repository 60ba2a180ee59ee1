// SPDX-License-Identifier: Apache-2.0
// Instructions from operands, over a value domain. encode<Form::addi, D>(rd, rs1, imm) takes the
// operands in assembler order: registers as Reg or as Bv<D, 5>, immediates as the encoded bits (a
// branch takes imm[12:1], twelve bits), fence sets as bits iorw, and the ordering of an atomic
// last. Nothing is masked: immediate<form>(value) takes the encoded bits out of a whole value,
// fits<form> says whether they say it all, and allows<form>(operands...) whether the row admits the
// operands (compressed registers, restrictions), which encode() requires.
#pragma once

#include "isa/code.hpp"
#include "isa/riscv/insn.hpp"

#define PROBITY_ENCODE [[gnu::always_inline]] constexpr

namespace probity::riscv {

template <Form form>
inline constexpr Format format = row(form).format;

/// What the fields of an instruction hold; a form without an immediate has one of one bit, unused.
template <Form form, Domain D>
struct Fields {
  static constexpr unsigned imm_width = format<form>.imm_width == 0 ? 1 : format<form>.imm_width;
  Bv<D, 5> rd = Bv<D, 5>::lit(0), rs1 = Bv<D, 5>::lit(0), rs2 = Bv<D, 5>::lit(0);
  Bv<D, imm_width> imm = Bv<D, imm_width>::lit(0);
  Bv<D, 2> order = Bv<D, 2>::lit(0);
  Bv<D, 4> pred = Bv<D, 4>::lit(0), succ = Bv<D, 4>::lit(0);
};

namespace detail {

template <Form form, Field field, Domain D>
PROBITY_ENCODE auto get(const Fields<form, D>& fields) {
  if constexpr (field == Field::rd)
    return fields.rd;
  else if constexpr (field == Field::rs1)
    return fields.rs1;
  else if constexpr (field == Field::rs2)
    return fields.rs2;
  else if constexpr (field == Field::imm)
    return fields.imm;
  else if constexpr (field == Field::order)
    return fields.order;
  else if constexpr (field == Field::pred)
    return fields.pred;
  else
    return fields.succ;
}

template <Field field, Domain D>
PROBITY_ENCODE Bv<D, 5> operand(Reg reg) {
  static_assert(field == Field::rd || field == Field::rs1 || field == Field::rs2);
  return Bv<D, 5>::lit(number(reg));
}
template <Field field, Domain D>
PROBITY_ENCODE Bv<D, 2> operand(isa::Order order) {
  static_assert(field == Field::order);
  return Bv<D, 2>::lit(static_cast<unsigned>(order));
}
template <Field field, Domain D, unsigned W>
PROBITY_ENCODE Bv<D, W> operand(Bv<D, W> value) {
  return value;
}

template <Form form, unsigned parameter, Domain D>
PROBITY_ENCODE void set(Fields<form, D>&) {
  static_assert(parameter == format<form>.parameter_count, "too few operands for this form");
}
template <Form form, unsigned parameter, Domain D, typename T, typename... Rest>
PROBITY_ENCODE void set(Fields<form, D>& fields, T first, Rest... rest) {
  static_assert(parameter < format<form>.parameter_count, "too many operands for this form");
  constexpr Field field = format<form>.parameters[parameter];
  if constexpr (field == Field::rd)
    fields.rd = operand<field, D>(first);
  else if constexpr (field == Field::rs1)
    fields.rs1 = operand<field, D>(first);
  else if constexpr (field == Field::rs2)
    fields.rs2 = operand<field, D>(first);
  else if constexpr (field == Field::imm)
    fields.imm = operand<field, D>(first);
  else if constexpr (field == Field::order)
    fields.order = operand<field, D>(first);
  else if constexpr (field == Field::pred)
    fields.pred = operand<field, D>(first);
  else
    fields.succ = operand<field, D>(first);
  set<form, parameter + 1>(fields, rest...);
}

template <Form form, unsigned piece, Domain D>
PROBITY_ENCODE auto assemble(const Fields<form, D>& fields) {
  constexpr Piece p = format<form>.pieces[piece];
  const auto here = [&] {
    if constexpr (p.field == Field::fixed)
      return Bv<D, p.width>::lit(p.value);
    else
      return bits<p.from + p.width - 1, p.from>(get<form, p.field>(fields));
  }();
  if constexpr (piece + 1 == format<form>.piece_count)
    return here;
  else
    return concat(here, assemble<form, piece + 1>(fields));
}

template <Form form, Field field, Domain D>
PROBITY_ENCODE Bool<D> compressed_reg(const Fields<form, D>& fields) {
  if constexpr (format<form>.is_compressed(field)) {
    return bits<4, 3>(get<form, field>(fields)) == Bv<D, 2>::lit(1);
  } else {
    return Bool<D>::lit(1);
  }
}
template <Form form, unsigned restriction, Domain D>
PROBITY_ENCODE Bool<D> unrestricted(const Fields<form, D>& fields) {
  if constexpr (restriction == format<form>.restriction_count) {
    return Bool<D>::lit(1);
  } else {
    constexpr Restriction r = format<form>.restrictions[restriction];
    const auto value = get<form, r.field>(fields);
    using Value = std::remove_const_t<decltype(value)>;
    return (value != Value::lit(r.value)) & unrestricted<form, restriction + 1>(fields);
  }
}

}  // namespace detail

/// The operands as fields.
template <Form form, Domain D, typename... Operands>
PROBITY_ENCODE Fields<form, D> fields(Operands... operands) {
  Fields<form, D> all;
  detail::set<form, 0>(all, operands...);
  return all;
}

/// Whether the row admits these fields: x8..x15 where three bits name a register, no reserved code.
template <Form form, Domain D>
PROBITY_ENCODE Bool<D> allows(const Fields<form, D>& all) {
  return detail::compressed_reg<form, Field::rd>(all) &
         detail::compressed_reg<form, Field::rs1>(all) &
         detail::compressed_reg<form, Field::rs2>(all) & detail::unrestricted<form, 0>(all);
}

/// The instruction; it is one only where allows() says so.
template <Form form, Domain D>
PROBITY_ENCODE Bv<D, format<form>.width> encode(const Fields<form, D>& all) {
  return detail::assemble<form, 0>(all);
}
template <Form form, Domain D, typename... Operands>
PROBITY_ENCODE Bv<D, format<form>.width> encode(Operands... operands) {
  return encode(fields<form, D>(operands...));
}

/// Appends the instruction.
template <Form form, Domain D, typename... Operands>
[[gnu::always_inline]] inline void put(isa::Code<D>& code, Operands... operands) {
  code.put(encode<form, D>(operands...));
}

/// The encoded bits of an immediate's whole value.
template <Form form, Domain D, unsigned W>
PROBITY_ENCODE Bv<D, format<form>.imm_width> immediate(Bv<D, W> value) {
  return bits<format<form>.imm_low + format<form>.imm_width - 1, format<form>.imm_low>(value);
}

/// The whole value of an immediate from its encoded bits.
template <Form form, Domain D, unsigned W>
PROBITY_ENCODE Bv<D, 64> immediate_value(Bv<D, W> encoded) {
  static_assert(W == format<form>.imm_width);
  constexpr unsigned low = format<form>.imm_low;
  const auto shifted = [&] {
    if constexpr (low == 0)
      return encoded;
    else
      return concat(encoded, Bv<D, low>::lit(0));
  }();
  if constexpr (format<form>.imm_signed)
    return sext<64>(shifted);
  else
    return zext<64>(shifted);
}

/// Whether the form's immediate can hold this value, signed or not as the row says: restrictions
/// (a shift by zero, say) are allows()'s business.
template <Form form, Domain D, unsigned W>
PROBITY_ENCODE Bool<D> fits(Bv<D, W> value) {
  constexpr unsigned low = format<form>.imm_low;
  constexpr unsigned top = low + format<form>.imm_width;
  static_assert(W >= top);
  const auto lowest = [&] {
    if constexpr (low == 0)
      return Bool<D>::lit(1);
    else
      return bits<low - 1, 0>(value) == Bv<D, low>::lit(0);
  }();
  if constexpr (format<form>.imm_signed) {
    return lowest & (sext<W>(bits<top - 1, 0>(value)) == value);
  } else {
    return lowest & (zext<W>(bits<top - 1, 0>(value)) == value);
  }
}

}  // namespace probity::riscv

#undef PROBITY_ENCODE
