// SPDX-License-Identifier: Apache-2.0
// The ctx_in that BPF_PROG_TEST_RUN is given for a run: the fields of ctx.hpp that it takes
// (CtxRow::test_run), laid out as struct xdp_md or struct __sk_buff. Everything else is refused by
// name, so that a run in the kernel never silently ignores what a user set. Source:
// net/bpf/test_run.c of Linux 6.18 (convert___skb_to_skb, xdp_convert_md_to_buff).
#pragma once

#include "base/diagnostic.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {

struct KernelContext {
  Bytes bytes;                ///< empty: the kernel's defaults are what is wanted
  std::uint32_t ifindex = 1;  ///< of the device on which the packet arrives
  std::uint32_t rx_queue_index = 0;
};

/// Errors name the field, the value and the limit.
Expected<KernelContext> kernel_context(program::ProgType type, const RunInput& input);

}  // namespace probity::runtime
