// SPDX-License-Identifier: Apache-2.0
// Inlining: the code of a subprogram in place of every call of it. The callee's r6 to r9 go to
// registers that the caller does not need across the call, or what the caller has there is kept in
// the frame meanwhile; the callee's frame lies below the caller's, its exits become jumps behind
// the call. Nobody trusts what is made here: inlining_proof.hpp walks
// both versions side by side.
#pragma once

#include <cstdint>
#include <vector>

#include "base/diagnostic.hpp"
#include "opt/generator.hpp"

namespace probity::opt {

/// A call that is gone.
struct InlinedCall {
  std::uint32_t call = 0;  ///< node of the old version
  /// By the callee's register: which one it is in the new version; reg_count: not used.
  RegisterNames registers = own_names;
  std::int32_t frame = 0;  ///< the callee's r10 is the caller's r10 less so many bytes
  /// A register of the caller's that is kept in the frame, at r10 + off.
  struct Saved {
    unsigned reg = 0;
    std::int16_t off = 0;
  };
  std::vector<Saved> saved = {};
  std::vector<std::uint32_t> body =
      {};  ///< by node of the callee, from its first: node of the new code
};

struct Inlined {
  Code code;
  std::uint32_t callee = 0;          ///< subprogram of the old version
  std::vector<std::uint32_t> place;  ///< by old node: new node; no_node in the callee
  std::vector<InlinedCall> calls;
};

/// Puts the code of `callee`, which has to be called somewhere, in place of its calls. Says why it
/// cannot: Fault::unsupported.
Expected<Inlined> inline_subprog(const Version& version, std::uint32_t callee);

}  // namespace probity::opt
