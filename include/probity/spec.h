/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probity/spec.h - what the author meant, next to the code: assertions for BPF programs in C, C++.
 *
 *   #include <probity/spec.h>
 *   ...
 *   BPF_ASSUME(ctx->ingress_ifindex != 0);
 *   BPF_ASSERT("the header is inside the packet", ip + 1 <= data_end);
 *   BPF_ASSERT_RETURN(XDP_DROP);
 *
 * `probity check` evaluates them on every path. The object stays loadable with them in: each stands
 * behind a read-only global that is 0, so the kernel's verifier removes it as dead code (measured:
 * libbpf 0.8 to 1.7, clang 14 to 19, gcc-bpf 12). With -DPROBITY_NO_SPEC they vanish altogether.
 *
 *   BPF_ASSERT(msg, x)     x holds whenever this line is reached
 *   BPF_ASSUME(x)          inputs that make x false here are not considered
 *   BPF_ASSERT_RETURN(v)   from here on the program returns v
 */
#ifndef PROBITY_SPEC_H
#define PROBITY_SPEC_H

#ifdef PROBITY_NO_SPEC

#define BPF_ASSERT(msg, x) do { } while (0)
#define BPF_ASSUME(x) do { } while (0)
#define BPF_ASSERT_RETURN(v) do { } while (0)

#else

/* 1 only while `probity check` looks at the object. */
static const volatile int probity_spec_on __attribute__((used, section(".rodata.bpfspec"))) = 0;

/* Reserved helper numbers, far above every kernel helper. */
#define PROBITY_SPEC_CALL_(number, value)                                        \
	do {                                                                     \
		if (probity_spec_on)                                             \
			((void (*)(unsigned long))(unsigned long)(number))(      \
				(unsigned long)(value));                         \
	} while (0)

#define BPF_ASSERT(msg, x) PROBITY_SPEC_CALL_(0x5be00001, !!(x))
#define BPF_ASSUME(x) PROBITY_SPEC_CALL_(0x5be00002, !!(x))
#define BPF_ASSERT_RETURN(v) PROBITY_SPEC_CALL_(0x5be00003, v)

#endif /* PROBITY_NO_SPEC */
#endif /* PROBITY_SPEC_H */
