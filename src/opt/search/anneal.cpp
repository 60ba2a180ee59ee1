// SPDX-License-Identifier: Apache-2.0
// See anneal.hpp.
#include "opt/search/anneal.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "opt/computation.hpp"

namespace probity::opt::search {
namespace {

/// An insn or a gap.
using Place = std::optional<bpf::Insn>;
using Sketch = std::vector<Place>;

Insns insns_of(const Sketch& sketch) {
  Insns insns;
  for (const Place& place : sketch) {
    if (place) insns.push_back(*place);
  }
  return insns;
}

class Chain {
 public:
  Chain(const Problem& problem, const Alphabet& alphabet, const AnnealOptions& options,
        Judge& judge, Effort& effort)
      : problem_(problem),
        alphabet_(alphabet),
        options_(options),
        judge_(judge),
        effort_(effort),
        random_(options.seed) {}

  std::optional<Insns> run() {
    if (alphabet_.all().empty()) return std::nullopt;
    std::optional<Insns> best;
    std::size_t shortest = problem_.insns.size();
    restart();
    for (std::uint64_t i = 0; i < options_.proposals; ++i) {
      if ((i & 0xff) == 0 && effort_.is_over && effort_.is_over()) {
        effort_.cut = true;
        break;
      }
      if (i % options_.restart_after == options_.restart_after - 1) restart();
      ++effort_.candidates;
      step();
      const Insns insns = insns_of(current_);
      if (error_ != 0 || insns.size() >= shortest || !is_program(insns)) continue;
      if (judge_.proves(insns)) {
        best = insns;
        shortest = insns.size();
      } else {
        set_error();  // the judge has learnt a vector
      }
    }
    return best;
  }

 private:
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  bpf::Insn any_insn() { return alphabet_.all()[below(alphabet_.all().size())]; }

  void restart() {
    current_.assign(problem_.insns.size(), std::nullopt);
    for (Place& place : current_) place = any_insn();
    set_error();
  }

  void set_error() { error_ = judge_.error(insns_of(current_)); }

  double cost(const Sketch& sketch, std::uint64_t error) const {
    const auto insns = static_cast<double>(insns_of(sketch).size());
    constexpr double error_weight = 0.5;
    constexpr double length_weight = 1.5;
    return error_weight * static_cast<double>(error) / 8 + length_weight * insns;
  }

  void step() {
    Sketch next = current_;
    const std::size_t at = below(next.size());
    switch (below(8)) {
      case 0: next[at] = std::nullopt; break;
      case 1:
        next[at] = any_insn();
        next[(at + 1) % next.size()] = any_insn();
        break;
      case 2: std::swap(next[at], next[below(next.size())]); break;
      case 3:
      case 4:
        if (next[at]) {
          change_operand(*next[at]);
          break;
        }
        [[fallthrough]];
      default: next[at] = any_insn(); break;
    }
    const std::uint64_t error = judge_.error(insns_of(next));
    const double worse = cost(next, error) - cost(current_, error_);
    if (worse > 0 && std::uniform_real_distribution<double>()(random_) > std::exp(-worse)) return;
    current_ = std::move(next);
    error_ = error;
  }

  void change_operand(bpf::Insn& insn) {
    const bpf::Insn other = any_insn();
    if (bpf::row(insn.form).operands == bpf::row(other.form).operands &&
        bpf::row(insn.form).width == bpf::row(other.form).width && below(2) == 0) {
      insn.form = other.form;
      if (bpf::row(insn.form).operands != bpf::Operands::dst_imm) return;
      insn.imm = other.imm;
      return;
    }
    const std::vector<unsigned>& writable = alphabet_.writable();
    if (below(2) == 0)
      insn.dst = static_cast<bpf::Reg>(writable[below(writable.size())]);
    else if (bpf::row(insn.form).operands == bpf::Operands::dst_src)
      insn.src = static_cast<bpf::Reg>(below(problem_.registers()));
  }

  /// The vectors give temporaries values too; a program does not. Moves may make illegal insns.
  bool is_program(const Insns& insns) const {
    std::uint32_t known = (1u << problem_.inputs.size()) - 1;
    for (const bpf::Insn& insn : insns) {
      if (!has_legal_immediate(insn)) return false;
      const bpf::Row& row = bpf::row(insn.form);
      const bool moves = row.meaning == bpf::Meaning::movsx ||
                         (row.meaning == bpf::Meaning::alu &&
                          static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov);
      if (!moves && (known >> static_cast<unsigned>(insn.dst) & 1) == 0) return false;
      const bool from = row.operands == bpf::Operands::dst_src;
      if (from && (known >> static_cast<unsigned>(insn.src) & 1) == 0) return false;
      known |= 1u << static_cast<unsigned>(insn.dst);
    }
    return true;
  }

  const Problem& problem_;
  const Alphabet& alphabet_;
  const AnnealOptions& options_;
  Judge& judge_;
  Effort& effort_;
  std::mt19937_64 random_;
  Sketch current_;
  std::uint64_t error_ = 0;
};

}  // namespace

std::optional<Insns> anneal(const Problem& problem, const Alphabet& alphabet,
                            const AnnealOptions& options, Judge& judge, Effort& effort) {
  return Chain(problem, alphabet, options, judge, effort).run();
}

}  // namespace probity::opt::search
