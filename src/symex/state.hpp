// SPDX-License-Identifier: Apache-2.0
// PathState: everything that belongs to one path. It is copied when the path forks; memories are
// shared until one side writes (Objects::writable).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "isa/bpf/insn.hpp"
#include "symex/fate.hpp"
#include "symex/finding.hpp"
#include "symex/memory.hpp"
#include "symex/provenance.hpp"
#include "symex/spec_state.hpp"
#include "symex/valuation.hpp"

namespace probity::symex {

enum class RegionKind : std::uint8_t {
  none,
  ctx,
  packet,
  metadata,
  stack,
  map_value,
  map_object,
  function,
  ringbuf_record,
  sock_common,  ///< struct bpf_sock, of which only the fields of every socket may be read
  sock,
  tcp_sock,
  null,   ///< a pointer that turned out to be NULL: its words are the number 0
  choice  ///< of two words; offsets count from either. Told apart before it is used
};

constexpr bool is_socket(RegionKind kind) {
  return kind == RegionKind::sock_common || kind == RegionKind::sock ||
         kind == RegionKind::tcp_sock;
}

struct Region {
  RegionKind kind = RegionKind::none;
  std::uint32_t object = 0;      ///< index of its memory
  std::uint64_t size_bytes = 0;  ///< of everything but the packet
  std::uint32_t index = 0;       ///< map index, frame number or function slot
  bool writable = true;
  bool live = true;  ///< false: a packet pointer from before the packet moved, a popped frame
  bool readable = true;
  /// The kernel or another program may change the bytes at any time: a read gives any value.
  bool volatile_bytes = false;
  term::Id null{};  ///< one bit: the pointer is NULL; no term once the program has looked
  std::uint32_t reference = 0;  ///< of what the program must give back, or 0
};

/// What merged paths hold in one place: of the words, the one whose condition holds. Exactly one
/// does; none of the words is a choice itself.
struct Choice {
  std::vector<std::pair<term::Id, Word>> words;
};

/// Something that the program acquired and must release: a socket, a ring buffer record.
struct Reference {
  std::uint32_t number = 0;
  RegionId region = 0;     ///< of the pointer that the helper gave
  std::uint32_t slot = 0;  ///< where it was acquired
};

/// The regions of a path by RegionId, whatever else the id says of a pointer; 0 is none.
class Regions {
 public:
  Region& operator[](RegionId region) { return list_[base_of(region)]; }
  const Region& operator[](RegionId region) const { return list_[base_of(region)]; }
  RegionId add(Region region) {
    PROBITY_CHECK(list_.size() <= region_bits::index);
    list_.push_back(region);
    return static_cast<RegionId>(list_.size() - 1);
  }
  RegionId count() const { return static_cast<RegionId>(list_.size()); }
  /// Gives a number that nothing refers to any more to another region.
  void reuse(RegionId region, Region now) { list_[region] = now; }
  auto begin() { return list_.begin(); }
  auto end() { return list_.end(); }

 private:
  std::vector<Region> list_{Region{}};
};

/// The memories of a path, shared copy-on-write.
class Objects {
 public:
  std::uint32_t add(Memory memory) {
    memories_.push_back(std::make_shared<Memory>(std::move(memory)));
    return static_cast<std::uint32_t>(memories_.size() - 1);
  }
  const Memory& at(std::uint32_t object) const { return *memories_[object]; }
  std::uint32_t count() const { return static_cast<std::uint32_t>(memories_.size()); }
  /// Are they one memory that neither path has written since?
  static bool shared(const Objects& a, const Objects& b, std::uint32_t object) {
    return a.memories_[object] == b.memories_[object];
  }
  void replace(std::uint32_t object, Memory memory) {
    memories_[object] = std::make_shared<Memory>(std::move(memory));
  }
  Memory& writable(std::uint32_t object) {
    if (memories_[object].use_count() > 1) {
      memories_[object] = std::make_shared<Memory>(*memories_[object]);
    }
    return *memories_[object];
  }

 private:
  std::vector<std::shared_ptr<Memory>> memories_;
};

/// An entry of a map that the path has looked at.
struct Slot {
  std::vector<term::Id> key;   ///< bytes
  term::Id guard{};            ///< one bit: paths that know the entry; no term: all
  term::Id present;            ///< one bit, now
  term::Id initially_present;  ///< one bit; a literal 0 for entries the program inserted into a
                               ///< fresh slot
  RegionId value = 0;          ///< region of the current value
  std::uint32_t initial_object = 0;  ///< memory whose origin is the initial value
  std::uint32_t first_stage = 0;     ///< with first_slot: the insn that looked at it first
  std::uint32_t first_slot = 0;
  std::optional<std::uint32_t> inner;  ///< of a map of maps: the map that lies there
};

/// What a path knows of a trie's first contents beyond its list of entries: no other entry covers
/// `key` with a prefix of `floor` bits or more.
struct PrefixQuestion {
  static constexpr std::uint32_t nothing_known = 0xffff'ffff;
  std::vector<term::Id> key;
  term::Id floor;         ///< 32 bits
  bool untouched = true;  ///< no entry had come or gone when it was asked
};

struct MapState {
  std::vector<Slot> slots;
  std::vector<PrefixQuestion> questions;  ///< of tries
  bool counted = false;  ///< the path asked whether there is room: `map.NAME.free` matters
  bool deleted = false;  ///< the run deleted an entry
  term::Id inserted;     ///< 64 bits: inserts less deletes of this run; no term: none

  bool is_untouched() const { return !deleted && !inserted; }
  /// A run on the first contents begins.
  void begin_run() {
    deleted = false;
    inserted = {};
  }
};

/// Something a program gave away through a helper: a perf event, a redirect, a message. The order
/// matters.
struct TraceEvent {
  std::uint32_t helper = 0;
  std::uint32_t slot = 0;
  std::vector<term::Id> values;  ///< arguments: map index, key, flags …
  std::vector<term::Id> data;    ///< bytes, as chunks
};

/// By what is counted and the number of a call: when the path makes it, among those that merged
/// into it. Nothing for those that it always makes.
using CallsMade = std::map<std::string, std::map<std::uint32_t, term::Id>>;

/// What a specification outside the program leaves open on a path, by calls of
/// probity/external_spec.h.
struct SpecSays {
  bool any_action = false;
  bool any_trace = false;
  bool any_ctx = false;
  bool every_map = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> packet_ranges;  ///< offset and size, bytes
  std::vector<std::uint32_t> maps;                                     ///< by world index
  friend bool operator==(const SpecSays&, const SpecSays&) = default;
};

struct Ending;

/// A function that bpf_loop runs: iteration `index` of `count`.
struct LoopCallback {
  std::uint32_t function = 0;  ///< its first slot
  Word argument;
  std::uint64_t index = 0;
  term::Id count;  ///< 64 bits
};

struct Frame {
  std::optional<LoopCallback> callback;
  std::uint32_t first_slot = 0;  ///< of the function
  std::uint32_t return_slot = 0;
  std::uint32_t return_code = 0;  ///< whose slot that is
  std::array<Word, 4> saved{};    ///< r6..r9
  RegionId stack = 0;
};

/// What the kernel notes about an sk_buff beyond its ctx fields.
struct SkbState {
  std::uint32_t network = 14;              ///< from data to the network header
  std::optional<std::uint32_t> transport;  ///< to the transport header, once a helper set it
  bool is_encapsulated = false;
  bool hash_is_known = false;
  friend bool operator==(const SkbState&, const SkbState&) = default;
};

/// The packet window, as offsets from the original data pointer.
struct Packet {
  RegionId region = 0;
  std::uint32_t object = 0;
  term::Id head;  ///< data
  term::Id end;   ///< data_end
  term::Id meta;  ///< data_meta
};

struct PathState {
  Fate fate;
  std::optional<term::Id> action;                      ///< 32 bits, once the program has ended
  std::uint32_t stage = 0;                             ///< which run this is
  std::uint32_t entry_functions_run = 0;               ///< of Options::entry_functions
  std::uint32_t code = 0;                              ///< whose slots `slot` counts
  std::vector<std::shared_ptr<const Ending>> endings;  ///< of the stages before
  std::array<Word, bpf::reg_count> regs{};
  std::uint32_t slot = 0;
  std::uint32_t subprog = 0;
  std::vector<Frame> frames;
  Regions regions;
  Objects objects;
  Packet packet;
  term::Id initial_meta;  ///< data_meta at entry
  SkbState skb;
  std::uint32_t tail_calls = 0;  ///< of this stage
  RegionId ctx = 0;
  RegionId packet_loads = 0;    ///< of packet pointers from ctx, so far
  RegionId packet_checked = 0;  ///< the last load before the last comparison with data_end
  std::map<std::uint32_t, Word> ctx_written;  ///< by field offset
  std::vector<MapState> maps;
  std::vector<TraceEvent> trace;                         ///< of this stage
  SpecSays says;                                         ///< of this stage
  std::map<std::string, std::uint32_t> calls_by_helper;  ///< that gave a free result, this stage
  CallsMade calls_made;                                  ///< of this stage
  CallsMade calls_made_before;                           ///< of the stages before
  /// Stages disagree in which call is which: call_count.hpp.
  std::set<std::string> miscounted;

  std::vector<term::Id> condition;
  std::shared_ptr<Valuation> valuation;  ///< satisfies `condition`
  std::uint64_t length_low = 0;          ///< bounds of the packet length on this path
  std::uint64_t length_high = 0;
  bool length_mixed = false;  ///< some condition relates the length to other variables

  std::vector<TrailStep> trail;
  std::map<std::uint32_t, std::uint32_t> visits;  ///< back edges taken, by slot
  std::uint64_t insns = 0;
  std::uint32_t merged = 1;   ///< paths that became this one
  std::uint32_t variant = 0;  ///< paths of different variants may overlap and are never merged
  std::uint32_t lineage = 0;  ///< which ending of the stage before this one goes on from
  std::vector<std::string> helper_results;  ///< helper calls with free results
  std::vector<std::pair<std::string, term::Id>> free_results;
  std::vector<std::string> not_replayable;
  std::vector<term::Id> evictions;  ///< one bit each: an LRU map dropped an entry of its own accord
  /// What no engine can be told, when its value is not 0.
  std::vector<std::pair<std::string, term::Id>> assumptions;
  std::vector<Reference> references;
  std::uint32_t references_made = 0;
  std::optional<Word> lock;  ///< the struct bpf_spin_lock that is held

  SpecRecord specs;
  std::set<std::uint32_t> effects;  ///< of Options::effects, so far in this stage

  /// The pointer into `region` is NULL: every register that holds it becomes 0.
  void forget_pointer(RegionId region, term::Id zero);

  RegionId add_region(Region region) { return regions.add(region); }
};

}  // namespace probity::symex
