// SPDX-License-Identifier: Apache-2.0
// What the tests of `equiv` and of `check` against another program share: compiled variants of one
// program, a folder for what a command writes, and the members of the JSON that it prints.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "report/json.hpp"

namespace probity::cli {

namespace fs = std::filesystem;
using report::Json;

inline std::string object(const std::string& name) {
  return std::string(EQUIV_OBJECTS) + "/" + name + ".o";
}

class Compared : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(object("pair"))) GTEST_SKIP() << "no clang that targets BPF";
    setenv("PROBITY_CACHE", "off", 1);
    folder_ = fs::path(testing::TempDir()) /
              (std::string("probity_equiv_") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// The command with JSON, without the kernel, writing into the test's folder.
  Printed run(std::vector<std::string> words) {
    words.insert(words.end(), {"--no-kernel", "--json", "--witness-dir", folder_.string()});
    const std::vector<std::string_view> all(words.begin(), words.end());
    return run_command(all, report::Color::no);
  }

  static Json json_of(const Printed& printed) {
    const auto json = report::parse_json(printed.out, "output");
    EXPECT_TRUE(json) << printed.out;
    return json ? *json : Json();
  }

  static std::string text(const Json& json, std::initializer_list<std::string_view> path) {
    const Json* at = &json;
    for (const std::string_view key : path) {
      at = at->find(key);
      if (at == nullptr) return "no member " + std::string(key);
    }
    const auto* found = at->get<std::string>();
    return found == nullptr ? "not text" : *found;
  }

  static Json::Array list(const Json& json, std::initializer_list<std::string_view> path) {
    const Json* at = &json;
    for (const std::string_view key : path) {
      at = at->find(key);
      if (at == nullptr) return {};
    }
    const auto* found = at->get<Json::Array>();
    return found == nullptr ? Json::Array{} : *found;
  }

  /// The finding is one difference in `observable` that the interpreter shows, and is in a file.
  void expect_shown(const Json::Array& findings, const std::string& observable) {
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(text(findings.front(), {"observable"}), observable);
    const Json::Array replays = list(findings.front(), {"replays"});
    ASSERT_FALSE(replays.empty());
    EXPECT_EQ(text(replays.front(), {"engine"}), "interp");
    EXPECT_EQ(text(replays.front(), {"outcome"}), "reproduced");
    EXPECT_TRUE(fs::exists(text(findings.front(), {"file"})));
  }

  fs::path folder_;
};

}  // namespace probity::cli
