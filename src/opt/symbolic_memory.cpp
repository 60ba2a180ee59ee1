// SPDX-License-Identifier: Apache-2.0
// See symbolic_memory.hpp.
#include "opt/symbolic_memory.hpp"

#include <fmt/core.h>

namespace probity::opt {

using term::Id;

std::optional<Area> area_of(Kind kind) {
  switch (kind) {
    case Kind::ctx: return Area::ctx;
    case Kind::stack: return Area::stack;
    case Kind::packet: return Area::packet;
    case Kind::packet_meta: return Area::metadata;
    case Kind::map_value:
    case Kind::map_value_or_null: return Area::map_value;
    case Kind::other:
    case Kind::other_or_null: return Area::other;
    case Kind::nothing:
    case Kind::any:
    case Kind::number:
    case Kind::packet_end:
    case Kind::map: return std::nullopt;
  }
  return std::nullopt;
}

Id Pointers::var(std::string_view name, Area area) {
  const Id result = store_.var(64, name);
  areas_.emplace(result, area);
  return result;
}

void Pointers::add(Id term, std::uint64_t factor, Sum* sum) const {
  if (const auto literal = store_.literal(term)) {
    sum->constant += factor * static_cast<std::uint64_t>(*literal);
    return;
  }
  const auto args = store_.args(term);
  if (store_.kind(term) == term::Kind::add) {
    for (const Id arg : args) add(arg, factor, sum);
    return;
  }
  if (store_.kind(term) == term::Kind::mul) {
    if (const auto literal = store_.literal(args[1])) {
      add(args[0], factor * static_cast<std::uint64_t>(*literal), sum);
      return;
    }
  }
  const auto found = areas_.find(term);
  if (found == areas_.end()) return;
  if (factor != 1 || sum->area) sum->is_address = false;
  sum->area = found->second;
}

std::optional<Pointers::Place> Pointers::resolve(Id address) const {
  Sum sum;
  add(address, 1, &sum);
  if (!sum.is_address || !sum.area) return std::nullopt;
  const Id base = store_.bin(Op::sub, address, store_.lit(64, sum.constant));
  return Place{*sum.area, base, static_cast<std::int64_t>(sum.constant)};
}

Id Memory::stack(std::int64_t offset) const {
  const auto found = stack_.find(offset);
  if (found != stack_.end()) return found->second;
  const std::string_view whose = is_shared_still(offset) ? "" : std::string_view(name_);
  return store_->var(8, fmt::format("{}stack byte r10{:+}", whose, offset));
}

bool Memory::is_shared_still(std::int64_t offset) const {
  const auto i = static_cast<std::uint64_t>(offset + static_cast<std::int64_t>(stack_bytes));
  return i < stack_bytes && shared_[i] && !stack_.contains(offset);
}

/// Named by what was written through other bases since the segment began as well: terms are
/// unique, so their ids say it.
Id Memory::unwritten(Area area, std::size_t segment, Id base, std::int64_t offset) const {
  std::string name =
      fmt::format("{}:{}:{}[{}]", static_cast<int>(area), segment, base.index, offset);
  const auto& list = segments_[static_cast<std::size_t>(area)];
  if (segment < list.size() && list[segment].base != base) {
    name += fmt::format("after {}", list[segment].base.index);
    for (const auto& [at, byte] : list[segment].bytes) {
      name += fmt::format(",{}={}", at, byte.index);
    }
  }
  return store_->var(8, name);
}

Id Memory::byte_of(Area area, std::size_t segment, std::int64_t offset) const {
  const Segment& written = segments_[static_cast<std::size_t>(area)][segment];
  const auto found = written.bytes.find(offset);
  if (found != written.bytes.end()) return found->second;
  return unwritten(area, segment, written.base, offset);
}

Id Memory::load(const Pointers::Place& place) {
  if (place.area == Area::stack) return stack(place.offset);
  const auto& list = segments_[static_cast<std::size_t>(place.area)];
  if (list.empty()) return unwritten(place.area, 0, place.base, place.offset);
  const std::size_t last = list.size() - 1;
  if (list[last].base == place.base) return byte_of(place.area, last, place.offset);
  return unwritten(place.area, last, place.base, place.offset);
}

void Memory::store(const Pointers::Place& place, Id byte) {
  if (place.area == Area::stack) {
    stack_[place.offset] = byte;
    return;
  }
  auto& list = segments_[static_cast<std::size_t>(place.area)];
  if (list.empty() || list.back().base != place.base) list.push_back({place.base, {}});
  list.back().bytes[place.offset] = byte;
}

}  // namespace probity::opt
