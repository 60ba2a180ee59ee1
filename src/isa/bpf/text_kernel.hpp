// SPDX-License-Identifier: Apache-2.0
// The kernel verifier's text of eBPF (kernel/bpf/disasm.c, which LLVM's assembler shares), both
// ways: `w0 += w1`, `if r1 s> 4 goto +2`, `lock *(u64 *)(r1 + 0) += r2`. Every form has a spelling
// here and parse(print(insn)) is insn. Printing differs from the kernel in being one dialect: `goto
// +2` for its `goto pc+2`, `(r1 + 4)` for `(r1 +4)`, decimal immediates, LLVM's ` ll` after 64-bit
// ones. The parser takes all of these.
//   lddw kinds:  r1 = 0x11 ll | map[3] ll | map[3][8] ll | var[7] ll | func pc+4 ll | map_idx[0] ll
//   | map_idx[0][8] ll calls:       call bpf_map_lookup_elem#1 | call #1 | call pc+3 | call kfunc#2
//   | callx r1
#pragma once

#include <string_view>

#include "isa/bpf/text.hpp"

namespace probity::bpf {

/// Appends one insn, without a newline.
void print_kernel(const Insn& insn, const HelperNames& names, TextSink& sink);
/// The same with `target` (`L1`) in place of a displacement, where the insn has one.
void print_kernel_with_label(const Insn& insn, const HelperNames& names, std::string_view target,
                             TextSink& sink);

/// Reads one insn; displacements may be labels.
TextExpected<ParsedInsn> parse_kernel_insn(std::string_view text, const HelperNames& names);
/// Reads one insn without labels.
Expected<Insn> parse_kernel(std::string_view text, const HelperNames& names);

}  // namespace probity::bpf
