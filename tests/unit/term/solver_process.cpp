// SPDX-License-Identifier: Apache-2.0
// Solver processes by popen; the script goes through a temporary file that is removed at once.
#include "solver_process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace probity::term::test {

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::vector<std::string> run_solver(const std::string& command, const std::string& script) {
  std::string name = testing::TempDir() + "probity_term_XXXXXX.smt2";
  const int descriptor = mkstemps(name.data(), 5);
  if (descriptor < 0) return {"cannot create " + name};
  FILE* file = fdopen(descriptor, "w");
  std::fwrite(script.data(), 1, script.size(), file);
  std::fclose(file);
  FILE* output = popen((command + " " + name + " 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, output)) {
    text.append(buffer, count);
  }
  pclose(output);
  std::remove(name.c_str());
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace probity::term::test
