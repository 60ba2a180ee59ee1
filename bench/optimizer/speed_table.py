#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The data of speed.sh: packets of recorded runs in, times out.
usage: speed_table.py packets CORPUS OUT    writes OUT/OBJECT.tsv, lines `program<TAB>hex`, of XDP programs
       speed_table.py doubtful OUT          names objects with a program that measures 3 % slower or faster than before
       speed_table.py table OUT             sums up OUT/times and OUT/reports"""
import collections
import glob
import json
import math
import os
import statistics
import sys

SLOWER = 1.03


def packets(corpus, out):
    os.makedirs(out, exist_ok=True)
    rows = collections.defaultdict(list)
    with open(os.path.join(corpus, "vectors.jsonl"), encoding="utf-8") as lines:
        for line in lines:
            run = json.loads(line)
            if run["prog_type"] == "xdp" and not run.get("errno"):
                rows[run["object"]].append(f'{run["prog"]}\t{run["packet"]}\n')
    for name, lines in rows.items():
        with open(os.path.join(out, name.removesuffix(".o") + ".tsv"), "w", encoding="utf-8") as file:
            file.writelines(lines)


def unchanged(out):
    """Programs whose code stayed: whatever they measure is the machine's noise."""
    same = set()
    for path in glob.glob(os.path.join(out, "reports", "*.json")):
        with open(path, encoding="utf-8") as text:
            try:
                report = json.load(text)
            except json.JSONDecodeError:
                continue
        for program in report.get("details", {}).get("programs") or []:
            if not program.get("changed"):
                same.add((os.path.basename(path)[:-5], program["name"]))
    return same


def mean(ratios):
    return math.exp(statistics.mean(math.log(max(ratio, 1e-3)) for ratio in ratios)) if ratios else 1


def times(out):
    """Rows of object, program, ns before, after, of an empty program."""
    for path in sorted(glob.glob(os.path.join(out, "times", "*.tsv"))):
        name = os.path.basename(path)[:-4]
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                program, before, after, empty, *rest = line.rstrip("\n").split("\t")
                if before == "-":
                    print(f"  not timed: {name} {program}: {rest[-1]}", file=sys.stderr)
                    continue
                yield name, program, float(before), float(after), float(empty)


def doubtful(out):
    names = {name for name, _, before, after, _ in times(out) if not 1 / SLOWER <= after / before <= SLOWER}
    print("\n".join(sorted(names)))


def table(out):
    same = unchanged(out)
    rows = list(times(out))
    changed = [row for row in rows if (row[0], row[1]) not in same]
    noise = [row for row in rows if (row[0], row[1]) in same]
    ratio = lambda row: row[3] / row[2]
    # Below a nanosecond the difference of two times of eight is noise.
    net = lambda row: max(row[3] - row[4], 1) / max(row[2] - row[4], 1)
    print(f"programs: {len(rows)}, of which {len(changed)} have new code")
    print(f"geometric mean, unchanged ones as 1: {mean([ratio(r) for r in changed] + [1] * len(noise)):.3f}; "
          f"without the time of an empty program: {mean([net(r) for r in changed] + [1] * len(noise)):.3f}")
    print(f"geometric mean of the changed: {mean([ratio(r) for r in changed]):.3f}; "
          f"without the time of an empty program: {mean([net(r) for r in changed]):.3f}")
    long = [r for r in changed if r[2] >= 2 * r[4]]
    print(f"of the {len(long)} of these that run at least twice as long as an empty one: "
          f"{mean([ratio(r) for r in long]):.3f}")
    if noise:
        off = sorted(abs(math.log(ratio(r))) for r in noise)
        print(f"noise, from the {len(noise)} whose code stayed: mean {mean([ratio(r) for r in noise]):.3f}, "
              f"nine of ten within {100 * off[int(0.9 * (len(off) - 1))]:.1f} %, "
              f"slower than {SLOWER}: {sum(ratio(r) > SLOWER for r in noise)}")
    slower = [row for row in changed if ratio(row) > SLOWER]
    print(f"slower than {SLOWER}: {len(slower)}")
    for row in sorted(slower, key=ratio, reverse=True):
        print(f"  {ratio(row):.3f}  {row[2]:.1f} -> {row[3]:.1f} ns (empty {row[4]:.1f})  {row[0]} {row[1]}")


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "packets":
        packets(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3 and sys.argv[1] in ("doubtful", "table"):
        {"doubtful": doubtful, "table": table}[sys.argv[1]](sys.argv[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
