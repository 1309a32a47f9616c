"""Neurons at the origin, or on their way into it for ever: escape routes that no flow from where it is takes.

Where a flow rests, a balanced neuron at w = 0, a = 0 can be moved off it by eps in any direction u and with
either sign s, which changes the loss by -eps^2 s G_r(u) (half-mse), G_r(u) = (1/n) sum_k r_k sigma(<u, x_k>),
r = y - h. As long as any G_r(u) is not zero the rest is a saddle of the loss; but a neuron that is pulled
straight back shrinks as exp(-rate t) and never leaves, so that the flow of this network stays. A neuron that
has a != 0 at w = 0 keeps its sign, and changes the loss by -eps |a| s G_r(u).

A small neuron that is dead, away from the origin, is no such route: small changes leave it dead.
Source: derived.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, activation, row_norms
from reluflow.problem import Problem
from reluflow.theory.resting import moving
from reluflow.theory.small_neurons import Index, final_growth


@dataclass(frozen=True)
class OriginLimits:
    """When a neuron counts as being at the origin."""

    #: share of |a| below which w is its own rounding, and has no direction
    no_direction: float = 1e-9
    #: size of a neuron that is at the origin: with rates like those of its data no time would bring it back
    vanished: float = 1e-150


ORIGIN: Final = OriginLimits()


def at_origin(problem: Problem, state: State, residual: Array) -> Index:
    """Neurons at the origin, or shrinking to it for ever, under ``residual`` y - h (n,) at rest.

    Those with w = 0 and a != 0 are among them if something is left that a neuron of their sign could fit.
    """
    norms, sizes = row_norms(state.weights), np.abs(state.output_weights)
    gone = np.maximum(norms, sizes) <= ORIGIN.vanished
    bare = ~gone & (norms <= ORIGIN.no_direction * sizes)
    for sign in (1.0, -1.0):
        if np.any(bare & (np.sign(state.output_weights) == sign)) and not _rises(problem, sign * residual):
            bare &= np.sign(state.output_weights) != sign
    small = np.setdiff1d(moving(problem, state, residual), np.flatnonzero(gone | bare))
    ends = final_growth(
        state.weights[small], state.output_weights[small], problem.inputs, residual, slope=problem.slope
    )
    found: Index = np.union1d(np.flatnonzero(gone | bare), small[ends.decay > 0.0])
    return found


def _rises(problem: Problem, pull: Array) -> bool:
    """Whether sum_k pull_k sigma(<u, x_k>) is positive for some u among those that show it most easily."""
    tried = np.vstack([problem.inputs, -problem.inputs, np.maximum(pull, 0.0) @ problem.inputs])
    values = activation(tried @ problem.inputs.T, problem.slope) @ pull
    return bool(np.any(values > 0.0))
