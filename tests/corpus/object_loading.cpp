// SPDX-License-Identifier: Apache-2.0
// No engine takes part: this is about reading, linking, relocating and validating. Bit-by-bit
// comparisons with what libbpf loads are in tests/unit/object and tests/unit/object_libbpf.
#include "object_loading.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "object/object.hpp"
#include "program/validate.hpp"

namespace probity::corpus {
namespace {

namespace fs = std::filesystem;

using TextRow = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == '\t')
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

Expected<std::vector<TextRow>> read_rows(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line))
    return error(Fault::bad_input, fmt::format("{}: cannot be read", file.string()));
  const std::vector<std::string> columns = split(line);
  std::vector<TextRow> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = split(line);
    TextRow& row = rows.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i)
      row[columns[i]] = i < cells.size() ? cells[i] : "";
  }
  return rows;
}

/// Why the linked program is not what the kernel loaded; nothing when it may be.
std::optional<std::string> find_fault(const object::Object& object, const object::Program& program,
                                      const TextRow& row) {
  const object::Image image = object::make_image(object, program);
  if (!image.unsupported.empty()) return image.unsupported;
  if (const std::string counted = std::to_string(program.slots.size());
      counted != row.at("elf_insns"))
    return fmt::format("{} slots, libbpf has {}", counted, row.at("elf_insns"));
  const program::View view = image.view();
  std::vector<std::byte> scratch(program::validate_scratch_bytes(view));
  Arena arena(scratch);
  const Expected<void> valid = program::validate(view, arena);
  if (valid) return std::nullopt;
  return std::string(valid.error().line());
}

bool needs_absent_types(const object::Program& program) {
  static const bool present = object::KernelTypes::of_running_kernel().has_value();
  if (present) return false;
  const bool settled = std::ranges::all_of(
      program.core, [](const object::CoreRelocation& item) { return item.record.settled; });
  return !settled || !program.externals.empty();
}

void count(VectorReport& report, const TextRow& row, const std::optional<std::string>& fault) {
  ++report.total;
  if (!fault) {
    ++report.passed;
    return;
  }
  ++report.reasons[*fault];
  if (report.failures.size() < max_failures_kept)
    report.failures.push_back(fmt::format("{} {}: {}", row.at("object"), row.at("prog"), *fault));
}

}  // namespace

Expected<VectorReport> run_loaded_programs(const fs::path& file, runtime::EngineKind) {
  VectorReport report;
  TRY(const std::vector<TextRow> rows, read_rows(file));
  std::string name;
  Expected<object::Object> object = error(Fault::bad_input, "no object yet");
  for (const TextRow& row : rows) {
    if (row.at("outcome") != "loaded") continue;
    if (row.at("object") != name) {
      name = row.at("object");
      object = object::read_file((file.parent_path() / "objects" / name).string());
    }
    if (!object) {
      count(report, row, std::string(object.error().line()));
      continue;
    }
    const auto program =
        std::ranges::find_if(object->programs, [&](const object::Program& candidate) {
          return candidate.name == row.at("prog") && candidate.section == row.at("section");
        });
    if (program == object->programs.end()) {
      count(report, row, "no such program");
    } else if (needs_absent_types(*program)) {
      ++report.skipped;
    } else {
      count(report, row, find_fault(*object, *program, row));
    }
  }
  return report;
}

}  // namespace probity::corpus
