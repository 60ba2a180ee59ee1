// SPDX-License-Identifier: Apache-2.0
// Hash maps: plain, per-CPU and LRU (kernel/bpf/hashtab.c). As in the kernel, an update of a plain
// or LRU entry puts a new value in place of the old one, so pointers from earlier lookups keep
// seeing the old bytes; a per-CPU update writes in place.
//
// LRU: a full map drops the entry that was looked up or updated longest ago. The kernel
// approximates that with per-CPU lists and may drop another one, or one earlier than needed; only
// the choice of the victim is inexact.
#include <algorithm>
#include <cstring>
#include <list>
#include <unordered_map>

#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

using program::MapType;

class HashMap final : public Map {
 public:
  HashMap(const program::MapDef& definition, MapMemory& memory)
      : Map(definition, memory),
        is_lru_(definition.type == MapType::lru_hash ||
                definition.type == MapType::lru_percpu_hash),
        in_place_(definition.type == MapType::percpu_hash ||
                  definition.type == MapType::lru_percpu_hash) {}

  std::uint8_t* lookup(Key key) override {
    const auto found = index_.find(text(key));
    if (found == index_.end()) return nullptr;
    order_.splice(order_.end(), order_, found->second);
    return found->second->value.get();
  }

  std::int64_t update(Key key, Value value, std::uint64_t flags) override {
    // Only plain hash maps know BPF_F_LOCK.
    const std::uint64_t lock = is_lru_ || in_place_ ? 0 : map_flags::lock;
    if ((flags & ~lock) > map_flags::exist) return errno_of::invalid;
    const bool locked = (flags & map_flags::lock) != 0;
    if (locked && !has_lock()) return errno_of::invalid;
    const auto found = index_.find(text(key));
    const bool present = found != index_.end();
    if (present && (flags & map_flags::noexist) != 0) return errno_of::exist;
    if (!present && (flags & map_flags::exist) != 0) return errno_of::noent;
    if (present && locked) {  // under its lock a value is written in place
      put_value(found->second->value.get(), value);
      return 0;
    }
    if (present) return replace(*found->second, value);
    if (index_.size() >= definition().max_entries) {
      if (!is_lru_) return errno_of::too_big;
      bury(order_.begin());
    }
    auto bytes = copy_of(value);
    if (bytes == nullptr) return errno_of::nomem;
    order_.push_back({text(key), std::move(bytes)});
    index_.emplace(order_.back().key, std::prev(order_.end()));
    return 0;
  }

  std::int64_t erase(Key key) override {
    const auto found = index_.find(text(key));
    if (found == index_.end()) return errno_of::noent;
    bury(found->second);
    return 0;
  }

  std::vector<Bytes> keys() const override {
    std::vector<Bytes> result;
    for (const Node& node : order_) result.emplace_back(node.key.begin(), node.key.end());
    std::ranges::sort(result);
    return result;
  }

  std::vector<MapEntry> entries() const override {
    std::vector<MapEntry> result;
    for (const Node& node : order_) {
      const std::uint8_t* value = node.value.get();
      result.push_back(
          {Bytes(node.key.begin(), node.key.end()), Bytes(value, value + definition().value_size)});
    }
    std::ranges::sort(result, {}, &MapEntry::key);
    return result;
  }

  Bytes records() const override {
    const std::uint64_t record = std::uint64_t{definition().key_size} + definition().value_size;
    Bytes result(index_.size() * record);
    std::uint8_t* at = result.data();
    for (const auto& [key, node] : index_) {  // order_ changes with every lookup
      std::memcpy(at, key.data(), key.size());
      std::memcpy(at + key.size(), node->value.get(), definition().value_size);
      at += record;
    }
    return result;
  }

  std::optional<ValuePlace> key_at(const std::uint8_t* host) const override {
    for (const Node& node : order_) {
      const std::uint8_t* value = node.value.get();
      if (host < value || host >= value + definition().value_size) continue;
      return ValuePlace{Bytes(node.key.begin(), node.key.end()),
                        static_cast<std::uint64_t>(host - value)};
    }
    return std::nullopt;
  }

  void end_run() override {
    memory().give_back(buried_.size() * allocated_bytes());
    buried_.clear();
  }

 private:
  struct Node {
    std::string key;
    std::unique_ptr<std::uint8_t[]> value;
  };
  using Position = std::list<Node>::iterator;

  static std::string text(Key key) {
    return {reinterpret_cast<const char*>(key.data()), key.size()};
  }
  std::uint64_t allocated_bytes() const {
    return (std::uint64_t{definition().value_size} + 7) / 8 * 8;
  }

  std::unique_ptr<std::uint8_t[]> copy_of(Value value) {
    auto bytes = memory().take(allocated_bytes());
    if (bytes != nullptr) put_value(bytes.get(), value);
    return bytes;
  }

  std::int64_t replace(Node& node, Value value) {
    if (in_place_) {
      std::memmove(node.value.get(), value.data(), value.size());
    } else {
      auto bytes = copy_of(value);
      if (bytes == nullptr) return errno_of::nomem;
      std::swap(node.value, bytes);
      buried_.push_back(std::move(bytes));
    }
    order_.splice(order_.end(), order_, index_.at(node.key));
    return 0;
  }

  void bury(Position node) {
    buried_.push_back(std::move(node->value));
    index_.erase(node->key);
    order_.erase(node);
  }

  bool is_lru_;
  bool in_place_;
  std::list<Node> order_;  // the least recently used first
  std::unordered_map<std::string, Position> index_;
  std::vector<std::unique_ptr<std::uint8_t[]>> buried_;  // readable until the run ends
};

}  // namespace

std::unique_ptr<Map> make_hash_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<HashMap>(definition, memory);
}

}  // namespace probity::runtime
