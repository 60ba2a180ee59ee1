// SPDX-License-Identifier: Apache-2.0
// A static ELF that runs instructions on given register states under qemu-riscv64 and writes the
// states after them to its standard output. It is made without tools: a block of code per
// instruction loads all registers from a record, executes the instruction, stores all registers
// back, and goes on to the next record. Instructions that jump stand alone in a gap of illegal
// zeros, with a landing pad at their target; the record says which way they went.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/riscv/insn.hpp"

namespace probity::riscv {

constexpr std::size_t buffer_size = 64;

/// What a run starts from, and what it leaves.
struct Record {
  std::array<std::uint64_t, reg_count> registers{};
  std::array<std::uint8_t, buffer_size> buffer{};
  std::uint64_t taken = 0;  ///< afterwards: 1 when control came to the target
};
static_assert(sizeof(Record) == 328);

/// One instruction and the records it runs on.
struct Block {
  std::uint32_t word = 0;
  Insn<Concrete> insn;
  Reg pointer = Reg::zero;    ///< holds the record's address: no operand of the instruction
  bool reserve = false;       ///< lr from the same address comes first
  std::uint64_t address = 0;  ///< of the instruction
  std::uint64_t target = 0;   ///< of a jump: where its landing pad is
  std::size_t first = 0;      ///< index of its first record
  std::size_t count = 0;
};

class QemuImage {
 public:
  static constexpr std::uint64_t code_address = 0x0100'0000;
  static constexpr std::uint64_t record_address = 0x4000'0000;

  static std::uint64_t address_of_record(std::size_t i) {
    return record_address + i * sizeof(Record);
  }

  /// Places the block's instruction, hence its address and target; call in the order of records.
  void place(Block& block);
  /// The ELF file: all blocks, then the records are written out and the program exits with 0.
  std::string finish(const std::vector<Record>& records);
  /// The ELF file of just these instructions.
  static std::string program(const std::vector<std::uint32_t>& words);

 private:
  std::uint64_t here() const { return code_address + code_.size(); }
  void word(std::uint64_t value, unsigned bytes);
  void put_at(std::uint64_t address, std::uint32_t value);
  void load_number(Reg reg, std::uint64_t value);
  void load_registers(Reg pointer);
  void save_registers(Reg pointer);
  void jump_back(const Block& block, std::uint64_t loop);
  void place_jump(Block& block, std::uint64_t loop);
  static std::string elf(const std::string& code, const std::string& data);

  std::string code_;
};

/// Whether the instruction may go elsewhere than to the next.
bool jumps(const Insn<Concrete>& insn);

}  // namespace probity::riscv
