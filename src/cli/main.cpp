// SPDX-License-Identifier: Apache-2.0
// The process around `run_command`: a memory limit, a broken pipe that is no crash, and a panic
// that ends with status 70 and one line instead of a stack trace.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "base/check.hpp"
#include "cli/verb.hpp"
#include "report/file.hpp"

namespace probity {

void panic(const char* what, const char* file, int line) {
  std::fprintf(stderr, "probity: internal error: %s at %s:%d; please report this\n", what, file,
               line);
  std::fflush(stderr);
  std::_Exit(static_cast<int>(cli::Outcome::bug));
}

}  // namespace probity

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool limits_memory = false;  // the sanitizer reserves its shadow memory as data
#elif defined(__has_feature)
constexpr bool limits_memory = !__has_feature(address_sanitizer);
#else
constexpr bool limits_memory = true;
#endif
constexpr rlim_t memory_limit_bytes = rlim_t{1} << 30;

[[noreturn]] void end_with_bug() {
  probity::panic("uncaught exception", "main", 0);
}

void limit_memory() {
  rlimit limit{};
  if (!limits_memory || getrlimit(RLIMIT_DATA, &limit) != 0) return;
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= memory_limit_bytes) return;
  limit.rlim_cur = memory_limit_bytes;
  setrlimit(RLIMIT_DATA,
            &limit);  // a backstop: the sizes of inputs are checked before memory is taken
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(end_with_bug);
  std::signal(SIGPIPE, SIG_IGN);
  limit_memory();
  const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  const bool terminal = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  const probity::report::Color color =
      terminal ? probity::report::Color::yes : probity::report::Color::no;
  const probity::cli::Printed printed = probity::cli::run_command(words, color);
  const auto written = probity::report::write_all(STDOUT_FILENO, printed.out);
  if (!printed.err.empty() && !probity::report::write_all(STDERR_FILENO, printed.err)) {
    return printed.status;  // nowhere left to say it
  }
  if (!written) {
    std::fprintf(stderr, "probity: standard output: %s\n",
                 std::string(written.error().line()).c_str());
    return static_cast<int>(probity::cli::Outcome::bad_input);
  }
  return printed.status;
}
