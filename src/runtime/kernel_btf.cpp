// SPDX-License-Identifier: Apache-2.0
// See kernel_btf.hpp.
#include "runtime/kernel_btf.hpp"

#include <bpf/btf.h>
#include <errno.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace probity::runtime {

namespace {

using program::MapDef;
using program::MapType;
using program::ValueFieldKind;
using Types = std::unique_ptr<btf, void (*)(btf*)>;

/// A struct of the kernel's that a value may hold, by its name and size.
struct FieldType {
  const char* name;
  std::uint32_t words;  ///< members, and
  int word_bytes;       ///< the size of each
};
FieldType field_type(ValueFieldKind kind) {
  switch (kind) {
    case ValueFieldKind::spin_lock: return {"bpf_spin_lock", 1, 4};
    case ValueFieldKind::timer: return {"bpf_timer", 2, 8};
    case ValueFieldKind::workqueue: return {"bpf_wq", 2, 8};
  }
  return {"", 0, 0};
}

/// libbpf's answers: a type id or a negative error number; the first error stays.
class Builder {
 public:
  explicit Builder(btf* types) : types_(types) {}
  int note(int id) {
    if (id < 0 && problem_ == 0) problem_ = -id;
    return id;
  }
  int integer(int bytes) {
    const std::string name = fmt::format("u{}", 8 * bytes);
    const int known = ::btf__find_by_name_kind(types_, name.c_str(), BTF_KIND_INT);
    return known > 0 ? known : note(::btf__add_int(types_, name.c_str(), bytes, 0));
  }
  int structure(const char* name, std::uint32_t bytes) {
    return note(::btf__add_struct(types_, name, bytes));
  }
  void member(const std::string& name, int type, std::uint32_t offset) {
    note(::btf__add_field(types_, name.c_str(), type, 8 * offset, 0));
  }
  int bytes(std::uint32_t count) {
    const int index = integer(4);
    return note(::btf__add_array(types_, index, integer(1), count));
  }
  int problem() const { return problem_; }

 private:
  btf* types_;
  int problem_ = 0;
};

/// Arrays want a number, cgroup storage its own struct; others only the size.
int add_key(Builder& builder, const MapDef& def) {
  const bool is_storage =
      def.type == MapType::cgroup_storage || def.type == MapType::percpu_cgroup_storage;
  if (is_storage && def.key_size == 16) {
    const int inode = builder.integer(8);
    const int attach = builder.integer(4);
    const int key = builder.structure("bpf_cgroup_storage_key", 16);
    builder.member("cgroup_inode_id", inode, 0);
    builder.member("attach_type", attach, 8);
    return key;
  }
  const bool is_number =
      def.key_size == 1 || def.key_size == 2 || def.key_size == 4 || def.key_size == 8;
  return is_number ? builder.integer(static_cast<int>(def.key_size)) : builder.bytes(def.key_size);
}

int add_field_type(Builder& builder, const FieldType& field) {
  const int word = builder.integer(field.word_bytes);
  const auto word_bytes = static_cast<std::uint32_t>(field.word_bytes);
  const int type = builder.structure(field.name, field.words * word_bytes);
  for (std::uint32_t i = 0; i < field.words; ++i)
    builder.member(fmt::format("w{}", i), word, i * word_bytes);
  return type;
}

int add_value(Builder& builder, const MapDef& def) {
  std::vector<int> types;
  for (const program::ValueField& field : def.value_fields)
    types.push_back(add_field_type(builder, field_type(field.kind)));
  const int value = builder.structure("value", def.value_size);
  for (std::size_t i = 0; i < types.size(); ++i)
    builder.member(fmt::format("f{}", i), types[i], def.value_fields[i].offset);
  return value;
}

}  // namespace

Expected<Fd> load_btf(const btf* types, std::string_view doing) {
  std::uint32_t size = 0;
  const void* raw = ::btf__raw_data(types, &size);
  if (raw == nullptr)
    return error(Fault::system, fmt::format("{}: encoding BTF: {}", doing, errno_text(errno)));
  bpf_attr attr{};
  attr.btf = attr_pointer(raw);
  attr.btf_size = size;
  const int fd = bpf_call(BPF_BTF_LOAD, attr);
  if (fd >= 0) return Fd(fd);
  return error(Fault::system,
               fmt::format("{}: the kernel refused the BTF: {}", doing, errno_text(-fd)));
}

Expected<MapBtf> make_map_btf(const MapDef& def) {
  const std::string doing = fmt::format("map {}", def.name);
  const Types types(::btf__new_empty(), ::btf__free);
  if (!types) return error(Fault::system, fmt::format("{}: {}", doing, errno_text(errno)));
  Builder builder(types.get());
  MapBtf result;
  result.key_type = static_cast<std::uint32_t>(add_key(builder, def));
  result.value_type = static_cast<std::uint32_t>(add_value(builder, def));
  if (builder.problem() != 0) {
    return error(Fault::system,
                 fmt::format("{}: making BTF: {}", doing, errno_text(builder.problem())));
  }
  TRY(result.fd, load_btf(types.get(), doing));
  return result;
}

}  // namespace probity::runtime
