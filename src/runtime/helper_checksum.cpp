// SPDX-License-Identifier: Apache-2.0
// Checksum helpers: csum_diff, l3_csum_replace, l4_csum_replace, csum_update (net/core/filter.c),
// on checksum.hpp.
#include <algorithm>
#include <array>
#include <vector>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/checksum.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

using B16 = Bv<Concrete, 16>;
using B32 = Bv<Concrete, 32>;
using B64 = Bv<Concrete, 64>;

/// A buffer as little-endian words; the last one is filled up with zeros.
std::vector<B32> words_of(std::span<const std::uint8_t> bytes) {
  std::vector<B32> words;
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    std::array<std::uint8_t, 4> word{};
    const std::size_t count = std::min<std::size_t>(4, bytes.size() - at);
    std::ranges::copy(bytes.subspan(at, count), word.begin());
    words.push_back(B32::lit(load_le<std::uint32_t>(word.data())));
  }
  return words;
}

HelperFlow csum_diff(HelperCall& call) {
  const std::uint32_t from_size = call.arg32(2);
  const std::uint32_t to_size = call.arg32(4);
  const std::uint8_t* from = call.memory(1, from_size, Access::read);
  if (from == nullptr) return HelperFlow::fault;
  const std::uint8_t* to = call.memory(3, to_size, Access::read);
  if (to == nullptr) return HelperFlow::fault;
  const std::vector<B32> removed = words_of({from, from_size});
  const std::vector<B32> added = words_of({to, to_size});
  const B32 sum = csum_difference<Concrete>(B32::lit(call.arg32(5)), removed, added);
  return call.returns(static_cast<std::int64_t>(sum.raw()));
}

HelperFlow csum_replace(HelperCall& call, CsumLayer layer) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(5);
  const std::span<std::uint8_t> data = call.session.packet().data();
  const B64 first = csum_field_answer(layer, flags, B32::lit(call.arg32(2)), B64::lit(data.size()));
  if (first.raw() != 0) return call.returns(static_cast<std::int64_t>(first.raw()));
  std::uint8_t* bytes = data.data() + call.arg32(2);
  const B16 old = B16::lit(load_le<std::uint16_t>(bytes));
  const CsumReplaced<Concrete> then =
      csum_field_replaced(layer, flags, old, B64::lit(call.arg(3)), B64::lit(call.arg(4)));
  store_le(bytes, static_cast<std::uint16_t>(then.field.raw()));
  return call.returns(static_cast<std::int64_t>(then.answer.raw()));
}

HelperFlow l3_csum_replace(HelperCall& call) {
  return csum_replace(call, CsumLayer::l3);
}

HelperFlow l4_csum_replace(HelperCall& call) {
  return csum_replace(call, CsumLayer::l4);
}

/// Only packets whose checksum the device computed have a sum to update; test packets have none.
HelperFlow csum_update(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return call.returns(errno_of::no_support);
}

constexpr std::array<HelperModel, 4> models = {{
    {10, ctx_types::tc | ctx_types::lwt_xmit, l3_csum_replace},
    {11, ctx_types::tc | ctx_types::lwt_xmit, l4_csum_replace},
    {28, ctx_types::xdp | ctx_types::tc | ctx_types::lwt, csum_diff},
    {40, ctx_types::tc | ctx_types::lwt_xmit, csum_update},
}};

}  // namespace

std::span<const HelperModel> checksum_helpers() {
  return models;
}

}  // namespace probity::runtime
