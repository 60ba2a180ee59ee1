// SPDX-License-Identifier: Apache-2.0
// An exporter only looks: every packet passes, unchanged. What it exports is its own affair, and so
// are its maps.
#include "wire.h"

SEC("xdp")
int spec(struct xdp_md *ctx)
{
	spec_ignore_maps();
	spec_ignore_trace();
	return XDP_PASS;
}
