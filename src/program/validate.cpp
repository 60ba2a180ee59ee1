// SPDX-License-Identifier: Apache-2.0
// Validation in three passes: the shape of the subprogram table, every insn by itself (the second
// pass knows where insns start), and the call graph.
#include "program/validate.hpp"

#include "isa/bpf/codec.hpp"
#include "program/external_spec.hpp"
#include "program/flow.hpp"
#include "program/helper.hpp"
#include "program/message.hpp"
#include "program/poison.hpp"
#include "program/spec_call.hpp"

namespace probity::program {

namespace {

using bpf::Form;
using bpf::ImmOp;
using bpf::Insn;
using bpf::Meaning;
using bpf::Operands;
using bpf::Reg;
using bpf::Row;

/// The base register of a memory access.
std::optional<Reg> accessed_base(const Insn& insn) {
  const Operands operands = bpf::row(insn.form).operands;
  if (operands == Operands::dst_mem) return insn.src;
  if (operands == Operands::mem_imm || operands == Operands::mem_src) return insn.dst;
  return std::nullopt;
}

class Validator {
 public:
  Validator(const View& view, Arena& arena) : view_(view), arena_(arena) {}

  Expected<void> run() {
    TRY(check_subprogs());
    TRY(find_starts());
    for (const Subprog& subprog : view_.subprogs) TRY(check_subprog(subprog));
    TRY(const CallDepth depth, call_depth(view_, arena_));
    if (!depth.recursive && depth.frames > frame_limit) {
      return Message("calls nest ")
          .number(depth.frames)
          .text(" frames deep, at most ")
          .number(frame_limit)
          .bad_input();
    }
    return {};
  }

 private:
  Expected<void> check_subprogs();
  Expected<void> find_starts();
  Expected<void> check_subprog(const Subprog& subprog);
  Expected<void> check_flow(const Insn& insn, std::uint32_t slot, const Subprog& subprog);
  Expected<bool> is_reachable(std::uint32_t slot, const Subprog& subprog);
  Expected<void> check_registers(const Insn& insn, std::uint32_t slot);
  Expected<void> check_stack_access(const Insn& insn, std::uint32_t slot);
  Expected<void> check_external(const Insn& insn, std::uint32_t slot);
  Expected<void> check_call(const Insn& insn, std::uint32_t slot);
  Expected<void> check_load_imm64(const Insn& insn, std::uint32_t slot);
  Expected<void> check_packet_load(const Insn& insn, std::uint32_t slot);
  Expected<void> require_subprog(const Insn& insn, std::uint32_t slot);

  const View& view_;
  Arena& arena_;
  std::span<std::uint8_t> starts_;  // by slot: 1 where an insn starts
};

/// Subprograms are in slot order, not empty, and cover the program without gaps.
Expected<void> Validator::check_subprogs() {
  const std::size_t slot_count = view_.slots.size();
  if (slot_count == 0) return error(Fault::bad_input, "program has no insns");
  if (slot_count > slot_count_limit) {
    return Message("program has ")
        .number(slot_count)
        .text(" slots, at most ")
        .number(slot_count_limit)
        .bad_input();
  }
  if (view_.subprogs.empty() || view_.subprogs.size() > subprog_count_limit) {
    return Message("program has ")
        .number(view_.subprogs.size())
        .text(" subprograms (1..")
        .number(subprog_count_limit)
        .text(")")
        .bad_input();
  }
  std::uint64_t next = 0;
  for (const Subprog& subprog : view_.subprogs) {
    if (subprog.first_slot != next || subprog.slot_count == 0) {
      return Message("subprogram '")
          .text(subprog.name)
          .text("' has slots ")
          .number(subprog.first_slot)
          .text("+")
          .number(subprog.slot_count)
          .text(", but the one before it ends at ")
          .number(next)
          .bad_input();
    }
    next += subprog.slot_count;
  }
  if (next != slot_count) {
    return Message("subprograms cover ")
        .number(next)
        .text(" of ")
        .number(slot_count)
        .text(" slots")
        .bad_input();
  }
  return {};
}

Expected<void> Validator::find_starts() {
  starts_ = arena_.take<std::uint8_t>(view_.slots.size());
  if (starts_.empty()) {
    return Message("no scratch memory for ").number(view_.slots.size()).text(" slots").limit();
  }
  for (std::uint32_t slot = 0; slot < view_.slots.size();) {
    TRY(const Insn insn, bpf::decode(view_.slots, slot));
    starts_[slot] = 1;
    slot += insn.slot_count();
  }
  for (const Subprog& subprog : view_.subprogs) {
    if (starts_[subprog.first_slot] == 0) {
      return Message("subprogram '")
          .text(subprog.name)
          .text("' starts at slot ")
          .number(subprog.first_slot)
          .text(", inside an lddw")
          .bad_input();
    }
  }
  return {};
}

/// Walks the subprogram from its first slot; jumps that leave it are refused elsewhere and ignored
/// here.
Expected<bool> Validator::is_reachable(std::uint32_t slot, const Subprog& subprog) {
  constexpr std::uint8_t seen = 2;
  const std::span<std::uint32_t> open = arena_.take<std::uint32_t>(subprog.slot_count);
  if (open.empty()) {
    return Message("no scratch memory for ").number(subprog.slot_count).text(" slots").limit();
  }
  std::size_t open_count = 0;
  const std::int64_t end = std::int64_t{subprog.first_slot} + subprog.slot_count;
  const auto visit = [&](std::int64_t to) {
    const bool inside = to >= subprog.first_slot && to < end;
    if (!inside || starts_[static_cast<std::size_t>(to)] != 1) return;
    starts_[static_cast<std::size_t>(to)] |= seen;
    open[open_count++] = static_cast<std::uint32_t>(to);
  };
  visit(subprog.first_slot);
  while (open_count != 0) {
    const std::uint32_t at = open[--open_count];
    TRY(const Insn insn, bpf::decode(view_.slots, at));
    const InsnFlow flow = flow_of(insn, at);
    if (flow.falls_through) visit(at + std::int64_t{insn.slot_count()});
    if (flow.jumps) visit(flow.target);
  }
  return (starts_[slot] & seen) != 0;
}

Expected<void> Validator::check_flow(const Insn& insn, std::uint32_t slot, const Subprog& subprog) {
  const InsnFlow flow = flow_of(insn, slot);
  const std::int64_t end = std::int64_t{subprog.first_slot} + subprog.slot_count;
  if (flow.falls_through && slot + insn.slot_count() >= end) {
    TRY(const bool reachable, is_reachable(slot, subprog));
    if (reachable) {
      return at_slot(slot, insn)
          .text(" is the last insn of subprogram '")
          .text(subprog.name)
          .text("', which must end in exit or a jump")
          .bad_input();
    }
  }
  if (!flow.jumps) return {};
  if (flow.target < subprog.first_slot || flow.target >= end) {
    return at_slot(slot, insn)
        .text(" jumps to slot ")
        .signed_number(flow.target)
        .text(", outside its subprogram's ")
        .number(subprog.first_slot)
        .text("..")
        .signed_number(end - 1)
        .bad_input();
  }
  if (starts_[static_cast<std::size_t>(flow.target)] == 0) {
    return at_slot(slot, insn)
        .text(" jumps to slot ")
        .signed_number(flow.target)
        .text(", the second slot of an lddw")
        .bad_input();
  }
  return {};
}

Expected<void> Validator::check_registers(const Insn& insn, std::uint32_t slot) {
  const std::optional<Reg> written = written_register(insn);
  if (written != Reg::r10) return {};
  return at_slot(slot, insn).text(" writes r10, the read-only frame pointer").bad_input();
}

Expected<void> Validator::check_stack_access(const Insn& insn, std::uint32_t slot) {
  if (accessed_base(insn) != Reg::r10) return {};
  const std::int64_t size = bpf::row(insn.form).width / 8;
  if (insn.off >= -stack_size_bytes && insn.off + size <= 0) return {};
  return at_slot(slot, insn)
      .text(" accesses ")
      .signed_number(size)
      .text(" bytes at r10 + ")
      .signed_number(insn.off)
      .text(", outside the stack's -512..-1")
      .bad_input();
}

Expected<void> Validator::require_subprog(const Insn& insn, std::uint32_t slot) {
  const std::int64_t target = named_subprog_slot(insn, slot);
  if (subprog_at(view_, target)) return {};
  return at_slot(slot, insn)
      .text(" names slot ")
      .signed_number(target)
      .text(", where no subprogram starts")
      .bad_input();
}

/// A kernel function or variable, by its index in the program's externals.
Expected<void> Validator::check_external(const Insn& insn, std::uint32_t slot) {
  const std::uint32_t index = static_cast<std::uint32_t>(insn.imm);
  if (index < view_.externals.size()) return {};
  return at_slot(slot, insn)
      .text(": index ")
      .signed_number(insn.imm)
      .text(" is beyond the program's ")
      .number(view_.externals.size())
      .text(" externals")
      .bad_input();
}

Expected<void> Validator::check_call(const Insn& insn, std::uint32_t slot) {
  switch (static_cast<bpf::CallOp>(bpf::row(insn.form).operation)) {
    case bpf::CallOp::helper: {
      const std::uint32_t id = static_cast<std::uint32_t>(insn.imm);
      const bool reserved = is_spec_call(id) || is_external_spec_call(id) || is_poisoned_call(id);
      if (reserved || find_helper(id) != nullptr) return {};
      return at_slot(slot, insn)
          .text(": helper ")
          .number(id)
          .text(" is unknown (1..")
          .number(helpers().size())
          .text(")")
          .bad_input();
    }
    case bpf::CallOp::local: return require_subprog(insn, slot);
    case bpf::CallOp::kfunc: return check_external(insn, slot);
    case bpf::CallOp::reg:
      return at_slot(slot, insn)
          .text(": calls by register are not part of RFC 9669 and the kernel refuses them; ")
          .text("compile so that the call is direct")
          .unsupported();
  }
  return {};
}

Expected<void> Validator::check_load_imm64(const Insn& insn, std::uint32_t slot) {
  const ImmOp op = static_cast<ImmOp>(bpf::row(insn.form).operation);
  switch (op) {
    case ImmOp::value: return {};
    case ImmOp::func: return require_subprog(insn, slot);
    case ImmOp::var: return check_external(insn, slot);
    case ImmOp::map:
    case ImmOp::map_value:
    case ImmOp::map_idx:
    case ImmOp::map_idx_value: break;
  }
  const std::uint32_t index = static_cast<std::uint32_t>(insn.imm);
  if (index >= view_.maps.size()) {
    return at_slot(slot, insn)
        .text(": map index ")
        .signed_number(insn.imm)
        .text(" is beyond the program's ")
        .number(view_.maps.size())
        .text(" maps")
        .bad_input();
  }
  const bool to_value = op == ImmOp::map_value || op == ImmOp::map_idx_value;
  const std::uint32_t offset = static_cast<std::uint32_t>(insn.next_imm);
  const MapDef& map = view_.maps[index];
  if (to_value && offset >= map.value_size) {
    return at_slot(slot, insn)
        .text(": offset ")
        .number(offset)
        .text(" is beyond the ")
        .number(map.value_size)
        .text(" bytes of a value of map '")
        .text(map.name)
        .text("'")
        .bad_input();
  }
  return {};
}

/// The program types whose ctx is a packet buffer that ldabs and ldind may read.
Expected<void> Validator::check_packet_load(const Insn& insn, std::uint32_t slot) {
  const ProgType type = view_.type;
  const bool allowed = type == ProgType::unspec || type == ProgType::socket_filter ||
                       type == ProgType::sched_cls || type == ProgType::sched_act;
  if (allowed) return {};
  return at_slot(slot, insn)
      .text(": program type ")
      .text(name(type))
      .text(" has no packet loads (socket_filter, sched_cls and sched_act have)")
      .bad_input();
}

Expected<void> Validator::check_subprog(const Subprog& subprog) {
  const std::uint32_t end = subprog.first_slot + subprog.slot_count;
  for (std::uint32_t slot = subprog.first_slot; slot < end;) {
    TRY(const Insn insn, bpf::decode(view_.slots, slot));
    TRY(check_flow(insn, slot, subprog));
    TRY(check_registers(insn, slot));
    TRY(check_stack_access(insn, slot));
    const Meaning meaning = bpf::row(insn.form).meaning;
    if (meaning == Meaning::call) {
      TRY(check_call(insn, slot));
    }
    if (meaning == Meaning::load_imm64) {
      TRY(check_load_imm64(insn, slot));
    }
    if (meaning == Meaning::load_packet) {
      TRY(check_packet_load(insn, slot));
    }
    slot += insn.slot_count();
  }
  return {};
}

/// Depth-first over the call graph with the insns themselves as edges.
class CallWalk {
 public:
  CallWalk(const View& view, Arena& arena) : view_(view), arena_(arena) {}

  Expected<CallDepth> run() {
    const std::size_t count = view_.subprogs.size();
    stack_ = arena_.take<Visit>(count);
    subprogs_ = arena_.take<State>(count);
    if (stack_.size() != count || subprogs_.size() != count || count == 0) {
      return Message("no scratch memory for the calls of ")
          .number(count)
          .text(" subprograms")
          .limit();
    }
    enter(0);
    while (depth_ != 0) TRY(step());
    return CallDepth{subprogs_[0].frames, recursive_};
  }

 private:
  struct Visit {
    std::uint32_t subprog;
    std::uint32_t slot;  // where to go on looking for calls
  };
  struct State {
    std::uint32_t frames;  // of the deepest chain from here, 0 while unknown
    bool on_stack;
  };

  void enter(std::uint32_t subprog) {
    subprogs_[subprog] = {1, true};
    stack_[depth_++] = {subprog, view_.subprogs[subprog].first_slot};
  }
  void leave(std::uint32_t subprog) {
    subprogs_[subprog].on_stack = false;
    --depth_;
    if (depth_ != 0) deepen(stack_[depth_ - 1].subprog, subprog);
  }
  void deepen(std::uint32_t caller, std::uint32_t callee) {
    const std::uint32_t frames = subprogs_[callee].frames + 1;
    if (subprogs_[caller].frames < frames) subprogs_[caller].frames = frames;
  }
  Expected<void> step();

  const View& view_;
  Arena& arena_;
  std::span<Visit> stack_;
  std::span<State> subprogs_;
  std::size_t depth_ = 0;
  bool recursive_ = false;
};

/// Goes to the next call of the subprogram on top, or leaves it.
Expected<void> CallWalk::step() {
  Visit& visit = stack_[depth_ - 1];
  const Subprog& subprog = view_.subprogs[visit.subprog];
  if (visit.slot >= subprog.first_slot + subprog.slot_count) {
    leave(visit.subprog);
    return {};
  }
  TRY(const Insn insn, bpf::decode(view_.slots, visit.slot));
  const std::uint32_t slot = visit.slot;
  visit.slot += insn.slot_count();
  if (!names_subprog(insn)) return {};
  const std::optional<std::uint32_t> callee = subprog_at(view_, named_subprog_slot(insn, slot));
  if (!callee) return {};
  if (subprogs_[*callee].on_stack)
    recursive_ = true;
  else if (subprogs_[*callee].frames != 0)
    deepen(visit.subprog, *callee);
  else
    enter(*callee);
  return {};
}

}  // namespace

std::optional<std::uint32_t> subprog_at(const View& view, std::int64_t slot) {
  std::size_t low = 0;
  std::size_t high = view.subprogs.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const std::int64_t first = view.subprogs[middle].first_slot;
    if (first == slot) return static_cast<std::uint32_t>(middle);
    if (first < slot)
      low = middle + 1;
    else
      high = middle;
  }
  return std::nullopt;
}

Expected<CallDepth> call_depth(const View& view, Arena& arena) {
  return CallWalk(view, arena).run();
}

Expected<void> validate(const View& view, Arena& arena) {
  return Validator(view, arena).run();
}

}  // namespace probity::program
