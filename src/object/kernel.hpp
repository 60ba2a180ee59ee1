// SPDX-License-Identifier: Apache-2.0
// The kernel that an object is read for: the running one, or files that stand for another. Only
// what an object needs is read, and of the running kernel only once per process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.hpp"
#include "object/kernel_config.hpp"
#include "object/kernel_types.hpp"

namespace probity::object {

/// Whether what only a kernel can tell is looked up: fields by CO-RE, externs.
enum class Resolve : std::uint8_t {
  in_kernel,
  nothing,  ///< each is a problem of the program that needs it
};

/// Files that stand for parts of the running kernel; an empty path is the running kernel itself.
struct ReadOptions {
  std::string btf;      ///< its types: raw BTF, or an ELF file with a .BTF section
  std::string kconfig;  ///< CONFIG_* lines that come before those of the running kernel
  Resolve resolve = Resolve::in_kernel;
};

class Kernel {
 public:
  /// Reads the files that `options` names; the running kernel's come later.
  static Expected<Kernel> open(const ReadOptions& options);

  /// Its types, or why there are none.
  Expected<std::shared_ptr<const KernelTypes>> types() const;

  /// The value of a CONFIG_ line, nothing when there is no such line; an error when the value is
  /// not in the given file and the running kernel's configuration cannot be read.
  Expected<std::optional<std::string_view>> config(std::string_view name) const;

 private:
  Resolve resolve_ = Resolve::in_kernel;
  std::shared_ptr<const KernelTypes> types_;
  std::shared_ptr<const KernelConfig> config_;
};

}  // namespace probity::object
