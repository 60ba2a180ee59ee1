/* SPDX-License-Identifier: Apache-2.0 */
/* What samples of the legacy era take for granted and today's headers no longer give: the short
 * integer types, the map definition of SEC("maps") and the byte order of <netinet/in.h>.
 * Put before a program with -include. */
#pragma once
#include <linux/types.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
typedef __u8 u8, uint8_t;
typedef __u16 u16, uint16_t;
typedef __u32 u32, uint32_t;
typedef __u64 u64, uint64_t;
#define ntohs bpf_ntohs
#define htons bpf_htons
struct bpf_map_def { __u32 type, key_size, value_size, max_entries, map_flags; };
