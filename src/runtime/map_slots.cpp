// SPDX-License-Identifier: Apache-2.0
// Maps whose entries stand for kernel objects: devices (devmap, devmap_hash), CPUs (cpumap),
// sockets (xskmap), programs (prog_array) and perf buffers. A user fills them; a program only names
// a slot, which is present or not.
#include <cstring>
#include <map>

#include "base/bytes.hpp"
#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

class SlotMap final : public Map {
 public:
  using Map::Map;

  std::uint8_t* lookup(Key key) override {
    const auto found = slots_.find(load_le<std::uint32_t>(key.data()));
    return found == slots_.end() ? nullptr : found->second.data();
  }

  std::int64_t update(Key key, Value value, std::uint64_t flags) override {
    const auto index = load_le<std::uint32_t>(key.data());
    if (flags > map_flags::exist) return errno_of::invalid;
    const bool hashed = definition().type == program::MapType::devmap_hash;
    if (!hashed && index >= definition().max_entries) return errno_of::too_big;
    if (flags == map_flags::noexist) return errno_of::exist;
    if (!slots_.contains(index) && slots_.size() >= definition().max_entries)
      return errno_of::too_big;
    slots_[index].assign(value.begin(), value.end());
    return 0;
  }

  std::int64_t erase(Key key) override {
    return slots_.erase(load_le<std::uint32_t>(key.data())) == 1 ? 0 : errno_of::noent;
  }

  std::vector<Bytes> keys() const override {
    std::vector<Bytes> result;
    for (const MapEntry& entry : entries()) result.push_back(entry.key);
    return result;
  }

  std::vector<MapEntry> entries() const override {
    std::vector<MapEntry> result;
    for (const auto& [index, value] : slots_) {
      Bytes key(4);
      store_le(key.data(), index);
      result.push_back({key, value});
    }
    return result;
  }

 private:
  std::map<std::uint32_t, Bytes> slots_;
};

/// Maps that only helpers of their own reach, and those that are not modelled.
class OpaqueMap final : public Map {
 public:
  using Map::Map;
  std::uint8_t* lookup(Key) override { return nullptr; }
  std::int64_t update(Key, Value, std::uint64_t) override { return errno_of::not_supported; }
  std::int64_t erase(Key) override { return errno_of::not_supported; }
  std::vector<Bytes> keys() const override { return {}; }
  std::vector<MapEntry> entries() const override { return {}; }
};

}  // namespace

std::unique_ptr<Map> make_slot_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<SlotMap>(definition, memory);
}

std::unique_ptr<Map> make_opaque_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<OpaqueMap>(definition, memory);
}

}  // namespace probity::runtime
