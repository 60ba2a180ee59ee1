// SPDX-License-Identifier: Apache-2.0
// The forwarder's twin with a planted bug: a frame for a port that has no device is lost. To see it
// one must know what bpf_redirect_map answers when its map has no entry.
#define PLANTED_BUG
#include "forwarder.bpf.c"
