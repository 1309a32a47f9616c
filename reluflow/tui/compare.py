"""Runs kept for comparison: their curves, and in words what is different about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.frame import Frame
from reluflow.network import LOSS_FACTOR, Array
from reluflow.plot.axes import short
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.training import Training
from reluflow.tui.widgets.text import text_of

#: More curves than this cannot be told apart.
MOST: Final = 6
#: Seconds of solving that a curve from the last session may take.
AGAIN_SECONDS: Final = 20.0
#: Descent is given so small a share of the largest rate at which it could be stable.
_SAFETY: Final = 0.05


@dataclass(frozen=True)
class FrozenRun:
    """A run as it was when it was frozen.

    ``method``: the solver that made it. ``series``: its columns (k,).
    """

    preset: Preset
    method: str
    series: Mapping[str, Array]

    @classmethod
    def of(cls, frame: Frame) -> "FrozenRun | None":
        """The run of a frame, None if nothing is recorded of it."""
        if frame.history is None:
            return None
        return cls(frame.preset, frame.method, frame.history.series)

    def label(self, present: Frame) -> str:
        """What is different about it: its own values of the keys in which the two runs differ."""
        own, other = self.preset.values, present.preset.values
        if self.preset.name != present.preset.name:
            return self.preset.name
        keys = [key for key in own if own[key] != other.get(key) and key != "solver.method"]
        words = [f"{key.split('.')[-1]} {_text(own[key])}" for key in keys]
        if self.method != present.method:
            words.insert(0, self.method)
        return ", ".join(words) or "the same"


def solved(preset: Preset, halted: Callable[[], bool]) -> "FrozenRun | str":
    """The run of a preset, solved here and now for a while at most, or a sentence on why there is none."""
    try:
        training = Training.from_preset(preset)
    except (ReluflowError, OSError, MemoryError, ArithmeticError, ValueError) as error:
        return f"the curve of {preset.name} cannot be solved anew: {error}"
    training.advance(AGAIN_SECONDS, halted)
    return FrozenRun(preset, training.method, training.recorder.history.series)


def _text(value: Any) -> str:
    return short(value) if isinstance(value, float) else text_of(value)


def descent_preset(preset: Preset, problem: Problem) -> Preset:
    """The preset with plain descent, its learning rate that of the preset, or else a sensible one."""
    rate = preset.explicit.get("solver.learning_rate") or sensible_rate(problem)
    return preset.with_values({"solver.method": "gd", "solver.learning_rate": rate})


def sensible_rate(problem: Problem) -> float:
    """A learning rate well below 2 / (largest curvature), rounded down to one digit.

    Near the end of a training the curvature is about c |X|^2 / n times the network's mass, with c = 2 for
    the half-mse loss (both layers) and 4 for mse, and the mass is taken to be at most max(1, |y|).
    """
    scale = LOSS_FACTOR[problem.loss] * 4.0 / problem.samples
    curvature = scale * float(np.linalg.norm(problem.inputs, 2)) ** 2
    curvature *= max(1.0, float(np.max(np.abs(problem.targets), initial=0.0)))
    return float(f"{2.0 * _SAFETY / max(curvature, 1e-12):.0e}")
