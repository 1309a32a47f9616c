"""Frames: immutable snapshots of the state of a live run, for the thread that shows it."""

import math
from dataclasses import dataclass
from pathlib import Path

from reluflow.flow.base import State
from reluflow.observe.history import History
from reluflow.problem import Problem
from reluflow.store.preset import Preset


@dataclass(frozen=True)
class Notice:
    """The outcome of a command that the user waits for. ``number`` tells a new one from an old one.

    ``seconds``: how long it took.
    """

    number: int
    text: str
    failed: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Refusal:
    """A preset of which no run can be made, and why; the run before goes on."""

    preset: Preset
    text: str


@dataclass(frozen=True, eq=False)
class SoughtState:
    """The state of a run at a flow time that was sought, interpolated between recorded states."""

    t: float
    loss: float
    step: int
    state: State


@dataclass(frozen=True)
class Frame:
    """A picture of a run; see ``Training`` for the units.

    ``number`` grows with every frame and ``generation`` with every new run (reset, other parameters).
    ``status``: "building", "halted", "running", or how the run ended. ``t``, ``loss``, ``steps`` and
    ``events`` are those of the solver's newest state. ``history``: what is recorded, None before the problem
    is built. ``error``: why there is no run, in one sentence. ``unsaved``: whether it holds steps that no run
    directory does; ``folder``: the directory that it is written to. ``sought``: where the last search for a
    time led. ``refused``: the newest preset of which no run could be made.
    ``resumable``: whether the run can go on; else it is stored and only its record can be read.
    """

    preset: Preset
    number: int = 0
    generation: int = 0
    status: str = "building"
    reason: str = ""
    method: str = ""
    t: float = 0.0
    loss: float = math.nan
    steps: int = 0
    events: int = 0
    wall_seconds: float = 0.0
    steps_per_second: float = 0.0
    history: History | None = None
    problem: Problem | None = None
    error: str | None = None
    busy: str | None = "building the problem"
    note: Notice | None = None
    unsaved: bool = False
    folder: Path | None = None
    sought: SoughtState | None = None
    resumable: bool = True
    refused: Refusal | None = None

    @property
    def over(self) -> bool:
        """Whether the run has ended by itself."""
        return self.status not in ("building", "halted", "running")
