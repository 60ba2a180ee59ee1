// SPDX-License-Identifier: Apache-2.0
// Registers: values get registers anew, so that copies are from a register to itself and nothing
// is kept in r6 to r9 that no call makes it keep: each of these is saved and restored by who
// enters the function. Begins with the registers that there are and only ever gives a web
// (webs.hpp) another one that none of its neighbours has, so that any state is right.
#include <algorithm>
#include <array>
#include <vector>

#include "isa/bpf/codec_index.hpp"
#include "isa/bpf/flow.hpp"
#include "opt/generators.hpp"
#include "opt/webs.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Reg;

constexpr unsigned allocated = 10;    ///< r0 to r9
constexpr unsigned first_saved = 6;   ///< r6 to r9 are the callee's to save
constexpr unsigned choice_limit = 3;  ///< rounds over all copies

class Allocation {
 public:
  explicit Allocation(const Version& version)
      : version_(version), code_(version.code), webs_(Webs::of(version)) {
    for (const Web& web : webs_.all()) reg_.push_back(web.reg);
  }

  void run() {
    for (unsigned round = 0; round < choice_limit; ++round) {
      bool changed = false;
      for (std::uint32_t node = 0; node < code_.size(); ++node) changed = join(node) || changed;
      if (!changed) break;
    }
    for (std::uint32_t subprog = 0; subprog + 1 < code_.subprog_starts().size(); ++subprog) {
      for (unsigned reg = allocated; reg-- > first_saved;) vacate(subprog, reg);
    }
  }

  /// One change for each subprogram that gains by it.
  std::vector<Change> changes() const {
    std::vector<Change> result;
    for (std::uint32_t subprog = 0; subprog + 1 < code_.subprog_starts().size(); ++subprog) {
      const std::uint32_t first = code_.subprog_starts()[subprog];
      const std::uint32_t end = code_.subprog_starts()[subprog + 1];
      if (!gains(subprog, first, end)) continue;
      Change change{"registers", {}, {}};
      for (std::uint32_t node = first; node < end; ++node) {
        const bpf::Insn insn = renamed(node);
        if (insn == code_[node].insn) continue;
        Node fresh = code_[node];  // a copy still: relocations stay with it
        fresh.insn = insn;
        change.splices.push_back({node, 1, {fresh}});
      }
      change.names.assign(code_.size(), own_names);
      for (std::uint32_t node = first; node < end; ++node) change.names[node] = names(node);
      result.push_back(std::move(change));
    }
    return result;
  }

 private:
  bool is_copy(std::uint32_t node) const {
    return code_[node].insn.form == Form::mov64_reg && !code_[node].patched &&
           version_.facts.reached(node);
  }

  bool may_have(std::uint32_t web, unsigned reg) const {
    const Web& it = webs_.all()[web];
    if (reg_[web] == reg) return true;
    if (it.fixed || (it.forbidden >> reg & 1) != 0) return false;
    return std::ranges::none_of(it.neighbours,
                                [&](std::uint32_t other) { return reg_[other] == reg; });
  }

  /// Can both have it? They are no neighbours of each other.
  bool may_share(std::uint32_t a, std::uint32_t b, unsigned reg) const {
    return may_have(a, reg) && may_have(b, reg);
  }

  unsigned copies_to_itself(std::uint32_t web) const {
    unsigned count = 0;
    for (const auto& [to, from] : copies_) {
      if ((to == web || from == web) && reg_[to] == reg_[from]) ++count;
    }
    return count;
  }

  /// Gives both ends of a copy one register, unless more copies are lost than won.
  bool join(std::uint32_t node) {
    if (!is_copy(node)) return false;
    const std::uint32_t to = webs_.written(node, index(code_[node].insn.dst));
    const std::uint32_t from = webs_.before(node, index(code_[node].insn.src));
    if (to == no_web || from == no_web || to == from || reg_[to] == reg_[from]) return false;
    const auto& neighbours = webs_.all()[to].neighbours;
    if (std::ranges::binary_search(neighbours, from)) return false;
    if (copies_.empty()) find_copies();
    const unsigned before = copies_to_itself(to) + copies_to_itself(from);
    const unsigned old_to = reg_[to], old_from = reg_[from];
    for (const unsigned reg : candidates(old_to, old_from)) {
      if (!may_share(to, from, reg)) continue;
      reg_[to] = reg_[from] = reg;
      // The copy itself counts for both.
      if (copies_to_itself(to) + copies_to_itself(from) > before) return true;
      reg_[to] = old_to;
      reg_[from] = old_from;
    }
    return false;
  }

  static std::vector<unsigned> candidates(unsigned first, unsigned second) {
    std::vector<unsigned> result{first, second};
    for (unsigned reg = 0; reg < allocated; ++reg) {
      if (reg != first && reg != second) result.push_back(reg);
    }
    return result;
  }

  void find_copies() {
    for (std::uint32_t node = 0; node < code_.size(); ++node) {
      if (!is_copy(node)) continue;
      const std::uint32_t to = webs_.written(node, index(code_[node].insn.dst));
      const std::uint32_t from = webs_.before(node, index(code_[node].insn.src));
      if (to != no_web && from != no_web && to != from) copies_.emplace_back(to, from);
    }
  }

  bool is_used(std::uint32_t subprog, unsigned reg) const {
    for (std::uint32_t web = 0; web < reg_.size(); ++web) {
      if (webs_.all()[web].subprog == subprog && reg_[web] == reg) return true;
    }
    return false;
  }

  /// Moves all that is in a saved register elsewhere, if all of it can be.
  void vacate(std::uint32_t subprog, unsigned saved) {
    const std::vector<unsigned> was = reg_;
    for (std::uint32_t web = 0; web < reg_.size(); ++web) {
      if (webs_.all()[web].subprog != subprog || reg_[web] != saved) continue;
      const unsigned limit = is_lower_saved_in_use(subprog, saved);
      const auto free = [&](unsigned reg) { return may_have(web, reg); };
      unsigned reg = 0;
      while (reg < limit && !free(reg)) ++reg;
      if (reg == limit) {
        reg_ = was;
        return;
      }
      reg_[web] = reg;
    }
    if (count_self_copies(was) > count_self_copies(reg_)) reg_ = was;
  }

  /// Registers below this one cost nothing more: r0 to r5, and saved ones that are used anyway.
  unsigned is_lower_saved_in_use(std::uint32_t subprog, unsigned saved) const {
    unsigned limit = first_saved;
    while (limit < saved && is_used(subprog, limit)) ++limit;
    return limit;
  }

  std::size_t count_self_copies(const std::vector<unsigned>& reg) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        copies_, [&](const auto& copy) { return reg[copy.first] == reg[copy.second]; }));
  }

  /// Fewer copies that do something, or fewer saved registers.
  bool gains(std::uint32_t subprog, std::uint32_t first, std::uint32_t end) const {
    for (std::uint32_t node = first; node < end; ++node) {
      if (!is_copy(node)) continue;
      const bpf::Insn is = renamed(node);
      if (is.dst == is.src && code_[node].insn.dst != code_[node].insn.src) return true;
    }
    for (unsigned reg = first_saved; reg < allocated; ++reg) {
      const bool was = std::ranges::any_of(
          webs_.all(), [&](const Web& web) { return web.subprog == subprog && web.reg == reg; });
      if (was && !is_used(subprog, reg)) return true;
    }
    return false;
  }

  static unsigned index(Reg reg) { return static_cast<unsigned>(reg); }

  Reg register_of(std::uint32_t web, Reg otherwise) const {
    return web == no_web ? otherwise : static_cast<Reg>(reg_[web]);
  }

  bpf::Insn renamed(std::uint32_t node) const {
    bpf::Insn insn = code_[node].insn;
    const bpf::codec_index::Fields fields = bpf::codec_index::fields(bpf::row(insn.form).operands);
    const bpf::Written written = bpf::written_field(insn.form);
    const Reg dst = insn.dst, src = insn.src;
    if (fields.dst && written == bpf::Written::dst) {
      insn.dst = register_of(webs_.written(node, index(dst)), dst);
    } else if (fields.dst) {
      insn.dst = register_of(webs_.before(node, index(dst)), dst);
    }
    if (fields.src) insn.src = register_of(webs_.before(node, index(src)), src);
    return insn;
  }

  RegisterNames names(std::uint32_t node) const {
    RegisterNames result;
    result.fill(bpf::reg_count);  // not live
    for (unsigned reg = 0; reg < allocated; ++reg) {
      const std::uint32_t web = webs_.before(node, reg);
      if (web != no_web) result[reg_[web]] = static_cast<std::uint8_t>(reg);
    }
    result[allocated] = allocated;
    return result;
  }

  const Version& version_;
  const Code& code_;
  Webs webs_;
  std::vector<unsigned> reg_;  ///< by web
  std::vector<std::pair<std::uint32_t, std::uint32_t>> copies_;
};

std::vector<Change> propose(const Version& version, const Aim&) {
  Allocation allocation(version);
  allocation.run();
  return allocation.changes();
}

}  // namespace

Generator register_generator() {
  return {"registers", propose};
}

}  // namespace probity::opt
