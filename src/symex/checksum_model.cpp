// SPDX-License-Identifier: Apache-2.0
// bpf_csum_diff, bpf_l3_csum_replace and bpf_l4_csum_replace over symbolic words: the arithmetic is
// runtime/checksum.hpp, the same text as the interpreter's.
#include <fmt/format.h>

#include "runtime/checksum.hpp"
#include "runtime/map.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

constexpr std::int64_t invalid = runtime::errno_of::invalid;
constexpr std::int64_t bad_address = runtime::errno_of::fault;
constexpr std::uint64_t max_offset = 0xffff;
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
  term::Store& store = context_.store;
  const Value<64> from = Value<64>::of(argument(state, 3));
  const Value<64> to = Value<64>::of(argument(state, 4));
  const term::Id offset = store.zext(64, store.extract(0, 32, argument(state, 2).term));
  const bool l3 = helper == l3_csum_replace;
  const auto known = l3 ? runtime::csum_flags::l3_known : runtime::csum_flags::l4_known;
  const auto bits_set = static_cast<std::uint64_t>(*flags);
  const std::uint64_t size = bits_set & runtime::csum_flags::size_mask;
  clobber(state);
  if ((bits_set & ~known) != 0) {
    set_result(state, context_.lit64(invalid));
    return true;
  }
  const term::Id last = store.bin(Op::add, offset, context_.lit64(2));
  const term::Id even = store.eq(store.extract(0, 1, offset), context_.lit(1, 0));
  const term::Id inside =
      store.and_(store.and_(store.bin(Op::ule, offset, context_.lit(64, max_offset)), even),
                 store.bin(Op::ule, last, packet_length(state)));
  term::Id sizes_fit = store.lit(1, size == 2 || size == 4 ? 1 : 0);
  if (size == 0) sizes_fit = store.eq(from.raw().term, context_.lit64(0));
  const auto replace = [this, offset, bits_set, from, to, l3](PathState& s) {
    const term::Id at = context_.store.bin(Op::add, offset, s.packet.head);
    const auto read = s.objects.at(s.packet.object).read(context_, at, 2);
    const Word old = read && *read ? **read : Word{context_.fresh(16, "checksum"), 0};
    const Value<16> field = Value<16>::of({as_number(old), 0});
    const Value<16> result = l3 ? runtime::l3_csum_replaced(bits_set, field, from, to)
                                : runtime::l4_csum_replaced(bits_set, field, from, to);
    s.objects.writable(s.packet.object).write(context_, at, 2, result.raw());
    move_packet(s, s.packet.head, s.packet.end, s.packet.meta);
    set_result(s, context_.lit64(0));
  };
  const auto answer = [this](std::int64_t code) {
    return [this, code](PathState& s) { set_result(s, context_.lit64(code)); };
  };
  return fork(state, {{store.and_(inside, sizes_fit), replace},
                      {store.not_(inside), answer(bad_address)},
                      {store.and_(inside, store.not_(sizes_fit)), answer(invalid)}});
}

}  // namespace probity::symex
