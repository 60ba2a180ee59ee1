// SPDX-License-Identifier: Apache-2.0
// See known_differences.hpp.
#include "known_differences.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <array>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <tuple>

#include "base/check.hpp"
#include "report/file.hpp"

namespace probity::corpus {
namespace {

constexpr std::array parts = {DifferencePart::refused, DifferencePart::fault,
                              DifferencePart::returns, DifferencePart::packet, DifferencePart::map};
constexpr std::size_t column_count = 7;
constexpr std::size_t count_column = 4;
constexpr std::string_view any_count = "*";
/// Unexplained programs that one judgement names.
constexpr std::size_t max_complaints = 400;

std::optional<DifferencePart> part_named(std::string_view text) {
  for (const DifferencePart part : parts) {
    if (name(part) == text) return part;
  }
  return std::nullopt;
}

std::vector<std::string> columns_of(std::string_view line) {
  std::vector<std::string> columns;
  while (true) {
    const std::size_t tab = line.find('\t');
    columns.emplace_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return columns;
    line.remove_prefix(tab + 1);
  }
}

Expected<KnownDifference> parse_entry(std::string_view line, const std::string& place) {
  const std::vector<std::string> columns = columns_of(line);
  if (columns.size() != column_count) {
    return error(Fault::bad_input,
                 fmt::format("{}: {} columns, must be {}", place, columns.size(), column_count));
  }
  KnownDifference entry;
  const std::optional<DifferencePart> part = part_named(columns[3]);
  if (!part) {
    return error(Fault::bad_input,
                 fmt::format("{}: column part: '{}' is not refused, fault, returns, packet or map",
                             place, columns[3]));
  }
  if (const std::string& count = columns[count_column]; count != any_count) {
    std::size_t number = 0;
    const auto [end, problem] = std::from_chars(count.data(), count.data() + count.size(), number);
    if (problem != std::errc{} || end != count.data() + count.size()) {
      return error(Fault::bad_input,
                   fmt::format("{}: column count: '{}' is not a number or *", place, count));
    }
    entry.count = number;
  }
  for (const std::size_t required : {0, 1, 2, 5, 6}) {
    if (columns[required].empty()) {
      return error(Fault::bad_input, fmt::format("{}: column {} is empty", place, required + 1));
    }
  }
  entry.file = columns[0];
  entry.object = columns[1];
  entry.program = columns[2];
  entry.part = *part;
  entry.cause = columns[5];
  entry.why = columns[6];
  return entry;
}

bool matches(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

std::string shown(const KnownDifference& entry) {
  return fmt::format("{} {} {} ({})", entry.object, entry.program, name(entry.part), entry.cause);
}

/// One line for each program and part, with the number of rows and the first of them.
std::vector<std::string> describe(std::string_view corpus_file,
                                  std::span<const Difference* const> unexplained) {
  using Group = std::tuple<std::string_view, std::string_view, DifferencePart>;
  std::map<Group, std::pair<std::size_t, const Difference*>> groups;
  for (const Difference* each : unexplained) {
    auto& [count, first] = groups[{each->object, each->program, each->part}];
    if (count++ == 0) first = each;
  }
  std::vector<std::string> lines;
  for (const auto& [group, found] : groups) {
    const auto& [count, first] = found;
    if (lines.size() == max_complaints) {
      lines.push_back(fmt::format("and {} more programs", groups.size() - max_complaints));
      break;
    }
    lines.push_back(fmt::format(
        "{}:{}: {} {}: {} rows that no entry of the table explains ({}): {}", corpus_file,
        first->line, first->object, first->program, count, name(first->part), first->text));
  }
  return lines;
}

}  // namespace

std::string_view name(DifferencePart part) {
  switch (part) {
    case DifferencePart::refused: return "refused";
    case DifferencePart::fault: return "fault";
    case DifferencePart::returns: return "returns";
    case DifferencePart::packet: return "packet";
    case DifferencePart::map: return "map";
  }
  PROBITY_UNREACHABLE("part of a difference");
}

Expected<DifferenceTable> DifferenceTable::read(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return error(Fault::bad_input, fmt::format("{}: cannot be read", file.string()));
  DifferenceTable table;
  table.path_ = file;
  for (std::string line; std::getline(in, line);) {
    table.lines_.push_back(line);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t number = table.lines_.size();
    TRY(KnownDifference entry, parse_entry(line, fmt::format("{}:{}", file.string(), number)));
    entry.line = number;
    table.entries_.push_back(std::move(entry));
  }
  return table;
}

const KnownDifference* DifferenceTable::explain(std::string_view corpus_file,
                                                const Difference& difference) const {
  for (const KnownDifference& entry : entries_) {
    if (entry.file == corpus_file && entry.part == difference.part &&
        matches(entry.object, difference.object) && matches(entry.program, difference.program)) {
      return &entry;
    }
  }
  return nullptr;
}

std::vector<std::size_t> DifferenceTable::counts(std::string_view corpus_file,
                                                 std::span<const Difference> differences) const {
  std::vector<std::size_t> found(entries_.size());
  for (const Difference& difference : differences) {
    const KnownDifference* entry = explain(corpus_file, difference);
    if (entry != nullptr) ++found[static_cast<std::size_t>(entry - entries_.data())];
  }
  return found;
}

Judgement DifferenceTable::judge(std::string_view corpus_file,
                                 std::span<const Difference> differences, Extent extent) const {
  Judgement judgement;
  std::vector<const Difference*> unexplained;
  for (const Difference& difference : differences) {
    const KnownDifference* entry = explain(corpus_file, difference);
    ++judgement.by_cause[entry == nullptr ? "(not explained)" : entry->cause];
    if (entry == nullptr) unexplained.push_back(&difference);
  }
  judgement.complaints = describe(corpus_file, unexplained);
  const std::vector<std::size_t> found = counts(corpus_file, differences);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const KnownDifference& entry = entries_[i];
    if (extent == Extent::sample || entry.file != corpus_file) continue;
    if (!entry.count || (found[i] == *entry.count && found[i] != 0)) continue;
    judgement.complaints.push_back(
        fmt::format("{}:{}: {}: explains {} rows of {}, the table says {}{}",
                    path_.filename().string(), entry.line, shown(entry), found[i], corpus_file,
                    *entry.count, found[i] == 0 ? "; it has no place here any more" : ""));
  }
  return judgement;
}

Expected<void> DifferenceTable::rewrite_counts(std::string_view corpus_file,
                                               std::span<const Difference> differences) {
  const std::vector<std::size_t> found = counts(corpus_file, differences);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    KnownDifference& entry = entries_[i];
    if (entry.file != corpus_file || !entry.count) continue;
    entry.count = found[i];
    std::vector<std::string> columns = columns_of(lines_[entry.line - 1]);
    columns[count_column] = std::to_string(found[i]);
    lines_[entry.line - 1] = fmt::format("{}", fmt::join(columns, "\t"));
  }
  return report::write_file_atomically(path_.string(),
                                       fmt::format("{}\n", fmt::join(lines_, "\n")));
}

}  // namespace probity::corpus
