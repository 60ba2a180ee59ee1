// SPDX-License-Identifier: Apache-2.0
// Alphabet: the insns that candidates for a problem are made of: forms up to a cpu level, the
// problem's registers, and constants that its own insns suggest.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "opt/search/lanes.hpp"
#include "opt/search/slice.hpp"

namespace probity::opt::search {

class Alphabet {
 public:
  Alphabet(const Problem& problem, bpf::Cpu cpu);

  /// Insns that write `dst`, save those with an immediate that can be solved for.
  const std::vector<bpf::Insn>& writing(unsigned dst) const { return by_dst_[dst]; }
  /// All of them.
  const std::vector<bpf::Insn>& all() const { return all_; }
  const std::vector<unsigned>& writable() const { return writable_; }
  /// Forms with an immediate, to be tried with one that fits() finds.
  const std::vector<bpf::Form>& immediate_forms() const { return immediate_forms_; }

  /// The insn that turns `before` into `after` with the immediate of that form, if there is one.
  static std::optional<bpf::Insn> fitting(bpf::Form form, unsigned dst, const Lane& before,
                                          const Lane& after);

 private:
  void add_forms(const Problem& problem, bpf::Cpu cpu, const std::vector<std::int32_t>& constants);

  std::vector<std::vector<bpf::Insn>> by_dst_;
  std::vector<bpf::Insn> all_;
  std::vector<unsigned> writable_;
  std::vector<bpf::Form> immediate_forms_;
};

}  // namespace probity::opt::search
