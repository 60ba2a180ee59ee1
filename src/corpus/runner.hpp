// SPDX-License-Identifier: Apache-2.0
// Runs text corpora: which files a path names, which tests the filters let through, what each one
// answered, and (for
// `--rebase`) the file with its expectation brought up to date.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "corpus/bare_program.hpp"
#include "corpus/case.hpp"
#include "corpus/data_file.hpp"

namespace probity::corpus {

struct Options {
  EngineKind engine = EngineKind::interp;
  bpf::Cpu cpu = bpf::Cpu::v4;
  GroupSet groups = default_groups();
};

enum class Status : std::uint8_t { passed, failed, skipped };
std::string_view name(Status status);

struct TestResult {
  std::string place;
  Status status = Status::passed;
  std::string expected;
  std::string actual;  ///< the value, or the text of the error
  std::string reason;  ///< of a skip
};

/// The `.data` files of a path, sorted: itself when it is a file, else all below the folder.
Expected<std::vector<std::string>> find_data_files(const std::string& path);
/// Limit of find_data_files.
constexpr std::size_t max_data_files = 100'000;

Expected<DataFile> read_data_file(const std::string& path);

/// Runs one file. A diagnostic means that the file is malformed; a failing test is a result.
Expected<TestResult> run_data_file(const DataFile& file, const Options& options);

/// The file with its result or error section saying what `result` found; only for a failed test.
DataFile rebase(const DataFile& file, const TestResult& result);

}  // namespace probity::corpus
