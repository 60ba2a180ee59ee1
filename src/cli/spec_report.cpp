// SPDX-License-Identifier: Apache-2.0
// See spec_report.hpp. Of the copies of a line the worst verdict counts.
#include "cli/spec_report.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "symex/spec_text.hpp"

namespace probity::cli {
namespace {

using report::Json;
using symex::SpecStatement;
using Status = SpecStatement::Status;

/// The higher, the more a reader must know.
unsigned weight(Status status) {
  switch (status) {
    case Status::vacuous: return 0;  // another copy may be reached
    case Status::by_compiler: return 1;
    case Status::assumed: return 2;
    case Status::proved: return 3;
    case Status::unknown: return 4;
    case Status::refuted: return 5;
  }
  return 0;
}

struct Line {
  SpecStatement first;
  std::string place;
  std::string file;
  std::uint32_t line = 0;
  std::uint64_t copies = 0;
};

std::string verdict(const SpecStatement& one) {
  const auto paths = [](std::uint64_t count) {
    return fmt::format("{} path{}", count, count == 1 ? "" : "s");
  };
  switch (one.status) {
    case Status::proved:
      if (one.checked == 0) return "proved: no path leads there";
      return "proved on " + paths(one.checked);
    case Status::refuted: return "refuted";
    case Status::unknown: return "unknown";
    case Status::assumed: return "assumed on " + paths(one.reached);
    case Status::by_compiler: return "true for the compiler already: discharged";
    case Status::vacuous:
      if (one.reached == 0) return "VACUOUS: no path reaches it";
      return fmt::format("VACUOUS: its condition holds on none of {}", paths(one.reached));
  }
  return "?";
}

std::vector<Line> lines_of(const object::Image& image, const symex::Exploration& exploration) {
  std::vector<Line> lines;
  for (const SpecStatement& one : exploration.statements) {
    if (one.stage != 0) continue;
    const program::LineInfo* info = symex::line_of(image.view(), one.slot);
    Line line{one, fmt::format("slot {}", one.slot), "", 0, 1};
    if (info != nullptr) {
      line.file = info->file;
      line.line = info->line;
      const std::size_t slash = line.file.rfind('/');
      line.place =
          fmt::format("{}:{}", slash == std::string::npos ? line.file : line.file.substr(slash + 1),
                      info->line);
    }
    const auto same = std::ranges::find_if(lines, [&](const Line& other) {
      return info != nullptr && other.place == line.place && other.file == line.file &&
             other.first.text == one.text && other.first.call == one.call;
    });
    if (same == lines.end()) {
      lines.push_back(std::move(line));
      continue;
    }
    ++same->copies;
    same->first.reached += one.reached;
    same->first.checked += one.checked;
    if (weight(one.status) > weight(same->first.status)) same->first.status = one.status;
  }
  std::ranges::sort(lines, [](const Line& a, const Line& b) {
    return std::tuple(a.file, a.line, a.first.slot) < std::tuple(b.file, b.line, b.first.slot);
  });
  return lines;
}

}  // namespace

void report_statements(report::Document& document, const object::Image& image,
                       const symex::Exploration& exploration) {
  std::vector<std::vector<std::string>> rows;
  Json list = Json::array();
  std::size_t vacuous = 0;
  for (const Line& line : lines_of(image, exploration)) {
    if (line.first.status == Status::vacuous) ++vacuous;
    rows.push_back({line.place, line.first.text, verdict(line.first)});
    list.push(Json::object({{"place", line.place},
                            {"text", line.first.text},
                            {"macro", program::name(line.first.call)},
                            {"status", symex::name(line.first.status)},
                            {"reached_paths", line.first.reached},
                            {"checked_paths", line.first.checked},
                            {"copies", line.copies}}));
  }
  if (!rows.empty()) document.table({"specification", "", "verdict"}, rows);
  if (vacuous > 0) {
    document.note(report::Tone::warning, fmt::format("{} of {} statements demand nothing (VACUOUS)",
                                                     vacuous, rows.size()));
  }
  document.details()["specs"] = std::move(list);
}

}  // namespace probity::cli
