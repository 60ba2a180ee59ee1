// SPDX-License-Identifier: Apache-2.0
// Nine compute programs, one text for bytecode and for native code: the interpreter's speed is given in
// ns per insn and as a ratio to the same C compiled natively. Each is called as program(memory, length).
#include "progs.h"
// 1 fletcher32 over 16-bit words
ENTRY(fletcher32)(u8 *mem, u64 len) {
  u32 c0 = 0xffff, c1 = 0xffff; u64 w = len / 2; const u16 *p = (const u16 *)mem;
  for (u64 i = 0; i < w; i++) { c0 += p[i]; c1 += c0; if ((i & 255) == 255) { c0 = (c0 & 0xffff) + (c0 >> 16); c1 = (c1 & 0xffff) + (c1 >> 16); } }
  c0 = (c0 & 0xffff) + (c0 >> 16); c1 = (c1 & 0xffff) + (c1 >> 16);
  c0 = (c0 & 0xffff) + (c0 >> 16); c1 = (c1 & 0xffff) + (c1 >> 16);
  return ((c1 & 0xffff) << 16) | (c0 & 0xffff);
}
// 2 crc32, bitwise
ENTRY(crc32b)(u8 *mem, u64 len) {
  u32 c = 0xffffffffu;
  for (u64 i = 0; i < len; i++) { c ^= mem[i]; for (int k = 0; k < 8; k++) c = (c >> 1) ^ (0xedb88320u * (c & 1u)); }
  return ~c;
}
// 3 fnv1a 64
ENTRY(fnv1a)(u8 *mem, u64 len) {
  u64 h = 0xcbf29ce484222325ull;
  for (u64 i = 0; i < len; i++) { h ^= mem[i]; h *= 0x100000001b3ull; }
  return (u32)(h ^ (h >> 32));
}
// 4 sieve on the stack
ENTRY(sieve)(u8 *mem, u64 len) {
  u8 s[400]; u32 n = 0;
  for (u32 i = 0; i < 400; i++) s[i] = 0;
  for (u32 i = 2; i < 400; i++) { if (!s[i]) { n++; for (u32 j = i * 2; j < 400; j += i) s[j] = 1; } }
  return n;
}
// 5 fib, iterative
ENTRY(fib)(u8 *mem, u64 len) {
  u64 a = 0, b = 1;
  for (u64 i = 0; i < len; i++) { u64 t = a + b; a = b ^ (t >> 63); b = t; }
  return (u32)(a ^ (a >> 32));
}
// 6 packet parse: eth / vlan / ipv4 / tcp-udp, header checksum, 5-tuple hash
static inline u16 be16(const u8 *p) { return (u16)((p[0] << 8) | p[1]); }
static inline u32 be32(const u8 *p) { return ((u32)p[0] << 24) | ((u32)p[1] << 16) | ((u32)p[2] << 8) | p[3]; }
ENTRY(pktparse)(u8 *mem, u64 len) {
  if (len < 64) return 1;
  u64 o = 12; u16 et = be16(mem + o); o = 14;
  if (et == 0x8100) { et = be16(mem + 16); o = 18; }
  if (et != 0x0800) return 2;
  u8 *ip = mem + o; u32 ihl = (ip[0] & 15);
  if ((ip[0] >> 4) != 4 || ihl != 5) return 3;
  u32 sum = 0; for (int i = 0; i < 10; i++) sum += be16(ip + 2 * i);
  sum = (sum & 0xffff) + (sum >> 16); sum = (sum & 0xffff) + (sum >> 16);
  u32 h = 0x811c9dc5u; u8 *l4 = ip + 20;
  h = (h ^ be32(ip + 12)) * 0x01000193u; h = (h ^ be32(ip + 16)) * 0x01000193u;
  h = (h ^ be32(l4)) * 0x01000193u; h = (h ^ ip[9]) * 0x01000193u; h ^= h >> 15;
  return (h & 0xffff) | ((u32)(sum & 0xff) << 16) | ((u32)(ip[9] == 6 ? l4[13] & 0x3f : 0x40) << 24);
}
// 7 sha256-like rounds, 8 blocks, ring W[16] on the stack, LCG round constants
static inline u32 ror(u32 x, int n) { return (x >> n) | (x << (32 - n)); }
ENTRY(sha256ish)(u8 *mem, u64 len) {
  u32 w[16]; u32 a = 0x6a09e667, b = 0xbb67ae85, c = 0x3c6ef372, d = 0xa54ff53a, e = 0x510e527f, f = 0x9b05688c, g = 0x1f83d9ab, h = 0x5be0cd19;
  u32 k = 0x428a2f98;
  if (len < 512) return 1;
  for (u32 blk = 0; blk < 8; blk++) {
    const u32 *m = (const u32 *)(mem + blk * 64);
    NOUNROLL
    for (u32 i = 0; i < 16; i++) w[i] = m[i];
    NOUNROLL
    for (u32 i = 0; i < 64; i++) {
      u32 wi = w[i & 15];
      u32 t1 = h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + k + wi;
      u32 t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
      u32 x = w[(i + 1) & 15], y = w[(i + 14) & 15];
      w[i & 15] = wi + (ror(x, 7) ^ ror(x, 18) ^ (x >> 3)) + w[(i + 9) & 15] + (ror(y, 17) ^ ror(y, 19) ^ (y >> 10));
      k = k * 1664525u + 1013904223u;
    }
  }
  return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
}
// 8 bubble sort of 64 words on the stack
ENTRY(bsort)(u8 *mem, u64 len) {
  u32 v[64]; const u32 *m = (const u32 *)mem;
  if (len < 256) return 1;
  NOUNROLL
  for (u32 i = 0; i < 64; i++) v[i] = m[i];
  NOUNROLL
  for (u32 i = 0; i < 63; i++)
    NOUNROLL
    for (u32 j = 0; j < 63 - i; j++) { u32 x = v[j], y = v[j + 1]; if (x > y) { v[j] = y; v[j + 1] = x; } }
  u32 h = 0;
  NOUNROLL
  for (u32 i = 0; i < 64; i++) h = h * 31 + v[i];
  return h;
}
// 9 integer sqrt over 64 words
ENTRY(isqrt)(u8 *mem, u64 len) {
  const u32 *m = (const u32 *)mem; u32 acc = 0;
  if (len < 256) return 1;
  NOUNROLL
  for (u32 i = 0; i < 64; i++) {
    u32 x = m[i], r = 0, bit = 1u << 30;
    NOUNROLL
    for (int k = 0; k < 16; k++) { if (x >= r + bit) { x -= r + bit; r = (r >> 1) + bit; } else r >>= 1; bit >>= 2; }
    acc += r;
  }
  return acc;
}
