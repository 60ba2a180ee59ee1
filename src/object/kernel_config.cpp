// SPDX-License-Identifier: Apache-2.0
// The features behind LINUX_HAS_* are known by version: attach cookies came with 5.15, system calls
// behind wrappers (__x64_sys_…) with 4.17 on x86-64 and 4.19 on arm64. libbpf probes for them,
// which takes privileges; it finds wrappers by a kprobe, so a kernel without kprobes has none.
#include "object/kernel_config.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "object/limits.hpp"

namespace probity::object {
namespace {

using Kind = ConfigType::Kind;

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

struct GzCloser {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

Expected<std::string> read_text(const std::string& path) {
  const std::unique_ptr<gzFile_s, GzCloser> file(gzopen(path.c_str(), "re"));
  if (!file) return bad(fmt::format("{}: cannot be opened: {}", path, std::strerror(errno)));
  std::string text;
  std::array<char, 1 << 16> chunk{};
  int size = 0;
  while ((size = gzread(file.get(), chunk.data(), chunk.size())) > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(size));
    if (text.size() > limits::config_bytes)
      return bad(fmt::format("{}: more than the limit of {} bytes", path, limits::config_bytes));
  }
  if (size < 0) return bad(fmt::format("{}: cannot be read or uncompressed", path));
  return text;
}

Expected<std::uint64_t> parse_number(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const std::uint64_t value = std::strtoull(copy.c_str(), &end, 0);
  if (errno != 0 || end == copy.c_str() || *end != '\0')
    return bad(fmt::format("value {} is not a number of 64 bits", text));
  return value;
}

bool is_in_range(std::uint64_t value, const ConfigType& type) {
  if (type.size_bytes >= 8) return true;
  const unsigned bits = type.size_bytes * 8;
  if (!type.is_signed) return value >> bits == 0;
  return value + (1ull << (bits - 1)) < 1ull << bits;
}

void store_number(std::uint64_t value, std::span<std::uint8_t> out) {
  for (std::uint8_t& byte : out) {
    byte = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

Expected<void> write_letter(char letter, const ConfigType& type, std::span<std::uint8_t> out) {
  switch (type.kind) {
    case Kind::boolean:
      if (letter == 'm') return bad("value m does not fit a bool");
      store_number(letter == 'y' ? 1 : 0, out);
      return {};
    case Kind::tristate:  // enum libbpf_tristate
      store_number(letter == 'y' ? 1 : letter == 'm' ? 2 : 0, out);
      return {};
    case Kind::character: store_number(static_cast<std::uint8_t>(letter), out); return {};
    case Kind::integer:
    case Kind::text: break;
  }
  return bad(fmt::format("value {} needs a bool, a tristate or a char", letter));
}

Expected<void> write_text(std::string_view quoted, const ConfigType& type,
                          std::span<std::uint8_t> out) {
  if (type.kind != Kind::text) return bad(fmt::format("value {} needs an array of char", quoted));
  if (quoted.size() < 2 || !quoted.ends_with('"'))
    return bad(fmt::format("value {} has no closing quote", quoted));
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  const std::size_t size = std::min(inside.size(), out.size() - 1);  // a NUL byte ends it
  std::memcpy(out.data(), inside.data(), size);
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(size), out.end(), std::uint8_t{0});
  return {};
}

/// What libbpf's probe needs: kprobes as a performance counter, or else the older trace file.
bool has_kprobes() {
  constexpr std::array files = {"/sys/bus/event_source/devices/kprobe/type",
                                "/sys/kernel/tracing/kprobe_events",
                                "/sys/kernel/debug/tracing/kprobe_events"};
  return std::ranges::any_of(files, [](const char* file) { return access(file, F_OK) == 0; });
}

bool has_syscall_wrapper(const KernelVersion& version) {
  if (!has_kprobes()) return false;
#if defined(__x86_64__) || defined(__s390x__)
  return version.at_least(4, 17);
#elif defined(__aarch64__)
  return version.at_least(4, 19);
#elif defined(__riscv)
  return version.at_least(6, 6);
#else
  (void)version;
  return false;
#endif
}

}  // namespace

std::optional<ConfigType> config_type(const Btf& btf, std::uint32_t type_id) {
  const btf_type* type = btf.type(btf.resolve(type_id).value_or(0));
  if (type == nullptr) return std::nullopt;
  if (btf_is_int(type)) {
    const bool is_signed = (btf_int_encoding(type) & BTF_INT_SIGNED) != 0;
    if ((btf_int_encoding(type) & BTF_INT_BOOL) != 0)
      return type->size == 1 ? std::optional(ConfigType{Kind::boolean, 1, false}) : std::nullopt;
    if (type->size == 1) return ConfigType{Kind::character, 1, is_signed};
    if (type->size != 2 && type->size != 4 && type->size != 8) return std::nullopt;
    return ConfigType{Kind::integer, type->size, is_signed};
  }
  if (btf_is_any_enum(type)) {
    const bool tristate = btf.name_of(type) == "libbpf_tristate" && type->size == 4;
    return tristate ? std::optional(ConfigType{Kind::tristate, 4, false}) : std::nullopt;
  }
  if (!btf_is_array(type) || btf_array(type)->nelems == 0) return std::nullopt;
  const btf_type* element = btf.type(btf.resolve(btf_array(type)->type).value_or(0));
  const bool of_char = element != nullptr && btf_is_int(element) && element->size == 1 &&
                       (btf_int_encoding(element) & BTF_INT_BOOL) == 0;
  if (!of_char || btf_array(type)->nelems > limits::config_bytes) return std::nullopt;
  return ConfigType{Kind::text, btf_array(type)->nelems, false};
}

Expected<KernelConfig> KernelConfig::read_file(const std::string& path) {
  TRY(const std::string text, read_text(path));
  KernelConfig result;
  std::string_view rest = text;
  for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.starts_with("CONFIG_")) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals + 1 == line.size())
      return bad(fmt::format("{}:{}: a CONFIG_ line without a value", path, line_number));
    result.values_.try_emplace(std::string(line.substr(0, equals)), line.substr(equals + 1));
  }
  return result;
}

const Expected<KernelConfig>& KernelConfig::of_running_kernel() {
  static const Expected<KernelConfig> config = []() -> Expected<KernelConfig> {
    utsname name{};
    if (uname(&name) == 0) {
      const std::string path = fmt::format("/boot/config-{}", name.release);
      if (auto found = read_file(path)) return found;
    }
    return read_file("/proc/config.gz");
  }();
  return config;
}

std::optional<std::string_view> KernelConfig::find(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

Expected<void> write_config_number(std::uint64_t value, const ConfigType& type,
                                   std::span<std::uint8_t> out) {
  if (type.kind == Kind::tristate || type.kind == Kind::text)
    return bad(fmt::format("value {} needs an integer, a char or a bool", value));
  if (type.kind == Kind::boolean && value > 1)
    return bad(fmt::format("value {} does not fit a bool", value));
  if (!is_in_range(value, type))
    return bad(fmt::format("value {} does not fit {} {} bytes", value,
                           type.is_signed ? "signed" : "unsigned", type.size_bytes));
  store_number(value, out);
  return {};
}

Expected<void> write_config_value(std::string_view text, const ConfigType& type,
                                  std::span<std::uint8_t> out) {
  if (text.empty()) return bad("no value");
  const char first = text.front();
  if (first == 'y' || first == 'm' || first == 'n') return write_letter(first, type, out);
  if (first == '"') return write_text(text, type, out);
  TRY(const std::uint64_t number, parse_number(text));
  if (type.kind != Kind::integer && type.kind != Kind::character)
    return bad(fmt::format("value {} needs an integer", text));
  return write_config_number(number, type, out);
}

std::uint32_t KernelVersion::code() const {
  return (major << 16) + (minor << 8) + std::min(patch, 255u);
}

Expected<KernelVersion> running_kernel_version() {
  utsname name{};
  KernelVersion version;
  const bool known = uname(&name) == 0 && std::sscanf(name.release, "%u.%u.%u", &version.major,
                                                      &version.minor, &version.patch) >= 2;
  if (!known) return error(Fault::system, "the kernel's release is not of the form 6.1.0");
  unsigned debian_patch = 0;  // Debian's release ends in .0, the version string has the real one
  const char* debian = std::strstr(name.version, "Debian ");
  if (debian != nullptr && std::sscanf(debian, "Debian %*u.%*u.%u", &debian_patch) == 1)
    version.patch = debian_patch;
  return version;
}

Expected<std::optional<std::uint64_t>> virtual_config_value(std::string_view name) {
  const bool known = name == "LINUX_KERNEL_VERSION" || name == "LINUX_HAS_BPF_COOKIE" ||
                     name == "LINUX_HAS_SYSCALL_WRAPPER";
  if (!known) return std::nullopt;
  TRY(const KernelVersion version, running_kernel_version());
  if (name == "LINUX_KERNEL_VERSION") return version.code();
  if (name == "LINUX_HAS_BPF_COOKIE") return version.at_least(5, 15) ? 1u : 0u;
  return has_syscall_wrapper(version) ? 1u : 0u;
}

}  // namespace probity::object
