// SPDX-License-Identifier: Apache-2.0
// Decoding and checking; all messages name slot, value and limit.
#include "jit/plan.hpp"

#include <array>

#include "base/fixed_text.hpp"
#include "isa/bpf/codec.hpp"
#include "isa/bpf/codec_index.hpp"
#include "isa/bpf/flow.hpp"
#include "isa/code.hpp"

namespace probity::jit {

namespace {

using bpf::Insn;
using bpf::Meaning;

/// A sequence is written whole before its size is known.
constexpr std::size_t room_bytes = 2 * isa::max_sequence_bytes;
/// What aligning the parts may waste.
constexpr std::size_t slack_bytes = 64;

std::unexpected<Diagnostic> bad_target(std::size_t slot, std::int64_t target, std::size_t count) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": jump target ").append_signed(target);
  text.append(" is outside the program (0..").append_unsigned(count).append(")");
  return error(Fault::bad_input, text.view());
}

std::unexpected<Diagnostic> writes_frame_pointer(std::size_t slot) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": writes r10, the frame pointer, which ");
  text.append("translated code keeps its frames by");
  return error(Fault::unsupported, text.view());
}

std::unexpected<Diagnostic> too_many_addresses(const Request& request, std::size_t count) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("jit: ").append_unsigned(count).append(" addresses from number ");
  text.append_unsigned(request.first_address).append(" on; the limit is ");
  return error(Fault::limit, text.append_unsigned(address_limit).view());
}

std::unexpected<Diagnostic> target_inside(std::size_t slot, std::size_t target) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": jump target ").append_unsigned(target);
  text.append(" is the second slot of the lddw at ").append_unsigned(target - 1);
  return error(Fault::bad_input, text.view());
}

/// What a jump is to the driver; may_goto's target the runtime finds.
constexpr Reach reach_of(bpf::Form form) {
  const Meaning meaning = bpf::row(form).meaning;
  if (form == bpf::Form::call_local) return Reach::call;
  return meaning == Meaning::jump || meaning == Meaning::branch ? Reach::jump : Reach::none;
}

/// What does not depend on an instruction's fields.
struct FormFacts {
  Reach reach = Reach::none;
  bool has_address = false;
  std::uint8_t slot_count = 1;
  bpf::Written written = bpf::Written::none;
};
constexpr std::array<FormFacts, bpf::form_count> make_facts() {
  std::array<FormFacts, bpf::form_count> facts;
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const auto form = static_cast<bpf::Form>(i);
    const bool is_wide = bpf::row(form).meaning == Meaning::load_imm64;
    facts[i].reach = reach_of(form);
    facts[i].has_address = is_wide && form != bpf::Form::lddw;
    facts[i].slot_count = is_wide ? 2 : 1;
    facts[i].written = bpf::written_field(form);
  }
  return facts;
}
constexpr std::array<FormFacts, bpf::form_count> facts_of = make_facts();

}  // namespace

std::size_t workspace_bytes(std::size_t slot_count) {
  constexpr std::size_t per_slot =
      sizeof(PlannedInsn) + 2 * sizeof(std::uint32_t) + sizeof(std::uint16_t);
  return per_slot * (slot_count + 1) + room_bytes + slack_bytes;
}

Expected<Plan> plan_in(std::size_t slot_count, std::span<std::byte> workspace) {
  if (workspace.size() < workspace_bytes(slot_count)) {
    std::array<char, 160> buffer;
    TextSink text(buffer);
    text.append("jit: a workspace of ").append_unsigned(workspace.size());
    text.append(" bytes is too small; ").append_unsigned(slot_count).append(" slots need ");
    return error(Fault::limit, text.append_unsigned(workspace_bytes(slot_count)).view());
  }
  std::byte* at = workspace.data();
  const auto take = [&at]<typename T>(std::size_t count, T*) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    at += (alignof(T) - address % alignof(T)) % alignof(T);
    T* const first = reinterpret_cast<T*>(at);
    at += count * sizeof(T);
    return std::span<T>(first, count);
  };
  Plan plan;
  plan.insns = take(slot_count, static_cast<PlannedInsn*>(nullptr));
  plan.offsets = take(slot_count + 1, static_cast<std::uint32_t*>(nullptr));
  plan.jumps = take(slot_count, static_cast<std::uint32_t*>(nullptr));
  plan.need = take(slot_count + 1, static_cast<std::uint16_t*>(nullptr));
  plan.room = take(room_bytes, static_cast<std::uint8_t*>(nullptr));
  return plan;
}

namespace {

Expected<void> check_size(const Request& request) {
  if (request.slots.size() <= slot_limit && request.first_insn <= label_limit - slot_limit) {
    return {};
  }
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("jit: ").append_unsigned(request.slots.size()).append(" slots from number ");
  text.append_unsigned(request.first_insn).append(" on; the limits are ");
  text.append_unsigned(slot_limit).append(" and ").append_unsigned(label_limit - slot_limit);
  return error(Fault::limit, text.view());
}

/// Frames are found by r10: nothing else may write it.
bool writes_r10(bpf::Written written, const Insn& insn) {
  return (written == bpf::Written::dst && insn.dst == bpf::Reg::r10) ||
         (written == bpf::Written::src && insn.src == bpf::Reg::r10);
}

Expected<std::uint32_t> target_of(const Insn& insn, std::uint32_t slot, std::size_t count) {
  const std::int64_t target = std::int64_t{slot} + 1 + bpf::displacement(insn).value_or(0);
  if (target < 0 || target > static_cast<std::int64_t>(count)) {
    return bad_target(slot, target, count);
  }
  return static_cast<std::uint32_t>(target);
}

}  // namespace

Expected<Plan> make_plan(const Request& request, std::span<std::byte> workspace) {
  TRY(check_size(request));
  const auto count = static_cast<std::uint32_t>(request.slots.size());
  TRY(Plan plan, plan_in(count, workspace));
  std::size_t jump_count = 0;
  for (std::uint32_t slot = 0; slot < count;) {
    PlannedInsn& planned = plan.insns[slot];
    if (const std::optional<Insn> plain = bpf::decode_plain(request.slots[slot])) [[likely]] {
      // By field: a copy of the whole waits for the parts.
      planned.insn.form = plain->form;
      planned.insn.dst = plain->dst;
      planned.insn.src = plain->src;
      planned.insn.off = plain->off;
      planned.insn.imm = plain->imm;
      planned.insn.next_imm = plain->next_imm;
    } else {
      TRY(planned.insn, bpf::decode(request.slots, slot));
    }
    const FormFacts& facts = facts_of[static_cast<std::size_t>(planned.insn.form)];
    if (writes_r10(facts.written, planned.insn)) return writes_frame_pointer(slot);
    planned.target = 0;
    planned.room = 0;
    planned.cold_room = 0;
    planned.reach = facts.reach;
    planned.always_assist = !request.always_assist.empty() && request.always_assist[slot] != 0;
    planned.has_address = facts.has_address;
    planned.upper_dead = false;
    planned.is_loop_head = false;
    planned.slot_count = facts.slot_count;
    if (facts.slot_count == 2) {
      plan.insns[slot + 1] = {};
      plan.insns[slot + 1].reach = Reach::second;
      plan.address_count += facts.has_address ? 1 : 0;
    } else if (facts.reach != Reach::none) {
      TRY(planned.target, target_of(planned.insn, slot, count));
      plan.jumps[jump_count++] = slot;
    }
    slot += facts.slot_count;
  }
  if (std::uint64_t{request.first_address} + plan.address_count > address_limit) {
    return too_many_addresses(request, plan.address_count);
  }
  plan.jumps = plan.jumps.first(jump_count);
  for (const std::uint32_t slot : plan.jumps) {
    const std::uint32_t target = plan.insns[slot].target;
    if (target == count) continue;
    if (plan.insns[target].reach == Reach::second) return target_inside(slot, target);
    if (target <= slot) plan.insns[target].is_loop_head = true;
  }
  return plan;
}

}  // namespace probity::jit
