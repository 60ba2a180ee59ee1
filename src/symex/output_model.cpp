// SPDX-License-Identifier: Apache-2.0
// Helpers that give something away: trace messages, perf events, ring buffer records, redirects.
// What they give is an event of the path's trace, in order, which comparisons of runs look at. What
// is asked and answered is runtime/output_rule.hpp and runtime/redirect_rule.hpp, the same text as
// the interpreter's. Whether a
// buffer has room is not known: by default it has, as in a fresh engine.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "runtime/output_rule.hpp"
#include "runtime/redirect_rule.hpp"
#include "runtime/text_format.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"

namespace probity::symex {
namespace {

constexpr std::uint32_t trace_printk = 6;
constexpr std::uint32_t redirect = 23;
constexpr std::uint32_t perf_event_output = 25;
constexpr std::uint32_t redirect_map = 51;
constexpr std::uint32_t redirect_neigh = 152;
constexpr std::uint32_t redirect_peer = 155;
constexpr std::uint32_t ringbuf_output = 130;
constexpr std::uint32_t ringbuf_submit = 132;

bool is_perf_event_array(program::MapType type) {
  return type == program::MapType::perf_event_array;
}
bool is_ringbuf(program::MapType type) {
  return type == program::MapType::ringbuf;
}

/// How many of the three arguments a message takes; all of them unless its format is known.
unsigned arguments_taken(const term::Store& store, std::span<const term::Id> format) {
  constexpr std::array<std::uint64_t, 3> none{};
  runtime::Bytes bytes;
  for (const term::Id chunk : format) {
    const auto value = store.literal(chunk);
    if (!value) return none.size();
    for (unsigned bit = 0; bit < store.width(chunk); bit += 8) {
      bytes.push_back(static_cast<std::uint8_t>(*value >> bit));
    }
  }
  const auto text = [](std::uint64_t) { return std::optional<std::string>(); };
  const auto data = [](std::uint64_t, std::size_t) { return std::optional<runtime::Bytes>(); };
  const runtime::FormattedText made = runtime::format_text(bytes, none, text, data);
  const bool told = made.error == 0 && made.unsupported.empty();
  return told ? static_cast<unsigned>(made.arguments) : none.size();
}

}  // namespace

void Explorer::give_away(PathState& state, std::uint32_t helper, std::vector<term::Id> values,
                         std::vector<term::Id> data) {
  state.trace.push_back({helper, state.slot, std::move(values), std::move(data)});
}

/// The bytes at argument `number`, whose size is argument `number` + 1; none for a size of 0.
std::optional<std::vector<term::Id>> Explorer::output_bytes(PathState& state, unsigned number) {
  const auto size = size_argument(state, number + 1);
  if (!size) return std::nullopt;
  if (*size == 0) return std::vector<term::Id>{};
  return read_chunks(state, argument(state, number), *size);
}

/// Of a message that takes fewer arguments the other registers need not be set.
bool Explorer::call_trace_printk(PathState& state) {
  const auto format = output_bytes(state, 1);
  if (!format) return false;
  std::vector<term::Id> values;
  for (unsigned number = 3; number < 3 + arguments_taken(context_.store, *format); ++number) {
    const Word word = argument(state, number);
    const bool shown = word.region == 0 && context_.taint.of(word.term) == Taint::none;
    if (shown) values.push_back(word.term);
  }
  give_away(state, trace_printk, std::move(values), *format);
  return call_free_result(state, "trace_printk", 64);
}

/// Bits 32 to 51 of the flags ask for as many bytes of the packet behind the data: what the program
/// wrote there so far belongs to the event.
bool Explorer::append_packet(PathState& state, term::Id flags, std::vector<term::Id>& values,
                             std::vector<term::Id>& data) {
  const Value<64> bytes = runtime::event_packet_bytes(Value<64>::of({flags, 0}));
  if (context_.store.literal(bytes.raw().term) == term::Value{0}) return true;
  values.push_back(state.packet.head);
  values.push_back(state.packet.end);
  const Memory& packet = state.objects.at(state.packet.object);
  const auto written = packet.written();
  if (!written) {
    give_up(state, "packet bytes that are put out after a write at a computed offset");
    return false;
  }
  for (const std::int64_t place : *written) {
    const auto byte = packet.read(context_, context_.lit64(place), 1);
    if (byte && *byte) data.push_back(as_number(**byte));
    values.push_back(context_.lit64(place));
  }
  return true;
}

bool Explorer::call_perf_event_output(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const auto map = map_argument(state, 2, &is_perf_event_array);
  if (!map) return false;
  const Word flags = argument(state, 3);
  if (!observable(state, flags, "the output flags")) return false;
  auto data = output_bytes(state, 4);
  if (!data) return false;
  const Value<64> length = Value<64>::of({packet_length(state), 0});
  const Value<64> refusal = runtime::event_refusal(Value<64>::of({as_number(flags), 0}), length);
  const Told put = tell(state, (refusal == Value<64>::lit(0)).raw().term);
  if (!put.known) return put.goes_on;
  if (!put.value) {
    clobber(state);
    set_result(state, refusal.raw().term);
    return true;
  }
  std::vector<term::Id> values{context_.lit(32, *map), as_number(flags)};
  if (!append_packet(state, as_number(flags), values, *data)) return false;
  give_away(state, perf_event_output, std::move(values), *std::move(data));
  return call_free_result(state, "perf_event_output", 64);
}

bool Explorer::call_ringbuf_output(PathState& state) {
  const auto map = map_argument(state, 1, &is_ringbuf);
  if (!map) return false;
  const Word flags = argument(state, 4);
  if (!observable(state, flags, "the output flags")) return false;
  const auto data = output_bytes(state, 2);
  if (!data) return false;
  const auto size = context_.store.literal(argument(state, 3).term).value_or(0);
  const Value<64> bits = Value<64>::of({as_number(flags), 0});
  const Bool<Provenance> room =
      Bool<Provenance>::of({ringbuf_has_room(state, *map, size, "ringbuf_output.full"), 0});
  const Value<64> answer = runtime::ringbuf_output_answer(bits, room);
  clobber(state);
  const term::Id done = (answer == Value<64>::lit(0)).raw().term;
  const auto put = [this, map = *map, bits, bytes = *data](PathState& s) {
    give_away(s, ringbuf_output, {context_.lit(32, map), bits.raw().term}, bytes);
    set_result(s, context_.lit64(0));
  };
  const auto fail = [this, answer](PathState& s) { set_result(s, answer.raw().term); };
  return fork(state, {{done, put}, {context_.store.not_(done), fail}});
}

/// Nobody knows what else lies in the buffer; a record larger than it never fits.
term::Id Explorer::ringbuf_has_room(PathState& state, std::uint32_t map, term::Value record_bytes,
                                    std::string_view full) {
  const std::uint64_t room = runtime::ringbuf_room(static_cast<std::uint64_t>(record_bytes));
  const term::Id is_full = choice(state, full);
  if (!runtime::ringbuf_fits(room, program_.maps[map].max_entries, 0)) {
    return context_.store.false_();
  }
  return context_.store.not_(is_full);
}

/// A record is memory of the program until it is submitted.
bool Explorer::call_ringbuf_reserve(PathState& state) {
  const auto map = map_argument(state, 1, &is_ringbuf);
  if (!map) return false;
  const Word flags = argument(state, 3);
  if (!observable(state, flags, "the flags")) return false;
  const auto bytes = static_cast<std::uint64_t>(*context_.store.literal(argument(state, 2).term));
  const std::array<unsigned, 1> index_width{32};
  const std::string label =
      fmt::format("{}{}", arbitrary_prefix, occurrence(state, "record", "ringbuf"));
  const std::uint32_t object =
      state.objects.add(Memory(Unknown{context_.store.function(label, index_width, 8)}));
  Region region{RegionKind::ringbuf_record, object, bytes, *map, true, true};
  region.volatile_bytes = options_.mode == Mode::safety;
  const auto taken = runtime::ringbuf_reserve_takes(Value<64>::of({as_number(flags), 0}));
  const term::Id room = ringbuf_has_room(state, *map, bytes, "ringbuf_reserve.full");
  region.null = context_.store.not_(context_.store.and_(taken.raw().term, room));
  const Word record = acquire(state, region);
  clobber(state);
  state.regs[0] = record;
  ++state.slot;
  return true;
}

bool Explorer::call_ringbuf_end(PathState& state, std::uint32_t helper) {
  const Word record = argument(state, 1);
  const Region region = state.regions[record.region];
  if (helper == ringbuf_submit && options_.mode == Mode::strict) {
    const auto data = read_chunks(state, record, region.size_bytes);
    if (!data) return false;
    give_away(state, helper, {context_.lit(32, region.index), as_number(argument(state, 2))},
              *data);
  }
  if (!release(state, 1)) return false;
  clobber(state);
  unset(state, 0);
  ++state.slot;
  return true;
}

/// Only a packet that is sent is an output. Where runs are not compared nobody asks.
bool Explorer::answer_redirect(PathState& state, std::uint32_t helper, Value<64> answer,
                               std::vector<term::Id> values, std::vector<term::Id> data) {
  const bool xdp = program_.type == program::ProgType::xdp;
  const std::uint64_t sent =
      xdp ? runtime::verdict_of::xdp_redirect : runtime::verdict_of::tc_redirect;
  clobber(state);
  const auto send = [=, this](PathState& s) {
    give_away(s, helper, values, data);
    set_result(s, answer.raw().term);
  };
  if (!options_.relation) {
    send(state);
    return true;
  }
  const term::Id sends = (answer == Value<64>::lit(sent)).raw().term;
  const auto refuse = [this, answer](PathState& s) { set_result(s, answer.raw().term); };
  return fork(state, {{sends, send}, {context_.store.not_(sends), refuse}});
}

bool Explorer::call_redirect(PathState& state) {
  for (const unsigned number : {1u, 2u}) {
    if (!observable(state, argument(state, number), "the redirect")) return false;
  }
  const Word flags = argument(state, 2);
  const term::Id interface = context_.store.extract(0, 32, argument(state, 1).term);
  const Value<64> bits = Value<64>::of(flags);
  const Value<64> answer =
      program_.type == program::ProgType::xdp
          ? runtime::xdp_redirect_answer(bits)
          : runtime::skb_redirect_answer(bits, runtime::redirect_flags::ingress);
  return answer_redirect(state, redirect, answer, {interface, flags.term}, {});
}

bool Explorer::call_redirect_peer(PathState& state) {
  for (const unsigned number : {1u, 2u}) {
    if (!observable(state, argument(state, number), "the redirect")) return false;
  }
  const Word flags = argument(state, 2);
  const term::Id interface = context_.store.extract(0, 32, argument(state, 1).term);
  const Value<64> answer = runtime::skb_redirect_answer(Value<64>::of(flags), 0);
  return answer_redirect(state, redirect_peer, answer, {interface, flags.term}, {});
}

bool Explorer::call_redirect_neigh(PathState& state) {
  for (const unsigned number : {1u, 4u}) {
    if (!observable(state, argument(state, number), "the redirect")) return false;
  }
  const auto size = size_argument(state, 3);
  if (!size) return false;
  const auto neighbour = output_bytes(state, 2);
  if (!neighbour) return false;
  const Word flags = argument(state, 4);
  const term::Id interface = context_.store.extract(0, 32, argument(state, 1).term);
  const Value<64> answer = runtime::neigh_redirect_answer(*size, Value<64>::of(flags));
  return answer_redirect(state, redirect_neigh, answer, {interface, flags.term}, *neighbour);
}

bool Explorer::call_redirect_map(PathState& state) {
  const auto map = map_argument(state, 1, &is_device);
  if (!map) return false;
  const Word index = argument(state, 2);
  const Word flags = argument(state, 3);
  if (!observable(state, index, "the redirect index")) return false;
  if (!observable(state, flags, "the redirect flags")) return false;
  const program::MapDef& def = program_.maps[*map];
  const bool device =
      def.type == program::MapType::devmap || def.type == program::MapType::devmap_hash;
  term::Store& store = context_.store;
  clobber(state);
  const std::array<term::Id, 1> key{store.extract(0, 32, index.term)};
  const term::Id in_range = def.type == program::MapType::devmap_hash
                                ? store.true_()
                                : store.bin(Op::ult, key[0], context_.lit(32, def.max_entries));
  const auto targets =
      device ? runtime::RedirectTargets::devices : runtime::RedirectTargets::others;
  std::vector<Alternative> sides;
  const auto side = [&](term::Id condition, term::Id present) {
    const Value<64> bits = Value<64>::of({flags.term, 0});
    const term::Id answer =
        runtime::map_redirect_answer<Provenance>(targets, bits, Bool<Provenance>::of({present, 0}))
            .raw()
            .term;
    const std::vector<term::Id> event{context_.lit(32, *map), key[0], flags.term};
    const bool sends = !store.is_false(present);
    sides.push_back({condition, [this, answer, event, sends](PathState& s) {
                       if (sends) give_away(s, redirect_map, event, {});
                       set_result(s, answer);
                     }});
  };
  for (const Candidate& candidate : candidates(state, *map, key)) {
    const term::Id there = state.maps[*map].slots[candidate.slot].present;
    const term::Id present = store.and_(in_range, there);
    if (!options_.relation) {
      side(candidate.condition, present);
      continue;
    }
    // Where runs are compared it matters that a packet is sent, and where to.
    side(store.and_(candidate.condition, present), store.true_());
    side(store.and_(candidate.condition, store.not_(present)), store.false_());
  }
  return fork(state, std::move(sides));
}

}  // namespace probity::symex
