// SPDX-License-Identifier: Apache-2.0
// Schedule: the paths that have not ended. Without positions the last one comes first, which walks
// the tree of paths depth first. With positions the path that is furthest behind comes first, so
// that all paths that can meet at a place are there when it is passed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "symex/state.hpp"

namespace probity::symex {

class Schedule {
 public:
  using Position = std::vector<std::uint32_t>;

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  void push(Position position, std::unique_ptr<PathState> state) {
    waiting_.emplace(Key{std::move(position), ++pushed_}, std::move(state));
  }
  /// The path that is furthest behind; of several at one place the last one pushed.
  std::unique_ptr<PathState> pop();
  /// Takes out all that stand at the position of `state`, itself not among them.
  std::vector<std::unique_ptr<PathState>> take(const Position& position);
  /// All of them, in no particular order.
  std::vector<std::unique_ptr<PathState>> take_all();

 private:
  struct Key {
    Position position;
    std::uint64_t number = 0;
    bool operator<(const Key& other) const {
      if (position != other.position) return position < other.position;
      return number > other.number;
    }
  };
  std::map<Key, std::unique_ptr<PathState>> waiting_;
  std::uint64_t pushed_ = 0;
};

}  // namespace probity::symex
