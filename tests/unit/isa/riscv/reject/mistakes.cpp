// SPDX-License-Identifier: Apache-2.0
// Rows and calls the compiler must refuse, one per value of MISTAKE; 0 is the same file without a
// mistake, which must compile. A table that can be misread is no table: a diagram with a wrong
// size, a lost or repeated bit, or an operand that is no field does not build; nor does an encoding
// with a missing operand, one too many, or an immediate of another width than the row's.
#include "isa/riscv/encode.hpp"

namespace probity::riscv {

#if MISTAKE == 1  // 31 bits
#define DIAGRAM "imm[11:0]:12 rs1:5 000 rd:5 001011"
#elif MISTAKE == 2  // bit 5 of the immediate is lost
#define DIAGRAM "imm[11:6|4:0]:11 0 rs1:5 000 rd:5 0010011"
#elif MISTAKE == 3  // bit 5 stands twice
#define DIAGRAM "imm[11:5|5:1]:12 rs1:5 000 rd:5 0010011"
#elif MISTAKE == 4  // the widths do not add up
#define DIAGRAM "imm[11:0]:13 rs1:5 000 rd:5 0010011"
#elif MISTAKE == 5  // a field that no operand names
#define DIAGRAM "imm[11:5]:7 rs2:5 rs1:5 000 imm[4:0]:5 0010011"
#elif MISTAKE == 6  // a register of four bits
#define DIAGRAM "imm[11:0]:12 rs1:5 0000 rd:4 0010011"
#elif MISTAKE == 7  // the low bits say two bytes
#define DIAGRAM "imm[11:0]:12 rs1:5 000 rd:5 0010001"
#elif MISTAKE == 8  // no such field
#define DIAGRAM "imm[11:0]:12 rs4:5 000 rd:5 0010011"
#else
#define DIAGRAM "imm[11:0]:12 rs1:5 000 rd:5 0010011"
#endif
constexpr Format sample = FormatReader::read(DIAGRAM, "rd, rs1, imm");
static_assert(sample.width == 32 && sample.match == 0x13 && sample.mask == 0x707f);

using C = Concrete;
constexpr Bv<C, 12> imm = Bv<C, 12>::lit(4);
constexpr auto good = encode<Form::addi, C>(Reg::a0, Reg::a1, imm);
#if MISTAKE == 9
constexpr auto too_few = encode<Form::addi, C>(Reg::a0, Reg::a1);
#elif MISTAKE == 10
constexpr auto too_many = encode<Form::addi, C>(Reg::a0, Reg::a1, imm, imm);
#elif MISTAKE == 11
constexpr auto wider = encode<Form::addi, C>(Reg::a0, Reg::a1, Bv<C, 32>::lit(4));
#elif MISTAKE == 12
constexpr auto other_order = encode<Form::lw, C>(Reg::a0, Reg::a1, imm);
#endif

constexpr Format c_mv = FormatReader::read("100 0 rd!=0:5 rs2!=0:5 10", "rd, rs2");
constexpr Format c_jr = FormatReader::read("100 0 rs1!=0:5 00000 10", "rs1");
constexpr Format any_rs2 = FormatReader::read("100 0 rd!=0:5 rs2:5 10", "rd, rs2");
#if MISTAKE == 13  // without its restriction the row of c.mv would hold that of c.jr
static_assert(!overlap(any_rs2, c_jr));
#endif
static_assert(overlap(any_rs2, c_jr) && !overlap(c_mv, c_jr));

}  // namespace probity::riscv
