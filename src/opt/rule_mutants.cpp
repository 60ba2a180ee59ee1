// SPDX-License-Identifier: Apache-2.0
// See rule_mutants.hpp.
#include "opt/rule_mutants.hpp"

#include <fmt/core.h>

#include <utility>

namespace probity::opt {
namespace {

/// A mutant that is as true as its rule: whose, and the beginning of what changed.
struct EqualMutant {
  std::string_view rule;
  std::string_view what;
  std::string_view why;
};
constexpr EqualMutant equal_mutants[] = {
#define EQUAL(rule, what, why) {rule, what, why},
#include "opt/rules_equal.def"
};

/// Every literal of `e`, from left to right.
void each_number(Expression& e, const auto& with) {
  if (e.op == Expression::Op::number) with(e.number);
  for (Expression& arg : e.args) each_number(arg, with);
}

class Mutation {
 public:
  explicit Mutation(const Rule& rule) : rule_(rule), changed_(rule) {}

  std::vector<RuleMutant> all() {
    drop_conditions();
    drop_insns();
    for (std::size_t k = 0; k < changed_.pattern.size(); ++k) {
      change_fields(changed_.pattern[k], fmt::format("pattern insn {}", k + 1));
    }
    for (std::size_t k = 0; k < changed_.replacement.size(); ++k) {
      change_fields(changed_.replacement[k], fmt::format("replacement insn {}", k + 1));
    }
    for (Condition& condition : changed_.conditions) {
      if (condition.kind != Condition::Kind::holds) continue;
      change(condition.expression, fmt::format("condition '{}'", condition.text));
    }
    if (result_.empty()) change_widths();
    return std::move(result_);
  }

 private:
  void change_widths() {
    for (std::size_t k = 0; k < rule_.pattern.size(); ++k) {
      const bpf::Row& row = bpf::row(rule_.pattern[k].shape.form);
      for (std::size_t form = 0; form < bpf::form_count; ++form) {
        const bpf::Row& other = bpf::rows[form];
        const bool twin = other.meaning == row.meaning && other.operation == row.operation &&
                          other.operands == row.operands && other.width != row.width;
        if (!twin) continue;
        Rule mutant = rule_;
        mutant.pattern[k].shape.form = static_cast<bpf::Form>(form);
        result_.push_back({fmt::format("pattern insn {} is {}", k + 1, other.name), mutant});
      }
    }
  }

  void drop_conditions() {
    for (std::size_t i = 0; i < rule_.conditions.size(); ++i) {
      const Condition& condition = rule_.conditions[i];
      if (!is_needed_for_proof(condition) || condition.kind == Condition::Kind::each) continue;
      Rule mutant = rule_;
      mutant.conditions.erase(mutant.conditions.begin() + static_cast<std::ptrdiff_t>(i));
      result_.push_back({fmt::format("without '{}'", condition.text), std::move(mutant)});
    }
  }

  void drop_insns() {
    for (std::size_t i = 0; i < rule_.replacement.size(); ++i) {
      Rule mutant = rule_;
      mutant.replacement.erase(mutant.replacement.begin() + static_cast<std::ptrdiff_t>(i));
      result_.push_back({fmt::format("without replacement insn {}", i + 1), std::move(mutant)});
    }
  }

  void change_fields(InsnTemplate& insn, const std::string& where) {
    if (insn.off) change(*insn.off, where + ", offset");
    if (insn.imm) change(*insn.imm, where + ", immediate");
  }

  void change(Expression& expression, const std::string& where) {
    unsigned place = 0;
    each_number(expression, [&](std::uint64_t& number) {
      ++number;
      result_.push_back({fmt::format("{}, constant {}: {}", where, ++place, number), changed_});
      --number;
    });
  }

  const Rule& rule_;
  Rule changed_;  ///< with one number changed at a time
  std::vector<RuleMutant> result_;
};

}  // namespace

std::vector<RuleMutant> mutants_of(const Rule& rule) {
  return Mutation(rule).all();
}

std::string_view why_equal(const RuleMutant& mutant) {
  const std::string_view name = mutant.rule.name;
  for (const EqualMutant& equal : equal_mutants) {
    const bool same = name == equal.rule || name.substr(0, name.find('[')) == equal.rule;
    if (same && std::string_view(mutant.what).starts_with(equal.what)) return equal.why;
  }
  return {};
}

}  // namespace probity::opt
