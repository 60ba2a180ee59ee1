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

term::Id defined_of(Context& context, const Cell& cell) {
  return cell.defined ? cell.defined : context.store.true_();
}

/// `yes` where `condition` holds, else `no`.
Cell choose(Context& context, term::Id condition, const Cell& yes, const Cell& no);

/// The byte of a cell as a number.
term::Id number_of(Context& context, const Cell& cell) {
  if (!cell.pointer) return cell.byte;
  return context.store.extract(cell.piece * 8u, 8, as_number(*cell.pointer));
}

Cell choose(Context& context, term::Id condition, const Cell& yes, const Cell& no) {
  term::Store& store = context.store;
  Cell cell{store.ite(condition, number_of(context, yes), number_of(context, no)), std::nullopt, 0};
  if (yes.defined || no.defined) {
    const term::Id defined =
        store.ite(condition, defined_of(context, yes), defined_of(context, no));
    if (!store.is_true(defined)) cell.defined = defined;
  }
  return cell;
}

/// A constant that an offset may be, and when it is.
struct OffsetCase {
  term::Id condition;
  std::int64_t offset = 0;
};
constexpr std::size_t max_cases = 16;

/// The constants that `offset` chooses between, or nothing if it is not such a choice.
std::optional<std::vector<OffsetCase>> cases_of(Context& context, term::Id offset) {
  term::Store& store = context.store;
  if (const auto value = constant_offset(context, offset)) {
    return std::vector<OffsetCase>{{store.true_(), *value}};
  }
  const auto args = store.args(offset);
  if (store.kind(offset) == term::Kind::ite) {
    const term::Id condition = args[0];
    auto yes = cases_of(context, args[1]);
    const auto no = cases_of(context, store.args(offset)[2]);
    if (!yes || !no || yes->size() + no->size() > max_cases) return std::nullopt;
    for (OffsetCase& one : *yes) one.condition = store.and_(condition, one.condition);
    for (const OffsetCase& one : *no) {
      yes->push_back({store.and_(store.not_(condition), one.condition), one.offset});
    }
    return yes;
  }
  if (store.kind(offset) != term::Kind::add) return std::nullopt;
  const term::Id right = args[1];
  const auto left = cases_of(context, args[0]);
  if (!left) return std::nullopt;
  const auto other = cases_of(context, right);
  if (!other || left->size() * other->size() > max_cases) return std::nullopt;
  std::vector<OffsetCase> sums;
  for (const OffsetCase& a : *left) {
    for (const OffsetCase& b : *other) {
      const term::Id both = store.and_(a.condition, b.condition);
      if (store.is_false(both)) continue;
      sums.push_back({both, static_cast<std::int64_t>(static_cast<std::uint64_t>(a.offset) +
                                                      static_cast<std::uint64_t>(b.offset))});
    }
  }
  return sums;
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
    if (!result) return std::nullopt;  // may be uninitialised
    result = choose(context, same, cell, *result);
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
        result = choose(context, same, cell, *result);
      }
    }
  }
  if (!at) result = read_cells(context, top_, offset, result);
  return result;
}

Expected<std::optional<Word>> Memory::read(Context& context, term::Id offset,
                                           unsigned size_bytes) const {
  const auto cases = cases_of(context, offset);
  if (!cases || cases->size() < 2) return read_at(context, offset, size_bytes);
  std::optional<term::Id> value;
  for (const OffsetCase& one : *cases) {
    TRY(const std::optional<Word> word, read_at(context, lit64(context, one.offset), size_bytes));
    if (!word) return std::nullopt;
    const term::Id number = as_number(*word);
    value = value ? context.store.ite(one.condition, number, *value) : number;
  }
  return Word{*value, 0};
}

term::Id Memory::defined(Context& context, term::Id offset, unsigned size_bytes) const {
  term::Id result = context.store.true_();
  for (unsigned i = 0; partial_ && i < size_bytes; ++i) {
    const auto cell = read_byte(context, plus(context, offset, i));
    if (cell && *cell) result = context.store.and_(result, defined_of(context, **cell));
  }
  return result;
}

Expected<std::optional<Word>> Memory::read_at(Context& context, term::Id offset,
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
  if (value.region == 0) {
    if (const auto cases = cases_of(context, offset)) {
      for (const OffsetCase& one : *cases) write_if(context, one.condition, one.offset, bytes);
      return;
    }
  }
  if (!top_.empty()) {
    below_ = std::make_shared<Layer>(Layer{{}, {}, std::move(top_), std::move(below_)});
    top_.clear();
  }
  below_ = std::make_shared<Layer>(Layer{offset, std::move(bytes), {}, std::move(below_)});
}

void Memory::write_if(Context& context, term::Id condition, std::int64_t offset,
                      std::span<const Cell> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::int64_t at = offset + static_cast<std::int64_t>(i);
    const auto before = read_byte(context, lit64(context, at));
    if (before && *before) {
      top_[at] = choose(context, condition, bytes[i], **before);
      continue;
    }
    top_[at] = bytes[i];
    top_[at].defined = condition;
    partial_ = true;
  }
}

bool Memory::same_origin(const Memory& a, const Memory& b) {
  if (a.origin_.index() != b.origin_.index()) return false;
  if (const auto* unknown = std::get_if<Unknown>(&a.origin_)) {
    return unknown->function == std::get<Unknown>(b.origin_).function;
  }
  if (const auto* constant = std::get_if<Constant>(&a.origin_)) {
    return std::ranges::equal(constant->bytes, std::get<Constant>(b.origin_).bytes);
  }
  return true;
}

/// All cells in one map, or nothing if some write had no constant offset.
std::optional<Memory::Cells> Memory::flat() const {
  std::vector<const Layer*> layers;
  for (const Layer* layer = below_.get(); layer != nullptr; layer = layer->below.get()) {
    if (layer->offset) return std::nullopt;
    layers.push_back(layer);
  }
  Cells cells;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    for (const auto& [offset, cell] : (*layer)->cells) cells[offset] = cell;
  }
  for (const auto& [offset, cell] : top_) cells[offset] = cell;
  return cells;
}

void Memory::merge_byte(Context& context, term::Id condition, const Memory& a, const Memory& b,
                        std::int64_t offset, const JoinWords& join) {
  const term::Id at = lit64(context, offset);
  const auto first = a.read_byte(context, at);
  const auto second = b.read_byte(context, at);
  const bool in_a = first && *first;
  const bool in_b = second && *second;
  if (!in_a && !in_b) return;
  /// The eight bytes that a piece of a pointer on the other side belongs to.
  const auto whole = [&](const Memory& memory, std::uint8_t piece) -> std::optional<Word> {
    const auto word = memory.read_at(context, lit64(context, offset - piece), 8);
    return word ? *word : std::nullopt;
  };
  if (in_a && in_b) {
    const Cell& x = **first;
    const Cell& y = **second;
    const std::uint8_t piece = x.pointer ? x.piece : y.piece;
    const bool split = x.pointer && y.pointer && x.piece != y.piece;
    const auto left = x.pointer ? x.pointer : y.pointer ? whole(a, piece) : std::nullopt;
    const auto right = y.pointer ? y.pointer : x.pointer ? whole(b, piece) : std::nullopt;
    Cell cell = choose(context, condition, x, y);
    if (left && right && !split) {
      cell.pointer = join.join(*left, *right);
      cell.piece = piece;
    }
    top_[offset] = cell;
  } else {
    Cell cell = in_a ? **first : **second;
    if (!in_a && cell.pointer) cell.pointer = join.carry(*cell.pointer);
    const term::Id here = in_a ? condition : context.store.not_(condition);
    cell.defined = context.store.and_(here, defined_of(context, cell));
    top_[offset] = cell;
  }
  partial_ = partial_ || top_[offset].defined;
}

std::optional<Memory> Memory::merged(Context& context, term::Id condition, const Memory& a,
                                     const Memory& b, std::uint64_t size_bytes,
                                     const JoinWords& join) {
  constexpr std::uint64_t max_materialised = 512;
  const bool alike = same_origin(a, b);
  if (!alike && size_bytes > max_materialised) return std::nullopt;
  std::set<std::int64_t> offsets;
  Memory result(a.origin_);
  const bool moves = b.mentions(join.moved);
  if (alike && a.below_ == b.below_ && !moves) {
    result.below_ = a.below_;
    for (const auto& [offset, cell] : a.top_) offsets.insert(offset);
    for (const auto& [offset, cell] : b.top_) offsets.insert(offset);
  } else {
    auto first = a.written();
    const auto second = b.written();
    if (!first || !second) return std::nullopt;
    offsets = std::move(*first);
    offsets.insert(second->begin(), second->end());
    for (std::uint64_t i = 0; !alike && i < size_bytes; ++i) {
      offsets.insert(static_cast<std::int64_t>(i));
    }
  }
  result.partial_ = a.partial_ || b.partial_;
  for (const std::int64_t offset : offsets) {
    result.merge_byte(context, condition, a, b, offset, join);
  }
  return result;
}

bool Memory::mentions(const std::function<bool(RegionId)>& test) const {
  const auto in = [&](const auto& cell) {
    return cell.pointer && test(base_of(cell.pointer->region));
  };
  const auto in_map = [&](const auto& entry) { return in(entry.second); };
  if (std::ranges::any_of(top_, in_map)) return true;
  for (const Layer* layer = below_.get(); layer != nullptr; layer = layer->below.get()) {
    if (std::ranges::any_of(layer->cells, in_map)) return true;
    if (std::ranges::any_of(layer->bytes, in)) return true;
  }
  return false;
}

void Memory::replace_words(const std::function<Word(Word)>& replace) {
  const auto in = [&](Cells& cells) {
    for (auto& [offset, cell] : cells) {
      if (cell.pointer) cell.pointer = replace(*cell.pointer);
    }
  };
  in(top_);
  if (auto cells = flat(); cells && below_) {
    in(*cells);
    top_ = std::move(*cells);
    below_.reset();
  }
}

std::vector<term::Id> Memory::written_terms() const {
  std::vector<term::Id> terms;
  const auto add = [&terms](const Cell& cell) {
    if (cell.byte) terms.push_back(cell.byte);
    if (cell.pointer) terms.push_back(cell.pointer->term);
  };
  for (const auto& [offset, cell] : top_) add(cell);
  for (const Layer* layer = below_.get(); layer != nullptr; layer = layer->below.get()) {
    if (layer->offset) terms.push_back(layer->offset);
    for (const Cell& cell : layer->bytes) add(cell);
    for (const auto& [offset, cell] : layer->cells) add(cell);
  }
  return terms;
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
