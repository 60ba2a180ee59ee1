// SPDX-License-Identifier: Apache-2.0
// The exporter's twin with a planted bug: an error code gets out as an XDP action, and packets with
// other routing headers are lost. The kernel's verifier has no objection.
#define PLANTED_BUG
#include "exporter.bpf.c"
