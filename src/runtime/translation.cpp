// SPDX-License-Identifier: Apache-2.0
// All programs are laid out before any is emitted, so that the memory is asked for once and has the
// exact size.
#include "runtime/translation.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "isa/bpf/codec.hpp"
#include "isa/code.hpp"
#include "program/flow.hpp"
#include "runtime/assist_plan.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint32_t code_alignment = jit::image_alignment;

constexpr std::size_t aligned(std::size_t size_bytes) {
  return (size_bytes + code_alignment - 1) / code_alignment * code_alignment;
}

/// The instructions by slot, with the number of lddw with an address before each.
std::vector<NumberedInsn> numbered(std::span<const bpf::Slot> slots, std::uint32_t next) {
  std::vector<NumberedInsn> insns(slots.size());
  for (std::size_t slot = 0; slot < slots.size();) {
    const Expected<bpf::Insn> insn = bpf::decode(slots, slot);
    PROBITY_CHECK(insn);  // the layout has decoded it
    insns[slot] = {*insn, true, next};
    if (needs_address(*insn)) ++next;
    slot += insn->slot_count();
  }
  return insns;
}

/// A program between its layout and its bytes.
struct Draft {
  jit::Request request;
  std::vector<std::byte> workspace;
  jit::Image image;
};

}  // namespace

std::optional<jit::Target> host_target() {
#if defined(__x86_64__)
  return jit::Target::x86_64;
#elif defined(__riscv) && __riscv_xlen == 64
  return jit::Target::rv64;
#else
  return std::nullopt;
#endif
}

std::uint32_t host_features() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("bmi2") != 0 ? jit::feature::x86_bmi2 : 0u;
#else
  return 0;
#endif
}

Expected<void> Translation::make(std::span<const LinkedProgram> programs,
                                 const TranslationOptions& options) {
  TRY(const std::vector<std::vector<std::uint8_t>> plans, plan_assists(programs));
  std::vector<Draft> drafts(programs.size());
  std::uint32_t insn_number = 0;
  std::size_t total = 0;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const LinkedProgram& program = programs[i];
    const std::span<const bpf::Slot> slots = program.view->slots;
    Draft& draft = drafts[i];
    draft.request = {options.target, slots,          options.options,
                     insn_number,    address_count_, options.blinding_seed + i,
                     plans[i]};
    draft.workspace.resize(jit::workspace_bytes(slots.size()));
    Expected<jit::Image> image = jit::layout(draft.request, draft.workspace);
    if (!image) return std::unexpected(image.error().at(std::string(program.view->name)));
    draft.image = *image;
    TranslatedProgram& made = programs_.emplace_back();
    made.program = &program;
    made.first_insn = insn_number;
    made.enter = image->enter;
    made.leave = image->leave;
    made.assist = image->assist;
    made.cold = image->cold;
    made.offsets.assign(image->offsets.begin(), image->offsets.end());
    made.insns = numbered(slots, address_count_);
    insn_number += static_cast<std::uint32_t>(slots.size()) + 1;  // the end has a number, too
    address_count_ += image->address_count;
    total += aligned(image->size_bytes);
  }
  TRY(memory_, CodeMemory::allocate(total + isa::max_sequence_bytes));
  std::span<std::uint8_t> room = memory_.writable();
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Draft& draft = drafts[i];
    TRY(jit::emit(draft.request, draft.image, drafts[i].workspace, room));
    programs_[i].code = room.first(draft.image.size_bytes);
    room = room.subspan(aligned(draft.image.size_bytes));
  }
  return {};
}

bool TranslatedProgram::has_frames() const {
  return std::ranges::any_of(insns, [](const NumberedInsn& one) {
    return one.is_insn && program::names_subprog(one.insn);
  });
}

const TranslatedProgram& Translation::owner(std::uint64_t number) const {
  const auto behind =
      std::ranges::upper_bound(programs_, number, {}, &TranslatedProgram::first_insn);
  PROBITY_CHECK(behind != programs_.begin());
  return *(behind - 1);
}

const TranslatedProgram& Translation::translated(std::span<const Op> ops) const {
  const auto found = std::ranges::find(
      programs_, ops.data(), [](const TranslatedProgram& one) { return one.program->ops.data(); });
  PROBITY_CHECK(found != programs_.end());
  return *found;
}

}  // namespace probity::runtime
