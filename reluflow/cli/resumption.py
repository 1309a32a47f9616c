"""``run --resume``: which run is gone on with, and what there is to say of one that is over."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reluflow.cli.output import remark, say
from reluflow.errors import ExitCode, RunError

if TYPE_CHECKING:
    from reluflow.store.preset import Preset
    from reluflow.store.run_directory import Run, RunWriter
    from reluflow.training.training import Training


def taken_up(preset: "Preset", out: Path | None) -> "tuple[Run, Preset]":
    """The run to go on with, and the preset under which it does; what is damaged of it is said."""
    from reluflow.cli.target import run_to_go_on_with
    from reluflow.store.run_directory import numbered_runs

    if out is None:
        runs = numbered_runs(preset.name)
        if not runs:
            raise RunError(f"there is no run runs/{preset.name}-<n> to resume; expected one, or --out DIR")
        out = runs[-1]
    stored = run_to_go_on_with(out)
    return stored, stored.continued(preset)


def is_over(stored: "Run", continued: "Preset") -> bool:
    """Whether the run ended by a rule that still stands."""
    stops = [
        {id: value for id, value in each.values.items() if id.startswith("stop.")}
        for each in (stored.preset, continued)
    ]
    return not stored.unfinished and stops[0] == stops[1]


def going_on(stored: "Run", continued: "Preset") -> "tuple[Training, Callable[[], RunWriter]]":
    """The training, and what takes up its directory. RunError if it stands beyond where it is to stop now."""
    from reluflow.store.run_directory import RunWriter
    from reluflow.training.resumption import passed_rule, resumed

    training = resumed(stored, continued)
    passed = passed_rule(stored, training)
    if passed:
        raise RunError(f"{stored.path} cannot be resumed: {passed}; expected a larger value")
    return training, lambda: RunWriter.reopen(stored, continued)


def left_as_it_is(stored: "Run") -> ExitCode:
    """Say that a run is over, and what of it is damaged; what the command ends with."""
    from reluflow.store.run_check import Intact

    damaged = Intact(stored).damaged
    for each in damaged[len(stored.faults) :]:  # those were said when it was opened
        remark(each)
    if not damaged:  # else the sums would be made anew of what is damaged
        _tidy(stored)
    over = f"reluflow: {stored.path} is over ({stored.status}); nothing was computed"
    if damaged:
        say(over)
        return ExitCode.USAGE
    say(f"{over}, and relaxing the stop rule that ended it would let it go on")
    return ExitCode.DONE if stored.summary.get("reached_goal") else ExitCode.FAILED


def _tidy(stored: "Run") -> None:
    """Delete what a process that was killed left in the directory, where that is possible."""
    from reluflow.store.run_directory import RunWriter

    with suppress(RunError):
        RunWriter.reopen(stored, stored.preset).close()
