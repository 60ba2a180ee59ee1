// SPDX-License-Identifier: Apache-2.0
// `dump` over every object of the measured corpus, and over truncated and mutated copies of it:
// status 0 or 4, one line when 4, JSON that parses. The copies come from a fixed generator seeded
// by the object's name, so a failure repeats.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/verb.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;

fs::path objects_folder() {
  const char* corpus = std::getenv("PROBITY_CORPUS");
  return fs::path(corpus != nullptr ? corpus : "../shared/corpus") / "objects";
}

std::vector<std::string> objects() {
  std::vector<std::string> paths;
  std::error_code absent;
  for (const fs::directory_entry& entry : fs::directory_iterator(objects_folder(), absent)) {
    if (entry.path().extension() == ".o") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Printed dump(const std::string& path, std::string_view flag) {
  const std::vector<std::string_view> words = {"dump", flag, path};
  return run_command(words, report::Color::no);
}

void expect_zero_or_four(const Printed& printed, const std::string& what) {
  EXPECT_TRUE(printed.status == 0 || printed.status == 4)
      << what << " ended with " << printed.status << ": " << printed.err;
  const auto lines = std::count(printed.err.begin(), printed.err.end(), '\n');
  EXPECT_EQ(lines, printed.status == 0 ? 0 : 1) << what << ": " << printed.err;
}

class Random {
 public:
  explicit Random(const std::string& name) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  }
  std::uint64_t below(std::uint64_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % limit;
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325ull;
};

std::string mutated(std::string bytes, Random& random) {
  if (random.below(3) == 0) return bytes.substr(0, random.below(bytes.size()));
  const std::uint64_t changes = 1 + random.below(8);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const bool in_header = random.below(4) == 0;
    const std::uint64_t reach =
        in_header ? std::min<std::uint64_t>(bytes.size(), 64) : bytes.size();
    bytes[random.below(reach)] = static_cast<char>(random.below(3) == 0 ? 0xff : random.below(256));
  }
  return bytes;
}

TEST(DumpCorpus, EveryObjectEndsWithZeroOrFour) {
  const std::vector<std::string> paths = objects();
  if (paths.empty()) GTEST_SKIP() << objects_folder() << " is absent";
  std::size_t shown = 0;
  for (const std::string& path : paths) {
    const Printed printed = dump(path, "--relocations");
    expect_zero_or_four(printed, path);
    if (printed.status == 0) ++shown;
  }
  EXPECT_GE(shown, paths.size() * 98 / 100);
}

TEST(DumpCorpus, JsonParses) {
  const std::vector<std::string> paths = objects();
  if (paths.empty()) GTEST_SKIP() << objects_folder() << " is absent";
  for (std::size_t i = 0; i < paths.size(); i += 7) {
    const Printed printed = dump(paths[i], "--json");
    expect_zero_or_four(printed, paths[i]);
    EXPECT_TRUE(report::parse_json(printed.out, paths[i])) << paths[i];
  }
}

TEST(DumpCorpus, DamagedCopiesEndWithZeroOrFour) {
  const std::vector<std::string> paths = objects();
  if (paths.empty()) GTEST_SKIP() << objects_folder() << " is absent";
  constexpr int copies = 4;
  const std::string damaged = testing::TempDir() + "/probity_damaged.o";
  for (const std::string& path : paths) {
    const std::string bytes = report::read_input_text(path, report::max_input_bytes).value();
    if (bytes.empty()) continue;
    Random random(fs::path(path).filename().string());
    for (int copy = 0; copy < copies; ++copy) {
      std::ofstream(damaged, std::ios::binary) << mutated(bytes, random);
      expect_zero_or_four(dump(damaged, "--raw"), path + " copy " + std::to_string(copy));
    }
  }
}

}  // namespace
}  // namespace probity::cli
