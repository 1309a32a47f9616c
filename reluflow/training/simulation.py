"""``simulate``: one call from arrays to a trajectory."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from reluflow.errors import ProblemError
from reluflow.flow import DEFAULT_METHOD
from reluflow.flow.base import Options, SolverView, State
from reluflow.flow.events import Events
from reluflow.network import Array, residuals
from reluflow.problem import Problem
from reluflow.registry.losses import Loss
from reluflow.store.summary_table import Told
from reluflow.training.training import StopRules, Training


@dataclass(frozen=True, repr=False)
class Trajectory(Told):
    """States along a run: at the times asked for, else at the start and every accepted step.

    ``t`` (k,) flow time and ``loss`` (k,) of the stated loss; ``weights`` (k, m, d); ``output_weights``
    (k, m); ``status`` and ``reason`` as of a run; ``steps`` taken; ``method`` used. ``events``: every change
    of activation (t, neuron, sample, kind of ``reluflow.flow.events.Change``) in the order of time, ``len``
    of them; empty for a method that keeps no log of them. ``objective`` (k,): the loss and what weight
    decay adds to it.

    >>> reluflow.simulate([[1.0]], [1.0], [[0.1]], [0.1], times=[0.0, 1.0, 2.0])
    <Trajectory: status time, method lorentz, states 3, time 2, loss 0.207..., steps ..., events 0>
    """

    t: Array
    loss: Array
    weights: Array
    output_weights: Array
    status: str
    reason: str
    steps: int
    events: Events
    method: str
    objective: Array

    def _told(self) -> tuple[str, Mapping[str, Any]]:
        last = {"time": float(self.t[-1]), "loss": float(self.loss[-1])} if self.t.size else {}
        counts = {"states": self.t.size, "steps": self.steps, "events": len(self.events)}
        return "", {"status": self.status, "method": self.method, **counts, **last}


def simulate(
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    weights: npt.ArrayLike,
    output_weights: npt.ArrayLike,
    *,
    method: str = DEFAULT_METHOD,
    rtol: float = 1e-6,
    loss: Loss = "half-mse",
    times: npt.ArrayLike | None = None,
    stop_loss: float | None = None,
    stop_time: float | None = None,
    max_steps: int | None = None,
    learning_rate: float | None = None,
    slope: float = 0.0,
    weight_decay: float = 0.0,
) -> Trajectory:
    """Train from (weights, output_weights) and return the trajectory.

    Parameters
    ----------
    inputs (n, d), targets (n,): the data, a bias column included if one is wanted.
    weights (m, d), output_weights (m,): the initial network.
    method: name of a solver, one of ``reluflow.flow.METHODS``.
    rtol: relative tolerance of adaptive solvers.
    loss: a name of ``reluflow.registry.losses``: "half-mse", 1/(2n) sum r^2, "mse", 1/n sum r^2, or, for
        targets +1 and -1, "logistic", 1/n sum ln(1 + exp(-y h)), or "exponential", 1/n sum exp(-y h). All
        times are flow time of this loss.
    times: increasing times at which states are returned, by dense output, exact to the solver's order. The
        run ends at the last of them (or earlier, by another rule; later times are then left out).
    stop_loss, stop_time, max_steps: stop rules. A run also stops when it is stationary: at later times it is
        where it came to rest.
    learning_rate: step of method "gd", whose time is learning_rate * iterations.
    slope: of the activation max(z, slope z) below zero, in [0, 1): 0 is the ReLU, more a leaky ReLU.
    weight_decay: lambda of (lambda / 2) sum_j (|w_j|^2 + a_j^2), which is added to the stated loss; ``loss``
        and stop_loss remain the loss without it.

    Examples
    --------
    >>> found = reluflow.simulate([[1.0]], [1.0], [[0.1]], [0.1], stop_loss=1e-9)
    >>> found.status, bool(found.loss[-1] <= 1e-9)
    ('converged', True)

    Raises ProblemError for arrays that do not make a problem, times that do not increase and rules that are
    no such numbers, SolverError for a method that cannot be used on it and a tolerance out of range.
    """
    problem = Problem(inputs, targets, weights, output_weights, loss, slope, weight_decay)  # type: ignore[arg-type]
    _check_rules(stop_loss=stop_loss, stop_time=stop_time, max_steps=max_steps)
    wanted = None if times is None else _check_times(times)
    if wanted is not None:
        stop_time = min(float(wanted[-1]), math.inf if stop_time is None else stop_time)
    options = Options(rtol=rtol, learning_rate=learning_rate)
    stop = StopRules(loss=stop_loss, time=stop_time, steps=max_steps)
    training = Training(problem, method, options, stop)
    states = _every_step(training) if wanted is None else _at_times(training, wanted)
    return Trajectory(
        np.array([state.t for state in states]),
        np.array([_loss(problem, state) for state in states]),
        np.array([state.weights for state in states]).reshape(len(states), *problem.weights.shape),
        np.array([state.output_weights for state in states]).reshape(len(states), problem.width),
        training.status,
        training.reason,
        training.solver.steps,
        training.solver.event_log,
        training.method,
        np.array(
            [_loss(problem, each) + problem.penalty(each.weights, each.output_weights) for each in states]
        ),
    )


def _check_rules(**rules: float | None) -> None:
    for name, value in rules.items():
        if value is not None and not value >= 0.0:
            raise ProblemError(f"{name} is {value}; expected a number of at least 0")


def _check_times(times: npt.ArrayLike) -> Array:
    wanted = np.atleast_1d(np.asarray(times, dtype=float))
    if wanted.ndim != 1 or not wanted.size or not np.all(np.isfinite(wanted)) or wanted[0] < 0.0:
        raise ProblemError("times cannot be used; expected finite numbers from 0 on, at least one")
    for i, (first, second) in enumerate(pairwise(wanted)):
        if second <= first:
            raise ProblemError(f"times[{i + 1}] = {second:g} follows {first:g}; expected increasing times")
    return wanted


def _every_step(training: Training) -> list[State]:
    states = [training.solver.state]
    training.run(lambda training: states.append(training.solver.state), every=None)
    return states


def _at_times(training: Training, wanted: Array) -> list[State]:
    states = [training.solver.state] if wanted[0] == 0.0 else []

    def interpolate(training: Training) -> None:
        if training.solver.t >= wanted[len(states)]:
            states.extend(_between(training.solver, wanted[len(states) :]))

    training.run(interpolate, every=None)
    if training.status == "stationary":
        states += [_resting(training.solver, float(t)) for t in wanted[len(states) :]]
    return states


def _resting(solver: SolverView, t: float) -> State:
    """The network at a time after it came to rest; where the data do not hold it, it decays."""
    state = solver.state
    left = solver.problem.shrunk(t - state.t) if solver.at_rest else 1.0
    return replace(state, t=t, weights=left * state.weights, output_weights=left * state.output_weights)


def _between(solver: SolverView, wanted: Array) -> list[State]:
    interpolate = solver.dense_output()
    return [interpolate(float(t)) for t in wanted if t <= solver.t]


def _loss(problem: Problem, state: State) -> float:
    residual = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    return problem.value(residual)
