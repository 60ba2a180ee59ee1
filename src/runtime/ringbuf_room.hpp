// SPDX-License-Identifier: Apache-2.0
// What the ring buffer helpers share with those of ring buffer dynptrs: the map argument, the room
// that records take (kernel/bpf/ringbuf.c: __bpf_ringbuf_reserve) and records in the program's
// hand.
#pragma once

#include "runtime/helper_call.hpp"

namespace probity::runtime {

/// The ring buffer in argument 1, or null after a fault.
const Map* ringbuf_argument(HelperCall& call);
/// Takes room for a record of `size` bytes and its header; false when the buffer is full.
bool take_ringbuf_room(HelperCall& call, const Map& map, std::uint64_t size);
/// What a record holds before the program writes it: in the kernel, what was there before. Nothing
/// may depend on it, so it is not zero.
constexpr std::uint8_t fresh_record_byte = 0xa5;
/// A record of such bytes, held until it is submitted or discarded; 0 after a fault.
Address reserve_record(HelperCall& call, std::uint64_t size);

}  // namespace probity::runtime
