#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target in the folder given for FUZZ_SECONDS (default 60), JOBS at a time (default: all cores).
# Inputs grow in build/fuzz/corpus, seeds come from fuzz/seeds/TARGET; a finding is left in build/fuzz/findings
# and makes this script fail, with the target's own report.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$1
export FUZZ_SECONDS=${FUZZ_SECONDS:-60}
jobs=${JOBS:-$(nproc)}

run_target() {
  local target=$1 name=${1##*/}
  local corpus=build/fuzz/corpus/$name findings=build/fuzz/findings/$name log=build/fuzz/$name.log
  local folders=("$corpus") longest=4096
  [[ $name != object_* ]] || longest=32768
  mkdir -p "$corpus" "$findings"
  [ ! -d "fuzz/seeds/$name" ] || folders+=("fuzz/seeds/$name")
  if "$target" -max_total_time="$FUZZ_SECONDS" -rss_limit_mb=1024 -timeout=10 -max_len="$longest" \
      -print_final_stats=1 \
      -artifact_prefix="$findings/" "${folders[@]}" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz: $name: $runs runs in $FUZZ_SECONDS s, no finding"
  else
    echo "fuzz: $name: FINDING, kept in $findings" >&2
    tail -n 60 "$log" >&2
    return 1
  fi
}
export -f run_target

shopt -s nullglob
targets=("$bin"/*_fuzz)
if [ ${#targets[@]} -eq 0 ]; then
  echo "fuzz: no target in $bin" >&2
  exit 1
fi
printf '%s\n' "${targets[@]}" | xargs -n 1 -P "$jobs" bash -c 'run_target "$1"' run_target
