"""Variants of a preset, which differ from it in the solver, the seed or the scale."""

import contextlib
from typing import Final

import numpy as np

from reluflow.errors import PresetError
from reluflow.flow import DESCENT, METHODS
from reluflow.problem import Problem
from reluflow.store.preset import Preset

#: The methods that a comparison goes through: all that follow the flow. Descent has a key of its own.
METHODS_BESIDE: Final = tuple(name for name in METHODS if name != DESCENT)
#: Descent is given so small a share of the largest rate at which it could be stable.
_SAFETY: Final = 0.05


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


def descent_preset(preset: Preset, problem: Problem) -> Preset:
    """The preset with plain descent, its learning rate that of the preset, or else a sensible one."""
    rate = preset.explicit.get("solver.learning_rate") or sensible_rate(problem)
    return preset.with_values({"solver.method": DESCENT, "solver.learning_rate": rate})


def sensible_rate(problem: Problem) -> float:
    """A learning rate well below 2 / (largest curvature), rounded down to one digit.

    Near the end of a training the curvature is about c |X|^2 / n times the network's mass, with c = 2 for
    the half-mse loss (both layers) and 4 for mse, and the mass is taken to be at most max(1, |y|).
    """
    scale = 2.0 * problem.speed / problem.samples
    curvature = scale * float(np.linalg.norm(problem.inputs, 2)) ** 2
    curvature *= max(1.0, float(np.max(np.abs(problem.targets), initial=0.0)))
    return float(f"{2.0 * _SAFETY / max(curvature, 1e-12):.0e}")
