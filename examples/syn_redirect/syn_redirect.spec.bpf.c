// SPDX-License-Identifier: Apache-2.0
// Some duties of the redirector, from outside: what is not a SYN of TCP over IPv4 passes as it
// came. Of SYNs this says nothing.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <probity/external_spec.h>

#define SYN 2
#define RST_OR_ACK 0x14

SEC("xdp")
int syn_redirect_spec(struct xdp_md *ctx)
{
	const unsigned char *p = (void *)(long)ctx->data;

	if (spec_packet_length() < 54 || p[12] != 0x08 || p[13] != 0x00 || p[23] != 6)
		return XDP_PASS;
	if ((p[14] & 15) != 5 || p[46] >> 4 != 5 || (p[47] & (SYN | RST_OR_ACK)) != SYN)
		return XDP_PASS;
	return XDP_ANY_IGNORE_STATE;
}
