// SPDX-License-Identifier: Apache-2.0
// Members are found backwards from the last insn: a definition joins when all that read it are
// members already. What an insn reads and no member defines is an input; it must still be there
// where the slice ends.
#include "opt/search/slice.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "isa/bpf/codec.hpp"
#include "isa/bpf/flow.hpp"
#include "opt/code_text.hpp"
#include "opt/computation.hpp"
#include "program/register_use.hpp"

namespace probity::opt::search {
namespace {

constexpr std::uint16_t bit(unsigned reg) {
  return static_cast<std::uint16_t>(1u << reg);
}

std::optional<unsigned> written(const Node& node) {
  const auto reg = bpf::written_register(node.insn);
  if (!reg) return std::nullopt;
  return static_cast<unsigned>(*reg);
}

Width width_of(const AbstractWord& bits) {
  if (bits.high <= 0xff) return Width::bits8;
  if (bits.high <= 0xffff) return Width::bits16;
  if (bits.high <= 0xffff'ffff) return Width::bits32;
  return Width::bits64;
}

/// One block of a version, and slices in it.
class Block {
 public:
  Block(const Version& version, std::uint32_t first, std::uint32_t end)
      : v_(version), first_(first), end_(end) {}

  std::optional<Slice> slice_at(std::uint32_t last) {
    if (!is_pure(v_.code[last]) || !is_number_behind(last)) return std::nullopt;
    find_members(last);
    if (members_.size() < 2) return std::nullopt;
    return finish(last);
  }

 private:
  bool is_number(std::uint32_t at, unsigned reg) const {
    return v_.facts.before(at).regs[reg].kind == Kind::number;
  }
  bool is_number_behind(std::uint32_t at) const {
    const auto regs = program::registers_read(v_.code[at].insn);
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
      if ((regs & bit(reg)) != 0 && !is_number(at, reg)) return false;
    }
    return v_.facts.reached(at);
  }

  /// The insn before `at` in the block that writes `reg` last.
  std::optional<std::uint32_t> definition(std::uint32_t at, unsigned reg) const {
    while (at-- > first_) {
      if ((program::register_use(v_.code[at].insn).written & bit(reg)) != 0) return at;
    }
    return std::nullopt;
  }

  bool only_members_read(std::uint32_t at, unsigned reg) const {
    for (std::uint32_t i = at + 1; i < end_; ++i) {
      const auto use = program::register_use(v_.code[i].insn);
      if ((use.read & bit(reg)) != 0 && !members_.contains(i)) return false;
      if ((use.written & bit(reg)) != 0) return true;
    }
    return (v_.live.after(v_.code, end_ - 1).regs & bit(reg)) == 0;
  }

  void find_members(std::uint32_t last) {
    members_ = {last};
    std::set<std::uint32_t> refused;
    while (members_.size() < max_slice) {
      std::optional<std::uint32_t> next;  // the latest candidate: all its readers are known
      for (const std::uint32_t member : members_) {
        const auto reads = program::registers_read(v_.code[member].insn);
        for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
          if ((reads & bit(reg)) == 0) continue;
          const auto at = definition(member, reg);
          if (!at || members_.contains(*at) || refused.contains(*at)) continue;
          if (!next || *at > *next) next = at;
        }
      }
      if (!next) return;
      const auto reg = written(v_.code[*next]);
      const bool joins = is_pure(v_.code[*next]) && is_number_behind(*next) && reg &&
                         only_members_read(*next, *reg);
      (joins ? members_ : refused).insert(*next);
    }
  }

  /// Is `reg` as read at `member` still there at the end, once the members are gone?
  bool survives(std::uint32_t member, unsigned reg, std::uint32_t last) const {
    for (std::uint32_t at = member; at < last; ++at) {
      if (members_.contains(at)) continue;
      if ((program::register_use(v_.code[at].insn).written & bit(reg)) != 0) return false;
    }
    return true;
  }

  std::optional<Slice> finish(std::uint32_t last) {
    Slice slice;
    slice.nodes.assign(members_.begin(), members_.end());
    std::array<std::optional<unsigned>, bpf::reg_count> number;  // of the problem, by register
    std::uint16_t defined = 0;
    unsigned next = 0;
    const auto name = [&](unsigned reg) {
      if (!number[reg]) {
        number[reg] = next;
        slice.actual[next++] = static_cast<bpf::Reg>(reg);
      }
    };
    const auto live = v_.live.after(v_.code, last).regs;
    for (const std::uint32_t member : slice.nodes) {
      const auto reads = program::registers_read(v_.code[member].insn);
      for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
        if ((reads & bit(reg)) == 0 || (defined & bit(reg)) != 0 || number[reg]) continue;
        if (!is_number(member, reg) || !survives(member, reg, last)) return std::nullopt;
        name(reg);
        slice.problem.inputs.push_back(width_of(v_.facts.before(member).regs[reg].bits));
        slice.problem.input_is_dead.push_back((live & bit(reg)) == 0);
      }
      if (const auto reg = written(v_.code[member])) defined |= bit(*reg);
    }
    if (slice.problem.inputs.size() > max_inputs) return std::nullopt;
    const unsigned output = *written(v_.code[last]);
    if (number[output]) slice.problem.input_is_dead[*number[output]] = true;
    name(output);
    slice.problem.output = static_cast<bpf::Reg>(*number[output]);
    // What nobody reads behind the end is free there: all of the rewrite stands at the end.
    for (unsigned reg = 0; reg < 10 && slice.problem.temporaries < max_temporaries; ++reg) {
      if (number[reg] || (live & bit(reg)) != 0) continue;
      name(reg);
      ++slice.problem.temporaries;
    }
    for (unsigned reg = 0; reg < 10; ++reg) {
      if ((defined & bit(reg)) != 0 && !number[reg]) name(reg);  // written, and in use elsewhere
    }
    std::array<bpf::Reg, bpf::reg_count> names{};
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
      names[reg] = static_cast<bpf::Reg>(number[reg].value_or(0));
    }
    for (const std::uint32_t member : slice.nodes) {
      slice.problem.insns.push_back(renamed(v_.code[member].insn, names));
    }
    return slice;
  }

  const Version& v_;
  std::uint32_t first_;
  std::uint32_t end_;
  std::set<std::uint32_t> members_;
};

}  // namespace

unsigned Problem::registers() const {
  const auto known = static_cast<unsigned>(inputs.size());
  return std::max(known, static_cast<unsigned>(output) + 1) + temporaries;
}

bool Problem::is_writable(unsigned reg) const {
  return reg >= inputs.size() || input_is_dead[reg];
}

std::string Problem::key() const {
  std::string text;
  for (const bpf::Insn& insn : insns) text += kernel_text(inserted(insn)) + "; ";
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    text +=
        fmt::format("r{}:{}{} ", i, static_cast<unsigned>(inputs[i]), input_is_dead[i] ? "" : "=");
  }
  return text + fmt::format("-> r{} +{}", static_cast<unsigned>(output), temporaries);
}

bool is_pure(const Node& node) {
  return !node.patched && is_computation(node.insn.form);
}

bpf::Insn renamed(const bpf::Insn& insn, const std::array<bpf::Reg, bpf::reg_count>& names) {
  bpf::Insn result = insn;
  result.dst = names[static_cast<std::size_t>(insn.dst)];
  result.src = names[static_cast<std::size_t>(insn.src)];
  return bpf::canonical(result);
}

std::vector<Slice> slices_of(const Version& version) {
  std::vector<Slice> slices;
  const std::vector<bool> starts = block_starts(version.code);
  std::uint32_t first = 0;
  for (std::uint32_t end = 1; end <= version.code.size(); ++end) {
    if (!starts[end] && end < version.code.size()) continue;
    Block block(version, first, end);
    for (std::uint32_t at = first; at < end; ++at) {
      if (auto slice = block.slice_at(at)) slices.push_back(*std::move(slice));
    }
    first = end;
  }
  return slices;
}

}  // namespace probity::opt::search
