"""Problems on which what the theory said was found wrong, kept in ``cases/theory``."""

from functools import cache
from pathlib import Path

import numpy as np
from trained import trained

from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory import CHAPTERS
from reluflow.verification import Row, judge, verify

FOLDER = Path(__file__).parent / "cases" / "theory"


@cache
def case(name: str) -> Problem:
    """The data and the start of one case."""
    with np.load(FOLDER / f"{name}.npz") as stored:
        slope = float(stored["slope"]) if "slope" in stored else 0.0
        parts = (stored[key] for key in ("inputs", "targets", "weights", "output_weights"))
        return Problem(*parts, slope=slope)


@cache
def run(name: str) -> Measured:
    """Its run, to a loss of 1e-9 or to rest."""
    return trained(case(name), rtol=1e-7, loss=1e-9, time=1e5)


@cache
def judged(name: str, chapter: str = "") -> dict[str, Row]:
    """Every row of its run, or those of one chapter, by id."""
    found = run(name)
    if not chapter:
        return {row.id: row for row in verify(found)}
    return {row.id: judge(row, found) for row in CHAPTERS[chapter](found.problem)}
