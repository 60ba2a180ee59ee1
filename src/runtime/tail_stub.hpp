// SPDX-License-Identifier: Apache-2.0
// What lies in an array of programs that the object leaves to its user is not known to a checker. A
// counterexample puts stubs there: programs of two insns, `r0 = VALUE; exit`, which every engine,
// the live kernel included, enters by a real tail call.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "program/program.hpp"

namespace probity::runtime {

/// An element of a prog_array that holds a program which ends at once.
struct TailStub {
  std::string map;  ///< name
  std::uint32_t index = 0;
  std::uint64_t return_value = 0;
  friend bool operator==(const TailStub&, const TailStub&) = default;
};

/// A program with stubs beside what the object puts into its arrays. Arrays that the program does
/// not have are left out.
class StubbedProgram {
 public:
  /// `program` must outlive this.
  StubbedProgram(const program::View& program, std::span<const TailStub> stubs);
  StubbedProgram(const StubbedProgram&) = delete;
  StubbedProgram& operator=(const StubbedProgram&) = delete;

  /// Lives as long as this.
  const program::View& view() const { return view_; }

 private:
  struct Stub {
    std::vector<bpf::Slot> slots;
    std::vector<program::Subprog> subprogs;
    program::View view;
  };
  std::deque<Stub> stubs_;  // a deque never moves its elements
  std::vector<program::TailTarget> targets_;
  program::View view_;
};

}  // namespace probity::runtime
