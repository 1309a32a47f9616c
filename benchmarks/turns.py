"""An old commit and what is checked out, in turns on this machine: what became faster, and what slower.

    python benchmarks/turns.py                            the quick cases against 9eed33e, five turns of each
    python benchmarks/turns.py v1.2 --all --turns 7       every case, against another commit
    python benchmarks/turns.py --cases toy high --forget  some of them, without a line in the history

The old commit is checked out into a temporary folder. In each turn the old and the new version are measured
directly after each other, the one that came second first in the next turn, so that other work on the machine
slows both; only ratios within turns count. Solving is in seconds of processor time of a process with one
thread, start-up subtracted: "solver" steps to the goal, "run" is the same with the default recording. What a
person waits for, in the app, is in seconds of wall time.

A case is slower (or faster) if it is so in every turn and by more than a twentieth in the median of the
turns; everything else is noise. The command ends with 1 if anything is slower. What was found is added to
``history.csv``, with the two commits, so that a creeping loss shows; "+" is what no commit has yet.
"""

import argparse
import csv
import datetime
import math
import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from turns_cases import CASES

HERE = Path(__file__).resolve().parent
HISTORY = HERE / "history.csv"
OLD = "9eed33e"
#: A median ratio closer to 1 than this is noise, whatever the turns say.
LEAST = 0.05
HEAD = "| case | what | old: seconds | new: seconds | old / new | |\n| --- | --- | --- | --- | --- | --- |"


@dataclass(frozen=True)
class Line:
    """A line of the history. ``old``, ``new``: medians in seconds; ``ratio``: that of old / new."""

    date: str
    commit: str
    against: str
    case: str
    what: str
    old: str
    new: str
    ratio: str
    verdict: str
    turns: int
    machine: str

    def __str__(self) -> str:
        loud = self.verdict.upper() if self.verdict == "slower" else self.verdict
        return f"| {self.case} | {self.what} | {self.old} | {self.new} | {self.ratio} | {loud} |"


def verdict(ratios: Sequence[float]) -> str:
    """Whether old / new says in all turns that one side was faster, and by more than noise."""
    middle = statistics.median(ratios)
    if min(ratios) > 1.0 and middle > 1.0 + LEAST:
        return "faster"
    return "slower" if max(ratios) < 1.0 and middle < 1.0 - LEAST else "noise"


def compare(name: str, old: Path, turns: int) -> dict[str, tuple[list[float], list[float]]]:
    """Seconds of the old and of the new version in each turn, by what was measured."""
    measure, new = CASES[name].measure, HERE.parent
    for package in (old, new):
        measure(package)  # what is compiled or read once is, before anything counts
    found: dict[str, tuple[list[float], list[float]]] = {}
    for turn in range(turns):
        sides = (old, new) if turn % 2 == 0 else (new, old)
        seconds = {package: measure(package) for package in sides}
        for what, value in seconds[old].items():
            before, after = found.setdefault(what, ([], []))
            before.append(value)
            after.append(seconds[new][what])
    return found


def lines(name: str, old: Path, turns: int, against: str) -> Iterator[Line]:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    for what, (before, after) in compare(name, old, turns).items():
        ratios = [first / second for first, second in zip(before, after, strict=True)]
        given_up = any(math.isnan(ratio) for ratio in ratios)
        yield Line(
            today,
            commit(HERE.parent),
            against,
            name,
            what,
            f"{statistics.median(before):.3g}",
            f"{statistics.median(after):.3g}",
            f"{statistics.median(ratios):.2f}",
            "given up" if given_up else verdict(ratios),
            turns,
            machine,
        )


def commit(folder: Path) -> str:
    """The commit that is checked out, with a "+" if anything of the package is not in it."""
    words = (["rev-parse", "--short=7", "HEAD"], ["status", "--porcelain", "--", "reluflow"])
    name, changed = (git(folder, *arguments) for arguments in words)
    return f"{name}+" if changed else name


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def keep(found: Sequence[Line], path: Path = HISTORY) -> None:
    """Add lines to the history; it is written beside and renamed."""
    names = [field.name for field in fields(Line)]
    held = path.read_text(encoding="utf-8") if path.is_file() else ",".join(names) + "\n"
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        file.write(held)
        csv.DictWriter(file, names, lineterminator="\n").writerows([asdict(line) for line in found])
    beside.replace(path)


@contextmanager
def checked_out(name: str) -> Iterator[Path]:
    """A commit in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "old"
        git(HERE, "worktree", "add", "--detach", "--quiet", str(tree), name)
        try:
            yield tree
        finally:
            git(HERE, "worktree", "remove", "--force", str(tree))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", nargs="?", default=OLD, help="what the checkout is compared with")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="the slow cases, too")
    parser.add_argument("--cases", nargs="+", choices=CASES, help="only these")
    parser.add_argument("--forget", action="store_true", help="keep nothing in the history")
    options = parser.parse_args()
    # as a user has it: the package is compiled once and not at each start
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    names = options.cases or [name for name, case in CASES.items() if case.quick or options.all]
    found: list[Line] = []
    with checked_out(options.commit) as old:
        against = commit(old)
        print(HEAD)
        for name in names:
            for line in lines(name, old, options.turns, against):
                print(line, flush=True)
                found.append(line)
    if not options.forget:
        keep(found)
    raise SystemExit(1 if any(line.verdict == "slower" for line in found) else 0)


if __name__ == "__main__":
    main()
