// SPDX-License-Identifier: Apache-2.0
// access(2) answers with the rights that the process has, read-only file systems included; root has
// them everywhere, so a file without a name is made to see whether the file system takes it.
#include "cli/file_name.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace probity::cli {
namespace {

namespace fs = std::filesystem;

std::unexpected<Diagnostic> refuse(std::string_view flag, const std::string& path,
                                   std::string_view why) {
  return error(Fault::system, fmt::format("{} {}: {}", flag, path, why));
}

/// Makes a file in the folder that no one sees, or one that is removed at once; errno, or 0.
int try_to_create_in(const std::string& folder) {
  constexpr int mode = 0600;
  int fd = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) {
    std::string name = (fs::path(folder) / ".probity.XXXXXX").string();
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) return errno;
    ::unlink(name.c_str());
  }
  ::close(fd);
  return 0;
}

}  // namespace

std::string file_name(std::string_view name) {
  constexpr std::size_t longest = 100;
  std::string safe(name.substr(0, longest));
  for (char& c : safe) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '_' && c != '.' && c != '-') c = '_';
  }
  return safe;
}

Expected<void> require_writable_folder(std::string_view flag, const std::string& path) {
  std::error_code problem;
  if (!fs::is_directory(path, problem)) return refuse(flag, path, "not a folder");
  if (::access(path.c_str(), W_OK | X_OK) != 0) return refuse(flag, path, ::strerror(errno));
  if (const int problem_number = try_to_create_in(path); problem_number != 0)
    return refuse(flag, path, ::strerror(problem_number));
  return {};
}

Expected<void> require_writable_file(std::string_view flag, const std::string& path) {
  if (path.empty()) return {};
  std::error_code problem;
  if (fs::is_directory(path, problem)) return refuse(flag, path, "is a folder");
  if (fs::exists(path, problem) && ::access(path.c_str(), W_OK) != 0) {
    return refuse(flag, path, ::strerror(errno));
  }
  if (fs::is_symlink(path, problem) && !fs::exists(path, problem))
    return refuse(flag, path, "is a symbolic link to a file that is not there");
  // What is no regular file is written to as it is: a device, a pipe.
  if (fs::exists(path, problem) && !fs::is_regular_file(path, problem)) return {};
  const fs::path parent = fs::path(path).parent_path();
  return require_writable_folder(flag, parent.empty() ? "." : parent.string());
}

Expected<void> make_writable_folder(std::string_view flag, const std::string& path) {
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) return refuse(flag, path, problem.message());
  return require_writable_folder(flag, path);
}

}  // namespace probity::cli
