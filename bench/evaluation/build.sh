#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the public programs of docs/evaluation.md into OUT. They are not part of this
# repository: SOURCES holds one checkout for each, named after its repository (hXDP-Artifacts,
# fluvia, fluvia-161e083, crab, katran, xdp-tutorial, xdp-tools, bpf-examples, lb-from-scratch,
# suricata, loxilb-ebpf). A checkout that is missing is named and skipped; a program that does not
# compile is named and makes the exit status 1.
# usage: build.sh SOURCES OUT [CLANG [FLAGS...]]      (default: clang-14; -O2 -g)
set -u
[ $# -ge 2 ] || { echo "usage: $0 SOURCES OUT [CLANG [FLAGS...]]" >&2; exit 4; }
sources=$(realpath "$1") out=$(realpath -m "$2") clang=${3:-clang-14}
shift $(($# < 3 ? $# : 3))
compat=$(realpath "$(dirname "$0")")/compat
arch=$(gcc -print-multiarch)
mkdir -p "$out"
failed=0

# compile NAME REPOSITORY FILE FLAGS...: OUT/NAME.o from the file, in the checkout's folder.
compile() {
  local name=$1 repository=$2 file=$3
  shift 3
  if [ ! -f "$sources/$repository/$file" ]; then
    echo "skipped: $name: $repository/$file is not there"
    return
  fi
  (cd "$sources/$repository" &&
    "$clang" -target bpf -O2 -g -D__TARGET_ARCH_x86 -I"/usr/include/$arch" -idirafter "$compat" -Wno-everything \
      "$@" "${extra[@]}" -c "$file" -o "$out/$name.o") 2>"$out/$name.err" &&
    rm -f "$out/$name.err" && echo "built: $name" && return
  echo "failed: $name: $(grep -m1 error "$out/$name.err")"
  failed=1
}

extra=("$@")
legacy=(-include "$compat/legacy.h")
maps=(-include "$compat/maps.h")
examples=(-Iheaders -Iinclude -idirafter "$sources/xdp-tools/headers")

# The five subjects of DRACO's evaluation.
compile hxdp_fw hXDP-Artifacts xdp_progs/xdp_fw_kern.c "${legacy[@]}"
compile fluvia fluvia src/main.c
compile fluvia161 fluvia-161e083 src/main.c
compile crab crab middlebox/ebpf/lb/lb_kern.c "${maps[@]}"
katran=(-D__KERNEL__ -Ikatran/lib/linux_includes -I.)
compile katran katran katran/lib/bpf/balancer.bpf.c "${katran[@]}"

# The other acceptance programs.
compile hxdp_csum hXDP-Artifacts xdp_progs/xdp_csum_kern.c "${legacy[@]}"
compile hxdp_map_access hXDP-Artifacts xdp_progs/xdp_map_access_kern.c "${legacy[@]}"
compile katran_decap katran katran/decap/bpf/decap.bpf.c "${katran[@]}"
for n in 02 03; do
  compile "tutorial_$n" xdp-tutorial packet-solutions/xdp_prog_kern_$n.c
done
compile tutorial_vlan01 xdp-tutorial packet-solutions/xdp_vlan01_kern.c
compile tutorial_vlan02 xdp-tutorial packet-solutions/xdp_vlan02_kern.c
compile xdp_forward xdp-tools xdp-forward/xdp_forward.bpf.c -Iheaders
compile xdpfilt_alw_all xdp-tools xdp-filter/xdpfilt_alw_all.c -Iheaders
compile dhcp_relay bpf-examples dhcp-relay/dhcp_kern_xdp.c "${examples[@]}"
compile tc_encap bpf-examples encap-forward/tc_bpf_encap.c "${examples[@]}"
compile xdp_encap bpf-examples encap-forward/xdp_encap.c "${examples[@]}"
compile lb_scratch lb-from-scratch xdp_lb_kern.c -I/usr/include/bpf
for n in xdp_filter bypass_filter lb vlan_filter; do
  compile "suricata_$n" suricata "ebpf/$n.c" -Iebpf/include
done

# Stretch: larger than the rest, and not all of what they call has a model.
compile pping bpf-examples pping/pping_kern.c "${examples[@]}"
compile synproxy bpf-examples xdp-synproxy/xdp_synproxy_kern.c "${examples[@]}" -Iheaders/vmlinux
compile loxilb_xdp loxilb-ebpf kernel/llb_xdp_main.c -Ikernel -I. -Icommon
exit $failed
