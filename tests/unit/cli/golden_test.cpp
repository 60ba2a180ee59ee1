// SPDX-License-Identifier: Apache-2.0
// The help of every verb, word for word, against golden/VERB.txt. Set PROBITY_REBASE=1 to write the
// files anew, and read the difference before committing it.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/verb.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

void compare(const std::string& name, const std::string& text) {
  const std::string path = "tests/unit/cli/golden/" + name + ".txt";
  if (std::getenv("PROBITY_REBASE") != nullptr) {
    const Expected<void> written = report::write_file_atomically(path, text);
    ASSERT_TRUE(written) << written.error().line();
  }
  const Expected<std::string> golden = report::read_input_text(path, 1 << 16);
  ASSERT_TRUE(golden) << golden.error().line();
  EXPECT_EQ(text, *golden) << path;
}

TEST(Golden, HelpOfEveryVerb) {
  for (const Verb& verb : verbs()) {
    const std::vector<std::string_view> words = {verb.name, "--help"};
    compare(std::string(verb.name), run_command(words, report::Color::no).out);
  }
}

TEST(Golden, ListOfVerbs) {
  const std::vector<std::string_view> words = {"help"};
  compare("probity", run_command(words, report::Color::no).out);
}

/// A page exists for every verb, and names every flag of its help.
TEST(Golden, ManualPagesNameEveryFlag) {
  for (const Verb& verb : verbs()) {
    const std::string path = "docs/man/probity-" + std::string(verb.name) + ".1";
    const Expected<std::string> page = report::read_input_text(path, 1 << 20);
    ASSERT_TRUE(page) << page.error().line();
    const std::vector<std::string_view> words = {verb.name, "--help"};
    const std::string help = run_command(words, report::Color::no).out;
    for (std::size_t at = help.find("  --"); at != std::string::npos;
         at = help.find("  --", at + 1)) {
      const std::size_t end = help.find_first_of(" \n,", at + 4);
      const std::string flag = help.substr(at + 4, end - at - 4);
      EXPECT_NE(page->find(flag), std::string::npos) << path << " does not name --" << flag;
    }
  }
}

}  // namespace
}  // namespace probity::cli
