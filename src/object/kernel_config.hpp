// SPDX-License-Identifier: Apache-2.0
// Values of __kconfig externs: CONFIG_* lines of the kernel's configuration and libbpf's LINUX_*
// inventions, written as the C type that the object declares. Source: libbpf's
// bpf_object__process_kconfig_line and bpf_object__resolve_externs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/diagnostic.hpp"
#include "object/btf.hpp"

namespace probity::object {

/// The C types that an extern may have.
struct ConfigType {
  enum class Kind : std::uint8_t { boolean, tristate, character, integer, text } kind;
  std::uint32_t size_bytes = 0;
  bool is_signed = false;

  std::uint32_t alignment() const { return kind == Kind::text ? 1 : size_bytes; }
};

/// Nothing for types that libbpf refuses.
std::optional<ConfigType> config_type(const Btf& btf, std::uint32_t type_id);

class KernelConfig {
 public:
  /// A file of NAME=VALUE lines, plain or compressed by gzip.
  static Expected<KernelConfig> read_file(const std::string& path);
  /// /boot/config-RELEASE or /proc/config.gz, read once per process.
  static const Expected<KernelConfig>& of_running_kernel();

  /// The text after "NAME=", or nothing.
  std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::string> values_;
};

/// Writes the configuration's `text` (y, m, n, "…" or a number) as `type`; `out` has its size.
Expected<void> write_config_value(std::string_view text, const ConfigType& type,
                                  std::span<std::uint8_t> out);
/// The same for a number that does not come from a configuration.
Expected<void> write_config_number(std::uint64_t value, const ConfigType& type,
                                   std::span<std::uint8_t> out);

/// Parts of the running kernel's release, e.g. 6.1.0.
struct KernelVersion {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;

  /// LINUX_VERSION_CODE; the patch level is cut at 255.
  std::uint32_t code() const;
  bool at_least(std::uint32_t wanted_major, std::uint32_t wanted_minor) const {
    return std::pair(major, minor) >= std::pair(wanted_major, wanted_minor);
  }
};
Expected<KernelVersion> running_kernel_version();

/// The number behind LINUX_KERNEL_VERSION, LINUX_HAS_BPF_COOKIE or LINUX_HAS_SYSCALL_WRAPPER;
/// nothing for other names.
Expected<std::optional<std::uint64_t>> virtual_config_value(std::string_view name);

}  // namespace probity::object
