// SPDX-License-Identifier: Apache-2.0
// `probity opt` as a command: what it refuses before work starts, what it writes, and that a
// process that is killed at any moment leaves the old output or the new one, never a part.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../object/sample.hpp"
#include "cli/opt_diff.hpp"
#include "cli/verb.hpp"
#include "object/object.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;

/// A folder with the sample object in it; its own cache and configuration.
class OptCommand : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("probity_opt_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    ::setenv("XDG_CONFIG_HOME", (folder_ / "config").c_str(), 1);
    ::setenv("PROBITY_CACHE", "off", 1);
    const auto bytes = object::compile_sample("firewall", "-g");
    if (!bytes) GTEST_SKIP() << "no clang with a BPF back end";
    input_ = file("in.o", {reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    output_ = (folder_ / "out.o").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, std::string_view contents) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << contents;
    return (folder_ / name).string();
  }

  static Printed opt(std::vector<std::string_view> words) {
    words.insert(words.begin(), "opt");
    return run_command(words, report::Color::no);
  }

  static std::string contents(const std::string& path) {
    const auto text = report::read_input(path, report::max_input_bytes);
    EXPECT_TRUE(text);
    return text ? std::string(text->begin(), text->end()) : std::string();
  }

  fs::path folder_;
  std::string input_;
  std::string output_;
};

void expect_refused(const Printed& printed, std::string_view why) {
  EXPECT_EQ(printed.status, 4);
  EXPECT_NE(printed.err.find(why), std::string::npos) << printed.err;
  EXPECT_EQ(std::ranges::count(printed.err, '\n'), 1) << printed.err;
}

TEST_F(OptCommand, RefusesWhatItCannotWriteBeforeWork) {
  expect_refused(opt({input_, "-o", input_}), "is the input");
  const std::string link = (folder_ / "link.o").string();
  fs::create_symlink(input_, link);
  expect_refused(opt({input_, "-o", link}), "is the input");
  const std::string dangling = (folder_ / "dangling.o").string();
  fs::create_symlink(folder_ / "nothing.o", dangling);
  expect_refused(opt({input_, "-o", dangling}), "is a symbolic link");
  expect_refused(opt({input_, "-o", "/no/such/folder/out.o"}), "/no/such/folder");
  expect_refused(opt({input_, "-o", folder_.string()}), "is a folder");
  expect_refused(opt({input_, "-o", "/proc/out.o"}), "-o /proc:");  // even as root
  expect_refused(opt({input_}), "-o is required");
  expect_refused(opt({"-o", output_}), "IN is required");
  expect_refused(opt({input_, "-o", output_, "--learn", "/no/such/folder/l.json"}), "--learn");
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(OptCommand, RefusesBadFlagsByName) {
  expect_refused(opt({input_, "-o", output_, "-Ofast"}), "'fast' is not one of size, speed");
  expect_refused(opt({input_, "-o", output_, "--mcpu", "v5"}), "'v5' is not one of");
  expect_refused(opt({input_, "-o", output_, "--time", "0"}), "--time");
  expect_refused(opt({input_, "-o", output_, "--kernel-check", "--no-kernel-check"}), "exclude");
  expect_refused(opt({input_, "-o", output_, "--profile", "/no/such.pcap"}), "/no/such.pcap");
  file("config/probity/costs.json", "{\"forms\": {\"nonsense\": 1}}");
  expect_refused(opt({input_, "-o", output_}), "nonsense");
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(OptCommand, StaticFunctionsGoIntoTheirCallersUnlessTheyAreToStay) {
  const auto called_functions = [&] {
    const auto object = object::read_file(output_);
    EXPECT_TRUE(object);
    std::size_t called = 0;
    for (const object::Program& program : object->programs) called += program.functions.size() - 1;
    return called;
  };
  const std::vector<std::string_view> flags = {input_,    "-o",          output_,
                                               "-Ospeed", "--no-search", "--no-kernel-check"};
  const Printed inlined = opt(flags);
  EXPECT_EQ(inlined.status, 0) << inlined.err;
  EXPECT_NE(inlined.out.find("proved for all inputs"), std::string::npos);
  // One is global, one is called back: these stay.
  const std::size_t left = called_functions();
  EXPECT_EQ(left, 2u);
  std::vector<std::string_view> apart = flags;
  apart.push_back("--no-inline");
  EXPECT_EQ(opt(apart).status, 0);
  EXPECT_EQ(called_functions(), left + 2);  // the static one, in each of two programs
}

constexpr std::string_view learnt_rules =
    "{\"probity\": \"rules\", \"rules\": [{\"name\": \"NAME\", \"pattern\": \"A += i; A += j\", "
    "\"conditions\": \"\", \"replacement\": \"A += i OP j\"}]}";

std::string with(std::string_view name, std::string_view op) {
  std::string text(learnt_rules);
  text.replace(text.find("NAME"), 4, name);
  text.replace(text.find("OP"), 2, op);
  return text;
}

TEST_F(OptCommand, RulesOfAFileAreProvedBeforeTheyAreUsed) {
  const std::string right = file("right.json", with("sum", "+"));
  const Printed printed =
      opt({input_, "-o", output_, "--no-search", "--no-kernel-check", "--rules", right});
  EXPECT_TRUE(printed.status == 0 || printed.status == 2) << printed.err;
  EXPECT_TRUE(fs::exists(output_));
  fs::remove(output_);
  const std::string wrong = file("wrong.json", with("planted", "-"));
  expect_refused(opt({input_, "-o", output_, "--rules", wrong}), "rule 'planted': not proved");
  const std::string kind = file("kind.json", "{\"probity\": \"costs\", \"rules\": []}");
  expect_refused(opt({input_, "-o", output_, "--rules", kind}), "not a file of rules");
  const std::string torn = file("torn.json", with("sum", "+").substr(0, 60));
  expect_refused(opt({input_, "-o", output_, "--rules", torn}), "torn.json");
  const std::string partial =
      file("partial.json", "{\"probity\": \"rules\", \"rules\": [{\"name\": \"x\"}]}");
  expect_refused(opt({input_, "-o", output_, "--rules", partial}), "no text \"pattern\"");
  expect_refused(opt({input_, "-o", output_, "--rules", "/no/such.json"}), "/no/such.json");
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(OptCommand, WhatIsLearntIsAFileOfRules) {
  const std::string learnt = (folder_ / "learnt.json").string();
  const std::string given = file("given.json", with("sum", "+"));
  const Printed first = opt({input_, "-o", output_, "--time", "5", "--no-kernel-check", "--rules",
                             given, "--learn", learnt});
  ASSERT_TRUE(first.status == 0 || first.status == 2) << first.err;
  const auto json = report::parse_json(contents(learnt), learnt);
  ASSERT_TRUE(json);
  const auto* rules = json->find("rules")->get<report::Json::Array>();
  ASSERT_NE(rules, nullptr);
  ASSERT_GE(rules->size(), 1u);  // what was given stays in it
  EXPECT_EQ(*(*rules)[0].find("name")->get<std::string>(), "sum");
  const Printed second =
      opt({input_, "-o", output_, "--no-search", "--no-kernel-check", "--rules", learnt});
  EXPECT_TRUE(second.status == 0 || second.status == 2) << second.err;
}

TEST_F(OptCommand, TheFileOfRulesIsNoneOfTheObjects) {
  expect_refused(opt({input_, "-o", output_, "--learn", input_}), "--learn");
  expect_refused(opt({input_, "-o", output_, "--learn", output_}), "--learn");
  expect_refused(opt({input_, "-o", output_, "--learn", "x.json", "--no-search"}), "exclude");
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(OptCommand, WritesAnObjectWithTheSameProgramsAndMaps) {
  const Printed printed = opt({input_, "-o", output_, "--no-search", "--json"});
  ASSERT_TRUE(printed.status == 0 || printed.status == 2) << printed.err << printed.out;
  const auto before = object::read_file(input_);
  const auto after = object::read_file(output_);
  ASSERT_TRUE(before && after);
  ASSERT_EQ(before->programs.size(), after->programs.size());
  ASSERT_EQ(before->maps.size(), after->maps.size());
  for (std::size_t i = 0; i < before->programs.size(); ++i) {
    EXPECT_EQ(before->programs[i].name, after->programs[i].name);
    EXPECT_LE(after->programs[i].slots.size(), before->programs[i].slots.size());
  }
  const auto json = report::parse_json(printed.out, "opt");
  ASSERT_TRUE(json);
  const report::Json* details = json->find("details");
  ASSERT_NE(details, nullptr);
  const auto* programs = details->find("programs")->get<report::Json::Array>();
  ASSERT_NE(programs, nullptr);
  EXPECT_EQ(programs->size(), before->programs.size());
  for (const report::Json& program : *programs) {
    EXPECT_NE(program.find("gates"), nullptr);
    EXPECT_NE(program.find("undone"), nullptr);
  }
}

TEST_F(OptCommand, ADefectiveObjectIsOneLine) {
  const std::string bad = file("bad.o", "this is no object");
  expect_refused(opt({bad, "-o", output_}), "bad.o");
  EXPECT_FALSE(fs::exists(output_));
}

/// Runs the command in a process of its own, killed after a while; true when it ended by itself.
bool run_and_kill(const std::string& input, const std::string& output, unsigned microseconds) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::freopen("/dev/null", "w", stdout);
    ::execl(PROBITY_BINARY, PROBITY_BINARY, "opt", input.c_str(), "-o", output.c_str(),
            "--no-search", "--no-kernel-check", nullptr);
    ::_exit(127);
  }
  ::usleep(microseconds);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status);
}

TEST_F(OptCommand, KilledAtAnyMomentItLeavesNoPart) {
  const std::string whole = (folder_ / "whole.o").string();
  const Printed printed = opt({input_, "-o", whole, "--no-search", "--no-kernel-check"});
  ASSERT_TRUE(printed.status == 0 || printed.status == 2) << printed.err;
  const std::string expected = contents(whole);
  file("out.o", "what was there before");
  unsigned delay = 200;
  std::size_t killed = 0;
  for (int attempt = 0; attempt < 60; ++attempt, delay += delay / 4 + 1) {
    const bool ended = run_and_kill(input_, output_, delay);
    const std::string left = contents(output_);
    EXPECT_TRUE(left == expected || left == "what was there before") << "after " << delay << " us";
    if (ended) break;
    ++killed;
  }
  EXPECT_GT(killed, 0U);
  EXPECT_EQ(contents(output_), expected);
}

opt::Node node(std::int32_t imm, std::uint32_t old_slot, object::Origin origin) {
  opt::Node made;
  made.insn.form = bpf::Form::mov64_imm;
  made.insn.imm = imm;
  made.old_slot = old_slot;
  made.origin = origin;
  return made;
}

/// `r0 = 0`, `r0 = 1`, … and their codes.
struct Listing {
  std::vector<bpf::Slot> slots;
  program::Subprog subprog;
  opt::Code code;
  program::View view;
  explicit Listing(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i)
      slots.push_back({bpf::row(bpf::Form::mov64_imm).opcode, 0, 0, static_cast<std::int32_t>(i)});
    slots.push_back({bpf::row(bpf::Form::exit).opcode, 0, 0, 0});
    subprog = {"f", 0, count + 1};
    code = *opt::Code::from(slots, {&subprog, 1});
    view.slots = slots;
    view.subprogs = {&subprog, 1};
  }
};

TEST(OptDiff, ShowsWhatWasReplacedAndByWhichRule) {
  const Listing was(6);
  opt::ProgramResult result;
  result.before = was.code;
  result.after = was.code.with({"short", {{2, 2, {node(9, 2, object::Origin::replaced)}}}});
  result.applied.push_back({"short", 2, "", ""});
  const auto slots = *result.after->slots();
  program::View is = was.view;
  const program::Subprog subprog{"f", 0, static_cast<std::uint32_t>(slots.size())};
  is.slots = slots;
  is.subprogs = {&subprog, 1};
  const std::vector<DiffRow> rows = diff_programs(result, was.view, is);
  ASSERT_EQ(rows.size(), 7U);
  EXPECT_TRUE(rows[0].same && rows[1].same && rows[4].same);
  EXPECT_EQ(rows[2].was->text, "r0 = 2");
  EXPECT_EQ(rows[2].is->text, "r0 = 9");
  EXPECT_EQ(rows[2].rules, std::vector<std::string>{"short"});
  EXPECT_EQ(rows[3].was->text, "r0 = 3");
  EXPECT_FALSE(rows[3].is);
  const std::string text = print(rows);
  EXPECT_NE(text.find("; short"), std::string::npos) << text;
  EXPECT_NE(text.find("r0 = 2"), std::string::npos) << text;
}

TEST(OptDiff, NothingChangedIsNothingShown) {
  const Listing was(3);
  opt::ProgramResult result;
  result.before = was.code;
  result.after = was.code;
  EXPECT_EQ(print(diff_programs(result, was.view, was.view)), "");
}

}  // namespace
}  // namespace probity::cli
