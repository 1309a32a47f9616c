"""Frames are made here: of a run that is solved, and of a stored one of which only the record is left."""

import math
from dataclasses import replace
from typing import Any

from reluflow.errors import RunError
from reluflow.live.frame import Frame
from reluflow.live.keeping import Keeper
from reluflow.store.preset import Preset
from reluflow.store.run_reader import Run
from reluflow.store.run_remade import with_problem_remade
from reluflow.training.resumption import remains
from reluflow.training.training import Training


def picture_of(frame: Frame, training: Training, keeper: Keeper, rate: float) -> Frame:
    """A frame with the present state of a run, which is solved at ``rate`` steps a second."""
    solver = training.solver
    history = replace(training.recorder.history, events=training.events)
    for column in history.series.values():
        column.setflags(write=False)
    return replace(
        frame,
        status=training.status,
        reason=training.reason,
        method=training.method,
        t=solver.t,
        loss=solver.loss,
        steps=solver.steps,
        events=solver.events,
        wall_seconds=training.wall_seconds,
        steps_per_second=rate,
        history=history,
        problem=training.problem,
        unsaved=not keeper.is_kept(training),
        folder=keeper.folder,
    )


def remains_of(run: Run, preset: Preset, reason: str) -> Frame | None:
    """A frame of what a run recorded, None if it cannot be read; ``reason``: why the run is at its end.

    Where its problem.npz cannot be read its preset may give the same.
    """
    try:
        problem = run.problem
    except RunError:
        remade = with_problem_remade(run)
        if remade is None:
            return None
        run, problem = remade, remade.problem
    history = remains(run)
    if history is None:
        return None

    def number(name: str, otherwise: float = math.nan) -> Any:
        value = run.summary.get(name)
        return value if isinstance(value, int | float) else otherwise

    return Frame(
        preset,
        # it is over, whatever it was when it was written
        status="interrupted" if run.unfinished else run.status,
        reason=f"only the record is there; {reason}",
        method=str(run.summary.get("method") or preset.values.get("solver.method", "")),
        t=history.end,
        loss=float(history.series["loss"][-1]),
        steps=history.step_at(history.end),
        # of what the log holds not every entry is a change of activation
        events=int(number("events", history.events.changes)),
        wall_seconds=number("wall_seconds"),
        history=history,
        problem=problem,
        busy=None,
        resumable=False,
    )
