// SPDX-License-Identifier: Apache-2.0
// Checksum helpers: csum_diff, l3_csum_replace, l4_csum_replace, csum_update (net/core/filter.c),
// on checksum.hpp.
#include <array>
#include <cstring>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/checksum.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

using B16 = Bv<Concrete, 16>;
using B32 = Bv<Concrete, 32>;

/// csum_partial(): `bytes` added to `sum` as little-endian words, the last one padded with zeros.
B32 add_bytes(B32 sum, std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, bytes.size() - at < 4 ? bytes.size() - at : 4);
    sum = csum_add_word(sum, B32::lit(word));
  }
  return sum;
}

/// csum_from32to16(): folded, not complemented.
B32 fold_to_16(B32 sum) {
  return zext<32>(~csum_fold(sum));
}

HelperFlow csum_diff(HelperCall& call) {
  const std::uint32_t from_size = call.arg32(2);
  const std::uint32_t to_size = call.arg32(4);
  const std::uint8_t* from = call.memory(1, from_size, Access::read);
  if (from == nullptr) return HelperFlow::fault;
  const std::uint8_t* to = call.memory(3, to_size, Access::read);
  if (to == nullptr) return HelperFlow::fault;
  if ((from_size | to_size) % 4 != 0) return call.returns(errno_of::invalid);
  B32 sum = B32::lit(call.arg32(5));
  if (from_size != 0 && to_size != 0) {
    sum = csum_sub(add_bytes(sum, {to, to_size}), add_bytes(B32::lit(0), {from, from_size}));
  } else if (to_size != 0) {
    sum = add_bytes(sum, {to, to_size});
  } else if (from_size != 0) {
    sum = ~add_bytes(~sum, {from, from_size});
  }
  return call.returns(static_cast<std::int64_t>(fold_to_16(sum).raw()));
}

/// The checksum field at argument 2, or null where the helper answers -EFAULT.
std::uint8_t* field_of(HelperCall& call) {
  constexpr std::uint32_t max_offset = 0xffff;
  const std::uint32_t offset = call.arg32(2);
  const std::span<std::uint8_t> data = call.session.packet().data();
  if (offset > max_offset || offset % 2 != 0 || !in_bounds(offset, 2, data.size())) return nullptr;
  return data.data() + offset;
}

HelperFlow l3_csum_replace(HelperCall& call) {
  constexpr std::uint64_t size_mask = 0xf;
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(5);
  if ((flags & ~size_mask) != 0) return call.returns(errno_of::invalid);
  std::uint8_t* bytes = field_of(call);
  if (bytes == nullptr) return call.returns(errno_of::fault);
  const B16 field = B16::lit(load_le<std::uint16_t>(bytes));
  B16 result = field;
  switch (flags & size_mask) {
    case 0:
      if (call.arg(3) != 0) return call.returns(errno_of::invalid);
      result = csum_replace_by_diff(field, B32::lit(call.arg(4)));
      break;
    case 2: result = csum_replace2(field, B16::lit(call.arg(3)), B16::lit(call.arg(4))); break;
    case 4: result = csum_replace4(field, B32::lit(call.arg(3)), B32::lit(call.arg(4))); break;
    default: return call.returns(errno_of::invalid);
  }
  store_le(bytes, static_cast<std::uint16_t>(result.raw()));
  return call.returns(0);
}

HelperFlow l4_csum_replace(HelperCall& call) {
  constexpr std::uint64_t size_mask = 0xf, pseudo_header = 0x10, mangled_zero = 0x20,
                          enforce = 0x40;
  constexpr std::uint64_t ipv6 = 0x80;
  if (!call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(5);
  if ((flags & ~(size_mask | pseudo_header | mangled_zero | enforce | ipv6)) != 0) {
    return call.returns(errno_of::invalid);
  }
  std::uint8_t* bytes = field_of(call);
  if (bytes == nullptr) return call.returns(errno_of::fault);
  const B16 field = B16::lit(load_le<std::uint16_t>(bytes));
  if ((flags & mangled_zero) != 0 && (flags & enforce) == 0 && field.raw() == 0)
    return call.returns(0);
  B16 result = field;
  switch (flags & size_mask) {
    case 0:
      if (call.arg(3) != 0) return call.returns(errno_of::invalid);
      result = csum_replace_by_diff(field, B32::lit(call.arg(4)));
      break;
    case 2: {  // inet_proto_csum_replace2: as 32-bit words
      const B32 from = B32::lit(call.arg(3) & 0xffff);
      result = csum_replace4(field, from, B32::lit(call.arg(4) & 0xffff));
      break;
    }
    case 4: result = csum_replace4(field, B32::lit(call.arg(3)), B32::lit(call.arg(4))); break;
    default: return call.returns(errno_of::invalid);
  }
  if ((flags & mangled_zero) != 0 && result.raw() == 0) result = B16::lit(0xffff);
  store_le(bytes, static_cast<std::uint16_t>(result.raw()));
  return call.returns(0);
}

/// Only packets whose checksum the device computed have a sum to update; test packets have none.
HelperFlow csum_update(HelperCall& call) {
  constexpr std::int64_t not_supported = -524;  // ENOTSUPP
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return call.returns(not_supported);
}

constexpr std::array<HelperModel, 4> models = {{
    {10, ctx_types::tc, l3_csum_replace},
    {11, ctx_types::tc, l4_csum_replace},
    {28, ctx_types::xdp | ctx_types::tc, csum_diff},
    {40, ctx_types::tc, csum_update},
}};

}  // namespace

std::span<const HelperModel> checksum_helpers() {
  return models;
}

}  // namespace probity::runtime
