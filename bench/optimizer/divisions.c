// SPDX-License-Identifier: Apache-2.0
// XDP programs that divide by constants, for `probity opt -Ospeed` (src/opt/division.cpp): a number
// as decimal digits, a time of the week, a place on a ring. docs/evaluation.md has what they take.
//   clang -O2 -g -target bpf -mcpu=v3 -c divisions.c && probity opt -Ospeed divisions.o -o fast.o
#include <linux/bpf.h>

#define SECTION(name) __attribute__((section(name), used))

/* The source address as ten decimal digits. */
SECTION("xdp") int decimal(struct xdp_md* ctx) {
  unsigned char* packet = (unsigned char*)(long)ctx->data;
  if (packet + 34 > (unsigned char*)(long)ctx->data_end) return XDP_PASS;
  __u32 number = *(__u32*)(packet + 26);
#pragma unroll
  for (int i = 9; i >= 0; --i) {
    packet[i] = '0' + number % 10;
    number /= 10;
  }
  return XDP_TX;
}

/* Seconds as second, minute, hour and day of the week. */
SECTION("xdp") int week(struct xdp_md* ctx) {
  unsigned char* packet = (unsigned char*)(long)ctx->data;
  if (packet + 34 > (unsigned char*)(long)ctx->data_end) return XDP_PASS;
  const __u32 seconds = *(__u32*)(packet + 26);
  packet[0] = seconds % 60;
  packet[1] = seconds / 60 % 60;
  packet[2] = seconds / 3600 % 24;
  packet[3] = seconds / 86400 % 7;
  return XDP_TX;
}

/* Three hashes, each reduced to a place on a ring of 65,537. */
SECTION("xdp") int ring(struct xdp_md* ctx) {
  unsigned char* packet = (unsigned char*)(long)ctx->data;
  if (packet + 34 > (unsigned char*)(long)ctx->data_end) return XDP_PASS;
  const __u32 source = *(__u32*)(packet + 26);
  const __u32 target = *(__u32*)(packet + 30);
  __u32 place = source * 0x9e3779b1u % 65537;
  place = ((place * 0x85ebca6bu) ^ target) % 65537;
  place = (place * 0xc2b2ae35u + source) % 65537;
  *(__u32*)packet = place;
  return XDP_TX;
}
