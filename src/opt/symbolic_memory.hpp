// SPDX-License-Identifier: Apache-2.0
// Memory of a symbolic run between two places, as bytes: an address is a base (a term in which one
// pointer variable occurs) and a distance, so that bytes need no array theory. The stack is one
// table. Other memory is a list of segments: the bytes written through one base before another
// base, which may point to the same bytes, was written through. A byte that is read and was not
// written is a variable named after all that decides it: the kind of memory, what was written
// before, and the address; so two runs that wrote the same see the same.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "opt/facts.hpp"
#include "term/term.hpp"

namespace probity::opt {

/// Kinds of memory that do not overlap.
enum class Area : std::uint8_t { stack, ctx, packet, metadata, map_value, other };
constexpr std::size_t area_count = 6;
std::optional<Area> area_of(Kind kind);

/// The pointer variables of a store.
class Pointers {
 public:
  explicit Pointers(term::Store& store) : store_(store) {}

  term::Id var(std::string_view name, Area area);

  struct Place {
    Area area = Area::other;
    term::Id base;
    std::int64_t offset = 0;
  };
  /// Taken apart; nothing if not exactly one pointer is in it.
  std::optional<Place> resolve(term::Id address) const;

 private:
  struct Sum {
    std::uint64_t constant = 0;
    std::optional<Area> area;
    bool is_address = true;
  };
  void add(term::Id term, std::uint64_t factor, Sum* sum) const;

  term::Store& store_;
  std::map<term::Id, Area> areas_;
};

/// Bytes that were written through one base, by their distance from it.
struct Segment {
  term::Id base;
  std::map<std::int64_t, term::Id> bytes;
};

/// A store to ctx: these do not merge.
struct CtxStore {
  std::int64_t offset = 0;
  unsigned bytes = 0;
  term::Id value;
};

class Memory {
 public:
  /// `frame` is r10 at the start; `name` tells the two runs' dead stack bytes apart.
  Memory(term::Store& store, std::string name) : store_(&store), name_(std::move(name)) {}

  /// Bytes, from the lowest up, that both runs begin with.
  void share_stack(const std::bitset<stack_bytes>& bytes) { shared_ = bytes; }
  void set_stack(std::int64_t offset, term::Id byte) { stack_[offset] = byte; }
  term::Id stack(std::int64_t offset) const;
  /// As both runs began with it?
  bool is_shared_still(std::int64_t offset) const;

  term::Id load(const Pointers::Place& place);
  void store(const Pointers::Place& place, term::Id byte);
  void store_ctx(CtxStore event) { ctx_.push_back(event); }

  /// What was written, segment by segment; the last one may be empty.
  const std::vector<Segment>& segments(Area area) const {
    return segments_[static_cast<std::size_t>(area)];
  }
  const std::vector<CtxStore>& ctx_stores() const { return ctx_; }
  /// The byte of a segment, or what was there before it.
  term::Id byte_of(Area area, std::size_t segment, std::int64_t offset) const;

 private:
  term::Id unwritten(Area area, std::size_t segment, term::Id base, std::int64_t offset) const;

  term::Store* store_;
  std::string name_;
  std::bitset<stack_bytes> shared_;
  std::map<std::int64_t, term::Id> stack_;
  std::array<std::vector<Segment>, area_count> segments_;
  std::vector<CtxStore> ctx_;
};

}  // namespace probity::opt
