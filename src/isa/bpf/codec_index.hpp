// SPDX-License-Identifier: Apache-2.0
// Tables made of the rows of insn.def at compile time, by opcode byte, and with them the common
// case of decoding: one slot, nothing wrong with it, hardly a branch. codec.hpp has the rest and
// the diagnostics; compilers, which decode every insn of every program, may look here first.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "isa/bpf/insn.hpp"

namespace probity::bpf {

namespace codec_index {

struct Fields {
  bool dst, src, off, imm, next_imm;
};

constexpr Fields fields(Operands operands) {
  switch (operands) {
    case Operands::none: return {false, false, false, false, false};
    case Operands::dst: return {true, false, false, false, false};
    case Operands::dst_imm: return {true, false, false, true, false};
    case Operands::dst_src: return {true, true, false, false, false};
    case Operands::dst_imm64: return {true, false, false, true, true};
    case Operands::off: return {false, false, true, false, false};
    case Operands::imm: return {false, false, false, true, false};
    case Operands::dst_imm_off: return {true, false, true, true, false};
    case Operands::dst_src_off: return {true, true, true, false, false};
    case Operands::dst_mem: return {true, true, true, false, false};
    case Operands::mem_imm: return {true, false, true, true, false};
    case Operands::mem_src: return {true, true, true, false, false};
    case Operands::src_imm: return {false, true, false, true, false};
  }
  return {};
}

/// A slot as a number: opcode in bits 0..7, dst 8..11, src 12..15, off 16..31, imm 32..63.
constexpr std::uint64_t number_of(const Slot& slot) {
  static_assert(std::endian::native == std::endian::little);
  return std::bit_cast<std::uint64_t>(slot);
}
constexpr std::uint64_t dst_mask = 0xf00, src_mask = 0xf000, off_mask = 0xffff'0000,
                        imm_mask = 0xffff'ffffull << 32;

constexpr std::uint64_t selector_mask(Selector selector) {
  switch (selector) {
    case Selector::none: return 0;
    case Selector::src: return src_mask;
    case Selector::off: return off_mask;
    case Selector::imm: return imm_mask;
  }
  return 0;
}
constexpr std::uint64_t named_mask(Operands operands) {
  const Fields f = fields(operands);
  return (f.dst ? dst_mask : 0) | (f.src ? src_mask : 0) | (f.off ? off_mask : 0) |
         (f.imm ? imm_mask : 0);
}

/// The forms of one opcode byte: `count` of forms_by_opcode from `first`, told apart by `selector`.
struct Opcode {
  std::uint64_t selector = 0;  ///< mask
  std::uint8_t first = 0, count = 0;
};
struct OpcodeForm {
  std::uint64_t selected = 0;  ///< what the masked bits are
  std::uint64_t zero = 0;      ///< bits that must be zero
  Form form = Form::exit;
  bool is_wide = false;  ///< there is a second slot
};

constexpr std::uint64_t selected_bits(const Row& r) {
  const std::uint64_t mask = selector_mask(r.selector);
  const auto value = static_cast<std::uint64_t>(std::int64_t{r.selector_value});
  return mask == 0 ? 0 : value << std::countr_zero(mask) & mask;
}
constexpr std::array<OpcodeForm, form_count> make_forms() {
  std::array<OpcodeForm, form_count> forms;
  std::size_t n = 0;
  for (unsigned op = 0; op < 256; ++op) {
    for (std::size_t i = 0; i < form_count; ++i) {
      const Row& r = rows[i];
      if (r.opcode != op) continue;
      const std::uint64_t zero = ~(named_mask(r.operands) | selector_mask(r.selector) | 0xff);
      forms[n++] = {selected_bits(r), zero, static_cast<Form>(i), fields(r.operands).next_imm};
    }
  }
  return forms;
}
inline constexpr std::array<OpcodeForm, form_count> forms_by_opcode = make_forms();

constexpr std::array<Opcode, 256> make_opcodes() {
  static_assert(form_count < 256, "rows are counted in bytes");
  std::array<Opcode, 256> opcodes;
  for (std::size_t i = form_count; i-- > 0;) {
    const Row& r = row(forms_by_opcode[i].form);
    Opcode& opcode = opcodes[r.opcode];
    opcode.selector = selector_mask(r.selector);
    opcode.first = static_cast<std::uint8_t>(i);
    ++opcode.count;
  }
  return opcodes;
}
inline constexpr std::array<Opcode, 256> by_opcode = make_opcodes();

constexpr std::array<std::uint64_t, form_count> make_named() {
  std::array<std::uint64_t, form_count> named;
  for (std::size_t i = 0; i < form_count; ++i) named[i] = named_mask(rows[i].operands);
  return named;
}
inline constexpr std::array<std::uint64_t, form_count> named_by_form = make_named();

inline const OpcodeForm* entry_of(std::uint64_t number) {
  const Opcode& opcode = by_opcode[number & 0xff];
  const OpcodeForm* const first = forms_by_opcode.data() + opcode.first;
  for (const OpcodeForm* at = first; at != first + opcode.count; ++at) {
    if ((number & opcode.selector) == at->selected) return at;
  }
  return nullptr;
}
inline std::optional<Form> form_of(std::uint64_t number) {
  const OpcodeForm* const entry = entry_of(number);
  if (entry == nullptr) return std::nullopt;
  return entry->form;
}

/// The insn of a number's fields that are named.
inline Insn insn_of(Form form, std::uint64_t named) {
  return {form,
          static_cast<Reg>(named >> 8 & 15),
          static_cast<Reg>(named >> 12 & 15),
          static_cast<std::int16_t>(named >> 16),
          static_cast<std::int32_t>(named >> 32),
          0};
}

}  // namespace codec_index

/// The insn of a slot that is one and has nothing wrong with it; otherwise nothing, and decode()
/// knows more.
inline std::optional<Insn> decode_plain(const Slot& slot) {
  using namespace codec_index;
  const std::uint64_t number = number_of(slot);
  const OpcodeForm* const entry = entry_of(number);
  const bool registers = (number >> 8 & 15) < reg_count && (number >> 12 & 15) < reg_count;
  if (entry == nullptr || entry->is_wide || (number & entry->zero) != 0 || !registers) {
    return std::nullopt;
  }
  return insn_of(entry->form, number & named_by_form[static_cast<std::size_t>(entry->form)]);
}

}  // namespace probity::bpf
