// SPDX-License-Identifier: Apache-2.0
// See facts.hpp. Each part of contains() is a conclusion of its own.
#include "theorems/facts/facts.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "domain/abstract_ops.hpp"
#include "domain/abstract_refine.hpp"
#include "term/symbolic.hpp"

namespace probity::theorems {
namespace {

using abstract::AbstractValue;
using abstract::Operands;
using proof::Obligation;
using proof::Query;
using term::Store;
using D = term::Symbolic;

template <unsigned W>
Bv<D, W> variable(Store& store, std::string_view name) {
  return Bv<D, W>::of(store.var(W, std::string(name)));
}

/// Any knowledge of a number, and a number that agrees with it.
template <unsigned W>
struct Known {
  AbstractValue<D, W> about;
  Bv<D, W> value;
};

template <unsigned W>
Known<W> known(Store& store, Query& query, std::string_view name) {
  const auto part = [&](std::string_view of) {
    return variable<W>(store, fmt::format("{} {}", name, of));
  };
  const AbstractValue<D, W> about{part("zeros"), part("ones"),       part("low"),
                                  part("high"),  part("signed low"), part("signed high")};
  const Bv<D, W> value = variable<W>(store, name);
  query.assume.push_back(agrees_with_zeros(about, value).raw());
  query.assume.push_back(agrees_with_ones(about, value).raw());
  query.assume.push_back(is_in_bounds(about, value).raw());
  query.assume.push_back(is_in_signed_bounds(about, value).raw());
  return {about, value};
}

template <unsigned W>
void show_contains(Query& query, const AbstractValue<D, W>& about, Bv<D, W> value,
                   std::string_view of = "") {
  const auto show = [&](Bool<D> holds, std::string_view label) {
    query.show.push_back(holds.raw());
    query.labels.push_back(fmt::format("{}{}", of, label));
  };
  show(agrees_with_zeros(about, value), "bits that are 0");
  show(agrees_with_ones(about, value), "bits that are 1");
  show(ule(about.low, value), "least value");
  show(ule(value, about.high), "greatest value");
  show(sle(about.signed_low, value), "least signed value");
  show(sle(value, about.signed_high), "greatest signed value");
  show(is_well_formed(about), "no contradiction");
}

using Obligations = std::vector<Obligation>;

void add(Obligations& all, std::string name, std::string_view file, proof::BuildQuery build) {
  all.push_back(
      {"facts/" + std::move(name), fmt::format("src/domain/{}", file), std::move(build), {}});
}

constexpr Op operations[] = {
#define BV_UN(name, smt, meaning) Op::name,
#define BV_BIN(name, smt, meaning) Op::name,
#define BV_REL(name, smt, meaning) Op::name,
#include "domain/bv_ops.def"
};

template <unsigned W>
Query operation(Store& store, Op op) {
  Query query;
  const auto a = known<W>(store, query, "a");
  if (is_unary(op)) {
    show_contains(query, abstract::unary(op, a.about), Bv<D, W>::of(D::un(op, W, a.value.raw())));
    return query;
  }
  const auto b = known<W>(store, query, "b");
  const auto outcome = D::bin(op, W, a.value.raw(), b.value.raw());
  if (is_relation(op)) {
    show_contains(query, abstract::relation(op, a.about, b.about), Bool<D>::of(outcome));
  } else {
    show_contains(query, abstract::binary(op, a.about, b.about), Bv<D, W>::of(outcome));
  }
  return query;
}

/// A function that changes what is known of a value, not the value.
template <unsigned W>
using Change = AbstractValue<D, W> (*)(AbstractValue<D, W>);

template <unsigned W>
void add_changes(Obligations& all) {
  const std::pair<std::string_view, Change<W>> changes[] = {
      {"bits-from-bounds", abstract::bits_from_bounds<D, W>},
      {"bounds-from-bits", abstract::bounds_from_bits<D, W>},
      {"signed-from-unsigned", abstract::signed_from_unsigned<D, W>},
      {"unsigned-from-signed", abstract::unsigned_from_signed<D, W>},
  };
  for (const auto& [name, change] : changes) {
    add(all, fmt::format("known/{}/{}-bits", name, W), "abstract_value.hpp",
        [change](Store& store) {
          Query query;
          const auto a = known<W>(store, query, "a");
          show_contains(query, change(a.about), a.value);
          return query;
        });
  }
}

/// A comparison and what it says of its operands.
template <unsigned W>
struct Comparison {
  std::string_view name;
  Operands<D, W> (*refined)(const Operands<D, W>&);
  Bool<D> (*holds)(Bv<D, W>, Bv<D, W>);
};

template <unsigned W>
void add_comparisons(Obligations& all) {
  using Word = Bv<D, W>;
  const Comparison<W> rows[] = {
      {"ult", abstract::if_ult<D, W>, [](Word a, Word b) { return ult(a, b); }},
      {"ule", abstract::if_ule<D, W>, [](Word a, Word b) { return ule(a, b); }},
      {"slt", abstract::if_slt<D, W>, [](Word a, Word b) { return slt(a, b); }},
      {"sle", abstract::if_sle<D, W>, [](Word a, Word b) { return sle(a, b); }},
      {"eq", abstract::if_eq<D, W>, [](Word a, Word b) { return a == b; }},
      {"ne", abstract::if_ne<D, W>, [](Word a, Word b) { return a != b; }},
      {"common", abstract::if_common<D, W>, [](Word a, Word b) { return (a & b) != Word::lit(0); }},
      {"disjoint", abstract::if_disjoint<D, W>,
       [](Word a, Word b) { return (a & b) == Word::lit(0); }},
  };
  for (const Comparison<W>& row : rows) {
    add(all, fmt::format("if-{}/{}-bits", row.name, W), "abstract_refine.hpp", [row](Store& store) {
      Query query;
      const auto a = known<W>(store, query, "a");
      const auto b = known<W>(store, query, "b");
      query.assume.push_back(row.holds(a.value, b.value).raw());
      const Operands<D, W> refined = row.refined({a.about, b.about});
      show_contains(query, refined.a, a.value, "a: ");
      show_contains(query, refined.b, b.value, "b: ");
      return query;
    });
  }
}

/// Whatever the operation is: of equal operands it makes equal results.
template <unsigned W, unsigned R>
Query folded(Store& store) {
  Query query;
  const auto a = known<W>(store, query, "a");
  const auto b = known<W>(store, query, "b");
  const auto otherwise = known<R>(store, query, "result");
  const auto of_bounds = variable<R>(store, "result of bounds");
  const Bool<D> equal = (a.value == a.about.low) & (b.value == b.about.low);
  query.assume.push_back((~equal | (of_bounds == otherwise.value)).raw());
  show_contains(query, abstract::folded(a.about, b.about, of_bounds, otherwise.about),
                otherwise.value);
  return query;
}

template <unsigned W>
void add_choices(Obligations& all) {
  const auto name = [](std::string_view what) { return fmt::format("{}/{}-bits", what, W); };
  add(all, name("folded"), "abstract_ops.hpp", [](Store& s) { return folded<W, W>(s); });
  if constexpr (W > 1) {
    add(all, name("folded-relation"), "abstract_ops.hpp", [](Store& s) { return folded<W, 1>(s); });
  }
  add(all, name("ite"), "abstract_ops.hpp", [](Store& store) {
    Query query;
    const auto condition = known<1>(store, query, "condition");
    const auto a = known<W>(store, query, "a");
    const auto b = known<W>(store, query, "b");
    show_contains(query, abstract::ite(condition.about, a.about, b.about),
                  ite(condition.value, a.value, b.value));
    return query;
  });
  add(all, name("join"), "abstract_ops.hpp", [](Store& store) {
    Query query;
    const auto a = known<W>(store, query, "a");
    const auto b = known<W>(store, query, "b");
    const AbstractValue<D, W> both = abstract::join(a.about, b.about);
    show_contains(query, both, a.value, "a: ");
    show_contains(query, both, b.value, "b: ");
    return query;
  });
  add(all, name("widened"), "abstract_ops.hpp", [](Store& store) {
    Query query, any_before;
    const auto a = known<W>(store, query, "a");
    const auto before = known<W>(store, any_before, "before");
    show_contains(query, abstract::widened(before.about, a.about), a.value);
    return query;
  });
}

template <unsigned From, unsigned To>
void add_extensions(Obligations& all) {
  const auto name = [](std::string_view what) {
    return fmt::format("{}/{}-to-{}-bits", what, From, To);
  };
  add(all, name("zext"), "abstract_ops.hpp", [](Store& store) {
    Query query;
    const auto a = known<From>(store, query, "a");
    show_contains(query, abstract::zext<To>(a.about), zext<To>(a.value));
    return query;
  });
  add(all, name("sext"), "abstract_ops.hpp", [](Store& store) {
    Query query;
    const auto a = known<From>(store, query, "a");
    show_contains(query, abstract::sext<To>(a.about), sext<To>(a.value));
    return query;
  });
  add(all, fmt::format("extract/{}-to-{}-bits", To, From), "abstract_ops.hpp", [](Store& store) {
    Query query;
    const auto a = known<To>(store, query, "a");
    for (unsigned low = 0; low + From <= To; ++low) {
      const auto part = Bv<D, From>::of(D::extract(low, From, a.value.raw()));
      show_contains(query, abstract::extract<From>(a.about, low), part,
                    fmt::format("from bit {}: ", low));
    }
    return query;
  });
}

template <unsigned H, unsigned L>
void add_concat(Obligations& all) {
  add(all, fmt::format("concat/{}-and-{}-bits", H, L), "abstract_ops.hpp", [](Store& store) {
    Query query;
    const auto high = known<H>(store, query, "high");
    const auto low = known<L>(store, query, "low");
    show_contains(query, abstract::concat(high.about, low.about), concat(high.value, low.value));
    return query;
  });
}

template <unsigned W>
void add_width(Obligations& all) {
  for (const Op op : operations) {
    add(all, fmt::format("{}/{}-bits", smt_name(op), W), "abstract_ops.hpp",
        [op](Store& store) { return operation<W>(store, op); });
  }
  add_choices<W>(all);
  add_changes<W>(all);
  if constexpr (W > 1) add_comparisons<W>(all);
}

}  // namespace

std::vector<Obligation> facts_obligations() {
  Obligations all;
  add_width<1>(all);
  add_width<8>(all);
  add_width<16>(all);
  add_width<32>(all);
  add_width<64>(all);
  add_extensions<1, 8>(all);
  add_extensions<1, 64>(all);
  add_extensions<8, 16>(all);
  add_extensions<8, 32>(all);
  add_extensions<8, 64>(all);
  add_extensions<16, 32>(all);
  add_extensions<16, 64>(all);
  add_extensions<32, 64>(all);
  add_concat<8, 8>(all);
  add_concat<16, 16>(all);
  add_concat<32, 32>(all);
  add(all, "with-low-half/64-bits", "abstract_refine.hpp", [](Store& store) {
    Query query;
    const auto a = known<64>(store, query, "a");
    const auto part = known<32>(store, query, "low half");
    query.assume.push_back((trunc<32>(a.value) == part.value).raw());
    show_contains(query, abstract::with_low_half(a.about, part.about), a.value);
    return query;
  });
  return all;
}

}  // namespace probity::theorems
