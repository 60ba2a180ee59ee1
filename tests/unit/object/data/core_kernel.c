// SPDX-License-Identifier: Apache-2.0
// The types of a made-up kernel: what core_kinds.c knows of them has moved, grown or gone.
// clang-format off
typedef unsigned long u64;
struct moved { u64 added; int pad; struct { int tgid; union { int pid; long both; }; }; };
struct resized { u64 count; int change; void *link; u64 wide; };
struct bits { unsigned before : 20; unsigned low : 3; unsigned high : 12; signed sign : 5; };
struct arrays { int pad; int items[8]; struct moved tail[]; };
struct twice { int value; };
struct twice___other { int pad; int value; };
struct agree { int value; };
struct agree___other { int value; long more; };
enum colour { red = 10, green = -1, blue = 7 };
typedef struct { int here; } named_t;
struct shape { int size; enum colour colour; struct moved *next; };
union number { int small; u64 large; };

struct moved moved; struct resized resized; struct bits bits; struct arrays arrays; struct twice twice;
struct twice___other twice_other; struct agree agree; struct agree___other agree_other; enum colour colour;
named_t named; struct shape shape; union number number;

int kernel_counter __attribute__((section(".data..percpu")));
int kernel_function(struct shape *shape) { return shape->size; }
