// SPDX-License-Identifier: Apache-2.0
// smt2_solve FILE...: solves SMT-LIB 2 scripts and prints a line `FILE ANSWER ENGINE CHECKS
// SECONDS` per file. A file named *_v.smt2 should be unsat, *_x.smt2 sat. Scripts with push and pop
// go through one Session.
//   --builtin      no external solvers       --conflicts N   per stage       --wall MS   per stage
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "smt2_script.hpp"
#include "solver/solver.hpp"

namespace {

using namespace probity;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

const char* name(solver::Status status) {
  switch (status) {
    case solver::Status::sat: return "sat";
    case solver::Status::unsat: return "unsat";
    case solver::Status::unknown: return "unknown";
  }
  return "";
}

/// Whether the script could be read and its last answer is not the wrong one.
bool solve_file(const std::string& path, const solver::Options& options) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const std::string script = text.str();
  const bool incremental = script.find("(push") != std::string::npos;
  const double start = cpu_seconds();
  term::Store store;
  solver::Session session(store, options);
  solver::Answer last;
  std::size_t checks = 0, unknown = 0;
  const auto read = bench::Smt2Script(store).run(script, [&](std::span<const term::Id> live) {
    last = incremental ? session.check(live) : solver::solve(store, live, options);
    ++checks;
    if (last.status == solver::Status::unknown) ++unknown;
  });
  if (!read) {
    std::printf("%s: %s\n", path.c_str(), std::string(read.error().line()).c_str());
    return false;
  }
  const double seconds = cpu_seconds() - start;
  std::printf("%-40s %-8s %-14s %4zu %8.4f %s\n", path.substr(path.rfind('/') + 1).c_str(),
              unknown != 0 ? "unknown" : name(last.status), last.engine.c_str(), checks, seconds,
              last.reason.c_str());
  std::fflush(stdout);
  const bool wrong =
      !incremental && ((path.ends_with("_v.smt2") && last.status == solver::Status::sat) ||
                       (path.ends_with("_x.smt2") && last.status == solver::Status::unsat));
  if (wrong) std::printf("%s: WRONG ANSWER\n", path.c_str());
  return !wrong;
}

}  // namespace

int main(int argc, char** argv) {
  solver::Options options;
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--builtin")
      options.external = solver::External::none;
    else if (argument == "--conflicts" && i + 1 < argc)
      options.limits.conflicts = std::stoull(argv[++i]);
    else if (argument == "--wall" && i + 1 < argc)
      options.limits.wall_ms = std::uint32_t(std::stoul(argv[++i]));
    else
      good = solve_file(argument, options) && good;
  }
  return good ? 0 : 1;
}
