// SPDX-License-Identifier: Apache-2.0
// See rule.hpp. An insn's text is given to the kernel-text parser with r0, r1, … for the letters
// and 1 for each expression, whose place says which field it is: in parentheses behind a register
// the offset, elsewhere the immediate.
#include "opt/rule.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/check.hpp"
#include "isa/bpf/codec_index.hpp"
#include "isa/bpf/flow.hpp"
#include "isa/bpf/text_kernel.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_word(char c) {
  return is_capital(c) || is_small(c) || c == '_' || (c >= '0' && c <= '9');
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// The parts between separators that are in no parentheses; none of an empty text.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  if (trimmed(text).empty()) return parts;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : separator;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c != separator || (depth > 0 && at < text.size())) continue;
    parts.push_back(trimmed(text.substr(start, at - start)));
    start = at + 1;
  }
  return parts;
}

/// A register operand: A, wA.
bool is_register(std::string_view text) {
  if (text.starts_with('w')) text.remove_prefix(1);
  return text.size() == 1 && is_capital(text[0]);
}

class InsnParser {
 public:
  InsnParser(Rule& rule, std::string_view text) : rule_(rule), text_(text) {}

  Expected<InsnTemplate> insn() {
    TRY(const std::string plain, without_holes());
    auto parsed = bpf::parse_kernel_insn(plain, bpf::no_helper_names);
    if (!parsed) {
      return error(Fault::bad_input, fmt::format("insn '{}', read as '{}': {}", text_, plain,
                                                 parsed.error().message.view()));
    }
    insn_.shape = parsed->insn;
    const bpf::codec_index::Fields fields =
        bpf::codec_index::fields(bpf::row(insn_.shape.form).operands);
    const bool memory = insn_.off.has_value();
    if (insn_.imm && !fields.imm) return wrong("an immediate has no place");
    if (memory && !fields.off) return wrong("an offset has no place");
    insn_.shape.off = 0;
    insn_.shape.imm = 0;
    insn_.shape.next_imm = 0;
    return std::move(insn_);
  }

 private:
  std::unexpected<Diagnostic> wrong(std::string_view why) const {
    return error(Fault::bad_input, fmt::format("insn '{}': {}", text_, why));
  }

  Expected<std::string> without_holes() {
    std::string_view rest = text_;
    std::string result;
    if (const std::size_t jump = rest.rfind("goto "); jump != std::string_view::npos) {
      const std::string_view label = rest.substr(jump + 5);
      if (label.size() != 1 || !is_capital(label[0])) return wrong("a label is one capital letter");
      insn_.label = label[0];
      rest = trimmed(rest.substr(0, jump));
    }
    if (!rest.empty()) {
      TRY(const std::string operands, statement(rest));
      result += operands;
    }
    if (insn_.label != 0) result += result.empty() ? "goto +1" : " goto +1";
    return result;
  }

  /// `if A > i`, `A += i`, `*(u8 *)(P + o) = i`, …: the last operand may be an expression.
  Expected<std::string> statement(std::string_view text) {
    const bool branch = text.starts_with("if ");
    const std::size_t sign = sign_of(text, branch ? text.find(' ', 3) : 0);
    if (sign == std::string_view::npos) return wrong("no operator between blanks");
    const std::size_t behind = text.find(' ', sign + 1);
    if (behind == std::string_view::npos) return wrong("no second operand");
    TRY(const std::string left, operand(text.substr(0, sign)));
    TRY(const std::string right, right_side(trimmed(text.substr(behind))));
    return fmt::format("{} {} {}", left, trimmed(text.substr(sign, behind - sign)), right);
  }

  /// The blank before the operator: of an assignment the first word that ends in '='.
  static std::size_t sign_of(std::string_view text, std::size_t from) {
    if (from != 0) return from;
    for (std::size_t at = text.find(' '); at != std::string_view::npos;
         at = text.find(' ', at + 1)) {
      const std::size_t end = std::min(text.find(' ', at + 1), text.size());
      if (text[end - 1] == '=') return at;
    }
    return std::string_view::npos;
  }

  Expected<std::string> right_side(std::string_view text) {
    const bool swap = text.starts_with("be") || text.starts_with("le") || text.starts_with("bswap");
    const bool opaque = is_register(text) || text.starts_with("*(") || text.starts_with("(s") ||
                        (swap && text.find('(') == std::string_view::npos) ||
                        (text.starts_with("-") && is_register(text.substr(1)));
    if (opaque) return operand(text);
    const bool wide = text.ends_with(" ll");
    if (wide) text.remove_suffix(3);
    TRY(insn_.imm, expression(text));
    return std::string(wide ? "1 ll" : "1");
  }

  /// Letters as registers; `(P + o)` with the offset taken out.
  Expected<std::string> operand(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char before = at > 0 ? text[at - 1] : ' ';
      const bool alone = !is_word(before) || (before == 'w' && (at < 2 || !is_word(text[at - 2])));
      const bool ends = at + 1 == text.size() || !is_word(text[at + 1]);
      if (!is_capital(text[at]) || !alone || !ends) {
        result += text[at];
        continue;
      }
      if (before != 'w') result += 'r';
      result += std::to_string(number_of(text[at]));
      if (before != '(' || !text.substr(at + 1).starts_with(" + ")) continue;
      const std::size_t end = text.rfind(')');
      TRY(insn_.off, expression(text.substr(at + 4, end - at - 4)));
      result += " + 1";
      at = end - 1;
    }
    return result;
  }

  Expected<Expression> expression(std::string_view text) {
    TRY(Expression result, parse_expression(text));
    for (const char name : variables_of(result)) {
      if (is_capital(name)) return wrong("a register is no field");
      if (rule_.numbers.find(name) == std::string::npos) rule_.numbers += name;
    }
    return result;
  }

  std::size_t number_of(char letter) {
    if (rule_.registers.find(letter) == std::string::npos) rule_.registers += letter;
    return rule_.registers.find(letter);
  }

  Rule& rule_;
  std::string_view text_;
  InsnTemplate insn_;
};

Expected<std::vector<InsnTemplate>> parse_insns(Rule& rule, std::string_view text) {
  std::vector<InsnTemplate> result;
  for (const std::string_view insn : split(text, ';')) {
    TRY(InsnTemplate parsed, InsnParser(rule, insn).insn());
    if (!result.empty() && result.back().label != 0) {
      return error(Fault::bad_input, fmt::format("'{}': only the last insn may jump", text));
    }
    result.push_back(std::move(parsed));
  }
  return result;
}

struct NamedKind {
  std::string_view name;
  Condition::Kind kind;
};
constexpr std::array named_kinds = {
    NamedKind{"dead", Condition::Kind::dead},
    NamedKind{"last", Condition::Kind::last},
    NamedKind{"number", Condition::Kind::number},
    NamedKind{"map_value", Condition::Kind::map_value},
    NamedKind{"aligned", Condition::Kind::aligned},
    NamedKind{"each", Condition::Kind::each},
    NamedKind{"kernel", Condition::Kind::kernel},
};

Expected<std::int64_t> literal(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return error(Fault::bad_input, fmt::format("'{}' is no number", text));
  }
  return value;
}

/// `dead(A)`, `each(k, 0, 63)`, `aligned(P + o, 8)`
Expected<Condition> parse_named(Condition condition, std::string_view arguments) {
  if (condition.kind == Condition::Kind::kernel) {
    TRY(condition.expression, parse_expression(arguments));
    return condition;
  }
  const std::vector<std::string_view> parts = split(arguments, ',');
  if (condition.kind == Condition::Kind::each) {
    if (parts.size() != 3) return error(Fault::bad_input, "each(k, low, high)");
    TRY(condition.expression, parse_expression(parts[0]));
    if (condition.expression.op != Expression::Op::variable || is_capital(parts[0][0]))
      return error(Fault::bad_input, fmt::format("each: '{}' is no small letter", parts[0]));
    TRY(condition.low, literal(parts[1]));
    TRY(condition.high, literal(parts[2]));
    return condition;
  }
  if (parts.empty() || parts[0].empty() || !is_capital(parts[0][0])) {
    return error(Fault::bad_input, fmt::format("'{}': no register", condition.text));
  }
  condition.letter = parts[0][0];
  if (condition.kind == Condition::Kind::aligned) {
    if (parts.size() != 2 || !parts[0].substr(1).starts_with(" + ")) {
      return error(Fault::bad_input, "aligned(P + o, bytes)");
    }
    TRY(condition.expression, parse_expression(parts[0].substr(4)));
    TRY(condition.low, literal(parts[1]));
  }
  return condition;
}

Expected<Condition> parse_condition(std::string_view text) {
  Condition condition;
  condition.text = text;
  if (text == "in(-Osize)" || text == "in(-Ospeed)") {
    condition.kind = text == "in(-Osize)" ? Condition::Kind::for_size : Condition::Kind::for_speed;
    return condition;
  }
  for (const NamedKind& named : named_kinds) {
    const bool same =
        text.starts_with(named.name) && text.substr(named.name.size()).starts_with("(");
    if (!same) continue;
    condition.kind = named.kind;
    return parse_named(std::move(condition),
                       text.substr(named.name.size() + 1, text.size() - named.name.size() - 2));
  }
  if (const std::size_t is = text.find(" is "); is == 1 && is_capital(text[0])) {
    condition.kind = Condition::Kind::constant;
    condition.letter = text[0];
    TRY(condition.expression, parse_expression(text.substr(5)));
    return condition;
  }
  TRY(condition.expression, parse_expression(text));
  return condition;
}

/// Letters of conditions must be known: a register from the pattern, a number from there or here.
Expected<void> check_letters(const Rule& rule) {
  std::string known = rule.registers + rule.numbers;
  for (const Condition& condition : rule.conditions) {
    const bool binds =
        condition.kind == Condition::Kind::each || condition.kind == Condition::Kind::constant;
    if (binds && condition.expression.op == Expression::Op::variable) {
      known += condition.expression.name;
    }
  }
  for (const Condition& condition : rule.conditions) {
    std::string used = variables_of(condition.expression);
    if (condition.letter != 0) used += condition.letter;
    for (const char letter : used) {
      if (known.find(letter) != std::string::npos) continue;
      return error(Fault::bad_input, fmt::format("condition '{}': '{}' is not in the pattern",
                                                 condition.text, letter));
    }
  }
  return {};
}

Expected<Rule> parse_rule(std::string_view name, std::string_view pattern,
                          std::string_view conditions, std::string_view replacement) {
  Rule rule;
  rule.name = name;
  TRY(rule.pattern, parse_insns(rule, pattern));
  const std::size_t registers = rule.registers.size();
  const std::string numbers = rule.numbers;
  TRY(rule.replacement, parse_insns(rule, replacement));
  if (rule.registers.size() != registers) {
    return error(Fault::bad_input, "the replacement has a register that the pattern has not");
  }
  for (const std::string_view text : split(conditions, ',')) {
    TRY(Condition condition, parse_condition(text));
    const bool binds =
        condition.kind == Condition::Kind::each || condition.kind == Condition::Kind::constant;
    if (binds && condition.expression.op == Expression::Op::variable &&
        rule.numbers.find(condition.expression.name) == std::string::npos) {
      rule.numbers += condition.expression.name;
    }
    rule.conditions.push_back(std::move(condition));
  }
  if (rule.pattern.empty()) return error(Fault::bad_input, "no pattern");
  TRY(check_letters(rule));
  return rule;
}

/// One parameter group: names, and alternatives with a text for each name.
struct Parameters {
  std::vector<std::string_view> names;
  std::vector<std::vector<std::string_view>> alternatives;
};

Expected<std::vector<Parameters>> parse_parameters(std::string_view text) {
  std::vector<Parameters> groups;
  for (const std::string_view group : split(text, ';')) {
    const std::size_t colon = group.find(": ");
    if (colon == std::string_view::npos) return error(Fault::bad_input, "parameters: no ': '");
    Parameters parameters;
    parameters.names = split(group.substr(0, colon), ',');
    for (const std::string_view word : split(group.substr(colon + 2), ' ')) {
      if (word.empty()) continue;
      std::vector<std::string_view> texts = split(word, ',');
      if (texts.size() != parameters.names.size()) {
        return error(Fault::bad_input, fmt::format("parameters: '{}' in '{}'", word, group));
      }
      for (std::string_view& one : texts) {
        if (one == "_") one = "";
      }
      parameters.alternatives.push_back(std::move(texts));
    }
    groups.push_back(std::move(parameters));
  }
  return groups;
}

std::string substituted(std::string text, std::string_view name, std::string_view value) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
    text.replace(at, name.size(), value);
    at += value.size();
  }
  return text;
}

struct RowTexts {
  std::string name, pattern, conditions, replacement;
};

/// Each combination of the alternatives, put into the texts.
std::vector<RowTexts> instances(const RuleRow& row, std::span<const Parameters> groups) {
  std::vector<RowTexts> result{{std::string(row.name), std::string(row.pattern),
                                std::string(row.conditions), std::string(row.replacement)}};
  for (const Parameters& group : groups) {
    std::vector<RowTexts> next;
    for (const RowTexts& texts : result) {
      for (const std::vector<std::string_view>& values : group.alternatives) {
        RowTexts one = texts;
        one.name += fmt::format("[{}]", values[0]);
        for (std::size_t i = 0; i < values.size(); ++i) {
          one.pattern = substituted(one.pattern, group.names[i], values[i]);
          one.conditions = substituted(one.conditions, group.names[i], values[i]);
          one.replacement = substituted(one.replacement, group.names[i], values[i]);
        }
        next.push_back(std::move(one));
      }
    }
    result = std::move(next);
  }
  return result;
}

LetterSet bit(bpf::Reg letter) {
  return static_cast<LetterSet>(1u << static_cast<unsigned>(letter));
}

}  // namespace

LetterSet letters_written(const InsnTemplate& insn) {
  const std::optional<bpf::Reg> written = bpf::written_register(insn.shape);
  return written ? bit(*written) : LetterSet{0};
}

LetterSet letters_read(const InsnTemplate& insn) {
  const bpf::Row& row = bpf::row(insn.shape.form);
  const bpf::codec_index::Fields fields = bpf::codec_index::fields(row.operands);
  const bool overwrites =
      row.meaning == Meaning::load || row.meaning == Meaning::movsx ||
      row.meaning == Meaning::load_imm64 ||
      (row.meaning == Meaning::alu && static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov);
  LetterSet result = 0;
  if (fields.dst && !overwrites) result |= bit(insn.shape.dst);
  if (fields.src) result |= bit(insn.shape.src);
  return result;
}

bool is_needed_for_proof(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::holds:
    case Condition::Kind::constant:
    case Condition::Kind::each:
    case Condition::Kind::dead: return true;
    case Condition::Kind::last:
    case Condition::Kind::kernel:
    case Condition::Kind::number:
    case Condition::Kind::map_value:
    case Condition::Kind::aligned:
    case Condition::Kind::for_size:
    case Condition::Kind::for_speed: return false;
  }
  return true;
}

LetterSet Rule::written() const {
  LetterSet result = 0;
  for (const InsnTemplate& insn : pattern) result |= letters_written(insn);
  for (const InsnTemplate& insn : replacement) result |= letters_written(insn);
  return result;
}

LetterSet Rule::dead() const {
  LetterSet result = 0;
  for (const Condition& condition : conditions) {
    if (condition.kind != Condition::Kind::dead) continue;
    result |= static_cast<LetterSet>(1u << index_of(condition.letter));
  }
  return result;
}

Expected<std::vector<Rule>> parse_rules(const RuleRow& row) {
  const auto in_row = [&](const Diagnostic& diagnostic) {
    return std::unexpected(diagnostic.at(row.name));
  };
  const auto groups = parse_parameters(row.parameters);
  if (!groups) return in_row(groups.error());
  std::vector<Rule> result;
  for (const RowTexts& texts : instances(row, *groups)) {
    auto rule = parse_rule(texts.name, texts.pattern, texts.conditions, texts.replacement);
    if (!rule) return in_row(rule.error());
    result.push_back(*std::move(rule));
  }
  return result;
}

std::span<const RuleRow> rule_rows() {
  static constexpr std::array rows = {
#define RULE(name, parameters, pattern, conditions, replacement) \
  RuleRow{#name, parameters, pattern, conditions, replacement},
#include "opt/rules.def"
  };
  return rows;
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = [] {
    std::vector<Rule> result;
    for (const RuleRow& row : rule_rows()) {
      Expected<std::vector<Rule>> parsed = parse_rules(row);
      PROBITY_CHECK(parsed.has_value());  // a test reads every row
      for (Rule& rule : *parsed) result.push_back(std::move(rule));
    }
    return result;
  }();
  return all;
}

bool imm_must_fit(bpf::Form form) {
  const bpf::Row& row = bpf::row(form);
  return row.width == 64 && row.meaning != Meaning::load_imm64;
}

}  // namespace probity::opt
