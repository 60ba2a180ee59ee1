// SPDX-License-Identifier: Apache-2.0
// Run: emitted bytes decoded and executed by the machine's semantics, from one instruction to the
// next, until control leaves them or jumps back to an instruction that was executed before (an
// atomic's retry).
#pragma once

#include <map>
#include <span>
#include <vector>

#include "theorems/jit/world.hpp"

namespace probity::theorems {

enum class Exit : std::uint8_t {
  left,    ///< `pc` is outside the code, or right behind it
  looped,  ///< back at `loop_offset`, where it has been before
  stuck,   ///< undecodable, or too many steps; a goal says so
};

template <PathDomain D, typename T>
class Run {
 public:
  using B64 = Bv<D, 64>;
  using State = typename T::template State<D>;

  Run(Oracle<D>& oracle, World<D>& world, std::span<const Bv<D, 8>> code, B64 start,
      Trace<D, State>& trace)
      : oracle_(oracle), world_(world), code_(code), start_(start), trace_(trace) {}

  /// Executes from `offset` bytes into the code.
  Exit from(State& state, std::size_t offset) {
    trace_.begin(world_.log(), state, code_, start_, offset);
    const Exit exit = execute(state, offset);
    trace_.end(world_.log(), state, pc);
    return exit;
  }

  /// A `goto -1` is left at its start; an atomic may retry from its first byte.
  bool may_loop_to_start = false;
  B64 pc{};
  std::size_t loop_offset = 0;

  struct Visit {
    State state;
    std::size_t private_writes;
  };
  /// The state in which control first came to loop_offset.
  const Visit& earlier() const { return before_.at(loop_offset); }
  void forget_visits() { before_.clear(); }

 private:
  static constexpr unsigned max_steps = 600;

  Exit execute(State& state, std::size_t offset) {
    pc = start_ + B64::lit(offset);
    if (offset == code_.size()) return Exit::left;
    before_.emplace(offset, Visit{state, world_.private_writes()});
    for (unsigned steps = 0; steps < max_steps; ++steps) {
      const auto insn = T::decode(code_.subspan(offset));
      if (!insn) return stuck("the code decodes");
      pc = oracle_.split(T::execute(*insn, state, start_ + B64::lit(offset), world_));
      trace_.step();
      const auto distance = oracle_.distance(start_, pc);
      if (!distance || *distance < 0 || *distance >= std::ssize(code_)) return Exit::left;
      if (*distance == 0 && !may_loop_to_start) return Exit::left;
      offset = static_cast<std::size_t>(*distance);
      if (before_.contains(offset)) {
        loop_offset = offset;
        return Exit::looped;
      }
      before_.emplace(offset, Visit{state, world_.private_writes()});
    }
    return stuck("the code ends");
  }

  Exit stuck(std::string_view what) {
    world_.complain(what);
    return Exit::stuck;
  }

  Oracle<D>& oracle_;
  World<D>& world_;
  std::span<const Bv<D, 8>> code_;
  B64 start_;
  Trace<D, State>& trace_;
  std::map<std::size_t, Visit> before_;  // by offset: the state that reached it
};

}  // namespace probity::theorems
