// SPDX-License-Identifier: Apache-2.0
// Context: what translated code and its runtime share; one register of every target points at it.
// This is the ABI of all targets, so fields are 64 bits wide and their offsets part of the proofs.
// A program is entered through Enter: it saves the host's callee-saved registers, loads r1..r5 and
// r10 from `registers`, zeroes the others and calls `body`. Every eBPF function, the main one
// included, runs with the stack pointer at its return address (x86-64) or with the return address
// in a saved register (rv64), 16-byte aligned; exit returns to the caller.
// Assist: what is rare is not translated. The code stores every eBPF register to `registers`, calls
// `assist` with the instruction's number, loads them again and jumps to the address that `assist`
// gave: the next instruction, a branch target, or `leave`, which ends the run whatever the depth.
// The runtime then executes that one instruction by the interpreter's text. The translator may ask
// for it exactly when: an access is not allowed by the region table, an access by r10 is outside
// its frame, the fuel at a back edge is used up, a local call finds no frame, the address of a lddw
// is not resolved yet (0 in `addresses`), a tail call does not succeed, or the instruction is one
// that is always assisted (legacy packet access, may_goto, callx, kfuncs, helper ids from
// helper_limit on, and what Inputs marks).
#pragma once

#include <cstddef>
#include <cstdint>

namespace probity::jit {

struct Context;

/// A helper: r1..r5 as eBPF has them, and the context in the sixth argument of the C ABI.
using Helper = std::uint64_t (*)(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                                 std::uint64_t, Context*);
/// Executes instruction `insn`; gives the address to go on at.
using Assist = const std::uint8_t* (*)(Context*, std::uint64_t insn);
/// Runs the function at `body` and gives the full 64-bit r0.
using Enter = std::uint64_t (*)(Context*, const std::uint8_t* body);

/// The elements of a prog_array: entry addresses, null where there is none. Other maps: count 0.
struct TailTable {
  std::uint64_t count = 0;
  const std::uint8_t* const* entries = nullptr;
};

/// The guest address of the handle of map 0; map i is (first_map + i) << 32 (see
/// runtime/memory.hpp).
constexpr std::uint32_t first_map = 0x4000'0000;

/// bpf_tail_call: translated inline.
constexpr std::uint32_t tail_call_helper = 12;
/// Entries of Context::helpers; a call of any other id is assisted.
constexpr std::uint32_t helper_limit = 256;

/// A region that a register named: any entry of the table, with its number. An address is a
/// region's number and an offset (runtime/memory.hpp). An access is checked against the limits of
/// the region that its base register named last, and against the table when it is another one. Only
/// r10, which never changes within a function, needs no check: `frame` is where it points in the
/// host.
struct KnownRegion {
  std::uint64_t negative_base = 0;  ///< -(number << 32): added to an address in it, the offset
  const void* region = nullptr;     ///< &regions[number]
};

struct Context {
  const Helper* helpers = nullptr;           ///< by helper id
  std::uint64_t insn = 0;                    ///< number of the helper call in progress
  std::uint64_t stop = 0;                    ///< not 0 after a helper: leave at once
  std::uint64_t fuel = 0;                    ///< back edges that may still be taken
  const std::uint64_t* addresses = nullptr;  ///< by Inputs::address_index; 0: not resolved yet
  std::uint64_t frame = 0;        ///< memory-checked: the host's address of what r10 points at
  KnownRegion known[10] = {};     ///< memory-checked, by register
  const void* regions = nullptr;  ///< memory-checked: runtime::Region[region_count]
  std::uint64_t region_count = 0;
  std::uint64_t last_frame = 0;  ///< r10 of the deepest frame: a local call from it is assisted
  std::uint64_t tail_calls_left = 0;
  const TailTable* tail_tables = nullptr;  ///< by map index
  std::uint64_t tail_table_count = 0;
  Assist assist = nullptr;
  std::uint64_t entry_sp = 0;  ///< stack pointer of the innermost Enter, for `leave`
  std::uint64_t registers[11] = {};
};

constexpr int context_words = 45;

/// Offsets as the translators use them.
namespace context_offset {
constexpr std::int32_t frame = offsetof(Context, frame);
constexpr std::int32_t known = offsetof(Context, known);
constexpr std::int32_t regions = offsetof(Context, regions);
constexpr std::int32_t region_count = offsetof(Context, region_count);
constexpr std::int32_t last_frame = offsetof(Context, last_frame);
constexpr std::int32_t fuel = offsetof(Context, fuel);
constexpr std::int32_t tail_calls_left = offsetof(Context, tail_calls_left);
constexpr std::int32_t tail_tables = offsetof(Context, tail_tables);
constexpr std::int32_t tail_table_count = offsetof(Context, tail_table_count);
constexpr std::int32_t helpers = offsetof(Context, helpers);
constexpr std::int32_t addresses = offsetof(Context, addresses);
constexpr std::int32_t insn = offsetof(Context, insn);
constexpr std::int32_t stop = offsetof(Context, stop);
constexpr std::int32_t assist = offsetof(Context, assist);
constexpr std::int32_t entry_sp = offsetof(Context, entry_sp);
constexpr std::int32_t registers = offsetof(Context, registers);
}  // namespace context_offset
static_assert(sizeof(void*) != 8 || sizeof(Context) == context_words * 8);

/// An entry of the region table, as far as code reads it; runtime::Region starts like this (checked
/// where both headers are visible). Limits are by log2 of an access's bytes: how many offsets it
/// may start at, below 2^31.
struct alignas(128) RegionEntry {
  std::uint8_t* host = nullptr;
  std::uint64_t readable_starts[4] = {};
  std::uint64_t writable_starts[4] = {};
};
namespace region_layout {
constexpr unsigned size_log2 = 7;
constexpr std::int32_t host = offsetof(RegionEntry, host);
constexpr std::int32_t readable_starts = offsetof(RegionEntry, readable_starts);
constexpr std::int32_t writable_starts = offsetof(RegionEntry, writable_starts);
}  // namespace region_layout
static_assert(sizeof(RegionEntry) == 1u << region_layout::size_log2);

/// The frame of a function is the bytes below its r10.
constexpr std::int32_t frame_bytes = 512;
/// r10 of the callee minus r10 of the caller: the next region when memory is checked, which is the
/// next memory of the host, too; else the bytes below.
constexpr std::int64_t checked_frame_stride = std::int64_t{1} << 32;
constexpr std::int64_t unchecked_frame_stride = -frame_bytes;

}  // namespace probity::jit
