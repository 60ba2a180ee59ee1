// SPDX-License-Identifier: Apache-2.0
// See retile_cover.hpp. Branch and bound on the lowest byte that is not right yet.
#include "opt/retile_cover.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <ranges>

namespace probity::opt {
namespace {

constexpr unsigned step_limit = 20'000;
constexpr unsigned widest = 8;

class Search {
 public:
  Search(std::span<const Tile> tiles, const CoverPrices& prices, std::uint64_t limit,
         std::size_t count)
      : tiles_(tiles), prices_(prices), limit_(limit), count_(count) {
    for (unsigned byte = 0; byte < 64; ++byte) {
      for (std::uint32_t i = 0; i < tiles.size(); ++i) {
        if ((tiles[i].right >> byte & 1) != 0) by_byte_[byte].push_back(i);
      }
      std::ranges::stable_sort(by_byte_[byte], [&](std::uint32_t a, std::uint32_t b) {
        const int more = std::popcount(tiles[a].right) - std::popcount(tiles[b].right);
        return more != 0 ? more > 0 : tiles[a].price < tiles[b].price;
      });
    }
    for (const Tile& tile : tiles) cheapest_ = std::min(cheapest_, tile.price);
  }

  void run(ByteSet missing, std::uint64_t price, std::uint32_t kept) {
    if (++steps_ > step_limit) return;
    if (missing == 0) {
      note(price);
      return;
    }
    const auto left = static_cast<std::uint64_t>((std::popcount(missing) + widest - 1) / widest);
    if (price + left * cheapest_ >= limit_) return;
    for (const std::uint32_t i : by_byte_[static_cast<unsigned>(std::countr_zero(missing))]) {
      const Tile& tile = tiles_[i];
      std::uint64_t next = price + tile.price;
      std::uint32_t next_kept = kept;
      if (tile.source_reg != Tile::no_reg && (kept >> tile.source_reg & 1) == 0) {
        next += prices_.keep[tile.source_reg];
        next_kept |= 1u << tile.source_reg;
      }
      if (next >= limit_) continue;
      chosen_.push_back(i);
      run(missing & ~tile.right, next, next_kept);
      chosen_.pop_back();
    }
  }

  std::vector<Cover> found() && { return std::move(found_); }

 private:
  /// From the last one back: a tile may spoil only what a later one gets right.
  std::optional<std::vector<std::uint32_t>> in_order() const {
    std::vector<std::uint32_t> left = chosen_;
    std::vector<std::uint32_t> order;
    ByteSet settled = 0;
    while (!left.empty()) {
      const auto last = std::find_if(left.rbegin(), left.rend(), [&](std::uint32_t i) {
        return (tiles_[i].spoiled & ~settled) == 0;
      });
      if (last == left.rend()) return std::nullopt;
      settled |= tiles_[*last].right;
      order.push_back(*last);
      left.erase(std::next(last).base());
    }
    std::ranges::reverse(order);
    return order;
  }

  /// Does the load of a tile find its bytes in more than one store of the run before?
  bool waits(const Tile& loading, std::span<const std::uint32_t> order) const {
    for (const std::uint32_t i : order | std::views::reverse) {
      if ((tiles_[i].written & loading.read) == 0) continue;
      return loading.reads_beyond || (loading.read & ~tiles_[i].written) != 0;
    }
    return false;
  }

  void note(std::uint64_t price) {
    auto order = in_order();
    if (!order) return;
    if (prices_.wait != 0) {
      const auto count =
          std::ranges::count_if(*order, [&](std::uint32_t i) { return waits(tiles_[i], *order); });
      price += static_cast<std::uint64_t>(count) * prices_.wait;
      if (price >= limit_) return;
    }
    const auto place = std::ranges::upper_bound(found_, price, {}, &Cover::price);
    found_.insert(place, {std::move(*order), price});
    if (found_.size() <= count_) return;
    found_.pop_back();
    limit_ = std::min(limit_, found_.back().price);
  }

  std::span<const Tile> tiles_;
  const CoverPrices& prices_;
  std::uint64_t limit_;
  std::size_t count_;
  std::uint64_t cheapest_ = ~std::uint64_t{0};
  unsigned steps_ = 0;
  std::vector<std::uint32_t> by_byte_[64];
  std::vector<std::uint32_t> chosen_;
  std::vector<Cover> found_;
};

}  // namespace

std::vector<Cover> cheapest_covers(std::span<const Tile> tiles, ByteSet wanted,
                                   const CoverPrices& prices, std::uint64_t limit,
                                   std::size_t count) {
  Search search(tiles, prices, limit, count);
  search.run(wanted, 0, 0);
  return std::move(search).found();
}

}  // namespace probity::opt
