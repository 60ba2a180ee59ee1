// SPDX-License-Identifier: Apache-2.0
// One CO-RE relocation of each kind, one program each, against the kernel of core_kernel.c.
// clang-format off
typedef unsigned int u32;
typedef unsigned long u64;
#define SEC(name) __attribute__((section(name), used))
#define __core __attribute__((preserve_access_index))
#define FIELD(field, kind) __builtin_preserve_field_info(field, kind)
#define PROG(name, argument, body) SEC("xdp") u64 name(argument) { body; }

struct moved { int pid, tgid; } __core;
struct moved___v2 { int tgid, gone; } __core;
struct resized { u32 count; int change; void *link; int wide; } __core;
struct bits { unsigned low : 3; unsigned high : 12; signed sign : 5; } __core;
struct arrays { int items[4]; struct moved tail[]; } __core;
struct twice { int value; } __core;
struct agree { int value; } __core;
struct absent { int value; } __core;
enum colour { red, green, blue, violet };
typedef struct { int here; } named_t;
typedef struct { int gone; } unnamed_t;
struct shape { int size; } __core;
union number { u64 large; } __core;

PROG(offset_moved, struct moved *p, return p->pid)
PROG(offset_flavor, struct moved___v2 *p, return p->tgid)
PROG(offset_gone, struct moved___v2 *p, return p->gone)
PROG(offset_element, struct arrays *p, return p->items[3])
PROG(offset_flexible, struct arrays *p, return p->tail[2].tgid)
PROG(offset_union, union number *p, return p->large)
PROG(load_grows, struct resized *p, return p->count)
PROG(load_cannot_grow, struct resized *p, return p->wide)
PROG(store_grows, struct resized *p, p->count = 1; return 0)
PROG(load_agreed, struct agree *p, return p->value)
PROG(load_ambiguous, struct twice *p, return p->value)
PROG(size_grown, struct resized *p, return FIELD(p->count, 1))
PROG(exists, struct moved *p, return FIELD(p->tgid, 2))
PROG(exists_not, struct moved___v2 *p, return FIELD(p->gone, 2))
PROG(exists_no_type, struct absent *p, return FIELD(p->value, 2))
PROG(sign_of_int, struct resized *p, return FIELD(p->change, 3))
PROG(sign_of_count, struct resized *p, return FIELD(p->count, 3))
PROG(bits_offset, struct bits *p, return FIELD(p->high, 0))
PROG(bits_size, struct bits *p, return FIELD(p->high, 1))
PROG(bits_left, struct bits *p, return FIELD(p->high, 4))
PROG(bits_right, struct bits *p, return FIELD(p->high, 5))
PROG(bits_sign, struct bits *p, return FIELD(p->sign, 3))
PROG(id_local, struct moved *p, return __builtin_btf_type_id(*(struct shape *)0, 0))
PROG(id_target, struct moved *p, return __builtin_btf_type_id(*(struct shape *)0, 1))
PROG(id_absent, struct moved *p, return __builtin_btf_type_id(*(struct absent *)0, 1))
PROG(type_exists, struct moved *p, return __builtin_preserve_type_info(*(named_t *)0, 0))
PROG(type_absent, struct moved *p, return __builtin_preserve_type_info(*(unnamed_t *)0, 0))
PROG(type_size, struct moved *p, return __builtin_preserve_type_info(*(struct shape *)0, 1))
PROG(enum_exists, struct moved *p, return __builtin_preserve_enum_value(*(typeof(enum colour) *)green, 0))
PROG(enum_absent, struct moved *p, return __builtin_preserve_enum_value(*(typeof(enum colour) *)violet, 0))
PROG(enum_value, struct moved *p, return __builtin_preserve_enum_value(*(typeof(enum colour) *)green, 1))
PROG(enum_value_absent, struct moved *p, return __builtin_preserve_enum_value(*(typeof(enum colour) *)violet, 1))
char _license[] SEC("license") = "GPL";
