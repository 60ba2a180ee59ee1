// SPDX-License-Identifier: Apache-2.0
// Dynptr helpers (kernel/bpf/helpers.c, ringbuf.c): a dynptr is a checked slice of memory or of a
// ring buffer record. Its 16 bytes on the stack hold the guest address, the size and the kind, as
// in struct bpf_dynptr_kern; a forged one reaches nothing that its program could not reach anyway.
#include <array>
#include <cstring>

#include "base/bytes.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/ringbuf_room.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint64_t dynptr_bytes = 16;
constexpr std::uint64_t max_dynptr_bytes = (1u << 24) - 1;  // DYNPTR_MAX_SIZE
constexpr std::size_t size_offset = 8, kind_offset = 12;
constexpr std::uint32_t local = 1, record = 2;

struct Dynptr {
  Address data = 0;  ///< 0: a null dynptr
  std::uint32_t size = 0;
  std::uint32_t kind = 0;
};

Dynptr read_dynptr(const std::uint8_t* bytes) {
  return {load_le<std::uint64_t>(bytes), load_le<std::uint32_t>(bytes + size_offset),
          load_le<std::uint32_t>(bytes + kind_offset)};
}
void write_dynptr(std::uint8_t* bytes, const Dynptr& dynptr) {
  store_le(bytes, dynptr.data);
  store_le(bytes + size_offset, dynptr.size);
  store_le(bytes + kind_offset, dynptr.kind);
}

/// The dynptr at argument `index`, or null after a fault.
std::uint8_t* dynptr_argument(HelperCall& call, unsigned index) {
  return call.memory(index, dynptr_bytes, Access::write);
}

bool is_inside(const Dynptr& dynptr, std::uint64_t offset, std::uint64_t size) {
  return size <= dynptr.size && offset <= dynptr.size - size;
}

/// Host memory of a slice that is_inside(), or null after a fault: the memory is gone.
std::uint8_t* slice(HelperCall& call, const Dynptr& dynptr, std::uint64_t offset,
                    std::uint64_t size, Access access) {
  static std::uint8_t nothing = 0;
  if (size == 0) return &nothing;
  std::uint8_t* bytes = translate(call.machine.regions.data(), call.machine.regions.size(),
                                  dynptr.data + offset, size, access);
  if (bytes == nullptr) {
    call.refuse(FaultKind::bad_helper_argument, dynptr.data, "the dynptr's memory is gone");
  }
  return bytes;
}

HelperFlow dynptr_from_mem(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  if (call.memory(1, size, Access::write) == nullptr) return HelperFlow::fault;
  std::uint8_t* out = dynptr_argument(call, 4);
  if (out == nullptr) return HelperFlow::fault;
  const std::int64_t result = size > max_dynptr_bytes ? errno_of::too_big
                              : call.arg(3) != 0      ? errno_of::invalid
                                                      : 0;
  Dynptr dynptr;
  if (result == 0) dynptr = {call.arg(1), static_cast<std::uint32_t>(size), local};
  write_dynptr(out, dynptr);
  return call.returns(result);
}

HelperFlow dynptr_read(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  std::uint8_t* to = call.memory(1, size, Access::write);
  if (to == nullptr) return HelperFlow::fault;
  const std::uint8_t* place = dynptr_argument(call, 3);
  if (place == nullptr) return HelperFlow::fault;
  const Dynptr dynptr = read_dynptr(place);
  const std::uint32_t offset = call.arg32(4);
  if (dynptr.data == 0 || call.arg(5) != 0) return call.returns(errno_of::invalid);
  if (!is_inside(dynptr, offset, size)) return call.returns(errno_of::too_big);
  const std::uint8_t* from = slice(call, dynptr, offset, size, Access::read);
  if (from == nullptr) return HelperFlow::fault;
  std::memmove(to, from, size);
  return call.returns(0);
}

HelperFlow dynptr_write(HelperCall& call) {
  const std::uint8_t* place = dynptr_argument(call, 1);
  if (place == nullptr) return HelperFlow::fault;
  const std::uint64_t size = call.arg32(4);
  const std::uint8_t* from = call.memory(3, size, Access::read);
  if (from == nullptr) return HelperFlow::fault;
  const Dynptr dynptr = read_dynptr(place);
  const std::uint32_t offset = call.arg32(2);
  if (dynptr.data == 0) return call.returns(errno_of::invalid);
  if (!is_inside(dynptr, offset, size)) return call.returns(errno_of::too_big);
  if (call.arg(5) != 0) return call.returns(errno_of::invalid);
  std::uint8_t* to = slice(call, dynptr, offset, size, Access::write);
  if (to == nullptr) return HelperFlow::fault;
  std::memmove(to, from, size);
  return call.returns(0);
}

HelperFlow dynptr_data(HelperCall& call) {
  const std::uint8_t* place = dynptr_argument(call, 1);
  if (place == nullptr) return HelperFlow::fault;
  const Dynptr dynptr = read_dynptr(place);
  const std::uint32_t offset = call.arg32(2);
  if (dynptr.data == 0 || !is_inside(dynptr, offset, call.arg32(3))) return call.returns(0);
  return call.returns(static_cast<std::int64_t>(dynptr.data + offset));
}

HelperFlow ringbuf_reserve_dynptr(HelperCall& call) {
  const Map* map = ringbuf_argument(call);
  if (map == nullptr) return HelperFlow::fault;
  std::uint8_t* out = dynptr_argument(call, 4);
  if (out == nullptr) return HelperFlow::fault;
  const std::uint32_t size = call.arg32(2);
  write_dynptr(out, {});
  if (call.arg(3) != 0) return call.returns(errno_of::invalid);
  if (size > max_dynptr_bytes) return call.returns(errno_of::too_big);
  if (!take_ringbuf_room(call, *map, size)) return call.returns(errno_of::invalid);
  const Address address = reserve_record(call, size);
  if (address == 0) return HelperFlow::fault;
  write_dynptr(out, {address, size, record});
  return call.returns(0);
}

/// Submit and discard; a dynptr that could not be reserved is null, and nothing happens.
HelperFlow end_record_dynptr(HelperCall& call) {
  constexpr std::uint32_t submit = 199;
  std::uint8_t* place = dynptr_argument(call, 1);
  if (place == nullptr) return HelperFlow::fault;
  const Dynptr dynptr = read_dynptr(place);
  if (dynptr.data == 0) return call.returns(0);
  if (dynptr.kind != record || !call.session.let_go_record(dynptr.data)) {
    return call.refuse(FaultKind::bad_helper_argument, dynptr.data,
                       "argument 1 is not the dynptr of a reserved record");
  }
  if (call.helper == submit) {
    const Region& region = call.machine.regions[region_of(dynptr.data)];
    call.record({call.arg(2)}, Bytes(region.host, region.host + region.length));
  }
  call.session.withdraw(call.machine, dynptr.data);
  write_dynptr(place, {});
  return call.returns(0);
}

constexpr std::array<HelperModel, 7> models = {{
    {197, any_type, dynptr_from_mem},
    {198, any_type, ringbuf_reserve_dynptr},
    {199, any_type, end_record_dynptr},
    {200, any_type, end_record_dynptr},
    {201, any_type, dynptr_read},
    {202, any_type, dynptr_write},
    {203, any_type, dynptr_data},
}};

}  // namespace

std::span<const HelperModel> dynptr_helpers() {
  return models;
}

}  // namespace probity::runtime
