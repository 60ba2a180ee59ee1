// SPDX-License-Identifier: Apache-2.0
// Which family of the models a map belongs to, and the flags of its definition that they ask for.
// The numbers are those of <linux/bpf.h>.
#pragma once

#include "program/program.hpp"
#include "runtime/furnished.hpp"

namespace probity::symex {

constexpr bool is_array(program::MapType type) {
  return type == program::MapType::array || type == program::MapType::percpu_array;
}
constexpr bool is_hash(program::MapType type) {
  using program::MapType;
  return type == MapType::hash || type == MapType::percpu_hash || type == MapType::lru_hash ||
         type == MapType::lru_percpu_hash;
}
constexpr bool is_lru(program::MapType type) {
  return type == program::MapType::lru_hash || type == program::MapType::lru_percpu_hash;
}
/// Hash maps whose values are written in place.
constexpr bool is_percpu(program::MapType type) {
  return type == program::MapType::percpu_hash || type == program::MapType::lru_percpu_hash;
}
constexpr bool is_trie(program::MapType type) {
  return type == program::MapType::lpm_trie;
}
constexpr bool is_device(program::MapType type) {
  using program::MapType;
  return type == MapType::devmap || type == MapType::devmap_hash || type == MapType::cpumap ||
         type == MapType::xskmap;
}
constexpr bool is_outer(program::MapType type) {
  return runtime::holds_maps(type);
}

constexpr std::uint32_t read_only_to_programs = 1u << 7;   // BPF_F_RDONLY_PROG
constexpr std::uint32_t write_only_to_programs = 1u << 8;  // BPF_F_WRONLY_PROG

}  // namespace probity::symex
