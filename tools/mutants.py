"""Break lines of the package one at a time and list those that no test notices.

    python tools/mutants.py --number 50 --seed 1 reluflow/theory
    python tools/mutants.py --again

A line is broken in a private copy of the tree. The tests that run it (by coverage, measured once and kept in
``.mutants`` until the code changes) are run, the likeliest and fastest first, until one fails. What became of
a line is appended to a file, so that a run that was ended goes on where it was. Mutants listed in
``tools/equivalent.toml`` are drawn, but not run.
"""

import argparse
import random
import signal
import sys
from collections import Counter
from pathlib import Path

from mutation.coverage_map import coverage_map
from mutation.pytest_runs import private_copy
from mutation.rows import (
    EQUIVALENT,
    HUNG,
    NOTICED,
    SURVIVED,
    UNCOVERED,
    Equivalent,
    Row,
    Rows,
    equivalents,
    matching,
)
from mutation.sites import Mutant, mutants
from mutation.trial import Trials

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the copy is removed
    asked = _arguments()
    root, store = asked.root.resolve(), asked.root.resolve() / ".mutants"
    every = _mutants(root, asked.paths or [str(root / asked.package)])
    known = equivalents(root / "tools" / "equivalent.toml")
    rows = Rows(asked.rows or store / "rows.jsonl", root)
    if not asked.paths:
        for old in known:
            if not any(old.is_of(mutant) for mutant in every):
                _say(f"tools/equivalent.toml: no line to break so: {old.scope}: {old.before} -> {old.after}")
    if asked.again:
        chosen = [one for one in every if (row := rows.of(one)) and row.verdict in (SURVIVED, UNCOVERED)]
    elif asked.paths and all(":" in words for words in asked.paths):
        chosen = every
    else:
        chosen = _drawn(every, asked.seed, asked.number)
        _say(f"seed {asked.seed}: {len(chosen)} of {len({(one.file, one.line) for one in every})} lines")
    if asked.list:
        for one in chosen:
            print(f"{one.file}:{one.line} ({one.kind})\n    - {one.before}\n    + {one.after}")
        return 0
    found = _try(chosen, rows, known, asked, root, store)
    _report(found, known)
    return 1 if any(row.verdict in (SURVIVED, UNCOVERED) for row in found) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("paths", nargs="*", help="modules, folders, or lines (FILE:LINE, in every way); all if left out")
    add("--number", type=int, default=50, help="lines to break, each once (50)")
    add("--seed", type=int, default=0, help="seed of the draw (0)")
    add("--again", action="store_true", help="only those that were not noticed so far")
    add("--list", action="store_true", help="print what would be broken, run nothing")
    add("--slow", action="store_true", help="let the slow tests notice, too, not only the quick suite")
    add("--budget", type=float, default=0.0, help="seconds of tests for one line at most (all that cover it)")
    add("--limit", type=float, default=30.0, help="seconds for any test beside 5 times its usual ones (30)")
    add("--processes", type=int, default=2, help="that measure which tests run which line (2)")
    add("--rows", type=Path, help="the file of what became of them (.mutants/rows.jsonl)")
    add("--root", type=Path, default=ROOT, help="the tree (this checkout)")
    add("--package", default="reluflow", help="folder of the package in it (reluflow)")
    return parser.parse_args()


def _mutants(root: Path, paths: list[str]) -> list[Mutant]:
    """All mutants of modules, of those in folders, and of single lines (``module.py:12``)."""
    found: dict[Mutant, None] = {}
    for words in paths:
        name, _, line = words.partition(":")
        path = Path(name).resolve()
        modules = [path] if path.is_file() else sorted(path.rglob("*.py"))
        some = [one for module in modules for one in mutants(module, module.relative_to(root).as_posix())]
        if line:
            some = [one for one in some if str(one.line) == line]
        if not some:
            raise SystemExit(f"mutants: {words} has no line to break")
        found.update(dict.fromkeys(some))
    return list(found)


def _drawn(every: list[Mutant], seed: int, number: int) -> list[Mutant]:
    """One mutant each of lines drawn without putting back: more of them begin with the same.

    Every line has a lot of its own, so that a change of one file leaves the draw from others as it was.
    """
    lines: dict[tuple[str, int], list[Mutant]] = {}
    for one in every:
        lines.setdefault((one.file, one.line), []).append(one)
    lots = {line: random.Random(f"{seed} {line}") for line in lines}
    drawn = sorted(lines, key=lambda line: lots[line].random())[:number]
    return [lots[line].choice(lines[line]) for line in drawn]


def _try(
    chosen: list[Mutant],
    rows: Rows,
    known: list[Equivalent],
    asked: argparse.Namespace,
    root: Path,
    store: Path,
) -> list[Row]:
    """What became of each; those whose row holds from an earlier time are not run anew."""
    tests = coverage_map(root, asked.package, store, asked.slow, asked.processes, _say)
    found = []
    with private_copy(root) as copy:
        trials = Trials(copy, tests, asked.slow, asked.limit, asked.budget)
        for number, mutant in enumerate(chosen, 1):
            row = None if asked.again else rows.of(mutant)
            if matching(known, mutant):
                row = rows.add(mutant, EQUIVALENT) if row is None or row.verdict != EQUIVALENT else row
            elif row is None or row.verdict == EQUIVALENT:
                outcome = trials.run(mutant, rows.noticing(mutant.file))
                row = rows.add(mutant, **vars(outcome))
            found.append(row)
            _say(f"{number}/{len(chosen)} {row.verdict} in {row.seconds} s: {row.file}:{row.line} {row.test}")
        noticing = sorted({row.test for row in found if row.verdict == NOTICED and row.test})
        for test in trials.failing(noticing):
            _say(f"fails without a broken line as well, so its verdicts are void: {test}")
    return found


def _report(found: list[Row], known: list[Equivalent]) -> None:
    counts = Counter(row.verdict for row in found)
    for verdict, title in ((SURVIVED, "No test noticed"), (UNCOVERED, "No test runs")):
        if counts[verdict]:
            print(f"{title}:")
            print(*(row for row in found if row.verdict == verdict), sep="\n")
    if counts[EQUIVALENT]:
        print("Equivalent:")
    for row in found:
        if row.verdict == EQUIVALENT:
            print(f"{row}\n    {next(one.reason for one in known if one.is_of(row))}")
    noticed, real = counts[NOTICED] + counts[HUNG], len(found) - counts[EQUIVALENT]
    print(
        f"{len(found)} broken, {counts[EQUIVALENT]} of them equivalent; noticed {noticed} of {real}"
        f" ({100.0 * noticed / max(real, 1):.1f} %), {counts[HUNG]} by a test that did not end"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
