// SPDX-License-Identifier: Apache-2.0
// See rule_conditions.hpp.
#include "opt/rule_conditions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "domain/abstract.hpp"
#include "domain/concrete.hpp"
#include "isa/bpf/codec_index.hpp"
#include "opt/order.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;
using bpf::Reg;

bool is_capital(char letter) {
  return letter >= 'A' && letter <= 'Z';
}

LetterSet letters_of(const InsnTemplate& insn) {
  return static_cast<LetterSet>(letters_read(insn) | letters_written(insn));
}

/// A field as the 64 bits that its expression stands for.
std::uint64_t off_of(const bpf::Insn& insn) {
  return static_cast<std::uint64_t>(std::int64_t{insn.off});
}
std::uint64_t imm_of(const bpf::Insn& insn) {
  if (bpf::row(insn.form).meaning == Meaning::load_imm64) return insn.imm64();
  return static_cast<std::uint64_t>(std::int64_t{insn.imm});
}

class Decision {
 public:
  Decision(const Version& version, const Aim& aim, Match& match)
      : version_(version), aim_(aim), match_(match), rule_(*match.rule) {}

  bool holds() { return constants_known() && choose(0); }

 private:
  /// What is known of a register before the rule.
  const Fact& fact(char letter) const {
    const std::uint8_t index = rule_.index_of(letter);
    std::size_t k = 0;
    while ((letters_of(rule_.pattern[k]) >> index & 1) == 0) ++k;
    return version_.facts.reg(match_.nodes[k], *match_.registers[index]);
  }

  /// `A is k`: gives k its value.
  bool constants_known() {
    for (const Condition& condition : rule_.conditions) {
      if (condition.kind != Condition::Kind::constant) continue;
      const std::optional<std::uint64_t> value = fact(condition.letter).constant();
      if (!value || condition.expression.op != Expression::Op::variable) return false;
      std::optional<std::uint64_t>& number = match_.number(condition.expression.name);
      if (number && *number != *value) return false;
      number = value;
    }
    return true;
  }

  /// Tries every value of the `each` conditions from the `from`th condition on.
  bool choose(std::size_t from) {
    while (from < rule_.conditions.size() && rule_.conditions[from].kind != Condition::Kind::each) {
      ++from;
    }
    if (from == rule_.conditions.size()) return pattern_agrees() && all_hold() && fields_fit();
    const Condition& each = rule_.conditions[from];
    std::optional<std::uint64_t>& number = match_.number(each.expression.name);
    if (number) return in_range(each, *number) && choose(from + 1);
    for (std::int64_t value = each.low; value <= each.high; ++value) {
      number = static_cast<std::uint64_t>(value);
      if (choose(from + 1)) return true;
    }
    number.reset();
    return false;
  }
  static bool in_range(const Condition& each, std::uint64_t value) {
    const auto number = static_cast<std::int64_t>(value);
    return each.low <= number && number <= each.high;
  }

  bool all_hold() const {
    return std::ranges::all_of(rule_.conditions,
                               [&](const Condition& condition) { return holds(condition); });
  }

  bool holds(const Condition& condition) const {
    switch (condition.kind) {
      case Condition::Kind::kernel:
      case Condition::Kind::holds: return is_certain(condition.expression);
      case Condition::Kind::constant:
      case Condition::Kind::each: return true;
      case Condition::Kind::dead:
      case Condition::Kind::last: return is_dead(condition.letter);
      case Condition::Kind::number: return fact(condition.letter).kind == Kind::number;
      case Condition::Kind::map_value: return fact(condition.letter).kind == Kind::map_value;
      case Condition::Kind::aligned: return is_aligned(condition);
      case Condition::Kind::for_size: return aim_.goal == Goal::size;
      case Condition::Kind::for_speed: return aim_.goal == Goal::speed;
    }
    return false;
  }

  /// True whatever the registers hold that the facts allow.
  bool is_certain(const Expression& expression) const {
    bool known = true;
    const auto value_of = [&](char letter) {
      if (is_capital(letter)) return Bv<Abstract, 64>::of(fact(letter).bits);
      const std::optional<std::uint64_t>& value = match_.number(letter);
      known = known && value;
      return Bv<Abstract, 64>::lit(value.value_or(0));
    };
    const AbstractWord word = evaluate<Abstract>(expression, value_of).raw();
    return known && word.low != 0;
  }

  bool is_aligned(const Condition& condition) const {
    const std::optional<std::int64_t> offset = fact(condition.letter).offset;
    const std::optional<std::uint64_t> more = value_in(match_, condition.expression);
    return offset && more && (*offset + static_cast<std::int64_t>(*more)) % condition.low == 0;
  }

  /// Nobody reads the register behind the place before it is written.
  bool is_dead(char letter) const {
    const RegisterSet reg = register_bit(*match_.registers[rule_.index_of(letter)]);
    const std::uint32_t last = *std::ranges::max_element(match_.nodes);
    for (std::uint32_t node = match_.place + 1; node <= last; ++node) {
      if (std::ranges::find(match_.nodes, node) != match_.nodes.end()) continue;
      if ((registers_read(version_.code[node].insn) & reg) != 0) return false;
      if ((registers_written(version_.code[node].insn) & reg) != 0) return true;
    }
    return (version_.live.after(version_.code, last).regs & reg) == 0;
  }

  /// The pattern's fields are what the insns have.
  bool pattern_agrees() const {
    for (std::size_t k = 0; k < rule_.pattern.size(); ++k) {
      const InsnTemplate& insn = rule_.pattern[k];
      const bpf::Insn& actual = version_.code[match_.nodes[k]].insn;
      if (insn.off && value_in(match_, *insn.off) != off_of(actual)) return false;
      if (insn.imm && value_in(match_, *insn.imm) != imm_of(actual)) return false;
    }
    return true;
  }

  /// Every field of the replacement is wide enough.
  bool fields_fit() const {
    return std::ranges::all_of(rule_.replacement, [&](const InsnTemplate& insn) {
      const auto fits = [&](const std::optional<Expression>& field, unsigned bits) {
        if (!field) return true;
        const std::optional<std::uint64_t> value = value_in(match_, *field);
        return value &&
               detail::sign_extended(Bv<Concrete, 64>::lit(*value), Bv<Concrete, 64>::lit(bits))
                       .raw() == *value;
      };
      const bool known = !insn.imm || value_in(match_, *insn.imm);
      return known && fits(insn.off, 16) && (!imm_must_fit(insn.shape.form) || fits(insn.imm, 32));
    });
  }

  const Version& version_;
  const Aim& aim_;
  Match& match_;
  const Rule& rule_;
};

/// What a kernel would say.
class Acceptance {
 public:
  Acceptance(const Version& version, const Aim& aim, const Match& match)
      : version_(version), aim_(aim), match_(match), rule_(*match.rule) {
    for (std::size_t i = 0; i < rule_.registers.size(); ++i) kinds_.push_back(kind_before(i));
  }

  bool holds() {
    return std::ranges::all_of(rule_.replacement, [&](const InsnTemplate& insn) {
      const bool fine = has_level(insn) && takes_kinds(insn) && takes_access(insn);
      follow(insn);
      return fine;
    });
  }

 private:
  Kind kind_before(std::size_t letter) const {
    std::size_t k = 0;
    while ((letters_of(rule_.pattern[k]) >> letter & 1) == 0) ++k;
    return version_.facts.reg(match_.nodes[k], *match_.registers[letter]).kind;
  }
  Kind kind(Reg letter) const { return kinds_[static_cast<std::size_t>(letter)]; }

  bool has_level(const InsnTemplate& insn) const {
    const bpf::Cpu level = bpf::row(insn.shape.form).cpu;
    return level <= aim_.cpu || std::ranges::any_of(rule_.pattern, [&](const InsnTemplate& old) {
             return bpf::row(old.shape.form).cpu >= level;
           });
  }

  /// Arithmetic and comparisons want numbers, unless the pattern has the same insn.
  bool takes_kinds(const InsnTemplate& insn) const {
    const bpf::Row& row = bpf::row(insn.shape.form);
    const auto op = static_cast<bpf::AluOp>(row.operation);
    const bool on_pointers =
        row.meaning == Meaning::alu && row.width == 64 &&
        (op == bpf::AluOp::mov || op == bpf::AluOp::add || op == bpf::AluOp::sub);
    const bool computes = (row.meaning == Meaning::alu && !on_pointers) ||
                          row.meaning == Meaning::movsx || row.meaning == Meaning::byte_swap ||
                          row.meaning == Meaning::branch;
    if (!computes) return true;
    const bool is_old = std::ranges::any_of(
        rule_.pattern, [&](const InsnTemplate& old) { return old.shape == insn.shape; });
    if (is_old) return true;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if ((letters_read(insn) >> i & 1) != 0 && kinds_[i] != Kind::number) return false;
    }
    return true;
  }

  /// The same access as before, or one to bytes that the pattern accesses.
  bool takes_access(const InsnTemplate& insn) const {
    const std::optional<Access> access = access_of(insn.shape);
    const bool atomic = bpf::row(insn.shape.form).meaning == Meaning::atomic;
    if (!access && !atomic) return true;
    const Reg base = access ? access->base : insn.shape.dst;
    const unsigned bytes = bpf::row(insn.shape.form).width / 8u;
    const std::int64_t off = offset_of(insn);
    const Kind where = kind(base);
    const bool plain = where == Kind::packet || where == Kind::map_value || where == Kind::stack;
    if (extends_sign(insn) && !plain) return false;
    if (is_same(insn, base, off)) return true;
    return plain && covered(base, off, bytes) &&
           (where != Kind::stack || aligned(base, off, bytes));
  }

  /// What the verifier rewrites loads of, such as ctx, it does not take these of.
  static bool extends_sign(const InsnTemplate& insn) {
    return insn.shape.form == bpf::Form::ldxsb || insn.shape.form == bpf::Form::ldxsh ||
           insn.shape.form == bpf::Form::ldxsw;
  }

  std::int64_t offset_of(const InsnTemplate& insn) const {
    return insn.off ? static_cast<std::int64_t>(*value_in(match_, *insn.off)) : 0;
  }

  /// An access of the pattern at the same place; where the pattern computes its base, the proof of
  /// the rule says that the place is the same.
  bool is_same(const InsnTemplate& insn, Reg base, std::int64_t off) const {
    LetterSet written = 0;
    for (const InsnTemplate& old : rule_.pattern) {
      const std::optional<Access> access = access_of(old.shape);
      const bool fits = access && bpf::row(old.shape.form).width == bpf::row(insn.shape.form).width;
      const bool moved = access && (written >> static_cast<unsigned>(access->base) & 1) != 0;
      if (fits && (moved || (access->base == base && offset_of(old) == off))) return true;
      written |= letters_written(old);
    }
    return false;
  }

  bool covered(Reg base, std::int64_t off, unsigned bytes) const {
    for (unsigned i = 0; i < bytes; ++i) {
      const std::int64_t at = off + i;
      const bool seen = std::ranges::any_of(rule_.pattern, [&](const InsnTemplate& old) {
        const std::optional<Access> access = access_of(old.shape);
        return access && access->base == base && at >= offset_of(old) &&
               at < offset_of(old) + access->bytes;
      });
      if (!seen) return false;
    }
    return true;
  }
  bool aligned(Reg base, std::int64_t off, unsigned bytes) const {
    std::size_t k = 0;
    while ((letters_of(rule_.pattern[k]) >> static_cast<unsigned>(base) & 1) == 0) ++k;
    const Fact& fact = version_.facts.reg(match_.nodes[k], match_.reg(base));
    return fact.offset && (*fact.offset + off) % bytes == 0;
  }

  /// What the insn leaves in its register.
  void follow(const InsnTemplate& insn) {
    const LetterSet written = letters_written(insn);
    if (written == 0) return;
    const bpf::Row& row = bpf::row(insn.shape.form);
    Kind result = Kind::number;
    if (row.meaning == Meaning::load) result = row.width == 64 ? Kind::any : Kind::number;
    if (row.meaning == Meaning::alu && row.width == 64) {
      const bool moves = static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov;
      if (moves && row.operands == bpf::Operands::dst_src) result = kind(insn.shape.src);
      if (!moves) result = kind(insn.shape.dst);
    }
    kinds_[static_cast<std::size_t>(insn.shape.dst)] = result;
  }

  const Version& version_;
  const Aim& aim_;
  const Match& match_;
  const Rule& rule_;
  std::vector<Kind> kinds_;
};

}  // namespace

std::optional<std::uint64_t> value_in(const Match& match, const Expression& expression) {
  bool known = true;
  const auto value_of = [&](char letter) {
    const std::optional<std::uint64_t>& value = match.number(letter);
    known = known && value;
    return Bv<Concrete, 64>::lit(value.value_or(0));
  };
  const std::uint64_t value = evaluate<Concrete>(expression, value_of).raw();
  return known ? std::optional(value) : std::nullopt;
}

bool conditions_hold(const Version& version, const Aim& aim, Match& match) {
  return Decision(version, aim, match).holds();
}

bool kernel_takes(const Version& version, const Aim& aim, const Match& match) {
  return Acceptance(version, aim, match).holds();
}

}  // namespace probity::opt
