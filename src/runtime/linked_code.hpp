// SPDX-License-Identifier: Apache-2.0
// LinkedCode: a program and every program that its tail calls can enter, each checked and
// predecoded once; what an engine of this process starts from. What the helper models do not know
// is refused here, before anything runs.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "base/diagnostic.hpp"
#include "program/program.hpp"
#include "runtime/predecode.hpp"
#include "runtime/session.hpp"

namespace probity::runtime {

struct LinkedProgram {
  const program::View* view = nullptr;
  std::span<const Op> ops;
};

/// An element of a prog_array by number: map, element, program.
struct LinkedTail {
  std::uint32_t map = 0;
  std::uint32_t index = 0;
  std::size_t program = 0;  ///< in LinkedCode::programs()
};

class LinkedCode {
 public:
  /// Predecodes `program`, which must outlive this, with its tail targets.
  Expected<void> load(const program::View& program);

  const LinkedProgram& main() const { return programs_.front(); }
  /// The main program, then the tail targets.
  std::span<const LinkedProgram> programs() const { return programs_; }
  std::span<const LinkedTail> tails() const { return tails_; }
  /// Tells the session what its tail calls enter.
  void connect(Session& session) const;

 private:
  Expected<std::size_t> add(const program::View& program);

  std::deque<std::vector<Op>> op_memory_;
  std::vector<LinkedProgram> programs_;
  std::vector<LinkedTail> tails_;
};

}  // namespace probity::runtime
