// SPDX-License-Identifier: Apache-2.0
// RetileRegion: straight code between barriers, jumps and places where ways meet, while it is being
// improved. An edit is taken when the region becomes cheaper, still computes the same and breaks
// none of the rules that a verifier has for memory. In the end the region tells what has become of
// it as one Change that leaves untouched insns alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "opt/block_values.hpp"
#include "opt/order.hpp"

namespace probity::opt {

/// An insn of a region: `from` is its node when it is as it was, else no_node.
struct RegionItem {
  Node node;
  std::uint32_t from = no_node;
};

/// Before item `at`: insert these; and remove the item itself if so.
struct RegionPiece {
  enum class Item : std::uint8_t { stays, goes };
  std::size_t at = 0;
  Item item = Item::goes;
  std::vector<bpf::Insn> insns;
};
/// In ascending order of `at`; at most one piece for each.
using RegionEdit = std::vector<RegionPiece>;

/// What an insn costs, by what is aimed at: lower is better, sums are comparable.
std::uint64_t price_of(const bpf::Insn& insn, Goal goal);
/// Of a load that waits for stores (store_forwarding.hpp), beside its own.
std::uint64_t price_of_wait(Goal goal);

/// A verifier wants natural alignment there.
constexpr bool must_align(Area area) {
  return area == Area::stack || area == Area::ctx;
}

class RetileRegion {
 public:
  RetileRegion(const Version& version, const Aim& aim, std::uint32_t first, std::uint32_t last);

  /// Could every insn be executed?
  bool is_known() const { return original_.complete; }
  const Aim& aim() const { return aim_; }
  BlockValues& values() { return values_; }
  std::span<const RegionItem> items() const { return items_; }
  std::size_t size() const { return items_.size(); }
  const bpf::Insn& insn(std::size_t at) const { return items_[at].node.insn; }
  /// Of the items as they are now.
  const BlockTrace& trace() const { return now_; }
  const BlockTrace& original() const { return original_; }
  const LivePoint& live_behind() const { return live_; }

  /// What stays when the items of `removed` go and, in front of item `at`, `used` is read: without
  /// what is then dead.
  struct Rest {
    std::vector<bool> stays;  ///< by item
    RegisterSet live = 0;     ///< registers read from item `at` on
    std::uint64_t price = 0;
  };
  Rest rest(const std::vector<bool>& removed, std::size_t at, RegisterSet used) const;

  std::uint64_t price() const { return price_; }

  /// Makes the edit and drops what is dead then, if that is cheaper and right.
  bool take(const RegionEdit& edit);

  // What a verifier lets the region do: no more than it did.
  /// May these bytes be loaded? Then some register that holds the base at item `at` is the answer.
  struct Operand {
    bpf::Reg reg = bpf::Reg::r10;
    std::int16_t off = 0;
  };
  std::optional<Operand> loadable(const Pointers::Place& place, unsigned bytes,
                                  std::size_t at) const;
  /// A register that holds the base at item `at`.
  std::optional<Operand> operand(const Pointers::Place& place, std::size_t at) const;
  /// Accesses that may be merged with their neighbours: not fields that a kernel rewrites.
  bool is_plain(const MemoryUse& use) const;

  /// Everything that became of the region; no splices when nothing did.
  Change change() const;

 private:
  struct Known {
    Pointers::Place place;
    bpf::Reg reg = bpf::Reg::r0;
    unsigned bytes = 0;
    bool loads = false;
  };
  std::vector<Node> nodes_of(std::span<const RegionItem> items) const;
  std::vector<RegionItem> edited(const RegionEdit& edit) const;
  std::vector<RegionItem> pruned(std::vector<RegionItem> items) const;
  std::uint64_t price(std::span<const RegionItem> items) const;
  std::uint64_t waiting_price(const BlockTrace& trace) const;
  bool loads_no_more_often(const BlockTrace& trace) const;
  std::int64_t packet_bytes(const Pointers::Place& place) const;

  const Version& version_;
  const Aim& aim_;
  std::uint32_t first_;
  std::uint32_t last_;
  BlockValues values_;
  LivePoint live_;
  std::vector<RegionItem> items_;
  BlockTrace original_;
  BlockTrace now_;
  std::uint64_t price_ = 0;        ///< of the items as they are
  std::vector<term::Id> records_;  ///< bases in Area::other that are plain memory
  std::vector<Known> known_;       ///< plain accesses of the original
};

}  // namespace probity::opt
