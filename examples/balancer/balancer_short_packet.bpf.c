// SPDX-License-Identifier: Apache-2.0
// The balancer's twin with a planted bug: a packet that ends before its ports passes unseen. Only a
// check for packets of every length finds it.
#define PLANTED_SHORT_PACKET
#include "balancer.bpf.c"
