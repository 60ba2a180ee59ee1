// SPDX-License-Identifier: Apache-2.0
// The table of benchmark programs; counts and results are those of
// bench/programs/dynamic_counts.txt, which an independent reference interpreter wrote. The native
// functions come from bench/programs/progs.c.
#include "native/programs.hpp"

#include <algorithm>

extern "C" {
std::uint64_t bench_native_fletcher32(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_crc32b(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_fnv1a(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_sieve(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_fib(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_pktparse(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_sha256ish(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_bsort(std::uint8_t* memory, std::uint64_t length);
std::uint64_t bench_native_isqrt(std::uint8_t* memory, std::uint64_t length);
}

namespace probity::bench {
namespace {

// clang-format off
constexpr Program table[] = {
    // name       native                   r0           v3 insns  v2 insns
    {"fletcher32", bench_native_fletcher32, 0xaf04fece, 7786,  7794},
    {"crc32b",     bench_native_crc32b,     0xc7a7e956, 56326, 67593},
    {"fnv1a",      bench_native_fnv1a,      0xf1bc3fb9, 9867,  9867},
    {"sieve",      bench_native_sieve,      0x4e,       7750,  7750},
    {"fib",        bench_native_fib,        0x7bb11f3d, 11275, 11275},
    {"pktparse",   bench_native_pktparse,   0x4475622,  112,   118},
    {"sha256ish",  bench_native_sha256ish,  0x557d3a23, 74251, 77831},
    {"bsort",      bench_native_bsort,      0xe8426c5f, 16890, 22940},
    {"isqrt",      bench_native_isqrt,      0x26a5fa,   15752, 28236},
};
// clang-format on

}  // namespace

std::array<std::uint8_t, input_bytes> make_input() {
  constexpr std::uint8_t packet[] = {
      0,    1,    2, 3,  4, 5,    6,    7,  8, 9, 10, 11, 8, 0, 0x45, 0,    0,    60, 0x12,
      0x34, 0x40, 0, 64, 6, 0xab, 0xcd, 10, 0, 0, 1,  10, 0, 0, 2,    0x1f, 0x90, 0,  80};
  std::array<std::uint8_t, input_bytes> input;
  std::uint32_t state = 12345;
  for (std::uint8_t& byte : input) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  std::copy(std::begin(packet), std::end(packet), input.begin());
  return input;
}

std::span<const Program> programs() {
  return table;
}

}  // namespace probity::bench
