// SPDX-License-Identifier: Apache-2.0
// Longest-prefix-match maps (kernel/bpf/lpm_trie.c). A key is a little-endian prefix length in bits
// and data; a lookup gives the value of the longest stored prefix of its data. Stored prefixes are
// scanned: maps here are small.
#include <algorithm>
#include <cstring>
#include <map>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/map_rule.hpp"
#include "runtime/prefix_match.hpp"

namespace probity::runtime {
namespace {

class LpmMap final : public Map {
  using Values = std::map<Bytes, std::unique_ptr<std::uint8_t[]>>;

 public:
  using Map::Map;

  std::uint8_t* lookup(Key key) override {
    if (!is_key(key)) return nullptr;
    const std::vector<Byte> data = data_of(key);
    std::uint8_t* best = nullptr;
    std::uint32_t best_bits = 0;
    for (auto& [stored, value] : values_) {
      if (best != nullptr && prefix_bits(stored) <= best_bits) continue;
      const std::vector<Byte> bytes = data_of(stored);
      if (!decide(prefix_covers(prefix_of(stored, bytes), prefix_of(key, data)))) continue;
      best = value.get();
      best_bits = prefix_bits(stored);
    }
    return best;
  }

  std::int64_t update(Key key, Value value, std::uint64_t flags) override {
    const auto said = update_flags(definition().type, Bv<Concrete, 64>::lit(flags));
    const auto names = Bool<Concrete>::lit(is_key(key) ? 1 : 0);
    if (const auto refusal = keyed_update_refusal(said, names, has_lock()); refusal.raw() != 0)
      return static_cast<std::int64_t>(refusal.raw());
    const auto found = find(key);
    const bool present = found != values_.end();
    const auto room = Bool<Concrete>::lit(values_.size() < definition().max_entries ? 1 : 0);
    const auto answer =
        keyed_update_answer(definition().type, said, Bool<Concrete>::lit(present ? 1 : 0), room);
    if (answer.raw() != 0) return static_cast<std::int64_t>(answer.raw());
    auto bytes = memory().take(definition().value_size);
    if (bytes == nullptr) return errno_of::nomem;
    std::memcpy(bytes.get(), value.data(), value.size());
    if (present) bury(found);  // the new entry has the new key's bits behind the prefix
    values_.emplace(Bytes(key.begin(), key.end()), std::move(bytes));
    return 0;
  }

  std::int64_t erase(Key key) override {
    const auto found = is_key(key) ? find(key) : values_.end();
    const bool present = found != values_.end();
    if (present) bury(found);
    const auto names = Bool<Concrete>::lit(is_key(key) ? 1 : 0);
    const auto answer = keyed_delete_answer(names, Bool<Concrete>::lit(present ? 1 : 0));
    return static_cast<std::int64_t>(answer.raw());
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
  using Byte = Bv<Concrete, 8>;

  static std::uint32_t prefix_bits(Key key) { return load_le<std::uint32_t>(key.data()); }
  std::size_t data_bytes() const { return definition().key_size - prefix_length_bytes; }
  bool is_key(Key key) const {
    return decide(is_prefix_length(Bv<Concrete, 32>::lit(prefix_bits(key)), data_bytes()));
  }

  static std::vector<Byte> data_of(Key key) {
    std::vector<Byte> data;
    for (const std::uint8_t byte : key.subspan(prefix_length_bytes))
      data.push_back(Byte::lit(byte));
    return data;
  }
  static PrefixKey<Concrete> prefix_of(Key key, const std::vector<Byte>& data) {
    return {Bv<Concrete, 32>::lit(prefix_bits(key)), data};
  }

  /// The entry that `key` names, whatever its bits behind the prefix.
  Values::iterator find(Key key) {
    const std::vector<Byte> data = data_of(key);
    return std::ranges::find_if(values_, [&](const auto& entry) {
      const std::vector<Byte> stored = data_of(entry.first);
      return decide(same_prefix_key(prefix_of(entry.first, stored), prefix_of(key, data)));
    });
  }

  void bury(Values::iterator entry) {
    buried_.push_back(std::move(entry->second));
    values_.erase(entry);
  }

  Values values_;
  std::vector<std::unique_ptr<std::uint8_t[]>> buried_;
};

}  // namespace

std::unique_ptr<Map> make_lpm_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<LpmMap>(definition, memory);
}

}  // namespace probity::runtime
