"""What the thread that shows a run may tell the thread that computes it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, ClassVar

from reluflow.flow.base import State
from reluflow.live.frame import Frame, Notice
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run

if TYPE_CHECKING:
    from reluflow.theory.nudges import Nudge


@dataclass(frozen=True, eq=False)
class Command:
    """Something to be done by the worker, after all that was told before.

    ``supersedes``: whether the step that is being computed is of no use once this was told.
    """

    supersedes: ClassVar[bool] = False


@dataclass(frozen=True, eq=False)
class Build(Command):
    """Build the run of the preset, or take up the stored one."""


@dataclass(frozen=True, eq=False)
class Rebuild(Command):
    """Build the run from its start, whatever was stored."""

    supersedes = True


@dataclass(frozen=True, eq=False)
class Change(Command):
    """Build the run of another preset, if ``number`` is still that of the newest change.

    ``stored``: a run of that preset to go on with. ``running``: whether the run before goes on if this one
    cannot be built.
    """

    supersedes = True
    preset: Preset
    stored: Run | None
    number: int
    running: bool


@dataclass(frozen=True, eq=False)
class Branch(Command):
    """Build the run that begins in ``frame`` at the last state recorded at or before flow time ``t``.

    ``nudges``: changes that are made to that state first. Only if ``number`` is still that of the newest
    change.
    """

    frame: Frame
    t: float
    number: int
    nudges: "Sequence[Nudge]" = ()


@dataclass(frozen=True, eq=False)
class Seek(Command):
    """Solve up to a flow time, and halt there if ``halts``."""

    t: float
    halts: bool


@dataclass(frozen=True, eq=False)
class StopSeeking(Command):
    """Nobody waits for a flow time any more."""


@dataclass(frozen=True, eq=False)
class TakeStep(Command):
    """Take one step of the solver."""


@dataclass(frozen=True, eq=False)
class Publish(Command):
    """Make the present state of the run the newest frame."""


@dataclass(frozen=True, eq=False)
class SaveRun(Command):
    """Write the run so far to ``folder``, None where it is written already or to a new directory."""

    folder: Path | None


@dataclass(frozen=True, eq=False)
class SavePreset(Command):
    """Save the parameters as a preset, with ``state`` as its start if given.

    ``texts``: its title, source and notes, as far as they are others than those of the preset that is run.
    """

    name: str
    state: State | None
    overwrite: bool
    texts: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Keep(Command):
    """Write what no directory holds, to stay there.

    ``outcome`` gets how that went, None if there was nothing to write.
    """

    supersedes = True
    outcome: SimpleQueue[Notice | None]


@dataclass(frozen=True, eq=False)
class Mark(Command):
    """Set an event: all that was told before is done."""

    done: threading.Event


@dataclass(frozen=True, eq=False)
class Leave(Command):
    """End the thread."""

    supersedes = True


#: Every command that there is: the worker has a rule for each.
AnyCommand = (
    Build
    | Rebuild
    | Change
    | Branch
    | Seek
    | StopSeeking
    | TakeStep
    | Publish
    | SaveRun
    | SavePreset
    | Keep
    | Mark
    | Leave
)
