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

#include "domain/concrete.hpp"
#include "runtime/map_rule.hpp"

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
    const auto said = update_flags(definition().type, Bv<Concrete, 64>::lit(flags));
    const auto names = Bool<Concrete>::lit(1);
    if (const auto refusal = keyed_update_refusal(said, names, has_lock()); refusal.raw() != 0)
      return static_cast<std::int64_t>(refusal.raw());
    const auto found = index_.find(text(key));
    const bool present = found != index_.end();
    const bool full = index_.size() >= definition().max_entries;
    const auto room = Bool<Concrete>::lit(!full || is_lru_ ? 1 : 0);
    const auto answer =
        keyed_update_answer(definition().type, said, Bool<Concrete>::lit(present ? 1 : 0), room);
    if (answer.raw() != 0) return static_cast<std::int64_t>(answer.raw());
    const bool locked = said.locked.raw() != 0;
    if (present && locked) {  // under its lock a value is written in place
      put_value(found->second->value.get(), value);
      return 0;
    }
    if (present) return replace(*found->second, value);
    if (full) bury(order_.begin());
    auto bytes = copy_of(value);
    if (bytes == nullptr) return errno_of::nomem;
    order_.push_back({text(key), std::move(bytes)});
    index_.emplace(order_.back().key, std::prev(order_.end()));
    return 0;
  }

  std::int64_t erase(Key key) override {
    const auto found = index_.find(text(key));
    const bool present = found != index_.end();
    if (present) bury(found->second);
    const auto one = Bool<Concrete>::lit(1);
    const auto answer = keyed_delete_answer(one, Bool<Concrete>::lit(present ? 1 : 0));
    return static_cast<std::int64_t>(answer.raw());
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
