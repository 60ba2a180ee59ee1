#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job on a real program: compile the example firewall and its twin with a planted bug, show what was loaded, run
# packets on the interpreter and in the live kernel, prove the good one, refute the bad one with a packet.
# Exits 0 when everything came out as it should. Leaves its files in build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

probity=${PROBITY:-build/release/bin/probity}
out=build/demo
clang=$(command -v clang-14 || command -v clang)
mkdir -p "$out"

say() { printf '\n== %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

say "compile the firewall and its twin with a planted bug"
for name in firewall firewall_bug; do
  run "$clang" -O2 -g -target bpf -mcpu=v3 -fdebug-compilation-dir=. -Iinclude -I"/usr/include/$(uname -m)-linux-gnu" \
    -c "examples/firewall/$name.bpf.c" -o "$out/$name.o"
done

say "what is in the object"
run "$probity" dump "$out/firewall.o" --summary

if reason=$("$probity" run "$out/firewall.o" --engine kernel --packet examples/firewall/packets/arp.hex 2>&1 >/dev/null); then
  engine=both
else
  engine=interp
  say "the live kernel cannot be used here: $reason"
fi

say "packets from outside, on: $engine"
packets=()
for name in arp dns_from_outside fragment telnet_from_outside web_from_outside; do
  packets+=(--packet "examples/firewall/packets/$name.hex")
done
run "$probity" run "$out/firewall.o" --engine "$engine" "${packets[@]}"

say "one from inside: it passes and opens a flow"
run "$probity" run "$out/firewall.o" --engine "$engine" --ctx ingress_ifindex=7 \
  --packet examples/firewall/packets/web_from_inside.hex

say "the good one: every path, every packet"
run "$probity" check "$out/firewall.o" --assert-return XDP_DROP,XDP_PASS

if [ "$engine" = both ]; then
  say "each path solved to a packet and compared with the live kernel"
  run "$probity" check "$out/firewall.o" --replay-paths kernel
fi

say "the twin with the planted bug"
status=0
run "$probity" check "$out/firewall_bug.o" --witness-dir "$out" || status=$?
if [ "$status" -ne 1 ]; then
  echo "demo: expected the planted bug to be refuted (exit status 1), got $status" >&2
  exit 1
fi

say "the counterexample, once more by hand"
run "$probity" run "$out/firewall_bug.o" --engine "$engine" --packet "$out/xdp_fw-1.hex" \
  --map flows="$out/xdp_fw-1.map.flows.json"
say "done"
