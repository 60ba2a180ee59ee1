// SPDX-License-Identifier: Apache-2.0
// See generalise.hpp. A guess is a text for each constant of the replacement and a list of side
// conditions; what it says of the found constants is checked before anything is proved.
#include "opt/search/generalise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "domain/concrete.hpp"
#include "isa/bpf/flow.hpp"
#include "opt/code_text.hpp"
#include "proof/canonical.hpp"

namespace probity::opt::search {
namespace {

using bpf::Meaning;
using bpf::Operands;

/// Constants of one rewrite: of its pattern, of its replacement.
struct Constants {
  std::vector<std::uint64_t> pattern;
  std::vector<std::uint64_t> replacement;
};

bool has_constant(const bpf::Insn& insn) {
  const Operands operands = bpf::row(insn.form).operands;
  return operands == Operands::dst_imm || operands == Operands::dst_imm64;
}

std::uint64_t constant_of(const bpf::Insn& insn) {
  if (bpf::row(insn.form).operands == Operands::dst_imm64) return insn.imm64();
  return static_cast<std::uint64_t>(std::int64_t{insn.imm});
}

std::vector<std::uint64_t> constants_of(const Insns& insns) {
  std::vector<std::uint64_t> result;
  for (const bpf::Insn& insn : insns) {
    if (has_constant(insn)) result.push_back(constant_of(insn));
  }
  return result;
}

bpf::Insn without_constant(bpf::Insn insn) {
  if (has_constant(insn)) insn.imm = insn.next_imm = 0;
  return insn;
}

/// Letters of a problem's registers, in the order in which they occur in its text: what differs in
/// the order of inputs and temporaries only is the same rule.
using Letters = std::array<char, bpf::reg_count>;

Letters letters_of(const Problem& problem) {
  Letters letters{};
  char next = 'A';
  const auto name = [&](bpf::Reg reg) {
    char& letter = letters[static_cast<std::size_t>(reg)];
    if (letter == 0) letter = next++;
  };
  for (const bpf::Insn& insn : problem.insns) {
    name(insn.dst);
    if (bpf::row(insn.form).operands == Operands::dst_src) name(insn.src);
  }
  for (std::size_t reg = 0; reg < letters.size(); ++reg) name(static_cast<bpf::Reg>(reg));
  return letters;
}

/// The insns with letters for registers; constants are texts.
std::string text_of(const Insns& insns, std::span<const std::string> constants,
                    const Letters& names) {
  std::string text;
  std::size_t next = 0;
  for (const bpf::Insn& insn : insns) {
    const std::string plain = kernel_text(inserted(without_constant(insn)));
    std::string letters;
    for (std::size_t at = 0; at < plain.size(); ++at) {
      const bool starts =
          at == 0 || plain[at - 1] == ' ' || plain[at - 1] == ')' || plain[at - 1] == '-';
      const bool is_name = (plain[at] == 'r' || plain[at] == 'w') && at + 1 < plain.size() &&
                           plain[at + 1] >= '0' && plain[at + 1] <= '9';
      if (!starts || !is_name) {
        letters += plain[at];
        continue;
      }
      if (plain[at] == 'w') letters += 'w';
      letters += names[static_cast<std::size_t>(plain[++at] - '0')];
    }
    if (has_constant(insn)) {
      const bool wide = letters.ends_with(" ll");
      if (wide) letters.resize(letters.size() - 3);
      letters = letters.substr(0, letters.rfind(' ') + 1) + constants[next++] + (wide ? " ll" : "");
    }
    text += (text.empty() ? "" : "; ") + letters;
  }
  return text;
}

/// Rewrites of one shape: equal but for constants.
struct Group {
  std::vector<const Found*> found;
  std::vector<Constants> constants;  // like found
};

std::string shape_of(const Found& found) {
  const std::vector<std::string> none(2 * max_slice, "i");
  const Letters letters = letters_of(found.problem);
  return fmt::format("{} -> {} in {}", text_of(found.problem.insns, none, letters),
                     text_of(found.rewrite, none, letters),
                     letters[static_cast<std::size_t>(found.problem.output)]);
}

/// Registers that neither side leaves as they were, or that differ: nobody may read them.
std::vector<std::string> dead_letters(const Found& found) {
  std::vector<std::string> result;
  std::uint32_t written = 0;
  for (const Insns* insns : {&found.problem.insns, &found.rewrite}) {
    for (const bpf::Insn& insn : *insns) {
      if (const auto reg = bpf::written_register(insn))
        written |= 1u << static_cast<unsigned>(*reg);
    }
  }
  written &= ~(1u << static_cast<unsigned>(found.problem.output));
  const Letters letters = letters_of(found.problem);
  for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
    if ((written >> reg & 1) != 0) result.push_back(fmt::format("dead({})", letters[reg]));
  }
  std::ranges::sort(result);
  return result;
}

/// Ranges of inputs that hold of all rewrites of the group.
std::vector<std::string> range_conditions(const Group& group) {
  std::map<char, unsigned> bits;
  for (const Found* found : group.found) {
    const Letters letters = letters_of(found->problem);
    for (std::size_t i = 0; i < found->problem.inputs.size(); ++i) {
      unsigned& widest = bits[letters[i]];
      widest = std::max(widest, static_cast<unsigned>(found->problem.inputs[i]));
    }
  }
  std::vector<std::string> result;
  for (const auto& [letter, width] : bits) {
    if (width < 64) result.push_back(fmt::format("{} < {:#x}", letter, std::uint64_t{1} << width));
  }
  return result;
}

/// Which letter stands for each constant of the pattern: one for all that are always equal.
std::string constant_letters(const Group& group) {
  std::string letters;
  char next = 'i';
  const std::size_t count = group.constants.front().pattern.size();
  for (std::size_t at = 0; at < count; ++at) {
    std::optional<std::size_t> same;
    for (std::size_t before = 0; before < at && !same; ++before) {
      const bool equal = std::ranges::all_of(group.constants, [&](const Constants& constants) {
        return constants.pattern[before] == constants.pattern[at];
      });
      if (equal) same = before;
    }
    letters += same ? letters[*same] : next++;
  }
  return letters;
}

std::string distinct(const std::string& letters) {
  std::string result;
  for (const char letter : letters) {
    if (result.find(letter) == std::string::npos) result += letter;
  }
  return result;
}

/// What a constant of the replacement may be, by the pattern's letters; simplest first.
std::vector<std::string> candidates(const std::string& letters) {
  std::vector<std::string> texts;
  const auto one = [&](const char* form) {
    for (const char a : letters) texts.push_back(fmt::format(fmt::runtime(form), fmt::arg("a", a)));
  };
  const auto two = [&](const char* form) {
    for (const char a : letters) {
      for (const char b : letters) {
        if (a == b) continue;
        texts.push_back(fmt::format(fmt::runtime(form), fmt::arg("a", a), fmt::arg("b", b)));
      }
    }
  };
  one("{a}");
  for (const char* form : {"-{a}", "~{a}", "{a} + 1", "{a} - 1", "{a} + {a}"}) one(form);
  for (const char* form : {"{a} + {b}", "{a} - {b}", "{a} & {b}", "{a} | {b}", "{a} ^ {b}",
                           "{a} * {b}", "{a} << {b}", "{a} >> {b}", "{a} & ~{b}"})
    two(form);
  for (const char* form :
       {"1 << {a}", "(1 << {a}) - 1", "-1 << {a}", "64 - {a}", "32 - {a}", "(1 << 64 - {a}) - 1",
        "(1 << 32 - {a}) - 1", "low({a}, 32)", "low({a}, 16)", "low({a}, 8)"})
    one(form);
  return texts;
}

/// Is the constant this expression in every rewrite of the group?
bool explains(const std::string& text, const Group& group, const std::string& letters,
              std::size_t index, unsigned bits) {
  const auto expression = parse_expression(text);
  if (!expression) return false;
  return std::ranges::all_of(group.constants, [&](const Constants& constants) {
    const auto value_of = [&](char letter) {
      return Bv<Concrete, 64>::lit(constants.pattern[letters.find(letter)]);
    };
    const std::uint64_t value = evaluate<Concrete>(*expression, value_of).raw();
    const std::uint64_t differs = value ^ constants.replacement[index];
    return (bits == 64 ? differs : differs & 0xffff'ffff) == 0;
  });
}

/// Shift counts of the pattern that are letters, with their insns' widths.
std::vector<std::pair<char, unsigned>> shift_letters(const Insns& insns,
                                                     const std::string& letters) {
  std::vector<std::pair<char, unsigned>> result;
  std::size_t next = 0;
  for (const bpf::Insn& insn : insns) {
    if (!has_constant(insn)) continue;
    const char letter = letters[next++];
    const bpf::Row& row = bpf::row(insn.form);
    if (row.meaning != Meaning::alu) continue;
    const auto op = static_cast<bpf::AluOp>(row.operation);
    const bool shifts = op == bpf::AluOp::lsh || op == bpf::AluOp::rsh || op == bpf::AluOp::arsh;
    const bool known =
        std::ranges::any_of(result, [&](const auto& one) { return one.first == letter; });
    if (shifts && !known) result.emplace_back(letter, row.width);
  }
  return result;
}

std::string joined(std::span<const std::string> conditions) {
  return fmt::format("{}", fmt::join(conditions, ", "));
}

/// All guesses of one group, most general first.
class Guesses {
 public:
  explicit Guesses(const Group& group)
      : group_(group), first_(*group.found.front()), letters_(constant_letters(group)) {}

  std::vector<LearntRow> all() {
    if (!letters_.empty()) add_general();
    // As found: only one rewrite is of that form.
    if (group_.found.size() == 1) add_literal();
    return std::move(rows_);
  }

 private:
  static constexpr std::size_t most_choices = 12;

  void add_general() {
    const std::vector<std::string> pattern = texts_of_letters();
    for (const std::vector<std::string>& replacement : choices()) {
      std::vector<std::string> conditions = dead_letters(first_);
      add(pattern, replacement, conditions);
      const auto shifts = shift_letters(first_.problem.insns, letters_);
      if (shifts.size() == 1 && distinct(letters_).size() == 1) {
        auto each = conditions;
        each.push_back(fmt::format("each({}, 1, {})", shifts[0].first, shifts[0].second - 1));
        add(pattern, replacement, each);
      }
      if (shifts.size() == 2) {
        auto sum = conditions;
        sum.push_back(fmt::format("{} < {}", shifts[0].first, shifts[0].second));
        sum.push_back(
            fmt::format("{} < {} - {}", shifts[1].first, shifts[0].second, shifts[0].first));
        add(pattern, replacement, sum);
      }
      const std::vector<std::string> ranges = range_conditions(group_);
      if (ranges.empty()) continue;
      conditions.insert(conditions.end(), ranges.begin(), ranges.end());
      add(pattern, replacement, conditions);
    }
  }

  void add_literal() {
    const auto texts = [](const std::vector<std::uint64_t>& constants) {
      std::vector<std::string> result;
      for (const std::uint64_t value : constants) {
        const auto number = static_cast<std::int64_t>(value);
        result.push_back(number < 0 ? fmt::format("-{:#x}", 0 - value)
                                    : fmt::format("{:#x}", value));
      }
      return result;
    };
    const std::vector<std::string> pattern = texts(group_.constants[0].pattern);
    const std::vector<std::string> replacement = texts(group_.constants[0].replacement);
    std::vector<std::string> conditions = dead_letters(first_);
    add(pattern, replacement, conditions);
    const std::vector<std::string> ranges = range_conditions(group_);
    if (ranges.empty()) return;
    conditions.insert(conditions.end(), ranges.begin(), ranges.end());
    add(pattern, replacement, conditions);
  }

  std::vector<std::string> texts_of_letters() const {
    std::vector<std::string> texts;
    for (const char letter : letters_) texts.emplace_back(1, letter);
    return texts;
  }

  /// A text for each constant of the replacement: what explains the found ones, or their value when
  /// it never varies.
  std::vector<std::vector<std::string>> choices() const {
    std::vector<std::vector<std::string>> result{{}};
    std::size_t index = 0;
    for (const bpf::Insn& insn : first_.rewrite) {
      if (!has_constant(insn)) continue;
      std::vector<std::vector<std::string>> next;
      for (const std::string& text : explanations(insn, index)) {
        for (std::vector<std::string> before : result) {
          before.push_back(text);
          if (next.size() < most_choices) next.push_back(std::move(before));
        }
      }
      result = std::move(next);
      ++index;
    }
    return result;
  }

  std::vector<std::string> explanations(const bpf::Insn& insn, std::size_t index) const {
    std::vector<std::string> texts;
    for (const std::string& text : candidates(distinct(letters_))) {
      if (explains(text, group_, letters_, index, bpf::row(insn.form).width)) texts.push_back(text);
    }
    const bool varies = std::ranges::any_of(group_.constants, [&](const Constants& constants) {
      return constants.replacement[index] != group_.constants[0].replacement[index];
    });
    const auto value = static_cast<std::int64_t>(group_.constants[0].replacement[index]);
    if (!varies) texts.push_back(std::to_string(value));
    return texts;
  }

  void add(std::span<const std::string> pattern, std::span<const std::string> replacement,
           std::span<const std::string> conditions) {
    const Letters letters = letters_of(first_.problem);
    rows_.push_back({"", text_of(first_.problem.insns, pattern, letters), joined(conditions),
                     text_of(first_.rewrite, replacement, letters)});
  }

  const Group& group_;
  const Found& first_;
  std::string letters_;
  std::vector<LearntRow> rows_;
};

std::map<std::string, Group> groups_of(std::span<const Found> found) {
  std::map<std::string, Group> groups;
  for (const Found& one : found) {
    Group& group = groups[shape_of(one)];
    group.found.push_back(&one);
    group.constants.push_back({constants_of(one.problem.insns), constants_of(one.rewrite)});
  }
  return groups;
}

/// The first guess that is proved.
std::optional<Learnt> learn(const Group& group, const proof::Options& options,
                            const std::function<bool()>& is_over) {
  Learnt learnt;
  learnt.rewrites = group.found.size();
  for (const Found* found : group.found) learnt.places += found->places;
  for (LearntRow& row : Guesses(group).all()) {
    if (is_over()) return std::nullopt;
    const std::string text = row.pattern + row.conditions + row.replacement;
    row.name = fmt::format("learnt_{:08x}", proof::hash_bytes(text).low & 0xffff'ffff);
    if (prove_row(row, options)) {
      learnt.row = std::move(row);
      return learnt;
    }
    ++learnt.tried;
  }
  return std::nullopt;
}

}  // namespace

namespace {

/// Two groups may come to the same rule.
void add(Lesson& lesson, Learnt learnt) {
  const auto same = std::ranges::find(lesson.rules, learnt.row, &Learnt::row);
  if (same == lesson.rules.end()) {
    lesson.rules.push_back(std::move(learnt));
    return;
  }
  same->rewrites += learnt.rewrites;
  same->places += learnt.places;
}

}  // namespace

Lesson generalise(std::span<const Found> found, const proof::Options& options,
                  const std::function<bool()>& is_over) {
  Lesson lesson;
  for (const auto& [shape, group] : groups_of(found)) {
    if (auto learnt = learn(group, options, is_over)) {
      add(lesson, *std::move(learnt));
      continue;
    }
    // No rule for all of them: one for each, with its constants.
    for (std::size_t i = 0; i < group.found.size(); ++i) {
      const Group alone{{group.found[i]}, {group.constants[i]}};
      auto learnt = group.found.size() == 1 ? std::nullopt : learn(alone, options, is_over);
      if (learnt)
        add(lesson, *std::move(learnt));
      else
        lesson.not_general.push_back(group.found[i]->problem.key());
    }
  }
  return lesson;
}

}  // namespace probity::opt::search
