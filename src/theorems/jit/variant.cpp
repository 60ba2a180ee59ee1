// SPDX-License-Identifier: Apache-2.0
// Bodies of variant.hpp: which options make a difference to which forms, and which registers an
// operand may be in a validated program.
#include "theorems/jit/variant.hpp"

#include <fmt/format.h>

namespace probity::theorems {
namespace {

using bpf::Form;
using bpf::Meaning;
using bpf::Operands;

bool touches_memory(Form form) {
  switch (bpf::row(form).meaning) {
    case Meaning::load:
    case Meaning::load_acquire:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::store_release:
    case Meaning::atomic: return true;
    default: return false;
  }
}

bool is_local_call(Form form) {
  return form == Form::call_local;
}

/// Forms whose immediate an attacker chooses (a displacement or a helper's number he does not).
bool is_blinded(Form form) {
  switch (bpf::row(form).operands) {
    case Operands::dst_imm:
    case Operands::dst_imm64:
    case Operands::dst_imm_off:
    case Operands::mem_imm: return true;
    default: return false;
  }
}

bool jumps(Form form) {
  const Meaning meaning = bpf::row(form).meaning;
  return meaning == Meaning::jump || meaning == Meaning::branch;
}

bool writes_dst(Form form) {
  switch (bpf::row(form).meaning) {
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::load_imm64:
    case Meaning::load:
    case Meaning::load_acquire: return true;
    default: return false;
  }
}

bool writes_src(Form form) {
  const bpf::Row& row = bpf::row(form);
  if (row.meaning != Meaning::atomic) return false;
  const auto op = static_cast<bpf::AtomicOp>(row.operation);
  return op >= bpf::AtomicOp::fetch_add && op != bpf::AtomicOp::cmpxchg;
}

std::vector<bpf::Reg> registers(unsigned count) {
  std::vector<bpf::Reg> result;
  for (unsigned r = 0; r < count; ++r) result.push_back(static_cast<bpf::Reg>(r));
  return result;
}

using Change = void (*)(Variant&);

/// Doubles the variants: each as it is, and each changed.
void also(std::vector<Variant>& variants, Change change) {
  const std::size_t before = variants.size();
  for (std::size_t i = 0; i < before; ++i) {
    variants.push_back(variants[i]);
    change(variants.back());
  }
}

}  // namespace

bool names_dst(Form form) {
  switch (bpf::row(form).operands) {
    case Operands::none:
    case Operands::off:
    case Operands::imm:
    case Operands::src_imm: return false;
    default: return true;
  }
}

bool names_src(Form form) {
  switch (bpf::row(form).operands) {
    case Operands::dst_src:
    case Operands::dst_src_off:
    case Operands::dst_mem:
    case Operands::mem_src:
    case Operands::src_imm: return true;
    default: return false;
  }
}

std::vector<bpf::Reg> dst_registers(Form form) {
  if (!names_dst(form)) return registers(1);
  return registers(writes_dst(form) ? 10 : 11);
}

std::vector<bpf::Reg> src_registers(Form form) {
  if (!names_src(form)) return registers(1);
  return registers(writes_src(form) ? 10 : 11);
}

std::vector<Variant> variants(Form form, UpperHalves upper_halves) {
  Variant plain;
  plain.insn.form = form;
  plain.insn.options = {jit::Memory::unchecked, jit::Fuel::off, jit::Blinding::off, 0};
  std::vector<Variant> result{plain};
  if (touches_memory(form) || is_local_call(form)) {
    also(result, [](Variant& v) {
      v.insn.options.memory = jit::Memory::checked;
      v.name += "/checked";
    });
  }
  if (is_blinded(form)) {
    also(result, [](Variant& v) {
      v.insn.options.blinding = jit::Blinding::on;
      v.name += "/blinded";
    });
  }
  if (jumps(form)) {
    also(result, [](Variant& v) {
      v.insn.options.fuel = jit::Fuel::at_back_edges;
      v.insn.back_edge = true;
      v.name += "/fuel";
    });
  }
  if (upper_halves == UpperHalves::elided && !is_local_call(form)) {
    // Any upper half includes the right one, so this needs no variant of its own.
    for (Variant& v : result) v.insn.upper_garbage = true;
    if (writes_dst(form)) {
      also(result, [](Variant& v) {
        v.insn.upper_dead = true;
        v.name += "/upper-dead";
      });
    }
  }
  Variant assisted;
  assisted.insn.form = form;
  assisted.insn.always_assist = true;
  assisted.name = "/assisted";
  result.push_back(assisted);
  return result;
}

}  // namespace probity::theorems
