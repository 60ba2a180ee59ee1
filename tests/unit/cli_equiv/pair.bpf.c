// SPDX-License-Identifier: Apache-2.0
// A small program in several variants: what one of them does otherwise is a macro.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifndef VERDICT
#define VERDICT XDP_PASS
#endif
#ifndef BYTE
#define BYTE 7
#endif
#ifndef VALUE
#define VALUE 5
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

SEC("xdp")
int pair(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 key = 1;
	__u64 value = VALUE;

	if (data + 20 > (unsigned char *)end)
		return XDP_PASS;
#ifdef SUM /* the same number, computed */
	data[3] = (unsigned char)(data[4] - (data[4] - BYTE));
#else
	data[3] = BYTE;
#endif
	bpf_map_update_elem(&seen, &key, &value, BPF_ANY);
	return VERDICT;
}
