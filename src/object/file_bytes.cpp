// SPDX-License-Identifier: Apache-2.0
// Reading to the end rather than by size: pipes have none, and files of /proc say 0. A size that
// is known saves the copies of a growing buffer.
#include "object/file_bytes.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "object/limits.hpp"

namespace probity::object {
namespace {

constexpr std::size_t chunk_bytes = 1 << 16;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::size_t expected_size(std::FILE* file) {
  struct stat status{};
  if (fstat(fileno(file), &status) != 0 || status.st_size < 0) return 0;
  return std::min<std::uint64_t>(static_cast<std::uint64_t>(status.st_size), limits::file_bytes);
}

}  // namespace

Expected<std::vector<std::uint8_t>> read_file_bytes(const std::string& path) {
  const bool standard_input = path == "-";
  const std::unique_ptr<std::FILE, FileCloser> file(
      standard_input ? nullptr : std::fopen(path.c_str(), "rb"));
  std::FILE* stream = standard_input ? stdin : file.get();
  if (stream == nullptr)
    return error(Fault::bad_input,
                 fmt::format("{}: cannot be opened: {}", path, std::strerror(errno)));
  std::vector<std::uint8_t> bytes(expected_size(stream) + chunk_bytes);
  std::size_t size = 0;
  for (std::size_t got = 1; got != 0; size += got) {
    if (size > limits::file_bytes)
      return error(Fault::bad_input,
                   fmt::format("{}: more than the limit of {} bytes", path, limits::file_bytes));
    if (size == bytes.size()) bytes.resize(2 * bytes.size());
    got = std::fread(bytes.data() + size, 1, bytes.size() - size, stream);
  }
  if (std::ferror(stream) != 0)
    return error(Fault::bad_input,
                 fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  bytes.resize(size);
  return bytes;
}

}  // namespace probity::object
