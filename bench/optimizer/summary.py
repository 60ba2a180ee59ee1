#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up what `probity opt --json` said of many objects.
usage: summary.py REPORTS [PROGRAMS.tsv]
REPORTS holds one JSON file an object. With a table of `name<TAB>slots<TAB>best`, one line a program in its order."""
import glob
import json
import math
import os
import statistics
import sys


def gate(program, name):
    return next((row["verdict"] for row in program.get("gates", []) if row["gate"] == name), None)


def programs_of(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        try:
            with open(path, encoding="utf-8") as text:
                report = json.load(text)
        except json.JSONDecodeError:
            print(f"{path}: not a report", file=sys.stderr)
            continue
        name = os.path.basename(path)[:-5]
        for program in report.get("details", {}).get("programs") or []:
            yield name, program


def is_loaded(program):
    """The kernel took the input."""
    return program.get("processed", {}).get("before", 0) > 0


def whole(programs):
    print(f"programs: {len(programs)}, of which the kernel loads {sum(is_loaded(p) for _, p in programs)}")
    loaded = [(name, p) for name, p in programs if is_loaded(p)]
    before = sum(p["slots"]["before"] for _, p in loaded)
    after = sum(p["slots"]["after"] for _, p in loaded)
    if not before:
        return
    shares = [1 - p["slots"]["after"] / p["slots"]["before"] for _, p in loaded]
    print(f"slots of these: {before} -> {after} ({100 * (before - after) / before:.1f} % fewer)")
    print(f"mean over programs: {100 * statistics.mean(shares):.1f} % fewer; "
          f"changed: {sum(p['changed'] for _, p in loaded)}")
    jit = [(p["jit_bytes"]["before"], p["jit_bytes"]["after"]) for _, p in loaded if p["jit"] == "kernel"]
    print(f"JIT bytes: {sum(b for b, _ in jit)} -> {sum(a for _, a in jit)}")
    processed = [(p["processed"]["before"], p["processed"]["after"]) for _, p in loaded]
    print(f"processed by the verifier: {sum(b for b, _ in processed)} -> {sum(a for _, a in processed)}")
    timed = [(name, p, p["run_ns"]["after"] / p["run_ns"]["before"]) for name, p in loaded if p["run_ns"]["before"] > 0]
    if timed:
        mean = math.exp(statistics.mean(math.log(ratio) for _, _, ratio in timed))
        print(f"run time, geometric mean of {len(timed)}: {mean:.3f}; slower than 1.03: "
              f"{sum(ratio > 1.03 for _, _, ratio in timed)}")
    print(f"ms per program: median {statistics.median(p['milliseconds'] for _, p in loaded):.1f}, "
          f"largest {max(p['milliseconds'] for _, p in loaded):.0f}")
    larger = [(name, p) for name, p in loaded if p["slots"]["after"] > p["slots"]["before"]]
    print(f"larger than before: {len(larger)}")
    for verdict in ("failed", "unknown"):
        for name, p in programs:
            for row in p.get("gates", []):
                if row["verdict"] == verdict:
                    print(f"  {verdict}: {name} {p['name']}: {row['gate']}: {row['text'][:160]}")
    kept = [(name, p) for name, p in loaded if p["kept"]]
    for name, p in kept:
        print(f"  keeps its code: {name} {p['name']}: {p['kept'][:160]}")


def table(programs, path):
    by_name = {name: p for name, p in programs}
    total = [0, 0, 0, 0.0]
    print(f"{'program':22}{'slots':>7}{'ours':>7}{'K2':>7}{'ms':>10}  JIT bytes      processed      gates")
    with open(path, encoding="ascii") as rows:
        for row in rows:
            name, slots, best = row.split()
            p = by_name.get(name)
            if p is None or "slots" not in p:
                print(f"{name:22}{slots:>7}      -{best:>7}")
                continue
            ours = p["slots"]["after"]
            sign = " " if ours <= int(best) else "!"
            words = " ".join(f"{r['gate']}:{r['verdict']}" for r in p["gates"] if r["verdict"] != "passed")
            jit = f"{p['jit_bytes']['before']}->{p['jit_bytes']['after']}"
            processed = f"{p['processed']['before']}->{p['processed']['after']}"
            print(f"{name:22}{slots:>7}{ours:>6}{sign}{best:>7}{p['milliseconds']:>10.0f}  {jit:14} {processed:14} {words}")
            total = [a + b for a, b in zip(total, (int(slots), ours, int(best), p["milliseconds"]))]
    print(f"{'sum':22}{total[0]:>7}{total[1]:>6} {total[2]:>7}{total[3]:>10.0f}")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    programs = list(programs_of(sys.argv[1]))
    if len(sys.argv) == 3:
        table(programs, sys.argv[2])
    else:
        whole(programs)


if __name__ == "__main__":
    main()
