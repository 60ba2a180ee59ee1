// SPDX-License-Identifier: Apache-2.0
// The balancer's twin with a planted bug: the checksum leaves out the last word of the header,
// which is the address of the backend.
#define PLANTED_WRONG_CHECKSUM
#include "balancer.bpf.c"
