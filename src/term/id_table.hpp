// SPDX-License-Identifier: Apache-2.0
// IdTable: a small map from term ids to values. Thousands of them live at once, each over a few of
// a store's millions of terms, so its memory follows what was put in, not the store: open
// addressing, keys and values apart.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "term/term.hpp"

namespace probity::term {

template <typename T>
class IdTable {
 public:
  std::size_t size() const { return used_; }
  void clear() {
    keys_.assign(keys_.size(), 0);
    used_ = 0;
  }
  const T* find(Id key) const {
    if (used_ == 0) return nullptr;
    const std::size_t slot = slot_of(key.index);
    return keys_[slot] == key.index ? &values_[slot] : nullptr;
  }
  T* find(Id key) { return const_cast<T*>(std::as_const(*this).find(key)); }
  /// The value of `key`, default-made when it was absent. Invalidates earlier references.
  T& operator[](Id key) {
    if (used_ * 2 >= keys_.size()) grow();
    const std::size_t slot = slot_of(key.index);
    if (keys_[slot] != key.index) {
      keys_[slot] = key.index;
      values_[slot] = T{};
      ++used_;
    }
    return values_[slot];
  }

 private:
  /// Where `key` is, or would be put.
  std::size_t slot_of(std::uint32_t key) const {
    const std::size_t last = keys_.size() - 1;
    std::size_t slot = (key * 0x9e3779b97f4a7c15ull >> 32) & last;
    while (keys_[slot] != 0 && keys_[slot] != key) slot = (slot + 1) & last;
    return slot;
  }
  void grow() {
    std::vector<std::uint32_t> keys(keys_.empty() ? 16 : keys_.size() * 2, 0);
    std::vector<T> values(keys.size());
    keys.swap(keys_);
    values.swap(values_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == 0) continue;
      const std::size_t slot = slot_of(keys[i]);
      keys_[slot] = keys[i];
      values_[slot] = std::move(values[i]);
    }
  }

  std::vector<std::uint32_t> keys_;  // 0 is free
  std::vector<T> values_;
  std::size_t used_ = 0;
};

}  // namespace probity::term
