/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probity/spec.h - what the author meant, next to the code: assertions for BPF programs in C, C++.
 *
 *   BPF_ASSUME(ctx->ingress_ifindex != 0);
 *   BPF_ASSERT("the header is inside the packet", ip + 1 <= data_end);
 *   BPF_ASSERT_IF_ACTION_THEN_EQ(XDP_TX, &ip->ttl, __u8, BPF_OLD(&ip->ttl, __u8) - 1);
 *
 * `probity check` evaluates them on every path. The object stays loadable with them in: each stands
 * behind a read-only global that is 0, so the kernel's verifier removes it as dead code (measured:
 * libbpf 0.8 to 1.7, clang 14 to 19, gcc-bpf 12). With -DPROBITY_NO_SPEC they vanish altogether and
 * the program is the same bytes as without this header. docs/specs.md is the guide. The names and
 * the order of arguments are DRACO's where it has them.
 */
#ifndef PROBITY_SPEC_H
#define PROBITY_SPEC_H

/*
 * What each demands. "Now" is where the statement stands. "At exit" is where the main function
 * returns, on every path that passed the statement: a plain `return` is enough. "At entry" is
 * before the first insn. Arguments are evaluated now, once, and only while `probity check` looks;
 * they must not have side effects. There may be any number of statements, also several of a kind:
 * all of them count.
 *
 * Right now:
 *   BPF_ASSERT(msg, x)             x holds whenever this line is reached
 *   BPF_ASSERT_NOT_TRAVERSED()     no input leads here
 *   BPF_ASSERT_UNREACHABLE()       the same
 *   BPF_ASSUME(x)                  inputs that make x false here are not considered
 *   BPF_MAP_KEY_EXISTS(map, key)       nor those whose map has no *key now (both are addresses)
 *   BPF_MAP_KEY_NOT_EXISTS(map, key)   nor those whose map has *key now
 *   BPF_OLD(ptr, type)             an expression: what was at ptr at entry (at most 8 bytes)
 *
 * Of the return value (32 bits), at exit:
 *   BPF_ASSERT_RETURN(v)                    the program returns v
 *   BPF_ASSERT_NOT_RETURN(v)                it returns anything but v
 *   BPF_ASSERT_LEADS_TO_ACTION(cond, act)   if cond holds now, it returns act
 *
 * Of memory, at exit, in all sizeof(type) <= 8 bytes; values are taken now, *target then:
 *   BPF_ASSERT_IF_ACTION_THEN_EQ(act, target, type, value)    if act is returned, *target == value
 *   BPF_ASSERT_IF_ACTION_THEN_NEQ(act, target, type, value)   ... *target != value
 *   BPF_ASSERT_IF_THEN_EQ(cond, target, type, value)          if cond holds now, *target == value
 *   BPF_ASSERT_IF_THEN_NEQ(cond, target, type, value)         ... *target != value
 *   BPF_ASSERT_END_EQ(target, type, value)                    *target == value
 *   BPF_ASSERT_END_NEQ(target, type, value)                   *target != value
 *   BPF_ASSERT_END_EQ_ADDR(target, addr, size)   size bytes at target equal those at addr now
 *   BPF_ASSERT_CONSTANT(addr, len)               len bytes at addr equal those there now
 * target, addr: the packet, a value in a map (globals are such), ctx, or the stack. In the packet
 * it names a place of memory: after bpf_xdp_adjust_head it is still the same byte, and one that
 * lies outside data..data_end at exit breaks the statement. On the stack it must belong to the main
 * function, which must end with BPF_RETURN or hold the variable volatile: a compiler drops stores
 * that nobody reads any more. Sizes are constants of at most 4096 bytes.
 *
 * Of the packet and the maps, at exit:
 *   BPF_ASSERT_ONLY_MODIFIES(ptr, len)   of the packet (or of the value in a map) that ptr points
 *                                        into no byte differs from entry except ptr[0..len);
 *                                        several of them together name all bytes that may; len
 *                                        may be 0. Bytes that exist only at entry, or only at
 *                                        exit, do not count.
 *   BPF_ASSERT_LEN_DELTA(n)              data_end - data is n more than at entry
 *   BPF_ASSERT_MAP_UNCHANGED(map)        every key and value is as at entry
 *   BPF_ASSERT_MAP_KEY_EQ(map, key, valptr)   the map has *key with *valptr (both as they are now)
 *   BPF_IGNORE_MAP_STATE()               a comparison with another program leaves maps out
 *
 *   BPF_RETURN(v)                        return v
 */

#ifdef PROBITY_NO_SPEC

/* Looks at its arguments, so that compilers do not call variables unused, and computes nothing. */
#define PROBITY_SPEC_N_(number) (void)sizeof((number) ? 1 : 0)
#define PROBITY_SPEC_P_(pointer) (void)sizeof((const volatile void *)(pointer))
#define PROBITY_SPEC_NONE_(number) do { PROBITY_SPEC_N_(number); } while (0)
#define PROBITY_SPEC_NONE_VALUE_(number, target, value) \
	do { PROBITY_SPEC_N_(number); PROBITY_SPEC_P_(target); PROBITY_SPEC_N_(value); } while (0)
#define PROBITY_SPEC_NONE_RANGE_(pointer, size) \
	do { PROBITY_SPEC_P_(pointer); PROBITY_SPEC_N_(size); } while (0)
#define PROBITY_SPEC_NONE_AT_(a, b) do { PROBITY_SPEC_P_(a); PROBITY_SPEC_P_(b); } while (0)
#define BPF_ASSERT(msg, x) PROBITY_SPEC_NONE_(x)
#define BPF_ASSERT_UNREACHABLE() do { } while (0)
#define BPF_ASSUME(x) PROBITY_SPEC_NONE_(x)
#define BPF_MAP_KEY_EXISTS(map, key) PROBITY_SPEC_NONE_AT_(map, key)
#define BPF_MAP_KEY_NOT_EXISTS(map, key) PROBITY_SPEC_NONE_AT_(map, key)
#define BPF_OLD(ptr, type) (PROBITY_SPEC_P_(ptr), (type)0)
#define BPF_ASSERT_RETURN(v) PROBITY_SPEC_NONE_(v)
#define BPF_ASSERT_NOT_RETURN(v) PROBITY_SPEC_NONE_(v)
#define BPF_ASSERT_LEADS_TO_ACTION(cond, act) PROBITY_SPEC_NONE_((cond) || (act))
#define BPF_ASSERT_IF_ACTION_THEN_EQ(act, target, type, value) \
	PROBITY_SPEC_NONE_VALUE_(act, target, value)
#define BPF_ASSERT_IF_ACTION_THEN_NEQ(act, target, type, value) \
	PROBITY_SPEC_NONE_VALUE_(act, target, value)
#define BPF_ASSERT_IF_THEN_EQ(cond, target, type, value) \
	PROBITY_SPEC_NONE_VALUE_(cond, target, value)
#define BPF_ASSERT_IF_THEN_NEQ(cond, target, type, value) \
	PROBITY_SPEC_NONE_VALUE_(cond, target, value)
#define BPF_ASSERT_END_EQ_ADDR(target, addr, size) \
	do { PROBITY_SPEC_NONE_AT_(target, addr); PROBITY_SPEC_N_(size); } while (0)
#define BPF_ASSERT_CONSTANT(addr, len) PROBITY_SPEC_NONE_RANGE_(addr, len)
#define BPF_ASSERT_ONLY_MODIFIES(ptr, len) PROBITY_SPEC_NONE_RANGE_(ptr, len)
#define BPF_ASSERT_LEN_DELTA(n) PROBITY_SPEC_NONE_(n)
#define BPF_ASSERT_MAP_UNCHANGED(map) do { PROBITY_SPEC_P_(map); } while (0)
#define BPF_ASSERT_MAP_KEY_EQ(map, key, valptr) \
	do { PROBITY_SPEC_NONE_AT_(map, key); PROBITY_SPEC_P_(valptr); } while (0)
#define BPF_IGNORE_MAP_STATE() do { } while (0)
#define BPF_RETURN(v) return v

#else

/* 1 only while `probity check` looks at the object. */
static const volatile int probity_spec_on __attribute__((used, section(".rodata.bpfspec"))) = 0;

/* Reserved helper numbers, far above every kernel helper (src/program/spec_call.hpp). */
#define PROBITY_SPEC_FUNCTION_(number, ...) \
	((void (*)(__VA_ARGS__))(unsigned long)(number))
#define PROBITY_SPEC_WORD_ unsigned long long
#define PROBITY_SPEC_AT_ const volatile void *

#define PROBITY_SPEC_0_(number)                                                  \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(number, void)();                  \
	} while (0)
#define PROBITY_SPEC_1_(number, a)                                               \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(number, PROBITY_SPEC_WORD_)(      \
				(PROBITY_SPEC_WORD_)(a));                        \
	} while (0)
#define PROBITY_SPEC_2_(number, a, b)                                            \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(number, PROBITY_SPEC_WORD_,       \
					       PROBITY_SPEC_WORD_)(              \
				(PROBITY_SPEC_WORD_)(a), (PROBITY_SPEC_WORD_)(b)); \
	} while (0)
/* An address and a size. */
#define PROBITY_SPEC_RANGE_(number, ptr, size)                                   \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(number, PROBITY_SPEC_AT_,         \
					       PROBITY_SPEC_WORD_)(              \
				(PROBITY_SPEC_AT_)(ptr), (PROBITY_SPEC_WORD_)(size)); \
	} while (0)
/* A number, a target, its size and a value of its type. */
#define PROBITY_SPEC_VALUE_(number, a, target, type, value)                      \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(number, PROBITY_SPEC_WORD_,       \
					       PROBITY_SPEC_AT_, PROBITY_SPEC_WORD_, \
					       PROBITY_SPEC_WORD_)(              \
				(PROBITY_SPEC_WORD_)(a), (PROBITY_SPEC_AT_)(target), \
				sizeof(char[sizeof(type) <= 8 ? 1 : -1]) * sizeof(type), \
				(PROBITY_SPEC_WORD_)(type)(value));              \
	} while (0)
/* Two or three addresses. */
#define PROBITY_SPEC_AT_2_(number, a, b)                                         \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(number, PROBITY_SPEC_AT_,         \
					       PROBITY_SPEC_AT_)(                \
				(PROBITY_SPEC_AT_)(a), (PROBITY_SPEC_AT_)(b));   \
	} while (0)

#define BPF_ASSERT(msg, x) PROBITY_SPEC_1_(0x5be00001, !!(x))
#define BPF_ASSUME(x) PROBITY_SPEC_1_(0x5be00002, !!(x))
#define BPF_ASSERT_RETURN(v) PROBITY_SPEC_1_(0x5be00003, v)
#define BPF_ASSERT_NOT_RETURN(v) PROBITY_SPEC_1_(0x5be00005, v)
#define BPF_ASSERT_CONSTANT(addr, len) PROBITY_SPEC_RANGE_(0x5be00006, addr, len)
#define BPF_ASSERT_UNREACHABLE() PROBITY_SPEC_0_(0x5be00007)
#define BPF_ASSERT_LEADS_TO_ACTION(cond, act) PROBITY_SPEC_2_(0x5be00008, !!(cond), act)
#define BPF_ASSERT_IF_ACTION_THEN_EQ(act, target, type, value) \
	PROBITY_SPEC_VALUE_(0x5be00009, act, target, type, value)
#define BPF_ASSERT_IF_ACTION_THEN_NEQ(act, target, type, value) \
	PROBITY_SPEC_VALUE_(0x5be0000a, act, target, type, value)
#define BPF_ASSERT_IF_THEN_EQ(cond, target, type, value) \
	PROBITY_SPEC_VALUE_(0x5be0000b, !!(cond), target, type, value)
#define BPF_ASSERT_IF_THEN_NEQ(cond, target, type, value) \
	PROBITY_SPEC_VALUE_(0x5be0000c, !!(cond), target, type, value)
#define BPF_ASSERT_END_EQ_ADDR(target, addr, size)                               \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(0x5be0000d, PROBITY_SPEC_AT_,     \
					       PROBITY_SPEC_AT_, PROBITY_SPEC_WORD_)( \
				(PROBITY_SPEC_AT_)(target), (PROBITY_SPEC_AT_)(addr), \
				(PROBITY_SPEC_WORD_)(size));                     \
	} while (0)
#define BPF_MAP_KEY_EXISTS(map, key) PROBITY_SPEC_AT_2_(0x5be0000e, map, key)
#define BPF_MAP_KEY_NOT_EXISTS(map, key) PROBITY_SPEC_AT_2_(0x5be0000f, map, key)
#define BPF_IGNORE_MAP_STATE() PROBITY_SPEC_0_(0x5be00010)
#define BPF_OLD(ptr, type)                                                       \
	(__extension__({                                                         \
		PROBITY_SPEC_WORD_ probity_old_ = 0;                             \
		if (probity_spec_on)                                             \
			probity_old_ = ((PROBITY_SPEC_WORD_(*)(PROBITY_SPEC_AT_, \
							       PROBITY_SPEC_WORD_))(unsigned long)0x5be00011)( \
				(PROBITY_SPEC_AT_)(ptr),                         \
				sizeof(char[sizeof(type) <= 8 ? 1 : -1]) * sizeof(type)); \
		(type)probity_old_;                                              \
	}))
#define BPF_ASSERT_ONLY_MODIFIES(ptr, len) PROBITY_SPEC_RANGE_(0x5be00012, ptr, len)
#define BPF_ASSERT_MAP_UNCHANGED(map)                                            \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(0x5be00013, PROBITY_SPEC_AT_)(    \
				(PROBITY_SPEC_AT_)(map));                        \
	} while (0)
#define BPF_ASSERT_MAP_KEY_EQ(map, key, valptr)                                  \
	do {                                                                     \
		if (probity_spec_on)                                             \
			PROBITY_SPEC_FUNCTION_(0x5be00014, PROBITY_SPEC_AT_,     \
					       PROBITY_SPEC_AT_, PROBITY_SPEC_AT_)( \
				(PROBITY_SPEC_AT_)(map), (PROBITY_SPEC_AT_)(key), \
				(PROBITY_SPEC_AT_)(valptr));                     \
	} while (0)
#define BPF_ASSERT_LEN_DELTA(n) PROBITY_SPEC_1_(0x5be00015, (long long)(n))
#define BPF_RETURN(v)                                                            \
	do {                                                                     \
		const __typeof__((v) + 0) probity_return_ = (v);                 \
		PROBITY_SPEC_0_(0x5be00016);                                     \
		return probity_return_;                                          \
	} while (0)

#endif /* PROBITY_NO_SPEC */

#define BPF_ASSERT_NOT_TRAVERSED() BPF_ASSERT_UNREACHABLE()
#define BPF_ASSERT_END_EQ(target, type, value) BPF_ASSERT_IF_THEN_EQ(1, target, type, value)
#define BPF_ASSERT_END_NEQ(target, type, value) BPF_ASSERT_IF_THEN_NEQ(1, target, type, value)

#endif /* PROBITY_SPEC_H */
