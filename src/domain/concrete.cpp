// SPDX-License-Identifier: Apache-2.0
// Compile-time checks of fold() through Concrete: the corners on which SMT-LIB and C disagree, such
// as division by zero and a shift by the width or more.
#include "domain/concrete.hpp"

namespace probity {
namespace {

using B8 = Bv<Concrete, 8>;
using B64 = Bv<Concrete, 64>;
static_assert(udiv(B8::lit(7), B8::lit(0)).raw() == 0xff);
static_assert(urem(B8::lit(7), B8::lit(0)).raw() == 7);
static_assert(sdiv(B8::lit(0x80), B8::lit(0xff)).raw() == 0x80);
static_assert(srem(B8::lit(0x80), B8::lit(0xff)).raw() == 0);
static_assert(sdiv(B8::lit(0x81), B8::lit(0)).raw() == 1);
static_assert(srem(B8::lit(0xf9), B8::lit(4)).raw() == 0xfd);
static_assert(shl(B64::lit(1), B64::lit(64)).raw() == 0);
static_assert(ashr(B64::lit(1ull << 63), B64::lit(200)).raw() == ~0ull);
static_assert(concat(B8::lit(0x12), B8::lit(0x34)).raw() == 0x1234);
static_assert(sext<64>(B8::lit(0x80)).raw() == 0xffffffffffffff80);
static_assert(bits<7, 4>(B8::lit(0xa5)).raw() == 0xa);
static_assert((B8::lit(1) != B8::lit(2)).raw() == 1);

}  // namespace
}  // namespace probity
