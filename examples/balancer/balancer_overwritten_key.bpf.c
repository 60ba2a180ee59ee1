// SPDX-License-Identifier: Apache-2.0
// The balancer's twin with a planted bug: a live flow is looked up in the ring again and moves to
// another backend when the ring has changed.
#define PLANTED_OVERWRITTEN_KEY
#include "balancer.bpf.c"
