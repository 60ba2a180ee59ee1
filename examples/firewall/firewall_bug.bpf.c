// SPDX-License-Identifier: Apache-2.0
// The firewall's twin with a planted bug: the telnet port is compared in the wrong byte order. The
// kernel's verifier has no objection; `probity check` finds the packet that gets through.
#define PLANTED_BUG
#include "firewall.bpf.c"
