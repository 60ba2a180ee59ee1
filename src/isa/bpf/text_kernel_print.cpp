// SPDX-License-Identifier: Apache-2.0
// Printing in the kernel's style, and the operator spellings that the parser reads back
// (text_kernel_ops.hpp).
#include "isa/bpf/text_kernel.hpp"
#include "isa/bpf/text_kernel_ops.hpp"

namespace probity::bpf {

namespace {

/// Prints one insn; holds what every part needs.
class Printer {
 public:
  Printer(const Insn& insn, const HelperNames& names, std::string_view target, TextSink& sink)
      : insn_(insn), row_(row(insn.form)), names_(names), target_(target), sink_(sink) {}

  void print();

 private:
  void reg(char prefix, Reg r) {
    sink_.append_char(prefix).append_unsigned(static_cast<std::uint64_t>(r));
  }
  char prefix() const { return row_.width == 32 ? 'w' : 'r'; }
  void type(char kind) {
    sink_.append("*(").append_char(kind).append_unsigned(row_.width).append(" *)");
  }
  /// `(u8 *)(r1 + 4)`, with or without the leading star.
  void pointer(Reg base) {
    sink_.append("(").append_char('u').append_unsigned(row_.width).append(" *)");
    address(base);
  }
  void address(Reg base) {
    sink_.append("(");
    reg('r', base);
    const std::int64_t off = insn_.off;
    sink_.append(off < 0 ? " - " : " + ").append_signed(off < 0 ? -off : off).append(")");
  }
  void displacement(std::int64_t value, std::string_view before) {
    sink_.append(before);
    if (!target_.empty()) {
      sink_.append(target_);
      return;
    }
    if (value >= 0) sink_.append("+");
    sink_.append_signed(value);
  }
  /// `call pc+3` and `func pc+3` keep the `pc`, which tells them from names and numbers.
  void pc_relative(std::int64_t value) { displacement(value, target_.empty() ? "pc" : ""); }
  void operand() {
    const bool is_register =
        row_.operands == Operands::dst_src || row_.operands == Operands::dst_src_off;
    if (is_register) {
      reg(prefix(), insn_.src);
    } else {
      sink_.append_signed(insn_.imm);
    }
  }
  void assign(Reg r) {
    reg('r', r);
    sink_.append(" = ");
  }
  void alu();
  void movsx();
  void byte_swap();
  void branch();
  void call();
  void load_imm64();
  void packet();
  void atomic();

  const Insn& insn_;
  const Row& row_;
  const HelperNames& names_;
  std::string_view target_;
  TextSink& sink_;
};

void Printer::alu() {
  const AluOp op = static_cast<AluOp>(row_.operation);
  reg(prefix(), insn_.dst);
  sink_.append(" ").append(alu_sign(op)).append(" ");
  if (op == AluOp::neg) {
    sink_.append("-");
    reg(prefix(), insn_.dst);
  } else {
    operand();
  }
}

void Printer::movsx() {
  const bool half = insn_.form == Form::movsx32_8 || insn_.form == Form::movsx32_16;
  const char p = half ? 'w' : 'r';
  reg(p, insn_.dst);
  sink_.append(" = (s").append_unsigned(row_.width).append(")");
  reg(p, insn_.src);
}

void Printer::byte_swap() {
  assign(insn_.dst);
  sink_.append(swap_word(static_cast<SwapOp>(row_.operation))).append_unsigned(row_.width);
  sink_.append(" ");
  reg('r', insn_.dst);
}

void Printer::branch() {
  sink_.append("if ");
  reg(prefix(), insn_.dst);
  sink_.append(" ").append(compare_sign(static_cast<JmpOp>(row_.operation))).append(" ");
  operand();
  displacement(insn_.off, " goto ");
}

void Printer::call() {
  switch (static_cast<CallOp>(row_.operation)) {
    case CallOp::helper: {
      const std::uint32_t id = static_cast<std::uint32_t>(insn_.imm);
      sink_.append("call ").append(names_.name_of(id)).append("#").append_unsigned(id);
      return;
    }
    case CallOp::local:
      sink_.append("call ");
      pc_relative(insn_.imm);
      return;
    case CallOp::kfunc: sink_.append("call kfunc#").append_signed(insn_.imm); return;
    case CallOp::reg:
      sink_.append("callx ");
      reg('r', insn_.dst);
      return;
  }
}

void Printer::load_imm64() {
  assign(insn_.dst);
  const ImmOp op = static_cast<ImmOp>(row_.operation);
  switch (op) {
    case ImmOp::value: sink_.append_hex(insn_.imm64(), 1); break;
    case ImmOp::func:
      sink_.append("func ");
      pc_relative(insn_.imm);
      break;
    case ImmOp::map:
    case ImmOp::map_value:
    case ImmOp::var:
    case ImmOp::map_idx:
    case ImmOp::map_idx_value: {
      const bool two = op == ImmOp::map_value || op == ImmOp::map_idx_value ||
                       (op == ImmOp::var && insn_.next_imm != 0);
      sink_.append(imm_word(op)).append("[").append_signed(insn_.imm).append("]");
      if (two) sink_.append("[").append_signed(insn_.next_imm).append("]");
      break;
    }
  }
  sink_.append(" ll");
}

void Printer::packet() {
  sink_.append("r0 = ");
  type('u');
  sink_.append("skb[");
  if (static_cast<PacketOp>(row_.operation) == PacketOp::absolute) {
    sink_.append_signed(insn_.imm).append("]");
    return;
  }
  reg('r', insn_.src);
  const std::int64_t imm = insn_.imm;
  sink_.append(imm < 0 ? " - " : " + ").append_signed(imm < 0 ? -imm : imm).append("]");
}

void Printer::atomic() {
  const AtomicOp op = static_cast<AtomicOp>(row_.operation);
  if (!fetches(op)) {
    sink_.append("lock *");
    pointer(insn_.dst);
    sink_.append(" ").append(atomic_word(op)).append(" ");
    reg('r', insn_.src);
    return;
  }
  const bool cmpxchg = op == AtomicOp::cmpxchg;
  assign(cmpxchg ? Reg::r0 : insn_.src);
  sink_.append(row_.width == 64 ? "atomic64_" : "atomic_").append(atomic_word(op)).append("(");
  pointer(insn_.dst);
  sink_.append(cmpxchg ? ", r0, " : ", ");
  reg('r', insn_.src);
  sink_.append(")");
}

void Printer::print() {
  switch (row_.meaning) {
    case Meaning::alu: alu(); return;
    case Meaning::movsx: movsx(); return;
    case Meaning::byte_swap: byte_swap(); return;
    case Meaning::jump:
      if (insn_.form == Form::ja32)
        displacement(insn_.imm, "gotol ");
      else
        displacement(insn_.off, "goto ");
      return;
    case Meaning::may_goto: displacement(insn_.off, "may_goto "); return;
    case Meaning::branch: branch(); return;
    case Meaning::call: call(); return;
    case Meaning::exit: sink_.append("exit"); return;
    case Meaning::load_imm64: load_imm64(); return;
    case Meaning::load_packet: packet(); return;
    case Meaning::load:
      assign(insn_.dst);
      type(static_cast<MemOp>(row_.operation) == MemOp::sign ? 's' : 'u');
      address(insn_.src);
      return;
    case Meaning::store_imm:
      sink_.append("*");
      pointer(insn_.dst);
      sink_.append(" = ").append_signed(insn_.imm);
      return;
    case Meaning::store_reg:
      sink_.append("*");
      pointer(insn_.dst);
      sink_.append(" = ");
      reg('r', insn_.src);
      return;
    case Meaning::atomic: atomic(); return;
    case Meaning::load_acquire:
      assign(insn_.dst);
      sink_.append("load_acquire(");
      pointer(insn_.src);
      sink_.append(")");
      return;
    case Meaning::store_release:
      sink_.append("store_release(");
      pointer(insn_.dst);
      sink_.append(", ");
      reg('r', insn_.src);
      sink_.append(")");
      return;
  }
}

}  // namespace

void print_kernel(const Insn& insn, const HelperNames& names, TextSink& sink) {
  Printer(insn, names, {}, sink).print();
}

void print_kernel_with_label(const Insn& insn, const HelperNames& names, std::string_view target,
                             TextSink& sink) {
  Printer(insn, names, target, sink).print();
}

}  // namespace probity::bpf
