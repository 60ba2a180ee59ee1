// SPDX-License-Identifier: Apache-2.0
// One pair of programs for each macro of probity/spec.h: NAME_holds is proved, NAME_fails refuted.
// With -DPLAIN the statements are not even there: the bytecode must be that of -DPROBITY_NO_SPEC.
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <probity/spec.h>

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value *name

/* Constant, so that gcc-bpf 12 makes direct calls of them wherever they are used. */
static void *(*const lookup)(void *map, const void *key) = (void *)1;
static long (*const update)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static long (*const adjust_tail)(struct xdp_md *ctx, int delta) = (void *)65;

#ifdef PLAIN
#define SPEC(statement)
#else
#define SPEC(statement) statement
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* The Ethernet header, or 0 when the packet is too short. */
static inline __attribute__((always_inline)) struct ethhdr *header(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;

	return data + sizeof(struct ethhdr) > data_end ? 0 : data;
}

#define PROGRAM(name) SEC("xdp") int name(struct xdp_md *ctx)
#define WITH_HEADER                            \
	struct ethhdr *eth = header(ctx);      \
	if (!eth)                              \
		return XDP_ABORTED

PROGRAM(assert_holds)
{
	WITH_HEADER;
	__u8 first = eth->h_dest[0] & 15;
	SPEC(BPF_ASSERT("small", first + eth->h_dest[1] < 271));
	return first ? XDP_PASS : XDP_DROP;
}
PROGRAM(assert_fails)
{
	WITH_HEADER;
	__u8 first = eth->h_dest[0] & 15;
	SPEC(BPF_ASSERT("small", first + eth->h_dest[1] < 270));
	return first ? XDP_PASS : XDP_DROP;
}

PROGRAM(assume_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSUME(eth->h_dest[0] == 9));
	SPEC(BPF_ASSERT_RETURN(XDP_TX));
	return eth->h_dest[0] == 9 ? XDP_TX : XDP_PASS;
}
PROGRAM(assume_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSUME(eth->h_dest[0] >= 9));
	SPEC(BPF_ASSERT_RETURN(XDP_TX));
	return eth->h_dest[0] == 9 ? XDP_TX : XDP_PASS;
}

PROGRAM(not_return_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_NOT_RETURN(XDP_DROP));
	return eth->h_proto == 8 ? XDP_TX : XDP_PASS;
}
PROGRAM(not_return_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_NOT_RETURN(XDP_TX));
	return eth->h_proto == 8 ? XDP_TX : XDP_PASS;
}

PROGRAM(constant_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_CONSTANT(eth->h_source, ETH_ALEN));
	eth->h_dest[5] = 1;
	return XDP_PASS;
}
PROGRAM(constant_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_CONSTANT(eth->h_source, ETH_ALEN));
	eth->h_source[5] = 1;
	return XDP_PASS;
}

PROGRAM(not_traversed_holds)
{
	WITH_HEADER;
	__u32 a = eth->h_dest[0], b = eth->h_dest[1];
	if (a * b == 257 * 251)
		SPEC(BPF_ASSERT_NOT_TRAVERSED());
	return XDP_PASS;
}
PROGRAM(not_traversed_fails)
{
	WITH_HEADER;
	__u32 a = eth->h_dest[0], b = eth->h_dest[1];
	if (a * b == 241 * 251)
		SPEC(BPF_ASSERT_NOT_TRAVERSED());
	return XDP_PASS;
}

PROGRAM(leads_to_action_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_LEADS_TO_ACTION(eth->h_proto == 8, XDP_TX));
	return (eth->h_proto & 8) ? XDP_TX : XDP_PASS;
}
PROGRAM(leads_to_action_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_LEADS_TO_ACTION(eth->h_proto == 7, XDP_TX));
	return (eth->h_proto & 8) ? XDP_TX : XDP_PASS;
}

PROGRAM(if_action_then_eq_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_ACTION_THEN_EQ(XDP_TX, &eth->h_proto, __u16,
					  BPF_OLD(&eth->h_proto, __u16) + 1));
	if (eth->h_dest[0])
		return XDP_PASS;
	eth->h_proto++;
	return XDP_TX;
}
PROGRAM(if_action_then_eq_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_ACTION_THEN_EQ(XDP_TX, &eth->h_proto, __u16,
					  BPF_OLD(&eth->h_proto, __u16) + 1));
	if (eth->h_dest[0])
		return XDP_TX;
	eth->h_proto++;
	return XDP_TX;
}

PROGRAM(if_action_then_neq_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_ACTION_THEN_NEQ(XDP_PASS, &eth->h_dest[0], __u8, 0));
	return eth->h_dest[0] ? XDP_PASS : XDP_DROP;
}
PROGRAM(if_action_then_neq_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_ACTION_THEN_NEQ(XDP_DROP, &eth->h_dest[0], __u8, 0));
	return eth->h_dest[0] ? XDP_PASS : XDP_DROP;
}

PROGRAM(if_then_eq_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_THEN_EQ(eth->h_proto == 8, &eth->h_dest[2], __u8, 7));
	if (eth->h_proto == 8)
		eth->h_dest[2] = 7;
	return XDP_PASS;
}
PROGRAM(if_then_eq_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_THEN_EQ(eth->h_proto != 8, &eth->h_dest[2], __u8, 7));
	if (eth->h_proto == 8)
		eth->h_dest[2] = 7;
	return XDP_PASS;
}

PROGRAM(if_then_neq_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_THEN_NEQ(eth->h_proto == 8, &eth->h_proto, __u16, 8));
	if (eth->h_proto == 8)
		eth->h_proto = 9;
	return XDP_PASS;
}
PROGRAM(if_then_neq_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_IF_THEN_NEQ(eth->h_proto == 9, &eth->h_proto, __u16, 9));
	if (eth->h_proto == 8)
		eth->h_proto = 9;
	return XDP_PASS;
}

PROGRAM(end_eq_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_END_EQ(&eth->h_proto, __u16, 9));
	eth->h_proto = 9;
	return XDP_PASS;
}
PROGRAM(end_eq_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_END_EQ(&eth->h_proto, __u16, 9));
	eth->h_proto = 8;
	return XDP_PASS;
}

PROGRAM(end_neq_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_END_NEQ(&eth->h_proto, __u16, 9));
	eth->h_proto = 8;
	return XDP_PASS;
}
PROGRAM(end_neq_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_END_NEQ(&eth->h_proto, __u16, 9));
	eth->h_dest[0] = 8;
	return XDP_PASS;
}

PROGRAM(end_eq_addr_holds)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_END_EQ_ADDR(eth->h_dest, eth->h_source, ETH_ALEN));
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	eth->h_source[0] = 1;
	return XDP_PASS;
}
PROGRAM(end_eq_addr_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_END_EQ_ADDR(eth->h_dest, eth->h_source, ETH_ALEN));
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN - 1);
	return XDP_PASS;
}

PROGRAM(return_holds)
{
	int verdict = XDP_DROP;
	volatile __u32 seen = 0;

	SPEC(BPF_ASSERT_END_EQ(&seen, __u32, 5));
	seen = 5;
	SPEC(BPF_ASSERT_RETURN(XDP_DROP));
#ifdef PLAIN
	return verdict;
#else
	BPF_RETURN(verdict);
#endif
}
PROGRAM(return_fails)
{
	int verdict = ctx->ingress_ifindex == 5 ? XDP_DROP : XDP_PASS;

	SPEC(BPF_ASSERT_RETURN(XDP_PASS));
#ifdef PLAIN
	return verdict;
#else
	BPF_RETURN(verdict);
#endif
}

PROGRAM(map_key_exists_holds)
{
	__u32 key = ctx->ingress_ifindex;

	SPEC(BPF_MAP_KEY_EXISTS(&flows, &key));
	SPEC(BPF_ASSERT_RETURN(XDP_TX));
	return lookup(&flows, &key) ? XDP_TX : XDP_PASS;
}
PROGRAM(map_key_exists_fails)
{
	__u32 key = ctx->ingress_ifindex;

	SPEC(BPF_MAP_KEY_EXISTS(&flows, &key));
	SPEC(BPF_ASSERT_RETURN(XDP_TX));
	key++;
	return lookup(&flows, &key) ? XDP_TX : XDP_PASS;
}

PROGRAM(map_key_not_exists_holds)
{
	__u32 key = ctx->ingress_ifindex;

	SPEC(BPF_MAP_KEY_NOT_EXISTS(&flows, &key));
	SPEC(BPF_ASSERT_RETURN(XDP_PASS));
	return lookup(&flows, &key) ? XDP_TX : XDP_PASS;
}
PROGRAM(map_key_not_exists_fails)
{
	__u32 key = ctx->ingress_ifindex;

	SPEC(BPF_MAP_KEY_NOT_EXISTS(&flows, &key));
	SPEC(BPF_ASSERT_RETURN(XDP_PASS));
	key++;
	return lookup(&flows, &key) ? XDP_TX : XDP_PASS;
}

PROGRAM(only_modifies_holds)
{
	WITH_HEADER;
	SPEC(BPF_IGNORE_MAP_STATE());
	SPEC(BPF_ASSERT_ONLY_MODIFIES(&eth->h_proto, 2));
	SPEC(BPF_ASSERT_ONLY_MODIFIES(&eth->h_dest[1], 1));
	eth->h_proto = 8;
	eth->h_dest[1] = 8;
	return XDP_PASS;
}
PROGRAM(only_modifies_fails)
{
	WITH_HEADER;
	SPEC(BPF_ASSERT_ONLY_MODIFIES(&eth->h_proto, 2));
	SPEC(BPF_ASSERT_ONLY_MODIFIES(&eth->h_dest[1], 1));
	eth->h_proto = 8;
	eth->h_dest[2] = 8;
	return XDP_PASS;
}

PROGRAM(map_unchanged_holds)
{
	__u32 key = 1;
	__u64 *count;

	SPEC(BPF_ASSERT_MAP_UNCHANGED(&flows));
	count = lookup(&counts, &key);
	if (count)
		*count += 1;
	return lookup(&flows, &key) ? XDP_TX : XDP_PASS;
}
PROGRAM(map_unchanged_fails)
{
	__u32 key = 1;
	__u64 *count;

	SPEC(BPF_ASSERT_MAP_UNCHANGED(&counts));
	count = lookup(&counts, &key);
	if (count)
		*count += 1;
	return lookup(&flows, &key) ? XDP_TX : XDP_PASS;
}

/* gcc-bpf 12 shares a constant 2 (XDP_PASS) with the helper's number, and calls that indirectly. */
PROGRAM(map_key_eq_holds)
{
	__u32 key = 3;
	__u64 value = ctx->ingress_ifindex;

	SPEC(BPF_ASSERT_MAP_KEY_EQ(&counts, &key, &value));
	update(&counts, &key, &value, BPF_ANY);
	return XDP_DROP;
}
PROGRAM(map_key_eq_fails)
{
	__u32 key = 3;
	__u64 value = ctx->ingress_ifindex;

	SPEC(BPF_ASSERT_MAP_KEY_EQ(&counts, &key, &value));
	value++;
	update(&counts, &key, &value, BPF_ANY);
	return XDP_DROP;
}

PROGRAM(len_delta_holds)
{
	if (adjust_tail(ctx, -8))
		return XDP_DROP;
	SPEC(BPF_ASSERT_LEN_DELTA(-8));
	return XDP_PASS;
}
PROGRAM(len_delta_fails)
{
	SPEC(BPF_ASSERT_LEN_DELTA(-8));
	adjust_tail(ctx, -8);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
