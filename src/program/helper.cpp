// SPDX-License-Identifier: Apache-2.0
// helper.def as a table. The ids are dense, so finding a helper by id is indexing; by name it is a
// search, done once per call insn.
#include "program/helper.hpp"

namespace probity::program {

namespace {

constexpr Helper table[] = {
#define HELPER(id, name, result, a1, a2, a3, a4, a5) \
  Helper{id,                                         \
         "bpf_" #name,                               \
         ReturnKind::result,                         \
         {ArgKind::a1, ArgKind::a2, ArgKind::a3, ArgKind::a4, ArgKind::a5}},
#include "program/helper.def"
};

constexpr bool ids_are_dense() {
  std::uint32_t next = 1;
  for (const Helper& helper : table) {
    if (helper.id != next++) return false;
  }
  return true;
}
static_assert(ids_are_dense(), "helper.def lists every id from 1 in order");

constexpr bool is_sized_memory(ArgKind kind) {
  return kind == ArgKind::mem_in || kind == ArgKind::mem_in_or_null || kind == ArgKind::mem_out ||
         kind == ArgKind::mem_out_or_null || kind == ArgKind::mem_inout;
}

constexpr bool is_size(ArgKind kind) {
  return kind == ArgKind::const_size || kind == ArgKind::const_size_or_zero;
}

/// Every memory argument is followed by its size, and no size stands alone.
constexpr bool sizes_follow_memory() {
  for (const Helper& helper : table) {
    for (std::size_t i = 0; i < 5; ++i) {
      const bool followed = i < 4 && is_size(helper.args[i + 1]);
      if (is_sized_memory(helper.args[i]) != followed) return false;
    }
    if (is_size(helper.args[0])) return false;
  }
  return true;
}
static_assert(sizes_follow_memory(), "a memory argument without its size");

}  // namespace

std::span<const Helper> helpers() {
  return table;
}

const Helper* find_helper(std::uint32_t id) {
  return id >= 1 && id <= std::size(table) ? &table[id - 1] : nullptr;
}

const Helper* find_helper(std::string_view name) {
  constexpr std::string_view prefix = "bpf_";
  for (const Helper& helper : table) {
    if (helper.name == name || helper.name.substr(prefix.size()) == name) return &helper;
  }
  return nullptr;
}

bpf::HelperNames helper_names() {
  return {[](std::uint32_t id) {
            const Helper* helper = find_helper(id);
            return helper != nullptr ? helper->name : std::string_view();
          },
          [](std::string_view name) -> std::optional<std::uint32_t> {
            const Helper* helper = find_helper(name);
            if (helper == nullptr) return std::nullopt;
            return helper->id;
          }};
}

}  // namespace probity::program
