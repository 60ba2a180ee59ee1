// SPDX-License-Identifier: Apache-2.0
// The parent never blocks without a deadline: it polls the pipe, and kills exactly the child it
// started.
#include "solver/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "solver/stopwatch.hpp"

namespace probity::solver {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

std::unexpected<Diagnostic> system_error(std::string_view what, int number) {
  return error(Fault::system, std::string(what) + ": " + std::strerror(number));
}

Expected<void> write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("write to a memory file", errno);
    text.remove_prefix(std::size_t(count));
  }
  if (::lseek(descriptor, 0, SEEK_SET) != 0) return system_error("seek in a memory file", errno);
  return {};
}

Expected<pid_t> spawn(const std::string& path, std::span<const std::string> arguments, int input,
                      int output) {
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int failed = posix_spawn(&child, path.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return system_error(path, failed);
  return child;
}

void limit_child(pid_t child, const ProcessLimits& limits) {
  const rlimit memory{limits.memory_bytes, limits.memory_bytes};
  const rlim_t seconds = limits.wall_ms / 1000 + 1;
  const rlimit cpu{seconds, seconds + 1};
  // A child that has already ended cannot be limited; that is no error.
  prlimit(child, RLIMIT_AS, &memory, nullptr);
  prlimit(child, RLIMIT_CPU, &cpu, nullptr);
}

/// Reads until the end of the output or a limit; answers which.
ProcessResult::End read_output(int descriptor, const ProcessLimits& limits, std::string& output) {
  const WallClock wall;
  std::array<char, 65536> buffer;
  while (true) {
    const std::uint32_t elapsed = wall.milliseconds();
    if (elapsed >= limits.wall_ms) return ProcessResult::End::wall_limit;
    pollfd wait{descriptor, POLLIN, 0};
    const int ready = ::poll(&wait, 1, int(limits.wall_ms - elapsed));
    if (ready < 0 && errno != EINTR) return ProcessResult::End::wall_limit;
    if (ready <= 0) continue;
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ProcessResult::End::exited;
    output.append(buffer.data(), std::size_t(count));
    if (output.size() > limits.output_bytes) return ProcessResult::End::output_limit;
  }
}

}  // namespace

Expected<ProcessResult> run_process(const std::string& path, std::span<const std::string> arguments,
                                    std::string_view input, const ProcessLimits& limits) {
  Descriptor text(::memfd_create("probity-query", MFD_CLOEXEC));
  if (text.number() < 0) return system_error("memfd_create", errno);
  TRY(write_all(text.number(), input));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe2", errno);
  Descriptor from_child(ends[0]), to_parent(ends[1]);
  TRY(const pid_t child, spawn(path, arguments, text.number(), to_parent.number()));
  limit_child(child, limits);
  to_parent.close();
  ProcessResult result;
  result.end = read_output(from_child.number(), limits, result.output);
  if (result.end != ProcessResult::End::exited) ::kill(child, SIGKILL);
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) return system_error("wait4", errno);
  }
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  result.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  if (result.end == ProcessResult::End::exited && !WIFEXITED(status)) {
    result.end = ProcessResult::End::signalled;
  }
  return result;
}

std::string find_on_path(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    std::string candidate(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (candidate.empty()) continue;
    candidate.append("/").append(name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace probity::solver
