// SPDX-License-Identifier: Apache-2.0
// Corners come from lists that the index of the sample walks through with different strides, so
// that they also meet each other.
#include "sample_insns.hpp"

#include <array>
#include <string>

#include "isa/x86/text.hpp"

namespace probity::x86::test {
namespace {

constexpr std::uint32_t disp_corners[] = {
    0, 1, 0x7f, 0x80, 0xffffff80, 0xffffff7f, 0xffffffff, 0x7fffffff, 0x80000000, 0x12345678};
constexpr std::uint64_t imm_corners[] = {0,
                                         1,
                                         0x7f,
                                         0x80,
                                         0xff,
                                         0x100,
                                         0x7fff,
                                         0x8000,
                                         0xffff,
                                         0x7fff'ffff,
                                         0x8000'0000,
                                         0xffff'ffff,
                                         0x7fff'ffff'ffff'ffff,
                                         0x8000'0000'0000'0000,
                                         0xffff'ffff'ffff'ffff,
                                         0xffff'ffff'ffff'ff80,
                                         0xffff'ffff'ffff'ff7f,
                                         0x0123'4567'89ab'cdef};

Reg any_reg(std::mt19937_64& random) {
  return static_cast<Reg>(random() % reg_count);
}

Mem<Concrete> sample_mem(unsigned i, std::mt19937_64& random) {
  Mem<Concrete> mem;
  mem.base = static_cast<Reg>(i % reg_count);
  const std::uint32_t disp = i % 11 == 10 ? static_cast<std::uint32_t>(random())
                                          : disp_corners[i % std::size(disp_corners)];
  mem.disp = Bv<Concrete, 32>::lit(disp);
  if (i / reg_count % 3 == 0) return mem;
  const Reg index = any_reg(random);
  if (index == Reg::rsp) return mem;
  mem.index = index;
  mem.scale_log2 = static_cast<std::uint8_t>(random() % 4);
  return mem;
}

}  // namespace

std::vector<Insn<Concrete>> sample_insns(Form form, unsigned count, std::mt19937_64& random) {
  const Row& shape = row(form);
  std::vector<Insn<Concrete>> result;
  for (unsigned i = 0; i < count; ++i) {
    Insn<Concrete> insn;
    insn.form = form;
    if (shape.opcode_field == OpcodeField::cond) insn.cond = static_cast<Cond>(i % cond_count);
    if (shape.has_reg) insn.reg = static_cast<Reg>((i * 5 + i / 16) % reg_count);
    if (shape.has_vvvv) insn.vvvv = any_reg(random);
    insn.rm_is_mem = shape.has_rm && (!shape.rm_may_be_reg || i % 3 != 0);
    if (insn.rm_is_mem)
      insn.mem = sample_mem(i, random);
    else if (shape.has_rm)
      insn.rm = static_cast<Reg>(i % reg_count);
    if (shape.imm != ImmKind::none) {
      const std::uint64_t value =
          i % 4 == 3 ? random() : imm_corners[i * 7 % std::size(imm_corners)];
      const unsigned width = shape.imm_bytes * 8u;
      insn.imm =
          Bv<Concrete, 64>::lit(Concrete::sext(width, 64, value & mask<std::uint64_t>(width)));
    }
    insn.length = static_cast<unsigned>(encoded(shape, insn).size());
    result.push_back(insn);
  }
  return result;
}

std::vector<std::uint8_t> encoded(const Row& row, const Insn<Concrete>& insn) {
  std::array<std::uint8_t, 64> room;
  isa::Code<Concrete> code(room.data());
  put(code, row, insn);
  return {code.bytes().begin(), code.bytes().end()};
}

std::string text_of(const Insn<Concrete>& insn, std::uint64_t address) {
  std::array<char, max_text_bytes> buffer;
  TextSink sink(buffer);
  print(insn, address, sink);
  return sink.truncated() ? "(truncated)" : std::string(sink.view());
}

bool same_operands(const Insn<Concrete>& a, const Insn<Concrete>& b) {
  const Row& shape = row(a.form);
  const bool same_mem = a.mem.base == b.mem.base && a.mem.index == b.mem.index &&
                        a.mem.scale_log2 == b.mem.scale_log2 &&
                        a.mem.disp.raw() == b.mem.disp.raw();
  return a.form == b.form && a.cond == b.cond && (!shape.has_reg || a.reg == b.reg) &&
         (!shape.has_vvvv || a.vvvv == b.vvvv) && a.rm_is_mem == b.rm_is_mem &&
         (a.rm_is_mem ? same_mem : a.rm == b.rm) && a.imm.raw() == b.imm.raw() &&
         a.length == b.length;
}

}  // namespace probity::x86::test
