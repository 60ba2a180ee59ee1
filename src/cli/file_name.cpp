// SPDX-License-Identifier: Apache-2.0
// access(2) answers with the rights that the process has, read-only file systems included.
#include "cli/file_name.hpp"

#include <fmt/format.h>
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
  return {};
}

Expected<void> require_writable_file(std::string_view flag, const std::string& path) {
  if (path.empty()) return {};
  std::error_code problem;
  if (fs::is_directory(path, problem)) return refuse(flag, path, "is a folder");
  if (fs::exists(path, problem) && ::access(path.c_str(), W_OK) != 0) {
    return refuse(flag, path, ::strerror(errno));
  }
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
