"""Seeing that a solver gets nowhere, and why."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import preactivations, residuals, row_norms, shares
from reluflow.problem import Problem

#: So many steps in which flow time grows by less than a share of itself are no headway. A method held up by
#: stiffness alone is faster than NONE (on the shipped presets by 40 times or more); where neurons are held on
#: kinks, about which a method swings ever more often, less than LITTLE will not get better.
STEPS: Final = 1000
NONE, LITTLE = 5e-4, 1e-2
#: |<w_j, x_k>| below these shares of |w_j| |x_k| is on a kink, or as near as a method that swings about it
ON, NEAR = 1e-6, 1e-3


class Headway:
    """Watches flow time pass, from mark to mark, each so many steps after the one before."""

    def __init__(self) -> None:
        self._steps, self._t = 0, 0.0

    def gained(self, steps: int, t: float) -> float:
        """By what share of itself flow time has grown since the last mark; infinity between two marks.

        To be told of every step.
        """
        if steps - self._steps < STEPS:
            return np.inf
        since, self._steps, self._t = self._t, steps, t
        return (t - since) / t

    def pack(self) -> dict[str, Any]:
        """Plain arrays for ``unpack``."""
        return {"mark_steps": self._steps, "mark_t": self._t}

    def unpack(self, saved: Mapping[str, Any]) -> None:
        """Go on from what ``pack`` gave."""
        self._steps, self._t = int(saved["mark_steps"]), float(saved["mark_t"])


def lost(gained: float, state: State, problem: Problem) -> str | None:
    """How little was ``gained``, and why, in words; None if it was enough."""
    if gained >= LITTLE or (gained >= NONE and not held_neurons(state, problem)):
        return None
    return (
        f"makes no headway: at t = {state.t:.6g} its last {STEPS} steps gained {gained:.1e} of that; "
        f"{cause(state, problem)}"
    )


def cause(state: State, problem: Problem) -> str:
    """What holds up a method that does not locate kinks, and what to do about it."""
    held = held_neurons(state, problem)
    if held:
        who = "one neuron is" if held == 1 else f"{held} neurons are"
        return (
            f"{who} held on kinks of the activation, where the right-hand side jumps; method lorentz locates "
            "kinks and slides along them"
        )
    return "stiffness, or kinks of the activation, hold up its steps; method lorentz is made for both"


def held_neurons(state: State, problem: Problem) -> int:
    """How many neurons are on a kink, or near one to which they are driven back from either side.

    With the sample off, z_jk moves at v_off = a_j <x_k, D_j>, with it on at v_on = v_off - a_j (2c/n)
    (1 - slope) r_k |x_k|^2: the neuron is driven back where v_off >= 0 > v_on (Filippov).
    """
    inputs, slope = problem.inputs, problem.slope
    residual = residuals(state.weights, state.output_weights, inputs, problem.targets, slope)
    pull = (-problem.speed / problem.samples) * problem.force(residual)
    lengths = row_norms(inputs)
    z = preactivations(state.weights, inputs)
    reach = np.outer(row_norms(state.weights), lengths)
    active = z > 0.0
    outputs = state.output_weights[:, None]
    now = outputs * ((shares(active, slope) * pull) @ inputs @ inputs.T)
    step = outputs * ((1.0 - slope) * pull * lengths**2)
    driven = (now - active * step >= 0.0) & (now + ~active * step < 0.0)
    held = (reach > 0.0) & ((np.abs(z) < ON * reach) | (driven & (np.abs(z) < NEAR * reach)))
    return int(np.count_nonzero(held.any(axis=1)))
