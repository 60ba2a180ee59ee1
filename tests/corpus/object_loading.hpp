// SPDX-License-Identifier: Apache-2.0
// Loading over the whole corpus: what the kernel loaded, our loader loads too.
#pragma once

#include "corpus_vectors.hpp"

namespace probity::corpus {

/// Programs of programs.tsv with outcome `loaded`, of every type: their object reads, they link and
/// relocate without a problem, have as many slots as libbpf counted, and are valid. Programs that
/// need types of a kernel are skipped where the running one gives none.
Expected<VectorReport> run_loaded_programs(const std::filesystem::path& file,
                                           runtime::EngineKind engine);

}  // namespace probity::corpus
