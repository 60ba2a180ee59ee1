#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds one BPF source file with every clang there is, at -O1 -O2 -O3 -Os and each instruction set it knows,
# and proves each build equivalent to the first:
#   bench/evaluation/builds.sh PROBITY SOURCE.c OUTPUT_FOLDER [clang flags …]
# Prints a line for each pair, then the counts and the CPU time. Nothing is loaded into the kernel.
set -u
[ $# -ge 3 ] || { echo "usage: $0 PROBITY SOURCE.c OUTPUT_FOLDER [clang flags ...]" >&2; exit 4; }
probity=$1 source=$2 out=$3
shift 3
mkdir -p "$out"
# Declarations that older sources expect of their headers.
cat > "$out/compat.h" <<'END'
#include <linux/types.h>
typedef __u8 uint8_t; typedef __u16 uint16_t; typedef __u32 uint32_t; typedef __u64 uint64_t;
struct bpf_map_def { unsigned int type, key_size, value_size, max_entries, map_flags; };
END
objects=()
for version in 14 16 19; do
  clang=clang-$version
  command -v "$clang" > /dev/null || { echo "skipped: no $clang"; continue; }
  for level in O1 O2 O3 Os; do
    for cpu in v1 v2 v3 v4; do
      [ $cpu = v4 ] && [ $version -lt 18 ] && continue  # v4 came with clang 18
      object=$out/$version-$level-$cpu.o
      "$clang" -target bpf -$level -g -mcpu=$cpu -D__TARGET_ARCH_x86 -D__x86_64__ -I/usr/include/x86_64-linux-gnu \
        -include "$out/compat.h" "$@" -c "$source" -o "$object" 2> "$object.log" || { echo "does not compile: $object"; continue; }
      objects+=("$object")
    done
  done
done
declare -A counts=()
spent() { awk 'NR==2 {split($1, a, "[ms]"); split($2, b, "[ms]"); print a[1]*60+a[2]+b[1]*60+b[2]}' "$out/times"; }
for object in "${objects[@]:1}"; do
  "$probity" equiv "${objects[0]}" "$object" --no-kernel --witness-dir "$out" > "$object.txt" 2>&1
  status=$?
  case $status in 0) word=equivalent;; 1) word=different;; 2) word=unknown;; *) word="failed ($status)";; esac
  counts[$word]=$((${counts[$word]:-0} + 1))
  echo "$(basename "$object"): $word; $(grep -o '[0-9]* paths of both.*' "$object.txt")"
done
times > "$out/times"  # of this shell: not in a subshell
seconds=$(spent)
echo "${#objects[@]} builds, $((${#objects[@]} - 1)) pairs:$(for w in "${!counts[@]}"; do printf ' %s %s' "${counts[$w]}" "$w"; done); $seconds s CPU"
