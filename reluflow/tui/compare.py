"""Runs kept for comparison: their curves, and in words what is different about them."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from reluflow.errors import PresetError, ReluflowError
from reluflow.flow import DESCENT, METHODS
from reluflow.live.frame import Frame
from reluflow.network import LOSS_FACTOR, Array
from reluflow.plot.axes import short
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.training.training import Training
from reluflow.tui.widgets.text import text_of

#: what the curves behind are called
LETTERS: Final = "abcdefghij"
#: More curves than this cannot be told apart.
MOST: Final = 6
#: The methods that a comparison goes through: all that follow the flow. Descent has a key of its own.
METHODS_BESIDE: Final = tuple(name for name in METHODS if name != DESCENT)
#: Seconds of solving that a curve from the last session may take.
AGAIN_SECONDS: Final = 20.0
#: Descent is given so small a share of the largest rate at which it could be stable.
_SAFETY: Final = 0.05


@dataclass(frozen=True)
class Origin:
    """Where a run began: at a flow time of the run that the preset ``name`` makes."""

    name: str
    t: float = 0.0


@dataclass(frozen=True, eq=False)
class FrozenRun:
    """A run as it was when it was frozen; no two are the same, whatever they hold.

    ``method``: the solver that made it. ``series``: its columns (k,). ``origin``: where a
    branch began.
    """

    preset: Preset
    method: str
    series: Mapping[str, Array]
    origin: Origin | None = None

    @classmethod
    def of(cls, frame: Frame, origin: Origin | None = None) -> "FrozenRun | None":
        """The run of a frame, None if nothing is recorded of it."""
        if frame.history is None:
            return None
        return cls(frame.preset, frame.method, frame.history.series, origin)

    @property
    def comes_from(self) -> Origin:
        """Where it began; a run that is no branch at time 0 of itself."""
        return self.origin or Origin(self.preset.name)

    def is_same_run(self, other: "FrozenRun") -> bool:
        """Whether both come from the same preset and solver, so that one is a part of the other."""
        return (self.preset.name, self.preset.values, self.method) == (
            other.preset.name,
            other.preset.values,
            other.method,
        )

    def label(self, present: Frame) -> str:
        """What is different about it: its own values of the keys in which the two runs differ."""
        if self.preset.name != present.preset.name:
            return self.preset.name
        words = _differences(self.preset, present.preset)
        if self.method != present.method:
            words.insert(0, self.method)
        return ", ".join(words) or "the same"


def solved(preset: Preset, halted: Callable[[], bool]) -> "FrozenRun | str":
    """The run of a preset, solved here and now for a while at most, or a sentence on why there is none."""
    try:
        training = Training.from_preset(preset)
    except (ReluflowError, OSError, MemoryError, ArithmeticError, ValueError) as error:
        return f"the curve of {preset.name} cannot be solved anew: {error}"
    training.advance(AGAIN_SECONDS, halted, abandoned=halted)
    return FrozenRun(preset, training.method, training.recorder.history.series)


def _differences(preset: Preset, other: Preset) -> list[str]:
    """The preset's values of the keys, but for the method, in which it differs from another."""
    own, others = preset.values, other.values
    keys = [key for key in own if own[key] != others.get(key) and key != "solver.method"]
    return [f"{key.split('.')[-1]} {_text(own[key])}" for key in keys]


def what_differs(preset: Preset, other: Preset) -> str:
    """What is different about a preset, the method first."""
    method = preset.values.get("solver.method")
    changed = method is not None and method != other.values.get("solver.method")
    words = [f"method {method}", *_differences(preset, other)] if changed else _differences(preset, other)
    return ", ".join(words) or "the same"


def other_method(preset: Preset, present: str) -> Preset:
    """The same problem by the next of the methods that can solve it and follow the flow.

    Raises PresetError if there is no other one.
    """
    place = METHODS_BESIDE.index(present) if present in METHODS_BESIDE else -1
    for step in range(1, len(METHODS_BESIDE)):
        method = METHODS_BESIDE[(place + step) % len(METHODS_BESIDE)]
        with contextlib.suppress(PresetError):
            return preset.with_values({"solver.method": method})
    raise PresetError(f"{preset.name}: there is no other method for this problem than {present}")


def other_seed(preset: Preset) -> Preset:
    """The same with the next seed of the initial weights; PresetError where they are read from a file."""
    if "init.seed" not in preset.values:
        raise PresetError(f"{preset.name}: its weights are not drawn at random; expected init.seed")
    return preset.with_values({"init.seed": preset.values["init.seed"] + 1})


def other_scale(preset: Preset, by: int) -> Preset:
    """The same from weights ten times larger (``by`` 1) or smaller (-1); PresetError where they are read."""
    if "init.scale" not in preset.values:
        raise PresetError(f"{preset.name}: its weights are read from a file; expected init.scale")
    return preset.with_values({"init.scale": float(f"{preset.values['init.scale'] * 10.0**by:.12g}")})


def _text(value: Any) -> str:
    return short(value) if isinstance(value, float) else text_of(value)


def descent_preset(preset: Preset, problem: Problem) -> Preset:
    """The preset with plain descent, its learning rate that of the preset, or else a sensible one."""
    rate = preset.explicit.get("solver.learning_rate") or sensible_rate(problem)
    return preset.with_values({"solver.method": DESCENT, "solver.learning_rate": rate})


def sensible_rate(problem: Problem) -> float:
    """A learning rate well below 2 / (largest curvature), rounded down to one digit.

    Near the end of a training the curvature is about c |X|^2 / n times the network's mass, with c = 2 for
    the half-mse loss (both layers) and 4 for mse, and the mass is taken to be at most max(1, |y|).
    """
    scale = LOSS_FACTOR[problem.loss] * 4.0 / problem.samples
    curvature = scale * float(np.linalg.norm(problem.inputs, 2)) ** 2
    curvature *= max(1.0, float(np.max(np.abs(problem.targets), initial=0.0)))
    return float(f"{2.0 * _SAFETY / max(curvature, 1e-12):.0e}")
