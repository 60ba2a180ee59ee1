// SPDX-License-Identifier: Apache-2.0
// The checks checked: small bad samples, each of which one check must refuse with a message that
// says what is wrong, and good twins that it must accept. Every check of the table must have a bad
// sample here.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "folder_readme.hpp"
#include "scan.hpp"

namespace probity::tidy {
namespace {

struct Sample {
  std::string_view check;
  std::string_view name;
  std::vector<std::pair<std::string, std::string>> files;
  std::string_view message;  ///< a part of the one finding; empty: there must be none
};

/// How a sample prints in the name of its test.
void PrintTo(const Sample& sample, std::ostream* out) {
  *out << sample.check << '_' << sample.name;
}

std::string repeated(std::string_view line, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line;
  return text;
}

const std::string layers = "tests/tidy/layers.txt";
const std::string opening = "// SPDX-License-Identifier: Apache-2.0\n// One.\n// Two.\n";
const std::string long_function =
    "int f(int x) {\n" + repeated("  ++x;\n", 69) + "  return x;\n}\n";
const std::string changelog = "# Changelog\n\nText.\n\n## [Unreleased]\n\n";

std::vector<Sample> layer_samples() {
  return {
      {"layers",
       "granted",
       {{layers, "# text\nlow:\nhigh: low\n"},
        {"src/low/a.hpp", ""},
        {"src/high/b.hpp", "#include \"low/a.hpp\"\n"}},
       ""},
      {"layers",
       "not_granted",
       {{layers, "low:\nhigh:\n"},
        {"src/low/a.hpp", ""},
        {"src/high/b.hpp", "#include \"low/a.hpp\"\n"}},
       "high may not include low"},
      {"layers",
       "grant_unused",
       {{layers, "low:\nhigh: low\n"}, {"src/low/a.hpp", ""}, {"src/high/b.hpp", ""}},
       "high is granted low but no include uses it"},
      {"layers",
       "grant_down",
       {{layers, "low: high\nhigh:\n"},
        {"src/low/a.hpp", "#include \"high/b.hpp\"\n"},
        {"src/high/b.hpp", ""}},
       "low may not use high"},
      {"layers",
       "folder_without_line",
       {{layers, "low:\n"}, {"src/low/a.hpp", ""}, {"src/new/b.hpp", ""}},
       "has no line in layers.txt"},
      {"layers",
       "line_without_folder",
       {{layers, "low:\nold:\n"}, {"src/low/a.hpp", ""}},
       "there is no folder src/old"},
      {"layers", "no_table", {{"README.md", ""}}, "is missing"},
      {"layers",
       "sub_folder_is_its_own",
       {{layers, "isa/bpf:\nisa:\n"},
        {"src/isa/bpf/a.hpp", ""},
        {"src/isa/b.hpp", "#include \"isa/bpf/a.hpp\"\n"}},
       "isa may not include isa/bpf"},
      {"cycles",
       "files",
       {{"src/a/x.hpp", "#include \"a/y.hpp\"\n"}, {"src/a/y.hpp", "#include \"a/x.hpp\"\n"}},
       "src/a/x.hpp -> src/a/y.hpp -> src/a/x.hpp"},
      {"cycles",
       "folders",
       {{"src/a/x.hpp", "#include \"b/x.hpp\"\n"},
        {"src/b/x.hpp", ""},
        {"src/b/y.hpp", "#include \"a/y.hpp\"\n"},
        {"src/a/y.hpp", ""}},
       "src/a -> src/b -> src/a"},
      {"cycles",
       "diamond",
       {{"src/a/x.hpp", "#include \"b/x.hpp\"\n#include \"c/x.hpp\"\n"},
        {"src/c/x.hpp", ""},
        {"src/b/x.hpp", "#include \"c/x.hpp\"\n"}},
       ""},
  };
}

std::vector<Sample> limit_samples() {
  return {
      {"file_length", "short_enough", {{"src/a.cpp", repeated("\n", 600)}}, ""},
      {"file_length",
       "too_long",
       {{"src/a.cpp", repeated("\n", 601)}},
       "601 lines, the limit is 600"},
      {"file_length",
       "excused",
       {{"src/a.cpp", repeated("\n", 999)},
        {"tests/tidy/long_files.txt", "src/a.cpp: one table\n"}},
       ""},
      {"file_length",
       "beyond_excuse",
       {{"src/a.cpp", repeated("\n", 1001)},
        {"tests/tidy/long_files.txt", "src/a.cpp: one table\n"}},
       "1001 lines, the limit is 1000"},
      {"file_length",
       "unneeded_excuse",
       {{"src/a.cpp", "\n"}, {"tests/tidy/long_files.txt", "src/a.cpp: one table\n"}},
       "src/a.cpp needs no excuse"},
      {"file_length",
       "excuse_without_reason",
       {{"tests/tidy/long_files.txt", "src/a.cpp\n"}},
       "expected `path: reason`"},
      {"file_length", "table", {{"src/a.def", repeated("\n", 2000)}}, ""},
      {"function_length",
       "too_long",
       {{"src/a.cpp", long_function}},
       "a function of 72 lines, the limit is 70: int f(int x)"},
      {"function_length",
       "in_class",
       {{"src/a.hpp", "struct S {\n  bool ready{};\n\n public:\n  " + long_function + "};\n"}},
       "a function of 72 lines"},
      {"function_length",
       "initialiser",
       {{"src/a.cpp", "constexpr int rows[] = {\n" + repeated("  1,\n", 200) + "};\n"}},
       ""},
      {"function_length",
       "class_of_many",
       {{"src/a.hpp",
         "class S final : Base<int> {\n" + repeated("  int f() { return 1; }\n", 200) + "};\n"}},
       ""},
      {"line_width", "wide", {{"src/a.cpp", repeated("x", 101) + "\n"}}, "101 columns"},
      {"line_width", "not_latin", {{"src/a.cpp", repeated("é", 100) + "\n"}}, ""},
      {"line_width",
       "fenced",
       {{"src/a.cpp", "// clang-format off\n" + repeated("x", 101) + "\n// clang-format on\n"}},
       ""},
      {"line_width",
       "after_fence",
       {{"src/a.cpp", "// clang-format off\n// clang-format on\n" + repeated("x", 101) + "\n"}},
       "101 columns"},
  };
}

std::vector<Sample> opening_samples() {
  return {
      {"openings",
       "good",
       {{"src/a.cpp", opening}, {"src/CMakeLists.txt", "# SPDX-License-Identifier: Apache-2.0\n"}},
       ""},
      {"openings",
       "no_licence",
       {{"src/a.cpp", "// One.\n// Two.\n// Three.\n"}},
       "the first line must be"},
      {"openings",
       "no_comment",
       {{"src/a.cpp", "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n"}},
       "opens with 0 lines of comment"},
      {"openings",
       "beside_its_header",
       {{"src/a.hpp", opening}, {"src/a.cpp", opening.substr(0, opening.size() - 8)}},
       ""},
      {"openings",
       "test_of_one_line",
       {{"tests/a_test.cpp", opening.substr(0, opening.size() - 8)}},
       ""},
      {"openings",
       "header_of_one_line",
       {{"src/a.hpp", opening.substr(0, opening.size() - 8)}},
       "opens with 1 lines of comment"},
      {"openings",
       "block",
       {{"include/a.h",
         "/* SPDX-License-Identifier: Apache-2.0 */\n/*\n * One.\n *\n * Two.\n */\n"}},
       ""},
      {"openings",
       "short_block",
       {{"include/a.h", "/* SPDX-License-Identifier: Apache-2.0 */\n/* One. */\nint x;\n"}},
       "opens with 1 lines of comment"},
      {"openings",
       "essay",
       {{"src/a.cpp", opening + repeated("// More.\n", 14)}},
       "opens with 16 lines"},
      {"openings",
       "script",
       {{"tests/x.sh", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\necho\n"}},
       "opens with 0 lines of comment"},
  };
}

std::vector<Sample> word_samples() {
  return {
      {"file_names", "bare", {{"src/a/utils.hpp", opening}}, "`utils` says nothing"},
      {"file_names", "suffix", {{"src/a/text_helpers.cpp", opening}}, "`helpers` says nothing"},
      {"file_names", "helper_table", {{"src/program/helper.hpp", opening}}, ""},
      {"words",
       "machine_path",
       {{"docs/a.md",
         "see /wo"
         "rk/notes\n"}},
       "names a path of one machine"},
      {"words",
       "person",
       {{"a.sh",
         "cd /ho"
         "me/ann\n"}},
       "names a path of one machine"},
      {"words",
       "address",
       {{"docs/a.md",
         "https://example.org/ho"
         "me/x and ${HOME}/ho"
         "me\n"}},
       ""},
      {"words",
       "reminder",
       {{"src/a.cpp",
         "// TO"
         "DO: later\n"}},
       "needs an issue number"},
      {"words",
       "numbered_reminder",
       {{"src/a.cpp",
         "// TO"
         "DO(#12): later\n"}},
       ""},
  };
}

std::vector<Sample> document_samples() {
  return {
      {"doc_paths",
       "dead_path",
       {{"docs/a.md", "see `src/gone.cpp`\n"}},
       "there is no `src/gone.cpp`"},
      {"doc_paths", "dead_link", {{"docs/a.md", "[x](b.md)\n"}}, "a link to `docs/b.md`"},
      {"doc_paths",
       "live",
       {{"docs/a.md",
         "`src/x/y.cpp`, `x/y.cpp`, `src/x/`, [y](../src/x/y.cpp#part), [w](https://x.org)\n"
         "```\n`src/gone.cpp`\n```\n`build/release/bin/x` `a/b c` `u8/*`\n"},
        {"src/x/y.cpp", ""}},
       ""},
      {"changelog", "missing", {{"README.md", ""}}, "is missing"},
      {"changelog",
       "good",
       {{"CHANGELOG.md", changelog + "### Soundness\n\n- One\n  goes on.\n\n### Added\n\n- Two.\n\n"
                                     "## [0.1.0] - 2026-01-02\n\n### Soundness\n\n- Three.\n"}},
       ""},
      {"changelog",
       "no_title",
       {{"CHANGELOG.md", "# News\n## [Unreleased]\n"}},
       "must open `# Changelog`"},
      {"changelog", "no_release", {{"CHANGELOG.md", "# Changelog\n"}}, "has no release"},
      {"changelog", "release", {{"CHANGELOG.md", "# Changelog\n## 1.0\n"}}, "expected `## [1.2.3]"},
      {"changelog",
       "order",
       {{"CHANGELOG.md", changelog + "### Added\n- A.\n### Soundness\n- B.\n"}},
       "`Soundness` stands too late"},
      {"changelog",
       "unknown",
       {{"CHANGELOG.md", changelog + "### News\n- A.\n"}},
       "unknown section `News`"},
      {"changelog", "empty", {{"CHANGELOG.md", changelog + "### Added\n"}}, "an empty section"},
      {"changelog",
       "prose",
       {{"CHANGELOG.md", changelog + "### Added\nWords.\n- A.\n"}},
       "expected an entry"},
      {"decisions",
       "good",
       {{"docs/adr/README.md", "- [One](0001-one.md)\n"},
        {"docs/adr/0001-one.md", "# 0001. One\n"}},
       ""},
      {"decisions", "no_index", {{"docs/adr/0001-one.md", "# 0001. One\n"}}, "is missing"},
      {"decisions",
       "not_listed",
       {{"docs/adr/README.md", "nothing\n"}, {"docs/adr/0001-one.md", "# 0001. One\n"}},
       "does not list docs/adr/0001-one.md"},
      {"decisions",
       "title",
       {{"docs/adr/README.md", "[x](0001-one.md)\n"}, {"docs/adr/0001-one.md", "# One\n"}},
       "the title must open `# 0001. `"},
      {"decisions",
       "name",
       {{"docs/adr/README.md", ""}, {"docs/adr/one.md", "# One\n"}},
       "is called NNNN-words.md"},
      {"decisions",
       "number",
       {{"docs/adr/README.md", "[a](0001-a.md) [b](0001-b.md)\n"},
        {"docs/adr/0001-a.md", "# 0001. A\n"},
        {"docs/adr/0001-b.md", "# 0001. B\n"}},
       "its number is taken"},
      {"folder_readmes", "missing", {{"src/a/a.hpp", opening}}, "run `make format`"},
      {"folder_readmes",
       "outdated",
       {{"src/a/a.hpp", opening}, {"src/a/README.md", "# `a`\n"}},
       "run `make format`"},
  };
}

std::vector<Sample> all_samples() {
  std::vector<Sample> all;
  for (auto samples :
       {layer_samples(), limit_samples(), opening_samples(), word_samples(), document_samples()}) {
    all.insert(all.end(), samples.begin(), samples.end());
  }
  return all;
}

class BadSample : public testing::TestWithParam<Sample> {};

TEST_P(BadSample, is_judged) {
  const Sample& sample = GetParam();
  Tree tree;
  for (const auto& [path, text] : sample.files) tree.add(path, text);
  for (const Check& check : all_checks()) {
    if (check.name != sample.check) continue;
    const Problems problems = check.run(tree);
    if (sample.message.empty()) {
      EXPECT_TRUE(problems.empty()) << problems[0].path << ": " << problems[0].what;
      return;
    }
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].what.find(sample.message), std::string::npos) << problems[0].what;
    return;
  }
  FAIL() << "no check is called " << sample.check;
}

std::string name_of(const testing::TestParamInfo<Sample>& row) {
  return std::string(row.param.check) + "_" + std::string(row.param.name);
}

INSTANTIATE_TEST_SUITE_P(tidy, BadSample, testing::ValuesIn(all_samples()), name_of);

TEST(Samples, every_check_can_fail) {
  const std::vector<Sample> samples = all_samples();
  for (const Check& check : all_checks()) {
    bool fails = false;
    for (const Sample& sample : samples) {
      fails = fails || (sample.check == check.name && !sample.message.empty());
    }
    EXPECT_TRUE(fails) << check.name << " has no bad sample";
  }
}

TEST(FolderReadme, is_accepted_once_written) {
  Tree tree;
  tree.add("src/a/b.cpp", opening);
  tree.add("src/a/a.hpp", opening + repeated("// word word word word word word.\n", 5));
  const std::vector<FolderReadme> readmes = make_folder_readmes(tree);
  ASSERT_EQ(readmes.size(), 1u);
  EXPECT_EQ(readmes[0].path, "src/a/README.md");
  EXPECT_LT(readmes[0].text.find("a.hpp"), readmes[0].text.find("b.cpp"));
  EXPECT_NE(readmes[0].text.find("- **b.cpp**: One. Two.\n"), std::string::npos);
  tree.add(readmes[0].path, readmes[0].text);
  EXPECT_TRUE(check_folder_readmes(tree).empty());
}

std::vector<std::string> split(std::string_view text) {
  Tree tree;
  tree.add("x", text);
  return tree.files()[0].lines;
}

TEST(Scan, blanks_what_may_hold_braces) {
  const auto lines =
      blanked(split("a \"{\\\"{\" b // {\n"
                    "c '{' 1'000 /* {\n"
                    "{ */ d R\"x({\n"
                    ")\" {)x\" e\n"
                    "#define F {\\\n"
                    "{\n"
                    "f\n"));
  const auto wanted = split(
      "a        b     \n"
      "c     1'000     \n"
      "     d      \n"
      "        e\n"
      "            \n"
      " \n"
      "f\n");
  EXPECT_EQ(lines, wanted);
}

TEST(Scan, finds_functions_of_every_kind) {
  const auto functions = find_functions(
      split("namespace n {\n"
            "template <class T, int N = (3)>\nT first(T x) {\n  if (x) {\n  }\n}\n"
            "enum class E : int { a, b };\n"
            "struct S {\n private:\n  struct In { int v{}; };\n  S() : v_{1}, w_(2) {\n  }\n"
            "  bool operator==(const S&) const { return true; }\n  int v_ = 1;\n};\n"
            "const auto f = [](int x) {\n};\n"
            "extern \"C\" {\nint third(void) { return 0; }\n}\n"
            "std::array<int, 2> table{{1, 2}};\n"
            "}  // namespace n\n"));
  std::vector<std::pair<std::size_t, std::size_t>> lines;
  for (const Function& function : functions)
    lines.emplace_back(function.first_line, function.last_line);
  const std::vector<std::pair<std::size_t, std::size_t>> wanted = {
      {2, 6}, {11, 12}, {13, 13}, {16, 17}, {19, 19}};
  EXPECT_EQ(lines, wanted);
}

}  // namespace
}  // namespace probity::tidy
