"""Reading a whole run directory, damaged or not: what is intact, and a sentence about each thing that is
not.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np

from reluflow.errors import RunError
from reluflow.flow import DEFAULT_METHOD, DESCENT
from reluflow.flow.base import State
from reluflow.network import Array, preactivations, residuals
from reluflow.observe.measured import States
from reluflow.observe.series import OBJECTIVE
from reluflow.problem import Problem
from reluflow.store.archive import Members, damaged
from reluflow.store.preset import Preset
from reluflow.store.run_layout import SAVED_SUMMARY
from reluflow.store.run_reader import PROBLEM, TRAJECTORY, Run
from reluflow.store.run_remade import with_problem_remade

#: Weights of a run's start are those of its problem to this share of the largest, roundings aside.
_SAME: Final = 1e-6
#: Losses of a series are those of its states to this share, and to this one of the first loss; roundings of
#: what is summed up to an output may differ by the last one.
_ALIKE: Final = (1e-6, 1e-9, 1e-10)
#: No flow lets its loss, or what falls in its place, grow to so many times the first.
_GROWN: Final = 2.0
#: States whose losses are looked at, and multiplications that this may take beyond the first and the last.
_LOOKED_AT: Final = 24
_WORK: Final = 1e7
_STATES: Final = ("snapshots/t", "snapshots/weights", "snapshots/output_weights")
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
        self._kept: dict[str, Array] = {}
        whole = {name: self._read(partial(self._shape, arrays, name)) for name in arrays}
        #: the columns of the series and how many rows they have; empty before the first save
        self.columns = [
            name.removeprefix("series/") for name in whole if name.startswith("series/") and whole[name]
        ]
        self.rows = len(held.t) if "t" in self.columns else 0
        #: when states were recorded
        self.times: list[float] = held.snapshots.t.tolist() if whole.get("snapshots/t") else []
        told = run.summary if SAVED_SUMMARY in whole else {}
        other = self._contradiction(bool(run.faults)) or self._other_end(told)
        #: a sentence where what can be read of the run cannot all be true; empty if nothing of that is found
        self.contradiction = str(damaged(run.path / TRAJECTORY, other)) if other else ""
        if other:
            self._said.append(self.contradiction)
        self.damaged = _few(list(dict.fromkeys([*run.faults, *self._said])))

    def _shape(self, arrays: Mapping[str, Any], name: str) -> tuple[int, ...]:
        array: Array = arrays[name]
        if name in ("series/t", "series/loss", f"series/{OBJECTIVE}"):
            self._kept[name] = array
        elif self.problem and name in _STATES:
            self._kept[name] = array[_looked_at(len(array), self.problem)]
        return array.shape

    def _contradiction(self, faulty: bool) -> str:
        """With ``faulty`` files, such as a preset edited by hand, it is not known what the loss must be."""
        kept = self._kept
        if self.problem is None or not set(_STATES) <= set(kept):
            return ""
        states = [State(*each) for each in zip(*(kept[name] for name in _STATES), strict=True)]
        series = {name.removeprefix("series/"): kept[name] for name in kept if name.startswith("series/")}
        return _contradiction(self.problem, self.preset, {} if faulty else series, states)

    def _other_end(self, told: Mapping[str, Any]) -> str:
        """What the summary that was saved with the series, ``told``, says of its end and that does not."""
        for name, column in (("time", "series/t"), ("loss", "series/loss")):
            said, found = told.get(name), self._kept.get(column)
            if said is not None and found is not None and said != found[-1]:
                return f"its summary says {name} {said:.10g}, and its series ends with {found[-1]:.10g}"
        return ""

    def _read(self, read: Callable[[], _Found]) -> _Found | None:
        try:
            return read()
        except RunError as error:
            self._said.append(str(error))
            return None


def contradiction(problem: Problem, preset: Preset | None, series: Mapping[str, Array], taken: States) -> str:
    """What of a record cannot be, although each number of it can; empty if nothing is found.

    ``series``: columns (k,) by name. Without a ``preset`` it is not asked whether the loss may grow.
    """
    some = _looked_at(len(taken.t), problem)
    states = [State(float(taken.t[i]), taken.weights[i], taken.output_weights[i]) for i in some]
    return _contradiction(problem, preset, series, states)


def _looked_at(count: int, problem: Problem) -> Array:
    """Which of ``count`` states are looked at: first and last, and as many between them as cost little."""
    most = min(max(_WORK / (problem.samples * problem.weights.size), 2), _LOOKED_AT, count)
    return np.linspace(0, count - 1, int(most)).round().astype(int)


def _contradiction(
    problem: Problem, preset: Preset | None, series: Mapping[str, Array], states: Sequence[State]
) -> str:
    begin = states[0]
    apart = np.abs(begin.weights - problem.weights).max(initial=0.0)
    if begin.t == 0.0 and apart > _SAME * np.abs(problem.weights).max(initial=0.0):
        return f"it begins with other weights than {PROBLEM} holds"
    if not {"t", "loss"} <= set(series):
        return ""
    t, loss = series["t"], series["loss"]
    if t[-1] != states[-1].t:
        return f"its series ends at t = {t[-1]:.6g} and its states at {states[-1].t:.6g}"
    with np.errstate(all="ignore"):
        first = _loss_of(problem, problem.weights, problem.output_weights)[0]
        for state in states:
            i = int(np.searchsorted(t, state.t, side="right")) - 1
            found, rounding = _loss_of(problem, state.weights, state.output_weights)
            share, of_first, _ = _ALIKE
            allowed = share * max(found, loss[i]) + of_first * first + rounding
            if t[i] == state.t and abs(found - loss[i]) > allowed:
                return f"at t = {state.t:.6g} the loss is {found:.6g}, and its series says {loss[i]:.6g}"
        falls = series.get(OBJECTIVE, loss)
        grown = bool(preset and np.max(falls) > _GROWN * (falls[0] + of_first * first))
    if grown and preset and preset.values.get("solver.method", DEFAULT_METHOD) != DESCENT:
        return f"its series says that the loss has grown to {np.max(falls):.6g}"
    return ""


def _loss_of(problem: Problem, weights: Array, outputs: Array) -> tuple[float, float]:
    """The loss of a network, and how far roundings of its outputs may lead from it."""
    misfit = residuals(weights, outputs, problem.inputs, problem.targets, problem.slope)
    summed = np.abs(outputs) @ np.abs(preactivations(weights, problem.inputs))
    rounding = _ALIKE[2] * float(summed.max(initial=0.0))
    return problem.value(misfit), rounding + rounding * rounding


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
