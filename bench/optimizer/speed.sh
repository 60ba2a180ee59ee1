#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# -Ospeed over the XDP programs of a corpus: every object with one that loads is optimized, then old and new programs are
# timed on the live kernel by turns, on the packets of the corpus' recorded runs (opt_speed.cpp), apart from what the
# optimizer measured for itself. Prints the geometric means, and which program got slower.
# usage: speed.sh CORPUS OUT [LOADS]     as root; OPT_FLAGS: further flags of `probity opt`
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build/release}
corpus=${1:?usage: speed.sh CORPUS OUT [LOADS]}
out=${2:?usage: speed.sh CORPUS OUT [LOADS]}
loads=${3:-8}
mkdir -p "$out/objects" "$out/reports" "$out/times"
python3 "$here/speed_table.py" packets "$corpus" "$out/packets"
for list in "$out"/packets/*.tsv; do
  name=$(basename "$list" .tsv)
  if [ ! -s "$out/reports/$name.json" ]; then
    # shellcheck disable=SC2086 -- OPT_FLAGS is a list of words
    "$build/bin/probity" opt "$corpus/objects/$name.o" -o "$out/objects/$name.o" -Ospeed --json ${OPT_FLAGS:-} \
      > "$out/reports/$name.tmp" 2> "$out/reports/$name.err" || echo "$name: status $?"
    mv "$out/reports/$name.tmp" "$out/reports/$name.json"
  fi
  [ -s "$out/times/$name.tsv" ] || [ ! -f "$out/objects/$name.o" ] ||
    "$build/bin/opt_speed" "$loads" "$list" "$corpus/objects/$name.o" "$out/objects/$name.o" > "$out/times/$name.tsv"
done
# What another program of the machine disturbed, whichever way: once more, over more loads.
for name in $(python3 "$here/speed_table.py" doubtful "$out"); do
  "$build/bin/opt_speed" "$((4 * loads))" "$out/packets/$name.tsv" "$corpus/objects/$name.o" "$out/objects/$name.o" \
    > "$out/times/$name.again" && mv "$out/times/$name.again" "$out/times/$name.tsv"
done
python3 "$here/speed_table.py" table "$out"
