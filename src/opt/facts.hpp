// SPDX-License-Identifier: Apache-2.0
// Facts: what holds whenever control is at a node, in every run: what each register and each byte
// of the stack may be. A forward analysis to a fixed point over the whole program: numbers are
// values of the Abstract domain, computed by the one semantics text; pointers have a kind and,
// where it is known, their distance from the start of what they point into. Calls, and insns that
// a loader patches, are barriers: all that they may change is unknown behind them.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "domain/abstract.hpp"
#include "opt/code.hpp"

namespace probity::opt {

enum class Kind : std::uint8_t {
  nothing,  ///< not reached, or never written: may not be read
  any,      ///< a number or any pointer
  number,
  ctx,
  stack,  ///< of this subprogram's frame; offset 0 is r10
  packet,
  packet_meta,
  packet_end,
  map,  ///< a map itself
  map_value,
  map_value_or_null,
  other,  ///< a pointer to something else (socket, ring buffer record, the caller's frame, …)
  other_or_null,
};

/// Pointers of this kind can be read and written through.
constexpr bool is_pointer(Kind kind) {
  return kind >= Kind::ctx;
}
/// A pointer, or 0: until a program has tested it against 0.
constexpr bool may_be_null(Kind kind) {
  return kind == Kind::map_value_or_null || kind == Kind::other_or_null;
}
/// May a pointer into this subprogram's frame be among these values, or lead to one?
constexpr bool may_reach_stack(Kind kind) {
  return kind == Kind::stack || kind == Kind::any || kind == Kind::other ||
         kind == Kind::other_or_null;
}

struct Fact {
  Kind kind = Kind::nothing;
  /// Of pointers: bytes from the start (of the stack: from r10), if known.
  std::optional<std::int64_t> offset;
  /// Of map, map_value and map_value_or_null: the map's index, if known; else no_map.
  static constexpr std::uint32_t no_map = 0xffffffff;
  std::uint32_t map = no_map;
  /// Of those that may be null: the call that gave the value; two of the same origin are equal. Of
  /// packet pointers of no known offset: the insn that added what is not known; two of the same
  /// origin differ by what they are `beyond` what it gave.
  std::uint32_t origin = no_node;
  std::int32_t beyond = 0;
  /// Of packet pointers: bytes that the program made sure of while the value was there, counted
  /// from the packet's start or, with an origin, from what that gave. A kernel lets no other be
  /// accessed.
  std::int32_t room = 0;
  /// Known bits and both ranges; of pointers nothing is known.
  AbstractWord bits = Abstract::any(64);

  /// Of packet pointers: the distance from what `room` is counted from, if it is known.
  std::optional<std::int64_t> distance() const;
  /// What the origin said is not known any more.
  void forget_origin();
  /// The number, if there is only one.
  std::optional<std::uint64_t> constant() const;
  friend bool operator==(const Fact&, const Fact&) = default;
};

constexpr std::size_t stack_bytes = 512;
constexpr std::size_t stack_words = stack_bytes / 8;

/// The 8-byte words of a frame; word i is at r10 - 512 + 8 * i. Copies share them until one is
/// written.
class StackWords {
 public:
  /// All words are `fact`.
  StackWords() : StackWords(Fact{}) {}
  explicit StackWords(const Fact& fact);
  /// As loaded by 8 bytes; `any` when not written as such.
  const Fact& operator[](std::size_t word) const { return (*words_)[word]; }
  void set(std::size_t word, const Fact& fact);
  /// `change` gets each fact to alter as it likes.
  template <typename Change>
  void update(Change change) {
    for (std::size_t i = 0; i < stack_words; ++i) {
      Fact fact = (*words_)[i];
      change(fact);
      set(i, fact);
    }
  }
  bool is_shared_with(const StackWords& other) const { return words_ == other.words_; }
  friend bool operator==(const StackWords& a, const StackWords& b) {
    return a.words_ == b.words_ || *a.words_ == *b.words_;
  }

 private:
  std::shared_ptr<std::array<Fact, stack_words>> words_;
};

/// A frame: what its bytes hold.
struct FrameFacts {
  StackWords words;
  friend bool operator==(const FrameFacts&, const FrameFacts&) = default;
};

struct PointFacts {
  std::array<Fact, bpf::reg_count> regs;
  FrameFacts frame;
  bool reached = false;
  /// Bytes of the packet, counted from its start, that the program has made sure of on every way
  /// here.
  std::int64_t packet_bytes = 0;
  friend bool operator==(const PointFacts&, const PointFacts&) = default;
};

/// Numbers are joined with numbers, pointers of one kind with each other; else `any`. What may not
/// be read on one way may not be read behind the join.
Fact join(const Fact& a, const Fact& b);

class Facts {
 public:
  /// `program` gives the type (ctx, what its fields are) and the maps.
  static Facts of(const Code& code, const program::View& program);

  /// Right before the node.
  const PointFacts& before(std::uint32_t node) const { return points_[node]; }
  const Fact& reg(std::uint32_t node, bpf::Reg reg) const {
    return points_[node].regs[static_cast<std::size_t>(reg)];
  }
  bool reached(std::uint32_t node) const { return points_[node].reached; }

 private:
  std::vector<PointFacts> points_;  ///< by node
};

/// The facts behind one insn, given those before it: what Facts iterates. Branch conditions are
/// not taken into account here, nor what is known of a called subprogram.
PointFacts after(const Code& code, std::uint32_t node, PointFacts before,
                 const program::View& program);

}  // namespace probity::opt
