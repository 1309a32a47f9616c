"""Every column that the code of Chistikov, Englert, Lazic 2023 (arXiv 2306.06479) logs, for one state.

To them come the distances from the start of Kunin et al. 2024 (arXiv 2406.06158); see ``departure``.

Their two groups of neurons are fixed by the start: output weight positive or negative, and some sample seen.
With u_j = w_j / |w_j| and the flow of the stated loss, lengths change at d|w_j|/dt, directions at |du_j/dt|.
Losses are of the stated loss, as theirs are for "mse". Angles are in degrees, from chords: theirs, from
arccos, have a floor near 1e-6.
"""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.flow.margins import margins_of
from reluflow.network import Array, preactivations, residuals, row_norms
from reluflow.observe.departure import departure
from reluflow.observe.kinks import kink_shares
from reluflow.observe.neurons import unit_rows
from reluflow.observe.quantities import (
    angle,
    live,
    loss_at,
    nuclear_norm,
    parameter_norm_squared,
    spread,
)
from reluflow.problem import Problem

Mask = npt.NDArray[np.bool_]


def groups(problem: Problem) -> dict[str, Mask]:
    """The neurons (m,) of the two groups, "plus" and "minus"."""
    start = State(0.0, problem.weights, problem.output_weights)
    return {name: live(start, problem, sign) for name, sign in (("plus", 1), ("minus", -1))}


@np.errstate(over="ignore", invalid="ignore")
def published_columns(
    state: State,
    problem: Problem,
    teacher: Array | None = None,
    points: Mapping[str, tuple[Array, Array]] | None = None,
) -> dict[str, float]:
    """All columns by name. NaN where a group is empty.

    ``teacher`` (d,): the (first) neuron that made the targets, without which its columns are missing;
    ``points``: sets of points (k, d) and targets (k,), whose losses are the columns "<name>_loss".

    ``left_<k>``: coordinate k of teacher - v, v the sum of a_j w_j over the plus group, along eigenvectors of
    X'X in decreasing order of eigenvalue, each turned so that the teacher's coordinate is positive.
    """
    residual = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    found: dict[str, float] = {"t": state.t, "loss": problem.value(residual)}
    length_rate, turn_rate = _motion(state, problem, -problem.force(residual))
    both = groups(problem)
    for name, members in both.items():
        found |= _range(f"length_rate_{name}", length_rate[members])
        found |= _range(f"turn_rate_{name}", turn_rate[members])
        widest, mean = spread(state.weights[members])
        found |= {f"angle_mean_{name}": mean, f"angle_max_{name}": widest}
    plus = both["plus"]
    bundle: Array = state.output_weights[plus] @ state.weights[plus]
    found["combined_norm"] = float(np.linalg.norm(bundle))
    found["angle_to_gamma"] = angle(bundle, problem.targets @ problem.inputs)
    if teacher is not None:
        found["distance_to_teacher"] = float(np.linalg.norm(teacher - bundle))
        found["angle_to_teacher"] = angle(bundle, teacher)
    found["parameter_norm_squared"] = parameter_norm_squared(state)
    found["nuclear_norm"] = nuclear_norm(state.weights)
    found |= departure(state, problem)
    if problem.of_labels:
        found |= asdict(margins_of(problem, state))
    found["nonzero_predictions"] = int(np.count_nonzero(residual + problem.targets))
    seen = preactivations(state.weights[plus], problem.inputs) > 0.0
    found["samples_seen_plus"] = float(np.sum(seen)) / len(seen) if len(seen) else np.nan
    for name, (inputs, targets) in (points or {}).items():
        found[f"{name}_loss"] = loss_at(state, inputs, targets, problem.loss, problem.slope)
    if teacher is not None:
        left = eigen_coordinates(problem.inputs, teacher) @ (teacher - bundle)
        found |= {f"left_{k + 1}": float(value) for k, value in enumerate(left)}
    return found


def _motion(state: State, problem: Problem, residual: Array) -> tuple[Array, Array]:
    """d|w_j|/dt and |du_j/dt| (m,) under ``residual`` (n,), minus the forces; 0 where w_j = 0."""
    seen = kink_shares(state.weights, state.output_weights, problem.inputs, residual, problem.slope)
    pull = (seen * residual) @ problem.inputs * (problem.speed / problem.samples)
    velocity = state.output_weights[:, None] * pull
    unit, norms = unit_rows(state.weights), row_norms(state.weights)
    along = np.einsum("jd,jd->j", velocity, unit)
    across = row_norms(velocity - along[:, None] * unit)
    return along, np.where(norms > 0.0, across / np.where(norms > 0.0, norms, 1.0), 0.0)


def _range(name: str, values: Array) -> dict[str, float]:
    if not values.size:
        return {f"{name}_{which}": np.nan for which in ("min", "max", "mean")}
    return {
        f"{name}_min": float(np.min(values)),
        f"{name}_max": float(np.max(values)),
        f"{name}_mean": float(np.mean(values)),
    }


def eigen_coordinates(inputs: Array, teacher: Array) -> Array:
    """Rows (d, d): eigenvectors of X'X by decreasing eigenvalue, at less than 90 degrees from the teacher."""
    _, axes = np.linalg.eigh(inputs.T @ inputs)
    rows = axes.T[::-1]
    turned: Array = rows * np.where(rows @ teacher < 0.0, -1.0, 1.0)[:, None]
    return turned
