// SPDX-License-Identifier: Apache-2.0
// The two concepts behind "semantics x domain". A Domain computes on words of a given width and
// cannot branch on them; a PathDomain can also decide(). A meaning is a template over Domain, a
// translator one over PathDomain, so "semantics never branch on data" is a compile error. The set
// of domains is closed: Concrete here, Symbolic and SymbolicPath in term/, Provenance in symex/;
// adding one is an ADR.
#pragma once

#include <concepts>
#include <cstdint>

#include "domain/op.hpp"

namespace probity {

template <typename D>
concept Domain = requires(Op op, unsigned width, typename D::Word word) {
  { D::lit(width, std::uint64_t{}) } -> std::same_as<typename D::Word>;
  { D::un(op, width, word) } -> std::same_as<typename D::Word>;
  { D::bin(op, width, word, word) } -> std::same_as<typename D::Word>;   // relations: one bit
  { D::ite(width, word, word, word) } -> std::same_as<typename D::Word>;
  { D::zext(width, width, word) } -> std::same_as<typename D::Word>;      // from, to
  { D::sext(width, width, word) } -> std::same_as<typename D::Word>;      // from, to
  { D::extract(width, width, word) } -> std::same_as<typename D::Word>;  // lowest bit, width
  { D::concat(width, width, word, word) } -> std::same_as<typename D::Word>;  // widths of high, low
};

template <typename D>
concept PathDomain = Domain<D> && requires(typename D::Word word) {
  { D::decide(word) } -> std::same_as<bool>;
};

}  // namespace probity
