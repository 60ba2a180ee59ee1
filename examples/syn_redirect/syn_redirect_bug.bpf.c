// SPDX-License-Identifier: Apache-2.0
// The redirector's twin with a planted bug: the checksum is computed before the new
// length stands in the header.
#define PLANTED_BUG
#include "syn_redirect.bpf.c"
