"""What is recorded of a run, in a run directory or in memory, as figures and predictions read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from reluflow.flow.events import Events
from reluflow.network import Array
from reluflow.observe.history import History
from reluflow.observe.measured import States
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.store.preset import Preset

if TYPE_CHECKING:
    from reluflow.data.datasets import Data


class Curve(Protocol):
    """The series of a run and the preset that made it; ``path`` is its directory, or a name in its place."""

    @property
    def path(self) -> Path: ...

    @property
    def preset(self) -> Preset: ...

    @property
    def series(self) -> Mapping[str, Array]: ...

    def __hash__(self) -> int: ...


class RunRecord(Curve, Protocol):
    """All that is recorded of a run; a ``Run`` is one."""

    @property
    def problem(self) -> Problem: ...

    @property
    def data(self) -> "Data": ...

    @property
    def status(self) -> str: ...

    @property
    def snapshots(self) -> States: ...

    @property
    def events(self) -> Events: ...


@dataclass(frozen=True, eq=False)
class CurveInMemory:
    """A curve that no directory holds, under the name ``path``."""

    path: Path
    preset: Preset
    series: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class RunInMemory:
    """A run that no directory holds, under the name ``path``; its ``history`` does not change."""

    path: Path
    preset: Preset
    problem: Problem
    history: History
    status: str

    @property
    def data(self) -> "Data":
        """The data set, with its teacher."""
        return self.preset.data()

    @property
    def series(self) -> Mapping[str, Array]:
        """Columns (k,) by name."""
        return self.history.series

    @property
    def events(self) -> Events:
        """Every change of activation, in the order of time."""
        return self.history.events

    @cached_property
    def snapshots(self) -> Snapshots:
        """The recorded states, copied into one stack."""
        states = self.history.states
        return Snapshots(
            np.array(self.history.times),
            np.stack([state.weights for state in states]),
            np.stack([state.output_weights for state in states]),
        )
