// SPDX-License-Identifier: Apache-2.0
// NetworkSandbox: a network namespace of our own, with only lo, in which programs are loaded and
// test-run. A run with another ingress_ifindex than 1 needs a device of that number: a veth pair is
// made here and nowhere else. The namespace lives as long as the sandbox's file descriptor, so
// nothing is left behind even when the process is killed. Entering changes only the calling thread.
// Source: namespaces(7), rtnetlink(7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "runtime/kernel_syscall.hpp"

namespace probity::runtime {

/// Where programs are loaded and run: in a namespace of their own, or in the one of the process.
enum class NetworkChoice : std::uint8_t { fresh, host };

/// A device to be made: one end of a veth pair; the other end is named after it.
struct NamedInterface {
  std::string name;
  std::uint32_t ifindex = 0;
};
constexpr std::size_t max_interface_name = 11;  ///< bytes; the far end's name is longer
constexpr std::size_t max_named_interfaces = 64;

class NetworkSandbox {
 public:
  /// The calling thread is inside the sandbox while this lives, then back where it was.
  class Inside {
   public:
    Inside(Inside&&) = default;
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside();

   private:
    friend class NetworkSandbox;
    explicit Inside(Fd before) : before_(std::move(before)) {}
    Fd before_;  // the namespace to return to
  };

  /// A fresh namespace with lo up; the calling thread is outside again afterwards. Needs root.
  static Expected<NetworkSandbox> create();
  /// No sandbox: entering changes nothing, and devices must exist already.
  static NetworkSandbox host() { return NetworkSandbox(Fd{}); }

  Expected<Inside> enter() const;

  /// Makes a device of that name and ifindex. Errors: a name or number that is taken or too large;
  /// Fault::unsupported outside a sandbox.
  Expected<void> make_interface(const NamedInterface& wanted);

  /// Makes sure that a device with this ifindex and at least `rx_queue_count` receive queues
  /// exists.
  Expected<void> ensure_interface(std::uint32_t ifindex, std::uint32_t rx_queue_count);

 private:
  struct Device {
    std::uint32_t ifindex = 0;
    std::uint32_t rx_queue_count = 0;
  };
  Expected<void> make_pair(const NamedInterface& wanted, std::uint32_t rx_queue_count);
  explicit NetworkSandbox(Fd space) : space_(std::move(space)) {}

  Fd space_;
  std::vector<Device> devices_{{1, 1}};
};

}  // namespace probity::runtime
