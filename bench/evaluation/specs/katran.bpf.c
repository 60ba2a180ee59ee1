// SPDX-License-Identifier: Apache-2.0
// Two duties of the Katran balancer: fragments of IPv4 are dropped, and it answers pings itself. Of
// everything else this says nothing.
#include "wire.h"

#define FRAGMENTED 0x3fff /* more fragments, or an offset */
#define ICMP_ECHO 8
#define IPV6 14
#define IPV6_NEXT_HEADER (IPV6 + 6)
#define ICMPV6 (IPV6 + 40)
#define ICMPV6_ECHO_REQUEST 128

SEC("xdp")
int spec(struct xdp_md *ctx)
{
	unsigned char *p = DATA(ctx);

	if (IS_IPV4(p) && HAS(L4) && (BE16(p + IP_FRAGMENT) & FRAGMENTED))
		return XDP_DROP_IGNORE_STATE; /* it counts them */
	if (IS_IPV4(p) && HAS(L4 + 8) && p[IP] == 0x45 && p[IP_PROTO] == IPPROTO_ICMP &&
	    p[L4] == ICMP_ECHO)
		return XDP_TX_IGNORE_STATE;
	if (HAS(ICMPV6 + 8) && BE16(p + ETH_PROTO) == ETH_P_IPV6 &&
	    p[IPV6_NEXT_HEADER] == IPPROTO_ICMPV6 && p[ICMPV6] == ICMPV6_ECHO_REQUEST)
		return XDP_TX_IGNORE_STATE;
	return XDP_ANY_IGNORE_STATE;
}
