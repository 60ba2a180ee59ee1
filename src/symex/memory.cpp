// SPDX-License-Identifier: Apache-2.0
// Reads resolve from the newest layer down. At a symbolic offset each cell that the offset's
// interval admits becomes one ite; the rewriter drops those whose comparison is decided. Initial
// contents are uninterpreted functions of the index, so that a constant and a symbolic offset that
// happen to be equal read the same byte.
#include "symex/memory.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace probity::symex {
namespace {

/// Largest constant table that is read at a symbolic offset, in bytes.
constexpr std::int64_t max_table_bytes = 8192;

std::optional<std::int64_t> constant_offset(Context& context, term::Id offset) {
  const auto value = context.store.literal(offset);
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(*value));
}

term::Id lit64(Context& context, std::int64_t value) {
  return context.store.lit(64, static_cast<std::uint64_t>(value));
}

term::Id plus(Context& context, term::Id offset, std::int64_t delta) {
  return delta == 0 ? offset : context.store.bin(Op::add, offset, lit64(context, delta));
}

/// The byte of a cell as a number.
term::Id number_of(Context& context, const Cell& cell) {
  if (!cell.pointer) return cell.byte;
  return context.store.extract(cell.piece * 8u, 8, as_number(*cell.pointer));
}

}  // namespace

struct Memory::Layer {
  term::Id offset;          // of a symbolic write; no term for a frozen map of cells
  std::vector<Cell> bytes;  // of a symbolic write
  Cells cells;
  std::shared_ptr<const Layer> below;
};

std::optional<Cell> Memory::read_cells(Context& context, const Cells& cells, term::Id offset,
                                       const std::optional<Cell>& below) const {
  const term::Interval range = context.intervals(offset);
  const term::Value far = term::Value{1} << 62;
  std::optional<Cell> result = below;
  if (!result && range.high < far) {
    // Initialised everywhere the offset can be: any of the cells may stand for "below".
    const auto first = cells.lower_bound(static_cast<std::int64_t>(range.low));
    const auto last = cells.upper_bound(static_cast<std::int64_t>(range.high));
    const auto covered = static_cast<term::Value>(std::distance(first, last));
    if (first != last && covered == range.high - range.low + 1) result = first->second;
  }
  for (const auto& [index, cell] : cells) {
    const auto value = static_cast<std::uint64_t>(index);
    if (range.high < far && (value < range.low || value > range.high)) continue;
    const term::Id same = context.store.eq(offset, lit64(context, index));
    if (context.store.is_false(same)) continue;
    const term::Id byte = number_of(context, cell);
    if (!result) return std::nullopt;  // may be uninitialised
    result = Cell{context.store.ite(same, byte, number_of(context, *result)), std::nullopt, 0};
  }
  return result;
}

Expected<std::optional<Cell>> Memory::read_origin(Context& context, term::Id offset) const {
  if (std::holds_alternative<Uninitialised>(origin_)) return std::nullopt;
  if (std::holds_alternative<Zeroed>(origin_))
    return Cell{context.store.lit(8, 0), std::nullopt, 0};
  if (const auto* unknown = std::get_if<Unknown>(&origin_)) {
    const std::array<term::Id, 1> index{context.store.extract(0, 32, offset)};
    return Cell{context.store.apply(unknown->function, index), std::nullopt, 0};
  }
  const auto bytes = std::get<Constant>(origin_).bytes;
  if (const auto at = constant_offset(context, offset)) {
    const bool inside = *at >= 0 && static_cast<std::uint64_t>(*at) < bytes.size();
    return Cell{context.store.lit(8, inside ? bytes[static_cast<std::size_t>(*at)] : 0),
                std::nullopt, 0};
  }
  const term::Interval range = context.intervals(offset);
  const auto size = static_cast<term::Value>(bytes.size());
  const term::Value low = std::min(range.low, size);
  const term::Value high = std::min(range.high + 1, size);
  if (high - low > static_cast<term::Value>(max_table_bytes)) {
    return error(Fault::limit, fmt::format("constant table of {} bytes read at a symbolic offset "
                                           "(limit {} bytes)",
                                           bytes.size(), max_table_bytes));
  }
  term::Id value = context.store.lit(8, 0);
  for (term::Value i = low; i < high; ++i) {
    const std::uint8_t byte = bytes[static_cast<std::size_t>(i)];
    value = context.store.ite(context.store.eq(offset, context.store.lit(64, i)),
                              context.store.lit(8, byte), value);
  }
  return Cell{value, std::nullopt, 0};
}

Expected<std::optional<Cell>> Memory::read_byte(Context& context, term::Id offset) const {
  const auto at = constant_offset(context, offset);
  if (at) {
    if (const auto found = top_.find(*at); found != top_.end()) return found->second;
  }
  // Collect the layers until one decides, then build the answer from the oldest up.
  std::vector<const Layer*> open;
  std::optional<Cell> result;
  bool decided = false;
  for (const Layer* layer = below_.get(); layer != nullptr && !decided;
       layer = layer->below.get()) {
    if (!layer->offset && at) {
      if (const auto found = layer->cells.find(*at); found != layer->cells.end()) {
        result = found->second;
        decided = true;
      }
      continue;
    }
    open.push_back(layer);
  }
  if (!decided) {
    TRY(result, read_origin(context, offset));
  }
  for (auto layer = open.rbegin(); layer != open.rend(); ++layer) {
    if (!(*layer)->offset) {
      result = read_cells(context, (*layer)->cells, offset, result);
      continue;
    }
    for (std::size_t i = 0; i < (*layer)->bytes.size(); ++i) {
      const term::Id there = plus(context, (*layer)->offset, static_cast<std::int64_t>(i));
      const term::Id same = context.store.eq(there, offset);
      if (context.store.is_false(same)) continue;
      const Cell& cell = (*layer)->bytes[i];
      if (context.store.is_true(same)) {
        result = cell;
      } else if (result) {
        result = Cell{
            context.store.ite(same, number_of(context, cell), number_of(context, *result)), {}, 0};
      }
    }
  }
  if (!at) result = read_cells(context, top_, offset, result);
  return result;
}

Expected<std::optional<Word>> Memory::read(Context& context, term::Id offset,
                                           unsigned size_bytes) const {
  std::array<Cell, 8> cells;
  for (unsigned i = 0; i < size_bytes; ++i) {
    TRY(const std::optional<Cell> cell, read_byte(context, plus(context, offset, i)));
    if (!cell) return std::nullopt;
    cells[i] = *cell;
  }
  bool whole = size_bytes == 8 && cells[0].pointer.has_value();
  for (unsigned i = 0; whole && i < 8; ++i) {
    whole = cells[i].pointer == cells[0].pointer && cells[i].piece == i;
  }
  if (whole) return *cells[0].pointer;
  term::Id value = number_of(context, cells[size_bytes - 1]);
  for (unsigned i = size_bytes - 1; i-- > 0;)
    value = context.store.concat(value, number_of(context, cells[i]));
  return Word{value, 0};
}

bool Memory::touches_pointer(Context& context, term::Id offset) const {
  const auto at = constant_offset(context, offset);
  if (!at) return false;
  const std::int64_t first = *at & ~std::int64_t{7};
  for (std::int64_t i = first; i < first + 8; ++i) {
    const auto cell = read_byte(context, lit64(context, i));
    if (cell && *cell && (*cell)->pointer) return true;
  }
  return false;
}

void Memory::write(Context& context, term::Id offset, unsigned size_bytes, Word value) {
  std::vector<Cell> bytes(size_bytes);
  for (unsigned i = 0; i < size_bytes; ++i) {
    if (value.region != 0 && size_bytes == 8) {
      bytes[i] = Cell{{}, value, static_cast<std::uint8_t>(i)};
    } else {
      bytes[i] = Cell{context.store.extract(8 * i, 8, as_number(value)), std::nullopt, 0};
    }
  }
  if (const auto at = constant_offset(context, offset)) {
    for (unsigned i = 0; i < size_bytes; ++i) top_[*at + i] = bytes[i];
    return;
  }
  if (!top_.empty()) {
    below_ = std::make_shared<Layer>(Layer{{}, {}, std::move(top_), std::move(below_)});
    top_.clear();
  }
  below_ = std::make_shared<Layer>(Layer{offset, std::move(bytes), {}, std::move(below_)});
}

std::optional<std::set<std::int64_t>> Memory::written() const {
  std::set<std::int64_t> offsets;
  const auto add = [&](const Cells& cells) {
    for (const auto& [offset, cell] : cells) offsets.insert(offset);
  };
  add(top_);
  for (const Layer* layer = below_.get(); layer != nullptr; layer = layer->below.get()) {
    if (layer->offset) return std::nullopt;
    add(layer->cells);
  }
  return offsets;
}

term::Id Memory::initial_byte(Context& context, std::int64_t index) const {
  const auto cell = read_origin(context, lit64(context, index));
  return cell && *cell ? (*cell)->byte : context.store.lit(8, 0);
}

void Memory::reset(Origin origin) {
  origin_ = origin;
  top_.clear();
  below_.reset();
}

}  // namespace probity::symex
