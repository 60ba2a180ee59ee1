// SPDX-License-Identifier: Apache-2.0
// The verifier's messages as data: a part of the message, and the cause it stands for. The first
// row that matches counts. A message that no row knows is `unsorted`, which the checker must share
// like every cause that concerns memory, NULL, the stack or types.
#include <algorithm>
#include <array>

#include "verdict_rows.hpp"

namespace probity::corpus {
namespace {

struct Row {
  std::string_view part;
  Cause cause;
};

// clang-format off
constexpr Row rows[] = {
    // Loaded with BPF_F_STRICT_ALIGNMENT, for machines that cannot load from odd addresses.
    {"strict alignment: misaligned packet access", Cause::option},
    // RFC 9669 gives these a meaning; no engine of ours goes wrong on them.
    {"div by zero",                          Cause::arithmetic},
    {"invalid shift",                        Cause::arithmetic},
    // The verifier's own budget, not a property of the program.
    {"BPF program is too large",             Cause::limit},
    {"jumps is too complex",                 Cause::limit},
    // Encoding and jumps: program::validate refuses what an engine could not run. A dead insn is
    // none of that.
    {"unreachable insn",                     Cause::structure},
    {"last insn is not an exit or jmp",      Cause::structure},
    {"jump out of range",                    Cause::structure},
    {"jump into the middle",                 Cause::structure},
    {"call to invalid destination",          Cause::structure},
    {"frame pointer is read only",           Cause::structure},
    {"unknown opcode",                       Cause::structure},
    {"uses reserved fields",                 Cause::structure},
    {"invalid bpf_ld_imm64",                 Cause::structure},
    {"unrecognized bpf_ld_imm64",            Cause::structure},
    {"is not pointing to valid bpf_map",     Cause::structure},
    {"is invalid",                           Cause::structure},
    // Termination.
    {"old state:",                           Cause::termination},
    {"infinite loop",                        Cause::termination},
    {"back-edge",                            Cause::termination},
    // References.
    {"reference leak",                       Cause::reference},
    {"must be referenced",                   Cause::reference},
    {"Unreleased reference",                 Cause::reference},
    // NULL.
    {"or_null",                              Cause::null_pointer},
    {"null-check",                           Cause::null_pointer},
    // The stack.
    {"from stack",                           Cause::stack},
    {"to stack",                             Cause::stack},
    {"stack access",                         Cause::stack},
    {"stack pointer",                        Cause::stack},
    {"pointers to stack",                    Cause::stack},
    {"register fill",                        Cause::stack},
    {"register spill",                       Cause::stack},
    {"combined stack size",                  Cause::stack},
    {"call stack",                           Cause::stack},
    {"!read_ok",                             Cause::stack},
    // Memory.
    {"outside of the",                       Cause::memory},
    {"unbounded",                            Cause::memory},
    {"min value is negative",                Cause::memory},
    {"zero-sized read",                      Cause::memory},
    {"invalid mem access",                   Cause::memory},
    {"bpf_context access",                   Cause::memory},
    {"ctx access",                           Cause::memory},
    {"context access",                       Cause::memory},
    {"ctx ptr",                              Cause::memory},
    {"sock access",                          Cause::memory},
    {"sock_common access",                   Cause::memory},
    {"tcp_sock access",                      Cause::memory},
    {"invalid access to map value",          Cause::memory},
    {"direct value offset",                  Cause::memory},
    {"from map forbidden",                   Cause::memory},
    {"into map forbidden",                   Cause::memory},
    {"misaligned",                           Cause::memory},
    {"out of bounds",                        Cause::memory},
    {"negative access",                      Cause::memory},
    {"only read from",                       Cause::memory},
    // Types.
    {"type=",                                Cause::type},
    {"pointer",                              Cause::type},
    {"math between",                         Cause::type},
    {"BPF_ATOMIC stores into",               Cause::type},
    // What this program may not use.
    {"cannot pass map_type",                 Cause::contract},
    {"cannot use helper",                    Cause::contract},
    {"helper access to the packet",          Cause::contract},
    {"expected prog array map",              Cause::contract},
    {"non-zero flags",                       Cause::contract},
};
// clang-format on

}  // namespace

Cause cause_of(std::string_view refusal) {
  const auto matches = [&](const Row& row) {
    return refusal.find(row.part) != std::string_view::npos;
  };
  const auto* row = std::ranges::find_if(rows, matches);
  return row == std::end(rows) ? Cause::unsorted : row->cause;
}

std::string_view name(Cause cause) {
  constexpr std::array<std::string_view, 12> names{
      "memory",   "NULL",      "stack", "type",       "reference", "termination",
      "contract", "structure", "limit", "arithmetic", "option",    "unsorted"};
  return names[static_cast<std::size_t>(cause)];
}

bool is_unsafe(Cause cause) {
  switch (cause) {
    case Cause::memory:
    case Cause::null_pointer:
    case Cause::stack:
    case Cause::type:
    case Cause::reference:
    case Cause::termination:
    case Cause::contract:
    case Cause::unsorted: return true;
    case Cause::structure:
    case Cause::limit:
    case Cause::arithmetic:
    case Cause::option: return false;
  }
  return true;
}

}  // namespace probity::corpus
