// SPDX-License-Identifier: Apache-2.0
// See judge.hpp.
#include "opt/search/judge.hpp"

#include <fmt/core.h>

#include <bit>
#include <random>

#include "isa/bpf/semantics_impl.hpp"
#include "term/symbolic.hpp"

namespace probity::opt::search {
namespace {

using term::Id;
using term::Symbolic;

/// Registers over terms; pure insns touch nothing else.
struct TermState {
  std::array<Id, bpf::reg_count> regs{};

  Bv<Symbolic, 64> reg(bpf::Reg reg) const {
    return Bv<Symbolic, 64>::of(regs[static_cast<std::size_t>(reg)]);
  }
  void set_reg(bpf::Reg reg, Bv<Symbolic, 64> value) {
    regs[static_cast<std::size_t>(reg)] = value.raw();
  }
  template <unsigned W>
  Bv<Symbolic, W> load(Bv<Symbolic, 64>) {
    return Bv<Symbolic, W>::lit(0);
  }
  template <unsigned W>
  void store(Bv<Symbolic, 64>, Bv<Symbolic, W>) {}
  template <unsigned W>
  Bv<Symbolic, W> load_acquire(Bv<Symbolic, 64>) {
    return Bv<Symbolic, W>::lit(0);
  }
  template <unsigned W>
  void store_release(Bv<Symbolic, 64>, Bv<Symbolic, W>) {}
  template <unsigned W, typename Update>
  Bv<Symbolic, W> atomic(Bv<Symbolic, 64>, Update) {
    return Bv<Symbolic, W>::lit(0);
  }
  Bv<Symbolic, 64> address_of(bpf::ImmOp, Bv<Symbolic, 32> imm, Bv<Symbolic, 32> next_imm) {
    return concat(next_imm, imm);
  }
  template <unsigned W>
  bpf::PacketRead<Symbolic> load_packet(Bv<Symbolic, 32>) {
    return {};
  }
  Bool<Symbolic> may_goto_exhausted() { return Bool<Symbolic>::lit(0); }
};

void run(std::span<const bpf::Insn> insns, TermState& state) {
  for (const bpf::Insn& insn : insns) {
    bpf::meaning<Symbolic>(insn.form, insn.dst, insn.src, bpf::immediates<Symbolic>(insn), state);
  }
}

std::uint64_t masked(std::uint64_t value, Width width) {
  const auto bits = static_cast<unsigned>(width);
  return bits == 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
}

/// Corners first: all bits alike, single bits, what signs and halves turn on.
std::uint64_t sample(std::size_t lane, std::mt19937_64& random) {
  constexpr std::array<std::uint64_t, 14> corners = {
      0,    1,    ~0ull,  1ull << 63,         0x7fffffff, 0x80000000, 0xffffffff,
      0xff, 0x80, 0x8000, 0x0123456789abcdef, 1ull << 32, 0xffff,     0xfffffffe00000000};
  if (lane < corners.size()) return corners[lane];
  const std::uint64_t value = random();
  return lane % 3 == 0 ? value >> (random() % 64) : value;
}

}  // namespace

Judge::Judge(const Problem& problem, std::uint64_t seed, const solver::Options& solver)
    : problem_(problem), solver_(solver) {
  std::mt19937_64 random(seed);
  for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
    const Width width = reg < problem.inputs.size() ? problem.inputs[reg] : Width::bits64;
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      // Registers are skewed against each other, so that corners meet other corners.
      const std::size_t skewed = (lane + reg * (lane / 14)) % lane_count;
      inputs_.regs[reg][lane] = masked(sample(skewed, random), width);
    }
  }
  set_target();
}

void Judge::set_target() {
  target_ = output_of(problem_.insns);
}

Lane Judge::output_of(std::span<const bpf::Insn> insns) const {
  Lanes lanes = inputs_;
  for (const bpf::Insn& insn : insns) execute(insn, lanes);
  return lanes.regs[static_cast<std::size_t>(problem_.output)];
}

bool Judge::passes(std::span<const bpf::Insn> candidate) const {
  return output_of(candidate) == target_;
}

std::uint64_t Judge::error(std::span<const bpf::Insn> candidate) const {
  const Lane output = output_of(candidate);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < lane_count; ++i) {
    sum += static_cast<std::uint64_t>(std::popcount(output[i] ^ target_[i]));
  }
  return sum;
}

bool Judge::proves(std::span<const bpf::Insn> candidate) {
  ++proofs_;
  term::Store store;
  const term::StoreScope scope(store);
  TermState start;
  std::vector<Id> variables;
  for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
    const Width width = reg < problem_.inputs.size() ? problem_.inputs[reg] : Width::bits64;
    variables.push_back(store.var(static_cast<unsigned>(width), fmt::format("r{}", reg)));
    start.regs[reg] = store.zext(64, variables.back());
  }
  TermState old_state = start;
  TermState new_state = start;
  run(problem_.insns, old_state);
  run(candidate, new_state);
  const Id differ = store.not_(
      store.eq(old_state.reg(problem_.output).raw(), new_state.reg(problem_.output).raw()));
  if (store.is_false(differ)) return true;
  const solver::Answer answer = solver::solve(store, std::array{differ}, solver_);
  if (answer.status != solver::Status::sat) return answer.status == solver::Status::unsat;
  for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
    inputs_.regs[reg][next_lane_] = static_cast<std::uint64_t>(answer.model.get(variables[reg]));
  }
  next_lane_ = (next_lane_ + 1) % lane_count;
  set_target();
  return false;
}

}  // namespace probity::opt::search
