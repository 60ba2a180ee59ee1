// SPDX-License-Identifier: Apache-2.0
// Array and per-CPU array maps (kernel/bpf/arraymap.c). Values are allocated in blocks when first
// touched, so an array of 2^32 entries is free until it is used. Of a per-CPU array only the
// running CPU's copy exists.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/map_rule.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint64_t block_bytes = 4096;

class ArrayMap final : public Map {
 public:
  ArrayMap(const program::MapDef& definition, MapMemory& memory)
      : Map(definition, memory),
        stride_((std::uint64_t{definition.value_size} + 7) / 8 * 8),
        per_block_(std::max<std::uint64_t>(1, block_bytes / stride_)) {}

  std::uint8_t* lookup(Key key) override {
    const auto index = load_le<std::uint32_t>(key.data());
    if (index >= definition().max_entries) return nullptr;
    return value_at(index);
  }

  std::int64_t update(Key key, Value value, std::uint64_t flags) override {
    const auto index = load_le<std::uint32_t>(key.data());
    const auto said = update_flags(definition().type, Bv<Concrete, 64>::lit(flags));
    const auto in_range = Bool<Concrete>::lit(index < definition().max_entries ? 1 : 0);
    const auto answer = array_update_answer(said, in_range, has_lock());
    if (answer.raw() != 0) return static_cast<std::int64_t>(answer.raw());
    std::uint8_t* bytes = value_at(index);
    if (bytes == nullptr) return errno_of::nomem;
    put_value(bytes, value);
    return 0;
  }

  std::int64_t erase(Key) override { return errno_of::invalid; }

  std::vector<Bytes> keys() const override { return {}; }

  std::vector<MapEntry> entries() const override {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, block] : blocks_) numbers.push_back(number);
    std::ranges::sort(numbers);
    std::vector<MapEntry> result;
    for (const std::uint64_t number : numbers) {
      const std::uint8_t* block = blocks_.at(number).get();
      const std::uint64_t first = number * per_block_;
      const std::uint64_t last =
          std::min<std::uint64_t>(first + per_block_, definition().max_entries);
      for (std::uint64_t index = first; index < last; ++index) {
        const std::uint8_t* value = block + (index - first) * stride_;
        result.push_back({key_of(static_cast<std::uint32_t>(index)),
                          Bytes(value, value + definition().value_size)});
      }
    }
    std::ranges::sort(result, {}, &MapEntry::key);
    return result;
  }

  Bytes records() const override {
    const std::uint64_t record = sizeof(std::uint32_t) + definition().value_size;
    Bytes result;
    result.reserve(blocks_.size() * per_block_ * record);
    for (const auto& [number, block] : blocks_) {
      const std::uint64_t first = number * per_block_;
      const std::uint64_t last =
          std::min<std::uint64_t>(first + per_block_, definition().max_entries);
      for (std::uint64_t index = first; index < last; ++index) {
        const std::size_t at = result.size();
        result.resize(at + record);
        store_le(result.data() + at, static_cast<std::uint32_t>(index));
        std::memcpy(result.data() + at + sizeof(std::uint32_t),
                    block.get() + (index - first) * stride_, definition().value_size);
      }
    }
    return result;
  }

  std::optional<ValuePlace> key_at(const std::uint8_t* host) const override {
    for (const auto& [number, block] : blocks_) {
      if (host < block.get() || host >= block.get() + per_block_ * stride_) continue;
      const auto at = static_cast<std::uint64_t>(host - block.get());
      const std::uint64_t index = number * per_block_ + at / stride_;
      return ValuePlace{key_of(static_cast<std::uint32_t>(index)), at % stride_};
    }
    return std::nullopt;
  }

 private:
  static Bytes key_of(std::uint32_t index) {
    Bytes key(4);
    store_le(key.data(), index);
    return key;
  }

  std::uint8_t* value_at(std::uint64_t index) {
    std::unique_ptr<std::uint8_t[]>& block = blocks_[index / per_block_];
    if (block == nullptr) block = memory().take(per_block_ * stride_);
    return block == nullptr ? nullptr : block.get() + index % per_block_ * stride_;
  }

  std::uint64_t stride_;
  std::uint64_t per_block_;
  std::unordered_map<std::uint64_t, std::unique_ptr<std::uint8_t[]>> blocks_;
};

}  // namespace

std::unique_ptr<Map> make_array_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<ArrayMap>(definition, memory);
}

}  // namespace probity::runtime
