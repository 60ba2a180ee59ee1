// SPDX-License-Identifier: Apache-2.0
// Memory: the symbolic bytes of one object (a stack frame, the packet, a map value). Writes at
// constant offsets go to a map from offset to cell, writes at symbolic offsets become a layer of
// their own, and a read walks the layers from the newest to the initial contents; a read never
// forks. A pointer stored whole keeps its region, so spilling is exact.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <variant>
#include <vector>

#include "base/diagnostic.hpp"
#include "symex/context.hpp"
#include "symex/provenance.hpp"

namespace probity::symex {

/// Initial contents.
struct Uninitialised {};
struct Zeroed {};
/// Byte k is `function(k)`, an uninterpreted function of a 32-bit index.
struct Unknown {
  term::Function function;
};
struct Constant {
  std::span<const std::uint8_t> bytes;
};
using Origin = std::variant<Uninitialised, Zeroed, Unknown, Constant>;

/// One byte; `pointer` is set on the eight bytes of a pointer that was stored whole.
struct Cell {
  term::Id byte;
  std::optional<Word> pointer;
  std::uint8_t piece = 0;  ///< which byte of `pointer`
  /// One bit: was it ever written? No term: yes. Paths that were merged may differ in it.
  term::Id defined{};
};

/// How the words of two memories become words of a third.
struct JoinWords {
  /// The first where the condition of the merge holds, the second elsewhere.
  std::function<Word(Word, Word)> join;
  /// A word of the second memory as one of the result.
  std::function<Word(Word)> carry;
  /// Does the region have another number in the second memory than in the result?
  std::function<bool(RegionId)> moved;
};

class Memory {
 public:
  explicit Memory(Origin origin) : origin_(origin) {}

  /// The little-endian value of `size_bytes` bytes at `offset` (64 bits). A whole pointer comes
  /// back as one. No value: some byte is uninitialised. Error: a table too large to be read at a
  /// symbolic offset.
  Expected<std::optional<Word>> read(Context& context, term::Id offset, unsigned size_bytes) const;
  /// One bit: were all bytes ever written, as far as that depends on merged paths?
  term::Id defined(Context& context, term::Id offset, unsigned size_bytes) const;
  /// The contents of `a` where `condition` holds and of `b` elsewhere; nothing if they cannot be
  /// told byte by byte. Where they began with different contents, the first `size_bytes` count.
  static std::optional<Memory> merged(Context& context, term::Id condition, const Memory& a,
                                      const Memory& b, std::uint64_t size_bytes,
                                      const JoinWords& join);
  /// Are all writes at known offsets in one map, without layers?
  bool is_flat() const { return below_ == nullptr; }
  /// Does it hold a pointer into a region for which `test` is true?
  bool mentions(const std::function<bool(RegionId)>& test) const;
  /// Do both begin with the same contents?
  static bool same_origin(const Memory& a, const Memory& b);
  /// The same memory as it was at first.
  Memory initial() const { return Memory(origin_); }
  /// The contents with every word replaced.
  void replace_words(const std::function<Word(Word)>& replace);

  /// Does the aligned eight bytes around a known `offset` hold a part of a pointer?
  bool touches_pointer(Context& context, term::Id offset) const;
  void write(Context& context, term::Id offset, unsigned size_bytes, Word value);

  /// The offsets that were written, or nothing if one of them was not a constant.
  std::optional<std::set<std::int64_t>> written() const;
  /// Every value and offset that was written.
  std::vector<term::Id> written_terms() const;

  /// The initial byte at `index`, for witnesses.
  term::Id initial_byte(Context& context, std::int64_t index) const;
  /// Forgets everything: afterwards the contents are those of `origin`.
  void reset(Origin origin);

 private:
  struct Layer;
  using Cells = std::map<std::int64_t, Cell>;
  Expected<std::optional<Cell>> read_byte(Context& context, term::Id offset) const;
  Expected<std::optional<Word>> read_at(Context& context, term::Id offset,
                                        unsigned size_bytes) const;
  void write_if(Context& context, term::Id condition, std::int64_t offset,
                std::span<const Cell> bytes);
  std::optional<Cells> flat() const;
  void merge_byte(Context& context, term::Id condition, const Memory& a, const Memory& b,
                  std::int64_t offset, const JoinWords& join);
  Expected<std::optional<Cell>> read_origin(Context& context, term::Id offset) const;
  std::optional<Cell> read_cells(Context& context, const Cells& cells, term::Id offset,
                                 const std::optional<Cell>& below) const;

  Origin origin_;
  bool partial_ = false;  ///< some cell has a condition of being defined
  Cells top_;
  std::shared_ptr<const Layer> below_;
};

}  // namespace probity::symex
