// SPDX-License-Identifier: Apache-2.0
// Judge: is a candidate as good as the problem's own insns? First on test vectors, corner cases and
// pseudo-random ones; those that pass are proved over terms, and a counterexample of the solver
// becomes a test vector.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "opt/search/lanes.hpp"
#include "opt/search/slice.hpp"
#include "solver/solver.hpp"

namespace probity::opt::search {

class Judge {
 public:
  Judge(const Problem& problem, std::uint64_t seed, const solver::Options& solver);

  const Lanes& inputs() const { return inputs_; }
  /// What the output must be.
  const Lane& target() const { return target_; }
  bool matches(const Lane& output) const { return output == target_; }
  /// Runs the candidate on all vectors.
  bool passes(std::span<const bpf::Insn> candidate) const;
  /// Sum over the vectors of the output's wrong bits.
  std::uint64_t error(std::span<const bpf::Insn> candidate) const;
  /// For all inputs? A counterexample replaces the oldest test vector.
  bool proves(std::span<const bpf::Insn> candidate);

  std::uint64_t proofs() const { return proofs_; }

 private:
  void set_target();
  Lane output_of(std::span<const bpf::Insn> insns) const;

  const Problem& problem_;
  const solver::Options& solver_;
  Lanes inputs_;
  Lane target_{};
  std::size_t next_lane_ = 0;
  std::uint64_t proofs_ = 0;
};

}  // namespace probity::opt::search
