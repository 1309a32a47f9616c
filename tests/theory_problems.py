"""Small problems of which the theory says many different things."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from problems import balanced, five_points, orthogonal, smooth, toy, with_bias
from teachers import family
from theory_cases import case

from reluflow.network import Array
from reluflow.problem import Problem
from reluflow.store.preset import load_preset


def of_family(name: str, number: int, width: int = 5, samples: int = 4, **other: Any) -> Problem:
    """The first neurons and samples of a random problem of the benchmarks."""
    sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
    from families import draw

    one = draw(name, 1, number)
    start = one.weights[:width], one.output_weights[:width]
    return Problem(one.inputs[:samples], one.targets[:samples], *start, slope=one.slope, **other)


def of_signs(name: str, number: int, loss: str, **sizes: int) -> Problem:
    """The same with the signs of its targets as labels."""
    one = of_family(name, number, **sizes)
    return replace(one, targets=np.sign(one.targets), loss=loss)


def of_preset(name: str, width: int = 6, **changes: Any) -> Problem:
    """A shipped preset with few neurons."""
    changes = {key.replace("__", "."): value for key, value in changes.items()}
    return load_preset(name, {"network.width": width, **changes}).problem()


symmetric = partial(of_preset, "first-steps", data__kind="symmetric", data__dimension=3, data__bias=False)
lazy = partial(
    of_preset, "nonorthogonal-five-points", init__paired=True, init__norm="width-dimension", init__scale=100.0
)

#: those that are run
PROBLEMS: Final[dict[str, Callable[[], Problem]]] = {
    "toy-tiny": partial(toy, 1e-20, 4),
    "toy-mse": partial(toy, 1e-4, 6, loss="mse"),
    "toy-one": partial(toy, 1.0, 4),
    "toy-unfitted": partial(toy, 1e-4, 1),
    "toy-cut": partial(toy, 1e-6, 5),
    "toy-descent": partial(toy, 1e-2, 5),
    "orthogonal": partial(orthogonal, 3, 3, 4, 6, 1e-2, False),
    "orthogonal-equal": partial(orthogonal, 2, 3, 3, 6, 1e-12, True),
    "orthogonal-turned": partial(of_family, "orthogonal-turned", 2),
    "line": partial(of_family, "line-bias", 2),
    "line-dominated": partial(of_family, "line-dominated", 1, loss="mse"),
    "line-unbalanced": partial(of_family, "line-unbalanced", 1),
    "line-undecided": partial(of_family, "line-unbalanced", 3),
    "line-leaky": partial(of_family, "line-leaky", 2),
    "leaky": partial(of_preset, "leaky"),
    "integers": partial(of_family, "integers", 2),
    "integer-starts": partial(of_family, "integer-starts", 2),
    "plane": partial(of_family, "plane-bias", 3),
    "gauss": partial(of_family, "gauss", 2, loss="mse"),
    "rank-deficient": partial(of_family, "rank-deficient", 0),
    "opposite": partial(of_family, "opposite", 1),
    "zero-neurons": partial(of_family, "zero-neurons", 0),
    "one-neuron": partial(of_family, "one-neuron", 0),
    "smooth": partial(smooth, 4, 3, 3, 1e-2, loss="mse"),
    "symmetric": partial(symmetric, data__samples=4, init__scale=1e-4, solver__loss="mse"),
    "symmetric-white": partial(symmetric, data__samples=6, init__scale=1e-12, data__white=True),
    "lazy": partial(lazy, 16),
    "lazy-half": partial(lazy, 8, init__scale=10.0, solver__loss="mse"),
    "decay-toy": partial(toy, 1e-2, 4, weight_decay=0.3),
    "decay-five": lambda: replace(five_points(1e-2, 4), weight_decay=0.01, loss="mse"),
    "labels-moons": partial(of_signs, "moons", 1, "logistic"),
    "labels-plane": partial(of_signs, "plane-bias", 2, "exponential"),
    "labels-separable": partial(of_preset, "orthogonally-separable", 8, data__samples=5, data__dimension=3),
    "labels-leaky": partial(of_preset, "leaky-largest-margin"),
    "labels-late": partial(of_preset, "leaky-largest-margin"),
    "labels-rank-two": partial(of_preset, "leaky-rank-two"),
    "at-origin": partial(case, "origin-called-minimum"),
    "unbalanced-limit": partial(case, "unbalanced-limit-37"),
    "wu": partial(of_preset, "wu-five-points"),
}
#: by what else than a loss of 1e-9 (1e-7 with labels) or rest their runs end
ENDS: Final = {
    "toy-cut": {"steps": 12},
    "toy-one": {"loss": 1e-6},
    "toy-descent": {"time": 40.0},
    "labels-late": {"loss": 1e-36, "time": 1e40},
    "labels-moons": {"loss": 1e-3},
}


# ---------------------------------------------------------------- variants


def _turned(problem: Problem, angle: float = 0.3) -> Problem:
    """The same with inputs that are turned towards each other."""
    return replace(problem, inputs=problem.inputs + angle * np.roll(problem.inputs, 1, axis=0))


def _one_sign(problem: Problem, sign: float = 1.0) -> Problem:
    return replace(problem, output_weights=sign * np.abs(problem.output_weights))


def _scaled(problem: Problem, scale: float) -> Problem:
    return replace(problem, weights=scale * problem.weights, output_weights=scale * problem.output_weights)


def _first(problem: Problem, count: int) -> Problem:
    """The same with its first neurons alone."""
    return replace(problem, weights=problem.weights[:count], output_weights=problem.output_weights[:count])


def _of_orthogonal() -> list[Problem]:
    one, equal = PROBLEMS["orthogonal"](), PROBLEMS["orthogonal-equal"]()
    y = one.targets
    return [
        replace(one, targets=-np.abs(y)),
        replace(one, targets=0.0 * y),
        replace(one, slope=0.2),
        replace(one, inputs=one.inputs + 0.3 * np.roll(one.inputs, 1, axis=0)),
        replace(one, inputs=one.inputs * [[1.0], [0.0], [1.0]]),
        replace(one, weights=2.0 * one.weights),
        _scaled(one, 1e3),
        _first(one, 1),
        _one_sign(one),
        _one_sign(one, -1.0),
        replace(equal, targets=[1.0, -np.sqrt(2.0), 1.0]),
        replace(equal, targets=[1.0, -1.0, 1e-3]),
        toy(1e-6, 40, loss="mse"),
        toy(1e-3, 6, seed=2),
        orthogonal(36, 4, 4, 8, 1e-6, False),
    ]


def _of_one_neuron() -> list[Problem]:
    one = PROBLEMS["smooth"]()
    eight = balanced(one.inputs, one.targets, 8, 1e-6, 5)
    obtuse = [[1.0, 0.1, 0.0], [-0.3, 1.0, 0.2], [0.1, 0.3, 1.0]]
    inputs, teacher = family(0.2, 3)
    on_kinks = np.array([[0.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    apart = replace(eight, inputs=inputs, targets=inputs @ teacher)
    return [
        replace(eight, inputs=np.vstack([inputs, inputs[:1]]), targets=[*(inputs @ teacher), 2.0]),
        replace(one, targets=one.targets * np.array([1.0, -1.0, 1.0])),
        replace(one, slope=0.1),
        replace(one, output_weights=1.5 * one.output_weights),
        _one_sign(one, -1.0),
        _scaled(one, 30.0),
        _first(one, 1),
        replace(eight, inputs=obtuse, targets=np.sum(obtuse, axis=1)),
        replace(eight, inputs=np.eye(3) + 0.1, targets=np.ones(3)),
        apart,
        _scaled(apart, 1e-9),
        replace(_scaled(eight, 1e4), loss="mse"),
        balanced(one.inputs[:, :2], one.inputs[:, 0], 4, 1e-8),
        Problem(1.0 - np.eye(3), np.ones(3), 1e-6 * on_kinks, [1e-6, 1e-6 * np.sqrt(2.0)]),
    ]


def _of_symmetric() -> list[Problem]:
    one, white = PROBLEMS["symmetric"](), PROBLEMS["symmetric-white"]()
    y = one.targets
    grown = np.where(one.output_weights > 0.0, 1e3, 1.0)
    return [
        replace(one, targets=y + 0.1),
        replace(one, targets=0.0 * y),
        replace(one, targets=y + 0.2 * np.sign(y)),
        replace(one, slope=0.2),
        replace(one, loss="mse"),
        _scaled(one, 1e5),
        _scaled(one, 1e-8),
        _one_sign(one),
        _one_sign(one, -1.0),
        _first(one, 1),
        replace(one, output_weights=grown * one.output_weights),
        replace(white, targets=white.targets + 1e-3 * np.sign(white.targets)),
        _scaled(white, 1e9),
    ]


def _of_lazy() -> list[Problem]:
    one = PROBLEMS["lazy"]()
    return [
        replace(one, inputs=np.vstack([one.inputs, one.inputs[:1]]), targets=np.append(one.targets, 0.3)),
        replace(one, held_out=(one.inputs + 0.2, one.targets)),
        replace(one, inputs=one.inputs[:1], targets=one.targets[:1]),
        replace(one, inputs=one.inputs[:2], targets=one.targets[:2]),
        replace(one, loss="mse"),
        replace(one, slope=0.5),
        *(_scaled(one, by) for by in (0.2, 0.4, 0.7, 3.0, 30.0)),
        _first(one, 1),
    ]


def _of_labels() -> list[Problem]:
    apart, leaky, near = (PROBLEMS[f"labels-{name}"]() for name in ("separable", "leaky", "rank-two"))
    moons = PROBLEMS["labels-moons"]()
    return [
        replace(apart, loss="exponential"),
        replace(apart, targets=-apart.targets),
        _scaled(apart, 1e5),
        _scaled(apart, 1e-6),
        _one_sign(apart),
        replace(leaky, targets=leaky.targets * [1, 1, -1, 1, 1, -1]),
        replace(leaky, inputs=leaky.inputs + 0.01),
        _scaled(leaky, 1e5),
        replace(near, inputs=1.5 * near.inputs),
        replace(near, slope=0.1),
        replace(near, inputs=near.inputs * np.arange(6)[:, None]),
        replace(moons, loss="half-mse"),
        _scaled(moons, 1e-8),
        replace(moons, weights=np.abs(moons.weights)),
        replace(moons, weights=-np.abs(moons.weights)),
    ]


def _of_general() -> list[Problem]:
    line, linear = PROBLEMS["line"](), _linear()
    return [
        _one_sign(line),
        _one_sign(line, -1.0),
        replace(line, weights=3.0 * line.weights),
        replace(line, targets=0.0 * line.targets),
        replace(line, loss="mse"),
        replace(line, slope=0.3),
        _scaled(line, 1e4),
        linear,
        replace(linear, targets=linear.targets + np.array([0.0, 0.01, 0.0, -0.02, 0.0])),
    ]


def _of_limit() -> list[Problem]:
    integers = PROBLEMS["integers"]()
    return [
        replace(integers, slope=0.1),
        _scaled(integers, 1e6),
        replace(_one_sign(integers, -1.0), loss="mse", inputs=20.0 * integers.inputs),
    ]


def _of_decay() -> list[Problem]:
    one = PROBLEMS["decay-toy"]()
    return [
        replace(one, weight_decay=1e-3),
        replace(one, weight_decay=0.0),
        replace(one, loss="mse"),
        replace(one, loss="logistic", targets=[1.0, -1.0]),
        replace(one, targets=[1.0, 0.0]),
        replace(one, slope=0.4),
        replace(one, inputs=np.zeros((2, 2))),
        balanced(_many(), np.arange(40.0), 3, 0.1, weight_decay=0.1),
    ]


def _of_minimum_norm() -> list[Problem]:
    line = PROBLEMS["line"]()
    return [
        line,
        replace(line, inputs=np.ones((4, 2)), targets=np.arange(4.0)),
        replace(line, targets=0.0 * line.targets),
        replace(toy(0.1, 2), slope=0.4),
        balanced(with_bias(np.arange(5.0)), np.arange(5.0) % 3, 3, 0.1),
        balanced(_many(), np.arange(40.0), 3, 0.1),
    ]


def _linear() -> Problem:
    """Five points with targets that a line has."""
    five = PROBLEMS["wu"]()
    return replace(five, targets=five.inputs @ [0.7, 0.1])


def _many() -> Array:
    """Inputs with more activation patterns than are visited."""
    return np.cos(np.arange(240.0) ** 2).reshape(40, 6)


def _scaled(problem: Problem, scale: float) -> Problem:
    return replace(problem, weights=scale * problem.weights, output_weights=scale * problem.output_weights)


def _first(problem: Problem, count: int) -> Problem:
    """The same with its first neurons alone."""
    return replace(problem, weights=problem.weights[:count], output_weights=problem.output_weights[:count])


def _one_sign(problem: Problem, sign: float = 1.0) -> Problem:
    return replace(problem, output_weights=sign * np.abs(problem.output_weights))


#: by chapter, problems of which it says other things than of those above
VARIANTS: Final[dict[str, Callable[[], list[Problem]]]] = {
    "orthogonal": _of_orthogonal,
    "correlated": _of_one_neuron,
    "symmetric": _of_symmetric,
    "lazy": _of_lazy,
    "minimum-norm": _of_minimum_norm,
    "general": _of_general,
    "labels": _of_labels,
    "decay": _of_decay,
    "limit": _of_limit,
}
