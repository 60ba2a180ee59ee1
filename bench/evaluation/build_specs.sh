#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the specifications of bench/evaluation/specs into OUT/specs, where run.sh finds them.
# usage: build_specs.sh OUT [CLANG]
set -eu
[ $# -ge 1 ] || { echo "usage: $0 OUT [CLANG]" >&2; exit 4; }
here=$(realpath "$(dirname "$0")")
clang=${2:-clang-14}
mkdir -p "$1/specs"
for file in "$here"/specs/*.bpf.c; do
  name=$(basename "$file" .bpf.c)
  "$clang" -target bpf -O2 -g -I"$here/../../include" -I"/usr/include/$(gcc -print-multiarch)" \
    -c "$file" -o "$1/specs/$name.o"
done
