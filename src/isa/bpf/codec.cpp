// SPDX-License-Identifier: Apache-2.0
// The codec. A compile-time index lists the rows of each opcode byte; the static_asserts below show
// that no slot matches two rows and that every row's selector is a field its operands leave free.
#include "isa/bpf/codec.hpp"

#include "base/bytes.hpp"
#include "isa/bpf/codec_index.hpp"

namespace probity::bpf {

using namespace codec_index;

namespace {

/// RFC 9669 section 5.4: these lddw kinds take one 32-bit number, so next_imm is reserved.
constexpr bool reserves_next_imm(const Row& r) {
  if (r.meaning != Meaning::load_imm64) return false;
  const ImmOp op = static_cast<ImmOp>(r.operation);
  return op == ImmOp::map || op == ImmOp::func || op == ImmOp::map_idx;
}

constexpr std::int32_t selected(const Slot& slot, Selector selector) {
  switch (selector) {
    case Selector::none: return 0;
    case Selector::src: return static_cast<std::int32_t>(slot.src());
    case Selector::off: return slot.off;
    case Selector::imm: return slot.imm;
  }
  return 0;
}

static_assert(by_opcode.front().first == 0 && forms_by_opcode.size() == form_count);

constexpr bool rows_are_disjoint() {
  for (std::size_t i = 0; i < form_count; ++i) {
    for (std::size_t j = i + 1; j < form_count; ++j) {
      if (rows[i].opcode != rows[j].opcode) continue;
      if (rows[i].selector != rows[j].selector || rows[i].selector == Selector::none) return false;
      if (rows[i].selector_value == rows[j].selector_value) return false;
    }
  }
  return true;
}
static_assert(rows_are_disjoint(), "two rows claim the same slot");

constexpr bool selectors_are_free() {
  for (const Row& r : rows) {
    const Fields f = fields(r.operands);
    if (r.selector == Selector::src && f.src) return false;
    if (r.selector == Selector::off && f.off) return false;
    if (r.selector == Selector::imm && f.imm) return false;
    if (r.selector == Selector::none && r.selector_value != 0) return false;
  }
  return true;
}
static_assert(selectors_are_free(), "a selector is also an operand");

constexpr bool operands_fit_meanings() {
  for (const Row& r : rows) {
    if ((r.operands == Operands::none) != (r.meaning == Meaning::exit)) return false;
    if ((r.operands == Operands::dst_imm64) != (r.meaning == Meaning::load_imm64)) return false;
    const bool memory = r.operands == Operands::dst_mem || r.operands == Operands::mem_imm ||
                        r.operands == Operands::mem_src;
    const bool accesses = r.meaning >= Meaning::load;
    if (memory != accesses) return false;
    if (r.width != 8 && r.width != 16 && r.width != 32 && r.width != 64) return false;
  }
  return true;
}
static_assert(operands_fit_meanings(), "a row's operands do not fit its meaning");

/// Builds `slot N: ...` lines without a heap.
class Message {
 public:
  explicit Message(std::size_t at) : sink_(buffer_) { text("slot ").number(at).text(": "); }
  Message& text(std::string_view t) { return sink_.append(t), *this; }
  Message& number(std::size_t n) { return sink_.append_unsigned(n), *this; }
  Message& signed_number(std::int64_t n) { return sink_.append_signed(n), *this; }
  Message& hex(std::uint64_t n) { return sink_.append_hex(n, 2), *this; }
  std::unexpected<Diagnostic> fail() const { return error(Fault::bad_input, sink_.view()); }

 private:
  std::array<char, Diagnostic::capacity> buffer_{};
  TextSink sink_;
};

std::string_view selector_name(Selector selector) {
  switch (selector) {
    case Selector::none: return "opcode";
    case Selector::src: return "src";
    case Selector::off: return "off";
    case Selector::imm: return "imm";
  }
  return "";
}

std::unexpected<Diagnostic> no_form(const Slot& slot, std::size_t at) {
  const std::size_t first = by_opcode[slot.opcode].first;
  const std::size_t last = first + by_opcode[slot.opcode].count;
  if (first == last) return Message(at).text("unknown opcode ").hex(slot.opcode).fail();
  const Selector selector = row(forms_by_opcode[first].form).selector;
  Message message(at);
  message.text("opcode ").hex(slot.opcode).text(" has no form with ").text(selector_name(selector));
  message.text(" ").signed_number(selected(slot, selector)).text(" (only");
  for (std::size_t i = first; i < last; ++i) {
    const Row& r = row(forms_by_opcode[i].form);
    message.text(i == first ? " " : ", ").signed_number(r.selector_value);
  }
  return message.text(")").fail();
}

std::unexpected<Diagnostic> not_zero(std::size_t at, const Row& r, std::string_view field,
                                     std::int64_t value) {
  return Message(at)
      .text(r.name)
      .text(": reserved field ")
      .text(field)
      .text(" is ")
      .signed_number(value)
      .text(", must be 0")
      .fail();
}

Expected<void> require_registers(const Slot& slot, std::size_t at, const Row& r) {
  if (slot.dst() >= reg_count) {
    return Message(at)
        .text(r.name)
        .text(": dst r")
        .number(slot.dst())
        .text(" is beyond r10")
        .fail();
  }
  const bool src_is_register = fields(r.operands).src;
  if (src_is_register && slot.src() >= reg_count) {
    return Message(at)
        .text(r.name)
        .text(": src r")
        .number(slot.src())
        .text(" is beyond r10")
        .fail();
  }
  return {};
}

Expected<void> require_reserved_zero(const Slot& slot, std::size_t at, const Row& r) {
  const Fields f = fields(r.operands);
  if (!f.dst && slot.dst() != 0) return not_zero(at, r, "dst", slot.dst());
  if (!f.src && r.selector != Selector::src && slot.src() != 0) {
    return not_zero(at, r, "src", slot.src());
  }
  if (!f.off && r.selector != Selector::off && slot.off != 0) {
    return not_zero(at, r, "off", slot.off);
  }
  if (!f.imm && r.selector != Selector::imm && slot.imm != 0) {
    return not_zero(at, r, "imm", slot.imm);
  }
  return {};
}

Expected<std::int32_t> second_imm(std::span<const Slot> slots, std::size_t at, const Row& r) {
  if (at + 1 >= slots.size()) {
    return Message(at)
        .text(r.name)
        .text(" takes 2 slots, but the program ends after slot ")
        .number(at)
        .fail();
  }
  const Slot& second = slots[at + 1];
  if (second.opcode != 0) return not_zero(at + 1, r, "opcode of the second slot", second.opcode);
  if (second.regs != 0) return not_zero(at + 1, r, "registers of the second slot", second.regs);
  if (second.off != 0) return not_zero(at + 1, r, "off of the second slot", second.off);
  if (reserves_next_imm(r) && second.imm != 0) {
    return not_zero(at + 1, r, "imm of the second slot", second.imm);
  }
  return second.imm;
}

/// callx as LLVM wrote it before version 20: the register number in imm, dst zero.
constexpr bool is_old_callx(const Slot& slot) {
  constexpr std::uint8_t opcode = row(Form::callx).opcode;
  return slot.opcode == opcode && slot.regs == 0 && slot.imm > 0 &&
         slot.imm < static_cast<std::int32_t>(reg_count);
}

}  // namespace

namespace {

/// What decode_plain() leaves: two slots, the old callx, and errors.
Expected<Insn> decode_with_care(std::span<const Slot> slots, std::size_t at, Form form) {
  Slot slot = slots[at];
  if (is_old_callx(slot)) {
    slot.regs = static_cast<std::uint8_t>(slot.imm);
    slot.imm = 0;
  }
  const Row& r = row(form);
  TRY(require_registers(slot, at, r));
  TRY(require_reserved_zero(slot, at, r));
  Insn insn = insn_of(form, number_of(slot) & named_by_form[static_cast<std::size_t>(form)]);
  if (fields(r.operands).next_imm) {
    TRY(insn.next_imm, second_imm(slots, at, r));
  }
  return insn;
}

}  // namespace

std::optional<Form> find_form(const Slot& slot) {
  return form_of(number_of(slot));
}

Expected<Insn> decode(std::span<const Slot> slots, std::size_t at) {
  if (at >= slots.size()) {
    return Message(at).text("beyond the program's ").number(slots.size()).text(" slots").fail();
  }
  if (const std::optional<Insn> insn = decode_plain(slots[at])) return *insn;
  const std::optional<Form> form = find_form(slots[at]);
  if (!form) return no_form(slots[at], at);
  return decode_with_care(slots, at, *form);
}

Insn canonical(const Insn& insn) {
  const Row& r = row(insn.form);
  const Fields f = fields(r.operands);
  Insn result;
  result.form = insn.form;
  if (f.dst) result.dst = insn.dst;
  if (f.src) result.src = insn.src;
  if (f.off) result.off = insn.off;
  if (f.imm) result.imm = insn.imm;
  if (f.next_imm && !reserves_next_imm(r)) result.next_imm = insn.next_imm;
  return result;
}

std::array<Slot, 2> encode(const Insn& insn) {
  const Row& r = row(insn.form);
  const Insn c = canonical(insn);
  unsigned src = static_cast<unsigned>(c.src);
  std::array<Slot, 2> slots{};
  slots[0].opcode = r.opcode;
  slots[0].off = c.off;
  slots[0].imm = c.imm;
  slots[1].imm = c.next_imm;
  switch (r.selector) {
    case Selector::none: break;
    case Selector::src: src = static_cast<unsigned>(r.selector_value); break;
    case Selector::off: slots[0].off = r.selector_value; break;
    case Selector::imm: slots[0].imm = r.selector_value; break;
  }
  slots[0].regs = static_cast<std::uint8_t>(static_cast<unsigned>(c.dst) | src << 4);
  return slots;
}

Slot slot_at(std::span<const std::uint8_t> bytes, std::size_t index) {
  return load_le<Slot>(bytes.data() + index * sizeof(Slot));
}

std::array<std::uint8_t, 8> bytes_of(const Slot& slot) {
  std::array<std::uint8_t, 8> bytes;
  store_le(bytes.data(), slot);
  return bytes;
}

Expected<std::span<Slot>> slots_from_bytes(std::span<const std::uint8_t> bytes, Arena& arena) {
  std::array<char, Diagnostic::capacity> buffer;
  TextSink sink(buffer);
  if (bytes.size() % sizeof(Slot) != 0) {
    sink.append("program of ").append_unsigned(bytes.size());
    return error(Fault::bad_input, sink.append(" bytes is not a multiple of 8").view());
  }
  const std::span<Slot> slots = arena.take<Slot>(bytes.size() / sizeof(Slot));
  if (slots.size() * sizeof(Slot) != bytes.size()) {
    sink.append("no scratch memory for ").append_unsigned(bytes.size() / sizeof(Slot));
    return error(Fault::limit, sink.append(" slots").view());
  }
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = slot_at(bytes, i);
  return slots;
}

}  // namespace probity::bpf
