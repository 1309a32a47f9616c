"""The flow of ``reluflow.simulate`` against an independent reference, on random problems of many families.

    python benchmarks/flow.py                                   2,000 problems, all families
    python benchmarks/flow.py --problems 100 --families gauss,xor --out flow.csv --keep failing

Every problem runs from its start to 1e-9 of the first loss or to its rest (see FLOW.md for how an error is
measured and what is excused). With --out a run that is broken off goes on where it was.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import sys
from pathlib import Path

from comparison import Outcome, Task
from families import FAMILIES
from pool import read_rows, run_all
from summary import summary


def main() -> int:
    """Run what is not done yet and print the summary; 1 if a bar is missed."""
    asked = arguments()
    names = asked.families.split(",") if asked.families else list(FAMILIES)
    unknown = [name for name in names if name not in FAMILIES]
    if unknown:
        print(f"no family {', '.join(unknown)}; expected some of {', '.join(FAMILIES)}", file=sys.stderr)
        return 2
    tasks = [
        Task(names[i % len(names)], asked.seed, i // len(names), asked.rtol, asked.references)
        for i in range(asked.problems)
    ]
    rows: list[Outcome] = read_rows(asked.out, tasks) if asked.out else []
    known = {(row.family, row.seed, row.number) for row in rows}
    left = [task for task in tasks if (task.family, task.seed, task.number) not in known]
    print(f"seed {asked.seed}: {len(tasks)} problems, {len(left)} of them to run", file=sys.stderr)
    rows += run_all(left, asked.jobs, asked.limit, asked.out, asked.keep)
    rows.sort(key=lambda row: (names.index(row.family), row.number))
    text, held = summary(rows, asked.seed)
    print(text)
    return 0 if held else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--families", default="", help="names with commas between them; all if left out")
    parser.add_argument("--rtol", type=float, default=1e-6, help="of reluflow.simulate")
    parser.add_argument("--limit", type=float, default=240.0, help="wall seconds for one problem")
    parser.add_argument("--out", type=Path, help="a CSV of all problems, which a later run goes on with")
    parser.add_argument("--references", type=Path, help="folder in which references are kept for later runs")
    parser.add_argument("--keep", type=Path, help="folder for an .npz of every problem that fails")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
