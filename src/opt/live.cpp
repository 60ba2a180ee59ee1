// SPDX-License-Identifier: Apache-2.0
// Backward to a fixed point. Registers are program/register_use.hpp's. Bytes of the frame are read
// by loads, by the memory arguments of helpers, and by whatever a call can reach through a pointer
// into the frame; only a store whose place is known writes them for sure.
#include "opt/live.hpp"

#include <algorithm>

#include "opt/fact_rules.hpp"
#include "program/helper.hpp"
#include "program/helper_effect.hpp"
#include "program/register_use.hpp"

namespace probity::opt {
namespace {

using bpf::Insn;
using bpf::Meaning;
using program::ArgKind;
using program::Helper;

constexpr auto frame_bytes = static_cast<std::int64_t>(stack_bytes);
constexpr std::size_t last_argument = 5;

/// Bytes of the frame from `offset` (from r10) on, as far as there are any.
StackSet bytes_at(std::int64_t offset, std::uint64_t size_bytes) {
  const std::int64_t first = std::clamp<std::int64_t>(offset + frame_bytes, 0, frame_bytes);
  const auto room = static_cast<std::uint64_t>(frame_bytes - first);
  const auto count = static_cast<std::size_t>(std::min(size_bytes, room));
  StackSet set;
  for (std::size_t i = 0; i < count; ++i) set.set(static_cast<std::size_t>(first) + i);
  return set;
}

StackSet all_bytes() {
  return StackSet().set();
}

/// What can be read through a pointer of that kind: `size_bytes` from where it points.
StackSet bytes_behind(const Fact& base, std::int64_t off, std::uint64_t size_bytes) {
  if (base.kind == Kind::stack && base.offset) return bytes_at(*base.offset + off, size_bytes);
  return is_pointer(base.kind) && base.kind != Kind::stack ? StackSet() : all_bytes();
}

std::uint32_t map_argument(const Helper& helper, const PointFacts& facts) {
  for (std::size_t i = 0; i < last_argument; ++i) {
    const Fact& fact = facts.regs[i + 1];
    if (helper.args[i] == ArgKind::const_map && fact.kind == Kind::map) return fact.map;
  }
  return Fact::no_map;
}

/// How many bytes a helper reads at argument `index`; nothing when the frame's end is the limit.
std::uint64_t bytes_read(const Helper& helper, std::size_t index, const PointFacts& facts,
                         const program::View& program) {
  const std::uint32_t map = map_argument(helper, facts);
  const bool known_map = map < program.maps.size();
  switch (helper.args[index]) {
    case ArgKind::none:
    case ArgKind::ctx:
    case ArgKind::ctx_or_null:
    case ArgKind::const_map:
    case ArgKind::map_value_out:
    case ArgKind::mem_out:
    case ArgKind::mem_out_or_null:
    case ArgKind::const_size:
    case ArgKind::const_size_or_zero:
    case ArgKind::const_alloc_size:
    case ArgKind::func:
    case ArgKind::dynptr_out: return 0;
    case ArgKind::map_key: return known_map ? program.maps[map].key_size : stack_bytes;
    case ArgKind::map_value:
    case ArgKind::map_value_or_null: return known_map ? program.maps[map].value_size : stack_bytes;
    case ArgKind::mem_in:
    case ArgKind::mem_in_or_null:
    case ArgKind::mem_inout: return facts.regs[index + 2].bits.high;
    // A number can be an address: of bpf_probe_read, or of what bpf_trace_printk prints.
    case ArgKind::unknown:
    case ArgKind::scalar:
    case ArgKind::const_str:
    case ArgKind::stack_or_null:
    case ArgKind::socket:
    case ArgKind::socket_or_null:
    case ArgKind::spin_lock:
    case ArgKind::timer:
    case ArgKind::ringbuf_mem:
    case ArgKind::dynptr: return stack_bytes;
  }
  return stack_bytes;
}

/// What a function can read that gets the frame's address in an argument, directly or not.
StackSet reached_by_call(const PointFacts& facts) {
  for (std::size_t i = 1; i <= last_argument; ++i) {
    if (may_reach_stack(facts.regs[i].kind)) return all_bytes();
  }
  return {};
}

StackSet read_by_helper(const Helper& helper, const PointFacts& facts,
                        const program::View& program) {
  StackSet read;
  for (std::size_t i = 0; i < last_argument; ++i) {
    const Fact& argument = facts.regs[i + 1];
    const std::uint64_t size_bytes = bytes_read(helper, i, facts, program);
    if (size_bytes == 0 || !may_reach_stack(argument.kind)) continue;
    const bool handed_on =
        helper.args[i] == ArgKind::stack_or_null || helper.args[i] == ArgKind::dynptr;
    if (handed_on) return all_bytes();
    read |= bytes_behind(argument, 0, size_bytes);
  }
  return read;
}

StackSet read_by_call(const Insn& insn, const PointFacts& facts, const program::View& program) {
  if (insn.form != bpf::Form::call_helper) return reached_by_call(facts);
  const auto id = static_cast<std::uint32_t>(insn.imm);
  const Helper* helper = program::find_helper(id);
  const bool known = helper != nullptr && helper->is_modelled();
  if (!known || program::may_follow_pointers(id)) return reached_by_call(facts);
  return read_by_helper(*helper, facts, program);
}

struct StackUse {
  StackSet read;
  StackSet written;  ///< for sure
};

StackUse stack_use(const Node& node, const PointFacts& facts, const program::View& program) {
  const bpf::Row& row = bpf::row(node.insn.form);
  const std::uint64_t size_bytes = row.width / 8;
  const Fact& dst = reg_of(facts, node.insn.dst);
  const Fact& src = reg_of(facts, node.insn.src);
  const auto certain = [&] {
    const bool placed = dst.kind == Kind::stack && dst.offset && !node.patched;
    return placed ? bytes_at(*dst.offset + node.insn.off, size_bytes) : StackSet();
  };
  const auto read_behind = [&](const Fact& base) {
    if (!node.patched) return bytes_behind(base, node.insn.off, size_bytes);
    return is_pointer(base.kind) && base.kind != Kind::stack ? StackSet() : all_bytes();
  };
  switch (row.meaning) {
    case Meaning::load:
    case Meaning::load_acquire: return {read_behind(src), {}};
    case Meaning::atomic: return {read_behind(dst), {}};
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::store_release: return {{}, certain()};
    case Meaning::call: return {read_by_call(node.insn, facts, program), {}};
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::branch:
    case Meaning::exit:
    case Meaning::load_imm64:
    case Meaning::load_packet: return {};
  }
  return {all_bytes(), {}};
}

LivePoint joined(const Code& code, std::uint32_t node, const std::vector<LivePoint>& points) {
  LivePoint result;
  const Successors next = successors(code, node);
  for (const std::uint32_t at : {next.next, next.taken}) {
    if (at == no_node) continue;
    result.regs |= points[at].regs;
    result.stack |= points[at].stack;
  }
  return result;
}

}  // namespace

Live Live::of(const Code& code, const Facts& facts, const program::View& program) {
  std::vector<StackUse> stack;
  std::vector<program::RegisterUse> regs;
  for (std::uint32_t node = 0; node < code.size(); ++node) {
    stack.push_back(stack_use(code[node], facts.before(node), program));
    regs.push_back(program::register_use(code[node].insn));
  }
  Live live;
  live.points_.resize(code.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (std::uint32_t node = code.size(); node-- > 0;) {
      const LivePoint after = joined(code, node, live.points_);
      LivePoint& point = live.points_[node];
      const auto kept = static_cast<RegisterSet>(after.regs & ~regs[node].written);
      const LivePoint before{static_cast<RegisterSet>(regs[node].read | kept),
                             stack[node].read | (after.stack & ~stack[node].written)};
      changed = changed || !(before == point);
      point = before;
    }
  }
  return live;
}

LivePoint Live::after(const Code& code, std::uint32_t node) const {
  return joined(code, node, points_);
}

}  // namespace probity::opt
