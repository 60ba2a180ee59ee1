// SPDX-License-Identifier: Apache-2.0
// Helpers that hand data out: perf events, ring buffers and trace messages. What is handed out is
// recorded; nobody consumes it during a run, so a ring buffer fills up as it would in the kernel.
#include <array>
#include <cstring>

#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

Bytes copy(const std::uint8_t* bytes, std::uint64_t size) {
  return {bytes, bytes + size};
}

/// bpf_xdp_event_output, bpf_skb_event_output: without a reader the slot is empty and the kernel
/// says -ENOENT.
HelperFlow perf_event_output(HelperCall& call) {
  constexpr std::uint64_t index_mask = 0xffff'ffff;
  constexpr std::uint64_t length_mask = 0xfffffull << 32;
  Map* map = call.map(2);
  if (map == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t size = call.arg(5);
  const std::uint8_t* data = call.memory(4, size, Access::read);
  if (data == nullptr) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(3);
  if ((flags & ~(index_mask | length_mask)) != 0) return call.returns(errno_of::invalid);
  const std::uint64_t packet_bytes = (flags & length_mask) >> 32;
  const std::span<const std::uint8_t> packet = call.session.packet().data();
  if (packet_bytes > packet.size()) return call.returns(errno_of::fault);
  const auto current_cpu = static_cast<std::uint32_t>(index_mask);
  const auto wanted = static_cast<std::uint32_t>(flags & index_mask);
  const std::uint32_t index = wanted == current_cpu ? 0 : wanted;
  const std::uint32_t entries = map->definition().max_entries;
  Bytes record = copy(data, size);
  record.insert(record.end(), packet.begin(),
                packet.begin() + static_cast<std::ptrdiff_t>(packet_bytes));
  call.record({flags}, std::move(record));
  if (entries != 0 && index >= entries) return call.returns(errno_of::too_big);
  std::array<std::uint8_t, 4> key{};
  std::memcpy(key.data(), &index, sizeof index);
  return call.returns(map->lookup(key) == nullptr ? errno_of::noent : 0);
}

constexpr std::uint64_t ringbuf_header_bytes = 8;

/// Bytes of buffer that a record of `size` takes.
std::uint64_t record_bytes(std::uint64_t size) {
  return (size + ringbuf_header_bytes + 7) / 8 * 8;
}

Map* ringbuf_of(HelperCall& call) {
  Map* map = call.map(1);
  if (map != nullptr && map->definition().type != program::MapType::ringbuf) {
    call.refuse(FaultKind::bad_helper_argument, call.arg(1), "argument 1 is not a ringbuf");
    return nullptr;
  }
  return map;
}

/// Takes room for a record; false when the buffer is full.
bool take_room(HelperCall& call, const Map& map, std::uint64_t size) {
  constexpr std::uint64_t max_record_bytes = 0xffff'ffff / 4;
  if (size > max_record_bytes) return false;
  std::uint64_t& used = call.session.ringbuf_used(call.arg(1));
  const std::uint64_t needed = record_bytes(size);
  if (needed > map.definition().max_entries || used + needed > map.definition().max_entries - 1)
    return false;
  used += needed;
  return true;
}

HelperFlow ringbuf_output(HelperCall& call) {
  constexpr std::uint64_t known_flags = 3;
  constexpr std::int64_t again = -11;
  Map* map = ringbuf_of(call);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint64_t size = call.arg(3);
  const std::uint8_t* data = call.memory(2, size, Access::read);
  if (data == nullptr) return HelperFlow::fault;
  if ((call.arg(4) & ~known_flags) != 0) return call.returns(errno_of::invalid);
  if (!take_room(call, *map, size)) return call.returns(again);
  call.record({call.arg(4)}, copy(data, size));
  return call.returns(0);
}

HelperFlow ringbuf_reserve(HelperCall& call) {
  Map* map = ringbuf_of(call);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint64_t size = call.arg(2);
  if (call.arg(3) != 0 || !take_room(call, *map, size)) return call.returns(0);
  Bytes& memory = call.session.scratch();
  memory.assign(size, 0);
  const Address address =
      call.session.share(call.machine, memory.data(), size, RegionKind::other, Access::write);
  if (address == 0) return HelperFlow::fault;
  return call.returns(static_cast<std::int64_t>(address));
}

/// The reserved record at argument 1, or null after a fault.
const Region* reserved_record(HelperCall& call) {
  const std::uint32_t number = region_of(call.arg(1));
  const bool known = offset_of(call.arg(1)) == 0 && number < call.machine.regions.size() &&
                     call.machine.regions[number].kind == RegionKind::other;
  if (known) return &call.machine.regions[number];
  call.refuse(FaultKind::bad_helper_argument, call.arg(1), "argument 1 is not a reserved record");
  return nullptr;
}

HelperFlow ringbuf_submit(HelperCall& call) {
  const Region* record = reserved_record(call);
  if (record == nullptr) return HelperFlow::fault;
  call.record({call.arg(2)}, copy(record->host, record->length));
  call.session.withdraw(call.machine, call.arg(1));
  return call.returns(0);
}

HelperFlow ringbuf_discard(HelperCall& call) {
  if (reserved_record(call) == nullptr) return HelperFlow::fault;
  call.session.withdraw(call.machine, call.arg(1));
  return call.returns(0);
}

HelperFlow ringbuf_query(HelperCall& call) {
  constexpr std::uint64_t available = 0, ring_size = 1, producer = 3;
  Map* map = ringbuf_of(call);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint64_t what = call.arg(2);
  if (what == ring_size) return call.returns(map->definition().max_entries);
  if (what == available || what == producer) {
    return call.returns(static_cast<std::int64_t>(call.session.ringbuf_used(call.arg(1))));
  }
  return call.returns(0);  // consumer position, or an unknown question
}

/// The format and its arguments; the result is the format's length, which equals the kernel's for
/// plain text only.
HelperFlow trace_printk(HelperCall& call) {
  const std::uint64_t size = call.arg(2);
  const std::uint8_t* format = call.memory(1, size, Access::read);
  if (format == nullptr) return HelperFlow::fault;
  call.record({call.arg(3), call.arg(4), call.arg(5)}, copy(format, size));
  return call.returns(static_cast<std::int64_t>(size));
}

HelperFlow trace_vprintk(HelperCall& call) {
  const std::uint64_t size = call.arg(2);
  const std::uint64_t data_size = call.arg(4);
  const std::uint8_t* format = call.memory(1, size, Access::read);
  if (format == nullptr) return HelperFlow::fault;
  const std::uint8_t* data = call.memory(3, data_size, Access::read);
  if (data == nullptr) return HelperFlow::fault;
  if (data_size % 8 != 0) return call.returns(errno_of::invalid);
  std::vector<std::uint64_t> values(data_size / 8);
  if (data_size != 0) std::memcpy(values.data(), data, data_size);
  call.record(std::move(values), copy(format, size));
  return call.returns(static_cast<std::int64_t>(size));
}

constexpr std::array<HelperModel, 8> models = {{
    {6, any_type, trace_printk},
    {25, any_type, perf_event_output},
    {130, any_type, ringbuf_output},
    {131, any_type, ringbuf_reserve},
    {132, any_type, ringbuf_submit},
    {133, any_type, ringbuf_discard},
    {134, any_type, ringbuf_query},
    {177, any_type, trace_vprintk},
}};

}  // namespace

std::span<const HelperModel> output_helpers() {
  return models;
}

}  // namespace probity::runtime
