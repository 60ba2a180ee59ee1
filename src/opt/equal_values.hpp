// SPDX-License-Identifier: Apache-2.0
// Equal values: which registers and words of the frame hold the same value whenever control is at
// a node. A forward analysis over partitions: a copy joins its original, a spill its register, and
// where ways meet two places stay equal that are so on every way, be it because both are the same
// constant. Part of what is assumed of the old version in simulation.hpp, as Facts are.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "opt/code.hpp"
#include "opt/facts.hpp"

namespace probity::opt {

/// Registers by number, then the frame's words from r10 - 512 on.
using Holder = std::uint8_t;
constexpr std::size_t holder_count = bpf::reg_count + stack_words;
constexpr Holder holder_of(bpf::Reg reg) {
  return static_cast<Holder>(reg);
}
constexpr Holder holder_of_word(std::size_t word) {
  return static_cast<Holder>(bpf::reg_count + word);
}

/// The word of the frame that an access through `base` is to, if it is to one, all of it.
std::optional<std::size_t> frame_word_of(const Fact& base, const bpf::Insn& insn);

/// By holder: the one that stands for all that hold the same value, itself if none other does. It
/// is the one that the others were copied from, where that is known.
class Equals {
 public:
  Equals();
  Holder leader(Holder holder) const { return leader_[holder]; }
  bool are_equal(Holder a, Holder b) const { return leader_[a] == leader_[b]; }
  /// Is no other known to hold the same?
  bool is_alone(Holder holder) const;
  /// `to` now holds what `from` does.
  void copy(Holder from, Holder to);
  /// It holds something of which nothing is known.
  void forget(Holder holder);
  void forget_words();
  /// Both are known to hold the same value.
  void unite(Holder a, Holder b);
  /// What is equal here and there.
  static Equals in_both(const Equals& a, const Equals& b);
  friend bool operator==(const Equals&, const Equals&) = default;

 private:
  std::array<Holder, holder_count> leader_;
};

class EqualValues {
 public:
  static EqualValues of(const Code& code, const Facts& facts);

  /// Right before the node.
  const Equals& before(std::uint32_t node) const { return points_[node]; }

 private:
  std::vector<Equals> points_;
};

}  // namespace probity::opt
