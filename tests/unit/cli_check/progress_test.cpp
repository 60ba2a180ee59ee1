// SPDX-License-Identifier: Apache-2.0
// While `check` explores, a terminal shows how far it is, and the line is gone at the end; a pipe,
// --quiet and --json stay silent.
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "check_fixture.hpp"

namespace probity::cli {
namespace {

/// What a child that checks the firewall writes to its standard error, which is `childs`.
std::string written_by_child(int own, int childs, const std::vector<std::string>& more) {
  const pid_t child = fork();
  if (child == 0) {
    dup2(childs, STDERR_FILENO);
    close(own);
    std::vector<std::string> words{good, "--no-external"};
    words.insert(words.end(), more.begin(), more.end());
    _exit(check(words).status);
  }
  close(childs);
  std::string text;
  std::array<char, 512> buffer;
  // A terminal whose other end is closed answers with an error, a pipe with 0.
  for (ssize_t n = 0; (n = read(own, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(own);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return text;
}

class Progress : public Check {
 protected:
  /// On a terminal.
  std::string shown(const std::vector<std::string>& more) {
    int own = -1;
    int childs = -1;
    if (openpty(&own, &childs, nullptr, nullptr, nullptr) != 0) return "no terminals here";
    return written_by_child(own, childs, more);
  }
};

TEST_F(Progress, IsShownOnATerminal) {
  const std::string text = shown({});
  if (text == "no terminals here") GTEST_SKIP() << text;
  for (const char* const part : {"checking ", " paths, ", " left, ", " queries (worst ", " s"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
  }
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << "the line is erased";
}

TEST_F(Progress, IsNotShownWithQuietOrJson) {
  const std::string quiet = shown({"--quiet"});
  if (quiet == "no terminals here") GTEST_SKIP() << quiet;
  EXPECT_EQ(quiet, "");
  EXPECT_EQ(shown({"--json"}), "");
}

TEST_F(Progress, IsNotShownInAPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  EXPECT_EQ(written_by_child(ends[0], ends[1], {}), "");
}

TEST_F(Progress, TheWorstQueryIsReported) {
  EXPECT_NE(check({good, "--no-external"}).out.find(" solver checks (worst "), std::string::npos);
  const Json json = json_of(check({good, "--no-external", "--json"}));
  const auto* worst = member(json, {"details", "statistics", "worst_query_seconds"}).get<double>();
  ASSERT_NE(worst, nullptr);
  const bool asked = number(json, {"details", "statistics", "solver_checks"}) > 0;
  EXPECT_EQ(*worst > 0.0, asked);
  EXPECT_LT(*worst, 60.0);
}

TEST_F(Progress, TheLimitOfMemoryIsANamedUnknown) {
  const Printed printed = check({good, "--no-external", "--memory", "1"});
  EXPECT_EQ(printed.status, 2) << printed.out << printed.err;
  EXPECT_NE(printed.out.find("unknown: memory: "), std::string::npos) << printed.out;
  EXPECT_NE(printed.out.find("(limit 1, --memory)"), std::string::npos) << printed.out;
  EXPECT_EQ(printed.out.find("proved:"), std::string::npos) << printed.out;
}

TEST_F(Progress, LimitsOfMemoryThatAreNoneAreRefused) {
  for (const char* const bad_value : {"0", "-1", "4096MiB", "1048577", ""}) {
    for (const char* const verb : {"check", "equiv", "interact"}) {
      const Printed printed = command({verb, good, good, "--memory", bad_value});
      EXPECT_EQ(printed.status, 4) << verb << " " << bad_value << ": " << printed.out;
      EXPECT_NE(printed.err.find("--memory"), std::string::npos) << printed.err;
    }
  }
}

}  // namespace
}  // namespace probity::cli
