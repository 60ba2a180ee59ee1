// SPDX-License-Identifier: Apache-2.0
// The live-kernel engine against the recorded runs of every object: what our loading, our maps and
// our test runs give must be what another loader measured. Skipped by name without a kernel or the
// corpus.
#include <gtest/gtest.h>

#include "corpus_vectors.hpp"
#include "object_judgement.hpp"

namespace probity::corpus {
namespace {

TEST(KernelVectors, EveryObjectDiffersOnlyAsTheTableSays) {
  if (const std::string reason = runtime::kernel_unavailable_reason(); !reason.empty())
    GTEST_SKIP() << reason;
  if (!std::filesystem::exists(corpus_folder() / "vectors.jsonl"))
    GTEST_SKIP() << "vectors.jsonl is absent: set PROBITY_CORPUS";
  const ObjectRun how{runtime::EngineKind::kernel, 1};
  for (const ObjectRows& rows : object_rows()) {
    if (!rows.uses_engine) continue;
    const Expected<JudgedRows> judged = judge_rows(rows, corpus_folder(), how, TableMode::compare);
    ASSERT_TRUE(judged) << judged.error().line();
    const std::string text = print(rows, how, *judged);
    std::fputs(text.c_str(), stdout);
    EXPECT_TRUE(judged->holds()) << text;
  }
}

}  // namespace
}  // namespace probity::corpus
