"""Reading a whole run directory, damaged or not: what is intact, and a sentence about each thing that is
not.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np

from reluflow.errors import RunError
from reluflow.network import Array
from reluflow.problem import Problem
from reluflow.store.archive import Members, damaged
from reluflow.store.run_reader import PROBLEM, TRAJECTORY, Run
from reluflow.store.run_remade import with_problem_remade

#: Weights of a run's start are those of its problem to this share of the largest, roundings aside.
_SAME: Final = 1e-6
#: sentences about one run
_MOST: Final = 3

_Found = TypeVar("_Found")


class Intact:
    """The parts of a run that can be read; None for one that cannot, and then ``damaged`` says why.

    Every array of the directory is read once, so that what is shown is as it was written: about a third of
    a second for 100 MB.
    """

    def __init__(self, run: Run) -> None:
        self._said: list[str] = []
        self.preset = self._read(lambda: run.preset)
        self.problem = self._read(lambda: run.problem)
        held = run if self.problem is not None else with_problem_remade(run) or run
        arrays = self._read(lambda: held.arrays) or {}
        self._start: Array | None = None
        whole = {name: self._read(partial(self._shape, arrays, name)) for name in arrays}
        #: the columns of the series and how many rows they have; empty before the first save
        self.columns = [
            name.removeprefix("series/") for name in whole if name.startswith("series/") and whole[name]
        ]
        self.rows = len(held.t) if "t" in self.columns else 0
        #: when states were recorded
        self.times: list[float] = held.snapshots.t.tolist() if whole.get("snapshots/t") else []
        problem, start = self.problem, self._start
        if problem and start is not None and self.times and not begins_with(self.times[0], start, problem):
            other = f"it begins with other weights than {PROBLEM} holds"
            self._said.append(str(damaged(run.path / TRAJECTORY, other)))
        self.damaged = _few(list(dict.fromkeys([*run.faults, *self._said])))

    def _shape(self, arrays: Mapping[str, Any], name: str) -> tuple[int, ...]:
        array: Array = arrays[name]
        if name == "snapshots/weights" and len(array):
            self._start = array[0].copy()
        return array.shape

    def _read(self, read: Callable[[], _Found]) -> _Found | None:
        try:
            return read()
        except RunError as error:
            self._said.append(str(error))
            return None


def begins_with(t: float, weights: Array, problem: Problem) -> bool:
    """Whether a first state, at t with ``weights`` (m, d), may be of ``problem``: at 0 it is its start."""
    apart = np.abs(weights - problem.weights).max(initial=0.0)
    return bool(t > 0.0 or apart <= _SAME * np.abs(problem.weights).max(initial=0.0))


def _few(sentences: list[str]) -> list[str]:
    """The first ones, and how many more there are: a table of contents that is damaged hits every array."""
    more = len(sentences) - _MOST
    return sentences if more <= 0 else [*sentences[:_MOST], f"damaged: {more} more arrays of the run"]


def damage_of(run: Run, largest: float = math.inf) -> list[str]:
    """``Run.faults``, and of a run that nobody writes to a sentence about an array whose sum does not fit.

    A quicker look than ``Intact``: all of the trajectory is read, if it has at most ``largest`` bytes, and
    nothing made of it.
    """
    try:
        arrays = run.arrays
        if isinstance(arrays, Members) and run.status != "running" and arrays.path.stat().st_size <= largest:
            arrays.require_sums()
    except RunError as error:
        return list(dict.fromkeys([*run.faults, str(error)]))
    except OSError:
        pass  # it has gone meanwhile
    return run.faults
