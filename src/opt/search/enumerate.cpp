// SPDX-License-Identifier: Apache-2.0
// See enumerate.hpp.
#include "opt/search/enumerate.hpp"

#include <unordered_map>

namespace probity::opt::search {
namespace {

class Enumeration {
 public:
  Enumeration(const Problem& problem, const Alphabet& alphabet, Judge& judge, Effort& effort)
      : problem_(problem), alphabet_(alphabet), judge_(judge), effort_(effort) {}

  std::optional<Insns> of_length(unsigned length) {
    seen_.clear();
    prefix_.clear();
    const std::uint32_t known = (1u << problem_.inputs.size()) - 1;
    if (length == 0) return accept() ? std::optional(prefix_) : std::nullopt;
    if (descend(length, judge_.inputs(), known)) return prefix_;
    return std::nullopt;
  }

 private:
  bool is_over() {
    ++effort_.candidates;
    if (effort_.candidates > effort_.max_candidates ||
        ((effort_.candidates & 0x3ff) == 0 && effort_.is_over && effort_.is_over())) {
      effort_.cut = true;
    }
    return effort_.cut;
  }

  bool accept() { return judge_.passes(prefix_) && judge_.proves(prefix_); }

  static bool reads(const bpf::Insn& insn, std::uint32_t known) {
    const bpf::Row& row = bpf::row(insn.form);
    const bool moves = row.meaning == bpf::Meaning::movsx ||
                       (row.meaning == bpf::Meaning::alu &&
                        static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov);
    const bool dst_known = (known >> static_cast<unsigned>(insn.dst) & 1) != 0;
    const bool src_known = (known >> static_cast<unsigned>(insn.src) & 1) != 0;
    if (!moves && !dst_known) return false;
    return row.operands != bpf::Operands::dst_src || src_known;
  }

  /// Tries every insn with `left` insns to go; true when the prefix is the answer.
  bool descend(unsigned left, const Lanes& lanes, std::uint32_t known) {
    if (left == 1) return finish(lanes, known);
    Lanes next = lanes;
    for (const bpf::Insn& insn : alphabet_.all()) {
      if (!reads(insn, known)) continue;
      if (is_over()) return false;
      const auto dst = static_cast<std::size_t>(insn.dst);
      execute(insn, next);
      const bool changed = next.regs[dst] != lanes.regs[dst] || (known >> dst & 1) == 0;
      if (changed && is_new(next, left - 1, known | 1u << dst)) {
        prefix_.push_back(insn);
        if (descend(left - 1, next, known | 1u << dst)) return true;
        prefix_.pop_back();
      }
      next.regs[dst] = lanes.regs[dst];
    }
    return false;
  }

  bool finish(const Lanes& lanes, std::uint32_t known) {
    const auto output = static_cast<unsigned>(problem_.output);
    Lanes next = lanes;
    const auto is_answer = [&](const bpf::Insn& insn) {
      execute(insn, next);
      const bool matches = judge_.matches(next.regs[output]);
      next.regs[output] = lanes.regs[output];
      if (!matches) return false;
      prefix_.push_back(insn);
      if (accept()) return true;
      prefix_.pop_back();
      return false;
    };
    for (const bpf::Insn& insn : alphabet_.writing(output)) {
      if (!reads(insn, known)) continue;
      if (is_over()) return false;
      if (is_answer(insn)) return true;
    }
    for (const bpf::Form form : alphabet_.immediate_forms()) {
      if (is_over()) return false;
      const auto insn = Alphabet::fitting(form, output, lanes.regs[output], judge_.target());
      if (insn && reads(*insn, known) && is_answer(*insn)) return true;
    }
    return false;
  }

  bool is_new(const Lanes& lanes, unsigned left, std::uint32_t known) {
    if (left < 1 || seen_.size() > 2'000'000) return true;
    std::uint64_t hash = known;
    for (unsigned reg = 0; reg < problem_.registers(); ++reg) {
      if ((known >> reg & 1) == 0) continue;
      for (std::size_t i = 0; i < lane_count; i += 5) {
        hash = (hash ^ lanes.regs[reg][i]) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 29;
      }
    }
    unsigned& best = seen_[hash];
    if (best >= left) return false;
    best = left;
    return true;
  }

  const Problem& problem_;
  const Alphabet& alphabet_;
  Judge& judge_;
  Effort& effort_;
  Insns prefix_;
  std::unordered_map<std::uint64_t, unsigned> seen_;
};

}  // namespace

std::optional<Insns> enumerate(const Problem& problem, const Alphabet& alphabet, unsigned longest,
                               Judge& judge, Effort& effort) {
  Enumeration enumeration(problem, alphabet, judge, effort);
  for (unsigned length = 0; length <= longest && !effort.cut; ++length) {
    if (auto found = enumeration.of_length(length)) return found;
  }
  return std::nullopt;
}

}  // namespace probity::opt::search
