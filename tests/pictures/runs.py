"""Small made runs to draw.

They are formulas, not flows: what is drawn is then the same on every machine, and has every thing that a
picture can show within a few rows.
"""

import numpy as np

from reluflow.flow.base import State
from reluflow.flow.events import Change, Events
from reluflow.network import Array
from reluflow.observe.history import History
from reluflow.problem import Problem
from reluflow.theory.forecast import Forecast


def waves(*shape: int, seed: float = 1.0) -> Array:
    """Numbers in [-1, 1) without an order to be seen, the same everywhere."""
    places = np.arange(1.0, int(np.prod(shape)) + 1.0)
    return (2.0 * np.mod(0.7548776662 * seed + 0.6180339887 * places**2, 1.0) - 1.0).reshape(shape)


def turned(degrees: Array, lengths: Array) -> Array:
    """Rows (m, 2) of directions and lengths."""
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)]) * np.asarray(lengths)[:, None]


#: directions, sizes and output weights of the nine neurons of ``plane``, two of which are still
_DEGREES = np.array([12.0, 17.0, 96.0, 131.0, -141.0, -63.0, -58.0, 74.0, 0.0])
_LENGTHS = np.array([0.91, 0.33, 2.3e-2, 1.4e-3, 0.47, 3.7e-4, 0.62, 7.7e-2, 0.0])
_OUTPUTS = np.array([0.93, 0.31, -2.2e-2, 1.5e-3, 0.49, -3.9e-4, -0.66, 0.0, 1.3e-2])


def plane(**options) -> Problem:
    """Four samples of two coordinates, and neurons of either sign, of all sizes, and at rest."""
    inputs = turned(np.array([37.0, 118.0, -22.0, -104.0]), np.array([1.1, 0.7, 1.9, 0.4]))
    targets = [0.8, -0.6, 1.3, 0.35] if options.get("loss", "mse")[-3:] == "mse" else [1.0, -1.0, 1.0, -1.0]
    return Problem(inputs, targets, turned(_DEGREES, _LENGTHS), _OUTPUTS, **options)


def line(bias: float = 1.0, **options) -> Problem:
    """Five points of one coordinate with a bias, and seven neurons."""
    x = np.array([-1.43, -0.87, 0.08, 0.31, 1.94])
    weights = [[0.9, 0.4], [-0.7, 0.63], [0.5, -0.61], [-0.33, -0.2], [0.04, 0.9], [0.0, 0.3], [1e-4, 2e-4]]
    outputs = [0.52, -0.81, 0.74, 0.41, -0.37, 0.21, 0.0]
    inputs = np.column_stack([x, np.full(5, bias)])
    return Problem(inputs, [0.71, -0.32, -0.27, 0.44, 0.19], weights, outputs, **options)


def space(width: int = 11, samples: int = 6, dimension: int = 4, **options) -> Problem:
    """Correlated inputs of several coordinates, labelled by one neuron that sees them all."""
    inputs = 1.0 + 0.45 * waves(samples, dimension)
    targets = inputs @ np.linspace(0.3, 0.9, dimension)
    outputs = waves(width, seed=3.0) * np.logspace(0.0, -4.0, width)
    return Problem(
        inputs, targets, waves(width, dimension, seed=2.0) * np.abs(outputs[:, None]), outputs, **options
    )


def start_of(problem: Problem, t: float = 0.0) -> State:
    return State(t, problem.weights, problem.output_weights)


#: where the falls of ``falls`` are, and what is left after each
_FALLS = ((8.3, 1.9, 0.22), (26.7, 1.1, 0.031), (45.1, 0.77, 2.6e-7))


def falls(end: float = 59.7, rows: int = 241) -> dict[str, Array]:
    """The series of a run that begins at a loss of 0.91 and falls three times, to 2.6e-7."""
    t = np.linspace(0.0, end, rows)
    loss, level = np.full(rows, 2.6e-7), 0.91
    for at, rate, left in _FALLS:
        loss += (level - left) / (1.0 + np.exp(np.clip(rate * (t - at), -500.0, 500.0)))
        level = left
    slope = np.abs(np.gradient(loss, t)) + 1e-9
    # between some rows of the series the loss went up and down
    rough = np.where((t > 11.6) & (t < 14.4), 1.6, 1.0)
    return {
        "t": t,
        "loss": loss,
        "loss_low": loss / rough,
        "loss_high": loss * rough,
        "gradient_norm": np.sqrt(slope),
        "step": np.floor(np.arange(rows) / 2.0),
    }


def course(problem: Problem, series: dict[str, Array], states: int = 31, events: bool = True) -> History:
    """A run whose neurons turn and grow to those of ``problem``, each at its own rate, from 1e-5 of them."""
    times = np.linspace(0.0, float(series["t"][-1]), states)
    m = problem.width
    rates, turns = 0.6 + 0.4 * waves(m, seed=5.0), 0.9 * waves(m, seed=7.0)
    path = []
    for t in times:
        grown = np.minimum(1.0, 1e-5 * np.exp(0.45 * rates * t))
        angle = turns * (1.0 - grown**0.2)
        weights = problem.weights.copy()
        first, second = problem.weights[:, 0], problem.weights[:, -1]
        weights[:, 0] = np.cos(angle) * first - np.sin(angle) * second
        weights[:, -1] = np.sin(angle) * first + np.cos(angle) * second
        path.append(State(float(t), weights * grown[:, None], problem.output_weights * grown))
    log = happenings() if events else None
    return History(path, times / 2.0, series, *([log] if log else []))


def happenings() -> Events:
    """One event of every kind, of three neurons."""
    kinds = [Change.ENTER, Change.SLIDE, Change.EXIT, Change.RELEASE_ON, Change.FLIP, Change.SLIDE]
    kinds += [Change.RELEASE_OFF, Change.CHOICE, Change.DIE]
    return Events(
        np.array([3.1, 7.7, 7.7, 12.9, 19.3, 27.2, 33.8, 41.4, 50.6]),
        np.array([0, 1, 2, 1, 4, 1, 1, 0, 2], np.int32),
        np.array([1, 0, 3, 0, -1, 2, 2, -1, 1], np.int32),
        np.array([int(kind) for kind in kinds], np.int8),
    )


def single() -> Problem:
    """Two samples of one coordinate without a bias."""
    return Problem([[-1.1], [0.6]], [0.4, -0.7], [[0.53], [-0.21], [1.3e-3]], [0.37, -0.6, 0.2])


def sliding() -> tuple[Problem, History]:
    """Two neurons on the kink of sample 1, which the flow holds one of them at."""
    inputs = np.array([[1.0, 0.0], [0.5, 0.8], [0.0, 0.0]])
    weights = np.array([[0.0, 1.0], [0.0, 1.0], [0.3, -0.2], [0.0, -1.0]])
    problem = Problem(inputs, [-1.0, 2.0, 0.0], weights, [0.6, -0.4, 0.2, 0.5])
    series = {
        "t": np.array([0.0, 1.0]),
        "loss": np.array([1.0, 0.5]),
        "gradient_norm": np.ones(2),
        "step": np.arange(2.0),
    }
    return problem, History([start_of(problem), start_of(problem, 1.0)], np.arange(2.0), series)


def labelled(rows: int = 61) -> History:
    """A run on labels, with margins over many decades of time."""
    problem = plane(loss="logistic")
    t = np.append(0.0, np.logspace(-1.7, 4.2, rows - 1))
    rise = t / (40.0 + t)
    series = {
        "t": t,
        "loss": 0.7 / (1.0 + 0.2 * t),
        "step": np.arange(float(rows)),
        "margin": 0.31 * rise - 0.04,
        "smoothed_margin": np.where(rise > 0.06, 0.29 * rise - 0.01, -1e300),
        "accuracy": np.where(rise < 0.02, 0.5, np.where(rise < 0.3, 0.75, 1.0)),
    }
    history = course(problem, falls(), 31, events=False)
    times = np.append(0.0, np.logspace(-1.7, 4.2, 30))
    states = [
        State(float(at), each.weights, each.output_weights)
        for at, each in zip(times, history.states, strict=True)
    ]
    return History(states, np.arange(31.0), series)


def forecast_at(time: float, neurons: int = 3) -> Forecast:
    """An escape that is foreseen."""
    return Forecast(
        time, 0.05, time + 1.0, 0.4217, 1, np.array([1.0, 0.0]), 0.83, -9.0, np.arange(neurons), rivals=1
    )
