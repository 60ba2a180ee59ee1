// SPDX-License-Identifier: Apache-2.0
// Maps of maps (kernel/bpf/arraymap.c, hashtab.c): array_of_maps and hash_of_maps. A value is the
// number of one of the program's maps; what a program gets from a lookup is that map's handle.
#include <cstring>
#include <map>

#include "base/bytes.hpp"
#include "runtime/map.hpp"

namespace probity::runtime {
namespace {

class OuterMap final : public Map {
 public:
  using Map::Map;

  std::uint8_t* lookup(Key key) override {
    const auto found = inner_.find(Bytes(key.begin(), key.end()));
    return found == inner_.end() ? nullptr : found->second.data();
  }

  std::int64_t update(Key key, Value value, std::uint64_t flags) override {
    if (flags > map_flags::exist) return errno_of::invalid;
    const bool array = definition().type == program::MapType::array_of_maps;
    if (array && load_le<std::uint32_t>(key.data()) >= definition().max_entries)
      return errno_of::too_big;
    const Bytes place(key.begin(), key.end());
    const bool present = inner_.contains(place);
    if ((array || present) && flags == map_flags::noexist) return errno_of::exist;
    if (!array && !present && flags == map_flags::exist) return errno_of::noent;
    if (!present && inner_.size() >= definition().max_entries) return errno_of::too_big;
    inner_[place].assign(value.begin(), value.end());
    return 0;
  }

  std::int64_t erase(Key key) override {
    return inner_.erase(Bytes(key.begin(), key.end())) == 1 ? 0 : errno_of::noent;
  }

  std::vector<Bytes> keys() const override {
    std::vector<Bytes> result;
    for (const auto& [key, value] : inner_) result.push_back(key);
    return result;
  }

  std::vector<MapEntry> entries() const override {
    std::vector<MapEntry> result;
    for (const auto& [key, value] : inner_) result.push_back({key, value});
    return result;
  }

 private:
  std::map<Bytes, Bytes> inner_;
};

}  // namespace

std::unique_ptr<Map> make_outer_map(const program::MapDef& definition, MapMemory& memory) {
  return std::make_unique<OuterMap>(definition, memory);
}

}  // namespace probity::runtime
