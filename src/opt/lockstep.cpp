// SPDX-License-Identifier: Apache-2.0
// See lockstep.hpp.
#include "opt/lockstep.hpp"

#include <fmt/core.h>

#include "isa/bpf/semantics_impl.hpp"

namespace probity::opt {

using term::Id;
using term::Symbolic;

bpf::Next<Symbolic> Lockstep::step(const Code& code, std::uint32_t at, std::uint32_t patched) {
  const Node& node = code[at];
  code_ = &code;
  at_ = at;
  const term::StoreScope scope(*store_);
  bpf::Immediates<Symbolic> fields = bpf::immediates<Symbolic>(node.insn);
  if (node.patched) {
    const auto field = [&](unsigned width, std::string_view name) {
      return store_->var(width, fmt::format("{} of insn {}", name, patched));
    };
    fields.off = Bv<Symbolic, 16>::of(field(16, "off"));
    fields.imm = Bv<Symbolic, 32>::of(field(32, "imm"));
    fields.next_imm = Bv<Symbolic, 32>::of(field(32, "next imm"));
  }
  return bpf::meaning<Symbolic>(node.insn.form, node.insn.dst, node.insn.src, fields, *this);
}

Lockstep::Value Lockstep::address_of(bpf::ImmOp op, Bv<Symbolic, 32> imm,
                                     Bv<Symbolic, 32> next_imm) {
  const Node& node = (*code_)[at_];
  if (node.target != no_node) {
    const std::uint32_t subprog = code_->linked_subprog(code_->subprog_of(node.target));
    return Value::of(store_->var(64, fmt::format("function {}", subprog)));
  }
  return Value::of(store_->var(64, fmt::format("address {} {} {}", static_cast<int>(op),
                                               imm.raw().index, next_imm.raw().index)));
}

/// Named by what was done to memory before, too.
Id Lockstep::loaded(std::string_view what, unsigned width, Id address) {
  return store_->var(width,
                     fmt::format("{} {} {} {}", what, width, address.index, effects_.size()));
}

}  // namespace probity::opt
