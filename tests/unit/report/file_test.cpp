// SPDX-License-Identifier: Apache-2.0
// Input under a limit, output whole or not at all, and writing to a pipe that nobody reads:
// what every command does with its files.
#include "report/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace probity::report {
namespace {

std::string fresh_folder() {
  std::string path = testing::TempDir() + "/probity_file_XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

TEST(File, ReadsBackWhatWasWrittenAndLeavesNothingElse) {
  const std::string folder = fresh_folder();
  ASSERT_TRUE(write_file_atomically(folder + "/a", "one"));
  ASSERT_TRUE(write_file_atomically(folder + "/a", "two"));
  EXPECT_EQ(read_input_text(folder + "/a", 3).value(), "two");
  const std::filesystem::directory_iterator entries(folder);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST(File, LargerThanTheLimitIsRefusedWithTheLimit) {
  const std::string path = fresh_folder() + "/a";
  ASSERT_TRUE(write_file_atomically(path, "four"));
  const Expected<std::string> text = read_input_text(path, 3);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().fault(), Fault::bad_input);
  EXPECT_EQ(text.error().line(), path + ": input is larger than the limit of 3 bytes");
}

TEST(File, EndlessInputIsRefusedAtTheLimit) {
  const auto bytes = read_input("/dev/zero", 1000);
  ASSERT_FALSE(bytes);
  EXPECT_NE(bytes.error().line().find("limit of 1000 bytes"), std::string_view::npos);
}

TEST(File, FoldersAndMissingFilesAreNamed) {
  EXPECT_EQ(read_input("/", 10).error().line(), "/: is a directory, not a file");
  EXPECT_TRUE(read_input("/no/such", 10).error().line().starts_with("/no/such: cannot open: "));
}

TEST(File, FailedWriteLeavesTheOldFile) {
  const Expected<void> written = write_file_atomically("/no/such/folder/file", "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().fault(), Fault::system);
}

TEST(File, SymbolicLinksStayLinks) {
  const std::string folder = fresh_folder();
  ASSERT_TRUE(write_file_atomically(folder + "/target", "old"));
  std::filesystem::create_symlink("target", folder + "/link");
  ASSERT_TRUE(write_file_atomically(folder + "/link", "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder + "/link"));
  EXPECT_EQ(read_input_text(folder + "/target", 3).value(), "new");
}

TEST(File, PipesAreWrittenToAndNotReplaced) {
  const std::string path = fresh_folder() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(write_file_atomically(path, "abc"));
  char text[4] = {};
  EXPECT_EQ(read(reader, text, sizeof text), 3);
  EXPECT_STREQ(text, "abc");
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  close(reader);
}

TEST(File, FoldersAreNotReplaced) {
  const std::string folder = fresh_folder();
  const Expected<void> written = write_file_atomically(folder, "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().line(), folder + ": is a directory, not a file");
}

TEST(File, ClosedPipeIsNoError) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_TRUE(write_all(ends[1], std::string(100'000, 'x')));
  close(ends[1]);
}

}  // namespace
}  // namespace probity::report
