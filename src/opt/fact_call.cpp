// SPDX-License-Identifier: Apache-2.0
// What calls do to the facts. A helper writes what helper.def says; a local call may change all of
// the caller's frame once any argument can lead there; a kfunc, too. Maps whose lookup gives
// something else than the address of a value give anything.
#include <algorithm>

#include "opt/fact_rules.hpp"
#include "program/helper.hpp"
#include "program/helper_effect.hpp"

namespace probity::opt {
namespace {

using program::ArgKind;
using program::Helper;
using program::MapType;
using program::ReturnKind;

constexpr std::size_t last_argument = 5;

bool passes_stack(const PointFacts& facts) {
  return std::any_of(facts.regs.begin() + 1, facts.regs.begin() + 1 + last_argument,
                     [](const Fact& fact) { return may_reach_stack(fact.kind); });
}

void drop_packet(Fact& fact) {
  const bool packet =
      fact.kind == Kind::packet || fact.kind == Kind::packet_meta || fact.kind == Kind::packet_end;
  if (packet) fact = value_of(Kind::any);
}

void drop_packet(PointFacts& facts) {
  std::ranges::for_each(facts.regs, [](Fact& fact) { drop_packet(fact); });
  facts.frame.words.update([](Fact& fact) { drop_packet(fact); });
  facts.packet_bytes = 0;
}

void set_result(PointFacts& facts, Fact result) {
  facts.regs[0] = result;
  for (std::size_t i = 1; i <= last_argument; ++i) facts.regs[i] = value_of(Kind::nothing);
}

/// Does a lookup give the address of a value?
bool holds_values(const program::View& program, std::uint32_t map) {
  if (map >= program.maps.size()) return false;
  switch (program.maps[map].type) {
    case MapType::hash:
    case MapType::array:
    case MapType::percpu_hash:
    case MapType::percpu_array:
    case MapType::lru_hash:
    case MapType::lru_percpu_hash:
    case MapType::lpm_trie:
    case MapType::sk_storage:
    case MapType::cgroup_storage:
    case MapType::percpu_cgroup_storage: return true;
    case MapType::unspec:
    case MapType::prog_array:
    case MapType::perf_event_array:
    case MapType::stack_trace:
    case MapType::cgroup_array:
    case MapType::array_of_maps:
    case MapType::hash_of_maps:
    case MapType::devmap:
    case MapType::sockmap:
    case MapType::cpumap:
    case MapType::xskmap:
    case MapType::sockhash:
    case MapType::reuseport_sockarray:
    case MapType::queue:
    case MapType::stack:
    case MapType::devmap_hash:
    case MapType::struct_ops:
    case MapType::ringbuf:
    case MapType::inode_storage:
    case MapType::task_storage:
    case MapType::bloom_filter:
    case MapType::user_ringbuf:
    case MapType::cgrp_storage:
    case MapType::arena: return false;
  }
  return false;
}

/// The map that the call is given; no_map when it is not known.
std::uint32_t map_argument(const Helper& helper, const PointFacts& facts) {
  for (std::size_t i = 0; i < last_argument; ++i) {
    const Fact& fact = facts.regs[i + 1];
    if (helper.args[i] == ArgKind::const_map && fact.kind == Kind::map) return fact.map;
  }
  return Fact::no_map;
}

Fact found_value(Kind kind, std::uint32_t map, const program::View& program) {
  if (!holds_values(program, map)) return value_of(Kind::any);
  Fact fact = pointer(kind, 0);
  fact.map = map;
  return fact;
}

Fact result_of(const Helper& helper, const PointFacts& facts, std::uint32_t node,
               const program::View& program) {
  const std::uint32_t map = map_argument(helper, facts);
  Fact result;
  switch (helper.result) {
    case ReturnKind::unknown: return value_of(Kind::any);
    case ReturnKind::nothing: return value_of(Kind::nothing);
    case ReturnKind::scalar: return number(Abstract::any(64));
    case ReturnKind::map_value: return found_value(Kind::map_value, map, program);
    case ReturnKind::map_value_or_null:
      result = found_value(Kind::map_value_or_null, map, program);
      break;
    case ReturnKind::socket_or_null: result = value_of(Kind::other_or_null); break;
    case ReturnKind::ringbuf_mem_or_null:
    case ReturnKind::dynptr_mem_or_null: result = pointer(Kind::other_or_null, 0); break;
    case ReturnKind::task: return value_of(Kind::other);
  }
  if (may_be_null(result.kind)) result.origin = node;
  return result;
}

/// The most that the size in argument `index` (0 to 4) can be.
std::uint64_t largest_size(const PointFacts& facts, std::size_t index) {
  return facts.regs[index + 1].bits.high;
}

/// How many bytes the helper may write at argument `index`.
std::uint64_t written_bytes(const Helper& helper, std::size_t index, const PointFacts& facts,
                            const program::View& program) {
  switch (helper.args[index]) {
    case ArgKind::mem_out:
    case ArgKind::mem_out_or_null:
    case ArgKind::mem_inout: return largest_size(facts, index + 1);
    case ArgKind::map_value_out: {
      const std::uint32_t map = map_argument(helper, facts);
      return map < program.maps.size() ? program.maps[map].value_size : stack_bytes;
    }
    // A callback gets the pointer; a dynptr can stand for memory of the program.
    case ArgKind::unknown:
    case ArgKind::stack_or_null:
    case ArgKind::dynptr:
    case ArgKind::dynptr_out:
    case ArgKind::timer:
    case ArgKind::spin_lock:
    case ArgKind::ringbuf_mem: return stack_bytes;
    case ArgKind::none:
    case ArgKind::scalar:
    case ArgKind::ctx:
    case ArgKind::ctx_or_null:
    case ArgKind::const_map:
    case ArgKind::map_key:
    case ArgKind::map_value:
    case ArgKind::map_value_or_null:
    case ArgKind::mem_in:
    case ArgKind::mem_in_or_null:
    case ArgKind::const_size:
    case ArgKind::const_size_or_zero:
    case ArgKind::const_alloc_size:
    case ArgKind::const_str:
    case ArgKind::func:
    case ArgKind::socket:
    case ArgKind::socket_or_null: return 0;
  }
  return stack_bytes;
}

void forget_written(PointFacts& facts, const Helper& helper, const program::View& program) {
  const PointFacts before = facts;
  for (std::size_t i = 0; i < last_argument; ++i) {
    const Fact& argument = before.regs[i + 1];
    const std::uint64_t size_bytes = written_bytes(helper, i, before, program);
    if (size_bytes == 0 || !may_reach_stack(argument.kind)) continue;
    const bool placed = argument.kind == Kind::stack && argument.offset.has_value();
    const bool direct = helper.args[i] != ArgKind::stack_or_null &&
                        helper.args[i] != ArgKind::dynptr && helper.args[i] != ArgKind::unknown;
    if (placed && direct)
      forget_stack(facts, *argument.offset, size_bytes);
    else if (argument.kind == Kind::stack || argument.kind == Kind::any || !direct)
      forget_stack(facts);
  }
}

}  // namespace

void retire_origin(PointFacts& facts, std::uint32_t origin) {
  const auto retire = [origin](Fact& fact) {
    if (fact.origin == origin) fact.forget_origin();
  };
  std::ranges::for_each(facts.regs, retire);
  facts.frame.words.update(retire);
}

bool call_may_move_packet(const bpf::Insn& insn) {
  if (bpf::row(insn.form).meaning != bpf::Meaning::call) return false;
  switch (static_cast<bpf::CallOp>(bpf::row(insn.form).operation)) {
    case bpf::CallOp::helper: return program::may_move_packet(static_cast<std::uint32_t>(insn.imm));
    case bpf::CallOp::local: return false;
    case bpf::CallOp::kfunc:
    case bpf::CallOp::reg: return true;
  }
  return true;
}

void call_outside(PointFacts& facts, const Code& code, std::uint32_t node,
                  const program::View& program) {
  const bpf::Insn& insn = code[node].insn;
  const auto id = static_cast<std::uint32_t>(insn.imm);
  const bool names_helper = insn.form == bpf::Form::call_helper;
  const Helper* helper = names_helper ? program::find_helper(id) : nullptr;
  Fact result = value_of(Kind::any);
  retire_origin(facts, node);
  if (helper != nullptr && helper->is_modelled()) {
    result = result_of(*helper, facts, node, program);
    forget_written(facts, *helper, program);
  } else if (passes_stack(facts)) {
    forget_stack(facts);
  }
  // A function that is called back may do what any function of the program does.
  const bool calls_back = names_helper && program::may_call_back(id);
  if (call_may_move_packet(insn) || calls_back) drop_packet(facts);
  set_result(facts, result);
}

void call_local(PointFacts& facts, const CallSummary& callee) {
  if (passes_stack(facts)) forget_stack(facts);
  if (callee.moves_packet) drop_packet(facts);
  set_result(facts, callee.result);
}

PointFacts entered_with_anything() {
  PointFacts facts;
  facts.reached = true;
  for (std::size_t i = 1; i <= last_argument; ++i) facts.regs[i] = value_of(Kind::any);
  reg_of(facts, bpf::Reg::r10) = pointer(Kind::stack, 0);
  forget_stack(facts);
  return facts;
}

PointFacts program_entry(const program::View& program) {
  PointFacts facts = entered_with_anything();
  // Bare bytecode is entered with what its engine gives it.
  if (program.type == program::ProgType::unspec) return facts;
  facts.regs[1] = pointer(Kind::ctx, 0);
  for (std::size_t i = 2; i <= last_argument; ++i) facts.regs[i] = value_of(Kind::nothing);
  return facts;
}

PointFacts callee_entry(const PointFacts& caller) {
  PointFacts facts = entered_with_anything();
  facts.packet_bytes = caller.packet_bytes;
  for (std::size_t i = 1; i <= last_argument; ++i) {
    const Fact& passed = caller.regs[i];
    Fact& argument = facts.regs[i];
    argument = passed.kind == Kind::number ? number(Abstract::any(64)) : passed;
    argument.forget_origin();
    if (passed.kind == Kind::stack) argument = value_of(Kind::other);
  }
  return facts;
}

}  // namespace probity::opt
