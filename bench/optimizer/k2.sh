#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# K2's nineteen programs: input slots, ours, K2's best, time. OBJECTS is what k2_objects.py made.
# usage: k2.sh OBJECTS OUT     OPT_FLAGS: further flags of `probity opt`
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build/release}
objects=${1:?usage: k2.sh OBJECTS OUT}
out=${2:?usage: k2.sh OBJECTS OUT}
mkdir -p "$out"
while read -r name _ _; do
  # shellcheck disable=SC2086 -- OPT_FLAGS is a list of words
  "$build/bin/probity" opt "$objects/$name.o" -o "$out/$name.o" --json ${OPT_FLAGS:-} > "$out/$name.json" ||
    echo "$name: status $?"
done < "$objects/programs.tsv"
python3 "$here/summary.py" "$out" "$objects/programs.tsv"
