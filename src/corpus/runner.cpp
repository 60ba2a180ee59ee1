// SPDX-License-Identifier: Apache-2.0
// One test is one load and one run. A refusal by the engine and a fault of the program are both
// "error" answers: their text is what a section `-- error` is compared with.
#include "corpus/runner.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/check.hpp"
#include "corpus/check_case.hpp"
#include "report/file.hpp"

namespace probity::corpus {
namespace {

namespace fs = std::filesystem;

/// What an engine said: a value, or the text of an error.
struct Answer {
  std::optional<std::uint64_t> value;
  std::string error;
};

std::string hexadecimal(std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::optional<std::string> skip_reason(const Case& test, const Options& options) {
  if (test.cpu > options.cpu) {
    return "needs cpu v" + std::to_string(static_cast<unsigned>(test.cpu));
  }
  if (const std::optional<bpf::Group> group = test.groups.first_outside(options.groups)) {
    return "group " + std::string(name(*group)) + " is excluded";
  }
  if (test.beyond) {
    return "section " + std::string(name(*test.beyond)) +
           " is for a command that this version does not have";
  }
  return std::nullopt;
}

Expected<runtime::RunOutput> run_once(const Case& test, const Options& options) {
  TRY(const std::unique_ptr<BareProgram> program, BareProgram::load(options.engine, test.slots));
  return program->run(test.memory);
}

Expected<Answer> answer_of(const Case& test, const Options& options) {
  const Expected<runtime::RunOutput> output = run_once(test, options);
  if (!output) {
    if (output.error().fault() == Fault::bug) return std::unexpected(output.error());
    return Answer{{}, std::string(output.error().line())};
  }
  if (output->fault.kind != runtime::FaultKind::none) return Answer{{}, output->fault.text};
  return Answer{output->return_value, {}};
}

/// A verdict that does not replay is a failure, whatever was expected.
Expected<TestResult> check_result(const DataFile& file) {
  TRY(const CheckCaseResult checked, run_check_case(file));
  TestResult result;
  result.place = file.place;
  result.expected = checked.expected;
  result.actual = checked.actual;
  if (!checked.replays.empty()) result.actual += " (contradicted by " + checked.replays + ")";
  result.status = checked.agrees && checked.replays.empty() ? Status::passed : Status::failed;
  return result;
}

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::passed: return "passed";
    case Status::failed: return "failed";
    case Status::skipped: return "skipped";
  }
  PROBITY_UNREACHABLE("status");
}

Expected<std::vector<std::string>> find_data_files(const std::string& path) {
  std::error_code fault;
  const fs::file_status status = fs::status(path, fault);
  if (!fs::exists(status)) return error(Fault::bad_input, path + ": no such file or folder");
  if (!fs::is_directory(status)) return std::vector{path};
  std::vector<std::string> files;
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied,
                                         fault);
  for (; !fault && entry != fs::recursive_directory_iterator(); entry.increment(fault)) {
    if (entry->path().extension() != ".data" || !entry->is_regular_file(fault)) continue;
    if (files.size() == max_data_files) {
      return error(Fault::limit,
                   path + ": more than " + std::to_string(max_data_files) + " test files");
    }
    files.push_back(entry->path().string());
  }
  if (fault) return error(Fault::system, path + ": cannot list: " + fault.message());
  if (files.empty()) return error(Fault::bad_input, path + ": the folder holds no .data file");
  std::sort(files.begin(), files.end());
  return files;
}

Expected<DataFile> read_data_file(const std::string& path) {
  TRY(const std::string text, report::read_input_text(path, max_data_file_bytes));
  return parse_data_file(text, path);
}

Expected<TestResult> run_data_file(const DataFile& file, const Options& options) {
  TestResult result;
  result.place = file.place;
  if (file.find(SectionKind::expect) != nullptr) return check_result(file);
  TRY(const Case test, make_case(file));
  if (std::optional<std::string> reason = skip_reason(test, options)) {
    result.status = Status::skipped;
    result.reason = *std::move(reason);
    return result;
  }
  TRY(const Answer answer, answer_of(test, options));
  result.expected = test.result ? hexadecimal(*test.result) : "error: " + *test.error;
  result.actual = answer.value ? hexadecimal(*answer.value) : "error: " + answer.error;
  result.status = result.expected == result.actual ? Status::passed : Status::failed;
  return result;
}

DataFile rebase(const DataFile& file, const TestResult& result) {
  PROBITY_CHECK(result.status == Status::failed);
  constexpr std::string_view error_prefix = "error: ";
  const bool is_error = result.actual.starts_with(error_prefix);
  DataFile rebased = file;
  for (Section& section : rebased.sections) {
    if (section.kind == SectionKind::expect) section.body = result.actual + "\n";
    if (section.kind != SectionKind::result && section.kind != SectionKind::error) continue;
    section.kind = is_error ? SectionKind::error : SectionKind::result;
    section.header = "-- " + std::string(name(section.kind)) + "\n";
    section.body = (is_error ? result.actual.substr(error_prefix.size()) : result.actual) + "\n";
  }
  return rebased;
}

}  // namespace probity::corpus
