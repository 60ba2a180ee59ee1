// SPDX-License-Identifier: Apache-2.0
// Oracle<D>: the values a theorem quantifies over, by name, and the few questions a proof may ask
// of a value that a meaning may not. For SymbolicPath a value is a variable; for Concrete it is
// read from a counterexample, so that the text of a theorem is also its replay. Both sides of a
// theorem ask the same oracle: what a load, a call or an atomic gives is one value for both.
//
// Bases are addresses of objects that no eBPF access overlaps (the private stack, the context, the
// runtime's tables). For SymbolicPath they are variables and "in this object" means "differs from
// its base by a constant" or "is a sum with its base"; for Concrete they are far apart numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "domain/concrete.hpp"
#include "term/symbolic.hpp"

namespace probity::theorems {

using term::SymbolicPath;

/// Objects that only translated code and its runtime touch; the number spaces them out in Concrete.
enum class Object : std::uint8_t { stack, context, regions, helpers, addresses, tail_tables, code };
constexpr std::uint64_t concrete_base(Object object) {
  return 0x0000'1000'0000'0000 * (static_cast<std::uint64_t>(object) + 1);
}
std::string_view name(Object object);

/// Private objects are smaller than this; so a distance beyond it is no distance within one.
constexpr std::int64_t object_reach = 1 << 16;

/// How names of values end that stand for a register in any attempt but the first.
constexpr std::string_view of_a_retry = " of a retry";

template <PathDomain D>
class Oracle;

template <>
class Oracle<SymbolicPath> {
 public:
  using D = SymbolicPath;
  using B64 = Bv<D, 64>;

  template <unsigned W>
  Bv<D, W> value(std::string_view named) {
    return Bv<D, W>::of(variable(W, named));
  }
  /// The entry of a read-only table; equal offsets give equal entries.
  B64 entry(std::string_view table, B64 offset);
  B64 base(Object object) { return value<64>(name(object)); }

  /// `address` minus `from`, when that is the same small number for all values.
  std::optional<std::int64_t> distance(B64 from, B64 address) const;
  /// Whether `address` is a sum with this base.
  bool is_within(B64 base, B64 address) const;
  /// Whether `pc` is computed from this label (that it equals it is a goal).
  bool leads_to(B64 pc, Bv<D, 32> label) const;
  /// A choice that a proof must split is split; the rest is the value itself.
  B64 split(B64 value) const;
  /// Whether `value` is a variable that was made for one register of a retry.
  bool is_arbitrary(B64 value) const;
  static constexpr bool loops_by_induction = true;

 private:
  static term::Id variable(unsigned width, std::string_view named);
};

template <>
class Oracle<Concrete> {
 public:
  using D = Concrete;
  using B64 = Bv<D, 64>;

  /// Reads the counterexample; what it does not mention is zero.
  Oracle(const term::Store& store, const term::Model& model);
  /// All zeroes.
  Oracle() = default;
  void set(std::string_view named, std::uint64_t value) { values_[std::string(named)] = value; }

  template <unsigned W>
  Bv<D, W> value(std::string_view named) const {
    return Bv<D, W>::lit(lookup(named));
  }
  B64 entry(std::string_view table, B64 offset) const;
  B64 base(Object object) const { return B64::lit(concrete_base(object)); }
  std::optional<std::int64_t> distance(B64 from, B64 address) const;
  bool is_within(B64 base, B64 address) const;
  bool leads_to(B64 pc, Bv<D, 32> label) const {
    return pc.raw() == concrete_base(Object::code) + label.raw();
  }
  B64 split(B64 value) const { return value; }
  bool is_arbitrary(B64) const { return false; }
  static constexpr bool loops_by_induction = false;

 private:
  std::uint64_t lookup(std::string_view named) const;
  std::map<std::string, std::uint64_t, std::less<>> values_;
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> entries_;
};

}  // namespace probity::theorems
