// SPDX-License-Identifier: Apache-2.0
// See model_cases.hpp: XDP programs, and what programs of any type share: maps, ring buffers,
// callbacks.
#include "model_cases.hpp"

namespace probity::runtime {
namespace {

using program::ProgType;

constexpr ProgType xdp = ProgType::xdp;
const ModelCase cases[] = {
    {"xdp_moves",
     xdp,
     "r1 = r6\nr2 = -20\ncall #44\nsave 0\nr1 = r6\nr2 = -8\ncall #54\nsave 1\nr1 = r6\nr2 = 30\n"
     "call #44\nsave 2\nr1 = r6\nr2 = -300\ncall #44\nsave 3\nr1 = r6\nr2 = 4\ncall #54\nsave 4\n"
     "r1 = r6\nr2 = -3\ncall #54\nsave 5\nr1 = r6\nr2 = 8\ncall #54\nsave 6\nr1 = r6\nr2 = 100\n"
     "call #65\nsave 7\nr1 = r6\nr2 = -90\ncall #65\nsave 8\nr1 = r6\nr2 = 4000\ncall #65\nsave "
     "9\n"
     "r1 = r6\nr2 = -4000\ncall #65\nsave 10\nr1 = r6\ncall #188\nsave 11\nr0 = 2\nexit\n",
     {}},
    {"xdp_meta_limits",
     xdp,
     "r1 = r6\nr2 = -216\ncall #54\nsave 0\nr1 = r6\nr2 = 216\ncall #54\nsave 1\nr1 = r6\n"
     "r2 = -217\ncall #54\nsave 2\nr1 = r6\nr2 = -4\ncall #54\nsave 3\nr1 = r6\nr2 = -213\n"
     "call #44\nsave 4\nr1 = r6\nr2 = -212\ncall #44\nsave 5\nr0 = 2\nexit\n",
     {}},
    {"xdp_bytes",
     xdp,
     "*(u64 *)(r10 - 8) = -1\nr1 = r6\nr2 = 4\nr3 = r9\nr3 += 256\nr4 = 8\ncall #189\nsave 0\n"
     "r1 = r6\nr2 = 1000\nr3 = r9\nr3 += 264\nr4 = 8\ncall #189\nsave 1\nr1 = r6\nr2 = 65536\n"
     "r3 = r9\nr3 += 264\nr4 = 8\ncall #189\nsave 2\nr1 = r6\nr2 = 6\nr3 = r10\nr3 += -8\nr4 = "
     "8\n"
     "call #190\nsave 3\nr1 = r6\nr2 = 10\nr3 = r10\nr3 += -8\nr4 = 8\ncall #190\nsave 4\n"
     "r0 = 2\nexit\n",
     {}},
    {"xdp_redirects",
     xdp,
     "r1 = 1\nr2 = 0\ncall #23\nsave 0\nr1 = 1\nr2 = 1\ncall #23\nsave 1\nr1 = map[8] ll\nr2 = "
     "0\n"
     "r3 = 0\ncall #51\nsave 2\nr1 = map[8] ll\nr2 = 0\nr3 = 3\ncall #51\nsave 3\nr1 = map[8] "
     "ll\n"
     "r2 = 9\nr3 = 8\ncall #51\nsave 4\nr1 = map[8] ll\nr2 = 0\nr3 = 32\ncall #51\nsave 5\n"
     "r1 = map[9] ll\nr2 = 0\nr3 = 2\ncall #51\nsave 6\nr1 = map[9] ll\nr2 = 0\nr3 = 8\ncall "
     "#51\n"
     "save 7\nr1 = map[15] ll\nr2 = 4096\nr3 = 1\ncall #51\nsave 8\nr0 = 2\nexit\n",
     {8, 9, 15}},
    {"hash_updates",
     xdp,
     "*(u32 *)(r10 - 4) = 1\n*(u64 *)(r10 - 16) = 11\nr1 = map[1] ll\nr2 = r10\nr2 += -4\nr3 = "
     "r10\n"
     "r3 += -16\nr4 = 2\ncall #2\nsave 0\nr1 = map[1] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += "
     "-16\n"
     "r4 = 1\ncall #2\nsave 1\nr1 = map[1] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 1\n"
     "call #2\nsave 2\n*(u32 *)(r10 - 4) = 2\nr1 = map[1] ll\nr2 = r10\nr2 += -4\nr3 = r10\n"
     "r3 += -16\nr4 = 0\ncall #2\nsave 3\n*(u32 *)(r10 - 4) = 3\nr1 = map[1] ll\nr2 = r10\n"
     "r2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 4\n*(u32 *)(r10 - 4) = 4\n"
     "r1 = map[1] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 5\n"
     "r1 = map[1] ll\nr2 = r10\nr2 += -4\ncall #3\nsave 6\n*(u32 *)(r10 - 4) = 2\n"
     "r1 = map[1] ll\nr2 = r10\nr2 += -4\ncall #3\nsave 7\nr1 = map[1] ll\nr2 = r10\nr2 += -4\n"
     "r3 = r10\nr3 += -16\nr4 = 3\ncall #2\nsave 8\nr1 = map[1] ll\nr2 = r10\nr2 += -4\nr3 = "
     "r10\n"
     "r3 += -16\nr4 = 8\ncall #2\nsave 9\nr0 = 2\nexit\n",
     {1}},
    {"array_updates",
     xdp,
     "*(u32 *)(r10 - 4) = 1\n*(u64 *)(r10 - 16) = 11\nr1 = map[16] ll\nr2 = r10\nr2 += -4\nr3 = "
     "r10\n"
     "r3 += -16\nr4 = 1\ncall #2\nsave 0\nr1 = map[16] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += "
     "-16\n"
     "r4 = 2\ncall #2\nsave 1\nr1 = map[16] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 3\n"
     "call #2\nsave 2\nr1 = map[16] ll\nr2 = r10\nr2 += -4\ncall #3\nsave 3\n*(u32 *)(r10 - 4) = "
     "3\n"
     "r1 = map[16] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 4\n"
     "r1 = map[16] ll\nr2 = r10\nr2 += -4\ncall #1\nif r0 != 0 goto +1\nr0 = 5\nsave 5\n"
     "r1 = map[3] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 6\n"
     "r1 = map[3] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 4\ncall #2\nsave 7\n"
     "r0 = 2\nexit\n",
     {16, 3}},
    {"percpu_hash_updates",
     xdp,
     "*(u32 *)(r10 - 4) = 1\n*(u64 *)(r10 - 16) = 11\nr1 = map[4] ll\nr2 = r10\nr2 += -4\nr3 = "
     "r10\n"
     "r3 += -16\nr4 = 2\ncall #2\nsave 0\nr1 = map[4] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += "
     "-16\n"
     "r4 = 0\ncall #2\nsave 1\nr1 = map[4] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 1\n"
     "call #2\nsave 2\nr1 = map[4] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 4\ncall #2\n"
     "save 3\nr1 = map[4] ll\nr2 = r10\nr2 += -4\ncall #1\nif r0 == 0 goto +2\n"
     "r1 = *(u64 *)(r0 + 0)\n*(u64 *)(r9 + 64) = r1\nr1 = map[2] ll\nr2 = r10\nr2 += -4\nr3 = "
     "r10\n"
     "r3 += -16\nr4 = 0\ncall #2\nsave 4\nr1 = map[2] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += "
     "-16\n"
     "r4 = 4\ncall #2\nsave 5\nr0 = 2\nexit\n",
     {4, 2}},
    {"lpm",
     xdp,
     "*(u32 *)(r10 - 8) = 8\n*(u32 *)(r10 - 4) = 0x0302000a\n*(u64 *)(r10 - 16) = 11\n"
     "r1 = map[5] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = 2\ncall #2\nsave 0\n"
     "r1 = map[5] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = 1\ncall #2\nsave 1\n"
     "*(u32 *)(r10 - 4) = 0x0909090a\n*(u64 *)(r10 - 16) = 12\nr1 = map[5] ll\nr2 = r10\nr2 += "
     "-8\n"
     "r3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 2\n*(u32 *)(r10 - 8) = 20\n"
     "*(u64 *)(r10 - 16) = 13\nr1 = map[5] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = 0\n"
     "call #2\nsave 3\n*(u32 *)(r10 - 8) = 32\nr1 = map[5] ll\nr2 = r10\nr2 += -8\ncall #1\n"
     "if r0 == 0 goto +2\nr1 = *(u64 *)(r0 + 0)\n*(u64 *)(r9 + 64) = r1\n"
     "*(u32 *)(r10 - 4) = 0x0101010a\nr1 = map[5] ll\nr2 = r10\nr2 += -8\ncall #1\n"
     "if r0 == 0 goto +2\nr1 = *(u64 *)(r0 + 0)\n*(u64 *)(r9 + 72) = r1\n*(u32 *)(r10 - 8) = 33\n"
     "r1 = map[5] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 4\n"
     "r1 = map[5] ll\nr2 = r10\nr2 += -8\ncall #3\nsave 5\n*(u32 *)(r10 - 8) = 1\nr1 = map[5] "
     "ll\n"
     "r2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 6\n*(u32 *)(r10 - 8) = 2\n"
     "r1 = map[5] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\nsave 7\n"
     "r1 = map[5] ll\nr2 = r10\nr2 += -8\ncall #3\nsave 10\nr0 = 2\nexit\n",
     {5}},
    {"queue_and_stack",
     xdp,
     "*(u64 *)(r10 - 8) = 1\nr1 = map[6] ll\nr2 = r10\nr2 += -8\ncall #88\nsave 0\n"
     "r0 = *(u64 *)(r10 - 8)\nsave 1\n*(u64 *)(r10 - 8) = 1\nr1 = map[6] ll\nr2 = r10\nr2 += -8\n"
     "r3 = 0\ncall #87\nsave 2\n*(u64 *)(r10 - 8) = 2\nr1 = map[6] ll\nr2 = r10\nr2 += -8\nr3 = "
     "0\n"
     "call #87\nsave 3\n*(u64 *)(r10 - 8) = 3\nr1 = map[6] ll\nr2 = r10\nr2 += -8\nr3 = 0\ncall "
     "#87\n"
     "save 4\nr1 = map[6] ll\nr2 = r10\nr2 += -8\nr3 = 2\ncall #87\nsave 5\nr1 = map[6] ll\n"
     "r2 = r10\nr2 += -8\nr3 = 1\ncall #87\nsave 6\nr1 = map[6] ll\nr2 = r10\nr2 += -8\ncall "
     "#89\n"
     "r0 = *(u64 *)(r10 - 8)\nsave 7\nr1 = map[7] ll\nr2 = r10\nr2 += -8\nr3 = 0\ncall #87\nsave "
     "8\n"
     "*(u64 *)(r10 - 8) = 9\nr1 = map[7] ll\nr2 = r10\nr2 += -8\nr3 = 0\ncall #87\nr1 = map[7] "
     "ll\n"
     "r2 = r10\nr2 += -8\ncall #88\nsave 9\nr0 = *(u64 *)(r10 - 8)\nsave 10\nr0 = 2\nexit\n",
     {6, 7}},
    {"ringbuf",
     xdp,
     "*(u64 *)(r10 - 8) = 1\nr1 = map[10] ll\nr2 = 100\nr3 = 0\ncall #131\nif r0 == 0 goto +3\n"
     "r1 = r0\nr2 = 0\ncall #132\nr1 = map[10] ll\nr2 = 0\ncall #134\nsave 0\nr1 = map[10] ll\n"
     "r2 = 1\ncall #134\nsave 1\nr1 = map[10] ll\nr2 = 3\ncall #134\nsave 2\nr1 = map[10] ll\n"
     "r2 = 4\ncall #134\nsave 3\nr1 = map[10] ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 4\ncall #130\n"
     "save 4\nr1 = map[10] ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\ncall #130\nsave 5\n"
     "r1 = map[10] ll\nr2 = 3943\nr3 = 0\ncall #131\nif r0 == 0 goto +5\nr1 = r0\nr2 = 1\ncall "
     "#133\n"
     "r0 = 1\nsave 6\nr1 = map[10] ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\ncall #130\nsave 7\n"
     "r1 = map[10] ll\nr2 = 0\ncall #134\nsave 8\nr1 = map[10] ll\nr2 = 8\nr3 = 1\ncall #131\n"
     "if r0 == 0 goto +3\nr1 = r0\nr2 = 0\ncall #132\nr0 = 2\nexit\n",
     {10}},
    {"ringbuf_full",
     xdp,
     "r1 = map[10] ll\nr2 = 4088\nr3 = 0\ncall #131\nif r0 == 0 goto +5\nr1 = r0\nr2 = 0\ncall "
     "#132\n"
     "r0 = 1\nsave 0\nr1 = map[10] ll\nr2 = 4080\nr3 = 0\ncall #131\nif r0 == 0 goto +5\nr1 = "
     "r0\n"
     "r2 = 0\ncall #132\nr0 = 1\nsave 1\nr1 = map[10] ll\nr2 = 0\ncall #134\nsave 2\nr0 = "
     "2\nexit\n",
     {10}},
    {"dynptr",
     xdp,
     "*(u64 *)(r10 - 32) = 7\nr1 = r9\nr1 += 256\nr2 = 32\nr3 = 0\nr4 = r10\nr4 += -16\ncall "
     "#197\n"
     "save 0\nr1 = r10\nr1 += -16\nr2 = 24\nr3 = r10\nr3 += -32\nr4 = 8\nr5 = 0\ncall #202\nsave "
     "1\n"
     "r1 = r10\nr1 += -16\nr2 = 25\nr3 = r10\nr3 += -32\nr4 = 8\nr5 = 0\ncall #202\nsave 2\n"
     "r1 = r10\nr1 += -16\nr2 = 0\nr3 = r10\nr3 += -32\nr4 = 8\nr5 = 1\ncall #202\nsave 3\n"
     "*(u64 *)(r10 - 40) = 0\nr1 = r10\nr1 += -40\nr2 = 8\nr3 = r10\nr3 += -16\nr4 = 20\nr5 = 0\n"
     "call #201\nsave 4\nr0 = *(u64 *)(r10 - 40)\nsave 5\nr1 = r10\nr1 += -40\nr2 = 8\nr3 = r10\n"
     "r3 += -16\nr4 = 20\nr5 = 1\ncall #201\nsave 6\nr1 = r10\nr1 += -16\nr2 = 8\nr3 = 8\ncall "
     "#203\n"
     "if r0 == 0 goto +1\n*(u64 *)(r0 + 0) = 3\nr1 = r10\nr1 += -16\nr2 = 25\nr3 = 8\ncall #203\n"
     "if r0 == 0 goto +1\n*(u64 *)(r0 + 0) = 4\nr1 = r9\nr1 += 256\nr2 = 32\nr3 = 1\nr4 = r10\n"
     "r4 += -56\ncall #197\nsave 7\nr0 = 2\nexit\n",
     {}},
    {"dynptr_ringbuf",
     xdp,
     "*(u64 *)(r10 - 32) = 7\nr1 = map[10] ll\nr2 = 16\nr3 = 0\nr4 = r10\nr4 += -16\ncall #198\n"
     "save 0\nr1 = r10\nr1 += -16\nr2 = 8\nr3 = r10\nr3 += -32\nr4 = 8\nr5 = 0\ncall #202\nsave "
     "1\n"
     "r1 = r10\nr1 += -16\nr2 = 9\nr3 = r10\nr3 += -32\nr4 = 8\nr5 = 0\ncall #202\nsave 2\n"
     "r1 = r10\nr1 += -16\nr2 = 0\ncall #199\nr1 = map[10] ll\nr2 = 5000\nr3 = 0\nr4 = r10\n"
     "r4 += -16\ncall #198\nsave 3\nr1 = r10\nr1 += -16\nr2 = 0\ncall #200\nr1 = map[10] ll\nr2 "
     "= 8\n"
     "r3 = 1\nr4 = r10\nr4 += -16\ncall #198\nsave 4\nr1 = r10\nr1 += -16\nr2 = 0\ncall #200\n"
     "r1 = map[10] ll\nr2 = 0\ncall #134\nsave 5\nr0 = 2\nexit\n",
     {10}},
    {"perf_events",
     xdp,
     "*(u64 *)(r10 - 8) = 7\nr1 = r6\nr2 = map[12] ll\nr3 = 0\nr4 = r10\nr4 += -8\nr5 = 8\ncall "
     "#25\n"
     "save 0\nr1 = r6\nr2 = map[12] ll\nr3 = 2\nr4 = r10\nr4 += -8\nr5 = 8\ncall #25\nsave 1\n"
     "r1 = r6\nr2 = map[12] ll\nr3 = -1 ll\nr4 = r10\nr4 += -8\nr5 = 8\ncall #25\nsave 2\n"
     "r1 = r6\nr2 = map[12] ll\nr3 = 0x1000ffffffff ll\nr4 = r10\nr4 += -8\nr5 = 8\ncall #25\n"
     "save 3\nr1 = r6\nr2 = map[12] ll\nr3 = 0xeffffffff ll\nr4 = r10\nr4 += -8\nr5 = 8\ncall "
     "#25\n"
     "save 4\nr0 = 2\nexit\n",
     {12}},
    {"fib",
     xdp,
     "*(u64 *)(r10 - 64) = 2\n*(u64 *)(r10 - 56) = 1\n*(u64 *)(r10 - 48) = 0\n"
     "*(u64 *)(r10 - 40) = 0\n*(u64 *)(r10 - 32) = 0\n*(u64 *)(r10 - 24) = 0\n"
     "*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\nr1 = r6\nr2 = r10\nr2 += -64\nr3 = 64\nr4 = "
     "0\n"
     "call #69\nsave 0\nr1 = r6\nr2 = r10\nr2 += -64\nr3 = 63\nr4 = 0\ncall #69\nsave 1\nr1 = "
     "r6\n"
     "r2 = r10\nr2 += -64\nr3 = 64\nr4 = 64\ncall #69\nsave 2\n*(u8 *)(r10 - 64) = 3\nr1 = r6\n"
     "r2 = r10\nr2 += -64\nr3 = 64\nr4 = 0\ncall #69\nsave 3\n*(u8 *)(r10 - 64) = 10\n"
     "*(u32 *)(r10 - 56) = 1000\nr1 = r6\nr2 = r10\nr2 += -64\nr3 = 64\nr4 = 0\ncall #69\nsave "
     "4\n"
     "r0 = 2\nexit\n",
     {}},
    {"map_in_map",
     xdp,
     "*(u32 *)(r10 - 4) = 1\nr1 = map[13] ll\nr2 = r10\nr2 += -4\ncall #1\nif r0 == 0 goto +1\n"
     "r0 = 1\nsave 0\n*(u32 *)(r10 - 4) = 2\nr1 = map[13] ll\nr2 = r10\nr2 += -4\ncall #1\n"
     "if r0 == 0 goto +1\nr0 = 1\nsave 1\nr0 = 2\nexit\n",
     {}},
    {"spin_free_percpu_lookup",
     xdp,
     "*(u32 *)(r10 - 4) = 1\nr1 = map[3] ll\nr2 = r10\nr2 += -4\nr3 = 0\ncall #195\n"
     "if r0 != 0 goto +2\nr0 = 5\nexit\n*(u64 *)(r0 + 0) = 9\nr1 = map[3] ll\n"
     "r2 = r10\nr2 += -4\ncall #1\nif r0 != 0 goto +2\nr0 = 6\nexit\n"
     "r0 = *(u64 *)(r0 + 0)\nsave 0\nr0 = 2\nexit\n",
     {3}},
    {"jumbo_moves",
     xdp,
     "r1 = r6\ncall #188\nsave 0\nr1 = r6\nr2 = 3518\nr3 = r9\nr3 += 256\nr4 = 8\n"
     "call #189\nsave 1\n*(u64 *)(r10 - 8) = -1\nr1 = r6\nr2 = 3518\nr3 = r10\n"
     "r3 += -8\nr4 = 8\ncall #190\nsave 2\nr1 = r6\nr2 = 20\ncall #65\nsave 3\n"
     "r1 = r6\nr2 = 4096\ncall #65\nsave 4\nr1 = r6\nr2 = -30\ncall #65\nsave 5\n"
     "r1 = r6\ncall #188\nsave 6\nr1 = r6\nr2 = -7000\ncall #65\nsave 7\nr1 = r6\n"
     "r2 = -490\ncall #65\nsave 8\nr1 = r6\ncall #188\nsave 9\nr1 = r6\nr2 = 10\n"
     "call #44\nsave 10\nr0 = 2\nexit\n",
     {}},
    {"loop",
     xdp,
     "*(u64 *)(r10 - 8) = 0\nr1 = 10\nr2 = func pc+34 ll\nr3 = r10\nr3 += -8\n"
     "r4 = 0\ncall #181\nsave 0\nr0 = *(u64 *)(r10 - 8)\nsave 1\nr1 = 10\n"
     "r2 = func pc+24 ll\nr3 = r10\nr3 += -8\nr4 = 1\ncall #181\nsave 2\n"
     "r1 = 8388609\nr2 = func pc+16 ll\nr3 = r10\nr3 += -8\nr4 = 0\ncall #181\n"
     "save 3\nr1 = 2\nr2 = func pc+8 ll\nr3 = r10\nr3 += -8\nr4 = 0\ncall #181\n"
     "save 4\nr0 = 2\nexit\nr3 = *(u64 *)(r2 + 0)\nr3 += r1\nr3 += 1\n"
     "*(u64 *)(r2 + 0) = r3\nr0 = 0\nif r1 != 6 goto +1\nr0 = 1\nexit\n",
     {}},
    {"for_each",
     xdp,
     "*(u64 *)(r10 - 8) = 0\n*(u32 *)(r10 - 12) = 7\nr1 = map[1] ll\nr2 = r10\n"
     "r2 += -12\nr3 = r10\nr3 += -8\nr4 = 0\ncall #2\n*(u32 *)(r10 - 12) = 9\n"
     "r1 = map[1] ll\nr2 = r10\nr2 += -12\nr3 = r10\nr3 += -8\nr4 = 0\ncall #2\n"
     "r1 = map[1] ll\nr2 = func pc+37 ll\nr3 = r10\nr3 += -8\nr4 = 0\ncall #164\n"
     "save 0\nr1 = map[16] ll\nr2 = func pc+28 ll\nr3 = r10\nr3 += -8\nr4 = 0\n"
     "call #164\nsave 1\nr1 = map[3] ll\nr2 = func pc+19 ll\nr3 = r10\nr3 += -8\n"
     "r4 = 0\ncall #164\nsave 2\nr1 = map[16] ll\nr2 = func pc+10 ll\nr3 = r10\n"
     "r3 += -8\nr4 = 1\ncall #164\nsave 3\nr0 = *(u64 *)(r10 - 8)\nsave 4\nr0 = 2\n"
     "exit\nr1 = *(u32 *)(r2 + 0)\n*(u64 *)(r4 + 0) = 5\nr5 = r1\nr5 += 100\n"
     "*(u64 *)(r3 + 0) = r5\nr0 = 0\nif r1 != 1 goto +1\nr0 = 1\nexit\n",
     {1, 16, 3}},
    {"socket_lookups",
     xdp,
     "*(u64 *)(r10 - 16) = 0x0100007f\n*(u32 *)(r10 - 8) = 0x50005000\nr1 = r6\n"
     "r2 = r10\nr2 += -16\nr3 = 12\nr4 = -1\nr5 = 0\ncall #85\nif r0 == 0 goto +3\n"
     "r1 = r0\ncall #86\nr0 = 1\nsave 0\nr1 = r6\nr2 = r10\nr2 += -16\nr3 = 12\n"
     "r4 = -1\nr5 = 0\ncall #99\nif r0 == 0 goto +3\nr1 = r0\ncall #86\nr0 = 1\n"
     "save 1\nr0 = 2\nexit\n",
     {}},
    {"ringbuf_zero",
     xdp,
     "r1 = map[10] ll\nr2 = 0\nr3 = 0\ncall #131\nif r0 == 0 goto +3\nr1 = r0\n"
     "r2 = 0\ncall #133\nr1 = map[10] ll\nr2 = 3\ncall #134\nsave 0\nr0 = 2\nexit\n",
     {10}},
    {"jiffies_and_clock",
     xdp,
     "call #5\nr7 = r0\ncall #5\nr0 -= r7\nif r0 s> 0 goto +2\nr0 = 1\nexit\n"
     "r0 = 2\nexit\n",
     {}},
    {"devmap_filled",
     xdp,
     "*(u32 *)(r10 - 4) = 1\nr1 = map[8] ll\nr2 = r10\nr2 += -4\ncall #1\n"
     "if r0 != 0 goto +2\nr0 = 1\nexit\nr0 = *(u32 *)(r0 + 0)\nsave 0\n"
     "r1 = map[8] ll\nr2 = 1\nr3 = 0\ncall #51\nsave 1\nr1 = map[8] ll\nr2 = 1\n"
     "r3 = 2\ncall #51\nsave 2\nr1 = map[8] ll\nr2 = 1\nr3 = 64\ncall #51\nsave 3\n"
     "r1 = map[8] ll\nr2 = 0x100000001 ll\nr3 = 1\ncall #51\nsave 4\n"
     "r1 = map[8] ll\nr2 = 2\nr3 = 1\ncall #51\nsave 5\nr0 = 2\nexit\n",
     {8},
     {{"devices", {{{1, 0, 0, 0}, {7, 0, 0, 0}}}}}},
    {"snprintf",
     xdp,
     "*(u64 *)(r10 - 16) = -7\n*(u64 *)(r10 - 8) = 0x1234\nr1 = r9\nr1 += 256\n"
     "r2 = 32\nr3 = map[19][0] ll\nr4 = r10\nr4 += -16\nr5 = 16\ncall #165\nsave 0\n"
     "r1 = r9\nr1 += 288\nr2 = 6\nr3 = map[19][0] ll\nr4 = r10\nr4 += -16\nr5 = 16\n"
     "call #165\nsave 1\nr1 = r9\nr1 += 328\nr2 = 32\nr3 = map[19][16] ll\n"
     "r4 = r10\nr4 += -16\nr5 = 8\ncall #165\nsave 3\nr1 = r9\nr1 += 360\nr2 = 1\n"
     "r3 = map[19][16] ll\nr4 = r10\nr4 += -16\nr5 = 8\ncall #165\nsave 4\nr0 = 2\n"
     "exit\n",
     {}},
    {"strncmp",
     xdp,
     "*(u64 *)(r10 - 24) = 0x64636261\nr1 = r10\nr1 += -24\nr2 = 8\n"
     "r3 = map[19][32] ll\ncall #182\nsave 0\n*(u64 *)(r10 - 24) = 0x64636261\n"
     "r1 = r10\nr1 += -24\nr2 = 3\nr3 = map[19][32] ll\ncall #182\nsave 1\n"
     "*(u64 *)(r10 - 24) = 0x64636262\nr1 = r10\nr1 += -24\nr2 = 4\n"
     "r3 = map[19][32] ll\ncall #182\nsave 2\n*(u64 *)(r10 - 24) = 0x63636261\n"
     "r1 = r10\nr1 += -24\nr2 = 4\nr3 = map[19][32] ll\ncall #182\nsave 3\n"
     "*(u64 *)(r10 - 24) = 0x00626100\nr1 = r10\nr1 += -24\nr2 = 8\n"
     "r3 = map[19][32] ll\ncall #182\nsave 4\nr0 = 2\nexit\n",
     {}},
    {"prandom_and_identity",
     xdp,
     "call #42\nsave 0\ncall #8\nsave 1\ncall #15\nsave 2\nr0 = 2\nexit\n",
     {}},
};

}  // namespace

std::span<const ModelCase> xdp_cases() {
  return cases;
}

}  // namespace probity::runtime
