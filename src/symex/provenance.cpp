// SPDX-License-Identifier: Apache-2.0
// The pointer rules of the Provenance domain. Two offsets of one region are compared as signed
// numbers: a region lies far from the ends of the address space, so addresses compare as their
// offsets do (docs/trusted-base.md).
#include "symex/provenance.hpp"

#include <optional>
#include <string>

#include "symex/context.hpp"

namespace probity::symex {
namespace {

using term::Symbolic;

bool is_number(Word a) {
  return a.region == 0;
}

Word number(term::Id term) {
  return {term, 0};
}

bool is_zero(Word a) {
  return is_number(a) && term::current_store().literal(a.term) == term::Value{0};
}

/// Is the address within 2^40 bytes of the region's start on every path? Then adding the offset
/// cannot leave the half of the address space that the region is in.
bool is_near(Word a) {
  constexpr std::uint64_t reach = std::uint64_t{1} << 40;
  return current_context().magnitude.of(a.term) <= reach;
}

/// The relation of two addresses as one of their offsets: signed, unless both offsets are small.
Op offset_relation(Op op, Word a, Word b) {
  const term::Value far = term::Value{1} << 63;
  term::IntervalAnalysis& intervals = current_context().intervals;
  if (intervals(a.term).high < far && intervals(b.term).high < far) return op;
  if (op == Op::ult) return Op::slt;
  if (op == Op::ule) return Op::sle;
  return op;
}

/// Pointer against zero: no region lies at address 0.
std::optional<bool> against_null(Op op, Word a, Word b) {
  if ((!is_number(a) && !is_near(a)) || (!is_number(b) && !is_near(b))) return std::nullopt;
  if (!is_number(a) && is_zero(b)) {
    if (op == Op::eq || op == Op::ult || op == Op::ule) return false;
  }
  if (is_zero(a) && !is_number(b)) {
    if (op == Op::eq) return false;
    if (op == Op::ult || op == Op::ule) return true;
  }
  return std::nullopt;
}

}  // namespace

term::Id address_variable(RegionId region) {
  return term::current_store().var(64, "addr#" + std::to_string(base_of(region)));
}

term::Id as_number(Word word) {
  if (is_number(word)) return word.term;
  return term::current_store().bin(Op::add, address_variable(word.region), word.term);
}

Word Provenance::lit(unsigned width, std::uint64_t value) {
  return number(Symbolic::lit(width, value));
}

Word Provenance::un(Op op, unsigned width, Word a) {
  return number(Symbolic::un(op, width, as_number(a)));
}

Word Provenance::bin(Op op, unsigned width, Word a, Word b) {
  if (is_number(a) && is_number(b)) return number(Symbolic::bin(op, width, a.term, b.term));
  if (op == Op::add && is_number(b)) return {Symbolic::bin(op, width, a.term, b.term), a.region};
  if (op == Op::add && is_number(a)) return {Symbolic::bin(op, width, a.term, b.term), b.region};
  if (op == Op::sub && is_number(b)) return {Symbolic::bin(op, width, a.term, b.term), a.region};
  if (base_of(a.region) == base_of(b.region) && op == Op::sub) {
    return number(Symbolic::bin(op, width, a.term, b.term));
  }
  // Equal offsets are equal addresses, wherever they are.
  if (base_of(a.region) == base_of(b.region) && is_relation(op) &&
      (op == Op::eq || (is_near(a) && is_near(b)))) {
    return number(Symbolic::bin(offset_relation(op, a, b), width, a.term, b.term));
  }
  if (is_relation(op)) {
    if (const auto known = against_null(op, a, b)) return lit(1, *known ? 1 : 0);
  }
  // Moves go through the ALU as `or 0`, `xor 0`, `and -1` in some compilers' output.
  if ((op == Op::or_ || op == Op::xor_) && is_zero(b)) return a;
  return number(Symbolic::bin(op, width, as_number(a), as_number(b)));
}

Word Provenance::ite(unsigned width, Word condition, Word a, Word b) {
  if (a == b) return a;
  if (const auto known = term::current_store().literal(condition.term)) return *known != 0 ? a : b;
  if (a.region == b.region) {
    return {Symbolic::ite(width, condition.term, a.term, b.term), a.region};
  }
  return number(Symbolic::ite(width, condition.term, as_number(a), as_number(b)));
}

Word Provenance::zext(unsigned from, unsigned to, Word a) {
  // A 32-bit load of ctx->data is a whole pointer: the kernel rewrites it to a 64-bit load.
  if (!is_number(a) && from == 32 && to == 64) return a;
  return number(Symbolic::zext(from, to, as_number(a)));
}

Word Provenance::sext(unsigned from, unsigned to, Word a) {
  return number(Symbolic::sext(from, to, as_number(a)));
}

Word Provenance::extract(unsigned low, unsigned width, Word a) {
  return number(Symbolic::extract(low, width, as_number(a)));
}

Word Provenance::concat(unsigned high_width, unsigned low_width, Word high, Word low) {
  return number(Symbolic::concat(high_width, low_width, as_number(high), as_number(low)));
}

}  // namespace probity::symex
