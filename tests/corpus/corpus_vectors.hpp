// SPDX-License-Identifier: Apache-2.0
// Kernel ground truth against an engine of this process: the JSON-lines files of the corpus folder,
// run line by line. Shared by the tests here and by the corpus runner.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "runtime/engine.hpp"

namespace probity::corpus {

struct VectorReport {
  std::size_t passed = 0;
  std::size_t total = 0;              ///< rows that say something about execution
  std::size_t skipped = 0;            ///< rows that do not: rejected by the kernel, not repeatable
  std::vector<std::string> failures;  ///< the first few, one line each
  std::map<std::string, std::size_t> reasons;  ///< of failed and unsupported rows, with counts
};
constexpr std::size_t max_failures_kept = 20;

/// The corpus folder: PROBITY_CORPUS, or ../shared/corpus from the repository's root.
std::filesystem::path corpus_folder();

/// insn_vectors.jsonl: one instruction under test per row.
Expected<VectorReport> run_insn_vectors(const std::filesystem::path& file,
                                        runtime::EngineKind engine);
/// random_programs.jsonl: every row's runs must agree.
Expected<VectorReport> run_random_programs(const std::filesystem::path& file,
                                           runtime::EngineKind engine);
/// The eBPF rows of test_bpf.jsonl.
Expected<VectorReport> run_test_bpf(const std::filesystem::path& file, runtime::EngineKind engine);
/// verdict_vectors.jsonl: what the kernel's verifier said against what the checker says, which runs
/// no engine.
Expected<VectorReport> run_verdict_vectors(const std::filesystem::path& file,
                                           runtime::EngineKind engine);
/// verifier_tests.jsonl: the same for the verifier's own tests.
Expected<VectorReport> run_verifier_tests(const std::filesystem::path& file,
                                          runtime::EngineKind engine);

}  // namespace probity::corpus
