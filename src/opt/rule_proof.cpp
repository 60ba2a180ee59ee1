// SPDX-License-Identifier: Apache-2.0
// See rule_proof.hpp. Memory is a function from address to byte with a list of later writes; that
// it is the same afterwards is shown for an address of which nothing is known. An expression that
// does not fit its field is assumed not to occur: a pattern's field holds what it was matched to,
// and of a replacement's the matcher makes sure.
#include "opt/rule_proof.hpp"

#include <fmt/core.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "isa/bpf/semantics_impl.hpp"
#include "term/symbolic.hpp"

namespace probity::opt {
namespace {

using term::Id;
using term::Store;
using term::Symbolic;
using Word = Bv<Symbolic, 64>;
using Byte = Bv<Symbolic, 8>;

Word as_word(Id id) {
  return Word::of(id);
}

/// Bytes: what was there before, and what was written since.
class Memory {
 public:
  explicit Memory(Store& store)
      : store_(&store), before_(store.function("memory", std::array{64u}, 8)) {}

  Byte at(Word address) const {
    const std::array argument{address.raw()};
    Byte byte = Byte::of(store_->apply(before_, argument));
    for (const auto& [where, value] : writes_) byte = ite(address == where, value, byte);
    return byte;
  }
  void write(Word address, Byte value) { writes_.emplace_back(address, value); }
  bool is_written() const { return !writes_.empty(); }

 private:
  Store* store_;
  term::Function before_;
  std::vector<std::pair<Word, Byte>> writes_;
};

/// The State of bpf::meaning: letters for registers. Insns that no rule has are refused.
class LetterState {
 public:
  LetterState(std::vector<Word> registers, Store& store)
      : registers_(std::move(registers)), memory_(store) {}

  Word reg(bpf::Reg letter) const { return registers_[static_cast<std::size_t>(letter)]; }
  void set_reg(bpf::Reg letter, Word value) {
    registers_[static_cast<std::size_t>(letter)] = value;
  }

  template <unsigned W>
  Bv<Symbolic, W> load(Word address) const {
    if constexpr (W == 8) {
      return memory_.at(address);
    } else {
      return concat(load<W / 2>(address + Word::lit(W / 16)), load<W / 2>(address));
    }
  }
  template <unsigned W>
  void store(Word address, Bv<Symbolic, W> value) {
    if constexpr (W == 8) {
      memory_.write(address, value);
    } else {
      store<W / 2>(address, trunc<W / 2>(value));
      store<W / 2>(address + Word::lit(W / 16), bits<W - 1, W / 2>(value));
    }
  }
  template <unsigned W, typename Update>
  Bv<Symbolic, W> atomic(Word address, const Update& update) {
    const Bv<Symbolic, W> old = load<W>(address);
    store<W>(address, update(old));
    return old;
  }
  template <unsigned W>
  Bv<Symbolic, W> load_acquire(Word) {
    PROBITY_CHECK(false);
  }
  template <unsigned W>
  void store_release(Word, Bv<Symbolic, W>) {
    PROBITY_CHECK(false);
  }
  template <unsigned W>
  bpf::PacketRead<Symbolic> load_packet(Bv<Symbolic, 32>) {
    PROBITY_CHECK(false);
  }
  Word address_of(bpf::ImmOp, Bv<Symbolic, 32>, Bv<Symbolic, 32>) { PROBITY_CHECK(false); }
  Bool<Symbolic> may_goto_exhausted() { PROBITY_CHECK(false); }

  const Memory& memory() const { return memory_; }

 private:
  std::vector<Word> registers_;
  Memory memory_;
};

/// One case of a rule: which registers are the same, and a value for each number with `each`.
struct Case {
  std::vector<std::size_t> same_as;  ///< by letter: the first one that is the same register
  std::vector<std::pair<char, std::int64_t>> chosen;
  std::string label;
};

struct Run {
  LetterState state;
  Bool<Symbolic> jumps;
  std::vector<Id> fits;   ///< every field holds its expression
  std::vector<Id> exact;  ///< and so every address is what the expression says
};

class Statement {
 public:
  Statement(const Rule& rule, Store& store, proof::Query& query)
      : rule_(rule), store_(store), query_(query) {}

  void add(const Case& chosen) {
    case_ = &chosen;
    std::vector<Id> given;
    for (const Condition& condition : rule_.conditions) {
      if (const std::optional<Id> holds = assumed(condition)) given.push_back(*holds);
    }
    const Run before = run(rule_.pattern), after = run(rule_.replacement);
    given.insert(given.end(), before.fits.begin(), before.fits.end());
    given.insert(given.end(), after.fits.begin(), after.fits.end());
    for (const Id one : given) {
      if (store_.is_false(one)) return;
    }
    compare(before, after, given);
  }

 private:
  Word letter(char name) const {
    if (name >= 'A' && name <= 'Z') {
      const char first = rule_.registers[case_->same_as[rule_.index_of(name)]];
      return as_word(store_.var(64, std::string(1, first)));
    }
    for (const auto& [number, value] : case_->chosen) {
      if (number == name) return Word::lit(static_cast<std::uint64_t>(value));
    }
    // A letter that stands alone in a pattern's field is what the field holds, sign-extended.
    return as_word(store_.sext(64, store_.var(bits_of(name), std::string(1, name))));
  }
  unsigned bits_of(char name) const {
    const auto is = [&](const std::optional<Expression>& field) {
      return field && field->op == Expression::Op::variable && field->name == name;
    };
    for (const InsnTemplate& insn : rule_.pattern) {
      if (is(insn.off)) return 16;
      const bool wide = bpf::row(insn.shape.form).meaning == bpf::Meaning::load_imm64;
      if (is(insn.imm) && !wide) return 32;
    }
    return 64;
  }
  Word value(const Expression& expression) const {
    return evaluate<Symbolic>(expression, [&](char name) { return letter(name); });
  }

  std::optional<Id> assumed(const Condition& condition) const {
    switch (condition.kind) {
      case Condition::Kind::holds: return (value(condition.expression) != Word::lit(0)).raw();
      case Condition::Kind::constant:
        return (letter(condition.letter) == value(condition.expression)).raw();
      case Condition::Kind::each:
      case Condition::Kind::dead:
      case Condition::Kind::last:
      case Condition::Kind::kernel:
      case Condition::Kind::number:
      case Condition::Kind::map_value:
      case Condition::Kind::aligned:
      case Condition::Kind::for_size:
      case Condition::Kind::for_speed: return std::nullopt;
    }
    return std::nullopt;
  }

  Run run(std::span<const InsnTemplate> insns) const {
    std::vector<Word> registers;
    for (const char name : rule_.registers) registers.push_back(letter(name));
    Run result{LetterState(std::move(registers), store_), Bool<Symbolic>::lit(0), {}, {}};
    for (const InsnTemplate& insn : insns) step(insn, result);
    return result;
  }

  void step(const InsnTemplate& insn, Run& run) const {
    const Word off = insn.off ? value(*insn.off) : Word::lit(0);
    const Word imm = insn.imm ? value(*insn.imm) : Word::lit(0);
    const bool must_fit = imm_must_fit(insn.shape.form);
    if (must_fit) run.fits.push_back((sext<64>(trunc<32>(imm)) == imm).raw());
    run.fits.push_back((sext<64>(trunc<16>(off)) == off).raw());
    const bpf::Immediates<Symbolic> fields{trunc<16>(off), trunc<32>(imm), bits<63, 32>(imm)};
    ExactAddresses state{run.state, sext<64>(fields.off), off};
    const bpf::Next<Symbolic> next =
        bpf::meaning<Symbolic>(insn.shape.form, insn.shape.dst, insn.shape.src, fields, state);
    if (insn.off) run.exact.push_back((sext<64>(fields.off) == off).raw());
    if (next.flow == bpf::Flow::jump) run.jumps = Bool<Symbolic>::lit(1);
    if (next.flow == bpf::Flow::branch) run.jumps = next.taken;
  }

  /// Adds `off` itself where meaning() adds the sign-extended field: `exact` says they are equal.
  /// Addresses are then sums that the rewriting of terms recognises.
  struct ExactAddresses {
    LetterState& state;
    Word field;
    Word off;

    Word exact(Word address) const { return address - field + off; }
    Word reg(bpf::Reg letter) const { return state.reg(letter); }
    void set_reg(bpf::Reg letter, Word value) { state.set_reg(letter, value); }
    template <unsigned W>
    Bv<Symbolic, W> load(Word address) const {
      return state.load<W>(exact(address));
    }
    template <unsigned W>
    void store(Word address, Bv<Symbolic, W> value) {
      state.store<W>(exact(address), value);
    }
    template <unsigned W, typename Update>
    Bv<Symbolic, W> atomic(Word address, const Update& update) {
      return state.atomic<W>(exact(address), update);
    }
    template <unsigned W>
    Bv<Symbolic, W> load_acquire(Word address) {
      return state.load_acquire<W>(address);
    }
    template <unsigned W>
    void store_release(Word address, Bv<Symbolic, W> value) {
      state.store_release<W>(address, value);
    }
    template <unsigned W>
    bpf::PacketRead<Symbolic> load_packet(Bv<Symbolic, 32> offset) {
      return state.load_packet<W>(offset);
    }
    Word address_of(bpf::ImmOp op, Bv<Symbolic, 32> imm, Bv<Symbolic, 32> next) {
      return state.address_of(op, imm, next);
    }
    Bool<Symbolic> may_goto_exhausted() { return state.may_goto_exhausted(); }
  };

  void compare(const Run& before, const Run& after, const std::vector<Id>& given) {
    const auto show = [&](Id holds, std::string_view what) {
      query_.show.push_back(holds);
      query_.labels.push_back(fmt::format("{}{}", what, case_->label));
      query_.given.push_back(given);
    };
    for (std::size_t i = 0; i < rule_.registers.size(); ++i) {
      if ((rule_.dead() >> i & 1) != 0) continue;
      const auto index = static_cast<bpf::Reg>(i);
      show((before.state.reg(index) == after.state.reg(index)).raw(),
           std::string_view(&rule_.registers[i], 1));
    }
    if (before.state.memory().is_written() || after.state.memory().is_written()) {
      const Word any = as_word(store_.var(64, "any address"));
      show((before.state.memory().at(any) == after.state.memory().at(any)).raw(), "memory");
    }
    show((before.jumps == after.jumps).raw(), "where control goes");
    for (const Run* const run : {&before, &after}) {
      for (const Id exact : run->exact) show(exact, "an address");
    }
  }

  const Rule& rule_;
  Store& store_;
  proof::Query& query_;
  const Case* case_ = nullptr;
};

/// Every way in which the registers that the rule only reads may be the same.
std::vector<Case> coincidences(const Rule& rule) {
  std::vector<Case> cases{Case{}};
  for (std::size_t i = 0; i < rule.registers.size(); ++i) {
    std::vector<Case> next;
    for (const Case& one : cases) {
      Case other = one;
      other.same_as.push_back(i);
      next.push_back(other);
      for (std::size_t j = 0; j < i; ++j) {
        const bool distinct = ((rule.written() >> i | rule.written() >> j) & 1) != 0;
        if (distinct || one.same_as[j] != j) continue;
        Case same = one;
        same.same_as.push_back(j);
        same.label += fmt::format(", {} = {}", rule.registers[i], rule.registers[j]);
        next.push_back(std::move(same));
      }
    }
    cases = std::move(next);
  }
  return cases;
}

std::vector<Case> cases_of(const Rule& rule) {
  std::vector<Case> cases = coincidences(rule);
  for (const Condition& condition : rule.conditions) {
    if (condition.kind != Condition::Kind::each) continue;
    std::vector<Case> next;
    for (const Case& one : cases) {
      for (std::int64_t value = condition.low; value <= condition.high; ++value) {
        Case chosen = one;
        chosen.chosen.emplace_back(condition.expression.name, value);
        chosen.label += fmt::format(", {} = {}", condition.expression.name, value);
        next.push_back(std::move(chosen));
      }
    }
    cases = std::move(next);
  }
  return cases;
}

}  // namespace

proof::Obligation obligation_of(const Rule& rule) {
  proof::Obligation obligation;
  obligation.name = "rule/" + rule.name;
  obligation.provenance = "src/opt/rules.def";
  obligation.build = [shared = std::make_shared<const Rule>(rule)](Store& store) {
    proof::Query query;
    Statement statement(*shared, store, query);
    for (const Case& one : cases_of(*shared)) statement.add(one);
    return query;
  };
  return obligation;
}

std::vector<proof::Obligation> rule_obligations() {
  std::vector<proof::Obligation> result;
  for (const Rule& rule : rules()) result.push_back(obligation_of(rule));
  return result;
}

}  // namespace probity::opt
