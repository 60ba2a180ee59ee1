// SPDX-License-Identifier: Apache-2.0
// Queue and stack maps (kernel/bpf/queue_stack_maps.c): values without keys. BPF_EXIST lets a push
// into a full map drop the oldest value.
#include <cstring>
#include <deque>

#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

class QueueMap final : public Map {
 public:
  using Map::Map;

  std::uint8_t* lookup(Key) override { return nullptr; }
  std::int64_t update(Key, Value value, std::uint64_t flags) override { return push(value, flags); }
  std::int64_t erase(Key) override { return errno_of::invalid; }

  std::int64_t push(Value value, std::uint64_t flags) override {
    if (flags == map_flags::noexist || flags > map_flags::exist) return errno_of::invalid;
    if (values_.size() >= definition().max_entries) {
      if (flags != map_flags::exist) return errno_of::too_big;
      values_.pop_front();
    }
    values_.emplace_back(value.begin(), value.end());
    return 0;
  }

  std::int64_t pop(std::span<std::uint8_t> out) override {
    const std::int64_t result = peek(out);
    if (result != 0) return result;
    if (is_stack())
      values_.pop_back();
    else
      values_.pop_front();
    return 0;
  }

  std::int64_t peek(std::span<std::uint8_t> out) override {
    if (values_.empty()) {
      std::memset(out.data(), 0, out.size());
      return errno_of::noent;
    }
    const Bytes& value = is_stack() ? values_.back() : values_.front();
    std::memcpy(out.data(), value.data(), out.size());
    return 0;
  }

  std::vector<Bytes> keys() const override { return {}; }
  std::vector<MapEntry> entries() const override {
    std::vector<MapEntry> result;
    for (const Bytes& value : values_) result.push_back({{}, value});
    return result;
  }

 private:
  bool is_stack() const { return definition().type == program::MapType::stack; }
  std::deque<Bytes> values_;
};

}  // namespace

std::unique_ptr<Map> make_queue_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<QueueMap>(definition, memory);
}

}  // namespace probity::runtime
