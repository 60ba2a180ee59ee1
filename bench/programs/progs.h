// SPDX-License-Identifier: Apache-2.0
// What the benchmark programs share. As bytecode each program is a section prog/NAME; natively it is the
// function bench_native_NAME, which native/programs.hpp declares. Loops stay loops in both, so that one
// insn count describes the work.
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#ifdef __bpf__
#define ENTRY(n) __attribute__((section("prog/" #n), used)) u64 n
#else
#define ENTRY(n) __attribute__((noinline)) u64 bench_native_##n
#endif
#define NOUNROLL _Pragma("clang loop unroll(disable) vectorize(disable)")
