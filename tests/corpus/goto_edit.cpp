// SPDX-License-Identifier: Apache-2.0
// See goto_edit.hpp. Jumps land on what stands before their target, so nothing inserted is
// unreachable.
#include "goto_edit.hpp"

#include <algorithm>

#include "isa/bpf/codec.hpp"
#include "program/flow.hpp"

namespace probity::corpus {
namespace {

using object::EditedSlot;
using object::FunctionEdit;
using object::Object;
using object::Origin;

constexpr bpf::Slot goto_next = {bpf::row(bpf::Form::ja).opcode, 0, 0, 0};

/// Before which slots of a function something is inserted.
Expected<std::vector<bool>> insertion_places(std::span<const bpf::Slot> slots) {
  std::vector<bool> places(slots.size());
  std::vector<bool> starts(slots.size());
  std::vector<std::int64_t> targets;
  for (std::uint32_t at = 0; at < slots.size();) {
    TRY(const bpf::Insn insn, bpf::decode(slots, at));
    const program::InsnFlow flow = program::flow_of(insn, at);
    starts[at] = true;
    places[at] = at == 0 || bpf::row(insn.form).meaning == bpf::Meaning::call;
    if (flow.jumps) targets.push_back(flow.target);
    at += insn.slot_count();
  }
  for (const std::int64_t target : targets) {
    if (target < 0 || target >= static_cast<std::int64_t>(slots.size())) continue;
    auto at = static_cast<std::size_t>(target);
    places[at] = true;
    const bool ends = !program::flow_of(*bpf::decode(slots, at), 0).falls_through;
    for (++at; !ends && at < slots.size() && !starts[at];) ++at;
    if (!ends && at < slots.size()) places[at] = true;
  }
  for (std::size_t at = slots.size() / 2; at < slots.size(); ++at) {
    if (!starts[at]) continue;
    // Behind an insn that never falls through nothing would reach it.
    if (at > 0 && places[at]) break;
    const std::size_t before = at > 1 && !starts[at - 1] ? at - 2 : at - 1;
    if (at > 0 && program::flow_of(*bpf::decode(slots, before), 0).falls_through) {
      places[at] = true;
      break;
    }
  }
  return places;
}

Expected<FunctionEdit> with_gotos(const Object& object, std::uint32_t function, Insert where) {
  FunctionEdit edit{function, {}};
  const FunctionEdit kept = object::keep_function(object, function);
  std::vector<bool> places(kept.slots.size());
  places[0] = true;
  if (where == Insert::everywhere) {
    TRY(places, insertion_places(object::raw_slots(object, object.functions[function])));
  }
  for (std::size_t i = 0; i < kept.slots.size(); ++i) {
    if (places[i]) edit.slots.push_back({goto_next, Origin::inserted, 0});
    edit.slots.push_back(kept.slots[i]);
  }
  return object::retarget_jumps(object, std::move(edit), object::Landing::on_inserted);
}

template <typename T>
GotoEdit edit_each(const Object& object, T edit_function) {
  GotoEdit result{object::Edit(object), {}};
  for (std::uint32_t i = 0; i < object.functions.size(); ++i) {
    if (object.functions[i].slot_count == 0) continue;
    Expected<FunctionEdit> edit = edit_function(i);
    const Expected<void> replaced =
        edit ? result.edit.replace(*std::move(edit)) : std::unexpected(edit.error());
    if (!replaced)
      result.refused.push_back(std::string(object.functions[i].name) + ": " +
                               std::string(replaced.error().line()));
  }
  return result;
}

/// The function without the slots that `removed` names.
Expected<FunctionEdit> without(const Object& object, std::uint32_t function,
                               const std::vector<bool>& removed) {
  FunctionEdit edit = object::keep_function(object, function);
  std::erase_if(edit.slots, [&](const EditedSlot& slot) { return removed[slot.old_slot]; });
  return object::retarget_jumps(object, std::move(edit), object::Landing::on_inserted);
}

}  // namespace

GotoEdit insert_gotos(const Object& object, Insert where) {
  return edit_each(object, [&](std::uint32_t i) { return with_gotos(object, i, where); });
}

GotoEdit remove_gotos(const Object& object, const object::Edit& inserted, Remove which) {
  bool keep = false;
  return edit_each(object, [&](std::uint32_t i) -> Expected<FunctionEdit> {
    const auto found = inserted.functions().find(i);
    if (found == inserted.functions().end()) return object::keep_function(object, i);
    std::vector<bool> removed(found->second.slots.size());
    for (std::size_t slot = 0; slot < removed.size(); ++slot) {
      if (found->second.slots[slot].origin != Origin::inserted) continue;
      keep = which == Remove::every_second && !keep;
      removed[slot] = !keep;
    }
    return without(object, i, removed);
  });
}

GotoEdit remove_own_gotos(const Object& object) {
  return edit_each(object, [&](std::uint32_t i) -> Expected<FunctionEdit> {
    const std::vector<bpf::Slot> slots = object::raw_slots(object, object.functions[i]);
    std::vector<bool> removed(slots.size());
    for (std::size_t at = 0; at < slots.size();) {
      TRY(const bpf::Insn insn, bpf::decode(slots, at));
      removed[at] = slots[at] == goto_next;
      at += insn.slot_count();
    }
    return without(object, i, removed);
  });
}

}  // namespace probity::corpus
