// SPDX-License-Identifier: Apache-2.0
// Run: emitted bytes decoded and executed by the machine's semantics, from one instruction to the
// next, until control leaves them or jumps back to an instruction that was executed before (an
// atomic's retry). A sequence may have a cold part, elsewhere: positions count through both.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "theorems/jit/world.hpp"

namespace probity::theorems {

enum class Exit : std::uint8_t {
  left,    ///< `pc` is outside the code, or right behind it
  looped,  ///< back at position `loop_offset`, where it has been before
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

  /// Where the sequence goes on at `label`, which is at `start`.
  void add_cold(std::span<const Bv<D, 8>> code, Bv<D, 32> label, B64 start) {
    cold_ = code;
    cold_label_ = label;
    cold_start_ = start;
  }

  /// Executes from `position` on: bytes into the code, or from cold_position into the cold part.
  Exit from(State& state, std::size_t position) {
    begin_stretch(state, position);
    const Exit exit = execute(state, position);
    trace_.end(world_.log(), state, pc);
    return exit;
  }

  /// A `goto -1` is left at its start; an atomic may retry from its first byte.
  bool may_loop_to_start = false;
  B64 pc{};
  std::size_t loop_offset = 0;
  bool left_cold = false;  ///< control left from the cold part

  struct Visit {
    State state;
    std::size_t private_writes;
  };
  /// The state in which control first came to loop_offset.
  const Visit& earlier() const { return before_.at(loop_offset); }
  void forget_visits() { before_.clear(); }

 private:
  static constexpr unsigned max_steps = 600;
  static constexpr std::size_t cold_position = 1u << 20;

  static bool is_cold(std::size_t position) { return position >= cold_position; }
  static std::size_t offset_of(std::size_t position) {
    return is_cold(position) ? position - cold_position : position;
  }
  std::span<const Bv<D, 8>> part_of(std::size_t position) const {
    return is_cold(position) ? cold_ : code_;
  }
  B64 start_of(std::size_t position) const { return is_cold(position) ? cold_start_ : start_; }
  void begin_stretch(const State& state, std::size_t position) {
    trace_.begin(world_.log(), state, part_of(position), start_of(position), offset_of(position));
  }

  Exit execute(State& state, std::size_t position) {
    pc = start_of(position) + B64::lit(offset_of(position));
    if (position == code_.size()) return Exit::left;
    before_.emplace(position, Visit{state, world_.private_writes()});
    for (unsigned steps = 0; steps < max_steps; ++steps) {
      const auto insn = T::decode(part_of(position).subspan(offset_of(position)));
      if (!insn) return stuck("the code decodes");
      const B64 at = start_of(position) + B64::lit(offset_of(position));
      pc = oracle_.split(T::execute(*insn, state, at, world_));
      trace_.step();
      left_cold = is_cold(position);
      const auto next = left_cold ? next_of_cold() : next_of_hot();
      if (!next) return Exit::left;
      if (is_cold(*next) != is_cold(position)) {
        trace_.end(world_.log(), state, pc);
        begin_stretch(state, *next);
      }
      position = *next;
      if (before_.contains(position)) {
        loop_offset = position;
        return Exit::looped;
      }
      before_.emplace(position, Visit{state, world_.private_writes()});
    }
    return stuck("the code ends");
  }

  /// The position of `pc`, if that is in the sequence: in the part where control is, or at the
  /// start of the cold part.
  std::optional<std::size_t> next_of_hot() {
    const auto distance = oracle_.distance(start_, pc);
    if (distance && *distance >= 0 && *distance < std::ssize(code_)) {
      if (*distance == 0 && !may_loop_to_start) return std::nullopt;
      return static_cast<std::size_t>(*distance);
    }
    if (cold_.empty() || !oracle_.leads_to(pc, cold_label_)) return std::nullopt;
    world_.require("the cold part is entered at its start", pc == cold_start_);
    return cold_position;
  }
  std::optional<std::size_t> next_of_cold() const {
    const auto distance = oracle_.distance(cold_start_, pc);
    if (!distance || *distance < 0 || *distance >= std::ssize(cold_)) return std::nullopt;
    return cold_position + static_cast<std::size_t>(*distance);
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
  std::span<const Bv<D, 8>> cold_;
  Bv<D, 32> cold_label_{};
  B64 cold_start_{};
  std::map<std::size_t, Visit> before_;  // by position: the state that reached it
};

}  // namespace probity::theorems
