// SPDX-License-Identifier: Apache-2.0
// Fuzzes the text of whole programs: the first byte picks the style, the rest is the source. What
// assembles must print and assemble again to the same slots, with labels and without; validation
// and the CFG must answer, and a program that validates must have a CFG.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "assembler/bpf_text.hpp"
#include "base/check.hpp"
#include "isa/bpf/codec.hpp"
#include "program/cfg.hpp"
#include "program/flow.hpp"
#include "program/validate.hpp"

namespace probity {
namespace {

using assembler::Labels;
using assembler::TextStyle;

void require_round_trip(const program::View& view, TextStyle style, Labels labels) {
  const auto text = assembler::print_program(view, style, labels);
  PROBITY_CHECK(text.has_value());
  const auto again = assembler::assemble({"printed", *text}, style);
  PROBITY_CHECK(again.has_value());
  PROBITY_CHECK(std::equal(again->begin(), again->end(), view.slots.begin(), view.slots.end()));
}

void analyse(program::View& view) {
  std::vector<std::byte> memory(32 * view.slots.size() + 16384);
  Arena arena(memory);
  const auto subprogs = program::find_subprogs(view.slots, arena);
  if (!subprogs) return;
  view.subprogs = *subprogs;
  require_round_trip(view, TextStyle::kernel, Labels::shown);

  std::vector<std::byte> cfg_memory(
      program::cfg_arena_bytes(view.slots.size(), view.subprogs.size()));
  Arena cfg_arena(cfg_memory);
  const auto cfg = program::build_cfg(view, cfg_arena);
  std::vector<std::byte> valid_memory(
      program::validate_arena_bytes(view.slots.size(), view.subprogs.size()));
  Arena valid_arena(valid_memory);
  const auto valid = program::validate(view, valid_arena);
  PROBITY_CHECK(!valid.has_value() || cfg.has_value());
  PROBITY_CHECK(cfg.has_value() || cfg.error().fault() != Fault::limit);
  PROBITY_CHECK(valid.has_value() || valid.error().fault() != Fault::limit);
}

void check_program(std::span<const bpf::Slot> slots) {
  program::View view;
  view.slots = slots;
  for (const TextStyle printed : {TextStyle::kernel, TextStyle::ubpf}) {
    require_round_trip(view, printed, Labels::none);
    require_round_trip(view, printed, Labels::shown);
  }
  analyse(view);
}

void one_text(std::string_view source, TextStyle style) {
  const auto slots = assembler::assemble({"fuzz", source}, style);
  if (slots) {
    check_program(*slots);
  } else {
    PROBITY_CHECK(slots.error().line().starts_with("fuzz:"));
  }
}

/// Slots that all decode to insns which encode to the same slots (old callx does not).
void one_bytecode(std::string_view bytes) {
  const std::span<const std::uint8_t> data(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                           bytes.size());
  std::vector<bpf::Slot> slots(bytes.size() / sizeof(bpf::Slot));
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = bpf::slot_at(data, i);
  for (std::size_t at = 0; at < slots.size();) {
    const auto insn = bpf::decode(slots, at);
    if (!insn) return;
    const auto encoded = bpf::encode(*insn);
    if (insn->form == bpf::Form::callx) slots[at] = encoded[0];
    for (unsigned i = 0; i < insn->slot_count(); ++i) PROBITY_CHECK(encoded[i] == slots[at + i]);
    at += insn->slot_count();
  }
  check_program(slots);
}

void one_input(std::string_view input) {
  if (input.empty()) return;
  const std::string_view source = input.substr(1);
  switch (input[0]) {
    case 'b': one_bytecode(source); return;
    case 'k': one_text(source, TextStyle::kernel); return;
    default: one_text(source, TextStyle::ubpf); return;
  }
}

}  // namespace
}  // namespace probity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  probity::one_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
