// SPDX-License-Identifier: Apache-2.0
// What a walk of the simulation starts with: a term for each value, made of what the facts of the
// old version say of it, and what is assumed of these terms. Bounds that a term cannot show are
// assumptions of every query; those about the packet's pointers only of queries that compare them
// with its end.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "opt/equal_values.hpp"
#include "opt/facts.hpp"
#include "opt/known_orders.hpp"
#include "opt/symbolic_run.hpp"
#include "term/term.hpp"

namespace probity::opt {

class StartTerms {
 public:
  explicit StartTerms(SymbolicWorld& world)
      : world_(world), packet_end_(world.store.var(64, "packet end")) {}

  /// Equal values are the same term.
  term::Id of(const PointFacts& facts, const Equals& equals, Holder holder);

  /// Pointers into the packet lie far from the ends of the address space, and the bytes that were
  /// made sure of are there.
  void assume_packet(const PointFacts& facts);

  /// Values compare as they did before.
  void assume_orders(std::span<const Order> orders, const PointFacts& facts, const Equals& equals);

  std::span<const term::Id> assumed() const { return assumed_; }
  /// Adds to a query all that is assumed of what it is about.
  void add_what_is_known(std::vector<term::Id>* query) const;

 private:
  /// Values of one name are the same.
  term::Id of(const Fact& fact, const std::string& name);
  term::Id number(const Fact& fact, const std::string& name);
  term::Id packet_place(const Fact& fact);
  void assume_room(term::Id start, std::int64_t bytes);

  SymbolicWorld& world_;
  term::Id packet_end_;
  std::vector<term::Id> assumed_;
  std::vector<term::Id> packet_claims_;
  std::vector<term::Id> order_claims_;
};

}  // namespace probity::opt
