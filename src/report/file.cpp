// SPDX-License-Identifier: Apache-2.0
// Files through plain POSIX calls: read() into a buffer that grows only as far as the limit allows,
// so a device or a pipe that never ends is refused like a file that is too large.
#include "report/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace probity::report {
namespace {

/// Closes a descriptor at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ > STDERR_FILENO) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<Diagnostic> system_error(Fault fault, const std::string& path,
                                         std::string_view what) {
  const std::string line = path + ": " + std::string(what) + ": " + std::strerror(errno);
  return error(fault, line);
}

std::unexpected<Diagnostic> too_large(const std::string& path, std::uint64_t limit_bytes) {
  return error(Fault::bad_input, path + ": input is larger than the limit of " +
                                     std::to_string(limit_bytes) + " bytes");
}

Expected<void> fill(int descriptor, const std::string& path, std::string_view contents) {
  if (const Expected<void> written = write_all(descriptor, contents); !written) {
    return std::unexpected(written.error().at(path));
  }
  if (fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP)
    return system_error(Fault::system, path, "cannot write");
  return {};
}

struct Freer {
  void operator()(char* text) const { std::free(text); }
};

/// Where `path` leads after its symbolic links; itself when there is nothing yet.
std::string link_target(const std::string& path) {
  const std::unique_ptr<char, Freer> resolved(realpath(path.c_str(), nullptr));
  return resolved ? std::string(resolved.get()) : path;
}

/// For devices, pipes and sockets: a rename would put a plain file in their place.
Expected<void> write_in_place(const std::string& path, std::string_view contents) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.number() < 0) return system_error(Fault::system, path, "cannot open");
  return fill(file.number(), path, contents);
}

Expected<void> write_and_rename(const std::string& path, mode_t mode, std::string_view contents) {
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(mkstemp(temporary.data()));
  if (file.number() < 0) return system_error(Fault::system, path, "cannot create");
  Expected<void> written = fill(file.number(), path, contents);
  if (written && fchmod(file.number(), mode) != 0) {
    written = system_error(Fault::system, path, "cannot set the mode of");
  }
  if (written && rename(temporary.c_str(), path.c_str()) != 0) {
    written = system_error(Fault::system, path, "cannot replace");
  }
  if (!written) unlink(temporary.c_str());
  return written;
}

}  // namespace

Expected<std::vector<std::uint8_t>> read_input(const std::string& path, std::uint64_t limit_bytes) {
  const bool standard_input = path == "-";
  const Descriptor file(standard_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return system_error(Fault::bad_input, path, "cannot open");
  struct stat status {};
  if (fstat(file.number(), &status) != 0)
    return system_error(Fault::bad_input, path, "cannot read");
  if (S_ISDIR(status.st_mode))
    return error(Fault::bad_input, path + ": is a directory, not a file");
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > limit_bytes) {
    return too_large(path, limit_bytes);
  }
  std::vector<std::uint8_t> bytes;
  if (S_ISREG(status.st_mode)) bytes.reserve(static_cast<std::size_t>(status.st_size) + 1);
  std::uint8_t chunk[1 << 16];
  for (;;) {
    const ssize_t count = read(file.number(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(Fault::bad_input, path, "cannot read");
    if (count == 0) return bytes;
    bytes.insert(bytes.end(), chunk, chunk + count);
    if (bytes.size() > limit_bytes) return too_large(path, limit_bytes);
  }
}

Expected<std::string> read_input_text(const std::string& path, std::uint64_t limit_bytes) {
  TRY(const std::vector<std::uint8_t> bytes, read_input(path, limit_bytes));
  return std::string(bytes.begin(), bytes.end());
}

Expected<void> write_file_atomically(const std::string& path, std::string_view contents) {
  struct stat old {};
  if (stat(path.c_str(), &old) != 0) return write_and_rename(path, 0644, contents);
  if (S_ISDIR(old.st_mode)) return error(Fault::bad_input, path + ": is a directory, not a file");
  if (!S_ISREG(old.st_mode)) return write_in_place(path, contents);
  return write_and_rename(link_target(path), old.st_mode & 07777, contents);
}

Expected<void> write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) return {};
    if (count < 0)
      return error(Fault::system, std::string("cannot write: ") + std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace probity::report
