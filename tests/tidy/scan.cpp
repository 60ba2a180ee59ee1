// SPDX-License-Identifier: Apache-2.0
// Two passes: Blanker erases what may hold unmatched braces; FunctionFinder walks the rest with a
// stack of open braces. At namespace or class level the head (all text since the last ';', '{' or
// '}') decides.
#include "scan.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <regex>
#include <string_view>

namespace probity::tidy {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class Blanker {
 public:
  std::string blank(const std::string& line) {
    std::string out = line;
    if (!in_comment_ && raw_end_.empty() && begins_directive(line)) {
      directive_goes_on_ = line.ends_with('\\');
      return std::string(line.size(), ' ');
    }
    for (std::size_t i = 0; i < line.size();) i = step(line, out, i);
    return out;
  }

 private:
  bool begins_directive(const std::string& line) const {
    const std::size_t first = line.find_first_not_of(" \t");
    return directive_goes_on_ || (first != std::string::npos && line[first] == '#');
  }

  std::size_t step(const std::string& line, std::string& out, std::size_t i) {
    const std::string_view rest = std::string_view(line).substr(i);
    if (in_comment_) return skip_to(line, out, i, "*/", in_comment_);
    if (!raw_end_.empty()) return skip_raw(line, out, i);
    if (rest.starts_with("//")) return erase(out, i, line.size());
    if (rest.starts_with("/*")) {
      in_comment_ = true;
      return erase(out, i, i + 2);
    }
    if (rest.starts_with("R\"") && (i == 0 || !is_word(line[i - 1]))) {
      const std::size_t open = line.find('(', i);
      if (open == std::string::npos) return erase(out, i, line.size());
      raw_end_ = ")" + line.substr(i + 2, open - i - 2) + "\"";
      return erase(out, i, open + 1);
    }
    if (line[i] == '"') return skip_quoted(line, out, i);
    const bool separator = i != 0 && is_word(line[i - 1]);  // 1'000
    if (line[i] == '\'' && !separator) return skip_quoted(line, out, i);
    return i + 1;
  }

  std::size_t skip_raw(const std::string& line, std::string& out, std::size_t i) {
    bool open = true;
    const std::size_t end = skip_to(line, out, i, raw_end_, open);
    if (!open) raw_end_.clear();
    return end;
  }

  static std::size_t skip_to(const std::string& line, std::string& out, std::size_t i,
                             std::string_view end, bool& open) {
    const std::size_t found = line.find(end, i);
    if (found == std::string::npos) return erase(out, i, line.size());
    open = false;
    return erase(out, i, found + end.size());
  }

  static std::size_t skip_quoted(const std::string& line, std::string& out, std::size_t i) {
    std::size_t end = i + 1;
    while (end < line.size() && line[end] != line[i]) end += line[end] == '\\' ? 2 : 1;
    return erase(out, i, std::min(end + 1, line.size()));
  }

  static std::size_t erase(std::string& out, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) out[i] = ' ';
    return to;
  }

  bool in_comment_ = false;
  bool directive_goes_on_ = false;
  std::string raw_end_;
};

enum class Brace : std::uint8_t { scope, function, other };

std::string without_template_head(std::string head) {
  static const std::regex lead(R"(^\s*template\s*<)");
  std::smatch match;
  while (std::regex_search(head, match, lead)) {
    std::size_t i = static_cast<std::size_t>(match.length());
    for (int depth = 1; i < head.size() && depth != 0; ++i) {
      depth += head[i] == '<' ? 1 : head[i] == '>' && head[i - 1] != '-' ? -1 : 0;
    }
    head.erase(0, i);
  }
  return head;
}

/// What a brace opens at namespace or class level, from the text before it.
Brace classify(const std::string& full_head) {
  static const std::regex scope(
      R"(^\s*(inline\s+|typedef\s+|\[\[.*?\]\]\s*)*(namespace|class|struct|union|enum)\b)");
  static const std::regex linkage(R"(^\s*extern\s*$)");
  static const std::regex concept_(R"(\bconcept\b)");
  const std::string head = without_template_head(full_head);
  const std::size_t last = head.find_last_not_of(" \t");
  if (last == std::string::npos) return Brace::other;
  if (std::regex_search(head, linkage)) return Brace::scope;
  // `a_{1}` in a constructor's list, `array{` in a value: no space before the brace.
  if (last + 1 == head.size() || head[last] == '=' || head[last] == ',') return Brace::other;
  if (std::regex_search(head, concept_)) return Brace::other;
  const bool parenthesised = head.find('(') != std::string::npos;
  if (std::regex_search(head, scope) && !parenthesised) return Brace::scope;
  if (std::regex_search(head, scope) && head.find("alignas(") != std::string::npos) {
    return Brace::scope;
  }
  return parenthesised ? Brace::function : Brace::other;
}

class FunctionFinder {
 public:
  void read(const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (const char c : lines[i]) take(c, i + 1);
      if (!head_.empty() && !head_.ends_with(' ')) head_ += ' ';
    }
  }
  std::vector<Function> functions;

 private:
  void take(char c, std::size_t line) {
    if (inside_ != 0) {
      inside_ += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (inside_ == 0) close(line);
      return;
    }
    if (c == '(') ++parentheses_;
    if (c == ')') --parentheses_;
    if (c == '{') return open(line);
    if (c == ':' && (head_ == "public" || head_ == "private" || head_ == "protected")) {
      return restart();
    }
    if (parentheses_ == 0 && (c == ';' || c == '}')) return restart();
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && (head_.empty() || head_.ends_with(' '))) return;
    if (head_.empty()) head_line_ = line;
    head_ += c;
  }

  void open(std::size_t line) {
    if (head_.empty()) head_line_ = line;
    const Brace brace = parentheses_ != 0 ? Brace::other : classify(head_);
    if (brace == Brace::scope) return restart();
    inside_ = 1;
    in_function_ = brace == Brace::function;
  }

  void close(std::size_t line) {
    if (!in_function_) {  // an initialiser: the head goes on
      head_ += "{}";
      return;
    }
    functions.push_back({head_, head_line_, line});
    restart();
  }

  void restart() {
    head_.clear();
    parentheses_ = 0;
  }

  std::string head_;
  std::size_t head_line_ = 0;
  int parentheses_ = 0;
  int inside_ = 0;
  bool in_function_ = false;
};

}  // namespace

std::vector<std::string> blanked(const std::vector<std::string>& lines) {
  Blanker blanker;
  std::vector<std::string> out;
  out.reserve(lines.size());
  for (const std::string& line : lines) out.push_back(blanker.blank(line));
  return out;
}

std::vector<Function> find_functions(const std::vector<std::string>& lines) {
  FunctionFinder finder;
  finder.read(blanked(lines));
  return finder.functions;
}

}  // namespace probity::tidy
