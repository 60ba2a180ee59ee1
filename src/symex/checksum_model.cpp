// SPDX-License-Identifier: Apache-2.0
// bpf_csum_diff, bpf_l3_csum_replace and bpf_l4_csum_replace over symbolic words: the arithmetic is
// runtime/checksum.hpp, the same text as the interpreter's.
#include <fmt/format.h>

#include "runtime/checksum.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

constexpr std::uint32_t l3_csum_replace = 10;

/// The 32-bit words of chunks of eight bytes; the last word is filled up with zeros.
std::vector<Value<32>> words_of(term::Store& store, std::span<const term::Id> chunks) {
  constexpr unsigned word_bits = 32;
  std::vector<Value<32>> words;
  for (const term::Id chunk : chunks) {
    if (store.width(chunk) <= word_bits) {
      words.push_back(Value<32>::of({store.zext(word_bits, chunk), 0}));
      continue;
    }
    const Value<64> both = Value<64>::of({store.zext(2 * word_bits, chunk), 0});
    words.push_back(trunc<32>(both));
    words.push_back(bits<63, 32>(both));
  }
  return words;
}

}  // namespace

bool Explorer::call_csum_diff(PathState& state) {
  const auto from_size = size_argument(state, 2);
  const auto to_size = size_argument(state, 4);
  if (!from_size || !to_size) return false;
  if (!observable(state, argument(state, 5), "the checksum seed")) return false;
  std::vector<term::Id> from;
  std::vector<term::Id> to;
  if (*from_size > 0) {
    const auto chunks = read_chunks(state, argument(state, 1), *from_size);
    if (!chunks) return false;
    from = *chunks;
  }
  if (*to_size > 0) {
    const auto chunks = read_chunks(state, argument(state, 3), *to_size);
    if (!chunks) return false;
    to = *chunks;
  }
  const Value<32> seed = trunc<32>(Value<64>::of(argument(state, 5)));
  clobber(state);
  const std::vector<Value<32>> removed = words_of(context_.store, from);
  const std::vector<Value<32>> added = words_of(context_.store, to);
  const Value<32> sum = runtime::csum_difference<Provenance>(seed, removed, added);
  set_result(state, zext<64>(sum).raw().term);
  return true;
}

bool Explorer::call_csum_replace(PathState& state, std::uint32_t helper) {
  if (!ctx_argument(state, 1)) return false;
  for (unsigned number = 2; number <= 4; ++number) {
    if (!observable(state, argument(state, number), "a checksum argument")) return false;
  }
  const auto flags = context_.store.literal(as_number(argument(state, 5)));
  if (!flags) {
    give_up(state, "computed flags of a checksum helper are not modelled");
    return false;
  }
  const Value<64> from = Value<64>::of(argument(state, 3));
  const Value<64> to = Value<64>::of(argument(state, 4));
  const Value<32> start = trunc<32>(Value<64>::of(argument(state, 2)));
  const auto layer = helper == l3_csum_replace ? runtime::CsumLayer::l3 : runtime::CsumLayer::l4;
  const auto bits_set = static_cast<std::uint64_t>(*flags);
  clobber(state);
  const Value<64> length = Value<64>::of({packet_length(state), 0});
  const Value<64> first = runtime::csum_field_answer(layer, bits_set, start, length);
  const auto none = Value<64>::lit(0);
  const Bool<Provenance> there = first == none;
  const term::Id at = context_.store.bin(Op::add, zext<64>(start).raw().term, state.packet.head);
  const auto read = state.objects.at(state.packet.object).read(context_, at, 2);
  const Word old = read && *read ? **read : Word{context_.fresh(16, "checksum"), 0};
  const auto then =
      runtime::csum_field_replaced(layer, bits_set, Value<16>::of({as_number(old), 0}), from, to);
  const auto replace = [this, at, then](PathState& s) {
    s.objects.writable(s.packet.object).write(context_, at, 2, then.field.raw());
    move_packet(s, s.packet.head, s.packet.end, s.packet.meta);
    set_result(s, context_.lit64(0));
  };
  const auto answer = [this](Value<64> code) {
    return [this, code](PathState& s) { set_result(s, code.raw().term); };
  };
  const Bool<Provenance> done = then.answer == none;
  return fork(state, {{(there & done).raw().term, replace},
                      {(~there).raw().term, answer(first)},
                      {(there & ~done).raw().term, answer(then.answer)}});
}

}  // namespace probity::symex
