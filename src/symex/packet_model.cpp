// SPDX-License-Identifier: Apache-2.0
// Helpers that move or copy the packet. What a move asks for and answers is the text of
// runtime/packet_bounds.hpp, the same as the interpreter's. Whether a driver has the head- or
// tailroom asked for is not known, so a move that needs room may fail on every input; a move that
// the kernel always refuses always fails. Packet pointers from before a move are stale.
#include <array>
#include <limits>

#include <fmt/format.h>

#include "runtime/packet_bounds.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

namespace limits = runtime::packet_limits;
namespace errno_of = runtime::errno_of;
using Move = runtime::PacketMove<Provenance>;

constexpr std::int64_t max_zeroed_tail = 256;

// Where frames begin. Offsets count from the first byte of the packet as it came in.
constexpr auto headroom = static_cast<std::int64_t>(limits::xdp_headroom_bytes);
constexpr std::int64_t test_run_frame =
    static_cast<std::int64_t>(limits::xdp_frame_bytes) - headroom;
constexpr std::int64_t any_frame = std::numeric_limits<std::int64_t>::min();

runtime::PacketBounds<Provenance> bounds_of(const Packet& packet) {
  return {Value<64>::of({packet.meta, 0}), Value<64>::of({packet.head, 0}),
          Value<64>::of({packet.end, 0})};
}

runtime::FrameLimits<Provenance> frame_from(std::int64_t first) {
  return {Value<64>::lit(static_cast<std::uint64_t>(first)),
          Value<64>::lit(limits::xdp_hard_end - limits::xdp_headroom_bytes)};
}

Value<32> delta_of(Word argument) {
  return trunc<32>(Value<64>::of({argument.term, 0}));
}

term::Id answers(const Move& move, std::int64_t value) {
  return move.answers(value).raw().term;
}

}  // namespace

void Explorer::move_packet(PathState& state, term::Id head, term::Id end, term::Id meta) {
  state.regions[state.packet.region].live = false;
  const Region region = {RegionKind::packet, state.packet.object, 0, 0, true, true};
  state.packet = {state.add_region(region), state.packet.object, head, end, meta};
}

/// What a move that succeeds leaves behind.
void Explorer::finish_move(PathState& state, const runtime::PacketBounds<Provenance>& moved) {
  move_packet(state, moved.data.raw().term, moved.end.raw().term, moved.meta.raw().term);
  set_result(state, context_.lit64(errno_of::done));
}

/// The kernel keeps the metadata directly in front of data.
void Explorer::move_metadata(PathState& state, term::Id delta, std::uint64_t size_bytes) {
  Memory& memory = state.objects.writable(state.packet.object);
  const auto at = [&](std::uint64_t i) {
    return context_.store.bin(Op::add, state.packet.meta, context_.lit(64, i));
  };
  std::vector<term::Id> bytes;
  for (std::uint64_t i = 0; i < size_bytes; ++i) {
    const auto read = memory.read(context_, at(i), 1);
    bytes.push_back(read && *read ? as_number(**read) : context_.fresh(8, "metadata"));
  }
  for (std::uint64_t i = 0; i < size_bytes; ++i) {
    memory.write(context_, context_.store.bin(Op::add, at(i), delta), 1, {bytes[i], 0});
  }
}

/// The failures of a move: always, or because of the driver.
void Explorer::refuse_move(std::vector<Alternative>& sides, term::Id always, term::Id driver) {
  sides.push_back(
      {always, [this](PathState& s) { set_result(s, context_.lit64(errno_of::invalid)); }});
  sides.push_back(
      {driver, [this](PathState& s) { set_result(s, context_.lit64(errno_of::invalid)); }});
}

/// One path for each size that the metadata may have, at the same insn.
bool Explorer::settle_metadata(PathState& state) {
  constexpr std::uint64_t step = 4;
  term::Store& store = context_.store;
  const term::Id bytes = metadata_bytes(state);
  std::vector<Alternative> sides;
  term::Id other = store.true_();
  for (std::uint64_t size = 0; size <= limits::max_metadata_bytes; size += step) {
    const term::Id here = store.eq(bytes, context_.lit(64, size));
    other = store.and_(other, store.not_(here));
    if (store.is_false(here)) continue;
    sides.push_back({here, [this, size](PathState& s) {
                       s.packet.meta =
                           context_.store.bin(Op::sub, s.packet.head, context_.lit(64, size));
                     }});
  }
  if (solver_.possible(state, other).answer != Answer::no) {
    give_up(state, "bpf_xdp_adjust_head with metadata of odd size is not modelled");
    return false;
  }
  return fork(state, std::move(sides));
}

bool Explorer::call_adjust_head(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const Word argument_2 = argument(state, 2);
  if (!observable(state, argument_2, "the head delta")) return false;
  term::Store& store = context_.store;
  const Value<32> delta = delta_of(argument_2);
  const term::Id by = sext<64>(delta).raw().term;
  const Packet packet = state.packet;
  const auto metadata = store.literal(metadata_bytes(state));
  if (!metadata && options_.mode == Mode::strict) return settle_metadata(state);
  clobber(state);
  const auto metadata_bytes = static_cast<std::uint64_t>(metadata.value_or(0));
  const Move move = runtime::xdp_head_moved(bounds_of(packet), frame_from(-headroom), delta);
  const term::Id needs_room = store.bin(Op::slt, by, context_.lit64(0));
  const term::Id driver = store.and_(needs_room, choice(state, "xdp_adjust_head.no_headroom"));
  const term::Id refused = answers(move, errno_of::invalid);
  const term::Id fails = store.or_(refused, driver);
  std::vector<Alternative> sides;
  const bool known = metadata.has_value();
  sides.push_back({store.not_(fails), [=, this](PathState& s) {
                     known ? move_metadata(s, by, metadata_bytes) : forget_packet(s);
                     finish_move(s, move.moved);
                   }});
  refuse_move(sides, refused, store.and_(store.not_(refused), driver));
  return fork(state, std::move(sides));
}

bool Explorer::call_adjust_meta(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const Word argument_2 = argument(state, 2);
  if (!observable(state, argument_2, "the metadata delta")) return false;
  term::Store& store = context_.store;
  const Value<32> delta = delta_of(argument_2);
  clobber(state);
  const auto bounds = bounds_of(state.packet);
  const Move move = runtime::xdp_meta_moved(bounds, frame_from(any_frame), delta);
  const Move test_run = runtime::xdp_meta_moved(bounds, frame_from(test_run_frame), delta);
  const term::Id supported = store.not_(choice(state, "xdp_adjust_meta.unsupported"));
  const term::Id behind = answers(move, errno_of::invalid);
  const term::Id works = store.and_(answers(move, errno_of::done), supported);
  std::vector<Alternative> sides;
  sides.push_back({works, [this, move](PathState& s) { finish_move(s, move.moved); }});
  // -EINVAL behind data or before the frame, -EACCES for a bad size, -ENOTSUPP from the driver.
  const auto answer = [this](std::int64_t code) {
    return [this, code](PathState& s) { set_result(s, context_.lit64(code)); };
  };
  const auto driver_answer = [this](std::int64_t code) {
    return [this, code](PathState& s) {
      s.helper_results.push_back("a driver without room or support");
      set_result(s, context_.lit64(code));
    };
  };
  const term::Id no_room = choice(state, "xdp_adjust_meta.no_room");
  const term::Id before = store.and_(store.not_(behind), store.not_(supported));
  const term::Id odd = store.and_(answers(move, errno_of::access), supported);
  const term::Id far = answers(test_run, errno_of::invalid);
  sides.push_back({behind, answer(errno_of::invalid)});
  sides.push_back({store.and_(odd, store.not_(far)), answer(errno_of::access)});
  sides.push_back({store.and_(odd, far), driver_answer(errno_of::access)});
  sides.push_back({store.and_(odd, far), answer(errno_of::invalid)});
  sides.push_back({store.and_(before, no_room), driver_answer(errno_of::invalid)});
  sides.push_back({store.and_(before, store.not_(no_room)), driver_answer(errno_of::no_support)});
  // The kernel asks the driver first.
  sides.push_back({store.and_(behind, store.not_(supported)), driver_answer(errno_of::no_support)});
  return fork(state, std::move(sides));
}

bool Explorer::call_adjust_tail(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const Word argument_2 = argument(state, 2);
  if (!observable(state, argument_2, "the tail delta")) return false;
  term::Store& store = context_.store;
  const Value<32> delta = delta_of(argument_2);
  const term::Id by = sext<64>(delta).raw().term;
  clobber(state);
  const term::Id old_end = state.packet.end;
  const runtime::PacketBounds<Provenance> bounds = bounds_of(state.packet);
  const runtime::FrameLimits<Provenance> frame = frame_from(test_run_frame);
  const Move move = runtime::xdp_tail_moved(bounds, frame, delta);
  const term::Id grows = store.bin(Op::slt, context_.lit64(0), by);
  const term::Id driver = store.and_(grows, choice(state, "xdp_adjust_tail.no_tailroom"));
  const term::Id refused = answers(move, errno_of::invalid);
  const term::Id fails = store.or_(refused, driver);
  const auto literal = store.literal(by);
  const std::int64_t grown =
      literal ? static_cast<std::int64_t>(static_cast<std::uint64_t>(*literal)) : 0;
  const bool computed = !literal || grown > max_zeroed_tail;
  if (computed &&
      solver_.possible(state, store.and_(grows, store.not_(fails))).answer != Answer::no) {
    give_up(state, fmt::format("bpf_xdp_adjust_tail that grows by a computed size, or by more than "
                               "{} bytes, is not modelled",
                               max_zeroed_tail));
  }
  std::vector<Alternative> sides;
  sides.push_back({store.not_(fails), [this, move, old_end, grown](PathState& s) {
                     // The kernel zeroes what it hands out.
                     Memory& memory = s.objects.writable(s.packet.object);
                     for (std::int64_t i = 0; i < grown && i < max_zeroed_tail; ++i) {
                       const term::Id at = context_.store.bin(Op::add, old_end, context_.lit64(i));
                       memory.write(context_, at, 1, {context_.lit(8, 0), 0});
                     }
                     finish_move(s, move.moved);
                   }});
  // A packet beyond a test run's frame has more room elsewhere: that it shrinks is possible.
  const Value<64> least = bounds.data + Value<64>::lit(limits::min_packet_bytes);
  const term::Id longer = (slt(frame.last, bounds.end) & ~slt(move.moved.end, least)).raw().term;
  const term::Id shrinks = store.and_(store.and_(refused, longer), store.not_(grows));
  sides.push_back({shrinks, [this, move](PathState& s) {
                     s.helper_results.push_back("a packet longer than a frame");
                     finish_move(s, move.moved);
                   }});
  refuse_move(sides, refused, store.and_(store.not_(refused), driver));
  return fork(state, std::move(sides));
}

bool Explorer::call_load_bytes(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const Word from = argument(state, 2);
  if (!observable(state, from, "the packet offset")) return false;
  const auto size = size_argument(state, 4);
  if (!size) return false;
  const auto place = access(state, argument(state, 3), *size, Access::write);
  if (!place) return false;
  clobber(state);
  const Value<32> start = trunc<32>(Value<64>::of(from));
  const Value<64> length = Value<64>::of({packet_length(state), 0});
  const bool xdp = program_.type == program::ProgType::xdp;
  const Value<64> answer = xdp ? runtime::xdp_range_answer(start, Value<32>::lit(*size), length)
                               : runtime::skb_range_answer(start, Value<32>::lit(*size), length);
  const term::Id inside = (answer == Value<64>::lit(0)).raw().term;
  const term::Id offset = zext<64>(start).raw().term;
  const auto copy = [this, offset, place = *place, size = *size](PathState& s) {
    for (std::uint64_t i = 0; i < size; ++i) {
      const term::Id at = context_.store.bin(Op::add, offset, context_.lit(64, i));
      const term::Id source = context_.store.bin(Op::add, at, s.packet.head);
      const auto byte = s.objects.at(s.packet.object).read(context_, source, 1);
      const term::Id value = byte && *byte ? as_number(**byte) : context_.fresh(8, "byte");
      const term::Id target = context_.store.bin(Op::add, place.offset, context_.lit(64, i));
      write_memory(s, {place.region, place.object, target}, 1, {value, 0});
    }
    set_result(s, context_.lit64(0));
  };
  const auto refuse = [this, place = *place, size = *size, answer, xdp](PathState& s) {
    // Only the helper for skb clears the buffer; the one for XDP leaves it as it was.
    for (std::uint64_t i = 0; !xdp && i < size; ++i) {
      const term::Id target = context_.store.bin(Op::add, place.offset, context_.lit(64, i));
      write_memory(s, {place.region, place.object, target}, 1, {context_.lit(8, 0), 0});
    }
    set_result(s, answer.raw().term);
  };
  return fork(state, {{inside, copy}, {context_.store.not_(inside), refuse}});
}

bool Explorer::call_store_bytes(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const Word to = argument(state, 2);
  if (!observable(state, to, "the packet offset")) return false;
  const auto size = size_argument(state, 4);
  if (!size) return false;
  const auto chunks = read_chunks(state, argument(state, 3), *size);
  if (!chunks) return false;
  const bool skb = program_.type != program::ProgType::xdp;
  if (skb && !observable(state, argument(state, 5), "the flags")) return false;
  const Value<32> start = trunc<32>(Value<64>::of(to));
  const Value<64> length = Value<64>::of({packet_length(state), 0});
  const Value<32> bytes = Value<32>::lit(*size);
  const Value<64> answer =
      skb ? runtime::skb_store_answer(start, bytes, length, Value<64>::of(argument(state, 5)))
          : runtime::xdp_range_answer(start, bytes, length);
  const term::Id inside = (answer == Value<64>::lit(0)).raw().term;
  const term::Id offset = zext<64>(start).raw().term;
  clobber(state);
  const auto copy = [this, offset, chunks = *chunks, skb](PathState& s) {
    const term::Id target = context_.store.bin(Op::add, offset, s.packet.head);
    write_chunks(s, {s.packet.region, s.packet.object, target}, chunks);
    if (skb) move_packet(s, s.packet.head, s.packet.end, s.packet.meta);
    set_result(s, context_.lit64(0));
  };
  const auto refuse = [this, answer](PathState& s) { set_result(s, answer.raw().term); };
  return fork(state, {{inside, copy}, {context_.store.not_(inside), refuse}});
}

}  // namespace probity::symex
