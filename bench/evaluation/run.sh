#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the programs that build.sh compiled and prints the table of docs/evaluation.md: every
# packet of 14..1514 bytes, nothing pinned. With `--replay kernel` (or interp) each path of the last
# table is solved to a packet and compared with that engine.
# usage: run.sh PROBITY OBJECTS [--replay ENGINE] [--timeout SECONDS]
#   OBJECTS: what build.sh wrote, with specs/ from build_specs.sh if specifications are wanted
set -u
[ $# -ge 2 ] || { echo "usage: $0 PROBITY OBJECTS [--replay ENGINE] [--timeout SECONDS]" >&2; exit 4; }
probity=$(realpath "$1") objects=$(realpath "$2")
shift 2
replay=() seconds=120
while [ $# -gt 0 ]; do
  case $1 in
    --replay) replay=(--replay-paths "$2"); shift 2 ;;
    --timeout) seconds=$2; shift 2 ;;
    *) echo "$0: unknown argument $1" >&2; exit 4 ;;
  esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# field PATTERN: the number in front of the words in the report.
field() { grep -oE "[0-9]+ $1" "$work/out" | head -1 | grep -oE '^[0-9]+'; }

# row NAME OBJECT FLAGS...: one line of a table.
row() {
  local name=$1 object=$2 status verdict cpu memory
  shift 2
  [ -f "$objects/${object%%:*}" ] || { echo "| $name | not built |"; return; }
  /usr/bin/time -f '%U %S %M' -o "$work/time" timeout $((seconds + 60)) \
    "$probity" check "$objects/$object" --timeout "$seconds" --witness-dir "$work" "$@" \
    >"$work/out" 2>"$work/err"
  status=$?
  case $status in
    0) verdict=proved ;; 1) verdict=refuted ;; 2) verdict=unknown ;; 124) verdict='time-out' ;;
    *) verdict="error $status: $(head -1 "$work/err")" ;;
  esac
  read -r user system memory < <(tail -1 "$work/time")
  cpu=$(echo "$user + $system" | bc)
  local agreed
  agreed=$(grep -oE 'paths replayed on [a-z]+: [0-9]+ of [0-9]+ equal.*' "$work/out" |
    sed -E 's/.*: ([0-9]+ of [0-9]+) equal.*, ([0-9]+) different.*/\1, \2 different/')
  echo "| $name | $(field 'slots') | $(field 'paths') | $(field 'merged') |" \
    "$(field 'solver checks') | $cpu | $((memory / 1024)) | $verdict | $agreed |"
}

heading() {
  printf '\n%s\n\n' "$1"
  echo "| program | insns | paths | merged | queries | CPU s | MB | verdict | replayed |"
  echo "|---|---|---|---|---|---|---|---|---|"
}

if [ -d "$objects/specs" ]; then
  heading "Against specifications"
  row 'hXDP firewall, full' hxdp_fw.o --spec "$objects/specs/hxdp_firewall.o"
  row 'hXDP firewall, reduced' hxdp_fw.o --spec "$objects/specs/hxdp_firewall_reduced.o"
  row 'Fluvia 161e083' fluvia161.o --spec "$objects/specs/fluvia.o"
  row 'Fluvia HEAD' fluvia.o --spec "$objects/specs/fluvia.o"
  row 'CRAB' crab.o --spec "$objects/specs/crab.o"
  row 'Katran' katran.o --spec "$objects/specs/katran.o"
fi

heading "Safety, each path replayed where asked for"
for object in hxdp_fw hxdp_csum hxdp_map_access fluvia fluvia161 crab lb_scratch katran_decap \
  tutorial_vlan01 tutorial_vlan02 tutorial_02:xdp_patch_ports_func \
  tutorial_02:xdp_vlan_swap_func tutorial_03:xdp_icmp_echo_func tutorial_03:xdp_redirect_func \
  tutorial_03:xdp_redirect_map_func tutorial_03:xdp_router_func dhcp_relay suricata_xdp_filter \
  tc_encap xdp_forward:xdp_fwd_fib_full xdp_forward:xdp_fwd_fib_direct xdpfilt_alw_all; do
  file=${object%%:*} function=${object#"${object%%:*}"}
  row "$object" "$file.o$function" "${replay[@]}"
done
row xdp_encap xdp_encap.o --type xdp "${replay[@]}"
row katran katran.o
