// SPDX-License-Identifier: Apache-2.0
// The printer: operands in the order of the row, each by its kind.
#include "isa/x86/text.hpp"

#include <array>

#include "base/check.hpp"
#include "isa/x86/text_names.hpp"

namespace probity::x86 {
namespace {

using RegNames = std::array<std::string_view, reg_count>;
constexpr RegNames names64 = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                              "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr RegNames names32 = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                              "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
constexpr RegNames names16 = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                              "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
constexpr RegNames names8 = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                             "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};

std::string_view size_name(unsigned width) {
  switch (width) {
    case 8: return "BYTE PTR ";
    case 16: return "WORD PTR ";
    case 32: return "DWORD PTR ";
    case 64: return "QWORD PTR ";
    default: return "";
  }
}

void print_mem(const Mem<Concrete>& mem, unsigned width, TextSink& sink) {
  sink.append(size_name(width)).append("[").append(name(mem.base, 64));
  if (mem.index) {
    sink.append("+").append(name(*mem.index, 64)).append("*");
    sink.append_unsigned(1u << mem.scale_log2);
  }
  const std::int64_t disp = static_cast<std::int32_t>(mem.disp.raw());
  const bool encoded = disp != 0 || (static_cast<unsigned>(mem.base) & 7u) == no_base;
  if (encoded) {
    sink.append(disp < 0 ? "-" : "+");
    sink.append_hex(static_cast<std::uint64_t>(disp < 0 ? -disp : disp), 1);
  }
  sink.append("]");
}

/// The immediate as a value of the width of the first operand.
void print_imm(const Insn<Concrete>& insn, const Row& shape, TextSink& sink) {
  const unsigned width = imm_is_count(shape) ? 8 : shape.operands[0].width;
  sink.append_hex(insn.imm.raw() & mask<std::uint64_t>(width), 1);
}

void print_operand(const Insn<Concrete>& insn, const Operand& operand, std::uint64_t next,
                   TextSink& sink) {
  switch (operand.kind) {
    case OperandKind::none:
    case OperandKind::cond: return;
    case OperandKind::reg: sink.append(name(insn.reg, operand.width)); return;
    case OperandKind::vvvv: sink.append(name(insn.vvvv, operand.width)); return;
    case OperandKind::rm:
    case OperandKind::mem:
      if (insn.rm_is_mem)
        print_mem(insn.mem, operand.width, sink);
      else
        sink.append(name(insn.rm, operand.width));
      return;
    case OperandKind::imm: print_imm(insn, row(insn.form), sink); return;
    case OperandKind::rel: sink.append_hex(next + insn.imm.raw(), 1); return;
    case OperandKind::one: sink.append("1"); return;
    case OperandKind::cl: sink.append("cl"); return;
  }
}

}  // namespace

std::string_view name(Reg reg, unsigned width) {
  const std::size_t i = static_cast<std::size_t>(reg);
  switch (width) {
    case 8: return names8[i];
    case 16: return names16[i];
    case 32: return names32[i];
    default: PROBITY_CHECK(width == 64); return names64[i];
  }
}

std::string_view name(Cond cond) {
  return cond_names[static_cast<std::size_t>(cond)];
}

void print(const Insn<Concrete>& insn, std::uint64_t address, TextSink& sink) {
  const Row& shape = row(insn.form);
  if (shape.opcode_field == OpcodeField::cond) {
    sink.append(without_cond(shape.mnemonic)).append(name(insn.cond));
  } else {
    sink.append(text_mnemonic(shape));
  }
  bool first = true;
  for (const Operand& operand : shape.operands) {
    if (operand.kind == OperandKind::none || operand.kind == OperandKind::cond) continue;
    sink.append(first ? " " : ",");
    first = false;
    print_operand(insn, operand, address + insn.length, sink);
  }
}

}  // namespace probity::x86
