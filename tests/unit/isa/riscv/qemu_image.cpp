// SPDX-License-Identifier: Apache-2.0
// The code around the instruction under test, in our own encodings, which peer_test.cpp checks.
#include "qemu_image.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "isa/riscv/encode.hpp"
#include "isa/riscv/semantics_impl.hpp"

namespace probity::riscv {

namespace {

using C = Concrete;
constexpr std::uint64_t taken_offset = offsetof(Record, taken);

template <Form form>
auto imm(std::uint64_t value) {
  return immediate<form>(Bv<C, 64>::lit(value));
}
std::uint32_t jump(std::uint64_t from, std::uint64_t to) {
  return static_cast<std::uint32_t>(
      encode<Form::jal, C>(Reg::zero, imm<Form::jal>(to - from)).raw());
}
Reg other_than(Reg pointer) {
  return pointer == Reg::t0 ? Reg::t1 : Reg::t0;
}

}  // namespace

bool jumps(const Insn<Concrete>& insn) {
  const Meaning meaning = row(expand(insn).form).meaning;
  return meaning == Meaning::jal || meaning == Meaning::jalr || meaning == Meaning::branch;
}

void QemuImage::word(std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) code_.push_back(static_cast<char>(value >> 8 * i & 0xff));
}

void QemuImage::put_at(std::uint64_t address, std::uint32_t value) {
  std::memcpy(code_.data() + (address - code_address), &value, 4);
}

void QemuImage::load_number(Reg reg, std::uint64_t value) {
  word(encode<Form::lui, C>(reg, imm<Form::lui>(value + 0x800)).raw(), 4);
  word(encode<Form::addiw, C>(reg, reg, imm<Form::addiw>(value)).raw(), 4);
}

void QemuImage::load_registers(Reg pointer) {
  for (unsigned i = 1; i < reg_count; ++i) {
    const Reg reg = static_cast<Reg>(i);
    if (reg == pointer) continue;
    word(encode<Form::ld, C>(reg, imm<Form::ld>(8 * i), pointer).raw(), 4);
  }
}

void QemuImage::save_registers(Reg pointer) {
  for (unsigned i = 1; i < reg_count; ++i) {
    word(encode<Form::sd, C>(static_cast<Reg>(i), imm<Form::sd>(8 * i), pointer).raw(), 4);
  }
}

void QemuImage::jump_back(const Block& block, std::uint64_t loop) {
  const Reg end = other_than(block.pointer);
  word(encode<Form::addi, C>(block.pointer, block.pointer, imm<Form::addi>(sizeof(Record))).raw(),
       4);
  load_number(end, address_of_record(block.first + block.count));
  word(encode<Form::bne, C>(block.pointer, end, imm<Form::bne>(loop - here())).raw(), 4);
}

void QemuImage::place(Block& block) {
  while (code_.size() % 4 != 0) word(1, 2);  // c.nop
  load_number(block.pointer, address_of_record(block.first));
  const std::uint64_t loop = here();
  load_registers(block.pointer);
  if (jumps(block.insn)) return place_jump(block, loop);
  if (block.reserve && row(block.insn.form).width == 64) {
    word(encode<Form::lr_d, C>(Reg::zero, block.insn.rs1, isa::Order::relaxed).raw(), 4);
  } else if (block.reserve) {
    word(encode<Form::lr_w, C>(Reg::zero, block.insn.rs1, isa::Order::relaxed).raw(), 4);
  }
  block.address = here();
  word(block.word, block.insn.length);
  save_registers(block.pointer);
  jump_back(block, loop);
}

void QemuImage::place_jump(Block& block, std::uint64_t loop) {
  const std::uint64_t way_in = here();
  word(0, 4);
  const std::uint64_t not_taken = here();
  save_registers(block.pointer);
  word(encode<Form::sd, C>(Reg::zero, imm<Form::sd>(taken_offset), block.pointer).raw(), 4);
  const std::uint64_t way_on = here();
  word(0, 4);
  const std::uint64_t taken = here();
  save_registers(block.pointer);
  const Reg one = other_than(block.pointer);
  load_number(one, 1);
  word(encode<Form::sd, C>(one, imm<Form::sd>(taken_offset), block.pointer).raw(), 4);
  put_at(way_on, jump(way_on, here()));
  jump_back(block, loop);
  const std::uint64_t way_out = here();
  word(0, 4);

  const bool indirect = row(expand(block.insn).form).meaning == Meaning::jalr;
  const std::uint64_t displacement = indirect ? 64 : block.insn.imm.raw();
  const std::int64_t signed_displacement = static_cast<std::int64_t>(displacement);
  const std::uint64_t before = signed_displacement < 0 ? -displacement : 0;
  block.address = here() + before;
  block.target = block.address + displacement;
  const std::uint64_t end = std::max(block.address, block.target) + 16;
  code_.resize(code_.size() + (end - here()));
  put_at(block.address, block.word);
  put_at(block.address + block.insn.length, jump(block.address + block.insn.length, not_taken));
  put_at(block.target, jump(block.target, taken));
  while (code_.size() % 4 != 0) code_.push_back(0);
  put_at(way_in, jump(way_in, block.address));
  put_at(way_out, jump(way_out, here()));
}

std::string QemuImage::finish(const std::vector<Record>& records) {
  while (code_.size() % 4 != 0) word(1, 2);
  const std::uint64_t size = records.size() * sizeof(Record);
  load_number(Reg::a1, record_address);
  load_number(Reg::a2, size);
  load_number(Reg::a7, 64);
  const std::uint64_t again = here();  // write(1, a1, a2) until all is written
  load_number(Reg::a0, 1);
  word(encode<Form::ecall, C>().raw(), 4);
  word(encode<Form::add, C>(Reg::a1, Reg::a1, Reg::a0).raw(), 4);
  word(encode<Form::sub, C>(Reg::a2, Reg::a2, Reg::a0).raw(), 4);
  word(encode<Form::bne, C>(Reg::a2, Reg::zero, imm<Form::bne>(again - here())).raw(), 4);
  load_number(Reg::a0, 0);
  load_number(Reg::a7, 93);
  word(encode<Form::ecall, C>().raw(), 4);
  std::string data(size, '\0');
  std::memcpy(data.data(), records.data(), size);
  return elf(code_, data);
}

std::string QemuImage::program(const std::vector<std::uint32_t>& words) {
  std::string code(words.size() * 4, '\0');
  std::memcpy(code.data(), words.data(), code.size());
  return elf(code, std::string(8, '\0'));
}

std::string QemuImage::elf(const std::string& code, const std::string& data) {
  constexpr std::uint64_t page = 4096;
  std::string file;
  const auto put = [&](std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) file.push_back(static_cast<char>(value >> 8 * i & 0xff));
  };
  const auto segment = [&](std::uint64_t flags, std::uint64_t offset, std::uint64_t address,
                           std::uint64_t size) {
    put(1, 4);  // PT_LOAD
    put(flags, 4);
    for (const std::uint64_t field : {offset, address, address, size, size, page}) put(field, 8);
  };
  const std::uint64_t data_offset = page + (code.size() + page - 1) / page * page;
  file = std::string(
             "\x7f"
             "ELF\x02\x01\x01",
             7) +
         std::string(9, '\0');
  put(2, 2);    // ET_EXEC
  put(243, 2);  // EM_RISCV
  put(1, 4);
  put(code_address, 8);
  put(64, 8);  // program headers
  put(0, 8);
  put(5, 4);  // RVC, double-float ABI
  for (const std::uint64_t field : {64, 56, 2, 64, 0, 0}) put(field, 2);
  segment(5, page, code_address, code.size());
  segment(6, data_offset, record_address, data.size());
  file.resize(page);
  file += code;
  file.resize(data_offset);
  return file + data;
}

}  // namespace probity::riscv
