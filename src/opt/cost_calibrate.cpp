// SPDX-License-Identifier: Apache-2.0
// Operands are numbers that the verifier does not know: it would decide branches on known ones and
// take them out.
#include "opt/cost_calibrate.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "isa/bpf/codec.hpp"
#include "opt/kernel_gate.hpp"

namespace probity::opt {
namespace {

using bpf::AluOp;
using bpf::Form;
using bpf::Insn;
using bpf::Meaning;
using bpf::Reg;

constexpr unsigned copies_in_a_row = 600;
constexpr std::uint32_t rounds = 15;
constexpr std::int16_t stack_place = -8;
constexpr std::int32_t any_number = 7;
constexpr std::int32_t helper_random = 7;  // get_prandom_u32

bool is_measurable(const bpf::Row& row) {
  switch (row.meaning) {
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::branch:
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::atomic:
    case Meaning::load_acquire:
    case Meaning::store_release: return true;
    case Meaning::load_imm64: return row.name == "lddw";
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::call:
    case Meaning::exit:
    case Meaning::load_packet: return false;
  }
  return false;
}

/// r2 and r3 are numbers, r10 - 8 points to eight bytes.
Insn measured_insn(Form form) {
  const bpf::Row& row = bpf::row(form);
  Insn insn;
  insn.form = form;
  insn.dst = Reg::r2;
  switch (row.operands) {
    case bpf::Operands::dst_src:
    case bpf::Operands::dst_src_off: insn.src = Reg::r3; break;
    case bpf::Operands::dst_imm:
    case bpf::Operands::dst_imm_off: insn.imm = any_number; break;
    case bpf::Operands::dst_imm64:
      insn.imm = any_number;
      insn.next_imm = any_number;
      break;
    case bpf::Operands::dst_mem:
      insn.src = Reg::r10;
      insn.off = stack_place;
      break;
    case bpf::Operands::mem_imm:
      insn.dst = Reg::r10;
      insn.off = stack_place;
      insn.imm = any_number;
      break;
    case bpf::Operands::mem_src:
      insn.dst = Reg::r10;
      insn.src = Reg::r3;
      insn.off = stack_place;
      break;
    default: break;
  }
  return insn;
}

void append(std::vector<bpf::Slot>& slots, const Insn& insn) {
  const auto encoded = bpf::encode(insn);
  slots.insert(slots.end(), encoded.begin(), encoded.begin() + insn.slot_count());
}

Insn make(Form form, Reg dst, Reg src, std::int16_t off, std::int32_t imm) {
  Insn insn;
  insn.form = form;
  insn.dst = dst;
  insn.src = src;
  insn.off = off;
  insn.imm = imm;
  return insn;
}

/// Of tc: for runs of XDP the kernel changes its dispatcher, and waits some 20 ms each time.
program::View tc_program(std::span<const bpf::Slot> slots) {
  program::View view;
  view.name = "calibration";
  view.section = "tc";
  view.type = program::ProgType::sched_cls;
  view.license = "GPL";
  view.slots = slots;
  return view;
}

/// Loads of a map's address, and the like, are moves of 64 bits.
void copy_constant_loads(CostTable& table) {
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    if (bpf::rows[i].meaning == Meaning::load_imm64)
      table.set(static_cast<Form>(i), table.of(Form::lddw));
  }
}

/// In a row of equal branches all are taken or none is, and that is what the time depends on. In a
/// program any branch may be either, whatever it compares: all cost what they do on the average.
void level_branches(CostTable& table) {
  double ns = 0;
  double count = 0;
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    if (bpf::rows[i].meaning != Meaning::branch) continue;
    ns += table.of(static_cast<Form>(i)).ns;
    ++count;
  }
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const auto form = static_cast<Form>(i);
    if (bpf::rows[i].meaning == Meaning::branch)
      table.set(form, {ns / count, table.of(form).bytes});
  }
}

Expected<FormCost> measure(const KernelGate& kernel, const KernelProgram& empty, Form form) {
  TRY(const KernelProgram full, kernel.load(calibration_program(form, copies_in_a_row)));
  const std::array<std::uint8_t, 64> zeros{};
  const Packet packet(zeros);
  // The first one decides how often both run.
  TRY(const TimedPair timed, kernel.time(full, empty, {&packet, 1}, rounds));
  const double ns = (timed.before_ns - timed.after_ns) / copies_in_a_row;
  const double bytes =
      (static_cast<double>(full.jited_bytes) - empty.jited_bytes) / copies_in_a_row;
  return FormCost{std::max(ns, 0.0), std::max(bytes, 0.0)};
}

}  // namespace

std::vector<bpf::Slot> calibration_program(Form form, unsigned copies) {
  if (!is_measurable(bpf::row(form))) return {};
  std::vector<bpf::Slot> slots;
  append(slots, make(Form::call_helper, Reg::r0, Reg::r0, 0, helper_random));
  append(slots, make(Form::mov64_reg, Reg::r6, Reg::r0, 0, 0));
  append(slots, make(Form::call_helper, Reg::r0, Reg::r0, 0, helper_random));
  append(slots, make(Form::mov64_reg, Reg::r3, Reg::r0, 0, 0));
  append(slots, make(Form::mov64_reg, Reg::r2, Reg::r6, 0, 0));
  append(slots, make(Form::stxdw, Reg::r10, Reg::r3, stack_place, 0));
  for (unsigned i = 0; i < copies; ++i) append(slots, measured_insn(form));
  append(slots, make(Form::mov64_imm, Reg::r0, Reg::r0, 0, 2));
  append(slots, make(Form::exit, Reg::r0, Reg::r0, 0, 0));
  return slots;
}

Expected<Calibration> calibrate(
    const std::function<void(std::string_view, std::size_t, std::size_t)>& progress) {
  const std::vector<bpf::Slot> none = calibration_program(Form::add64_imm, 0);
  const program::View view = tc_program(none);
  TRY(const KernelGate kernel, KernelGate::create(view));
  TRY(const KernelProgram empty, kernel.load(none));
  if (empty.jited_bytes == 0) {
    return error(Fault::unsupported,
                 "--calibrate: the kernel's JIT is off (net.core.bpf_jit_enable)");
  }
  Calibration result;
  result.table = CostTable::built_in();
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const bpf::Row& row = bpf::rows[i];
    if (!is_measurable(row)) continue;
    if (progress) progress(row.name, i, bpf::form_count);
    const Expected<FormCost> cost = measure(kernel, empty, static_cast<Form>(i));
    if (!cost) {
      result.refused.push_back(fmt::format("{}: {}", row.name, cost.error().line()));
      continue;
    }
    result.table.set(static_cast<Form>(i), *cost);
    result.measured.emplace_back(row.name);
  }
  copy_constant_loads(result.table);
  level_branches(result.table);
  return result;
}

}  // namespace probity::opt
