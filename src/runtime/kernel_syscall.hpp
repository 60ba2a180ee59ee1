// SPDX-License-Identifier: Apache-2.0
// The few system calls of the live-kernel engine, wrapped: an owned file descriptor, bpf(2), and
// the pin to one CPU that makes per-CPU maps and BPF_PROG_TEST_RUN repeatable. Source: linux/bpf.h,
// bpf(2). libbpf is not used to load: its version 1.0 and later refuse legacy `maps` sections.
#pragma once

#include <linux/bpf.h>
#include <sched.h>

#include <string>
#include <utility>

#include "base/diagnostic.hpp"

namespace probity::runtime {

/// A file descriptor that closes itself; -1 is none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int value) : value_(value) {}
  Fd(Fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

/// "EINVAL (22): Invalid argument".
std::string errno_text(int error_number);

/// bpf(2): the non-negative result, or minus errno. EAGAIN of a program load is tried again.
int bpf_call(bpf_cmd command, bpf_attr& attr);

/// A pointer as the kernel's attributes carry it.
inline __aligned_u64 attr_pointer(const void* pointer) {
  return static_cast<__u64>(reinterpret_cast<std::uintptr_t>(pointer));
}

/// The calling thread runs on CPU 0 only while this lives.
class PinnedToCpu0 {
 public:
  static Expected<PinnedToCpu0> pin();
  PinnedToCpu0(PinnedToCpu0&& other) noexcept;
  PinnedToCpu0(const PinnedToCpu0&) = delete;
  PinnedToCpu0& operator=(const PinnedToCpu0&) = delete;
  ~PinnedToCpu0();

 private:
  explicit PinnedToCpu0(const cpu_set_t& before) : before_(before) {}
  cpu_set_t before_;
  bool active_ = true;
};

/// How many values a per-CPU map keeps for a key; 0 when /sys does not say.
unsigned possible_cpu_count();

}  // namespace probity::runtime
