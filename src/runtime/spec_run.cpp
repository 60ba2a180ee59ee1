// SPDX-License-Identifier: Apache-2.0
// See spec_run.hpp. A pointer into the packet is kept as its distance from where data was at entry,
// so that it names the same byte of memory after the packet moved.
#include "runtime/spec_run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/map.hpp"
#include "runtime/spec_rule.hpp"

namespace probity::runtime {
namespace {

using program::SpecCall;
using Byte = Bv<Concrete, 8>;
using Number = Bv<Concrete, 64>;

constexpr std::uint8_t call_opcode = 0x85;

bool asks_in(const program::View& program) {
  for (const bpf::Slot& slot : program.slots) {
    const auto helper = static_cast<std::uint32_t>(slot.imm);
    if (slot.opcode == call_opcode && program::is_spec_call(helper)) return true;
  }
  return std::ranges::any_of(program.tail_targets,
                             [](const program::TailTarget& to) { return asks_in(*to.program); });
}

std::vector<Byte> words(const Bytes& bytes) {
  std::vector<Byte> result;
  for (const std::uint8_t byte : bytes) result.push_back(Byte::lit(byte));
  return result;
}

bool is_array(const Map& map) {
  const program::MapType type = map.definition().type;
  return type == program::MapType::array || type == program::MapType::percpu_array;
}

bool is_set(Bool<Concrete> value) {
  return value.raw() != 0;
}

bool same(const Bytes& a, const Bytes& b) {
  return a.size() == b.size() && is_set(same_bytes<Concrete>(words(a), words(b)));
}

Bytes low_bytes(std::uint64_t value, std::uint64_t size_bytes) {
  Bytes bytes;
  for (std::uint64_t i = 0; i < size_bytes; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i < 8 ? value >> (8 * i) : 0));
  }
  return bytes;
}

}  // namespace

void SpecRun::begin(Session& session) {
  demands_.clear();
  if (!looked_) asks_ = asks_in(session.program());
  looked_ = true;
  if (!asks_) return;
  const auto data = session.packet().data();
  packet_.assign(data.begin(), data.end());
  data_at_ = session.packet().data_place();
  length_ = session.packet().length();
  maps_.clear();
  for (const program::MapDef& definition : session.program().maps) {
    const Map* map = session.find_map(definition.name);
    if (definition.read_only || map == nullptr) continue;
    maps_.emplace_back(map, MapContents{std::string(definition.name), map->entries()});
  }
}

std::optional<SpecRun::Place> SpecRun::place_of(HelperCall& call, unsigned index,
                                                std::uint64_t size_bytes) {
  const Address address = call.arg(index);
  const std::uint32_t number = region_of(address);
  const auto offset = static_cast<std::int32_t>(offset_of(address));
  if (number == call.session.packet_region()) {
    const std::int64_t from = call.session.packet().visible_place() - data_at_;
    return Place{true, from + offset, address, size_bytes};
  }
  const auto& regions = call.machine.regions;
  if (number < regions.size() && regions[number].kind != RegionKind::null) {
    return Place{false, offset, address, size_bytes};
  }
  call.machine.raise(FaultKind::bad_helper_argument, address, size_bytes);
  call.session.explain(
      fmt::format("a specification names memory that is not there: argument {}", index));
  return std::nullopt;
}

HelperFlow SpecRun::keep(HelperCall& call, Demand demand) {
  demands_.push_back(std::move(demand));
  return call.returns(0);
}

HelperFlow SpecRun::keep_target(HelperCall& call, Demand demand, unsigned target, unsigned size) {
  const auto place = place_of(call, target, call.arg(size));
  if (!place) return HelperFlow::fault;
  if (region_of(place->address) == region::ctx) {
    const unsigned bytes = static_cast<unsigned>(std::min<std::uint64_t>(place->size_bytes, 8));
    const SlowAccess read = call.session.ctx_load(call.machine, offset_of(place->address), bytes);
    if (read.outcome == Outcome::fault) return HelperFlow::fault;
  }
  demand.place = *place;
  return keep(call, std::move(demand));
}

HelperFlow SpecRun::assume_key(HelperCall& call, SpecCall kind) {
  Map* map = call.map(1);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint8_t* key = call.memory(2, map->definition().key_size, Access::read);
  if (key == nullptr) return HelperFlow::fault;
  const bool there = map->lookup({key, map->definition().key_size}) != nullptr;
  call.session.record(assumption_event,
                      {there == (kind == SpecCall::map_has), call.machine.environment_slot}, {});
  return call.returns(0);
}

HelperFlow SpecRun::keep_entry(HelperCall& call, Demand demand) {
  demand.map = call.map(1);
  if (demand.map == nullptr) return HelperFlow::fault;
  if (demand.call == SpecCall::map_unchanged) return keep(call, std::move(demand));
  const std::uint32_t key_bytes = demand.map->definition().key_size;
  const std::uint8_t* key = call.memory(2, key_bytes, Access::read);
  if (key == nullptr) return HelperFlow::fault;
  demand.key.assign(key, key + key_bytes);
  const std::uint8_t* value = call.memory(3, demand.map->value_bytes(), Access::read);
  if (value == nullptr) return HelperFlow::fault;
  demand.bytes.assign(value, value + demand.map->value_bytes());
  return keep(call, std::move(demand));
}

HelperFlow SpecRun::keep_range(HelperCall& call, Demand demand) {
  const auto place = place_of(call, 1, call.arg(2));
  if (!place) return HelperFlow::fault;
  demand.place = *place;
  if (!place->in_packet) {
    demand.host = translate(call.machine.regions.data(), call.machine.regions.size(),
                            place->address, 0, Access::read);
    const auto owner = owner_of(call.session, demand.host);
    if (!owner) {
      return call.refuse(FaultKind::bad_helper_argument, place->address,
                         "BPF_ASSERT_ONLY_MODIFIES takes the packet or a value in a map");
    }
    demand.map = owner->map;
    demand.key = owner->key;
    demand.host -= owner->offset;
    demand.place.offset = static_cast<std::int64_t>(owner->offset);
  }
  return keep(call, std::move(demand));
}

std::optional<SpecRun::Owner> SpecRun::owner_of(Session& session, const std::uint8_t* host) const {
  if (host == nullptr) return std::nullopt;
  for (const program::MapDef& definition : session.program().maps) {
    Map* map = session.find_map(definition.name);
    if (map == nullptr) continue;
    if (auto found = map->key_at(host)) return Owner{map, std::move(found->key), found->offset};
  }
  return std::nullopt;
}

/// Nothing: the map had no such key.
std::optional<Bytes> SpecRun::value_at_entry(const Owner& owner) const {
  const auto of_map =
      std::ranges::find(maps_, owner.map, [](const auto& pair) { return pair.first; });
  if (of_map != maps_.end()) {
    for (const MapEntry& entry : of_map->second.entries) {
      if (entry.key == owner.key) return entry.value;
    }
  }
  if (owner.map->definition().read_only) {
    Bytes value(owner.map->definition().initial.begin(), owner.map->definition().initial.end());
    value.resize(owner.map->value_bytes());
    return value;
  }
  if (is_array(*owner.map)) return Bytes(owner.map->value_bytes(), 0);  // never touched
  return std::nullopt;
}

std::optional<Bytes> SpecRun::old_bytes(HelperCall& call, const Place& place) const {
  const auto size = static_cast<std::int64_t>(place.size_bytes);
  if (place.in_packet) {
    const Bool<Concrete> inside =
        spec_inside(Number::lit(static_cast<std::uint64_t>(place.offset)),
                    Number::lit(place.size_bytes), Number::lit(0), Number::lit(packet_.size()));
    if (!is_set(inside)) return std::nullopt;
    return Bytes(packet_.begin() + place.offset, packet_.begin() + place.offset + size);
  }
  const std::uint8_t* host = translate(call.machine.regions.data(), call.machine.regions.size(),
                                       place.address, place.size_bytes, Access::read);
  const auto owner = owner_of(call.session, host);
  const auto value = owner ? value_at_entry(*owner) : std::nullopt;
  if (!value || owner->offset + place.size_bytes > value->size()) return std::nullopt;
  const auto first = value->begin() + static_cast<std::ptrdiff_t>(owner->offset);
  return Bytes(first, first + size);
}

HelperFlow SpecRun::give_old(HelperCall& call) {
  constexpr std::uint64_t widest = 8;
  const std::uint64_t size = call.arg(2);
  const auto place = place_of(call, 1, size);
  if (!place) return HelperFlow::fault;
  if (size == 0 || size > widest) {
    return call.refuse(FaultKind::bad_helper_argument, size,
                       fmt::format("BPF_OLD of {} bytes (limit {})", size, widest));
  }
  const auto bytes = old_bytes(call, *place);
  if (!bytes) call.session.record(violation_event, {call.machine.environment_slot}, {});
  std::uint64_t value = 0;
  for (std::size_t i = 0; bytes && i < bytes->size(); ++i) {
    value |= std::uint64_t{(*bytes)[i]} << (8 * i);
  }
  call.machine.regs[0] = value;
  return HelperFlow::next;
}

HelperFlow SpecRun::call(HelperCall& call) {
  const auto kind = static_cast<SpecCall>(call.helper);
  const std::uint64_t slot = call.machine.environment_slot;
  Demand demand{kind,   call.machine.environment_slot, true, call.arg(1), {}, {}, {}, nullptr,
                nullptr};
  switch (kind) {
    case SpecCall::assert_true:
      if (call.arg(1) == 0) call.session.record(violation_event, {slot}, {});
      return call.returns(0);
    case SpecCall::assume:
      call.session.record(assumption_event, {call.arg(1) != 0, slot}, {});
      return call.returns(0);
    case SpecCall::probe: call.session.record(probe_event, {slot}, {}); return call.returns(0);
    case SpecCall::assert_unreachable:
      call.session.record(violation_event, {slot}, {});
      return call.returns(0);
    case SpecCall::ignore_map_state:
    case SpecCall::leave: return call.returns(0);
    case SpecCall::assert_return:
    case SpecCall::assert_not_return:
    case SpecCall::len_delta: return keep(call, std::move(demand));
    case SpecCall::leads_to_action:
      demand.condition = call.arg(1) != 0;
      demand.number = call.arg(2);
      return keep(call, std::move(demand));
    case SpecCall::if_eq:
    case SpecCall::if_neq: demand.condition = call.arg(1) != 0; [[fallthrough]];
    case SpecCall::if_action_eq:
    case SpecCall::if_action_neq:
      demand.bytes = low_bytes(call.arg(4), call.arg(3));
      return keep_target(call, std::move(demand), 2, 3);
    case SpecCall::assert_constant:
    case SpecCall::end_eq_addr: {
      const bool constant = kind == SpecCall::assert_constant;
      const unsigned size = constant ? 2 : 3;
      const std::uint8_t* bytes = call.memory(constant ? 1 : 2, call.arg(size), Access::read);
      if (bytes == nullptr) return HelperFlow::fault;
      demand.bytes.assign(bytes, bytes + call.arg(size));
      return keep_target(call, std::move(demand), 1, size);
    }
    case SpecCall::map_has:
    case SpecCall::map_lacks: return assume_key(call, kind);
    case SpecCall::map_unchanged:
    case SpecCall::map_key_eq: return keep_entry(call, std::move(demand));
    case SpecCall::only_modifies: return keep_range(call, std::move(demand));
    case SpecCall::old: return give_old(call);
  }
  return call.refuse(FaultKind::unknown_helper, call.helper, "not a specification");
}

std::optional<Bytes> SpecRun::read(Session& session, Machine& machine, const Place& place) const {
  const auto size = static_cast<std::ptrdiff_t>(place.size_bytes);
  if (place.in_packet) {
    PacketBuffer& packet = session.packet();
    const std::int64_t low = packet.visible_place() - data_at_;
    const std::span<std::uint8_t> bytes = packet.visible();
    const auto high = low + static_cast<std::int64_t>(bytes.size());
    const Bool<Concrete> inside =
        spec_inside(Number::lit(static_cast<std::uint64_t>(place.offset)),
                    Number::lit(place.size_bytes), Number::lit(static_cast<std::uint64_t>(low)),
                    Number::lit(static_cast<std::uint64_t>(high)));
    if (!is_set(inside)) return std::nullopt;
    const auto first = bytes.begin() + (place.offset - low);
    return Bytes(first, first + size);
  }
  const std::uint32_t number = region_of(place.address);
  if (number == region::ctx) {
    const SlowAccess value = session.ctx_load(machine, offset_of(place.address),
                                              static_cast<unsigned>(place.size_bytes));
    if (value.outcome != Outcome::done) return std::nullopt;
    return low_bytes(value.value, place.size_bytes);
  }
  // The main function's frame is the first; all others have returned.
  if (number > region::first_stack && number < region::first_free) return std::nullopt;
  const std::uint8_t* host = translate(machine.regions.data(), machine.regions.size(),
                                       place.address, place.size_bytes, Access::read);
  if (host == nullptr) return std::nullopt;
  return Bytes(host, host + size);
}

bool SpecRun::unchanged(const Map& map) const {
  const auto before = std::ranges::find(maps_, &map, [](const auto& pair) { return pair.first; });
  if (before == maps_.end()) return true;  // read-only
  const std::vector<MapEntry> now = map.entries();
  const bool array = is_array(map);
  const auto entry_in = [](const std::vector<MapEntry>& list, const Bytes& key) {
    const auto found = std::ranges::find(list, key, &MapEntry::key);
    return found == list.end() ? nullptr : &*found;
  };
  const auto right = [&](const Bytes& key) {
    const MapEntry* was = entry_in(before->second.entries, key);
    const MapEntry* is = entry_in(now, key);
    const Bytes zeros(map.value_bytes(), 0);
    const Bytes& old_value = was != nullptr ? was->value : zeros;
    const Bytes& new_value = is != nullptr ? is->value : zeros;
    const bool both_there = array;  // blocks of an array appear when they are first touched
    return is_set(spec_entry_unchanged<Concrete>(Bool<Concrete>::lit(both_there || was != nullptr),
                                                 Bool<Concrete>::lit(both_there || is != nullptr),
                                                 Bool<Concrete>::lit(same(old_value, new_value))));
  };
  const auto all = [&](const std::vector<MapEntry>& list) {
    return std::ranges::all_of(list, right, &MapEntry::key);
  };
  return all(before->second.entries) && all(now);
}

/// All statements about the object of `first` together.
bool SpecRun::only_modified(Session& session, const Demand& first) const {
  std::vector<SpecRange<Concrete>> ranges;
  for (const Demand& other : demands_) {
    if (other.call != SpecCall::only_modifies || other.host != first.host) continue;
    ranges.push_back({Number::lit(static_cast<std::uint64_t>(other.place.offset)),
                      Number::lit(other.place.size_bytes)});
  }
  const auto right = [&](std::int64_t at, std::uint8_t before, std::uint8_t after) {
    return is_set(spec_byte_right<Concrete>(Number::lit(static_cast<std::uint64_t>(at)), ranges,
                                            Byte::lit(before), Byte::lit(after)));
  };
  if (first.host != nullptr) {
    const auto old = value_at_entry({first.map, first.key, 0});
    if (!old) return false;
    for (std::size_t i = 0; i < old->size(); ++i) {
      if (!right(static_cast<std::int64_t>(i), (*old)[i], first.host[i])) return false;
    }
    return true;
  }
  const std::int64_t low = session.packet().data_place() - data_at_;
  const std::span<std::uint8_t> now = session.packet().data();
  for (std::size_t i = 0; i < packet_.size(); ++i) {
    const std::int64_t at = static_cast<std::int64_t>(i) - low;
    if (at < 0 || at >= static_cast<std::int64_t>(now.size())) continue;
    if (!right(static_cast<std::int64_t>(i), packet_[i], now[static_cast<std::size_t>(at)]))
      return false;
  }
  return true;
}

bool SpecRun::holds(Session& session, Machine& machine, const Demand& demand) const {
  const auto verdict = Bv<Concrete, 32>::lit(machine.regs[0]);
  const auto number = Number::lit(demand.number);
  const auto condition = Bool<Concrete>::lit(demand.condition ? 1 : 0);
  if (!is_set(spec_applies<Concrete>(demand.call, condition, number, verdict))) return true;
  switch (demand.call) {
    case SpecCall::assert_return:
    case SpecCall::assert_not_return:
    case SpecCall::leads_to_action:
      return is_set(spec_verdict_right<Concrete>(demand.call, number, verdict));
    case SpecCall::assert_constant:
    case SpecCall::end_eq_addr:
    case SpecCall::if_action_eq:
    case SpecCall::if_action_neq:
    case SpecCall::if_eq:
    case SpecCall::if_neq: {
      const auto found = read(session, machine, demand.place);
      return found &&
             is_set(spec_bytes_right<Concrete>(demand.call, words(demand.bytes), words(*found)));
    }
    case SpecCall::len_delta:
      return is_set(spec_length_right<Concrete>(number, Number::lit(length_),
                                                Number::lit(session.packet().length())));
    case SpecCall::map_unchanged: return unchanged(*demand.map);
    case SpecCall::map_key_eq: {
      const std::uint8_t* value = demand.map->lookup(demand.key);
      const Bytes found =
          value == nullptr ? demand.bytes : Bytes(value, value + demand.map->value_bytes());
      return is_set(spec_entry_right<Concrete>(Bool<Concrete>::lit(value != nullptr),
                                               Bool<Concrete>::lit(same(demand.bytes, found))));
    }
    case SpecCall::only_modifies: return only_modified(session, demand);
    case SpecCall::assert_true:
    case SpecCall::assume:
    case SpecCall::probe:
    case SpecCall::assert_unreachable:
    case SpecCall::map_has:
    case SpecCall::map_lacks:
    case SpecCall::ignore_map_state:
    case SpecCall::old:
    case SpecCall::leave: return true;  // never kept
  }
  return true;
}

void SpecRun::end(Session& session, Machine& machine) {
  for (const Demand& demand : demands_) {
    if (!holds(session, machine, demand)) session.record(violation_event, {demand.slot}, {});
  }
}

}  // namespace probity::runtime
