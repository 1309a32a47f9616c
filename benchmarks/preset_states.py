"""Say in which state every prediction is on the shipped presets, at their own scale and at 1e-20.

    python benchmarks/preset_states.py [PRESET]...

Trains each preset as `reluflow verify` does, by the default method, and prints a row of a Markdown table as
soon as it is judged: how many predictions hold, fail, are not yet to be judged, do not apply, and the names
of those that fail or are not yet. Exits with 1 if one fails, or if more than two of one run are not yet.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import reluflow
from reluflow.flow import DEFAULT_METHOD
from reluflow.store.preset import Preset, list_presets
from reluflow.training.measuring import train
from reluflow.verification import Row, verify

#: where the limit of vanishing scale is near
SMALL: Final = 1e-20
#: the most predictions of a run that may be not yet
MOST_NOT_YET: Final = 2
#: presets that are too long to be judged unless they are named
LONG: Final = ("piecewise-wide", "lazy-to-rich-full")
STATES: Final = ("holds", "fails", "not yet", "does not apply")


def runs(names: Sequence[str]) -> Iterator[tuple[Preset, str]]:
    """Presets by the default method, at their own scale and at the small one, and what that is called."""
    for name in names:
        changes: dict[str, object] = {"solver.method": DEFAULT_METHOD}
        own = reluflow.load_preset(name, changes)
        scale = own.values.get("init.scale")
        yield own, "none" if scale is None else f"{scale:g}"
        if scale is not None and scale != SMALL:
            yield reluflow.load_preset(name, changes | {"init.scale": SMALL}), f"{SMALL:g}"


def line(name: str, scale: str, rows: Sequence[Row]) -> str:
    """A row of the table."""
    counts = Counter(row.state for row in rows)
    named = [f"{row.id} ({row.state})" for row in rows if row.state in ("fails", "not yet")]
    cells = [name, scale, *(str(counts[state]) for state in STATES), ", ".join(named)]
    return f"| {' | '.join(cells)} |"


def wrong(rows: Sequence[Row]) -> bool:
    """Whether a prediction fails, or too many are not yet."""
    counts = Counter(row.state for row in rows)
    return counts["fails"] > 0 or counts["not yet"] > MOST_NOT_YET


def main() -> int:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="default: all but the longest")
    asked = parser.parse_args()
    names = asked.presets or [one.name for one in list_presets() if not one.user and one.name not in LONG]
    print(f"| preset | scale | {' | '.join(STATES)} | which |\n|---|---|{'---|' * len(STATES)}---|")
    found = False
    for preset, scale in runs(names):
        rows = verify(train(preset))
        found |= wrong(rows)
        print(line(preset.name, scale, rows), flush=True)
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
