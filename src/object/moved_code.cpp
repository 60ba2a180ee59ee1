// SPDX-License-Identifier: Apache-2.0
// A section is cut into runs at its edited functions. What is between them moves rigidly, so only
// what crosses from one run into another has to be adjusted.
#include "object/moved_code.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "isa/bpf/codec.hpp"
#include "program/flow.hpp"

namespace probity::object {
namespace {

using bpf::Slot;

constexpr std::uint64_t slot_bytes = sizeof(Slot);

class Builder {
 public:
  Builder(const Object& object, std::uint32_t section)
      : object_(object), section_(section), code_(object.elf.sections[section].data) {
    moved_.index = section;
  }

  void keep_until(std::uint32_t old_slot) {
    if (old_slot <= at_) return;
    moved_.runs.push_back({at_, old_slot - at_, next(), old_slot - at_, false});
    const std::uint32_t first = at_;
    for (; at_ < old_slot; ++at_)
      add(bpf::slot_at(code_, at_), {section_, at_, first, true, false});
  }

  void edit(const Function& function, const FunctionEdit& edit) {
    keep_until(function.first_slot);
    moved_.runs.push_back(
        {at_, function.slot_count, next(), static_cast<std::uint32_t>(edit.slots.size()), true});
    for (const EditedSlot& edited : edit.slots) add(edited.slot, old_of(function, edited));
    at_ += function.slot_count;
  }

  MovedSection finish() {
    keep_until(static_cast<std::uint32_t>(code_.size() / slot_bytes));
    find_places();
    find_copies();
    return std::move(moved_);
  }

 private:
  std::uint32_t next() const { return static_cast<std::uint32_t>(moved_.slots.size()); }

  OldSlot old_of(const Function& function, const EditedSlot& edited) const {
    if (edited.origin == Origin::inserted) return {};
    const Function& from = edited.function ? object_.functions[*edited.function] : function;
    return {from.section, from.first_slot + edited.old_slot, from.first_slot,
            edited.origin == Origin::copied, &from != &function};
  }

  void add(const Slot& slot, OldSlot old) {
    moved_.slots.push_back(slot);
    moved_.old_of.push_back(old);
  }

  void find_places() {
    std::vector<std::uint32_t>& places = moved_.places;
    places.assign(at_ + 1, no_slot);
    places[at_] = next();
    for (std::uint32_t i = 0; i < moved_.old_of.size(); ++i) {
      const OldSlot& old = moved_.old_of[i];
      if (old.slot != no_slot && !old.foreign && places[old.slot] == no_slot) places[old.slot] = i;
    }
    for (const CodeRun& run : moved_.runs)
      if (run.old_count != 0) places[run.old_first] = run.new_first;
    for (std::uint32_t i = at_; i-- > 0;)
      if (places[i] == no_slot) places[i] = places[i + 1];
  }

  void find_copies() {
    std::vector<std::uint32_t>& from = moved_.copies_from;
    from.assign(moved_.places.size() + 1, 0);
    const auto is_copy = [&](const OldSlot& old) { return old.copied && old.section == section_; };
    for (const OldSlot& old : moved_.old_of)
      if (is_copy(old)) ++from[old.slot + 1];
    for (std::size_t i = 1; i < from.size(); ++i) from[i] += from[i - 1];
    std::vector<std::uint32_t> fill(from.begin(), from.end());
    moved_.copies.resize(from.back());
    for (std::uint32_t i = 0; i < moved_.slots.size(); ++i)
      if (is_copy(moved_.old_of[i])) moved_.copies[fill[moved_.old_of[i].slot]++] = i;
  }

  const Object& object_;
  std::uint32_t section_;
  std::span<const std::uint8_t> code_;
  std::uint32_t at_ = 0;  // old slot
  MovedSection moved_;
};

std::unexpected<Diagnostic> too_far(std::uint32_t slot, std::int64_t distance) {
  return error(Fault::bad_input,
               fmt::format("new slot {}: displacement {} does not fit 16 signed bits "
                           "(-32768..32767)",
                           slot, distance));
}

/// One run: what it refers to in another run is at a new distance.
Expected<void> adjust_run(MovedSection& moved, const CodeRun& run, std::span<const Slot> old_slots,
                          const std::vector<bool>& related) {
  const auto old_end = std::int64_t{run.old_first} + run.old_count;
  for (std::uint32_t i = run.new_first; i < run.new_first + run.new_count; ++i) {
    const OldSlot& old = moved.old_of[i];
    if (!old.copied || old.section != moved.index || related[old.slot]) continue;
    const std::uint32_t old_slot = old.slot;
    const auto named = named_slot(old_slots, old_slot);
    const auto insn = bpf::decode(old_slots, old_slot);
    const program::InsnFlow flow = insn ? program::flow_of(*insn, old_slot) : program::InsnFlow();
    const std::int64_t target = named.value_or(flow.target);
    const bool inside = target >= run.old_first && target < old_end;
    // Jumps inside an edited function are the editor's, calls are not.
    if (!named && (!flow.jumps || inside || old.foreign)) continue;
    if (inside && !run.edited) continue;
    if (target < 0 || target >= static_cast<std::int64_t>(moved.places.size())) continue;
    const std::int64_t distance =
        std::int64_t{moved.places[static_cast<std::size_t>(target)]} - i - 1;
    const bool wide = named || insn->form == bpf::Form::ja32;
    if (wide) {
      moved.slots[i].imm = static_cast<std::int32_t>(distance);
      continue;
    }
    if (distance != static_cast<std::int16_t>(distance)) return too_far(i, distance);
    moved.slots[i].off = static_cast<std::int16_t>(distance);
  }
  return {};
}

}  // namespace

std::span<const std::uint32_t> MovedSection::copies_of(std::uint32_t old_slot) const {
  const std::span all(copies);
  return all.subspan(copies_from[old_slot], copies_from[old_slot + 1] - copies_from[old_slot]);
}

std::uint64_t MovedSection::address(std::uint64_t old_address) const {
  const std::uint64_t old_end = (places.size() - 1) * slot_bytes;
  if (old_address >= old_end) return old_address - old_end + slots.size() * slot_bytes;
  return places[old_address / slot_bytes] * slot_bytes + old_address % slot_bytes;
}

MovedCode::MovedCode(const Edit& edit) {
  const Object& object = edit.object();
  std::map<std::uint32_t, Builder> builders;
  // Functions are sorted by place, so each builder sees its own in order.
  for (const auto& [index, code] : edit.functions()) {
    const Function& function = object.functions[index];
    const auto [entry, added] = builders.try_emplace(function.section, object, function.section);
    entry->second.edit(function, code);
  }
  for (auto& [section, builder] : builders) sections_.emplace(section, builder.finish());
  for (const auto& [index, moved] : sections_)
    for (std::uint32_t i = 0; i < moved.old_of.size(); ++i)
      if (const OldSlot& old = moved.old_of[i]; old.copied && old.section != index)
        elsewhere_.emplace(CodePlace{old.section, old.slot}, CodePlace{index, i});
}

std::vector<CodePlace> MovedCode::copies_elsewhere(CodePlace old) const {
  std::vector<CodePlace> copies;
  for (auto [at, end] = elsewhere_.equal_range(old); at != end; ++at) copies.push_back(at->second);
  return copies;
}

const MovedSection* MovedCode::section(std::uint32_t index) const {
  const auto found = sections_.find(index);
  return found != sections_.end() ? &found->second : nullptr;
}

std::uint64_t MovedCode::address(std::uint32_t index, std::uint64_t old_address) const {
  const MovedSection* moved = section(index);
  return moved != nullptr ? moved->address(old_address) : old_address;
}

Expected<void> adjust_displacements(MovedSection& moved, std::span<const Slot> old_slots,
                                    const std::vector<bool>& related) {
  for (const CodeRun& run : moved.runs) TRY(adjust_run(moved, run, old_slots, related));
  return {};
}

}  // namespace probity::object
