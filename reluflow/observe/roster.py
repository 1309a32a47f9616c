"""All neurons of a state, to be sorted, chosen from and grouped; every column is computed when asked for."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import Array, residuals, row_norms
from reluflow.observe.clusters import Clusters, find_clusters
from reluflow.observe.neurons import NeuronTable, describe
from reluflow.observe.reference import Reference
from reluflow.problem import Problem

Numbers = npt.NDArray[np.intp]
Column = Literal["#", "sign", "norm", "angle", "growth", "state", "group"]
COLUMNS: Final[tuple[Column, ...]] = ("#", "norm", "growth", "angle", "state", "sign", "group")
#: Columns that are sorted from the largest value down unless reversed.
_DOWN: Final = ("norm", "growth", "sign")


@dataclass(frozen=True)
class Sorting:
    """By which column neurons are sorted; ``reverse``: against its natural order."""

    column: Column = "#"
    reverse: bool = False

    def next(self) -> "Sorting":
        """The next of the columns, in its natural order."""
        return Sorting(COLUMNS[(COLUMNS.index(self.column) + 1) % len(COLUMNS)])

    @property
    def descending(self) -> bool:
        return (self.column in _DOWN) != self.reverse


class Roster:
    """The neurons of one state of a problem. Costs nothing until a column of all neurons is asked for."""

    def __init__(self, state: State, problem: Problem, reference: Reference | None = None) -> None:
        """``reference``: what angles are measured from."""
        self.state, self.problem = state, problem
        self._reference = reference or Reference()

    @property
    def width(self) -> int:
        """m"""
        return int(self.state.output_weights.size)

    @property
    def work(self) -> float:
        """Multiplications that a column of all neurons takes, about."""
        return float(self.state.weights.size) * self.problem.samples

    @cached_property
    def residual(self) -> Array:
        """r (n,)"""
        problem, state = self.problem, self.state
        return residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)

    @cached_property
    def table(self) -> NeuronTable:
        """All neurons, with their growth."""
        table = describe(self.state, self.problem, self.residual)
        return self._reference.applied(table, self.state.weights, self.state, self.problem)

    @cached_property
    def clusters(self) -> Clusters:
        return find_clusters(self.state)

    def some(self, numbers: Numbers, growth: bool = True) -> NeuronTable:
        """A few neurons by their numbers (k,)."""
        state = self.state
        part = State(state.t, state.weights[numbers], state.output_weights[numbers])
        table = describe(part, self.problem, self.residual if growth else None)
        return self._reference.applied(table, part.weights, state, self.problem)

    def column(self, name: Column) -> Array:
        """A column to sort or choose by (m,); the norm is |w_j|, the angle is in degrees."""
        state = self.state
        if name == "#":
            return np.arange(float(self.width))
        if name == "norm":
            return row_norms(state.weights)
        if name == "sign":
            return np.sign(state.output_weights)
        if name == "group":
            return self.clusters.of.astype(np.float64)
        if name == "state":
            return self.table.condition.astype(np.float64)
        return self.table.growth if name == "growth" else self.table.angle

    def order(self, sorting: Sorting, chosen: npt.NDArray[np.bool_] | None, grouped: bool) -> Numbers:
        """Numbers of the neurons to list (k,), sorted; ``chosen`` (m,) leaves some out.

        ``grouped``: of each cluster only the heaviest that is chosen. What has no value comes last.
        """
        numbers = np.arange(self.width)
        if chosen is not None:
            numbers = numbers[chosen]
        if grouped:
            numbers = self._one_of_each(numbers)
        if sorting.column == "#":
            return numbers[::-1] if sorting.reverse else numbers
        keys = self.column(sorting.column)[numbers]
        unknown = np.isnan(keys) if sorting.column != "group" else keys < 0.0
        keys = np.where(unknown, np.inf, -keys if sorting.descending else keys)
        return numbers[np.argsort(keys, kind="stable")]

    def _one_of_each(self, numbers: Numbers) -> Numbers:
        """The heaviest of every cluster among some neurons, and those of no cluster."""
        of, state = self.clusters.of[numbers], self.state
        mass = np.abs(state.output_weights[numbers]) * row_norms(state.weights[numbers])
        heaviest = np.argsort(-mass, kind="stable")
        heaviest = heaviest[of[heaviest] >= 0]
        _, first = np.unique(of[heaviest], return_index=True)
        kept = np.concatenate([heaviest[first], np.flatnonzero(of < 0)])
        return np.sort(numbers[kept])
