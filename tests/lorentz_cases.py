"""Problems and independent references for the tests of the lorentz solver."""

from dataclasses import replace

import numpy as np
import pytest

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz, series_step
from reluflow.network import Array, loss_of, residuals
from reluflow.problem import Problem


def balanced(width: int, dimension: int, scale: float, seed: int) -> tuple[Array, Array]:
    """Weights of standard deviation ``scale`` and |a_j| = |w_j| with random signs."""
    generator = np.random.default_rng(seed)
    weights = generator.standard_normal((width, dimension))
    signs = generator.choice([-1.0, 1.0], width)
    return weights * scale, np.linalg.norm(weights, axis=1) * signs * scale


def toy(scale: float = 1e-3, seed: int = 0, width: int = 60) -> Problem:
    """Two orthogonal points with targets of opposite sign."""
    inputs = np.array([[2.0, 1.0], [-0.5, 1.0]])
    return Problem(inputs, np.array([1.0, -1.0]), *balanced(width, 2, scale / np.sqrt(2 * width), seed))


def five_points(seed: int = 0, scale: float = 1e-6) -> Problem:
    """Five points on a line with a bias: kinks attract, and plain descent goes astray."""
    line = np.array([-1.5, -1.0, 0.0, 0.25, 2.0])
    inputs = np.column_stack([line, np.ones(5)])
    targets = np.array([0.7, -0.3, -0.3, 0.4, 0.2])
    return Problem(inputs, targets, *balanced(60, 2, scale / np.sqrt(60), seed))


def correlated(
    dimension: int = 10, samples: int = 10, width: int = 25, scale: float = 1e-3, seed: int = 0
) -> Problem:
    """Correlated inputs with one neuron as teacher; nothing slides."""
    generator = np.random.default_rng(1000 + seed)
    while True:
        centre = generator.standard_normal(dimension)
        centre /= np.linalg.norm(centre)
        inputs = centre + generator.standard_normal((samples, dimension)) / np.sqrt(dimension)
        targets = inputs @ centre
        if np.all(targets > 0.0):
            break
    start = balanced(width, dimension, scale / np.sqrt(width * dimension), seed)
    return Problem(inputs, targets, *start)


def random_problem(seed: int, samples: int = 6, dimension: int = 3, width: int = 10) -> Problem:
    """Gaussian inputs and targets, small balanced weights."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((samples, dimension))
    targets = generator.standard_normal(samples)
    return Problem(inputs, targets, *balanced(width, dimension, 1e-3, seed))


def run(
    problem: Problem, loss: float = 1e-9, rtol: float = 1e-6, end: float = np.inf, steps: int = 2000
) -> Lorentz:
    """The solver after its loss or its time was reached."""
    solver = Lorentz(problem, Options(rtol=rtol))
    while solver.loss > loss and solver.t < end and solver.steps < steps:
        solver.step(t_end=end)
        assert solver.failure is None
    return solver


def take_the_same_steps(one: Lorentz, other: Lorentz, count: int) -> None:
    """Both, of which one was restored from the other, go on for some steps; asserts that nothing differs."""
    for _ in range(count):
        one.step()
        other.step()
        assert one.t == other.t
        assert np.array_equal(one.state.weights, other.state.weights)
        middle = 0.5 * (one.t_old + one.t)
        inside = [solver.dense_output()(middle).weights for solver in (one, other)]
        assert np.array_equal(*inside)


def losses_at(problem: Problem, times: Array, rtol: float = 1e-6) -> Array:
    """The loss at given times, through dense output."""
    solver = Lorentz(problem, Options(rtol=rtol))
    losses = []
    for t in times:
        while solver.t < t:
            solver.step()
            assert solver.failure is None
        state = solver.dense_output()(float(t))
        r = residuals(state.weights, state.output_weights, problem.inputs, problem.targets)
        losses.append(loss_of(r, problem.loss))
    return np.array(losses)


def integrated_losses(problem: Problem, times: Array) -> Array:
    """The same by DOP853 at rtol 1e-9 on the plain equations: right only where no neuron slides."""
    from scipy.integrate import solve_ivp

    inputs, targets = problem.inputs, problem.targets
    m, d = problem.weights.shape

    def split(v: Array) -> tuple[Array, Array]:
        return v[: m * d].reshape(m, d), v[m * d :]

    def rate(_: float, v: Array) -> Array:
        w, a = split(v)
        z = w @ inputs.T
        r = a @ np.maximum(z, 0.0) - targets
        pull = -(((z > 0.0) * r) @ inputs) / targets.size
        return np.concatenate([(a[:, None] * pull).ravel(), np.sum(w * pull, axis=1)])

    start = np.concatenate([problem.weights.ravel(), problem.output_weights])
    small = 1e-16 * float(np.max(np.abs(problem.weights)))
    found = solve_ivp(rate, (0.0, times[-1]), start, "DOP853", times, rtol=1e-9, atol=small)
    return np.array([loss_of(residuals(*split(v), inputs, targets)) for v in found.y.T])


def polar_losses(problem: Problem, times: Array, step: float) -> Array:
    """The loss by Euler steps in direction and log norm, which keep balanced neurons balanced.

    w = exp(s) u, a = sign exp(s):  du/dt = sign (D - <D, u> u),  ds/dt = sign <D, u>.
    """
    inputs, targets = problem.inputs, problem.targets
    size = np.linalg.norm(problem.weights, axis=1)
    direction, log_size = problem.weights / size[:, None], np.log(size)
    sign = np.sign(problem.output_weights)
    losses, t = [], 0.0
    for end in times:
        for _ in range(round((end - t) / step)):
            z = direction @ inputs.T
            r = (sign * np.exp(2.0 * log_size)) @ np.maximum(z, 0.0) - targets
            pull = -(((z > 0.0) * r) @ inputs) * (sign / targets.size)[:, None]
            along = np.sum(pull * direction, axis=1)
            direction = direction + step * (pull - along[:, None] * direction)
            direction /= np.sqrt(np.sum(direction**2, axis=1))[:, None]
            log_size = log_size + step * along
        t = end
        r = (sign * np.exp(2.0 * log_size)) @ np.maximum(direction @ inputs.T, 0.0) - targets
        losses.append(loss_of(r))
    return np.array(losses)


def without_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is one by collocation."""
    monkeypatch.setattr(series_step, "SERIES", replace(series_step.SERIES, most_pairs=0))
