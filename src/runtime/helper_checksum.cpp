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

/// The checksum field at argument 2, or null where the helper answers -EFAULT.
std::uint8_t* field_of(HelperCall& call) {
  constexpr std::uint32_t max_offset = 0xffff;
  const std::uint32_t offset = call.arg32(2);
  const std::span<std::uint8_t> data = call.session.packet().data();
  if (offset > max_offset || offset % 2 != 0 || !in_bounds(offset, 2, data.size())) return nullptr;
  return data.data() + offset;
}

/// What the two replace helpers share: `replaced` computes the field.
template <typename Replaced>
HelperFlow csum_replace(HelperCall& call, std::uint64_t known_flags, Replaced replaced) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(5);
  if ((flags & ~known_flags) != 0) return call.returns(errno_of::invalid);
  std::uint8_t* bytes = field_of(call);
  if (bytes == nullptr) return call.returns(errno_of::fault);
  const std::uint64_t unset = csum_flags::mangled_zero | csum_flags::enforce;
  const B16 old = B16::lit(load_le<std::uint16_t>(bytes));
  // A checksum that is not computed stays so, whatever the other arguments.
  if ((flags & unset) == csum_flags::mangled_zero && old.raw() == 0) return call.returns(0);
  const std::uint64_t size = flags & csum_flags::size_mask;
  const bool sizes_fit = size == 2 || size == 4 || (size == 0 && call.arg(3) == 0);
  if (!sizes_fit) return call.returns(errno_of::invalid);
  const B16 result = replaced(flags, old, B64::lit(call.arg(3)), B64::lit(call.arg(4)));
  store_le(bytes, static_cast<std::uint16_t>(result.raw()));
  return call.returns(0);
}

HelperFlow l3_csum_replace(HelperCall& call) {
  return csum_replace(call, csum_flags::l3_known, l3_csum_replaced<Concrete>);
}

HelperFlow l4_csum_replace(HelperCall& call) {
  return csum_replace(call, csum_flags::l4_known, l4_csum_replaced<Concrete>);
}

/// Only packets whose checksum the device computed have a sum to update; test packets have none.
HelperFlow csum_update(HelperCall& call) {
  constexpr std::int64_t not_supported = -524;  // ENOTSUPP
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return call.returns(not_supported);
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
