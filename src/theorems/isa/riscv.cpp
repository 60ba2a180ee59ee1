// SPDX-License-Identifier: Apache-2.0
// The obligations of insn.def of isa/riscv: the templates of its codec over terms, so that each
// statement is about all operands, words or values at once. Counterexamples are replayed by the
// codec that ships.
//   isa/riscv/round_trip/ROW  take(encode(x)) = x for all operands x that the row allows, its word
//                             matches and has the length that its low bits say; and every word that
//                             matches is encode(take(word)) of operands that the row allows
//   isa/riscv/decode/ROW      the decoder finds this row in each of its words
//   isa/riscv/disjoint/ROW    no word that matches this row matches another of the same length
//   isa/riscv/fits/ROW        fits(v) exactly when v is the value of its encoded bits, and the
//                             value of all encoded bits fits and has those bits
#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "isa/riscv/codec.hpp"
#include "isa/riscv/decode.hpp"
#include "term/path_explorer.hpp"
#include "term/symbolic.hpp"
#include "theorems/isa/isa.hpp"

namespace probity::theorems {
namespace {

using proof::Obligation;
using proof::Query;
using proof::Reproduced;
using riscv::Field;
using riscv::Fields;
using riscv::Form;
using riscv::Row;
using term::Id;
using term::Store;
using D = term::SymbolicPath;

template <unsigned W>
Bv<D, W> variable(Store& store, std::string_view name) {
  return Bv<D, W>::of(store.var(W, name));
}

template <Form form>
Fields<form, D> operands(Store& store) {
  constexpr riscv::Format f = riscv::format<form>;
  Fields<form, D> all;
  if constexpr (f.has(Field::rd)) all.rd = variable<5>(store, "rd");
  if constexpr (f.has(Field::rs1)) all.rs1 = variable<5>(store, "rs1");
  if constexpr (f.has(Field::rs2)) all.rs2 = variable<5>(store, "rs2");
  if constexpr (f.has(Field::imm)) all.imm = variable<f.imm_width>(store, "imm");
  if constexpr (f.has(Field::order)) all.order = variable<2>(store, "order");
  if constexpr (f.has(Field::pred)) all.pred = variable<4>(store, "pred");
  if constexpr (f.has(Field::succ)) all.succ = variable<4>(store, "succ");
  return all;
}

// The codec is inlined wherever it is used; here once per row is enough.
template <Form form>
[[gnu::noinline]] Bv<D, riscv::format<form>.width> encoded(const Fields<form, D>& fields) {
  return riscv::encode(fields);
}
template <Form form>
[[gnu::noinline]] Fields<form, D> taken(Bv<D, riscv::format<form>.width> word) {
  return riscv::take<form>(word);
}
template <Form form>
[[gnu::noinline]] Bool<D> matched(Bv<D, riscv::format<form>.width> word) {
  return riscv::matches<form>(word);
}

/// Fields that a form has not are zero on both sides.
template <Form form>
Bool<D> same(const Fields<form, D>& a, const Fields<form, D>& b) {
  return (a.rd == b.rd) & (a.rs1 == b.rs1) & (a.rs2 == b.rs2) & (a.imm == b.imm) &
         (a.order == b.order) & (a.pred == b.pred) & (a.succ == b.succ);
}
Bool<D> implies(Bool<D> a, Bool<D> b) {
  return ~a | b;
}

template <Form form>
Id round_trips(Store& store) {
  constexpr unsigned width = riscv::format<form>.width;
  const Fields<form, D> given = operands<form>(store);
  const Bv<D, width> there = encoded(given);
  const Bool<D> says_four_bytes = bits<1, 0>(there) == Bv<D, 2>::lit(3);
  const Bool<D> there_and_back =
      implies(riscv::allows(given), matched<form>(there) & same(taken<form>(there), given) &
                                        (says_four_bytes == Bool<D>::lit(width == 32)));
  const Bv<D, width> word = variable<width>(store, "word");
  const Fields<form, D> fields = taken<form>(word);
  const Bool<D> back_and_there =
      implies(matched<form>(word), riscv::allows(fields) & (encoded(fields) == word));
  return (there_and_back & back_and_there).raw();
}

/// The word of all operands, with anything behind a short one, and which operands are allowed.
struct Encoding {
  Bv<D, 32> word;
  Bool<D> allowed;
};
template <Form form>
Encoding encoding(Store& store) {
  const Fields<form, D> given = operands<form>(store);
  const Bool<D> allowed = riscv::allows(given);
  if constexpr (riscv::format<form>.width == 32)
    return {encoded(given), allowed};
  else
    return {concat(variable<16>(store, "next"), encoded(given)), allowed};
}

template <Form form>
Id matches(Bv<D, 32> word) {
  return matched<form>(trunc<riscv::format<form>.width>(word)).raw();
}

template <Form form>
Id fits_as_it_reads(Store& store) {
  constexpr unsigned width = riscv::format<form>.imm_width;
  if constexpr (width == 0) {
    return store.true_();
  } else {
    const Bv<D, 64> value = variable<64>(store, "value");
    const Bool<D> kept = riscv::immediate_value<form>(riscv::immediate<form>(value)) == value;
    const Bv<D, width> all_bits = variable<width>(store, "bits");
    const Bv<D, 64> whole = riscv::immediate_value<form>(all_bits);
    const Bool<D> bits_fit = riscv::fits<form>(whole) & (riscv::immediate<form>(whole) == all_bits);
    return ((riscv::fits<form>(value) == kept) & bits_fit).raw();
  }
}

template <Form form>
bool admits(std::uint32_t word) {
  return decide(
      riscv::matches<form>(trunc<riscv::format<form>.width>(Bv<Concrete, 32>::lit(word))));
}

/// What is said about one row, and its replay where codec.hpp does not give it.
struct Statements {
  Id (*round_trips)(Store&);
  Encoding (*encoding)(Store&);
  Id (*matches)(Bv<D, 32>);
  Id (*fits)(Store&);
  bool (*admits)(std::uint32_t);
};
template <std::size_t... i>
constexpr std::array<Statements, riscv::form_count> of_all_rows(std::index_sequence<i...>) {
  return {Statements{round_trips<static_cast<Form>(i)>, encoding<static_cast<Form>(i)>,
                     matches<static_cast<Form>(i)>, fits_as_it_reads<static_cast<Form>(i)>,
                     admits<static_cast<Form>(i)>}...};
}
constexpr std::array statements = of_all_rows(std::make_index_sequence<riscv::form_count>());

/// The decoder that ships, up to the row it finds: what it then does is take().
struct NameOfRow {
  template <Form form>
  Form operator()(Bv<D, riscv::format<form>.width>) const {
    return form;
  }
};

Query decode_query(Store& store, std::size_t row) {
  const Encoding given = statements[row].encoding(store);
  Query query;
  query.assume.push_back(given.allowed.raw());
  std::optional<Form> found;
  const auto body = [&] { found = riscv::visit_row(given.word, NameOfRow()); };
  const auto on_path = [&](std::span<const Id> condition) {
    const bool right = found == static_cast<Form>(row);
    query.show.push_back(right ? store.true_() : store.not_(store.conjunction(condition)));
  };
  const term::Exploration end = term::explore_paths(body, on_path, {}, {});
  if (end != term::Exploration::complete) query.show.push_back(store.false_());
  return query;
}

Query disjoint_query(Store& store, std::size_t row) {
  const Bv<D, 32> word = variable<32>(store, "word");
  Query query;
  query.assume.push_back(statements[row].matches(word));
  for (std::size_t i = 0; i < riscv::form_count; ++i) {
    if (i == row || riscv::rows[i].format.width != riscv::rows[row].format.width) continue;
    query.show.push_back(store.not_(statements[i].matches(word)));
  }
  return query;
}

// Replays: the same with numbers, by the codec that ships.

class Counterexample {
 public:
  Counterexample(const Store& store, const term::Model& model) : store_(store), model_(model) {}
  std::uint64_t number(std::string_view name) const {
    for (const auto& [variable, value] : model_.variables()) {
      if (store_.name(variable) == name) return static_cast<std::uint64_t>(value);
    }
    return 0;
  }
  riscv::Insn<Concrete> insn(std::size_t row) const {
    const riscv::Format& f = riscv::rows[row].format;
    riscv::Insn<Concrete> insn;
    insn.form = static_cast<Form>(row);
    insn.rd = static_cast<riscv::Reg>(number("rd"));
    insn.rs1 = static_cast<riscv::Reg>(number("rs1"));
    insn.rs2 = static_cast<riscv::Reg>(number("rs2"));
    insn.order = static_cast<isa::Order>(number("order"));
    insn.pred = static_cast<std::uint8_t>(number("pred"));
    insn.succ = static_cast<std::uint8_t>(number("succ"));
    insn.length = f.width / 8u;
    insn.imm = Bv<Concrete, 64>::lit(whole_immediate(f, number("imm") << f.imm_low));
    return insn;
  }
  /// The value whose encoded bits are those of `value`.
  static std::uint64_t whole_immediate(const riscv::Format& f, std::uint64_t value) {
    const unsigned top = f.imm_low + f.imm_width;
    const std::uint64_t low = value & mask<std::uint64_t>(top) & ~mask<std::uint64_t>(f.imm_low);
    return f.imm_signed && top != 0 ? Concrete::sext(top, 64, low) : low;
  }

 private:
  const Store& store_;
  const term::Model& model_;
};

std::string hex(std::uint32_t word) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%x", word);
  return text.data();
}
proof::ReplayResult replayed(bool holds, const std::string& text) {
  return {holds ? Reproduced::no : Reproduced::yes, text};
}

/// Both directions, and which row is found: serves round_trip and decode.
proof::ReplayResult replay_codec(std::size_t row, const Counterexample& values) {
  const std::string name(riscv::rows[row].name);
  const riscv::Insn<Concrete> insn = values.insn(row);
  if (const Expected<std::uint32_t> word = riscv::encode(insn)) {
    const std::optional<riscv::Insn<Concrete>> back = riscv::decode(*word);
    if (!back) return replayed(false, name + " is " + hex(*word) + ", which no row admits");
    if (back->form != insn.form) {
      return replayed(false, name + " is " + hex(*word) + ", which is read as " +
                                 std::string(riscv::row(back->form).name));
    }
    if (!(*back == insn)) {
      return replayed(false, name + " is " + hex(*word) + ", which has other operands");
    }
  }
  const auto word = static_cast<std::uint32_t>(values.number("word"));
  const std::optional<riscv::Insn<Concrete>> insn_of_word = riscv::decode(word);
  if (insn_of_word && insn_of_word->form == insn.form) {
    const Expected<std::uint32_t> again = riscv::encode(*insn_of_word);
    if (!again) return replayed(false, hex(word) + ": " + std::string(again.error().line()));
    if (*again != word) return replayed(false, hex(word) + " encodes again as " + hex(*again));
  }
  return replayed(true, name + " round-trips in the codec");
}

proof::ReplayResult replay_fits(std::size_t row, const Counterexample& values) {
  const riscv::Format& f = riscv::rows[row].format;
  for (const std::uint64_t value :
       {values.number("value"),
        Counterexample::whole_immediate(f, values.number("bits") << f.imm_low)}) {
    riscv::Insn<Concrete> insn = values.insn(row);
    insn.rd = insn.rs1 = insn.rs2 = riscv::Reg::a0;  // allowed everywhere
    insn.imm = Bv<Concrete, 64>::lit(value);
    const bool excluded = value == 0 && f.restriction_count != 0;
    const bool representable = Counterexample::whole_immediate(f, value) == value && !excluded;
    const Expected<std::uint32_t> word = riscv::encode(insn);
    if (word.has_value() == representable || excluded) continue;
    return replayed(false, std::string(riscv::rows[row].name) + " and immediate " +
                               std::to_string(static_cast<std::int64_t>(value)) + ": " +
                               (word ? "accepted, but its bits do not say it"
                                     : std::string(word.error().line())));
  }
  return replayed(true, "encode() accepts what the field can say");
}

proof::ReplayResult replay_disjoint(std::size_t row, const Counterexample& values) {
  const auto word = static_cast<std::uint32_t>(values.number("word"));
  for (std::size_t i = 0; i < riscv::form_count; ++i) {
    const bool same_length = riscv::rows[i].format.width == riscv::rows[row].format.width;
    if (i == row || !same_length || !statements[i].admits(word)) continue;
    return replayed(!statements[row].admits(word), hex(word) + " is both " +
                                                       std::string(riscv::rows[row].name) +
                                                       " and " + std::string(riscv::rows[i].name));
  }
  return replayed(true, hex(word) + " is no other row");
}

void add_row(std::size_t row, std::vector<Obligation>& all) {
  const std::string name(riscv::rows[row].name);
  const std::string provenance = "isa/riscv/insn.def: " + name;
  const auto codec = [row](const Store& store, const term::Model& model) {
    return replay_codec(row, Counterexample(store, model));
  };
  const auto disjoint = [row](const Store& store, const term::Model& model) {
    return replay_disjoint(row, Counterexample(store, model));
  };
  const auto fits = [row](const Store& store, const term::Model& model) {
    return replay_fits(row, Counterexample(store, model));
  };
  all.push_back({"isa/riscv/round_trip/" + name, provenance,
                 [row](Store& store) { return Query{{}, {statements[row].round_trips(store)}}; },
                 codec});
  all.push_back({"isa/riscv/decode/" + name, provenance,
                 [row](Store& store) { return decode_query(store, row); }, codec});
  all.push_back({"isa/riscv/disjoint/" + name, provenance,
                 [row](Store& store) { return disjoint_query(store, row); }, disjoint});
  if (riscv::rows[row].format.imm_width == 0) return;
  all.push_back({"isa/riscv/fits/" + name, provenance,
                 [row](Store& store) { return Query{{}, {statements[row].fits(store)}}; }, fits});
}

}  // namespace

std::vector<Obligation> riscv_obligations() {
  std::vector<Obligation> all;
  for (std::size_t row = 0; row < riscv::form_count; ++row) add_row(row, all);
  return all;
}

}  // namespace probity::theorems
