// SPDX-License-Identifier: Apache-2.0
// Trace<D, State>: what a replay did on the emulator's semantics, stretch by stretch of the emitted
// code, so that the host's CPU can do it again (native.hpp). A stretch begins and ends where
// control enters and leaves the code. A proof keeps no trace.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "domain/concrete.hpp"
#include "domain/domain.hpp"

namespace probity::theorems {

/// One access to memory, of 1 to 8 bytes.
struct Access {
  enum class Kind : std::uint8_t { load, store, update } kind = Kind::load;
  std::uint64_t address = 0;
  unsigned size_bytes = 0;
  std::uint64_t before = 0;  ///< of loads and updates
  std::uint64_t after = 0;   ///< of stores and updates
};

template <typename State>
struct Stretch {
  State before{}, after{};
  std::uint64_t pc_before = 0, pc_after = 0;
  std::uint64_t start = 0;  ///< address of the code's first byte
  std::vector<std::uint8_t> code;
  std::uint64_t steps = 0;
  std::vector<Access> accesses;
};

/// The accesses since the last stretch ended.
template <Domain D>
class AccessLog {
 public:
  void load(Bv<D, 64>, unsigned, Bv<D, 64>) {}
  void store(Bv<D, 64>, unsigned, Bv<D, 64>) {}
  void update(Bv<D, 64>, unsigned, Bv<D, 64>, Bv<D, 64>) {}
};

template <>
class AccessLog<Concrete> {
 public:
  using B64 = Bv<Concrete, 64>;
  void load(B64 address, unsigned width, B64 value) {
    accesses_.push_back({Access::Kind::load, address.raw(), width / 8, value.raw(), 0});
  }
  void store(B64 address, unsigned width, B64 value) {
    accesses_.push_back({Access::Kind::store, address.raw(), width / 8, 0, value.raw()});
  }
  void update(B64 address, unsigned width, B64 before, B64 after) {
    accesses_.push_back(
        {Access::Kind::update, address.raw(), width / 8, before.raw(), after.raw()});
  }
  std::vector<Access> take() { return std::exchange(accesses_, {}); }

 private:
  std::vector<Access> accesses_;
};

template <Domain D, typename State>
class Trace {
 public:
  void begin(AccessLog<D>&, const State&, std::span<const Bv<D, 8>>, Bv<D, 64>, std::size_t) {}
  void step() {}
  void end(AccessLog<D>&, const State&, Bv<D, 64>) {}
};

template <typename State>
class Trace<Concrete, State> {
 public:
  void begin(AccessLog<Concrete>& log, const State& state, std::span<const Bv<Concrete, 8>> code,
             Bv<Concrete, 64> start, std::size_t offset) {
    log.take();  // the theorem's own questions are not the code's accesses
    Stretch<State>& stretch = stretches_.emplace_back();
    stretch.before = state;
    stretch.pc_before = start.raw() + offset;
    stretch.start = start.raw();
    for (const auto byte : code) stretch.code.push_back(static_cast<std::uint8_t>(byte.raw()));
  }
  void step() { ++stretches_.back().steps; }
  void end(AccessLog<Concrete>& log, const State& state, Bv<Concrete, 64> pc) {
    stretches_.back().after = state;
    stretches_.back().pc_after = pc.raw();
    stretches_.back().accesses = log.take();
  }
  const std::vector<Stretch<State>>& stretches() const { return stretches_; }

 private:
  std::vector<Stretch<State>> stretches_;
};

}  // namespace probity::theorems
