// SPDX-License-Identifier: Apache-2.0
// See exploration_text.hpp.
#include "cli/exploration_text.hpp"

#include <fmt/format.h>

namespace probity::cli {

std::string cost_text(const symex::Statistics& statistics, std::string_view paths) {
  const symex::Statistics& s = statistics;
  return fmt::format("{} {}, {} insns, {} solver checks (worst {:.3f} s), {:.3f} s CPU", s.paths,
                     paths, s.insns, s.solver_checks, s.worst_query_seconds, s.cpu_seconds);
}

report::Json statistics_json(const symex::Statistics& statistics) {
  const symex::Statistics& s = statistics;
  return report::Json::object({{"paths", s.paths},
                               {"insns", s.insns},
                               {"solver_checks", s.solver_checks},
                               {"worst_query_seconds", s.worst_query_seconds},
                               {"forks", s.forks},
                               {"cpu_seconds", s.cpu_seconds}});
}

}  // namespace probity::cli
