// SPDX-License-Identifier: Apache-2.0
// The kernel verifier's verdicts as rows, from both files of the corpus, and what the checker says
// of one of them. A refusal is sorted by its message into a cause; the table in
// refusal_cause.cpp says which causes the checker must share. Used only by the sources beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "corpus_vectors.hpp"
#include "object/image.hpp"
#include "symex/explorer.hpp"

namespace probity::corpus {

/// Why the verifier refuses a program.
enum class Cause : std::uint8_t {
  memory,  ///< an access outside of its region, or of an unbounded size
  null_pointer,
  stack,      ///< stack accesses and what may be spilled there
  type,       ///< a register of the wrong kind, arithmetic that pointers do not have
  reference,  ///< something acquired is not given back
  termination,
  contract,    ///< a map, helper or insn that this program may not use that way
  structure,   ///< encoding and jumps
  limit,       ///< the verifier ran out of its own budget
  arithmetic,  ///< operations that RFC 9669 defines and the verifier refuses
  option,      ///< the row was loaded with an option that only some machines need
  unsorted,
};
std::string_view name(Cause cause);
Cause cause_of(std::string_view refusal);
/// Must the checker refuse what the verifier refuses for this cause?
bool is_unsafe(Cause cause);

struct VerdictRow {
  std::string name;
  std::string skipped;  ///< why the row cannot be judged, or empty
  object::Image image;
  bool accepted = false;
  std::string refusal;
};

Expected<std::vector<VerdictRow>> read_verdict_vectors(const std::filesystem::path& file);
Expected<std::vector<VerdictRow>> read_verifier_tests(const std::filesystem::path& file);

enum class Verdict : std::uint8_t { proved, refuted, unknown, invalid };
std::string_view name(Verdict verdict);

struct Judged {
  Verdict verdict = Verdict::unknown;
  std::string reason;
};
/// What `check --safety` says.
Judged judge(const VerdictRow& row);

struct Share {
  std::size_t proved = 0;
  std::size_t total = 0;
};

struct VerdictReport {
  VectorReport vectors;                   ///< `reasons` counts every row
  std::map<std::string, Share> accepted;  ///< by program type
  std::vector<std::string> unsafe_proved;
};
Expected<VerdictReport> judge_verdict_vectors(const std::filesystem::path& file);
Expected<VerdictReport> judge_verifier_tests(const std::filesystem::path& file);

}  // namespace probity::corpus
