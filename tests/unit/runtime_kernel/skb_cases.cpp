// SPDX-License-Identifier: Apache-2.0
// See model_cases.hpp: sk_buff programs, at the limits of each helper's arguments and of each ctx
// field.
#include "model_cases.hpp"

namespace probity::runtime {
namespace {

using program::ProgType;

constexpr ProgType tc = ProgType::sched_cls, cg = ProgType::cgroup_skb;
const ModelCase cases[] = {
    {"vlan_push_twice",
     tc,
     "r1 = r6\nr2 = 0x81\nr3 = 0x1234\ncall #18\nsave 0\n"
     "r0 = *(u32 *)(r6 + 20)\nsave 1\nr0 = *(u32 *)(r6 + 24)\nsave 2\n"
     "r0 = *(u32 *)(r6 + 28)\nsave 3\nr0 = *(u32 *)(r6 + 16)\nsave 4\n"
     "r1 = r6\nr2 = 0xa888\nr3 = 0x2345\ncall #18\nsave 5\n"
     "r0 = *(u32 *)(r6 + 24)\nsave 6\nr0 = *(u32 *)(r6 + 28)\nsave 7\n"
     "r0 = *(u32 *)(r6 + 16)\nsave 8\nr0 = *(u32 *)(r6 + 0)\nsave 9\n"
     "r1 = r6\nr2 = 0x7777\nr3 = 0x12345\ncall #18\nsave 10\n"
     "r0 = *(u32 *)(r6 + 24)\nsave 11\nr0 = *(u32 *)(r6 + 28)\nsave 12\nr0 = 0\nexit\n",
     {}},
    {"vlan_pop",
     tc,
     "r1 = r6\ncall #19\nsave 0\nr0 = *(u32 *)(r6 + 20)\nsave 1\nr0 = *(u32 *)(r6 + 24)\nsave 2\n"
     "r0 = *(u32 *)(r6 + 16)\nsave 3\nr1 = r6\ncall #19\nsave 4\nr0 = *(u32 *)(r6 + 0)\nsave 5\n"
     "r1 = r6\nr2 = 0x81\nr3 = 5\ncall #18\nr1 = r6\nr2 = 0x81\nr3 = 6\ncall #18\nsave 6\n"
     "r1 = r6\ncall #19\nsave 7\nr0 = *(u32 *)(r6 + 24)\nsave 8\nr0 = *(u32 *)(r6 + 16)\nsave 9\n"
     "r0 = *(u32 *)(r6 + 0)\nsave 10\nr0 = 1\nexit\n",
     {}},
    {"change_proto",
     tc,
     "r1 = r6\nr2 = 0xdd86\nr3 = 1\ncall #31\nsave 0\n"
     "r1 = r6\nr2 = 0xdd86\nr3 = 0\ncall #31\nsave 1\nr0 = *(u32 *)(r6 + 16)\nsave 2\n"
     "r0 = *(u32 *)(r6 + 0)\nsave 3\nr1 = r6\nr2 = 0x0008\nr3 = 0\ncall #31\nsave 4\n"
     "r0 = *(u32 *)(r6 + 0)\nsave 5\nr1 = r6\nr2 = 0x0608\nr3 = 0\ncall #31\nsave 6\n"
     "r0 = *(u32 *)(r6 + 16)\nsave 7\nr0 = 0\nexit\n",
     {}},
    {"change_type",
     tc,
     "r0 = *(u32 *)(r6 + 4)\nsave 0\nr1 = r6\nr2 = 4\ncall #32\nsave 1\nr1 = r6\nr2 = 1\n"
     "call #32\nsave 2\nr0 = *(u32 *)(r6 + 4)\nsave 3\nr0 = 0\nexit\n",
     {}},
    {"change_tail",
     tc,
     "r1 = r6\nr2 = 100\nr3 = 1\ncall #38\nsave 0\nr1 = r6\nr2 = 100\nr3 = 0\ncall #38\nsave 1\n"
     "r0 = *(u32 *)(r6 + 0)\nsave 2\nr1 = r6\nr2 = 13\nr3 = 0\ncall #38\nsave 3\n"
     "r1 = r6\nr2 = 14\nr3 = 0\ncall #38\nsave 4\nr1 = r6\nr2 = 16065\nr3 = 0\ncall #38\nsave 5\n"
     "r1 = r6\nr2 = 33\nr3 = 0\ncall #38\nsave 6\nr0 = 0\nexit\n",
     {}},
    {"change_tail_limit",
     tc,
     "r1 = r6\nr2 = 16064\nr3 = 0\ncall #38\nsave 0\nr0 = *(u32 *)(r6 + 0)\nsave 1\n"
     "r1 = r6\nr2 = 60\nr3 = 0\ncall #38\nsave 2\nr0 = 0\nexit\n",
     {}},
    {"change_head",
     tc,
     "r1 = r6\nr2 = 10\nr3 = 1\ncall #43\nsave 0\nr1 = r6\nr2 = 10\nr3 = 0\ncall #43\nsave 1\n"
     "r0 = *(u32 *)(r6 + 0)\nsave 2\nr0 = *(u32 *)(r6 + 16)\nsave 3\n"
     "r1 = r6\nr2 = 16064\nr3 = 0\ncall #43\nsave 4\nr1 = r6\nr2 = 24\nr3 = 0\ncall #38\nsave 5\n"
     "r1 = r6\nr2 = 23\nr3 = 0\ncall #38\nsave 6\n"
     "r1 = r6\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 1\ncall #68\nsave 7\nr0 = 0\nexit\n",
     {}},
    {"adjust_room",
     tc,
     "r1 = r6\nr2 = 8\nr3 = 1\nr4 = 0\ncall #50\nsave 0\nr0 = *(u32 *)(r6 + 0)\nsave 1\n"
     "r1 = r6\nr2 = 4\nr3 = 0\nr4 = 0\ncall #50\nsave 2\nr1 = r6\nr2 = -8\nr3 = 1\nr4 = 0\n"
     "call #50\nsave 3\nr1 = r6\nr2 = -4\nr3 = 0\nr4 = 32\ncall #50\nsave 4\n"
     "r1 = r6\nr2 = -40\nr3 = 1\nr4 = 0\ncall #50\nsave 5\nr1 = r6\nr2 = 4096\nr3 = 1\nr4 = 0\n"
     "call #50\nsave 6\nr1 = r6\nr2 = 4\nr3 = 2\nr4 = 0\ncall #50\nsave 7\nr1 = r6\nr2 = 4\n"
     "r3 = 1\nr4 = 512\ncall #50\nsave 8\nr1 = r6\nr2 = -4\nr3 = 1\nr4 = 2\ncall #50\nsave 9\n"
     "r1 = r6\nr2 = 0\nr3 = 0\nr4 = 0\ncall #50\nsave 10\nr0 = 0\nexit\n",
     {}},
    {"adjust_room_encap",
     tc,
     "r1 = r6\nr2 = 40\nr3 = 1\nr4 = 20\ncall #50\nsave 0\nr0 = *(u32 *)(r6 + 16)\nsave 1\n"
     "r1 = r6\nr2 = 20\nr3 = 1\nr4 = 2\ncall #50\nsave 2\nr1 = r6\nr2 = 20\nr3 = 1\nr4 = 6\n"
     "call #50\nsave 3\nr1 = r6\nr2 = 20\nr3 = 1\nr4 = 26\ncall #50\nsave 4\n"
     "r1 = r6\nr2 = 60\nr3 = 0\ncall #38\nsave 5\nr1 = r6\nr2 = -40\nr3 = 1\nr4 = 128\n"
     "call #50\nsave 6\nr0 = *(u32 *)(r6 + 16)\nsave 7\nr1 = r6\nr2 = 8\nr3 = 1\nr4 = 128\n"
     "call #50\nsave 8\nr1 = r6\nr2 = -8\nr3 = 1\nr4 = 384\ncall #50\nsave 9\n"
     "r0 = *(u32 *)(r6 + 0)\nsave 10\nr0 = 0\nexit\n",
     {}},
    {"ecn_tc", tc, "r1 = r6\ncall #97\nsave 0\nr1 = r6\ncall #97\nsave 1\nr0 = 0\nexit\n", {}},
    {"ecn_cgroup", cg, "r1 = r6\ncall #97\nsave 0\nr1 = r6\ncall #97\nsave 1\nr0 = 1\nexit\n", {}},
    {"hash",
     tc,
     "r0 = *(u32 *)(r6 + 68)\nsave 0\nr1 = r6\nr2 = 0x1234567\ncall #48\nsave 1\nr1 = r6\n"
     "call #34\nsave 2\nr0 = *(u32 *)(r6 + 68)\nsave 3\nr1 = r6\ncall #41\nsave 4\n"
     "r0 = *(u32 *)(r6 + 68)\nsave 5\nr0 = 0\nexit\n",
     {}},
    {"csum_level",
     tc,
     "r1 = r6\nr2 = 0\ncall #135\nsave 0\nr1 = r6\nr2 = 1\ncall #135\nsave 1\nr1 = r6\nr2 = 1\n"
     "call #135\nr1 = r6\nr2 = 0\ncall #135\nsave 2\nr1 = r6\nr2 = 2\ncall #135\nr1 = r6\nr2 = "
     "0\n"
     "call #135\nsave 3\nr1 = r6\nr2 = 2\ncall #135\nr1 = r6\nr2 = 0\ncall #135\nsave 4\nr1 = "
     "r6\n"
     "r2 = 4\ncall #135\nsave 5\nr1 = r6\nr2 = 7\ncall #40\nsave 6\nr0 = 0\nexit\n",
     {}},
    {"tunnel_key",
     tc,
     "*(u32 *)(r10 - 48) = 77\n*(u32 *)(r10 - 44) = 0x0a000001\n"
     "*(u32 *)(r10 - 40) = 0\n*(u32 *)(r10 - 36) = 0\n*(u32 *)(r10 - 32) = 0\n"
     "*(u32 *)(r10 - 28) = 0x4003\n*(u32 *)(r10 - 24) = 0\n"
     "*(u32 *)(r10 - 20) = 0x0b000002\n*(u32 *)(r10 - 16) = 0\n"
     "*(u32 *)(r10 - 12) = 0\n*(u32 *)(r10 - 8) = 0\nr1 = r6\nr2 = r9\nr2 += 256\n"
     "r3 = 44\nr4 = 0\ncall #20\nsave 0\nr1 = r6\nr2 = r10\nr2 += -48\nr3 = 44\n"
     "r4 = 32\ncall #21\nsave 1\nr1 = r6\nr2 = r10\nr2 += -48\nr3 = 43\nr4 = 0\n"
     "call #21\nsave 2\nr1 = r6\nr2 = r10\nr2 += -48\nr3 = 44\nr4 = 0\ncall #21\n"
     "save 3\nr1 = r6\nr2 = r9\nr2 += 256\nr3 = 44\nr4 = 0\ncall #20\nsave 4\n"
     "r1 = r6\nr2 = r9\nr2 += 304\nr3 = 44\nr4 = 1\ncall #20\nsave 5\nr1 = r6\n"
     "r2 = r9\nr2 += 352\nr3 = 8\nr4 = 0\ncall #20\nsave 6\nr1 = r6\nr2 = r9\n"
     "r2 += 368\nr3 = 10\nr4 = 0\ncall #20\nsave 7\nr1 = r6\nr2 = r9\nr2 += 384\n"
     "r3 = 28\nr4 = 0\ncall #20\nsave 8\nr0 = 0\nexit\n",
     {}},
    {"tunnel_key_ipv6",
     tc,
     "*(u32 *)(r10 - 48) = 5\n*(u32 *)(r10 - 44) = 1\n*(u32 *)(r10 - 40) = 2\n"
     "*(u32 *)(r10 - 36) = 2\n*(u32 *)(r10 - 32) = 3\n*(u32 *)(r10 - 28) = 0x4003\n"
     "*(u32 *)(r10 - 24) = 9\n*(u32 *)(r10 - 20) = 4\n*(u32 *)(r10 - 16) = 5\n"
     "*(u32 *)(r10 - 12) = 6\n*(u32 *)(r10 - 8) = 6\nr1 = r6\nr2 = r10\nr2 += -48\n"
     "r3 = 44\nr4 = 0\ncall #21\nsave 0\nr1 = r6\nr2 = r10\nr2 += -48\nr3 = 44\n"
     "r4 = 1\ncall #21\nsave 1\nr1 = r6\nr2 = r9\nr2 += 256\nr3 = 44\nr4 = 1\n"
     "call #20\nsave 2\nr1 = r6\nr2 = r9\nr2 += 304\nr3 = 8\nr4 = 1\ncall #20\n"
     "save 3\nr1 = r6\nr2 = r9\nr2 += 352\nr3 = 44\nr4 = 0\ncall #20\nsave 4\nr0 = 0\n"
     "exit\n",
     {}},
    {"l3_csum",
     tc,
     "r1 = r6\nr2 = 24\nr3 = 0x1234\nr4 = 0x4321\nr5 = 2\ncall #10\nsave 0\n"
     "r1 = r6\nr2 = 24\nr3 = 0x12345678\nr4 = 0x07654321\nr5 = 4\ncall #10\nsave 1\n"
     "r1 = r6\nr2 = 24\nr3 = 0\nr4 = 0xfff0\nr5 = 0\ncall #10\nsave 2\n"
     "r1 = r6\nr2 = 24\nr3 = 1\nr4 = 0xfff0\nr5 = 0\ncall #10\nsave 3\n"
     "r1 = r6\nr2 = 25\nr3 = 1\nr4 = 2\nr5 = 2\ncall #10\nsave 4\n"
     "r1 = r6\nr2 = 24\nr3 = 1\nr4 = 2\nr5 = 3\ncall #10\nsave 5\n"
     "r1 = r6\nr2 = 24\nr3 = 1\nr4 = 2\nr5 = 18\ncall #10\nsave 6\n"
     "r1 = r6\nr2 = 1000\nr3 = 1\nr4 = 2\nr5 = 2\ncall #10\nsave 7\nr0 = 0\nexit\n",
     {}},
    {"l4_csum",
     tc,
     "r1 = r6\nr2 = 50\nr3 = 0x1234\nr4 = 0x4321\nr5 = 2\ncall #11\nsave 0\n"
     "r1 = r6\nr2 = 52\nr3 = 0x12345678\nr4 = 0x07654321\nr5 = 0x14\ncall #11\nsave 1\n"
     "r1 = r6\nr2 = 54\nr3 = 0\nr4 = 0xfff0\nr5 = 0x10\ncall #11\nsave 2\n"
     "r1 = r6\nr2 = 56\nr3 = 1\nr4 = 2\nr5 = 0x22\ncall #11\nsave 3\n"
     "r1 = r6\nr2 = 56\nr3 = 1\nr4 = 2\nr5 = 0x62\ncall #11\nsave 4\n"
     "r1 = r6\nr2 = 24\nr3 = 0\nr4 = 2\nr5 = 0x23\ncall #11\nsave 5\n"
     "r1 = r6\nr2 = 24\nr3 = 0\nr4 = 2\nr5 = 0x100\ncall #11\nsave 6\nr0 = 0\nexit\n",
     {}},
    {"l4_csum_zero_field",
     tc,
     "*(u16 *)(r10 - 2) = 0\nr1 = r6\nr2 = 12\nr3 = r10\nr3 += -2\nr4 = 2\nr5 = 0\ncall #9\nsave "
     "0\n"
     "r1 = r6\nr2 = 12\nr3 = 1\nr4 = 2\nr5 = 0x22\ncall #11\nsave 1\n"
     "r1 = r6\nr2 = 12\nr3 = 1\nr4 = 2\nr5 = 0x23\ncall #11\nsave 2\n"
     "r1 = r6\nr2 = 12\nr3 = 1\nr4 = 2\nr5 = 0x62\ncall #11\nsave 3\nr0 = 0\nexit\n",
     {}},
    {"csum_diff",
     tc,
     "*(u64 *)(r10 - 8) = 0x12345678\n*(u64 *)(r10 - 16) = -5\nr1 = r10\nr1 += -8\nr2 = 8\n"
     "r3 = r10\nr3 += -16\nr4 = 8\nr5 = 7\ncall #28\nsave 0\nr1 = 0\nr2 = 0\nr3 = r10\nr3 += "
     "-16\n"
     "r4 = 8\nr5 = -1\ncall #28\nsave 1\nr1 = r10\nr1 += -8\nr2 = 4\nr3 = 0\nr4 = 0\nr5 = 99\n"
     "call #28\nsave 2\nr1 = 0\nr2 = 0\nr3 = 0\nr4 = 0\nr5 = 0x12345\ncall #28\nsave 3\n"
     "r1 = r10\nr1 += -8\nr2 = 3\nr3 = 0\nr4 = 0\nr5 = 0\ncall #28\nsave 4\nr0 = 0\nexit\n",
     {}},
    {"skb_bytes",
     tc,
     "*(u64 *)(r10 - 8) = -1\nr1 = r6\nr2 = 4\nr3 = r9\nr3 += 256\nr4 = 8\ncall #26\nsave 0\n"
     "*(u64 *)(r9 + 264) = 5\nr1 = r6\nr2 = 2000\nr3 = r9\nr3 += 264\nr4 = 8\ncall #26\nsave 1\n"
     "r1 = r6\nr2 = -4\nr3 = r9\nr3 += 272\nr4 = 8\ncall #26\nsave 2\n"
     "r1 = r6\nr2 = 6\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 0\ncall #9\nsave 3\n"
     "r1 = r6\nr2 = 6\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 4\ncall #9\nsave 4\n"
     "r1 = r6\nr2 = 70000\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 0\ncall #9\nsave 5\n"
     "r1 = r6\nr2 = 2\nr3 = r9\nr3 += 280\nr4 = 8\nr5 = 0\ncall #68\nsave 6\n"
     "r1 = r6\nr2 = 2\nr3 = r9\nr3 += 288\nr4 = 8\nr5 = 1\ncall #68\nsave 7\n"
     "r1 = r6\nr2 = 2\nr3 = r9\nr3 += 296\nr4 = 8\nr5 = 2\ncall #68\nsave 8\n"
     "r1 = r6\nr2 = 65536\nr3 = r9\nr3 += 304\nr4 = 8\nr5 = 0\ncall #68\nsave 9\n"
     "r1 = r6\nr2 = 0\ncall #39\nsave 10\nr1 = r6\nr2 = 60\ncall #39\nsave 11\nr1 = r6\n"
     "r2 = 5000\ncall #39\nsave 12\nr0 = 0\nexit\n",
     {}},
    {"socket_filter_bytes",
     ProgType::socket_filter,
     "r0 = *(u32 *)(r6 + 0)\nsave 0\nr1 = r6\nr2 = 0\nr3 = r9\nr3 += 256\nr4 = 8\ncall #26\nsave "
     "1\n"
     "r1 = r6\nr2 = 0\nr3 = r9\nr3 += 264\nr4 = 8\nr5 = 0\ncall #68\nsave 2\n"
     "r1 = r6\nr2 = 0\nr3 = r9\nr3 += 272\nr4 = 8\nr5 = 1\ncall #68\nsave 3\n"
     "r0 = *(u32 *)(r6 + 16)\nsave 4\nr0 = *(u32 *)(r6 + 4)\nsave 5\nr1 = r6\ncall #47\nsave 6\n"
     "r0 = *(u32 *)(r6 + 84)\nsave 7\nr0 = 5\nexit\n",
     {}},
    {"redirects_tc",
     tc,
     "r1 = 1\nr2 = 0\ncall #23\nsave 0\nr1 = 1\nr2 = 1\ncall #23\nsave 1\nr1 = 1\nr2 = 2\ncall "
     "#23\n"
     "save 2\nr1 = 1\nr2 = 0\ncall #155\nsave 3\nr1 = 1\nr2 = 1\ncall #155\nsave 4\nr1 = 1\nr2 = "
     "0\n"
     "r3 = 0\nr4 = 0\ncall #152\nsave 5\nr1 = 1\nr2 = 0\nr3 = 0\nr4 = 1\ncall #152\nsave 6\n"
     "*(u64 *)(r10 - 8) = 0\nr1 = 1\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\ncall #152\nsave 7\n"
     "r0 = 0\nexit\n",
     {}},
    {"clone_redirect",
     tc,
     "r1 = r6\nr2 = 1\nr3 = 0\ncall #13\nsave 0\nr1 = r6\nr2 = 1\nr3 = 1\ncall #13\nsave 1\n"
     "r1 = r6\nr2 = 99\nr3 = 0\ncall #13\nsave 2\nr1 = r6\nr2 = 1\nr3 = 2\ncall #13\nsave 3\n"
     "r0 = 0\nexit\n",
     {}},
    {"socket_tc",
     tc,
     "r7 = *(u64 *)(r6 + 168)\nif r7 != 0 goto +2\nr0 = 9\nexit\n"
     "r0 = *(u32 *)(r7 + 4)\nsave 0\nr0 = *(u32 *)(r7 + 24)\nsave 1\n"
     "r0 = *(u32 *)(r7 + 52)\nsave 2\nr0 = *(u32 *)(r7 + 72)\nsave 3\n"
     "r0 = *(u32 *)(r7 + 76)\nw0 = w0\nsave 4\nr0 = *(u32 *)(r7 + 28)\nsave 5\n"
     "r0 = *(u32 *)(r7 + 40)\nsave 6\nr0 = *(u32 *)(r7 + 56)\nsave 7\n"
     "r0 = *(u32 *)(r7 + 44)\nsave 8\nr1 = r7\ncall #95\nif r0 != 0 goto +2\nr0 = 8\n"
     "exit\nr8 = r0\nr0 = *(u32 *)(r8 + 0)\nsave 9\nr0 = *(u32 *)(r8 + 8)\nsave 10\n"
     "r0 = *(u32 *)(r8 + 12)\nsave 11\nr0 = *(u32 *)(r8 + 16)\nsave 12\n"
     "r0 = *(u32 *)(r8 + 20)\nsave 13\nr1 = r8\ncall #96\nif r0 == 0 goto +2\nr0 = 7\n"
     "exit\nr1 = r7\ncall #98\nif r0 == 0 goto +2\nr0 = 6\nexit\nr0 = 0\nexit\n",
     {}},
    {"ctx_tc",
     tc,
     "r0 = *(u32 *)(r6 + 0)\nsave 0\nr0 = *(u32 *)(r6 + 4)\nsave 1\nr0 = *(u32 *)(r6 + 12)\nsave "
     "2\n"
     "r0 = *(u32 *)(r6 + 16)\nsave 3\nr0 = *(u32 *)(r6 + 36)\nsave 4\nr0 = *(u32 *)(r6 + 40)\n"
     "save 5\nr0 = *(u32 *)(r6 + 68)\nsave 6\nr0 = *(u32 *)(r6 + 84)\nsave 7\n"
     "r0 = *(u64 *)(r6 + 152)\nsave 8\nr0 = *(u32 *)(r6 + 160)\nsave 9\nr0 = *(u32 *)(r6 + 164)\n"
     "save 10\nr0 = *(u32 *)(r6 + 176)\nsave 11\nr0 = *(u64 *)(r6 + 184)\nsave 12\n"
     "r0 = *(u8 *)(r6 + 180)\nsave 13\nr0 = *(u16 *)(r6 + 16)\nsave 14\nr0 = *(u8 *)(r6 + 17)\n"
     "save 15\nr0 = *(u8 *)(r6 + 1)\nsave 16\nr0 = *(u32 *)(r6 + 20)\nsave 17\n"
     "r0 = *(u32 *)(r6 + 72)\nsave 18\nr1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\n"
     "r3 = *(u32 *)(r6 + 140)\nr2 -= r1\nr0 = r2\nsave 19\nr1 -= r3\nr0 = r1\nsave 20\nr0 = "
     "0\nexit\n",
     {}},
    {"ctx_tc_writes",
     tc,
     "r1 = 0x12345678\n*(u32 *)(r6 + 8) = r1\n*(u32 *)(r6 + 12) = r1\n*(u32 *)(r6 + 32) = r1\n"
     "*(u32 *)(r6 + 44) = r1\n*(u32 *)(r6 + 72) = r1\n*(u64 *)(r6 + 152) = r1\n"
     "*(u64 *)(r6 + 48) = r1\n*(u8 *)(r6 + 57) = r1\n*(u16 *)(r6 + 62) = r1\n"
     "*(u32 *)(r6 + 64) = 7\nr0 = *(u32 *)(r6 + 8)\nsave 0\nr0 = *(u32 *)(r6 + 12)\nsave 1\n"
     "r0 = *(u32 *)(r6 + 32)\nsave 2\nr0 = *(u32 *)(r6 + 44)\nsave 3\nr0 = *(u32 *)(r6 + 72)\n"
     "save 4\nr0 = *(u64 *)(r6 + 152)\nsave 5\nr0 = *(u32 *)(r6 + 48)\nsave 6\n"
     "r0 = *(u32 *)(r6 + 52)\nsave 7\nr0 = *(u32 *)(r6 + 56)\nsave 8\nr0 = *(u32 *)(r6 + 60)\n"
     "save 9\nr0 = *(u32 *)(r6 + 64)\nsave 10\nr1 = 500\n*(u32 *)(r6 + 12) = r1\nr1 = 65535\n"
     "*(u32 *)(r6 + 12) = r1\nr0 = *(u32 *)(r6 + 12)\nsave 11\nr0 = 0\nexit\n",
     {}},
    {"ctx_cgroup",
     cg,
     "r0 = *(u32 *)(r6 + 88)\nsave 0\nr0 = *(u32 *)(r6 + 92)\nsave 1\nr0 = *(u32 *)(r6 + 96)\n"
     "save 2\nr0 = *(u32 *)(r6 + 100)\nsave 3\nr0 = *(u32 *)(r6 + 112)\nsave 4\n"
     "r0 = *(u32 *)(r6 + 116)\nsave 5\nr0 = *(u32 *)(r6 + 128)\nsave 6\nr0 = *(u32 *)(r6 + 132)\n"
     "save 7\nr0 = *(u32 *)(r6 + 136)\nsave 8\nr0 = *(u32 *)(r6 + 0)\nsave 9\n"
     "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\nr2 -= r1\nr0 = r2\nsave 10\n"
     "r0 = *(u16 *)(r6 + 88)\nsave 11\nr0 = *(u32 *)(r6 + 40)\nsave 12\nr0 = 1\nexit\n",
     {}},
    {"local_storage",
     cg,
     "r1 = map[17] ll\nr2 = 0\ncall #81\nr7 = *(u64 *)(r0 + 0)\nr7 += 3\n*(u64 *)(r0 + 0) = r7\n"
     "r1 = map[17] ll\nr2 = 0\ncall #81\nr0 = *(u64 *)(r0 + 0)\nsave 0\nr0 = 1\nexit\n",
     {17}},
    {"lwt_xmit",
     ProgType::lwt_xmit,
     "r0 = *(u32 *)(r6 + 0)\nsave 0\nr1 = r6\nr2 = 14\nr3 = 0\ncall #43\nsave 1\n"
     "r0 = *(u32 *)(r6 + 0)\nsave 2\nr1 = r6\nr2 = 40\nr3 = 0\ncall #38\nsave 3\n"
     "*(u64 *)(r10 - 8) = -1\nr1 = r6\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 0\ncall #9\nsave "
     "4\n"
     "r1 = 1\nr2 = 0\ncall #23\nsave 5\n*(u32 *)(r6 + 8) = 3\n*(u32 *)(r6 + 48) = 4\n"
     "r0 = *(u32 *)(r6 + 8)\nsave 6\nr0 = 2\nexit\n",
     {}},
    {"lwt_in",
     ProgType::lwt_in,
     "r0 = *(u32 *)(r6 + 0)\nsave 0\nr1 = r6\nr2 = 0\nr3 = r9\nr3 += 256\nr4 = 8\ncall #26\nsave "
     "1\n"
     "r0 = *(u32 *)(r6 + 16)\nsave 2\nr1 = r6\nr2 = 0\ncall #39\nsave 3\n"
     "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\nr2 -= r1\nr0 = r2\nsave 4\nr0 = "
     "128\nexit\n",
     {}},
    {"lwt_out",
     ProgType::lwt_out,
     "r1 = r6\ncall #24\nsave 0\nr1 = r6\ncall #17\nsave 1\nr0 = 0\nexit\n",
     {}},
    {"sched_act",
     ProgType::sched_act,
     "r1 = r6\nr2 = 0x81\nr3 = 3\ncall #18\nsave 0\nr0 = *(u32 *)(r6 + 0)\nsave 1\nr0 = "
     "4\nexit\n",
     {}},
    {"flow_dissector",
     ProgType::flow_dissector,
     "r7 = *(u64 *)(r6 + 144)\nr0 = *(u16 *)(r7 + 0)\nsave 0\nr0 = *(u16 *)(r7 + 2)\nsave 1\n"
     "r0 = *(u16 *)(r7 + 10)\nsave 2\n*(u16 *)(r7 + 2) = 0x7000\n*(u8 *)(r7 + 9) = 6\n"
     "*(u32 *)(r7 + 16) = 0x01020304\n*(u16 *)(r7 + 0) = 3\nr1 = r6\nr2 = 0\nr3 = r9\nr3 += 256\n"
     "r4 = 8\n*(u64 *)(r9 + 256) = 9\ncall #26\nsave 3\nr1 = *(u32 *)(r6 + 76)\n"
     "r2 = *(u32 *)(r6 + 80)\nr2 -= r1\nr0 = r2\nsave 4\nr0 = 0\nexit\n",
     {}},
    {"classic_loads",
     ProgType::socket_filter,
     "r0 = *(u16 *)skb[0]\nsave 0\nr0 = *(u8 *)skb[-1048567]\nsave 1\nr0 = *(u16 "
     "*)skb[-2097140]\n"
     "save 2\nr0 = *(u32 *)skb[2000]\nsave 3\nr0 = 1\nexit\n",
     {}},
    {"under_cgroup",
     tc,
     "r1 = r6\nr2 = map[11] ll\nr3 = 0\ncall #33\nsave 0\nr1 = r6\nr2 = map[11] ll\nr3 = 2\ncall "
     "#33\n"
     "save 1\nr0 = 0\nexit\n",
     {11}},
    {"tail_call_empty",
     tc,
     "r1 = r6\nr2 = map[18] ll\nr3 = 0\ncall #12\nr0 = 3\nsave 0\nr1 = r6\nr2 = map[18] ll\nr3 = "
     "7\n"
     "call #12\nr0 = 4\nexit\n",
     {}},
    {"trace_printk",
     tc,
     "*(u64 *)(r10 - 8) = 0x00006425\nr1 = r10\nr1 += -8\nr2 = 3\nr3 = -12345\ncall #6\nsave 0\n"
     "*(u64 *)(r10 - 8) = 0x00756c25\nr1 = r10\nr1 += -8\nr2 = 4\nr3 = -1\ncall #6\nsave 1\n"
     "*(u64 *)(r10 - 8) = 0x64382d25\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = 5\ncall #6\nsave 2\n"
     "*(u64 *)(r10 - 8) = 0x7a25\nr1 = r10\nr1 += -8\nr2 = 3\nr3 = 5\ncall #6\nsave 3\n"
     "*(u64 *)(r10 - 8) = 0x6968\nr1 = r10\nr1 += -8\nr2 = 2\ncall #6\nsave 4\n"
     "r1 = r10\nr1 += -8\nr2 = 3\ncall #6\nsave 5\n*(u64 *)(r10 - 8) = 0x7025\nr1 = r10\nr1 += "
     "-8\n"
     "r2 = 3\nr3 = 77\ncall #6\nsave 6\n*(u64 *)(r10 - 8) = 0x20782525\nr1 = r10\nr1 += -8\nr2 = "
     "8\n"
     "r3 = 77\ncall #6\nsave 7\nr0 = 0\nexit\n",
     {}},
    {"probe_reads",
     tc,
     "*(u64 *)(r10 - 8) = 0x00636261\n*(u64 *)(r10 - 16) = -1\nr1 = r10\nr1 += -16\nr2 = 8\nr3 = "
     "r10\n"
     "r3 += -8\ncall #115\nsave 0\nr0 = *(u64 *)(r10 - 16)\nsave 1\nr1 = r10\nr1 += -16\nr2 = 2\n"
     "r3 = r10\nr3 += -8\ncall #115\nsave 2\nr0 = *(u64 *)(r10 - 16)\nsave 3\nr1 = r10\nr1 += "
     "-16\n"
     "r2 = 8\nr3 = 0\ncall #113\nsave 4\nr0 = *(u64 *)(r10 - 16)\nsave 5\nr1 = r10\nr1 += "
     "-16\nr2 = 4\n"
     "r3 = r10\nr3 += -8\ncall #113\nsave 6\nr0 = *(u64 *)(r10 - 16)\nsave 7\nr1 = r10\nr1 += "
     "-16\n"
     "r2 = 8\nr3 = 0\ncall #112\nsave 8\nr1 = r10\nr1 += -16\nr2 = 8\nr3 = 0\ncall #115\nsave 9\n"
     "r0 = 0\nexit\n",
     {}},
    {"identity", tc, "call #15\nsave 0\ncall #8\nsave 1\ncall #42\nsave 2\nr0 = 0\nexit\n", {}},
    {"ctx_cgroup_narrow",
     cg,
     "r0 = *(u8 *)(r6 + 88)\nsave 0\nr0 = *(u16 *)(r6 + 136)\nsave 1\n"
     "r0 = *(u8 *)(r6 + 0)\nsave 2\nr0 = *(u16 *)(r6 + 2)\nsave 3\n"
     "r0 = *(u8 *)(r6 + 16)\nsave 4\nr0 = *(u8 *)(r6 + 43)\nsave 5\n"
     "r0 = *(u32 *)(r6 + 36)\nsave 6\nr0 = *(u64 *)(r6 + 152)\nsave 7\n"
     "r0 = *(u32 *)(r6 + 164)\nsave 8\nr0 = *(u32 *)(r6 + 176)\nsave 9\nr0 = 1\n"
     "exit\n",
     {}},
    {"ctx_lwt",
     ProgType::lwt_in,
     "r0 = *(u8 *)(r6 + 0)\nsave 2\nr0 = *(u16 *)(r6 + 2)\nsave 3\n"
     "r0 = *(u8 *)(r6 + 16)\nsave 4\nr0 = *(u8 *)(r6 + 43)\nsave 5\n"
     "r0 = *(u32 *)(r6 + 36)\nsave 6\nr0 = *(u32 *)(r6 + 164)\nsave 8\n"
     "r0 = *(u32 *)(r6 + 176)\nsave 9\nr0 = 0\nexit\n",
     {}},
    {"relative_loads_cgroup",
     cg,
     "*(u64 *)(r9 + 256) = 1\nr1 = r6\nr2 = 1\nr3 = r9\nr3 += 256\nr4 = 8\nr5 = 0\n"
     "call #68\nsave 0\nr1 = r6\nr2 = 1\nr3 = r9\nr3 += 264\nr4 = 8\nr5 = 1\n"
     "call #68\nsave 1\nr1 = r6\nr2 = 1\nr3 = r9\nr3 += 272\nr4 = 8\ncall #26\n"
     "save 2\nr1 = r6\nr2 = 59\nr3 = r9\nr3 += 280\nr4 = 4\nr5 = 0\ncall #68\n"
     "save 3\nr1 = r6\ncall #47\nsave 4\nr1 = r6\ncall #17\nsave 5\nr0 = 1\nexit\n",
     {}},
    {"sk_storage_none",
     tc,
     "r1 = r6\nr2 = 0\ncall #24\nsave 0\nr1 = r6\ncall #17\nsave 1\nr1 = r6\n"
     "call #151\nsave 2\nr0 = 0\nexit\n",
     {}},
    {"hash_filled",
     tc,
     "*(u32 *)(r10 - 4) = 1\nr1 = map[1] ll\nr2 = r10\nr2 += -4\ncall #1\n"
     "if r0 != 0 goto +2\nr0 = 1\nexit\nr7 = r0\nr1 = 9\n"
     "lock *(u64 *)(r7 + 0) += r1\n*(u64 *)(r10 - 16) = 77\nr1 = map[1] ll\n"
     "r2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 2\ncall #2\nsave 0\n"
     "r0 = *(u64 *)(r7 + 0)\nsave 1\n*(u64 *)(r7 + 0) = 3\nr1 = map[1] ll\n"
     "r2 = r10\nr2 += -4\ncall #1\nif r0 != 0 goto +2\nr0 = 2\nexit\n"
     "r0 = *(u64 *)(r0 + 0)\nsave 2\nr0 = 0\nexit\n",
     {1},
     {{"hash", {{{1, 0, 0, 0}, {5, 0, 0, 0, 0, 0, 0, 0}}}}}},
    {"percpu_hash_filled",
     tc,
     "*(u32 *)(r10 - 4) = 1\nr1 = map[4] ll\nr2 = r10\nr2 += -4\ncall #1\n"
     "if r0 != 0 goto +2\nr0 = 1\nexit\nr7 = r0\n*(u64 *)(r10 - 16) = 77\n"
     "r1 = map[4] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 2\ncall #2\n"
     "save 0\nr0 = *(u64 *)(r7 + 0)\nsave 1\nr1 = map[4] ll\nr2 = r10\nr2 += -4\n"
     "call #3\nsave 2\nr0 = 0\nexit\n",
     {4},
     {{"percpu_hash", {{{1, 0, 0, 0}, {5, 0, 0, 0, 0, 0, 0, 0}}}}}},
    {"array_filled",
     tc,
     "*(u32 *)(r10 - 4) = 2\n*(u64 *)(r10 - 16) = 77\nr1 = map[16] ll\nr2 = r10\n"
     "r2 += -4\ncall #1\nif r0 != 0 goto +2\nr0 = 1\nexit\nr7 = r0\n"
     "r1 = map[16] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall #2\n"
     "save 0\nr0 = *(u64 *)(r7 + 0)\nsave 1\nr0 = 0\nexit\n",
     {16},
     {{"array", {{{2, 0, 0, 0}, {5, 0, 0, 0, 0, 0, 0, 0}}}}}},
    {"lwt_clone_redirect",
     ProgType::lwt_xmit,
     "r1 = r6\nr2 = 1\nr3 = 0\ncall #13\nsave 0\nr1 = r6\nr2 = 1\nr3 = 1\ncall #13\n"
     "save 1\nr1 = r6\nr2 = 3\nr3 = 0\ncall #13\nsave 2\nr0 = 0\nexit\n",
     {}},
    {"socket_filter_ctx",
     ProgType::socket_filter,
     "*(u32 *)(r6 + 48) = 5\n*(u32 *)(r6 + 64) = 6\nr0 = *(u32 *)(r6 + 48)\nsave 0\n"
     "r0 = *(u8 *)(r6 + 64)\nsave 1\nr0 = *(u32 *)(r6 + 8)\nsave 2\n"
     "r0 = *(u32 *)(r6 + 12)\nsave 3\nr0 = *(u32 *)(r6 + 20)\nsave 4\n"
     "r0 = *(u32 *)(r6 + 24)\nsave 5\nr0 = *(u32 *)(r6 + 28)\nsave 6\n"
     "r0 = *(u32 *)(r6 + 32)\nsave 7\nr0 = *(u32 *)(r6 + 36)\nsave 8\n"
     "r0 = *(u32 *)(r6 + 40)\nsave 9\nr0 = *(u32 *)(r6 + 44)\nsave 10\n"
     "r0 = *(u32 *)(r6 + 52)\nsave 11\nr0 = *(u32 *)(r6 + 68)\nsave 12\n"
     "r0 = *(u32 *)(r6 + 164)\nsave 13\nr0 = *(u32 *)(r6 + 176)\nsave 14\nr0 = 1\n"
     "exit\n",
     {}},
    {"lwt_xmit_csum",
     ProgType::lwt_xmit,
     "r1 = r6\nr2 = 10\nr3 = 0x1234\nr4 = 0x4321\nr5 = 2\ncall #10\nsave 0\n"
     "r1 = r6\nr2 = 2\nr3 = 0x1234\nr4 = 0x4321\nr5 = 0x14\ncall #11\nsave 1\n"
     "r1 = r6\nr2 = 1\ncall #135\nsave 2\nr1 = r6\ncall #41\nsave 3\nr0 = 0\nexit\n",
     {}},
    {"adjust_room_network",
     tc,
     "r1 = r6\nr2 = 16\nr3 = 0\nr4 = 6\ncall #50\nsave 0\nr1 = r6\nr2 = 28\nr3 = 0\n"
     "r4 = 18\ncall #50\nsave 1\nr0 = *(u32 *)(r6 + 0)\nsave 2\n"
     "r0 = *(u32 *)(r6 + 16)\nsave 3\nr1 = r6\nr2 = 34\nr3 = 0\ncall #38\nsave 4\n"
     "r1 = r6\nr2 = 33\nr3 = 0\ncall #38\nsave 5\nr1 = r6\nr2 = -28\nr3 = 1\n"
     "r4 = 256\ncall #50\nsave 6\nr0 = *(u32 *)(r6 + 16)\nsave 7\nr1 = r6\nr2 = 20\n"
     "r3 = 1\nr4 = 0x4200000000000042 ll\ncall #50\nsave 8\nr0 = 0\nexit\n",
     {}},
    {"ctx_in_tc",
     tc,
     "r0 = *(u32 *)(r6 + 8)\nsave 0\nr0 = *(u32 *)(r6 + 32)\nsave 1\n"
     "r0 = *(u32 *)(r6 + 36)\nsave 2\nr0 = *(u32 *)(r6 + 40)\nsave 3\n"
     "r0 = *(u32 *)(r6 + 48)\nsave 4\nr0 = *(u32 *)(r6 + 52)\nsave 5\n"
     "r0 = *(u32 *)(r6 + 56)\nsave 6\nr0 = *(u32 *)(r6 + 60)\nsave 7\n"
     "r0 = *(u32 *)(r6 + 64)\nsave 8\nr0 = *(u32 *)(r6 + 164)\nsave 9\n"
     "r0 = *(u32 *)(r6 + 176)\nsave 10\nr0 = *(u32 *)(r6 + 160)\nsave 11\n"
     "r0 = *(u64 *)(r6 + 152)\nsave 12\nr0 = *(u64 *)(r6 + 184)\nsave 13\n"
     "r0 = *(u8 *)(r6 + 180)\nsave 14\nr0 = 0\nexit\n",
     {},
     {},
     {{"mark", 0x12345678},
      {"priority", 77},
      {"ingress_ifindex", 9},
      {"cb[0]", 1},
      {"cb[3]", 0xffffffff},
      {"tstamp", 0x123456789abc},
      {"gso_segs", 3},
      {"gso_size", 1400},
      {"hwtstamp", 5},
      {"wire_len", 5000}}},
    {"ctx_in_wire_length",
     tc,
     "r0 = *(u32 *)(r6 + 8)\nsave 0\nr0 = *(u32 *)(r6 + 32)\nsave 1\n"
     "r0 = *(u32 *)(r6 + 36)\nsave 2\nr0 = *(u32 *)(r6 + 40)\nsave 3\n"
     "r0 = *(u32 *)(r6 + 48)\nsave 4\nr0 = *(u32 *)(r6 + 52)\nsave 5\n"
     "r0 = *(u32 *)(r6 + 56)\nsave 6\nr0 = *(u32 *)(r6 + 60)\nsave 7\n"
     "r0 = *(u32 *)(r6 + 64)\nsave 8\nr0 = *(u32 *)(r6 + 164)\nsave 9\n"
     "r0 = *(u32 *)(r6 + 176)\nsave 10\nr0 = *(u32 *)(r6 + 160)\nsave 11\n"
     "r0 = *(u64 *)(r6 + 152)\nsave 12\nr0 = *(u64 *)(r6 + 184)\nsave 13\n"
     "r0 = *(u8 *)(r6 + 180)\nsave 14\nr0 = 0\nexit\n",
     {},
     {},
     {{"mark", 1}}},
    {"ctx_in_cgroup",
     cg,
     "r0 = *(u32 *)(r6 + 8)\nsave 0\nr0 = *(u32 *)(r6 + 32)\nsave 1\n"
     "r0 = *(u32 *)(r6 + 36)\nsave 2\nr0 = *(u32 *)(r6 + 40)\nsave 3\n"
     "r0 = *(u32 *)(r6 + 48)\nsave 4\nr0 = *(u32 *)(r6 + 52)\nsave 5\n"
     "r0 = *(u32 *)(r6 + 56)\nsave 6\nr0 = *(u32 *)(r6 + 60)\nsave 7\n"
     "r0 = *(u32 *)(r6 + 64)\nsave 8\nr0 = *(u32 *)(r6 + 164)\nsave 9\n"
     "r0 = *(u32 *)(r6 + 176)\nsave 10\nr0 = *(u64 *)(r6 + 152)\nsave 12\nr0 = 1\n"
     "exit\n",
     {},
     {},
     {{"mark", 0x12345678},
      {"priority", 77},
      {"ingress_ifindex", 9},
      {"cb[0]", 1},
      {"cb[3]", 0xffffffff},
      {"tstamp", 0x123456789abc},
      {"gso_segs", 3},
      {"gso_size", 1400},
      {"hwtstamp", 5}}},
};

}  // namespace

std::span<const ModelCase> skb_cases() {
  return cases;
}

}  // namespace probity::runtime
