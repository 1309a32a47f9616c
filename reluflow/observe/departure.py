"""How far a network has gone from its start: what tells rich training from lazy.

The three distances of Kunin et al. 2024 (arXiv 2406.06158). Lazy training moves the parameters and fits the
data, but leaves kernel and activations where they were.
"""

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import ON_A_KINK, Array, preactivations, row_norms, tangent_kernel
from reluflow.problem import Problem


def departure(state: State, problem: Problem) -> dict[str, float]:
    """The distances from the start of ``problem`` by name.

    ``kernel_distance``: 1 - <K, K_0> / (|K| |K_0|) of the tangent kernels on the samples, NaN where one of
    them is zero; ``activation_distance``: the share of pairs of neuron and sample whose activation differs;
    ``parameter_distance``: |theta - theta_0|.
    """
    start = State(0.0, problem.weights, problem.output_weights)
    moved = row_norms(
        np.column_stack([state.weights - start.weights, state.output_weights - start.output_weights])
    )
    changed = _active(state, problem) != _active(start, problem)
    return {
        "kernel_distance": _kernel_distance(state, start, problem),
        "activation_distance": float(np.mean(changed)),
        "parameter_distance": float(row_norms(moved[None])[0]),
    }


def _kernel_distance(state: State, start: State, problem: Problem) -> float:
    kernels = [_unit_kernel(each, problem) for each in (state, start)]
    if not all(np.any(kernel) for kernel in kernels):
        return float("nan")
    # half of a chord squared is 1 - cos, without its cancellation
    return float(0.5 * np.sum(np.square(kernels[0] - kernels[1])))


def _unit_kernel(state: State, problem: Problem) -> Array:
    """The tangent kernel (n, n) at norm 1, also of weights whose squares are no floats; zero if it is."""
    largest = max(np.max(np.abs(state.weights)), np.max(np.abs(state.output_weights)))
    if largest == 0.0:
        return np.zeros((problem.samples, problem.samples))
    kernel = tangent_kernel(
        state.weights / largest,
        state.output_weights / largest,
        problem.inputs,
        problem.slope,
        _active(state, problem),
    )
    size = np.linalg.norm(kernel)
    unit: Array = kernel / (size if size > 0.0 else 1.0)
    return unit


def _active(state: State, problem: Problem) -> npt.NDArray[np.bool_]:
    """A_jk (m, n); a neuron that sits on a kink is off."""
    reach = ON_A_KINK * np.outer(row_norms(state.weights), problem.lengths)
    active: npt.NDArray[np.bool_] = preactivations(state.weights, problem.inputs) > reach
    return active
