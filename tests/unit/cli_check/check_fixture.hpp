// SPDX-License-Identifier: Apache-2.0
// What the tests of `check` and of what it writes share: the example firewall and its twin, a
// folder of their own for each test, and the members of the JSON that a command prints.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "report/json.hpp"

namespace probity::cli {

namespace fs = std::filesystem;
using report::Json;

inline const std::string good = std::string(CHECK_OBJECTS) + "/firewall.o";
inline const std::string bad = std::string(CHECK_OBJECTS) + "/firewall_bug.o";

inline Printed command(const std::vector<std::string>& words) {
  const std::vector<std::string_view> all(words.begin(), words.end());
  return run_command(all, report::Color::no);
}

inline Printed check(const std::vector<std::string>& words) {
  std::vector<std::string_view> all = {"check"};
  all.insert(all.end(), words.begin(), words.end());
  return run_command(all, report::Color::no);
}

inline Json json_of(const Printed& printed) {
  const auto json = report::parse_json(printed.out, "output");
  EXPECT_TRUE(json) << printed.out;
  return json ? *json : Json();
}

inline const Json& member(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* at = &json;
  for (const std::string_view key : path) {
    at = at->find(key);
    if (at == nullptr) {
      ADD_FAILURE() << "no member " << key;
      return json;
    }
  }
  return *at;
}

inline std::string text(const Json& json, std::initializer_list<std::string_view> path) {
  const auto* found = member(json, path).get<std::string>();
  return found != nullptr ? *found : "";
}
inline std::uint64_t number(const Json& json, std::initializer_list<std::string_view> path) {
  const auto* found = member(json, path).get<std::uint64_t>();
  return found != nullptr ? *found : ~std::uint64_t{0};
}

class Check : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(good)) GTEST_SKIP() << "no clang that targets BPF: " << good << " is absent";
    setenv("PROBITY_CACHE", "off", 1);
    folder_ = fs::path(testing::TempDir()) /
              (std::string("probity_check_") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  fs::path folder_;
};

}  // namespace probity::cli
