// SPDX-License-Identifier: Apache-2.0
// EventWorld: a World over any domain that records what happens and answers loads, undefined
// results and wide divisions with numbers drawn in order. Two domains that execute the same
// instruction see the same answers as long as they ask the same questions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isa/machine.hpp"

namespace probity {

template <Domain D>
struct Event {
  std::string what;  ///< with width and order
  std::vector<Bv<D, 64>> values;
};

template <Domain D>
class EventWorld {
 public:
  using Word = Bv<D, 64>;

  explicit EventWorld(std::uint64_t seed) : seed_(seed) {}

  template <unsigned W>
  Bv<D, W> load(Word address, isa::Order order) {
    const Bv<D, W> value = trunc<W>(answer());
    note("load", W, order, {address});
    return value;
  }
  template <unsigned W>
  void store(Word address, Bv<D, W> value, isa::Order order) {
    note("store", W, order, {address, zext<64>(value)});
  }
  template <unsigned W, typename Update>
  Bv<D, W> atomic(Word address, Update update, isa::Order order) {
    const Bv<D, W> old = trunc<W>(answer());
    note("atomic", W, order, {address, zext<64>(update(old))});
    return old;
  }
  void fence(isa::Fence fence) {
    std::string what = "fence ";
    for (const bool side :
         {fence.reads_before, fence.writes_before, fence.reads_after, fence.writes_after})
      what += side ? '1' : '0';
    events_.push_back({what, {}});
  }
  Word undefined() { return answer(); }
  void trap() { events_.push_back({"trap", {}}); }
  void trap_if(Bool<D> condition) { events_.push_back({"trap if", {zext<64>(condition)}}); }
  isa::WideDivision<D> divide_wide(isa::Signedness, Word high, Word low, Word divisor) {
    events_.push_back({"wide division", {high, low, divisor}});
    const Word quotient = answer(), remainder = answer();
    return {quotient, remainder, bits<0, 0>(answer())};
  }

  const std::vector<Event<D>>& events() const { return events_; }

 private:
  void note(const char* what, unsigned width, isa::Order order, std::vector<Word> values) {
    events_.push_back({std::string(what) + " " + std::to_string(width) + " order " +
                           std::to_string(static_cast<unsigned>(order)),
                       std::move(values)});
  }
  /// splitmix64.
  Word answer() {
    std::uint64_t z = seed_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return Word::lit(z ^ z >> 31);
  }

  std::uint64_t seed_;
  std::vector<Event<D>> events_;
};

}  // namespace probity
