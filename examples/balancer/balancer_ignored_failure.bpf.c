// SPDX-License-Identifier: Apache-2.0
// The balancer's twin with a planted bug: bpf_xdp_adjust_head may fail for want of headroom; then
// the outer header is written over the inner one.
#define PLANTED_IGNORED_FAILURE
#include "balancer.bpf.c"
