"""``run --from RUN --at TIME --nudge CHANGE``: a run that begins with the network of another one."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reluflow.cli.target import opened_run
from reluflow.errors import PresetError, ProblemError

if TYPE_CHECKING:
    from reluflow.cli.overrides import Request
    from reluflow.store.preset import Preset
    from reluflow.store.run_directory import Run

#: What may be another way in the new run: how it is solved, when it ends, what is kept.
FREE: Final = ("solver", "stop", "record")


def begun(
    request: "Request", source: Path, at: str | None, nudges: Sequence[str], while_read: ExitStack
) -> "Preset":
    """The preset that begins with the network of a run directory at a flow time (None: its end), changed.

    Its files are there until ``while_read`` is closed. Raises PresetError, ProblemError or RunError in one
    sentence.
    """
    from reluflow.live.branching import branch
    from reluflow.store.files import temporary_folder
    from reluflow.theory.nudges import Nudge, nudged
    from reluflow.training.reaching import reached

    overrides = request.overrides()
    for id in overrides:
        if id.partition(".")[0] not in FREE:
            raise PresetError(
                f"--set {id}: it cannot be changed where --from gives data and network; expected a key of "
                f"{', '.join(FREE)}"
            )
    try:
        changes = [Nudge.read(text) for text in nudges]
        run = opened_run(source)
        state = nudged(run.problem, reached(run, _time(run, at)), changes)
    except ProblemError as error:
        raise PresetError(f"--nudge {error}" if nudges else str(error)) from None
    folder = while_read.enter_context(temporary_folder())
    return branch(run.preset, state, changes, folder).with_values(overrides)


def _time(run: "Run", at: str | None) -> float:
    last = float(run.snapshots.t[-1])
    if at is None or at == "end":
        return last
    try:
        time = float(at)
    except ValueError:
        time = math.nan
    if not 0.0 <= time <= last:
        raise PresetError(
            f"--at {at}: expected 'end', or a flow time from 0 to {last:.6g} where {run.path} ends"
        )
    return time
