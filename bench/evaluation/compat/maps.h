/* SPDX-License-Identifier: Apache-2.0 */
/* The map definition of SEC("maps") that libbpf's headers dropped: for programs that need only
 * this of the legacy era. Put before a program with -include. */
#pragma once
#include <linux/types.h>
struct bpf_map_def { __u32 type, key_size, value_size, max_entries, map_flags; };
