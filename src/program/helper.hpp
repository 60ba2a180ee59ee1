// SPDX-License-Identifier: Apache-2.0
// The kernel's helper functions by number and by name, with the kinds of their arguments and result
// as far as we model them (helper.def). A kind says what the helper does with the register: an
// engine checks a call against it, the symbolic executor also learns what r0 is afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "isa/bpf/text.hpp"

namespace probity::program {

/// What a helper does with one of r1 to r5. A `mem_*` argument is followed by the size argument
/// that bounds it.
enum class ArgKind : std::uint8_t {
  unknown,  ///< the helper is named, not modelled
  none,     ///< not read
  scalar,   ///< any value
  ctx,
  ctx_or_null,
  const_map,  ///< a map, known at load time
  map_key,    ///< readable, key_size bytes of the map argument
  map_value,  ///< readable, value_size bytes of the map argument
  map_value_or_null,
  map_value_out,       ///< writable, value_size bytes; need not be initialised
  mem_in,              ///< readable
  mem_in_or_null,      ///< readable, or NULL when the size is 0
  mem_out,             ///< writable; need not be initialised
  mem_out_or_null,     ///< writable, or NULL when the size is 0
  mem_inout,           ///< readable and writable
  const_size,          ///< bytes of the argument before it, at least 1
  const_size_or_zero,  ///< bytes of the argument before it
  const_alloc_size,    ///< bytes to allocate, known at load time
  const_str,           ///< zero-terminated text in read-only map memory
  stack_or_null,       ///< a pointer into the stack, handed to a callback
  func,                ///< a subprogram of this program (lddw_func)
  socket,
  socket_or_null,
  spin_lock,    ///< struct bpf_spin_lock in a map value
  timer,        ///< struct bpf_timer in a map value
  ringbuf_mem,  ///< what ringbuf_reserve gave
  dynptr,
  dynptr_out,  ///< uninitialised struct bpf_dynptr on the stack
};

/// What r0 is after the call.
enum class ReturnKind : std::uint8_t {
  unknown,  ///< the helper is named, not modelled
  nothing,  ///< r0 may not be read
  scalar,
  map_value,
  map_value_or_null,
  socket_or_null,
  ringbuf_mem_or_null,  ///< of the size asked for
  dynptr_mem_or_null,   ///< of the size asked for
  task,                 ///< struct task_struct
};

struct Helper {
  std::uint32_t id = 0;
  std::string_view name;  ///< with "bpf_" in front
  ReturnKind result = ReturnKind::unknown;
  std::array<ArgKind, 5> args{};

  /// False when only the name is known.
  constexpr bool is_modelled() const { return result != ReturnKind::unknown; }
};

/// All helpers, by id from 1.
std::span<const Helper> helpers();
/// nullptr when there is none.
const Helper* find_helper(std::uint32_t id);
/// With or without "bpf_" in front; nullptr when there is none.
const Helper* find_helper(std::string_view name);

/// The table as the printers and parsers of isa/bpf want it.
bpf::HelperNames helper_names();

}  // namespace probity::program
