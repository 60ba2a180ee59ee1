// SPDX-License-Identifier: Apache-2.0
// Driver: layout() and emit() over one target's translator T = Translator<Concrete>. Sizing starts
// from every jump at its shortest and only grows jumps that do not reach, so it ends; sizes of all
// other instructions do not depend on the layout. Loop heads are aligned where the target asks for
// it, so a distance may also shrink: a jump that no longer needs its room is padded, like the way
// into a loop. Cold parts of instructions lie behind the end, in the order of their instructions.
// emit() checks of every instruction that its code and padding fill exactly the room between its
// label and the next, and of every cold part that it lies where its instruction jumps to.
#pragma once

#include <array>

#include "base/fixed_text.hpp"
#include "domain/concrete.hpp"
#include "isa/code.hpp"
#include "jit/compile.hpp"
#include "jit/plan.hpp"
#include "jit/upper_halves.hpp"

namespace probity::jit {

template <typename T>
class Driver {
 public:
  Driver(const Request& request, const Plan& plan);

  Expected<Image> layout();
  Expected<void> emit(const Image& image, std::span<std::uint8_t> code);

 private:
  using Code = isa::Code<Concrete>;
  using Word = Bv<Concrete, 32>;

  void find_dead_halves();
  Image place_stubs();
  void describe(std::uint32_t slot);
  void describe_end();
  bool emit_insn(T& translator, std::uint32_t slot);
  Expected<std::uint32_t> size_of(std::uint32_t slot);
  std::uint32_t cold_size_of(T& translator, Code& code, std::uint32_t slot);
  Expected<void> size_shortest(std::uint32_t first);
  Expected<bool> grow_jumps();
  Expected<void> place(std::uint32_t first);
  void emit_stubs(const Image& image, T& translator);
  Expected<void> emit_insns(Code& code, T& translator);
  Expected<void> emit_cold_parts(Code& code, T& translator);
  static Expected<void> fill_room(Code& code, T& translator, std::uint32_t slot, std::uint32_t end);
  static std::uint64_t aligned(std::uint64_t label) {
    return (label + T::loop_alignment - 1) / T::loop_alignment * T::loop_alignment;
  }
  std::uint32_t next_of(std::uint32_t slot) const { return slot + plan_.insns[slot].slot_count; }
  std::uint32_t slot_count() const { return static_cast<std::uint32_t>(plan_.insns.size()); }
  static std::unexpected<Diagnostic> too_large(std::uint32_t slot, std::uint64_t label);
  static std::unexpected<Diagnostic> out_of_reach(std::uint32_t slot);
  static std::unexpected<Diagnostic> no_cold_room(std::uint32_t slot);
  static std::unexpected<Diagnostic> other_size(std::uint32_t slot, std::uint32_t end,
                                                std::uint32_t planned);

  const Request& request_;
  Plan plan_;
  Inputs<Concrete> inputs_;  ///< of the instruction at hand
  std::uint32_t next_address_;
  std::uint32_t cold_label_ = 0;  ///< where the next cold part lies
  std::uint32_t cold_bytes_ = 0;  ///< of all cold parts
};

/// Any 64-bit number to one that looks random (splitmix64).
constexpr std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e37'79b9'7f4a'7c15;
  x = (x ^ x >> 30) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ x >> 27) * 0x94d0'49bb'1331'11eb;
  return x ^ x >> 31;
}

template <typename T>
Driver<T>::Driver(const Request& request, const Plan& plan)
    : request_(request), plan_(plan), next_address_(request.first_address) {}

template <typename T>
std::unexpected<Diagnostic> Driver<T>::too_large(std::uint32_t slot, std::uint64_t label) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": the image grows to ");
  text.append_unsigned(label).append(" bytes; the limit is ").append_unsigned(label_limit);
  return error(Fault::limit, text.view());
}

template <typename T>
std::unexpected<Diagnostic> Driver<T>::out_of_reach(std::uint32_t slot) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": its target is beyond the longest jump");
  return error(Fault::limit, text.view());
}

template <typename T>
std::unexpected<Diagnostic> Driver<T>::no_cold_room(std::uint32_t slot) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": the layout has no room for its cold part");
  return error(Fault::bug, text.view());
}

/// What was emitted for `slot` ends at `end`.
template <typename T>
std::unexpected<Diagnostic> Driver<T>::other_size(std::uint32_t slot, std::uint32_t end,
                                                  std::uint32_t planned) {
  std::array<char, 160> buffer;
  TextSink text(buffer);
  text.append("slot ").append_unsigned(slot).append(": the code ends at byte ");
  text.append_unsigned(end).append(", but the layout says ").append_unsigned(planned);
  return error(Fault::bug, text.view());
}

template <typename T>
void Driver<T>::find_dead_halves() {
  if (!T::uses_upper_dead) return;
  find_upper_halves(plan_, plan_.need);
  if (!upper_halves_hold(plan_, plan_.need)) return;  // an analysis that fails proves nothing
  for (std::uint32_t slot = 0; slot < slot_count(); slot = next_of(slot)) {
    plan_.insns[slot].upper_dead = is_upper_dead(plan_, plan_.need, slot);
  }
}

/// Where enter, leave and assist lie, and as `size_bytes` where slot 0 starts.
template <typename T>
Image Driver<T>::place_stubs() {
  Image image;
  Code code(plan_.room.data());
  T translator(code, request_.options);
  const Labels<Concrete> labels{};
  image.enter = code.size();
  translator.enter(labels);
  image.leave = code.size();
  translator.leave(labels);
  image.assist = code.size();
  translator.assist(labels);
  image.size_bytes = code.size();
  return image;
}

/// Fills inputs_ but for `here` and `target`.
template <typename T>
void Driver<T>::describe(std::uint32_t slot) {
  const PlannedInsn& planned = plan_.insns[slot];
  inputs_.immediates.off = Bv<Concrete, 16>::lit(static_cast<std::uint16_t>(planned.insn.off));
  inputs_.immediates.imm = Word::lit(static_cast<std::uint32_t>(planned.insn.imm));
  inputs_.immediates.next_imm = Word::lit(static_cast<std::uint32_t>(planned.insn.next_imm));
  inputs_.insn = Word::lit(request_.first_insn + slot);
  inputs_.always_assist = planned.always_assist;
  inputs_.upper_dead = planned.upper_dead;
  inputs_.back_edge = planned.reach == Reach::jump && planned.target <= slot;
  if (request_.options.blinding == Blinding::on) {
    inputs_.blinding = Word::lit(mixed(request_.blinding_seed ^ mixed(slot)));
  }
  inputs_.address_index = Word::lit(next_address_);
  next_address_ += planned.has_address ? 1 : 0;
}

/// The same of the end, whose size depends on its number on some targets.
template <typename T>
void Driver<T>::describe_end() {
  inputs_.insn = Word::lit(request_.first_insn + slot_count());
  inputs_.labels.here = Word::lit(plan_.offsets[slot_count()]);
}

template <typename T>
bool Driver<T>::emit_insn(T& translator, std::uint32_t slot) {
  const bpf::Insn& insn = plan_.insns[slot].insn;
  return translator.insn(insn.form, insn.dst, insn.src, inputs_);
}

/// Bytes of the instruction's code under the labels in inputs_.
template <typename T>
Expected<std::uint32_t> Driver<T>::size_of(std::uint32_t slot) {
  Code code(plan_.room.data());
  T translator(code, request_.options);
  if (!emit_insn(translator, slot)) return out_of_reach(slot);
  return code.size();
}

/// Bytes of the cold part of what was emitted last, 0 where it has none.
template <typename T>
std::uint32_t Driver<T>::cold_size_of(T& translator, Code& code, std::uint32_t slot) {
  if constexpr (T::uses_cold) {
    if (!translator.has_cold()) return 0;
    const bpf::Insn& insn = plan_.insns[slot].insn;
    code.rewind();
    translator.cold(insn.form, insn.dst, insn.src, inputs_);
    return code.size();
  } else {
    return 0;
  }
}

/// Rooms in which every jump goes to itself.
template <typename T>
Expected<void> Driver<T>::size_shortest(std::uint32_t first) {
  std::uint64_t cold_bytes = 0;
  for (std::uint32_t slot = 0; slot < slot_count(); slot = next_of(slot)) {
    describe(slot);
    inputs_.labels.here = Word::lit(first);
    inputs_.labels.target = inputs_.labels.here;
    Code code(plan_.room.data());
    T translator(code, request_.options);
    if (!emit_insn(translator, slot)) return out_of_reach(slot);
    plan_.insns[slot].room = static_cast<std::uint16_t>(code.size());
    const std::uint32_t cold = cold_size_of(translator, code, slot);
    plan_.insns[slot].cold_room = static_cast<std::uint16_t>(cold);
    cold_bytes += cold;
  }
  if (cold_bytes > label_limit) return too_large(slot_count(), cold_bytes);
  cold_bytes_ = static_cast<std::uint32_t>(cold_bytes);
  return {};
}

/// Gives every jump the room that it needs in the current layout; whether one grew.
template <typename T>
Expected<bool> Driver<T>::grow_jumps() {
  bool grew = false;
  for (const std::uint32_t slot : plan_.jumps) {
    PlannedInsn& planned = plan_.insns[slot];
    describe(slot);
    inputs_.labels.here = Word::lit(plan_.offsets[slot]);
    inputs_.labels.target = Word::lit(plan_.offsets[planned.target]);
    TRY(const std::uint32_t size, size_of(slot));
    if (size <= planned.room) continue;
    planned.room = static_cast<std::uint16_t>(size);
    grew = true;
  }
  return grew;
}

/// Labels from rooms.
template <typename T>
Expected<void> Driver<T>::place(std::uint32_t first) {
  std::uint64_t label = first;
  for (std::uint32_t slot = 0; slot < slot_count(); ++slot) {
    const PlannedInsn& planned = plan_.insns[slot];
    if (planned.is_loop_head) label = aligned(label);
    plan_.offsets[slot] = static_cast<std::uint32_t>(label);
    label += planned.room;
    if (label > label_limit) return too_large(slot, label);
  }
  plan_.offsets[slot_count()] = static_cast<std::uint32_t>(label);
  return {};
}

template <typename T>
Expected<Image> Driver<T>::layout() {
  find_dead_halves();
  Image image = place_stubs();
  inputs_.labels.leave = Word::lit(image.leave);
  inputs_.labels.assist = Word::lit(image.assist);
  const std::uint32_t first = image.size_bytes;
  TRY(size_shortest(first));
  TRY(place(first));
  for (unsigned pass = 0;; ++pass) {
    TRY(const bool grew, grow_jumps());
    if (!grew) break;
    if (pass == layout_pass_limit) return error(Fault::limit, "jit: more than 1000 layout passes");
    TRY(place(first));
  }
  Code code(plan_.room.data());
  T translator(code, request_.options);
  describe_end();
  translator.end(inputs_);
  image.cold = plan_.offsets[slot_count()] + code.size();
  image.size_bytes = image.cold + cold_bytes_;
  if (image.size_bytes > label_limit) return too_large(slot_count(), image.size_bytes);
  image.offsets = plan_.offsets;
  image.address_count = plan_.address_count;
  return image;
}

/// Pads to the next label: in front of a loop, or where a jump became shorter again.
template <typename T>
Expected<void> Driver<T>::fill_room(Code& code, T& translator, std::uint32_t slot,
                                    std::uint32_t end) {
  const std::uint32_t missing = end - code.size();
  if (missing == 0) return {};
  if constexpr (T::loop_alignment > 1) {
    if (missing <= pad_limit) {
      translator.pad(missing);
      if (code.size() == end) return {};
    }
  }
  return other_size(slot, code.size(), end);
}

template <typename T>
void Driver<T>::emit_stubs(const Image& image, T& translator) {
  Labels<Concrete>& labels = inputs_.labels;
  labels.leave = Word::lit(image.leave);
  labels.assist = Word::lit(image.assist);
  labels.here = Word::lit(image.enter);
  translator.enter(labels);
  labels.here = labels.leave;
  translator.leave(labels);
  labels.here = labels.assist;
  translator.assist(labels);
}

template <typename T>
Expected<void> Driver<T>::emit_insns(Code& code, T& translator) {
  Labels<Concrete>& labels = inputs_.labels;
  for (std::uint32_t slot = 0; slot < slot_count(); slot = next_of(slot)) {
    const PlannedInsn& planned = plan_.insns[slot];
    describe(slot);
    labels.here = Word::lit(plan_.offsets[slot]);
    labels.target = Word::lit(plan_.offsets[planned.target]);
    labels.cold = Word::lit(cold_label_);
    if (!emit_insn(translator, slot)) return out_of_reach(slot);
    if constexpr (T::uses_cold) {
      if (translator.has_cold() && planned.cold_room == 0) return no_cold_room(slot);
      cold_label_ += planned.cold_room;
    }
    TRY(fill_room(code, translator, slot, plan_.offsets[next_of(slot)]));
  }
  return {};
}

template <typename T>
Expected<void> Driver<T>::emit_cold_parts(Code& code, T& translator) {
  if constexpr (T::uses_cold) {
    Labels<Concrete>& labels = inputs_.labels;
    for (std::uint32_t slot = 0; slot < slot_count(); slot = next_of(slot)) {
      const PlannedInsn& planned = plan_.insns[slot];
      if (planned.cold_room == 0) continue;
      describe(slot);
      labels.next = Word::lit(plan_.offsets[next_of(slot)]);
      labels.cold = Word::lit(cold_label_);
      translator.cold(planned.insn.form, planned.insn.dst, planned.insn.src, inputs_);
      cold_label_ += planned.cold_room;
      if (code.size() != cold_label_) return other_size(slot, code.size(), cold_label_);
    }
  }
  return {};
}

template <typename T>
Expected<void> Driver<T>::emit(const Image& image, std::span<std::uint8_t> bytes) {
  if (bytes.size() < image.size_bytes + isa::max_sequence_bytes) {
    return error(Fault::bug, "jit: the code memory has no room behind the image");
  }
  Code code(bytes.data());
  T translator(code, request_.options);
  emit_stubs(image, translator);
  TRY(fill_room(code, translator, 0, plan_.offsets[0]));
  cold_label_ = image.cold;
  TRY(emit_insns(code, translator));
  describe_end();
  translator.end(inputs_);
  if (code.size() != image.cold) return other_size(slot_count(), code.size(), image.cold);
  cold_label_ = image.cold;
  TRY(emit_cold_parts(code, translator));
  if (code.size() != image.size_bytes) {
    return other_size(slot_count(), code.size(), image.size_bytes);
  }
  return {};
}

/// The two functions of a Backend.
template <typename T>
Expected<Image> layout_with(const Request& request, std::span<std::byte> workspace) {
  TRY(const Plan plan, make_plan(request, workspace));
  return Driver<T>(request, plan).layout();
}
template <typename T>
Expected<void> emit_with(const Request& request, const Image& image, std::span<std::byte> workspace,
                         std::span<std::uint8_t> code) {
  TRY(const Plan plan, plan_in(request.slots.size(), workspace));
  return Driver<T>(request, plan).emit(image, code);
}

}  // namespace probity::jit
