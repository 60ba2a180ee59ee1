// SPDX-License-Identifier: Apache-2.0
// Maps as iproute2 and the kernel's old samples write them: records of nine and of seven words.
// clang-format off
typedef unsigned int u32;
#define SEC(name) __attribute__((section(name), used))
struct bpf_elf_map { u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx; };
struct __sk_buff { u32 len; };
static long (*tail_call)(void *ctx, void *map, u32 index) = (void *)12;

struct bpf_elf_map SEC("maps") jumps = { 3, 4, 4, 8, 0, 7, 0, 0, 0 };
struct bpf_elf_map SEC("maps") inner = { 2, 4, 8, 1, 0, 42, 0, 0, 1 };
struct bpf_elf_map SEC("maps") template = { 2, 4, 8, 1, 0, 42, 0, 0, -1 };
struct bpf_elf_map SEC("maps") outer = { 12, 4, 4, 4, 0, 0, 2, 42, 0 };

SEC("7/2") int second(struct __sk_buff *skb) { return 2; }
SEC("0x7/0x3") int third(struct __sk_buff *skb) { return 3; }
SEC("8/1") int elsewhere(struct __sk_buff *skb) { return 4; }
SEC("classifier") int main_prog(struct __sk_buff *skb) { tail_call(skb, &jumps, 2); return 0; }
char _license[] SEC("license") = "GPL";
