// SPDX-License-Identifier: Apache-2.0
// Ring buffer helpers (kernel/bpf/ringbuf.c): output, reserve, submit, discard, query. A reserved
// record lies in a region of its own, which ends when it is submitted or discarded: a later use or
// a second submit faults there, a record still held at the end of the program is a fault, too.
// Nobody consumes during a run, so a ring buffer fills up as it would in the kernel.
#include <array>

#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/output_rule.hpp"
#include "runtime/ringbuf_room.hpp"

namespace probity::runtime {
namespace {

using B64 = Bv<Concrete, 64>;

Bytes copy(const std::uint8_t* bytes, std::uint64_t size) {
  return {bytes, bytes + size};
}

HelperFlow ringbuf_output(HelperCall& call) {
  const Map* map = ringbuf_argument(call);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint64_t size = call.arg(3);
  const std::uint8_t* data = call.memory(2, size, Access::read);
  if (data == nullptr) return HelperFlow::fault;
  const B64 flags = B64::lit(call.arg(4));
  const bool room = ringbuf_output_takes(flags).raw() != 0 && take_ringbuf_room(call, *map, size);
  if (room) call.record({call.arg(4)}, copy(data, size));
  const B64 answer = ringbuf_output_answer(flags, Bool<Concrete>::lit(room ? 1 : 0));
  return call.returns(static_cast<std::int64_t>(answer.raw()));
}

HelperFlow ringbuf_reserve(HelperCall& call) {
  const Map* map = ringbuf_argument(call);
  if (map == nullptr) return HelperFlow::fault;
  const bool taken = ringbuf_reserve_takes(B64::lit(call.arg(3))).raw() != 0;
  if (!taken || !take_ringbuf_room(call, *map, call.arg(2))) return call.returns(0);
  const Address address = reserve_record(call, call.arg(2));
  return address == 0 ? HelperFlow::fault : call.returns(static_cast<std::int64_t>(address));
}

/// Ends the record at argument 1; false after a fault.
bool end_record(HelperCall& call) {
  if (call.session.let_go_record(call.arg(1))) return true;
  call.refuse(FaultKind::bad_helper_argument, call.arg(1),
              "argument 1 is not a reserved record (or no longer one)");
  return false;
}

HelperFlow ringbuf_submit(HelperCall& call) {
  if (!end_record(call)) return HelperFlow::fault;
  const Region& record = call.machine.regions[region_of(call.arg(1))];
  call.record({call.arg(2)}, copy(record.host, record.length));
  call.session.withdraw(call.machine, call.arg(1));
  return call.returns(0);
}

HelperFlow ringbuf_discard(HelperCall& call) {
  if (!end_record(call)) return HelperFlow::fault;
  call.session.withdraw(call.machine, call.arg(1));
  return call.returns(0);
}

HelperFlow ringbuf_query(HelperCall& call) {
  constexpr std::uint64_t available = 0, ring_size = 1, producer = 3;
  const Map* map = ringbuf_argument(call);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint64_t what = call.arg(2);
  if (what == ring_size) return call.returns(map->definition().max_entries);
  if (what == available || what == producer) {
    return call.returns(static_cast<std::int64_t>(call.session.ringbuf_used(call.arg(1))));
  }
  return call.returns(0);  // consumer position, or an unknown question
}

constexpr std::array<HelperModel, 5> models = {{
    {130, any_type, ringbuf_output},
    {131, any_type, ringbuf_reserve},
    {132, any_type, ringbuf_submit},
    {133, any_type, ringbuf_discard},
    {134, any_type, ringbuf_query},
}};

}  // namespace

const Map* ringbuf_argument(HelperCall& call) {
  const Map* map = call.map(1);
  if (map == nullptr || map->definition().type == program::MapType::ringbuf) return map;
  call.refuse(FaultKind::bad_helper_argument, call.arg(1), "argument 1 is not a ringbuf");
  return nullptr;
}

bool take_ringbuf_room(HelperCall& call, const Map& map, std::uint64_t size) {
  std::uint64_t& used = call.session.ringbuf_used(call.arg(1));
  const std::uint64_t needed = ringbuf_room(size);
  if (!ringbuf_fits(needed, map.definition().max_entries, used)) return false;
  used += needed;
  return true;
}

Address reserve_record(HelperCall& call, std::uint64_t size) {
  Bytes& memory = call.session.scratch();
  // A record of no bytes has an address, too.
  memory.assign(size == 0 ? 1 : size, fresh_record_byte);
  const Address address =
      call.session.share(call.machine, memory.data(), size, RegionKind::other, Access::write);
  if (address != 0) call.session.hold_record(address, call.machine.environment_slot);
  return address;
}

std::span<const HelperModel> record_helpers() {
  return models;
}

}  // namespace probity::runtime
