// SPDX-License-Identifier: Apache-2.0
// One encoder per row in a table by form. What a row does not admit is said in words by walking its
// format a second time, which happens on errors only.
#include "isa/riscv/codec.hpp"

#include <utility>

#include "base/check.hpp"
#include "isa/riscv/decode.hpp"

namespace probity::riscv {

std::optional<Insn<Concrete>> decode(std::uint32_t word) {
  return decode(Bv<Concrete, 32>::lit(word));
}

namespace {

/// A message that starts with the mnemonic.
class Complaint {
 public:
  explicit Complaint(const Row& row) : sink_(buffer_) {
    for (const char c : row.name.substr(0, mnemonic_size(row))) {
      sink_.append_char(mnemonic_character(c));
    }
    sink_.append(": ");
  }
  TextSink& text() { return sink_; }
  std::unexpected<Diagnostic> bad_input() const { return error(Fault::bad_input, sink_.view()); }

 private:
  std::array<char, 160> buffer_{};
  TextSink sink_;
};

std::unexpected<Diagnostic> immediate_does_not_fit(const Row& row, std::int64_t value) {
  const Format& f = row.format;
  const unsigned top = f.imm_low + f.imm_width;
  const std::int64_t step = std::int64_t{1} << f.imm_low;
  const std::int64_t past = std::int64_t{1} << (f.imm_signed ? top - 1 : top);
  Complaint complaint(row);
  complaint.text().append("immediate ").append_signed(value).append(" is not ");
  if (step > 1) complaint.text().append("a multiple of ").append_signed(step).append(" ");
  complaint.text().append("in ").append_signed(f.imm_signed ? -past : 0).append("..");
  complaint.text().append_signed(past - step);
  return complaint.bad_input();
}

std::uint64_t value_of(const Insn<Concrete>& insn, Field field) {
  switch (field) {
    case Field::rd: return number(insn.rd);
    case Field::rs1: return number(insn.rs1);
    case Field::rs2: return number(insn.rs2);
    case Field::imm: return insn.imm.raw();
    case Field::order: return static_cast<std::uint64_t>(insn.order);
    case Field::pred: return insn.pred;
    case Field::succ: return insn.succ;
    case Field::fixed: return 0;
  }
  return 0;
}

/// The reason why allows() is false.
std::unexpected<Diagnostic> not_admitted(const Row& row, const Insn<Concrete>& insn) {
  Complaint complaint(row);
  for (const Field field : {Field::rd, Field::rs1, Field::rs2}) {
    const std::uint64_t value = value_of(insn, field);
    if (!row.format.is_compressed(field) || value >> 3 == 1) continue;
    complaint.text().append("register ").append(reg_names[value]).append(" is not one of s0..a5");
    return complaint.bad_input();
  }
  for (unsigned i = 0; i < row.format.restriction_count; ++i) {
    const Restriction& r = row.format.restrictions[i];
    if (value_of(insn, r.field) != r.value) continue;
    if (r.field == Field::imm)
      complaint.text().append("immediate 0");
    else
      complaint.text().append("register ").append(reg_names[r.value]);
    complaint.text().append(" is reserved or a HINT");
    return complaint.bad_input();
  }
  PROBITY_UNREACHABLE("a row refuses operands without a reason");
}

template <Form form>
Expected<std::uint32_t> encode_form(const Insn<Concrete>& insn) {
  Fields<form, Concrete> all;
  all.rd = Bv<Concrete, 5>::lit(number(insn.rd));
  all.rs1 = Bv<Concrete, 5>::lit(number(insn.rs1));
  all.rs2 = Bv<Concrete, 5>::lit(number(insn.rs2));
  all.order = Bv<Concrete, 2>::lit(static_cast<unsigned>(insn.order));
  all.pred = Bv<Concrete, 4>::lit(insn.pred);
  all.succ = Bv<Concrete, 4>::lit(insn.succ);
  if constexpr (format<form>.imm_width != 0) {
    if (!decide(fits<form>(insn.imm))) {
      return immediate_does_not_fit(row(form), static_cast<std::int64_t>(insn.imm.raw()));
    }
    all.imm = immediate<form>(insn.imm);
  }
  if (!decide(allows(all))) return not_admitted(row(form), insn);
  return static_cast<std::uint32_t>(encode(all).raw());
}

using EncodeForm = Expected<std::uint32_t> (*)(const Insn<Concrete>&);
template <std::size_t... i>
constexpr std::array<EncodeForm, form_count> encoders(std::index_sequence<i...>) {
  return {encode_form<static_cast<Form>(i)>...};
}

}  // namespace

Expected<std::uint32_t> encode(const Insn<Concrete>& insn) {
  static constexpr std::array table = encoders(std::make_index_sequence<form_count>());
  return table[static_cast<std::size_t>(insn.form)](insn);
}

}  // namespace probity::riscv
