"""A picture of a stored run that cannot be gone on with: what it recorded can still be gone through."""

import math
from typing import Any

from reluflow.errors import RunError
from reluflow.frame import Frame
from reluflow.resumption import remains
from reluflow.store.preset import Preset
from reluflow.store.run_reader import Run


def remains_of(run: Run, preset: Preset, reason: str) -> Frame | None:
    """The picture, None if nothing that was recorded can be read; ``reason``: why the run is at its end."""
    try:
        history, problem = remains(run), run.problem
    except RunError:
        return None
    if history is None:
        return None

    def number(name: str) -> Any:
        value = run.summary.get(name)
        return value if isinstance(value, int | float) else math.nan

    return Frame(
        preset,
        # it is over, whatever it was when it was written
        status="interrupted" if run.unfinished else run.status,
        reason=reason,
        method=str(run.summary.get("method") or preset.values.get("solver.method", "")),
        t=history.end,
        loss=history.loss_at(history.end),
        steps=history.step_at(history.end),
        events=len(history.events),
        wall_seconds=number("wall_seconds"),
        history=history,
        problem=problem,
        busy=None,
    )
