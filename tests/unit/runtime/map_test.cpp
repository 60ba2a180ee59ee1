// SPDX-License-Identifier: Apache-2.0
// Return codes and limits of each kind of map, as in kernel/bpf/*map.c.
#include "runtime/map.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "runtime/map_definition.hpp"

namespace probity::runtime {
namespace {

using program::MapDef;
using program::MapType;

struct Made {
  MapDef definition;
  MapMemory memory;
  std::unique_ptr<Map> map;

  Made(MapType type, std::uint32_t key, std::uint32_t value, std::uint32_t entries)
      : definition{"m", type, key, value, entries, 0, -1, {}, false} {
    auto made = make_map(definition, memory);
    if (!made)
      ADD_FAILURE() << made.error().line();
    else
      map = std::move(*made);
  }
};

Bytes key32(std::uint32_t value) {
  Bytes key(4);
  store_le(key.data(), value);
  return key;
}

TEST(ArrayMap, EveryIndexBelowMaxEntriesExists) {
  Made made(MapType::array, 4, 8, 3);
  ASSERT_NE(made.map->lookup(key32(2)), nullptr);
  EXPECT_EQ(made.map->lookup(key32(3)), nullptr);
  EXPECT_EQ(made.map->lookup(key32(2)), made.map->lookup(key32(2)));
}

TEST(ArrayMap, UpdateFlags) {
  Made made(MapType::array, 4, 8, 3);
  const Bytes value(8, 1);
  EXPECT_EQ(made.map->update(key32(0), value, map_flags::any), 0);
  EXPECT_EQ(made.map->update(key32(0), value, map_flags::exist), 0);
  EXPECT_EQ(made.map->update(key32(0), value, map_flags::noexist), errno_of::exist);
  EXPECT_EQ(made.map->update(key32(3), value, map_flags::any), errno_of::too_big);
  EXPECT_EQ(made.map->update(key32(0), value, 8), errno_of::invalid);
  EXPECT_EQ(made.map->erase(key32(0)), errno_of::invalid);
  EXPECT_EQ(made.map->lookup(key32(0))[7], 1);
}

TEST(ArrayMap, AbsurdSizesCostNothingUntilTouched) {
  Made made(MapType::array, 4, 4096, 0xffffffff);
  EXPECT_TRUE(made.map->entries().empty());
  ASSERT_NE(made.map->lookup(key32(0xfffffffe)), nullptr);
  EXPECT_EQ(made.map->entries().size(), 1u);
}

TEST(ArrayMap, MemoryLimitIsReached) {
  Made made(MapType::array, 4, 1u << 29, 8);
  EXPECT_NE(made.map->lookup(key32(0)), nullptr);
  EXPECT_NE(made.map->lookup(key32(1)), nullptr);
  EXPECT_EQ(made.map->lookup(key32(2)), nullptr);
  EXPECT_TRUE(made.memory.exhausted());
}

TEST(HashMap, UpdateFlagsAndLimits) {
  Made made(MapType::hash, 4, 8, 2);
  const Bytes value(8, 1);
  EXPECT_EQ(made.map->lookup(key32(1)), nullptr);
  EXPECT_EQ(made.map->update(key32(1), value, map_flags::exist), errno_of::noent);
  EXPECT_EQ(made.map->update(key32(1), value, map_flags::noexist), 0);
  EXPECT_EQ(made.map->update(key32(1), value, map_flags::noexist), errno_of::exist);
  EXPECT_EQ(made.map->update(key32(2), value, map_flags::any), 0);
  EXPECT_EQ(made.map->update(key32(3), value, map_flags::any), errno_of::too_big);
  EXPECT_EQ(made.map->update(key32(1), value, map_flags::any),
            0);  // a full map still takes present keys
  EXPECT_EQ(made.map->erase(key32(1)), 0);
  EXPECT_EQ(made.map->erase(key32(1)), errno_of::noent);
  EXPECT_EQ(made.map->update(key32(3), value, map_flags::any), 0);
}

TEST(HashMap, OldValuesStayReadableUntilTheRunEnds) {
  Made made(MapType::hash, 4, 8, 2);
  ASSERT_EQ(made.map->update(key32(1), Bytes(8, 1), map_flags::any), 0);
  const std::uint8_t* old = made.map->lookup(key32(1));
  ASSERT_EQ(made.map->update(key32(1), Bytes(8, 2), map_flags::any), 0);
  EXPECT_EQ(old[0], 1);
  EXPECT_EQ(made.map->lookup(key32(1))[0], 2);
  made.map->end_run();
}

TEST(PercpuHashMap, UpdatesInPlace) {
  Made made(MapType::percpu_hash, 4, 8, 2);
  ASSERT_EQ(made.map->update(key32(1), Bytes(8, 1), map_flags::any), 0);
  const std::uint8_t* old = made.map->lookup(key32(1));
  ASSERT_EQ(made.map->update(key32(1), Bytes(8, 2), map_flags::any), 0);
  EXPECT_EQ(old[0], 2);
}

TEST(LruHashMap, DropsTheLeastRecentlyUsed) {
  Made made(MapType::lru_hash, 4, 8, 2);
  const Bytes value(8, 1);
  ASSERT_EQ(made.map->update(key32(1), value, map_flags::any), 0);
  ASSERT_EQ(made.map->update(key32(2), value, map_flags::any), 0);
  ASSERT_NE(made.map->lookup(key32(1)), nullptr);
  ASSERT_EQ(made.map->update(key32(3), value, map_flags::any), 0);
  EXPECT_NE(made.map->lookup(key32(1)), nullptr);
  EXPECT_EQ(made.map->lookup(key32(2)), nullptr);
}

TEST(LpmMap, LongestPrefixWins) {
  Made made(MapType::lpm_trie, 8, 4, 4);
  const auto key = [](std::uint32_t bits, std::uint8_t a, std::uint8_t b) {
    Bytes bytes(8);
    store_le(bytes.data(), bits);
    bytes[4] = a;
    bytes[5] = b;
    return bytes;
  };
  ASSERT_EQ(made.map->update(key(8, 10, 0), Bytes(4, 1), map_flags::any), 0);
  ASSERT_EQ(made.map->update(key(16, 10, 1), Bytes(4, 2), map_flags::any), 0);
  EXPECT_EQ(made.map->lookup(key(32, 10, 1))[0], 2);
  EXPECT_EQ(made.map->lookup(key(32, 10, 9))[0], 1);
  EXPECT_EQ(made.map->lookup(key(32, 11, 1)), nullptr);
  EXPECT_EQ(made.map->update(key(33, 10, 1), Bytes(4, 2), map_flags::any), errno_of::invalid);
  EXPECT_EQ(made.map->erase(key(8, 10, 200)), 0);  // the same prefix
  EXPECT_EQ(made.map->lookup(key(32, 10, 9)), nullptr);
}

TEST(SlotMap, SlotsArePresentOnceFilled) {
  Made made(MapType::devmap, 4, 4, 4);
  EXPECT_EQ(made.map->lookup(key32(1)), nullptr);
  EXPECT_EQ(made.map->seed(key32(1), key32(1)), 0);
  EXPECT_NE(made.map->lookup(key32(1)), nullptr);
  EXPECT_EQ(made.map->seed(key32(4), key32(1)), errno_of::too_big);
}

TEST(QueueMap, QueueAndStackOrder) {
  Made queue(MapType::queue, 0, 4, 2);
  Made stack(MapType::stack, 0, 4, 2);
  for (Map* map : {queue.map.get(), stack.map.get()}) {
    ASSERT_EQ(map->push(key32(1), map_flags::any), 0);
    ASSERT_EQ(map->push(key32(2), map_flags::any), 0);
    EXPECT_EQ(map->push(key32(3), map_flags::any), errno_of::too_big);
  }
  Bytes out(4);
  EXPECT_EQ(queue.map->pop(out), 0);
  EXPECT_EQ(out, key32(1));
  EXPECT_EQ(stack.map->peek(out), 0);
  EXPECT_EQ(out, key32(2));
  EXPECT_EQ(queue.map->pop(out), 0);
  EXPECT_EQ(queue.map->pop(out), errno_of::noent);
}

TEST(Map, RefusesSizesTheKernelRefuses) {
  MapMemory memory;
  const MapDef bad[] = {{"m", MapType::array, 8, 8, 1, 0, -1, {}, false},
                        {"m", MapType::array, 4, 0, 1, 0, -1, {}, false},
                        {"m", MapType::hash, 0, 8, 1, 0, -1, {}, false},
                        {"m", MapType::hash, 513, 8, 1, 0, -1, {}, false},
                        {"m", MapType::hash, 4, 0x80000000, 1, 0, -1, {}, false},
                        {"m", MapType::hash, 4, 8, 0, 0, -1, {}, false},
                        {"m", MapType::lpm_trie, 4, 8, 1, 0, -1, {}, false},
                        {"m", MapType::lpm_trie, 261, 8, 1, 0, -1, {}, false},
                        {"m", MapType::devmap, 1, 4, 1, 0, -1, {}, false},
                        {"m", MapType::prog_array, 8, 4, 1, 0, -1, {}, false},
                        {"m", MapType::unspec, 4, 8, 1, 0, -1, {}, false}};
  for (const MapDef& definition : bad) {
    const auto made = make_map(definition, memory);
    ASSERT_FALSE(made.has_value());
    EXPECT_TRUE(made.error().line().starts_with("map m: ")) << made.error().line();
  }
}

TEST(LpmMap, ANewValueBringsItsKeysLastBits) {
  Made made(MapType::lpm_trie, 8, 8, 1);
  const Bytes value(8, 1);
  EXPECT_EQ(made.map->update(Bytes{8, 0, 0, 0, 10, 1, 2, 3}, value, map_flags::any), 0);
  EXPECT_EQ(made.map->update(Bytes{8, 0, 0, 0, 10, 9, 9, 9}, value, map_flags::exist), 0);
  ASSERT_EQ(made.map->entries().size(), 1u);
  EXPECT_EQ(made.map->entries()[0].key, (Bytes{8, 0, 0, 0, 10, 9, 9, 9}));
}

TEST(OuterMap, UpdateFlagsAndLimits) {
  Made array(MapType::array_of_maps, 4, 4, 2);
  EXPECT_EQ(array.map->lookup(key32(0)), nullptr);
  EXPECT_EQ(array.map->update(key32(2), key32(0), map_flags::any), errno_of::too_big);
  EXPECT_EQ(array.map->update(key32(1), key32(0), map_flags::noexist), errno_of::exist);
  EXPECT_EQ(array.map->update(key32(1), key32(7), map_flags::any), 0);
  EXPECT_EQ(load_le<std::uint32_t>(array.map->lookup(key32(1))), 7u);
  EXPECT_EQ(array.map->erase(key32(1)), 0);
  EXPECT_EQ(array.map->erase(key32(1)), errno_of::noent);
  Made hash(MapType::hash_of_maps, 8, 4, 1);
  const Bytes key(8, 5);
  EXPECT_EQ(hash.map->update(key, key32(1), map_flags::exist), errno_of::noent);
  EXPECT_EQ(hash.map->update(key, key32(1), map_flags::noexist), 0);
  EXPECT_EQ(hash.map->update(Bytes(8, 6), key32(1), map_flags::any), errno_of::too_big);
  EXPECT_EQ(hash.map->keys(), std::vector<Bytes>{key});
}

TEST(ValueFields, OnlyHelpersTouchThem) {
  const std::array<program::ValueField, 2> fields = {
      {{program::ValueFieldKind::spin_lock, 4}, {program::ValueFieldKind::timer, 16}}};
  for (const MapType type : {MapType::array, MapType::hash}) {
    MapDef definition{"m", type, 4, 40, 2, 0, -1, {}, false};
    definition.value_fields = fields;
    MapMemory memory;
    const auto map = std::move(*make_map(definition, memory));
    ASSERT_EQ(map->update(key32(0), Bytes(40, 7), map_flags::any), 0);
    Bytes wanted(40, 7);
    std::fill_n(wanted.begin() + 4, 4, std::uint8_t{0});
    std::fill_n(wanted.begin() + 16, 16, std::uint8_t{0});
    const std::uint8_t* value = map->lookup(key32(0));
    EXPECT_EQ(Bytes(value, value + 40), wanted);
    EXPECT_EQ(map->update(key32(0), Bytes(40, 8), map_flags::lock), 0);
    EXPECT_EQ(value[0], 8);  // in place
    EXPECT_EQ(value[4], 0);
  }
}

TEST(ValueFields, BpfFLockNeedsALock) {
  Made array(MapType::array, 4, 8, 2);
  Made hash(MapType::hash, 4, 8, 2);
  EXPECT_EQ(array.map->update(key32(0), Bytes(8, 1), map_flags::lock), errno_of::invalid);
  EXPECT_EQ(hash.map->update(key32(0), Bytes(8, 1), map_flags::lock), errno_of::invalid);
}

TEST(MapTypes, HelpersTakeTheirOwn) {
  EXPECT_TRUE(programs_look_up(MapType::array_of_maps));
  EXPECT_FALSE(programs_update(MapType::array_of_maps));
  EXPECT_TRUE(programs_look_up(MapType::devmap));
  EXPECT_FALSE(programs_update(MapType::devmap));
  EXPECT_FALSE(programs_look_up(MapType::ringbuf));
  EXPECT_FALSE(programs_look_up(MapType::queue));
  EXPECT_TRUE(programs_update(MapType::lru_percpu_hash));
  for (std::uint32_t i = 1; i <= static_cast<std::uint32_t>(MapType::arena); ++i) {
    EXPECT_NE(family_of(static_cast<MapType>(i)), MapFamily::unknown) << i;
  }
}

}  // namespace
}  // namespace probity::runtime
