// SPDX-License-Identifier: Apache-2.0
// BTF type information of an object or of a kernel, parsed by libbpf's btf__* (no kernel access).
// Ids from the file are never trusted: an id out of range or a cyclic typedef answers nothing.
// Source: Documentation/bpf/btf.rst.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/diagnostic.hpp"

struct btf;
struct btf_type;

namespace probity::object {

class Btf {
 public:
  /// `bytes` is a .BTF section; the result keeps its own copy of them.
  static Expected<Btf> read(std::span<const std::uint8_t> bytes);
  /// The BTF of a kernel module: its ids and strings go on where those of `base` end, which must
  /// outlive the result.
  static Expected<Btf> read_split_file(const std::string& path, const Btf& base);
  /// The .BTF section of an ELF file (a vmlinux image).
  static Expected<Btf> read_elf_file(const std::string& path);

  std::uint32_t type_count() const;
  /// nullptr when the id is out of range; id 0 is void.
  const btf_type* type(std::uint32_t id) const;
  /// Empty when the offset is out of range.
  std::string_view string_at(std::uint32_t offset) const;
  std::string_view name_of(const btf_type* type) const;
  /// The id behind typedefs and const/volatile/restrict/type tags.
  std::optional<std::uint32_t> resolve(std::uint32_t id) const;
  /// Size in bytes; nothing for types without one (void, functions) or beyond 32 bits.
  std::optional<std::uint32_t> size_of(std::uint32_t id) const;
  /// Id of the section description (DATASEC) of that name.
  std::optional<std::uint32_t> find_data_section(std::string_view name) const;

  /// Ids below this one belong to the base of a split BTF; 1 without one.
  std::uint32_t first_id() const { return first_id_; }

 private:
  void take(btf* types, std::uint32_t string_bytes);

  struct Closer {
    void operator()(btf* types) const;
  };
  std::unique_ptr<btf, Closer> types_;
  std::string_view strings_;  // libbpf's copy
  std::string_view base_strings_;
  std::uint32_t first_id_ = 1;
};

}  // namespace probity::object
