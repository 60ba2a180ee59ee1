#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The optimizer on real objects. Every object of a corpus folder (objects/*.o beside its recorded runs) is optimized with
# all gates; then the recorded runs are run on what came out, on each engine given, and must agree with the kernel's
# records exactly where they do for the input.
# usage: run.sh CORPUS OUT [ENGINE...]     with probity and corpus_runner of build/release (or $BUILD)
#   OPT_FLAGS   further flags of `probity opt`, e.g. "-Ospeed"
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build/release}
corpus=${1:?usage: run.sh CORPUS OUT [ENGINE...]}
out=${2:?usage: run.sh CORPUS OUT [ENGINE...]}
shift 2
mkdir -p "$out/objects" "$out/reports"
for file in "$corpus"/*; do
  [ "$(basename "$file")" = objects ] || ln -sfn "$(realpath "$file")" "$out/$(basename "$file")"
done
for object in "$corpus"/objects/*.o; do
  name=$(basename "$object" .o)
  [ -s "$out/reports/$name.json" ] && continue # goes on where it was stopped
  status=0
  # shellcheck disable=SC2086 -- OPT_FLAGS is a list of words
  "$build/bin/probity" opt "$object" -o "$out/objects/$name.o" --json ${OPT_FLAGS:-} \
    > "$out/reports/$name.tmp" 2> "$out/reports/$name.err" || status=$?
  # An object that no command reads is left as it is, so that the recorded runs find it.
  [ -f "$out/objects/$name.o" ] || cp "$object" "$out/objects/$name.o"
  mv "$out/reports/$name.tmp" "$out/reports/$name.json"
  [ "$status" -eq 0 ] || echo "$name: status $status $(cat "$out/reports/$name.err")" >> "$out/statuses.txt"
done
python3 "$here/summary.py" "$out/reports"
for engine in "$@"; do
  echo "recorded runs on $engine:"
  PROBITY_CORPUS=$out PROBITY_ENGINE=$engine "$build/bin/corpus_runner" | grep -A30 -E "^(programs.tsv|vectors.jsonl|sequences.jsonl)"
done
