// SPDX-License-Identifier: Apache-2.0
// See webs.hpp. Every register right before every node, and every register that a node writes, is
// an element; elements that must be in one register are united.
#include "opt/webs.hpp"

#include <algorithm>
#include <numeric>

#include "isa/bpf/flow.hpp"
#include "opt/barrier.hpp"
#include "program/register_use.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;

constexpr unsigned allocated = 10;  ///< r0 to r9: r10 stays what it is

bool has(std::uint16_t set, unsigned reg) {
  return (set >> reg & 1) != 0;
}

class Builder {
 public:
  explicit Builder(const Version& version)
      : version_(version),
        code_(version.code),
        parent_(2 * std::size_t{code_.size()} * bpf::reg_count) {
    std::iota(parent_.begin(), parent_.end(), 0u);
    for (std::uint32_t node = 0; node < code_.size(); ++node) {
      use_.push_back(program::register_use(code_[node].insn));
    }
  }

  std::uint32_t before(std::uint32_t node, unsigned reg) const {
    return node * bpf::reg_count + reg;
  }
  std::uint32_t written(std::uint32_t node, unsigned reg) const {
    return before(code_.size() + node, reg);
  }
  std::uint32_t root(std::uint32_t element) {
    while (parent_[element] != element) {
      parent_[element] = parent_[parent_[element]];
      element = parent_[element];
    }
    return element;
  }

  RegisterSet live_before(std::uint32_t node) const { return version_.live.before(node).regs; }
  RegisterSet live_behind(std::uint32_t node) const {
    return version_.live.after(code_, node).regs;
  }
  const program::RegisterUse& use(std::uint32_t node) const { return use_[node]; }

  /// Where the value is from that is in the register behind the node.
  std::uint32_t behind(std::uint32_t node, unsigned reg) const {
    return has(use_[node].written, reg) ? written(node, reg) : before(node, reg);
  }

  void unite_all() {
    for (std::uint32_t node = 0; node < code_.size(); ++node) {
      const Successors to = successors(code_, node);
      for (unsigned reg = 0; reg < allocated; ++reg) {
        for (const std::uint32_t next : {to.next, to.taken}) {
          if (next != no_node && has(live_before(next), reg))
            unite(behind(node, reg), before(next, reg));
        }
        // Fields that are both read and written name one register.
        if (has(use_[node].written & use_[node].read, reg) && in_place(node, reg))
          unite(before(node, reg), written(node, reg));
      }
    }
  }

  /// Is the register at this node not to be renamed, whatever has it?
  bool is_fixed_at(std::uint32_t node) const {
    return !only_named_registers(code_[node].insn) || !version_.facts.reached(node);
  }

 private:
  void unite(std::uint32_t a, std::uint32_t b) { parent_[root(a)] = root(b); }

  /// Loads and moves may read the register that they write, by another field.
  bool in_place(std::uint32_t node, unsigned reg) const {
    const bpf::Insn& insn = code_[node].insn;
    const Meaning meaning = bpf::row(insn.form).meaning;
    const bool by_two_fields = meaning == Meaning::load || meaning == Meaning::load_acquire ||
                               meaning == Meaning::movsx || insn.form == bpf::Form::mov64_reg ||
                               insn.form == bpf::Form::mov32_reg;
    return !by_two_fields && bpf::written_register(insn) == static_cast<bpf::Reg>(reg);
  }

  const Version& version_;
  const Code& code_;
  std::vector<std::uint32_t> parent_;
  std::vector<program::RegisterUse> use_;
};

/// From elements to webs.
class Numbering {
 public:
  Numbering(Builder& builder, const Code& code, std::vector<Web>* webs)
      : builder_(builder),
        code_(code),
        number_(2 * std::size_t{code.size()} * bpf::reg_count, no_web),
        webs_(webs) {}

  std::uint32_t of(std::uint32_t element, std::uint32_t node) {
    std::uint32_t& number = number_[builder_.root(element)];
    if (number == no_web) {
      number = static_cast<std::uint32_t>(webs_->size());
      webs_->push_back({element % bpf::reg_count, false, 0, code_.subprog_of(node), {}});
    }
    return number;
  }

 private:
  Builder& builder_;
  const Code& code_;
  std::vector<std::uint32_t> number_;
  std::vector<Web>* webs_;
};

bool is_copy(const bpf::Insn& insn) {
  return insn.form == bpf::Form::mov64_reg;
}

}  // namespace

std::uint32_t Webs::before(std::uint32_t node, unsigned reg) const {
  return before_[std::size_t{node} * bpf::reg_count + reg];
}
std::uint32_t Webs::written(std::uint32_t node, unsigned reg) const {
  return written_[std::size_t{node} * bpf::reg_count + reg];
}

Webs Webs::of(const Version& version) {
  const Code& code = version.code;
  Builder builder(version);
  builder.unite_all();
  Webs result;
  Numbering numbering(builder, code, &result.webs_);
  result.before_.resize(std::size_t{code.size()} * bpf::reg_count, no_web);
  result.written_ = result.before_;
  for (std::uint32_t node = 0; node < code.size(); ++node) {
    const bool entry = std::ranges::binary_search(code.subprog_starts(), node);
    const bool fixed = builder.is_fixed_at(node);
    for (unsigned reg = 0; reg < allocated; ++reg) {
      const std::size_t at = std::size_t{node} * bpf::reg_count + reg;
      if (has(builder.live_before(node), reg)) {
        result.before_[at] = numbering.of(builder.before(node, reg), node);
        Web& web = result.webs_[result.before_[at]];
        web.fixed = web.fixed || entry || (fixed && has(builder.use(node).read, reg));
      }
      const bool live = has(builder.live_behind(node), reg);
      if (has(builder.use(node).written, reg) && (live || !fixed)) {
        result.written_[at] = numbering.of(builder.written(node, reg), node);
        Web& web = result.webs_[result.written_[at]];
        web.fixed = web.fixed || fixed;
      }
    }
  }
  for (std::uint32_t node = 0; node < code.size(); ++node) {
    const RegisterSet live = builder.live_behind(node);
    const RegisterSet lost = builder.is_fixed_at(node) ? builder.use(node).written : RegisterSet{0};
    for (unsigned other = 0; other < allocated; ++other) {
      if (!has(live, other) || has(builder.use(node).written, other)) continue;
      const std::uint32_t needed = result.before(node, other);
      result.webs_[needed].forbidden |= lost;
      for (unsigned reg = 0; reg < allocated; ++reg) {
        const std::uint32_t web = result.written(node, reg);
        if (web == no_web || web == needed) continue;
        const bool copied =
            is_copy(code[node].insn) && static_cast<unsigned>(code[node].insn.src) == other;
        if (copied) continue;
        result.webs_[web].neighbours.push_back(needed);
        result.webs_[needed].neighbours.push_back(web);
      }
    }
  }
  for (Web& web : result.webs_) {
    std::ranges::sort(web.neighbours);
    const auto again = std::ranges::unique(web.neighbours);
    web.neighbours.erase(again.begin(), again.end());
  }
  return result;
}

}  // namespace probity::opt
