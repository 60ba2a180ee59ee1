// SPDX-License-Identifier: Apache-2.0
// See block_values.hpp. Values at the start are named as simulation names them, so that what is
// equal here is equal there.
#include "opt/block_values.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

namespace probity::opt {

using bpf::Meaning;
using term::Id;

BlockValues::BlockValues(const Version& version, std::uint32_t first)
    : version_(version),
      first_(first),
      pointers_(store_),
      world_{store_,
             pointers_,
             version.program,
             pointers_.var("r10", Area::stack),
             pointers_.var("packet", Area::packet),
             pointers_.var("metadata", Area::metadata)} {
  const PointFacts& facts = version.facts.before(first);
  for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
    start_[reg] = reg == 10 ? world_.frame : start_of(facts.regs[reg], fmt::format("r{}", reg));
  }
  for (std::size_t word = 0; word < stack_words; ++word) {
    const Fact& fact = facts.frame.words[word];
    if (fact.kind == Kind::any || fact.kind == Kind::nothing) continue;
    const auto low = static_cast<std::int64_t>(word * 8) - static_cast<std::int64_t>(stack_bytes);
    const Id whole = start_of(fact, fmt::format("stack word r10{:+}", low));
    for (unsigned i = 0; i < 8; ++i) frame_.emplace_back(low + i, byte(whole, i));
  }
}

Id BlockValues::start_of(const Fact& fact, const std::string& name) {
  const auto at = [&](Id base) {
    return store_.bin(Op::add, base,
                      store_.lit(64, static_cast<std::uint64_t>(fact.offset.value_or(0))));
  };
  if (fact.offset) {
    if (fact.kind == Kind::stack) return at(world_.frame);
    if (fact.kind == Kind::packet) return at(world_.packet);
    if (fact.kind == Kind::packet_meta) return at(world_.metadata);
    if (fact.kind == Kind::ctx) return at(pointers_.var("ctx", Area::ctx));
  }
  if (fact.kind == Kind::packet_end) return store_.var(64, "packet end");
  if (fact.kind == Kind::number) {
    if (const auto constant = fact.constant()) return store_.lit(64, *constant);
    const int unused = std::countl_zero(fact.bits.high);
    return store_.zext(64, store_.var(unused == 64 ? 1 : 64 - static_cast<unsigned>(unused), name));
  }
  if (const auto area = area_of(fact.kind)) return pointers_.var(name, *area);
  return store_.var(64, name);
}

std::optional<MemoryUse> BlockValues::use_of(const Node& node,
                                             const BlockTrace::Registers& regs) const {
  const bpf::Row& row = bpf::row(node.insn.form);
  MemoryUse use;
  use.loads = row.meaning == Meaning::load || row.meaning == Meaning::atomic;
  use.stores = row.meaning != Meaning::load;
  switch (row.meaning) {
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::atomic: break;
    default: return std::nullopt;
  }
  const auto reg = row.meaning == Meaning::load ? node.insn.src : node.insn.dst;
  const auto place = pointers_.resolve(regs[static_cast<std::size_t>(reg)]);
  if (!place) return std::nullopt;
  use.area = place->area;
  use.base = place->base;
  use.offset = place->offset + node.insn.off;
  use.bytes = row.width / 8u;
  return use;
}

BlockTrace BlockValues::trace(std::span<const Node> nodes) {
  SymbolicRun run(world_, version_.code, first_, "");
  for (unsigned reg = 0; reg < bpf::reg_count; ++reg) run.set_reg_term(reg, start_[reg]);
  for (const auto& [offset, value] : frame_) run.memory().set_stack(offset, value);
  const auto registers = [&] {
    BlockTrace::Registers regs{};
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) regs[reg] = run.reg_term(reg);
    return regs;
  };
  BlockTrace result{{}, {}, Memory(store_, ""), true};
  for (const Node& node : nodes) {
    result.regs.push_back(registers());
    std::optional<MemoryUse> use = use_of(node, result.regs.back());
    run.step(node);
    if (!run.problem().empty()) {
      result.complete = false;
      return result;
    }
    if (use && use->stores) {
      const std::size_t segments = run.memory().segments(use->area).size();
      use->segment = std::max<std::size_t>(segments, 1) - 1;
    }
    if (use && !use->stores) {
      const Id value = run.reg_term(static_cast<unsigned>(node.insn.dst));
      for (unsigned i = 0; i < use->bytes; ++i) use->loaded[i] = byte(value, i);
    }
    result.uses.push_back(use);
  }
  result.regs.push_back(registers());
  result.memory = run.memory();
  return result;
}

bool BlockValues::same_segments(const Memory& a, const Memory& b, Area area) const {
  const auto& first = a.segments(area);
  const auto& second = b.segments(area);
  if (first.size() != second.size()) return false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i].base != second[i].base) return false;
    for (const auto& [offset, value] : first[i].bytes) {
      if (b.byte_of(area, i, offset) != value) return false;
    }
    for (const auto& [offset, value] : second[i].bytes) {
      if (a.byte_of(area, i, offset) != value) return false;
    }
  }
  return true;
}

/// Where `writer` wrote; elsewhere the stack is as it was.
bool BlockValues::same_stack(const BlockTrace& writer, const BlockTrace& other,
                             const StackSet& live) {
  for (const auto& use : writer.uses) {
    if (!use || !use->stores || use->area != Area::stack) continue;
    for (std::int64_t at = use->offset; at < use->end(); ++at) {
      const std::int64_t index = at + static_cast<std::int64_t>(stack_bytes);
      if (index < 0 || index >= static_cast<std::int64_t>(stack_bytes)) return false;
      if (!live[static_cast<std::size_t>(index)]) continue;
      if (writer.memory.stack(at) != other.memory.stack(at)) return false;
    }
  }
  return true;
}

bool BlockValues::agree(const BlockTrace& a, const BlockTrace& b, const LivePoint& live) {
  if (!a.complete || !b.complete) return false;
  for (unsigned reg = 0; reg < 10; ++reg) {
    if ((live.regs >> reg & 1) != 0 && a.regs.back()[reg] != b.regs.back()[reg]) return false;
  }
  if (!same_stack(a, b, live.stack) || !same_stack(b, a, live.stack)) return false;
  for (std::size_t area = 0; area < area_count; ++area) {
    if (!same_segments(a.memory, b.memory, static_cast<Area>(area))) return false;
  }
  const auto& first = a.memory.ctx_stores();
  const auto& second = b.memory.ctx_stores();
  if (first.size() != second.size()) return false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i].offset != second[i].offset || first[i].bytes != second[i].bytes ||
        first[i].value != second[i].value) {
      return false;
    }
  }
  return true;
}

}  // namespace probity::opt
