// SPDX-License-Identifier: Apache-2.0
// The document model and its two renderers. Text is laid out for a terminal of any width: only
// tables and fields are aligned, long lines are left to the terminal.
#include "report/document.hpp"

#include <algorithm>
#include <iterator>

#include "base/check.hpp"

namespace probity::report {
namespace {

constexpr std::array verdict_tallies = {Tally::proved, Tally::refuted, Tally::unknown,
                                        Tally::skipped};
constexpr std::array result_tallies = {Tally::passed, Tally::failed, Tally::skipped};

std::string_view escape(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::good: return "\x1b[32m";
    case Tone::bad: return "\x1b[31m";
    case Tone::warning: return "\x1b[33m";
  }
  PROBITY_UNREACHABLE("tone");
}
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view reset = "\x1b[0m";

/// Control characters (a hostile symbol name, say) never reach the terminal.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7f ? '?' : c;
  }
}

class TextRenderer {
 public:
  explicit TextRenderer(Color color) : color_(color) {}

  void operator()(const Heading& heading) {
    if (!out_.empty()) out_ += '\n';
    styled(bold, heading.text);
    out_ += '\n';
  }
  void operator()(const Fields& fields) {
    std::size_t width = 0;
    for (const auto& [name, value] : fields.rows) width = std::max(width, name.size());
    for (const auto& [name, value] : fields.rows) {
      out_ += "  ";
      append_clean(out_, name);
      out_.append(width - name.size() + 2, ' ');
      append_clean(out_, value);
      out_ += '\n';
    }
  }
  void operator()(const Table& table) {
    std::vector<std::size_t> widths(table.columns.size(), 0);
    measure(widths, table.columns);
    for (const std::vector<std::string>& row : table.rows) measure(widths, row);
    line(widths, table.columns, bold);
    for (const std::vector<std::string>& row : table.rows) line(widths, row, "");
  }
  void operator()(const Code& code) {
    append_clean(out_, code.text);
    if (!code.text.ends_with('\n')) out_ += '\n';
  }
  void operator()(const Note& note) {
    styled(escape(note.tone), note.text);
    out_ += '\n';
  }
  std::string take() { return std::move(out_); }

 private:
  static void measure(std::vector<std::size_t>& widths, const std::vector<std::string>& cells) {
    PROBITY_CHECK(cells.size() == widths.size());
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  void line(const std::vector<std::size_t>& widths, const std::vector<std::string>& cells,
            std::string_view style) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += "  " + cells[i];
      if (i + 1 < cells.size()) text.append(widths[i] - cells[i].size(), ' ');
    }
    styled(style, text);
    out_ += '\n';
  }
  void styled(std::string_view style, std::string_view text) {
    const bool on = color_ == Color::yes && !style.empty();
    if (on) out_ += style;
    append_clean(out_, text);
    if (on) out_ += reset;
  }

  Color color_;
  std::string out_;
};

Json head(const Document& document, int status) {
  Json json;
  json["schema"] = schema_version;
  json["command"] = document.command();
  json["status"] = status;
  Json& summary = json["summary"];
  for (const Tally tally : tallies(document.summary_kind())) {
    summary[name(tally)] = document.counted(tally);
  }
  return json;
}

std::string_view kind_name(Fault fault) {
  switch (fault) {
    case Fault::bad_input: return "bad_input";
    case Fault::unsupported: return "unsupported";
    case Fault::limit: return "limit";
    case Fault::system: return "system";
    case Fault::bug: return "bug";
  }
  PROBITY_UNREACHABLE("fault");
}

}  // namespace

std::string_view name(Tally tally) {
  switch (tally) {
    case Tally::proved: return "proved";
    case Tally::refuted: return "refuted";
    case Tally::unknown: return "unknown";
    case Tally::passed: return "passed";
    case Tally::failed: return "failed";
    case Tally::skipped: return "skipped";
  }
  PROBITY_UNREACHABLE("tally");
}

std::span<const Tally> tallies(SummaryKind kind) {
  switch (kind) {
    case SummaryKind::verdicts: return verdict_tallies;
    case SummaryKind::results: return result_tallies;
  }
  PROBITY_UNREACHABLE("summary kind");
}

Document& Document::heading(std::string text) {
  blocks_.push_back(Heading{std::move(text)});
  return *this;
}
Document& Document::fields(std::vector<std::pair<std::string, std::string>> rows) {
  blocks_.push_back(Fields{std::move(rows)});
  return *this;
}
Document& Document::table(std::vector<std::string> columns,
                          std::vector<std::vector<std::string>> rows) {
  blocks_.push_back(Table{std::move(columns), std::move(rows)});
  return *this;
}
Document& Document::code(std::string text) {
  blocks_.push_back(Code{std::move(text)});
  return *this;
}
Document& Document::note(Tone tone, std::string text) {
  blocks_.push_back(Note{tone, std::move(text)});
  return *this;
}
Document& Document::append(Document other) {
  std::ranges::move(other.blocks_, std::back_inserter(blocks_));
  for (std::size_t i = 0; i < tally_count; ++i) counts_[i] += other.counts_[i];
  if (const auto* members = other.details_.get<Json::Object>()) {
    for (const auto& [name, value] : *members) details_[name] = value;
  }
  return *this;
}

void Document::count(Tally tally, std::uint64_t number) {
  counts_[static_cast<std::size_t>(tally)] += number;
}

std::string render_text(const Document& document, Color color) {
  TextRenderer renderer(color);
  for (const Block& block : document.blocks()) std::visit(renderer, block);
  return renderer.take();
}

std::string render_json(const Document& document, int status) {
  Json json = head(document, status);
  json["details"] = document.details().is_null() ? Json::object({}) : document.details();
  return print(json) + "\n";
}

std::string render_json_error(const Document& document, int status, const Diagnostic& diagnostic) {
  Json json = head(document, status);
  json["error"] =
      Json::object({{"kind", kind_name(diagnostic.fault())}, {"message", diagnostic.line()}});
  return print(json) + "\n";
}

}  // namespace probity::report
