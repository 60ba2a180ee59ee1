// SPDX-License-Identifier: Apache-2.0
// Run: emitted bytes decoded and executed by the machine's semantics, from one instruction to the
// next, until control leaves them. A jump back to an instruction that was executed before closes a
// loop (an atomic's retry): for all values that is where induction applies, so the state must be
// the one of the earlier visit, up to registers that held an arbitrary value then.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "theorems/jit/world.hpp"

namespace probity::theorems {

enum class Exit : std::uint8_t {
  left,    ///< `pc` is outside the code, or right behind it
  looped,  ///< for all values: an earlier state again
  stuck,   ///< undecodable, or too many steps; a goal says so
};

template <PathDomain D, typename T>
class Run {
 public:
  using B64 = Bv<D, 64>;
  using State = typename T::template State<D>;

  Run(Oracle<D>& oracle, World<D>& world, std::span<const Bv<D, 8>> code, B64 start)
      : oracle_(oracle), world_(world), code_(code), start_(start) {}

  /// Executes from `offset` bytes into the code.
  Exit from(State& state, std::size_t offset) {
    pc = start_ + B64::lit(offset);
    if (offset == code_.size()) return Exit::left;
    before_.emplace(offset, Visit{state, world_.private_writes()});
    for (unsigned steps = 0; steps < max_steps; ++steps) {
      const auto insn = T::decode(code_.subspan(offset));
      if (!insn) return stuck("the code decodes");
      pc = oracle_.split(T::execute(*insn, state, start_ + B64::lit(offset), world_));
      const auto distance = oracle_.distance(start_, pc);
      if (!distance || *distance < 0 || *distance >= std::ssize(code_)) return Exit::left;
      if (*distance == 0 && !may_loop_to_start) return Exit::left;
      offset = static_cast<std::size_t>(*distance);
      if (const auto earlier = before_.find(offset); earlier != before_.end()) {
        if constexpr (Oracle<D>::loops_by_induction) return close_loop(earlier->second, state);
      } else {
        before_.emplace(offset, Visit{state, world_.private_writes()});
      }
    }
    return stuck("the code ends");
  }

  /// A `goto -1` is left at its start; an atomic may retry from its first byte.
  bool may_loop_to_start = false;
  B64 pc{};

 private:
  static constexpr unsigned max_steps = 600;
  struct Visit {
    State state;
    std::size_t private_writes;
  };

  Exit stuck(std::string_view what) {
    world_.complain(what);
    return Exit::stuck;
  }

  Exit close_loop(const Visit& earlier, State& now) {
    if (earlier.private_writes != world_.private_writes()) {
      world_.complain("a retry leaves the private memory alone");
    }
    for (unsigned r = 0; r < T::register_count; ++r) {
      State before = earlier.state;
      const B64 then = T::reg(before, r);
      if (oracle_.is_arbitrary(then) && occurs_once(earlier.state, then)) continue;
      world_.require("a retry starts from the same state", T::reg(now, r) == then);
    }
    return Exit::looped;
  }
  static bool occurs_once(State state, B64 value) {
    unsigned times = 0;
    for (unsigned r = 0; r < T::register_count; ++r) times += T::reg(state, r).raw() == value.raw();
    return times == 1;
  }

  Oracle<D>& oracle_;
  World<D>& world_;
  std::span<const Bv<D, 8>> code_;
  B64 start_;
  std::map<std::size_t, Visit> before_;  // by offset: the state that reached it
};

}  // namespace probity::theorems
