// SPDX-License-Identifier: Apache-2.0
// Wrapped system calls: every error keeps its errno, so that a message can name it, and every file
// descriptor has an owner that closes it.
#include "runtime/kernel_syscall.hpp"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace probity::runtime {

namespace {
/// The kernel answers EAGAIN when a signal interrupts the verifier.
constexpr int max_load_attempts = 5;
}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (value_ >= 0) ::close(value_);
    value_ = std::exchange(other.value_, -1);
  }
  return *this;
}

Fd::~Fd() {
  if (value_ >= 0) ::close(value_);
}

std::string errno_text(int error_number) {
  const char* symbol = ::strerrorname_np(error_number);
  const char* meaning = ::strerrordesc_np(error_number);
  return fmt::format("{} ({}): {}", symbol ? symbol : "errno", error_number,
                     meaning ? meaning : "unknown");
}

int bpf_call(bpf_cmd command, bpf_attr& attr) {
  for (int attempt = 1;; ++attempt) {
    const long result = ::syscall(__NR_bpf, command, &attr, sizeof attr);
    if (result >= 0) return static_cast<int>(result);
    const int reason = errno;
    const bool again = command == BPF_PROG_LOAD && reason == EAGAIN && attempt < max_load_attempts;
    if (!again) return -reason;
  }
}

Expected<PinnedToCpu0> PinnedToCpu0::pin() {
  cpu_set_t before;
  CPU_ZERO(&before);
  if (::sched_getaffinity(0, sizeof before, &before) != 0) {
    return error(Fault::system, fmt::format("sched_getaffinity: {}", errno_text(errno)));
  }
  cpu_set_t only_cpu0;
  CPU_ZERO(&only_cpu0);
  CPU_SET(0, &only_cpu0);
  if (::sched_setaffinity(0, sizeof only_cpu0, &only_cpu0) != 0) {
    return error(Fault::system, fmt::format("sched_setaffinity to CPU 0: {}", errno_text(errno)));
  }
  return PinnedToCpu0(before);
}

PinnedToCpu0::PinnedToCpu0(PinnedToCpu0&& other) noexcept
    : before_(other.before_), active_(std::exchange(other.active_, false)) {}

PinnedToCpu0::~PinnedToCpu0() {
  if (active_) ::sched_setaffinity(0, sizeof before_, &before_);
}

unsigned possible_cpu_count() {
  const int count = ::libbpf_num_possible_cpus();
  return count > 0 ? static_cast<unsigned>(count) : 0;
}

}  // namespace probity::runtime
