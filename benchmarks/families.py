"""Families of random problems for the comparison of the flow with its reference: data and a start, by a seed.

``draw(family, seed, number)`` gives the same problem on every machine. What all families have in common
stands here: sizes, scales, and how the layers of a start relate; a family says what its inputs and targets
are.
"""

import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Generator = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A problem: inputs (n, d), targets (n,), weights (m, d), output_weights (m,) and the slope below zero.

    ``balanced``: every neuron starts with |a| = |w|.
    """

    inputs: Array
    targets: Array
    weights: Array
    output_weights: Array
    slope: float = 0.0

    @property
    def arguments(self) -> tuple[Array, Array, Array, Array]:
        """Inputs, targets, weights, output_weights."""
        return self.inputs, self.targets, self.weights, self.output_weights

    @property
    def arrays(self) -> dict[str, Array]:
        """By name, as in an .npz."""
        return {name: np.asarray(value) for name, value in asdict(self).items()}

    @property
    def balanced(self) -> bool:
        gap = np.abs(self.output_weights**2 - np.sum(self.weights**2, axis=1))
        return bool(np.all(gap <= 1e-14 * self.output_weights**2))


#: a family: a generator to a case
FAMILIES: dict[str, Callable[[Generator], Case]] = {}


def family(draw_one: Callable[[Generator], Case]) -> Callable[[Generator], Case]:
    """Register a family under its function's name."""
    FAMILIES[draw_one.__name__.replace("_", "-")] = draw_one
    return draw_one


def draw(name: str, seed: int, number: int) -> Case:
    """Problem ``number`` of a family."""
    return FAMILIES[name](np.random.default_rng([seed, zlib.crc32(name.encode()), number]))


def signs(rng: Generator, count: int) -> Array:
    return rng.choice([-1.0, 1.0], count)


def scale_of(rng: Generator, low: float = -12.0, high: float = 0.0) -> float:
    """A scale, uniform in its logarithm; most problems of the issue lie between 1e-12 and 1."""
    return float(10 ** rng.uniform(low, high))


def balanced(rng: Generator, inputs: Array, targets: Array, scale: float | None = None) -> Case:
    """A start with |a| = |w|, of 10 to 40 neurons."""
    m, d = int(rng.integers(10, 41)), inputs.shape[1]
    scale = scale_of(rng) if scale is None else scale
    weights = rng.standard_normal((m, d)) * scale / np.sqrt(m * d)
    return Case(inputs, targets, weights, signs(rng, m) * np.linalg.norm(weights, axis=1))


def dominated(rng: Generator, case: Case) -> Case:
    """The same with a^2 > |w|^2, the excess of the size of w."""
    excess = rng.standard_normal(len(case.weights)) * np.sqrt(np.mean(case.weights**2))
    size = np.sqrt(np.sum(case.weights**2, axis=1) + excess**2)
    return replace(case, output_weights=np.sign(case.output_weights) * size)


def unbalanced(rng: Generator, case: Case) -> Case:
    """The same with output weights drawn on their own, of the size of |w|: many change their sign."""
    size = np.sqrt(np.mean(np.sum(case.weights**2, axis=1)))
    return replace(case, output_weights=rng.standard_normal(len(case.weights)) * size)


def size(rng: Generator, low: tuple[int, int] = (6, 3), high: tuple[int, int] = (14, 7)) -> tuple[int, int]:
    """n and d, drawn between pairs."""
    return int(rng.integers(low[0], high[0] + 1)), int(rng.integers(low[1], high[1] + 1))


def line(rng: Generator) -> tuple[Array, Array]:
    """Three to nine points on a line with a bias."""
    n = int(rng.integers(3, 10))
    return np.column_stack([rng.uniform(-2, 2, n), np.ones(n)]), rng.uniform(-1, 1, n)


def gaussian_data(rng: Generator) -> tuple[Array, Array]:
    """6 to 14 Gaussian inputs in 3 to 7 dimensions with Gaussian targets."""
    n, d = size(rng)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


@family
def gauss(rng: Generator) -> Case:
    return balanced(rng, *gaussian_data(rng), scale_of(rng, -4, 0))


@family
def gauss_tiny(rng: Generator) -> Case:
    return balanced(rng, *gaussian_data(rng), scale_of(rng, -12, -4))


@family
def gauss_teacher(rng: Generator) -> Case:
    n, d = size(rng)
    x = rng.standard_normal((n, d))
    k = int(rng.integers(1, 5))
    hidden = rng.standard_normal((k, d)) / np.sqrt(d)
    return balanced(rng, x, np.maximum(x @ hidden.T, 0) @ rng.standard_normal(k))


@family
def gauss_leaky(rng: Generator) -> Case:
    case = balanced(rng, *gaussian_data(rng))
    return replace(case, slope=float(rng.choice([0.01, 0.1, 0.3, 0.5])))


@family
def gauss_dominated(rng: Generator) -> Case:
    return dominated(rng, balanced(rng, *gaussian_data(rng), scale_of(rng, -4, 0)))


@family
def gauss_unbalanced(rng: Generator) -> Case:
    return unbalanced(rng, balanced(rng, *gaussian_data(rng), scale_of(rng, -4, 0)))


@family
def line_bias(rng: Generator) -> Case:
    return balanced(rng, *line(rng))


@family
def line_dominated(rng: Generator) -> Case:
    return dominated(rng, balanced(rng, *line(rng), scale_of(rng, -4, 0)))


@family
def line_unbalanced(rng: Generator) -> Case:
    return unbalanced(rng, balanced(rng, *line(rng), scale_of(rng, -4, 0)))


@family
def line_leaky(rng: Generator) -> Case:
    return replace(balanced(rng, *line(rng)), slope=float(rng.choice([0.05, 0.2, 0.5])))


@family
def plane_bias(rng: Generator) -> Case:
    n = int(rng.integers(5, 13))
    return balanced(rng, np.column_stack([rng.uniform(-1, 1, (n, 2)), np.ones(n)]), rng.uniform(-1, 1, n))


@family
def xor(rng: Generator) -> Case:
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    repeats = int(rng.integers(1, 4))
    noise = rng.choice([0.0, 0.1, 0.3])
    x = np.repeat(corners, repeats, axis=0) + noise * rng.standard_normal((4 * repeats, 2))
    y = np.repeat([-1.0, 1.0, 1.0, -1.0], repeats)
    return balanced(rng, np.column_stack([x, np.ones(len(x))]), y)


@family
def moons(rng: Generator) -> Case:
    n = int(rng.integers(3, 8))
    upper, lower = np.pi * rng.random(n), np.pi * rng.random(n)
    one = np.column_stack([np.cos(upper), np.sin(upper)])
    two = np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)])
    x = np.concatenate([one, two]) + 0.1 * rng.standard_normal((2 * n, 2))
    return balanced(rng, np.column_stack([x, np.ones(2 * n)]), np.repeat([1.0, -1.0], n))


@family
def orthogonal(rng: Generator) -> Case:
    n = int(rng.integers(3, 9))
    d = n + int(rng.integers(0, 4))
    x = np.eye(d)[rng.permutation(d)[:n]] * rng.uniform(0.5, 2, n)[:, None]
    return balanced(rng, x, signs(rng, n) * rng.uniform(0.1, 2, n))


@family
def orthogonal_turned(rng: Generator) -> Case:
    n = int(rng.integers(3, 9))
    turn = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return balanced(rng, turn, signs(rng, n) * rng.uniform(0.1, 2, n), scale_of(rng, -6, 0))


@family
def one_neuron(rng: Generator) -> Case:
    n, d = size(rng, (5, 3), (12, 8))
    centre = rng.standard_normal(d)
    centre /= np.linalg.norm(centre)
    for _ in range(1000):
        x = centre + rng.standard_normal((n, d)) / np.sqrt(d)
        if np.all(x @ centre > 0):
            break
    return balanced(rng, x, np.maximum(x @ centre, 0))


@family
def one_neuron_noisy(rng: Generator) -> Case:
    case = one_neuron(rng)
    return replace(case, targets=case.targets + 0.3 * rng.standard_normal(len(case.targets)))


@family
def integers(rng: Generator) -> Case:
    n, d = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    x = rng.integers(-2, 3, (n, d)).astype(float)
    return balanced(rng, x, rng.integers(-2, 3, n).astype(float))


@family
def integer_starts(rng: Generator) -> Case:
    n, d, m = int(rng.integers(2, 9)), int(rng.integers(2, 4)), int(rng.integers(3, 12))
    x, w = rng.integers(-2, 3, (n, d)).astype(float), rng.integers(-1, 2, (m, d)).astype(float)
    a = signs(rng, m) * np.linalg.norm(w, axis=1)
    return Case(x, rng.integers(-2, 3, n).astype(float), w * 0.25, a * 0.25)


@family
def on_kink(rng: Generator) -> Case:
    """Every neuron starts exactly on the hyperplanes of the samples that only the last coordinates see."""
    n, d = size(rng, (4, 3), (9, 5))
    case = balanced(rng, rng.standard_normal((n, d)), rng.standard_normal(n), scale_of(rng, -6, 0))
    x, w = case.inputs.copy(), case.weights.copy()
    x[: n // 3, :2] = 0
    w[:, 2:] = 0
    return replace(case, inputs=x, weights=w, output_weights=np.sign(case.output_weights) * _lengths(w))


@family
def zero_neurons(rng: Generator) -> Case:
    case = balanced(rng, *gaussian_data(rng), scale_of(rng, -4, 0))
    gone = rng.random(len(case.weights)) < 0.3
    weights = np.where(gone[:, None], 0.0, case.weights)
    return replace(case, weights=weights, output_weights=np.where(gone, 0.0, case.output_weights))


@family
def rank_deficient(rng: Generator) -> Case:
    """Inputs in a subspace; w has a part outside of it, which keeps a large where w is small inside."""
    n, d = size(rng, (4, 3), (9, 7))
    p = int(rng.integers(2, d))
    x = rng.standard_normal((n, p)) @ rng.standard_normal((p, d)) / np.sqrt(p)
    return balanced(rng, x, rng.standard_normal(n), scale_of(rng, -4, 0))


@family
def high_dimension(rng: Generator) -> Case:
    n = int(rng.integers(3, 8))
    d = n + int(rng.integers(0, 6))
    return balanced(rng, rng.standard_normal((n, d)), rng.standard_normal(n), scale_of(rng, -6, 0))


@family
def duplicates(rng: Generator) -> Case:
    n, d = size(rng, (3, 2), (6, 4))
    x, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    again = rng.integers(0, n, int(rng.integers(1, 4)))
    factor = rng.choice([1.0, 1.0, 2.0], len(again))
    x = np.concatenate([x, x[again] * factor[:, None]])
    return balanced(rng, x, np.concatenate([y, y[again] + rng.choice([0.0, 0.5], len(again))]))


@family
def opposite(rng: Generator) -> Case:
    n, d = size(rng, (3, 2), (6, 4))
    x = rng.standard_normal((n, d))
    again = rng.integers(0, n, int(rng.integers(1, 4)))
    x = np.concatenate([x, -x[again] * rng.choice([1.0, 1.0, 2.0], len(again))[:, None]])
    return balanced(rng, x, rng.standard_normal(len(x)))


@family
def sphere(rng: Generator) -> Case:
    n, d = size(rng)
    x = rng.standard_normal((n, d))
    return balanced(rng, x / _lengths(x)[:, None], signs(rng, n))


@family
def two_clusters(rng: Generator) -> Case:
    n, d = size(rng, (3, 2), (6, 5))
    centre = rng.standard_normal(d)
    near = 0.3 * rng.standard_normal((2 * n, d))
    x = near + np.repeat([centre, -centre], n, axis=0)
    return balanced(rng, x, np.repeat([1.0, -1.0], n) + 0.2 * rng.standard_normal(2 * n))


@family
def wide_norms(rng: Generator) -> Case:
    n, d = size(rng, (4, 3), (8, 8))
    x = rng.standard_normal((n, d)) * 10 ** rng.uniform(-1, 1, n)[:, None]
    return balanced(rng, x, rng.standard_normal(n), scale_of(rng, -6, 0))


@family
def tiny_scale(rng: Generator) -> Case:
    n, d = size(rng, (4, 2), (10, 5))
    return balanced(rng, rng.standard_normal((n, d)), rng.standard_normal(n), scale_of(rng, -20, -12))


@family
def large_scale(rng: Generator) -> Case:
    return balanced(rng, *gaussian_data(rng), scale_of(rng, 0, 1))


def _lengths(rows: Array) -> Array:
    return np.linalg.norm(rows, axis=1)
