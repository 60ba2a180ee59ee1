// SPDX-License-Identifier: Apache-2.0
// Files of rules that a search learnt: {"probity": "rules", "rules": [{"name", "pattern",
// "conditions", "replacement"}, …]} in the notation of rules.def. What a file says is proved before
// it is used; a rule that is not proved is refused by name, and the run with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "opt/learnt_rules.hpp"
#include "opt/search/generalise.hpp"
#include "proof/cache.hpp"
#include "report/document.hpp"
#include "report/json.hpp"

namespace probity::cli {

/// Rows of a file, and the rules that they were proved to be.
struct RulesFile {
  std::vector<opt::LearntRow> rows;
  std::vector<opt::Rule> rules;
};

/// How rules are proved by this command: `cache` may be null.
proof::Options rule_proofs(proof::Cache* cache);

/// An empty path is a file without rules.
Expected<RulesFile> read_rules(const std::string& path, const proof::Options& options);

/// The file of rows that were given and of those that were learnt; none twice.
report::Json rules_json(const RulesFile& given, const opt::search::Lesson& lesson);

}  // namespace probity::cli
