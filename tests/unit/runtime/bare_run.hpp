// SPDX-License-Identifier: Apache-2.0
// Small programs for the tests of this folder: a list of insns becomes slots, is loaded into the
// interpreter and run.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "isa/bpf/insn.hpp"
#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {

/// Owns what a program::View points at.
struct BareProgram {
  std::vector<bpf::Slot> slots;
  std::vector<program::MapDef> maps;
  program::ProgType type = program::ProgType::xdp;

  program::View view() const {
    program::View view;
    view.name = "test";
    view.type = type;
    view.slots = slots;
    view.maps = maps;
    return view;
  }
};

/// An insn by its fields, in the order dst, src, off, imm.
bpf::Insn insn(bpf::Form form, unsigned dst, unsigned src, std::int16_t off, std::int32_t imm);
/// Shorthands for what nearly every program here has.
bpf::Insn mov(unsigned dst, std::int32_t imm);
bpf::Insn copy(unsigned dst, unsigned src);
bpf::Insn call(std::int32_t helper);
bpf::Insn exit_insn();
/// A 64-bit constant, a map's handle.
bpf::Insn lddw(unsigned dst, std::uint64_t value);
bpf::Insn lddw_map(unsigned dst, std::int32_t index);

BareProgram program_of(std::initializer_list<bpf::Insn> insns);

/// Loads and runs; a diagnostic fails the test and gives an empty output.
RunOutput run(const BareProgram& program, const RunInput& input);
/// With a 64-byte packet of zeros.
RunOutput run(const BareProgram& program);
/// On 64 bytes of raw memory.
RunOutput run_raw(const BareProgram& program);

}  // namespace probity::runtime
