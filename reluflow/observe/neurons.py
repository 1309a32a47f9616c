"""Neurons one by one: sign, size, direction, and the samples on which they are active."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import ON_A_KINK, Array, preactivations, row_norms
from reluflow.problem import Problem


@dataclass(frozen=True)
class NeuronTable:
    """One row a neuron.

    ``sign`` (m,) of a_j, ``log10_norm`` (m,) of |w_j| (-inf for a zero neuron), ``angle`` (m,) in degrees,
    ``angle_meaning``: what the angle is measured from, ``active`` (m, n): whether <w_j, x_k> > 0 by more
    than rounding, so that a neuron that rests or slides on a kink does not flicker. With a slope below zero
    the other samples count as well, by that slope.
    """

    sign: npt.NDArray[np.int8]
    log10_norm: Array
    angle: Array
    angle_meaning: str
    active: npt.NDArray[np.bool_]


def describe(state: State, problem: Problem) -> NeuronTable:
    """The table of a state.

    With two input coordinates the angle is the direction's own, atan2(w_2, w_1). With more it is the
    angle to (1/n) sum over s_j y_k > 0 of |y_k| x_k, the direction in which early alignment pulls a
    neuron of sign s_j that sees every such sample (Boursier et al. 2022, section 3).
    """
    norms = row_norms(state.weights)
    sign = np.sign(state.output_weights).astype(np.int8)
    with np.errstate(divide="ignore"):
        log10_norm = np.log10(norms)
    if problem.dimension == 2:
        angle = np.degrees(np.arctan2(state.weights[:, 1], state.weights[:, 0]))
        meaning = "of the direction"
    else:
        angle = _angle_to_pull(state.weights, norms, sign, problem)
        meaning = "to D+ or D-"
    reach = np.outer(norms, row_norms(problem.inputs))
    active = preactivations(state.weights, problem.inputs) > ON_A_KINK * reach
    return NeuronTable(sign, log10_norm, angle, meaning, active)


def unit_rows(rows: Array) -> Array:
    """Rows divided by their norms; zero rows stay zero."""
    norms = row_norms(rows)
    return rows / np.where(norms > 0.0, norms, 1.0)[:, None]


def _angle_to_pull(weights: Array, norms: Array, sign: npt.NDArray[np.int8], problem: Problem) -> Array:
    pulls = np.stack([np.maximum(problem.targets, 0.0), np.maximum(-problem.targets, 0.0)]) @ problem.inputs
    towards = unit_rows(pulls)[np.where(sign >= 0, 0, 1)]
    # 2 asin(|u - v| / 2) keeps small angles that arccos loses
    chord = row_norms(unit_rows(weights) - towards)
    angle: Array = np.degrees(2.0 * np.arcsin(np.clip(0.5 * chord, 0.0, 1.0)))
    known = (norms > 0.0) & (row_norms(towards) > 0.0)
    return np.where(known, angle, np.nan)
