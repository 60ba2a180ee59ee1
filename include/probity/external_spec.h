/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probity/external_spec.h - a specification as a function of its own, in an object of its own:
 *
 *   #include <probity/external_spec.h>
 *   SEC("xdp") int spec(struct xdp_md *ctx)
 *   {
 *       if (spec_peek(12) == 0x08 && spec_peek(13) == 0x06)
 *           return XDP_PASS;               ARP passes; packet, maps, outputs stay
 *       return XDP_ANY_IGNORE_STATE;       nothing is said of other packets
 *   }
 *
 *   probity check prog.o --spec spec.o:spec
 *
 * The specification runs on the same packet, ctx and maps as the program, before it. What it
 * returns, and what it leaves in packet, ctx and maps (matched by name) and gives to output
 * helpers, is what the program must do, too. It may be partial: the return codes and calls below
 * leave things open. The kernel never sees it, so it needs no bounds checks; but where it reads
 * past the end of a packet it is undefined, and `check` says so (spec_peek never is).
 */
#ifndef PROBITY_EXTERNAL_SPEC_H
#define PROBITY_EXTERNAL_SPEC_H

/* Return codes of partial specifications: what is expected in the low byte, what is left open
 * above it. */
#define PROBITY_PARTIAL_(open, action) ((int)(0x5bec0000u | (open) << 8 | ((action) & 0xffu)))
#define PROBITY_ANY_ACTION_ 1u
#define PROBITY_ANY_STATE_ 2u

#define XDP_ANY PROBITY_PARTIAL_(PROBITY_ANY_ACTION_, 0u)
#define XDP_ANY_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_ACTION_ | PROBITY_ANY_STATE_, 0u)
#define XDP_ABORTED_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 0u)
#define XDP_DROP_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 1u)
#define XDP_PASS_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 2u)
#define XDP_TX_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 3u)
#define XDP_REDIRECT_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 4u)

#define TC_ACT_ANY PROBITY_PARTIAL_(PROBITY_ANY_ACTION_, 0u)
#define TC_ACT_ANY_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_ACTION_ | PROBITY_ANY_STATE_, 0u)
#define TC_ACT_UNSPEC_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 0xffu)
#define TC_ACT_OK_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 0u)
#define TC_ACT_RECLASSIFY_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 1u)
#define TC_ACT_SHOT_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 2u)
#define TC_ACT_PIPE_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 3u)
#define TC_ACT_STOLEN_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 4u)
#define TC_ACT_REDIRECT_IGNORE_STATE PROBITY_PARTIAL_(PROBITY_ANY_STATE_, 7u)

#ifdef __cplusplus
#define PROBITY_SPEC_FUNCTION_(type, number) (reinterpret_cast<type>((unsigned long)(number)))
#else
#define PROBITY_SPEC_FUNCTION_(type, number) ((type)(unsigned long)(number))
#endif

/* The return value is not compared. */
static __inline __attribute__((always_inline, unused)) void spec_any_action(void)
{
	PROBITY_SPEC_FUNCTION_(void (*)(void), 0x5be00100)();
}

/* `len` bytes of the packet from `off` (counted from its start when the program ends) are not
 * compared; its length is. */
static __inline __attribute__((always_inline, unused)) void spec_ignore_packet(unsigned long off,
									       unsigned long len)
{
	PROBITY_SPEC_FUNCTION_(void (*)(unsigned long, unsigned long), 0x5be00101)(off, len);
}

/* The entries of this map are not compared. */
static __inline __attribute__((always_inline, unused)) void spec_ignore_map(void *map)
{
	PROBITY_SPEC_FUNCTION_(void (*)(void *), 0x5be00102)(map);
}

/* No map is compared. */
static __inline __attribute__((always_inline, unused)) void spec_ignore_maps(void)
{
	PROBITY_SPEC_FUNCTION_(void (*)(void), 0x5be00103)();
}

/* What output helpers are given is not compared. */
static __inline __attribute__((always_inline, unused)) void spec_ignore_trace(void)
{
	PROBITY_SPEC_FUNCTION_(void (*)(void), 0x5be00104)();
}

/* Ctx fields that the program may write are not compared. */
static __inline __attribute__((always_inline, unused)) void spec_ignore_ctx(void)
{
	PROBITY_SPEC_FUNCTION_(void (*)(void), 0x5be00105)();
}

/* Byte `off` of the packet as the program got it, or -1 past its end. */
static __inline __attribute__((always_inline, unused)) long spec_peek(unsigned long off)
{
	return PROBITY_SPEC_FUNCTION_(long (*)(unsigned long), 0x5be00106)(off);
}

/* The length of the packet as the program got it. */
static __inline __attribute__((always_inline, unused)) unsigned long spec_packet_length(void)
{
	return PROBITY_SPEC_FUNCTION_(unsigned long (*)(void), 0x5be00107)();
}

/* Inputs that make `condition` false are not considered; the report counts their paths. */
static __inline __attribute__((always_inline, unused)) void spec_assume(long condition)
{
	PROBITY_SPEC_FUNCTION_(void (*)(long), 0x5be00108)(condition != 0);
}

#ifndef BPF_IGNORE_MAP_STATE
#define BPF_IGNORE_MAP_STATE() spec_ignore_maps()
#endif

#endif /* PROBITY_EXTERNAL_SPEC_H */
