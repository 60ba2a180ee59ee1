// SPDX-License-Identifier: Apache-2.0
// BTF for a map whose values hold locks, timers or work queues: the kernel finds them by type, so
// such a map is created with types. They are made here from what MapDef::value_fields says: a value
// with these members at these offsets and nothing else. Source: kernel/bpf/syscall.c
// (map_check_btf), Documentation/bpf/btf.rst.
#pragma once

#include "base/diagnostic.hpp"
#include "program/program.hpp"
#include "runtime/kernel_syscall.hpp"

struct btf;

namespace probity::runtime {

struct MapBtf {
  Fd fd;
  std::uint32_t key_type = 0;
  std::uint32_t value_type = 0;
};

/// Loads the types of one map; Fault::system with the kernel's reason.
Expected<MapBtf> make_map_btf(const program::MapDef& def);

/// Loads finished types; `doing` is in front of the kernel's reason.
Expected<Fd> load_btf(const btf* types, std::string_view doing);

}  // namespace probity::runtime
