// SPDX-License-Identifier: Apache-2.0
// See object_rewriting.hpp.
#include "object_rewriting.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <span>

#include <fmt/format.h>

#include "goto_edit.hpp"
#include "libbpf_load.hpp"
#include "object/write.hpp"

namespace probity::corpus {
namespace {

namespace fs = std::filesystem;
using object::Object;

void fail(VectorReport& report, const std::string& file, const std::string& what,
          const std::string& reason) {
  ++report.reasons[reason];
  if (report.failures.size() < max_failures_kept)
    report.failures.push_back(fmt::format("{}: {}", file, what));
}

/// Runs `check` on every object that reads, in the order of their names; what it says is a failure.
VectorReport for_each_object(
    const fs::path& folder, const std::function<std::string(const Object&, VectorReport&)>& check) {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".o") paths.push_back(entry.path());
  std::ranges::sort(paths);
  VectorReport report;
  for (const fs::path& path : paths) {
    const Expected<Object> object = object::read_file(path.string());
    if (!object) {
      ++report.skipped;  // `dump` refuses them, which another row counts
      continue;
    }
    ++report.total;
    const std::string wrong = check(*object, report);
    if (wrong.empty())
      ++report.passed;
    else
      fail(report, path.filename().string(), wrong, wrong.substr(0, 60));
  }
  return report;
}

/// `goto +0` inserted and removed again.
Expected<std::vector<std::uint8_t>> restore(const Object& object, VectorReport* report) {
  const GotoEdit inserted = insert_gotos(object, Insert::everywhere);
  if (report != nullptr && !inserted.refused.empty())
    ++report->reasons[fmt::format(
        "{} functions of {} left as they are, first {}", inserted.refused.size(),
        fs::path(object.name).filename().string(), inserted.refused.front())];
  TRY(const std::vector<std::uint8_t> moved, object::write(inserted.edit));
  TRY(const Object again, object::read(moved, object.name));
  if (open_by_libbpf(object)) TRY(open_by_libbpf(again));
  const GotoEdit removed = remove_gotos(again, inserted.edit, Remove::all);
  if (!removed.refused.empty()) return error(Fault::bug, removed.refused.front());
  return object::write(removed.edit);
}

std::string check_restored(const Object& object, VectorReport& report) {
  const auto restored = restore(object, &report);
  if (!restored && restored.error().fault() == Fault::unsupported) {
    ++report.reasons["refused: " + std::string(restored.error().line())];
    --report.total;
    ++report.skipped;
    --report.passed;  // counted by the caller
    return {};
  }
  if (!restored) return std::string(restored.error().line());
  if (*restored == *object.elf.bytes) return {};
  const Expected<Object> canonical = object::read(*restored, object.name);
  if (!canonical) return std::string(canonical.error().line());
  const auto again = restore(*canonical, nullptr);
  if (!again) return std::string(again.error().line());
  if (*again != *restored) return "restored bytes differ, and differ again";
  ++report.reasons["equal but for records of places outside their section"];
  return {};
}

/// Who loads a program in this run: decided on the unchanged object.
enum class Loader : std::uint8_t { libbpf, ourselves, nobody };

Loader loader_of(const Object& object, const ProgramRow& row) {
  if (load_by_libbpf(object, {&row, 1})) return Loader::libbpf;
  return load_by_ourselves(object, row) ? Loader::ourselves : Loader::nobody;
}

std::vector<Loader> loaders_of(const Object& object, std::span<const ProgramRow> rows) {
  if (load_by_libbpf(object, rows)) return std::vector(rows.size(), Loader::libbpf);
  std::vector<Loader> loaders;
  for (const ProgramRow& row : rows) loaders.push_back(loader_of(object, row));
  return loaders;
}

/// What keeps each program of `moved` from loading; empty for those that load.
std::vector<std::string> load_errors(const Object& moved, std::span<const ProgramRow> rows,
                                     std::span<const Loader> loaders) {
  std::vector<std::string> errors(rows.size());
  const bool libbpf_only = std::ranges::count(loaders, Loader::libbpf) == std::ssize(loaders);
  if (libbpf_only && load_by_libbpf(moved, rows)) return errors;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (loaders[i] == Loader::nobody) continue;
    const Expected<void> loaded = loaders[i] == Loader::libbpf
                                      ? load_by_libbpf(moved, rows.subspan(i, 1))
                                      : load_by_ourselves(moved, rows[i]);
    if (!loaded) errors[i] = loaded.error().line();
  }
  return errors;
}

/// The moved forms of an object, read from what was written.
Expected<std::vector<Object>> moved_forms(const Object& object) {
  std::vector<Object> forms;
  const auto add = [&](const object::Edit& edit) -> Expected<void> {
    if (edit.functions().empty()) return {};
    TRY(const std::vector<std::uint8_t> bytes, object::write(edit));
    TRY(Object again, object::read(bytes, object.name));
    forms.push_back(std::move(again));
    return {};
  };
  const GotoEdit inserted = insert_gotos(object, Insert::everywhere);
  TRY(add(inserted.edit));
  if (!forms.empty()) {
    const Object& all = forms.front();
    const GotoEdit fewer = remove_gotos(all, inserted.edit, Remove::every_second);
    TRY(add(fewer.edit));
  }
  TRY(add(remove_own_gotos(object).edit));
  return forms;
}

/// The verifier gave up; it did not find anything. Every `goto` is a place where it compares
/// states, and in one program of the corpus that costs more than it saves.
bool exceeds_budget(const std::string& error) {
  return error.find("BPF program is too large") != std::string::npos;
}

Expected<void> load_with_one_goto(const Object& object, const ProgramRow& row, Loader loader) {
  const GotoEdit inserted = insert_gotos(object, Insert::first);
  TRY(const std::vector<std::uint8_t> bytes, object::write(inserted.edit));
  TRY(const Object moved, object::read(bytes, object.name));
  return loader == Loader::libbpf ? load_by_libbpf(moved, {&row, 1})
                                  : load_by_ourselves(moved, row);
}

/// The programs of one object.
void count_moved(const Object& object, std::span<const ProgramRow> rows, VectorReport& report) {
  const std::vector<Loader> loaders = loaders_of(object, rows);
  std::vector<std::string> errors(rows.size());
  const auto forms = moved_forms(object);
  if (!forms) std::ranges::fill(errors, std::string(forms.error().line()));
  for (std::size_t form = 0; forms && form < forms->size(); ++form) {
    const auto wrong = load_errors((*forms)[form], rows, loaders);
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (errors[i].empty()) errors[i] = wrong[i];
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (loaders[i] == Loader::nobody) {
      ++report.skipped;
      ++report.reasons["does not load here unchanged"];
      continue;
    }
    ++report.total;
    if (exceeds_budget(errors[i]) && load_with_one_goto(object, rows[i], loaders[i])) {
      ++report.passed;
      ++report.reasons["loaded with one goto +0 a function; all exceed the verifier's budget"];
    } else if (errors[i].empty()) {
      ++report.passed;
      ++report.reasons[loaders[i] == Loader::libbpf ? "loaded by libbpf" : "loaded by our loader"];
    } else {
      fail(report, rows[i].at("object"), rows[i].at("prog") + ": " + errors[i], errors[i]);
    }
  }
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::size_t start = 0;
  for (std::size_t at = 0; (at = line.find('\t', start)) != std::string::npos; start = at + 1)
    cells.push_back(line.substr(start, at - start));
  cells.push_back(line.substr(start));
  return cells;
}

/// The rows of programs that the kernel loaded, by object.
Expected<std::map<std::string, std::vector<ProgramRow>>> loaded_rows(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line))
    return error(Fault::bad_input, fmt::format("{}: cannot be read", file.string()));
  const std::vector<std::string> columns = cells_of(line);
  std::map<std::string, std::vector<ProgramRow>> rows;
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() != columns.size())
      return error(Fault::bad_input,
                   fmt::format("{}:{}: {} cells, the header has {}", file.string(), number,
                               cells.size(), columns.size()));
    ProgramRow row;
    for (std::size_t i = 0; i < cells.size(); ++i) row[columns[i]] = cells[i];
    if (row.at("outcome") == "loaded") rows[row.at("object")].push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Expected<VectorReport> run_unchanged_objects(const fs::path& folder, runtime::EngineKind) {
  return for_each_object(folder, [](const Object& object, VectorReport&) -> std::string {
    object::Edit edit(object);
    for (std::uint32_t i = 0; i < object.functions.size(); ++i)
      if (const auto kept = edit.replace(object::keep_function(object, i)); !kept)
        return std::string(kept.error().line());
    const auto written = object::write(edit);
    if (!written) return std::string(written.error().line());
    return *written == *object.elf.bytes ? "" : "written bytes differ";
  });
}

Expected<VectorReport> run_restored_objects(const fs::path& folder, runtime::EngineKind) {
  return for_each_object(folder, check_restored);
}

Expected<VectorReport> run_moved_programs(const fs::path& file, runtime::EngineKind) {
  TRY(const auto rows, loaded_rows(file));
  VectorReport report;
  const bool allowed = may_load();
  for (const auto& [name, programs] : rows) {
    const Expected<Object> object =
        object::read_file((file.parent_path() / "objects" / name).string());
    if (!object) return std::unexpected(object.error());
    if (allowed) {
      count_moved(*object, programs, report);
      continue;
    }
    report.skipped += programs.size();
    report.reasons["bpf() is not allowed here"] += programs.size();
  }
  return report;
}

}  // namespace probity::corpus
