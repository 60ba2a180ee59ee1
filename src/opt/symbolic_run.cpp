// SPDX-License-Identifier: Apache-2.0
// See symbolic_run.hpp. Fields of ctx are what the kernel's rewriting of the access gives
// (runtime/ctx.hpp): a packet pointer is loaded by four bytes and has eight.
#include "opt/symbolic_run.hpp"

#include <fmt/core.h>

#include "isa/bpf/semantics_impl.hpp"
#include "opt/barrier.hpp"
#include "runtime/ctx.hpp"

namespace probity::opt {

using bpf::Reg;
using term::Id;

bpf::Next<Symbolic> SymbolicRun::step(const Node& node) {
  const bpf::Insn& insn = node.insn;
  stepping_ = &node;
  const term::StoreScope scope(world_->store);
  wide_load_ = {};
  bpf::Immediates<Symbolic> numbers = bpf::immediates<Symbolic>(insn);
  if (has_patched_number(node)) {
    const std::string name = fmt::format("patched number of insn {}", node.old_slot);
    numbers.imm = TermBv<32>::of(world_->store.var(32, name));
    patched_.push_back(node.old_slot);
  }
  return bpf::meaning<Symbolic>(insn.form, insn.dst, insn.src, numbers, *this);
}

TermBv<64> SymbolicRun::reg(Reg reg) const {
  return TermBv<64>::of(regs_[static_cast<std::size_t>(reg)]);
}

void SymbolicRun::set_reg(Reg reg, TermBv<64> value) {
  regs_[static_cast<std::size_t>(reg)] = wide_load_ ? wide_load_ : value.raw();
}

TermBv<64> SymbolicRun::address_of(bpf::ImmOp op, TermBv<32> imm, TermBv<32> next_imm) {
  const Node& lddw = *stepping_;
  if (lddw.target != no_node) {  // a function: code moves, so its number names it
    return TermBv<64>::of(
        world_->store.var(64, fmt::format("function {}", code_->subprog_of(lddw.target))));
  }
  const auto number = [&](TermBv<32> part) {
    return static_cast<std::uint64_t>(world_->store.literal(part.raw()).value_or(0));
  };
  if (op == bpf::ImmOp::map_value || op == bpf::ImmOp::map_idx_value) {
    const Id start =
        world_->pointers.var(fmt::format("value of map {}", number(imm)), Area::map_value);
    return TermBv<64>::of(
        world_->store.bin(Op::add, start, world_->store.lit(64, number(next_imm))));
  }
  return TermBv<64>::of(world_->store.var(
      64, fmt::format("address {} {}:{}", static_cast<int>(op), number(imm), number(next_imm))));
}

Id SymbolicRun::load_ctx(std::int64_t offset, unsigned bytes) {
  term::Store& store = world_->store;
  const std::size_t version = memory_.ctx_stores().size();
  const runtime::CtxRow* row =
      offset < 0
          ? nullptr
          : runtime::find_ctx_row(world_->program.type, static_cast<std::uint32_t>(offset), bytes);
  if (row != nullptr && runtime::is_object_pointer(row->field)) {
    return world_->pointers.var(fmt::format("ctx:{}[{}]", version, offset), Area::other);
  }
  if (row == nullptr) {
    return store.var(bytes * 8, fmt::format("ctx:{}[{}..{}]", version, offset, bytes));
  }
  if (row->field == runtime::CtxField::data) wide_load_ = world_->packet;
  if (row->field == runtime::CtxField::data_meta) wide_load_ = world_->metadata;
  if (row->field == runtime::CtxField::data_end) wide_load_ = store.var(64, "packet end");
  if (runtime::is_pointer(row->field)) return store.lit(bytes * 8, 0);  // wide_load_ stands for it
  const Id whole = store.var(row->size_bytes * 8u, fmt::format("ctx:{}[{}]", version, row->offset));
  return store.extract(static_cast<unsigned>(offset - row->offset) * 8, bytes * 8, whole);
}

bool SymbolicRun::is_array(const Pointers::Place& place, unsigned bytes) const {
  return place.offset >= 0 &&
         runtime::is_ctx_array(world_->program.type, static_cast<std::uint32_t>(place.offset),
                               bytes);
}

Id SymbolicRun::load_bytes(Id address, unsigned bytes) {
  term::Store& store = world_->store;
  const auto place = world_->pointers.resolve(address);
  if (!place || (place->area == Area::stack && place->base != world_->frame)) {
    problem_ = "a load from an address that is not known";
    return store.lit(bytes * 8, 0);
  }
  if (place->area == Area::ctx && !is_array(*place, bytes)) return load_ctx(place->offset, bytes);
  Id value;
  for (unsigned i = 0; i < bytes; ++i) {
    const Id byte = memory_.load({place->area, place->base, place->offset + i});
    value = i == 0 ? byte : store.concat(byte, value);
  }
  return value;
}

void SymbolicRun::store_bytes(Id address, unsigned bytes, Id value) {
  term::Store& store = world_->store;
  const auto place = world_->pointers.resolve(address);
  if (!place || (place->area == Area::stack && place->base != world_->frame)) {
    problem_ = "a store to an address that is not known";
    return;
  }
  if (place->area == Area::ctx && !is_array(*place, bytes)) {
    memory_.store_ctx({place->offset, bytes, value});
    return;
  }
  for (unsigned i = 0; i < bytes; ++i) {
    memory_.store({place->area, place->base, place->offset + i}, store.extract(8 * i, 8, value));
  }
}

}  // namespace probity::opt
