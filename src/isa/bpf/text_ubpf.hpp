// SPDX-License-Identifier: Apache-2.0
// The text of uBPF and bpf_conformance, both ways: `add32 %r0, 1`, `stxdw [%r10-8], %r0`, `lock
// fetch add32 [%r1+4], %r2`, `jne %r0, 1, +3`, `call local +4`. Mnemonics are derived from the row
// names of insn.def. Those tools have no spelling for some forms; so that every form has one, we
// add:
//   may_goto +1                          ldabsw 12    ldindh %r1, 4
//   lddw %r1, map[3]  (and map[3][8], var[7], func +4, map_idx[0], map_idx[0][8])
//   load_acqw %r0, [%r1+4]               store_relw [%r1+4], %r2
//   call runtime 2  (bpf_conformance's word for a kfunc)
// Registers are also accepted without `%`, `swap16` as bswap16, `mov64`/`add64`… as mov/add…
#pragma once

#include <string_view>

#include "isa/bpf/text.hpp"

namespace probity::bpf {

/// Appends one insn, without a newline.
void print_ubpf(const Insn& insn, TextSink& sink);
/// The same with `target` (`L1`) in place of a displacement, where the insn has one.
void print_ubpf_with_label(const Insn& insn, std::string_view target, TextSink& sink);

/// Reads one insn; displacements may be labels.
TextExpected<ParsedInsn> parse_ubpf_insn(std::string_view text);
/// Reads one insn without labels.
Expected<Insn> parse_ubpf(std::string_view text);

}  // namespace probity::bpf
