// SPDX-License-Identifier: Apache-2.0
// Fuzzes validation and the engines of this process together: whatever validates must run to an end
// within its fuel, without touching memory that is not the program's (the sanitizers watch), and
// must do the same when it runs again on fresh maps, and as translated code. Eight bytes of input
// make one insn of the table with near jumps and constants that name what exists, so that many
// programs validate.
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "isa/bpf/codec.hpp"
#include "program/flow.hpp"
#include "program/validate.hpp"
#include "runtime/engine.hpp"

namespace probity {
namespace {

constexpr std::size_t max_slots = 256;
constexpr std::uint64_t fuel_insns = 20'000;
constexpr std::size_t header_bytes = 2;

using program::MapDef;
using program::MapType;
const std::array<MapDef, 6> maps = {
    MapDef{"array", MapType::array, 4, 16, 4, 0, -1, {}, false},
    MapDef{"hash", MapType::hash, 8, 24, 3, 0, -1, {}, false},
    MapDef{"percpu", MapType::percpu_array, 4, 8, 2, 0, -1, {}, false},
    MapDef{"lru", MapType::lru_hash, 4, 4, 2, 0, -1, {}, false},
    MapDef{"tails", MapType::prog_array, 4, 4, 2, 0, -1, {}, false},
    MapDef{"devices", MapType::devmap, 4, 4, 4, 0, -1, {}, false},
};

/// Eight bytes name an insn of the table; every field that its row has comes from them.
bpf::Insn make_insn(const std::uint8_t* bytes) {
  bpf::Insn insn;
  insn.form = static_cast<bpf::Form>(bytes[0] % bpf::form_count);
  insn.dst = static_cast<bpf::Reg>(bytes[1] % 11);
  insn.src = static_cast<bpf::Reg>(bytes[2] % 11);
  insn.off = static_cast<std::int16_t>(static_cast<std::int8_t>(bytes[3]) / 2);
  std::memcpy(&insn.imm, bytes + 4, sizeof insn.imm);
  const bpf::Row& row = bpf::row(insn.form);
  if (row.meaning == bpf::Meaning::call) insn.imm = bytes[4];
  if (row.meaning == bpf::Meaning::load_imm64) {  // of a map that exists, mostly
    insn.imm = bytes[4] % static_cast<int>(maps.size() + 1);
    insn.next_imm = bytes[5] % 4;
  }
  return insn;
}

/// One slot in 16 is taken as it is, so that the decoder's refusals are met too.
std::vector<bpf::Slot> make_slots(std::span<const std::uint8_t> bytes) {
  std::vector<bpf::Slot> slots;
  for (std::size_t i = 0; i + 8 <= bytes.size() && slots.size() + 3 < max_slots; i += 8) {
    if (bytes[i + 1] >= 0xf0) {
      slots.push_back(bpf::slot_at(bytes, i / 8));
      continue;
    }
    const bpf::Insn insn = make_insn(bytes.data() + i);
    const std::array<bpf::Slot, 2> encoded = bpf::encode(insn);
    slots.insert(slots.end(), encoded.begin(), encoded.begin() + insn.slot_count());
  }
  slots.push_back({0x95, 0, 0, 0});  // exit
  return slots;
}

struct Observed {
  bool ran = false;
  runtime::RunOutput output;
  std::vector<runtime::MapContents> contents;
};

Observed run_once(const program::View& view, const runtime::RunInput& input,
                  runtime::EngineKind kind) {
  Observed observed;
  const auto engine = runtime::load_engine(kind, view, {fuel_insns});
  if (!engine) return observed;
  auto output = (*engine)->run(input);
  if (!output) return observed;
  observed.ran = true;
  observed.output = *std::move(output);
  for (const MapDef& map : maps) {
    auto contents = (*engine)->read_map(map.name);
    if (contents) observed.contents.push_back(*std::move(contents));
  }
  return observed;
}

void require_same(const Observed& first, const Observed& second) {
  PROBITY_CHECK(first.ran == second.ran);
  PROBITY_CHECK(first.output.return_value == second.output.return_value);
  PROBITY_CHECK(first.output.packet == second.output.packet);
  PROBITY_CHECK(first.output.fault.kind == second.output.fault.kind);
  PROBITY_CHECK(first.output.fault.slot == second.output.fault.slot);
  PROBITY_CHECK(first.output.events == second.output.events);
  PROBITY_CHECK(first.contents == second.contents);
}

/// Translated code does not count insns, and leaves in a callee's frame what was there before.
void require_same_translated(const program::View& view, const runtime::RunInput& input,
                             const Observed& interpreted) {
  if (view.subprogs.size() > 1 || !interpreted.ran) return;
  if (interpreted.output.fault.kind == runtime::FaultKind::out_of_fuel) return;
  for (const runtime::EngineKind kind : {runtime::EngineKind::jit, runtime::EngineKind::emu_rv64}) {
    if (kind == runtime::EngineKind::jit && !runtime::jit_unavailable_reason().empty()) continue;
    Observed translated = run_once(view, input, kind);
    if (interpreted.output.fault.kind != runtime::FaultKind::none) {
      translated.output.return_value = interpreted.output.return_value;  // r0 where it stopped
    }
    require_same(interpreted, translated);
  }
}

program::ProgType type_of(std::uint8_t header) {
  constexpr std::array types = {program::ProgType::xdp, program::ProgType::sched_cls,
                                program::ProgType::socket_filter, program::ProgType::unspec};
  return types[header % types.size()];
}

void one_program(std::span<const std::uint8_t> bytes) {
  const std::vector<bpf::Slot> slots = make_slots(bytes.subspan(header_bytes));
  std::vector<std::byte> memory(64 * slots.size() + 16384);
  Arena arena(memory);
  program::View view;
  view.name = "fuzz";
  view.license = "GPL";
  view.type = type_of(bytes[0]);
  view.slots = slots;
  view.maps = maps;
  const auto subprogs = program::find_subprogs(slots, arena);
  if (!subprogs) return;
  view.subprogs = *subprogs;
  std::vector<std::byte> valid_memory(
      program::validate_arena_bytes(slots.size(), view.subprogs.size()));
  Arena valid_arena(valid_memory);
  if (!program::validate(view, valid_arena)) return;

  runtime::RunInput input;
  input.raw_memory = view.type == program::ProgType::unspec;
  const std::size_t least = input.raw_memory ? 0 : 14;
  input.packet.assign(least + bytes[1], 0);
  for (std::size_t i = 0; i < input.packet.size(); ++i) input.packet[i] = bytes[i % bytes.size()];
  const Observed first = run_once(view, input, runtime::EngineKind::interp);
  // Fuel is taken at the end of each straight run, so the last one may pass the budget.
  PROBITY_CHECK(first.output.insns_executed <= fuel_insns + slots.size());
  const Observed second = run_once(view, input, runtime::EngineKind::interp);
  PROBITY_CHECK(first.output.insns_executed == second.output.insns_executed);
  require_same(first, second);
  require_same_translated(view, input, first);
}

}  // namespace
}  // namespace probity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size >= probity::header_bytes) probity::one_program({data, size});
  return 0;
}
