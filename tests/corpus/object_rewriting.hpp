// SPDX-License-Identifier: Apache-2.0
// Rewriting over the whole corpus: objects written back unchanged, with moved code, and restored;
// and moved programs in the live kernel.
#pragma once

#include "corpus_vectors.hpp"

namespace probity::corpus {

/// Every object that reads, written back unchanged: the same bytes.
Expected<VectorReport> run_unchanged_objects(const std::filesystem::path& folder,
                                             runtime::EngineKind engine);
/// `goto +0` inserted in every function, read again and compared (the writer does), opened by
/// libbpf if it opens the unchanged object, then removed: the first bytes again.
Expected<VectorReport> run_restored_objects(const std::filesystem::path& folder,
                                            runtime::EngineKind engine);
/// Programs of programs.tsv that load here unchanged: they load with inserted `goto +0`s, with half
/// of them removed again, and without those of the compiler. Skipped where bpf() is not allowed.
Expected<VectorReport> run_moved_programs(const std::filesystem::path& file,
                                          runtime::EngineKind engine);

}  // namespace probity::corpus
