// SPDX-License-Identifier: Apache-2.0
// The frame around the verbs: table, exit statuses, one-line errors, `--json`; and the process
// itself on a pipe that nobody reads.
#include "cli/verb.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace probity::cli {
namespace {

Printed probity(std::initializer_list<std::string_view> words) {
  return run_command(std::vector<std::string_view>(words), report::Color::no);
}

bool is_one_line(const std::string& text) {
  return text.size() > 1 && std::count(text.begin(), text.end(), '\n') == 1 && text.back() == '\n';
}

TEST(Verb, NamesAreUniqueAndSummarised) {
  std::set<std::string_view> names;
  for (const Verb& verb : verbs()) {
    EXPECT_TRUE(names.insert(verb.name).second) << verb.name;
    EXPECT_FALSE(verb.summary.empty()) << verb.name;
    EXPECT_EQ(verb.summary.find('\n'), std::string_view::npos) << verb.name;
  }
}

TEST(Verb, HelpListsEveryVerb) {
  const Printed printed = probity({"help"});
  EXPECT_EQ(printed.status, 0);
  for (const Verb& verb : verbs()) EXPECT_NE(printed.out.find(verb.name), std::string::npos);
  EXPECT_EQ(probity({"--help"}).out, printed.out);
  EXPECT_EQ(probity({"-h"}).out, printed.out);
}

TEST(Verb, HelpOfAVerbIsItsOwnHelp) {
  for (const Verb& verb : verbs()) {
    const Printed printed = probity({verb.name, "--help"});
    EXPECT_EQ(printed.status, 0) << verb.name;
    EXPECT_EQ(probity({"help", verb.name}).out, printed.out);
  }
}

TEST(Verb, VersionAsFlagAndVerb) {
  EXPECT_TRUE(probity({"--version"}).out.starts_with("probity "));
  EXPECT_EQ(probity({"--version"}).out, probity({"version"}).out);
}

TEST(Verb, UnknownVerbIsRefusedByName) {
  for (const std::string_view verb : {"optimise", "frobnicate", "--frob", "Dump"}) {
    const Printed printed = probity({verb});
    EXPECT_EQ(printed.status, 4);
    EXPECT_TRUE(printed.out.empty());
    EXPECT_TRUE(is_one_line(printed.err));
    EXPECT_NE(printed.err.find("'" + std::string(verb) + "'"), std::string::npos) << printed.err;
  }
  EXPECT_EQ(probity({}).status, 4);
}

TEST(Verb, UnknownFlagsAreRefusedByName) {
  for (const Verb& verb : verbs()) {
    const Printed printed = probity({verb.name, "--no-such-flag"});
    EXPECT_EQ(printed.status, 4) << verb.name;
    EXPECT_TRUE(is_one_line(printed.err)) << printed.err;
  }
  EXPECT_NE(probity({"version", "--no-such-flag"}).err.find("'--no-such-flag'"), std::string::npos);
}

TEST(Verb, ErrorsAsJsonKeepTheLineOnStderr) {
  const Printed printed = probity({"--json", "optimise"});
  EXPECT_EQ(printed.status, 4);
  EXPECT_TRUE(is_one_line(printed.err));
  const Expected<report::Json> json = report::parse_json(printed.out, "stdout");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json->find("status")->get<std::uint64_t>(), 4u);
  EXPECT_NE(json->find("error"), nullptr);
}

TEST(Verb, HostileWordsStayOnOneLine) {
  const Printed printed = probity({"a\nb\x1b[2J"});
  EXPECT_TRUE(is_one_line(printed.err));
  EXPECT_EQ(printed.err.find('\x1b'), std::string::npos);
}

TEST(Verb, FaultsMapToStatuses) {
  EXPECT_EQ(outcome_of(Fault::bad_input), Outcome::bad_input);
  EXPECT_EQ(outcome_of(Fault::unsupported), Outcome::bad_input);
  EXPECT_EQ(outcome_of(Fault::system), Outcome::bad_input);
  EXPECT_EQ(outcome_of(Fault::limit), Outcome::unknown);
  EXPECT_EQ(outcome_of(Fault::bug), Outcome::bug);
}

TEST(Process, ClosedPipeIsNoCrash) {
  const int status =
      std::system("bash -c '" PROBITY_BINARY " help | exec 0<&-; exit ${PIPESTATUS[0]}'");
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Process, FullDiskIsAnErrorOnOneLine) {
  const int status = std::system(PROBITY_BINARY " help > /dev/full 2> /dev/null");
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 4);
}

}  // namespace
}  // namespace probity::cli
