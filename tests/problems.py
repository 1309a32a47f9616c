"""Small problems that several tests train on."""

import numpy as np

from reluflow.network import row_norms
from reluflow.problem import Problem


def balanced(inputs, targets, width: int, scale: float, seed: int = 0, **options) -> Problem:
    """A balanced start of the given scale, signs alternating so that both are there."""
    rng = np.random.default_rng(seed)
    inputs = np.asarray(inputs, dtype=float)
    weights = rng.normal(size=(width, inputs.shape[1])) * scale / np.sqrt(width)
    signs = np.where(np.arange(width) % 2 == 0, 1.0, -1.0)
    return Problem(inputs, targets, weights, signs * row_norms(weights), **options)


def with_bias(x) -> np.ndarray:
    return np.column_stack([x, np.ones(len(x))])


def toy(scale: float = 1e-6, width: int = 20, **options) -> Problem:
    """The two orthogonal points of Boursier et al. 2022."""
    return balanced(with_bias([-0.5, 2.0]), [-1.0, 1.0], width, scale, **options)


def five_points(scale: float = 1e-6, width: int = 60, seed: int = 0) -> Problem:
    """The five points of Boursier et al. 2022, on which neurons slide along kinks."""
    return balanced(with_bias([-1.5, -1.0, 0.0, 0.25, 2.0]), [0.7, -0.3, -0.3, 0.4, 0.2], width, scale, seed)


def smooth(width: int = 8, dimension: int = 5, samples: int = 5, scale: float = 0.05, **options) -> Problem:
    """Correlated inputs in the positive orthant, labelled by one neuron; every neuron sees every sample.

    No kink is ever met: the flow is smooth, and all solvers must agree on it.
    """
    rng = np.random.default_rng(3)
    inputs = 1.0 + 0.3 * rng.uniform(size=(samples, dimension))
    teacher = np.ones(dimension) / np.sqrt(dimension)
    weights = scale * (1.0 + 0.2 * rng.uniform(size=(width, dimension)))
    outputs = np.linalg.norm(weights, axis=1)
    return Problem(inputs, inputs @ teacher, weights, outputs, **options)


def orthogonal(seed: int, samples: int, dimension: int, width: int, scale: float, equal: bool) -> Problem:
    """Random orthogonal inputs with targets of alternating sign."""
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.normal(size=(dimension, dimension)))[0][:samples]
    inputs = frame * (1.0 if equal else rng.uniform(0.6, 2.0, size=(samples, 1)))
    targets = rng.uniform(0.5, 2.0, size=samples) * np.where(np.arange(samples) % 2, 1.0, -1.0)
    return balanced(inputs, targets, width, scale / np.sqrt(dimension), seed)
