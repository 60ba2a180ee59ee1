// SPDX-License-Identifier: Apache-2.0
// Longest-prefix-match maps (kernel/bpf/lpm_trie.c). A key is a little-endian prefix length in bits
// and data; a lookup gives the value of the longest stored prefix of its data. Stored prefixes are
// scanned: maps here are small.
#include <algorithm>
#include <cstring>
#include <map>

#include "base/bytes.hpp"
#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

class LpmMap final : public Map {
 public:
  using Map::Map;

  std::uint8_t* lookup(Key key) override {
    const std::uint32_t length = prefix_bits(key);
    if (length > max_prefix_bits()) return nullptr;
    std::uint8_t* best = nullptr;
    std::uint32_t best_bits = 0;
    for (auto& [stored, value] : values_) {
      const std::uint32_t stored_bits = prefix_bits(stored);
      const bool longer = best == nullptr || stored_bits > best_bits;
      if (stored_bits <= length && longer && same_prefix(stored, key, stored_bits)) {
        best = value.get();
        best_bits = stored_bits;
      }
    }
    return best;
  }

  std::int64_t update(Key key, Value value, std::uint64_t flags) override {
    if (flags > map_flags::exist) return errno_of::invalid;
    if (prefix_bits(key) > max_prefix_bits()) return errno_of::invalid;
    const Bytes stored = canonical(key);
    const auto found = values_.find(stored);
    if (found != values_.end() && flags == map_flags::noexist) return errno_of::exist;
    if (found == values_.end() && flags == map_flags::exist) return errno_of::noent;
    if (found == values_.end() && values_.size() >= definition().max_entries)
      return errno_of::no_space;
    auto bytes = memory().take(definition().value_size);
    if (bytes == nullptr) return errno_of::nomem;
    std::memcpy(bytes.get(), value.data(), value.size());
    std::swap(values_[stored], bytes);
    if (bytes != nullptr) buried_.push_back(std::move(bytes));
    return 0;
  }

  std::int64_t erase(Key key) override {
    if (prefix_bits(key) > max_prefix_bits()) return errno_of::invalid;
    const auto found = values_.find(canonical(key));
    if (found == values_.end()) return errno_of::noent;
    buried_.push_back(std::move(found->second));
    values_.erase(found);
    return 0;
  }

  std::vector<Bytes> keys() const override {
    std::vector<Bytes> result;
    for (const auto& [key, value] : values_) result.push_back(key);
    return result;
  }

  std::vector<MapEntry> entries() const override {
    std::vector<MapEntry> result;
    for (const auto& [key, value] : values_) {
      result.push_back({key, Bytes(value.get(), value.get() + definition().value_size)});
    }
    return result;
  }

  void end_run() override {
    memory().give_back(buried_.size() * std::uint64_t{definition().value_size});
    buried_.clear();
  }

 private:
  static constexpr std::size_t data_offset = 4;

  static std::uint32_t prefix_bits(Key key) { return load_le<std::uint32_t>(key.data()); }
  std::uint32_t max_prefix_bits() const { return (definition().key_size - 4) * 8; }

  static bool same_prefix(Key a, Key b, std::uint32_t bit_count) {
    for (std::uint32_t bit = 0; bit < bit_count; ++bit) {
      const std::size_t at = data_offset + bit / 8;
      if (((a[at] ^ b[at]) & (0x80u >> bit % 8)) != 0) return false;
    }
    return true;
  }

  /// Entries that differ only behind their prefix are the same entry; the kernel keeps the last
  /// one's bytes.
  Bytes canonical(Key key) const {
    for (const auto& [stored, value] : values_) {
      if (prefix_bits(stored) == prefix_bits(key) && same_prefix(stored, key, prefix_bits(key))) {
        return stored;
      }
    }
    return {key.begin(), key.end()};
  }

  std::map<Bytes, std::unique_ptr<std::uint8_t[]>> values_;
  std::vector<std::unique_ptr<std::uint8_t[]>> buried_;
};

}  // namespace

std::unique_ptr<Map> make_lpm_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<LpmMap>(definition, memory);
}

}  // namespace probity::runtime
