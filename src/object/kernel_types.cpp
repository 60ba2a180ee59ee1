// SPDX-License-Identifier: Apache-2.0
// A kernel has some 120,000 types, 40,000 of them named and not functions: hash chains over ids
// keep the index at one pass without allocations. The files of /sys/kernel/btf tell no size before
// they are read on every kernel, hence reading in chunks.
#include "object/kernel_types.hpp"

#include <bpf/btf.h>
#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "object/file_bytes.hpp"
#include "object/limits.hpp"

namespace probity::object {
namespace {

constexpr const char* running_kernel_folder = "/sys/kernel/btf";
constexpr std::uint32_t bucket_count = 1u << 16;
constexpr std::size_t module_limit = 1024;

std::uint32_t bucket_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return static_cast<std::uint32_t>(hash ^ hash >> 32) % bucket_count;
}

bool is_indexed(const btf_type* type) {
  return type->name_off != 0 && !btf_is_func(type) && !btf_is_var(type) && !btf_is_datasec(type);
}

Expected<Btf> read_btf(const std::string& path) {
  TRY(const std::vector<std::uint8_t> bytes, read_file_bytes(path));
  const bool elf = bytes.size() > SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
  auto types = elf ? Btf::read_elf_file(path) : Btf::read(bytes);
  if (!types) return std::unexpected(types.error().at(path));
  return types;
}

std::uint32_t find_in(const Btf& btf, std::string_view name, unsigned kind) {
  for (std::uint32_t id = btf.first_id(); id < btf.type_count(); ++id) {
    const btf_type* type = btf.type(id);
    if (btf_kind(type) == kind && btf.name_of(type) == name) return id;
  }
  return 0;
}

}  // namespace

std::string_view essential_name(std::string_view name) {
  constexpr std::size_t around = 5;  // a letter, three underscores, a letter
  if (name.size() < around) return name;
  for (std::size_t at = name.size() - around + 1; at > 0; --at) {
    const char* separator = name.data() + at;
    if (separator[1] != '_' || separator[0] != '_' || separator[2] != '_') continue;
    if (separator[-1] != '_' && separator[3] != '_') return name.substr(0, at);
  }
  return name;
}

bool are_kinds_compatible(const btf_type* a, const btf_type* b) {
  return btf_kind(a) == btf_kind(b) || (btf_is_any_enum(a) && btf_is_any_enum(b));
}

Expected<std::shared_ptr<KernelTypes>> KernelTypes::read_base(const std::string& path) {
  std::shared_ptr<KernelTypes> result(new KernelTypes());
  TRY(result->base_, read_btf(path));
  const Btf& btf = result->base_;
  result->buckets_.resize(bucket_count);
  result->next_.resize(btf.type_count());
  for (std::uint32_t id = btf.type_count() - 1; id > 0; --id) {
    const btf_type* type = btf.type(id);
    if (!is_indexed(type)) continue;
    std::uint32_t& bucket = result->buckets_[bucket_of(essential_name(btf.name_of(type)))];
    result->next_[id] = bucket;
    bucket = id;
  }
  return result;
}

Expected<std::shared_ptr<const KernelTypes>> KernelTypes::read_file(const std::string& path) {
  return read_base(path);
}

Expected<std::shared_ptr<const KernelTypes>> KernelTypes::read_folder(const std::string& folder) {
  TRY(const std::shared_ptr<KernelTypes> result, read_base(folder + "/vmlinux"));
  result->modules_ = result->read_modules(folder);
  return result;
}

Expected<std::shared_ptr<const KernelTypes>> KernelTypes::of_running_kernel() {
  static const auto types = []() -> Expected<std::shared_ptr<const KernelTypes>> {
    TRY(const std::shared_ptr<KernelTypes> result,
        read_base(std::string(running_kernel_folder) + "/vmlinux"));
    result->modules_from_ = Modules::of_running_kernel;
    return result;
  }();
  return types;
}

/// A module whose BTF does not read is left out, as libbpf does.
std::vector<Btf> KernelTypes::read_modules(const std::string& folder) const {
  std::vector<std::string> paths;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder, problem))
    if (entry.path().filename() != "vmlinux") paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  if (paths.size() > module_limit) paths.resize(module_limit);
  std::vector<Btf> modules;
  for (const std::string& path : paths) {
    if (auto types = Btf::read_split_file(path, base_)) modules.push_back(*std::move(types));
  }
  return modules;
}

const std::vector<Btf>& KernelTypes::modules() const {
  if (modules_from_ == Modules::read) return modules_;
  static const std::vector<Btf> running = read_modules(running_kernel_folder);
  return running;
}

std::vector<TypeRef> KernelTypes::candidates(TypeRef local) const {
  const btf_type* type = local.btf->type(local.id);
  if (type == nullptr) return {};
  const std::string_view name = essential_name(local.btf->name_of(type));
  if (name.empty()) return {};
  const auto fits = [&](const Btf& btf, std::uint32_t id) {
    const btf_type* candidate = btf.type(id);
    return are_kinds_compatible(candidate, type) && essential_name(btf.name_of(candidate)) == name;
  };
  std::vector<TypeRef> found;
  for (std::uint32_t id = buckets_[bucket_of(name)]; id != 0; id = next_[id])
    if (fits(base_, id)) found.push_back({&base_, id});
  if (!found.empty()) return found;
  for (const Btf& module : modules())
    for (std::uint32_t id = module.first_id(); id < module.type_count(); ++id)
      if (fits(module, id)) found.push_back({&module, id});
  return found;
}

TypeRef KernelTypes::find_named(std::string_view name, unsigned kind) const {
  if (const std::uint32_t id = find_in(base_, name, kind); id != 0) return {&base_, id};
  for (const Btf& module : modules())
    if (const std::uint32_t id = find_in(module, name, kind); id != 0) return {&module, id};
  return {};
}

TypeRef KernelTypes::find_function(std::string_view name) const {
  return find_named(name, BTF_KIND_FUNC);
}

TypeRef KernelTypes::find_variable(std::string_view name) const {
  return find_named(name, BTF_KIND_VAR);
}

}  // namespace probity::object
