// SPDX-License-Identifier: Apache-2.0
// The same demand from outside the exporter: every packet passes as it came.
//   probity check exporter.o --spec exporter.spec.o
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <probity/external_spec.h>

SEC("xdp")
int exporter_spec(struct xdp_md *ctx)
{
	spec_ignore_trace(); /* what is exported is not this specification's affair */
	return XDP_PASS;
}
