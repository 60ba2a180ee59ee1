// SPDX-License-Identifier: Apache-2.0
// Operands from instructions, over a value domain. matches<form>(word) says whether a row admits a
// word and take<form>(word) takes its fields out; neither branches. decode() finds the one row by
// decide(): nothing is decoded that a row excludes, so every decoded instruction encodes to its
// word again.
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "isa/riscv/encode.hpp"

#define PROBITY_DECODE [[gnu::always_inline]] constexpr

namespace probity::riscv {

namespace detail {

/// The bits of `field` from bit `from` up, as they stand in the word.
template <Form form, Field field, unsigned from, unsigned width, Domain D, unsigned W>
PROBITY_DECODE Bv<D, width> gather(Bv<D, W> word) {
  constexpr Piece p = [] {
    for (const Piece& piece : format<form>.pieces) {
      if (piece.field == field && piece.from == from && piece.width != 0) return piece;
    }
    return Piece{};
  }();
  static_assert(p.width != 0);
  const auto here = bits<p.low + p.width - 1, p.low>(word);
  if constexpr (p.width == width)
    return here;
  else
    return concat(gather<form, field, from + p.width, width - p.width>(word), here);
}

template <Form form, Field field, Domain D, unsigned W>
PROBITY_DECODE Bv<D, 5> gather_reg(Bv<D, W> word) {
  if constexpr (!format<form>.has(field))
    return Bv<D, 5>::lit(0);
  else if constexpr (!format<form>.is_compressed(field))
    return gather<form, field, 0, 5>(word);
  else
    return concat(Bv<D, 2>::lit(1), gather<form, field, 0, 3>(word));
}

template <Form form, unsigned piece, Domain D, unsigned W>
PROBITY_DECODE Bool<D> fixed_bits_match(Bv<D, W> word) {
  if constexpr (piece == format<form>.piece_count) {
    return Bool<D>::lit(1);
  } else {
    constexpr Piece p = format<form>.pieces[piece];
    const Bool<D> rest = fixed_bits_match<form, piece + 1>(word);
    if constexpr (p.field != Field::fixed)
      return rest;
    else
      return (bits<p.low + p.width - 1, p.low>(word) == Bv<D, p.width>::lit(p.value)) & rest;
  }
}

}  // namespace detail

/// The fields of a word that matches.
template <Form form, Domain D>
PROBITY_DECODE Fields<form, D> take(Bv<D, format<form>.width> word) {
  constexpr Format f = format<form>;
  Fields<form, D> all;
  all.rd = detail::gather_reg<form, Field::rd>(word);
  all.rs1 = detail::gather_reg<form, Field::rs1>(word);
  all.rs2 = detail::gather_reg<form, Field::rs2>(word);
  if constexpr (f.has(Field::imm)) all.imm = detail::gather<form, Field::imm, 0, f.imm_width>(word);
  if constexpr (f.has(Field::order)) all.order = detail::gather<form, Field::order, 0, 2>(word);
  if constexpr (f.has(Field::pred)) all.pred = detail::gather<form, Field::pred, 0, 4>(word);
  if constexpr (f.has(Field::succ)) all.succ = detail::gather<form, Field::succ, 0, 4>(word);
  return all;
}

/// Whether the word is an instruction of this row.
template <Form form, Domain D>
PROBITY_DECODE Bool<D> matches(Bv<D, format<form>.width> word) {
  const Bool<D> fixed = detail::fixed_bits_match<form, 0>(word);
  if constexpr (format<form>.restriction_count == 0)
    return fixed;
  else
    return fixed & detail::unrestricted<form, 0>(take<form>(word));
}

/// The instruction with plain registers.
template <Form form, PathDomain D>
constexpr Insn<D> insn(const Fields<form, D>& all) {
  Insn<D> insn;
  insn.form = form;
  insn.rd = static_cast<Reg>(pick(all.rd));
  insn.rs1 = static_cast<Reg>(pick(all.rs1));
  insn.rs2 = static_cast<Reg>(pick(all.rs2));
  insn.order = static_cast<isa::Order>(pick(all.order));
  insn.pred = static_cast<std::uint8_t>(pick(all.pred));
  insn.succ = static_cast<std::uint8_t>(pick(all.succ));
  insn.length = format<form>.width / 8;
  if constexpr (format<form>.imm_width != 0) insn.imm = immediate_value<form>(all.imm);
  return insn;
}

namespace detail {

/// Bits that every row of a length fixes: bits 6:2, or 15:13 and 1:0 of a compressed one.
constexpr unsigned bucket_count = 64;
constexpr unsigned bucket_of(const Format& f) {
  if (f.width == 32) return f.match >> 2 & 31u;
  return 32u | (f.match >> 13 & 7u) << 2 | (f.match & 3u);
}
consteval bool buckets_are_fixed() {
  for (const Row& r : rows) {
    const std::uint32_t needed = r.format.width == 32 ? 0x7fu : 0xe003u;
    if ((r.format.mask & needed) != needed) return false;
  }
  return true;
}
static_assert(buckets_are_fixed());

struct Bucket {
  std::array<Form, form_count> forms{};
  std::size_t size = 0;
};
template <unsigned bucket>
inline constexpr Bucket rows_of = [] {
  Bucket found;
  for (std::size_t i = 0; i < form_count; ++i) {
    if (bucket_of(rows[i].format) == bucket) found.forms[found.size++] = static_cast<Form>(i);
  }
  return found;
}();

/// What visit_row() gives: all rows give the same type.
template <PathDomain D, typename Visit>
using Visited =
    std::optional<decltype(std::declval<Visit>().template operator()<Form::addi>(Bv<D, 32>()))>;

template <unsigned bucket, std::size_t i, PathDomain D, typename Visit>
constexpr Visited<D, Visit> visit_bucket(Bv<D, 32> word, Visit visit) {
  if constexpr (i == rows_of<bucket>.size) {
    return std::nullopt;
  } else {
    constexpr Form form = rows_of<bucket>.forms[i];
    const auto code = trunc<format<form>.width>(word);
    if (decide(matches<form>(code))) return visit.template operator()<form>(code);
    return visit_bucket<bucket, i + 1>(word, visit);
  }
}

}  // namespace detail

/// The length in bytes that the two low bits say (longer encodings are no instruction here).
template <PathDomain D, unsigned W>
constexpr unsigned length(Bv<D, W> word) {
  return decide(bits<1, 0>(word) == Bv<D, 2>::lit(3)) ? 4 : 2;
}

/// visit.operator()<form>(code) for the row that admits the low bits of `word`; none when no row
/// does. Of a compressed instruction the upper half is not looked at.
template <PathDomain D, typename Visit>
constexpr detail::Visited<D, Visit> visit_row(Bv<D, 32> word, Visit visit) {
  const unsigned bucket = length(word) == 4
                              ? pick(bits<6, 2>(word))
                              : 32u | pick(bits<15, 13>(word)) << 2 | pick(bits<1, 0>(word));
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    detail::Visited<D, Visit> found;
    static_cast<void>(
        ((bucket == i && (found = detail::visit_bucket<i, 0>(word, visit), true)) || ...));
    return found;
  }(std::make_index_sequence<detail::bucket_count>());
}

/// The instruction in the low bits of `word`; none when no row admits it.
template <PathDomain D>
constexpr std::optional<Insn<D>> decode(Bv<D, 32> word) {
  return visit_row(
      word, []<Form form>(Bv<D, format<form>.width> code) { return insn(take<form>(code)); });
}

/// The instruction that the bytes start with; none when they are too few.
template <PathDomain D>
constexpr std::optional<Insn<D>> decode(std::span<const Bv<D, 8>> bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const Bv<D, 16> low = concat(bytes[1], bytes[0]);
  if (length(low) == 2) return decode(zext<32>(low));
  if (bytes.size() < 4) return std::nullopt;
  return decode(concat(concat(bytes[3], bytes[2]), low));
}

}  // namespace probity::riscv

#undef PROBITY_DECODE
