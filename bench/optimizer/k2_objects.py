#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes objects of bytecode dumps: NAME.insns (slots as bytes; an lddw with source 1 has the map's number in imm) and
NAME.maps (one `NAME { type = …, key_size = …, …, fd = … }` a line). That is how the inputs of K2's evaluation are
published. clang assembles them; nothing is kept but the objects.
usage: k2_objects.py FOLDER OUT
FOLDER holds the dumps as published (ebpf_samples/, simple_fw/, katran/, cilium/)."""
import os
import re
import subprocess
import sys

# The nineteen programs: file below FOLDER, the section that says the type, slots of the published input, K2's best.
PROGRAMS = [
    ("xdp_exception", "ebpf_samples/xdp_monitor_kern_tracepoint-xdp-xdp_exception", "tracepoint/xdp/xdp_exception", 18, 16),
    ("xdp_redirect_err", "ebpf_samples/xdp_monitor_kern_tracepoint-xdp-xdp_redirect_err", "tracepoint/xdp/xdp_redirect_err", 18, 16),
    ("xdp_devmap_xmit", "ebpf_samples/xdp_monitor_kern_tracepoint-xdp-xdp_devmap_xmit", "tracepoint/xdp/xdp_devmap_xmit", 36, 29),
    ("xdp_cpumap_kthread", "ebpf_samples/xdp_monitor_kern_tracepoint-xdp-xdp_cpumap_kthread", "tracepoint/xdp/xdp_cpumap_kthread", 24, 18),
    ("xdp_cpumap_enqueue", "ebpf_samples/xdp_monitor_kern_tracepoint-xdp-xdp_cpumap_enqueue", "tracepoint/xdp/xdp_cpumap_enqueue", 26, 21),
    ("sys_enter_open", "ebpf_samples/syscall_tp_kern_tracepoint-syscalls-sys_enter_open", "tracepoint/syscalls/sys_enter_open", 24, 20),
    ("socket_0", "ebpf_samples/sockex3_kern_socket-0", "socket", 29, 27),
    ("socket_1", "ebpf_samples/sockex3_kern_socket-1", "socket", 32, 30),
    ("xdp_router_ipv4", "ebpf_samples/xdp_router_ipv4_kern_xdp_router_ipv4", "xdp", 111, 99),
    ("xdp_redirect", "ebpf_samples/xdp_redirect_kern_xdp_redirect", "xdp", 43, 35),
    ("xdp1", "ebpf_samples/xdp1_kern_xdp1", "xdp", 61, 56),
    ("xdp2", "ebpf_samples/xdp2_kern_xdp1", "xdp", 78, 71),
    ("xdp_fwd", "ebpf_samples/xdp_fwd_kern_xdp_fwd", "xdp", 155, 128),
    ("xdp_pktcntr", "katran/xdp_pktcntr_xdp-pktcntr", "xdp", 22, 19),
    ("xdp_fw", "simple_fw/xdp_fw_kern_xdp_fw", "xdp", 72, 65),
    ("xdp_map_access", "simple_fw/xdp_map_access_kern_xdp_map_acces", "xdp", 30, 26),
    ("from_network", "cilium/bpf_network_from-network", "classifier", 39, 29),
    ("recvmsg4", "cilium/bpf_sock_recvmsg4", "cgroup/recvmsg4", 94, 81),
    ("xdp_balancer", "katran/ubuntu-18.04/balancer_kern_xdp-balancer", "xdp", 1811, 1607),
]

LDDW = 0x18
PSEUDO_MAP = 1
LRU_HASH = 9
LPM_TRIE = 11
ARRAY_OF_MAPS = 12


def parse_maps(text):
    maps = {}
    for line in text.splitlines():
        match = re.match(r"\s*(\S+)\s*\{(.*)", line)
        if not match:
            continue
        fields = {key: int(value) for key, value in re.findall(r"(\w+)\s*=\s*(\d+)", match.group(2))}
        maps[fields["fd"]] = (match.group(1), fields)
    return maps


def inner_of(fields, maps):
    """A dump does not say what a map of maps holds; in Katran it is like the LRU cache beside it."""
    if fields["type"] != ARRAY_OF_MAPS:
        return 0
    return next(number for number, (_, other) in sorted(maps.items()) if other["type"] == LRU_HASH)


def assembly(name, section, code, maps):
    symbols = {number: f"map_{number}_" + re.sub(r"\W", "_", title) for number, (title, _) in maps.items()}
    lines = [f'.section "{section}","ax",@progbits', f".globl {name}", f".type {name},@function", f"{name}:"]
    at = 0
    while at < len(code):
        slots = 2 if code[at] == LDDW else 1
        insn = code[at:at + 8 * slots]
        if slots == 2 and insn[1] >> 4 == PSEUDO_MAP:
            number = int.from_bytes(insn[4:8], "little")
            lines.append(f"r{insn[1] & 15} = {symbols[number]} ll")
        else:
            lines.append(".byte " + ",".join(str(byte) for byte in insn))
        at += 8 * slots
    lines.append(f".size {name}, .-{name}")
    lines.append('.section "maps","aw",@progbits')
    for number, (_, fields) in sorted(maps.items()):
        symbol = symbols[number]
        values = [fields[key] for key in ("type", "key_size", "value_size", "max_entries")]
        values += [1 if fields["type"] == LPM_TRIE else 0, inner_of(fields, maps), 0]
        lines += [f".globl {symbol}", f".type {symbol},@object", f"{symbol}:",
                  ".long " + ",".join(map(str, values)), f".size {symbol}, 28"]
    lines += ['.section "license","aw",@progbits', '.asciz "GPL"']
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    for name, file, section, slots, best in PROGRAMS:
        path = os.path.join(folder, file)
        with open(path + ".insns", "rb") as dump:
            code = dump.read()
        with open(path + ".maps", encoding="ascii") as dump:
            maps = parse_maps(dump.read())
        if len(code) != 8 * slots:
            print(f"{name}: {len(code) // 8} slots, the published table has {slots}", file=sys.stderr)
        source = os.path.join(out, name + ".s")
        with open(source, "w", encoding="ascii") as text:
            text.write(assembly(name, section, code, maps))
        subprocess.run(["clang", "-target", "bpf", "-c", source, "-o", os.path.join(out, name + ".o")], check=True)
        os.remove(source)
    with open(os.path.join(out, "programs.tsv"), "w", encoding="ascii") as table:
        for name, _, _, slots, best in PROGRAMS:
            table.write(f"{name}\t{slots}\t{best}\n")


if __name__ == "__main__":
    main()
