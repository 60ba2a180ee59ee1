// SPDX-License-Identifier: Apache-2.0
// The types of a kernel, found by name: vmlinux first, then its modules, as libbpf looks for the
// candidates of a CO-RE relocation. An index over the essential names (without "___flavor") of
// structs, unions, enums and typedefs is built once; functions and variables are few look-ups and
// are walked for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/btf.hpp"

namespace probity::object {

/// A type and the BTF that gives its id a meaning.
struct TypeRef {
  const Btf* btf = nullptr;
  std::uint32_t id = 0;
};

/// `name` without a "___flavor" at its end: libbpf's essential name.
std::string_view essential_name(std::string_view name);

/// Same kind, or both enumerations of either width.
bool are_kinds_compatible(const btf_type* a, const btf_type* b);

class KernelTypes {
 public:
  /// The BTF in one file: raw, as in /sys/kernel/btf, or the .BTF section of an ELF file.
  static Expected<std::shared_ptr<const KernelTypes>> read_file(const std::string& path);
  /// `folder`/vmlinux; the other files of the folder are its modules.
  static Expected<std::shared_ptr<const KernelTypes>> read_folder(const std::string& folder);
  /// The running kernel's, read once per process.
  static Expected<std::shared_ptr<const KernelTypes>> of_running_kernel();

  /// Types with the essential name and a compatible kind of `local`, in ascending order of ids; of
  /// modules only when vmlinux has none.
  std::vector<TypeRef> candidates(TypeRef local) const;
  /// The function of that name, in vmlinux or a module; nothing in `btf` when there is none.
  TypeRef find_function(std::string_view name) const;
  /// The same for a variable.
  TypeRef find_variable(std::string_view name) const;

 private:
  KernelTypes() = default;
  static Expected<std::shared_ptr<KernelTypes>> read_base(const std::string& path);
  std::vector<Btf> read_modules(const std::string& folder) const;
  const std::vector<Btf>& modules() const;
  TypeRef find_named(std::string_view name, unsigned kind) const;

  Btf base_;
  std::vector<std::uint32_t> buckets_;  // essential name's hash -> first id
  std::vector<std::uint32_t> next_;     // id -> next id of the same bucket
  enum class Modules : std::uint8_t { read, of_running_kernel } modules_from_ = Modules::read;
  std::vector<Btf> modules_;
};

}  // namespace probity::object
