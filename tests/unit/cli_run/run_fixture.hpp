// SPDX-License-Identifier: Apache-2.0
// What the tests of `probity run` share: the command called in process, and a folder of files that
// is each test's own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/verb.hpp"

namespace probity::cli {

class RunCommand : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(testing::TempDir()) / (std::string("probity_run_") + test->name());
    std::filesystem::create_directories(folder_);
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);  // so that messages show short names
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  /// Writes a file into the test's folder; answers its name.
  std::string write(const std::string& name, const std::string& contents) const {
    std::ofstream(name, std::ios::binary) << contents;
    return name;
  }
  std::string read(const std::string& name) const {
    std::ostringstream contents;
    contents << std::ifstream(name, std::ios::binary).rdbuf();
    return contents.str();
  }

  /// Runs `probity run WORDS`.
  Printed run(const std::vector<std::string>& words) const {
    std::vector<std::string_view> all = {"run"};
    all.insert(all.end(), words.begin(), words.end());
    return run_command(all, report::Color::no);
  }

 private:
  std::filesystem::path folder_;
  std::filesystem::path before_;
};

}  // namespace probity::cli
