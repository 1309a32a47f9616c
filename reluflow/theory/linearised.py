"""The flow of the network linearised at its start: what a large start does (the lazy limit).

With J the derivative of the network's values on the samples, K_0 = J J' the tangent kernel and r_0 the
residual at the start, half-mse:

    r(t) = exp(-K_0 t / n) r_0,     theta(t) = theta_0 - J' K_0^-1 (r_0 - r(t)),     L = |r|^2 / (2 n)

which ends as the kernel's interpolant from the first function (Jacot, Gabriel, Hongler 2018,
arXiv 1806.07572; Chizat, Oyallon, Bach 2019, arXiv 1812.07956). Times are flow time of half-mse.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.network import Array, activation, preactivations, predictions, residuals, shares, tangent_kernel
from reluflow.problem import Problem


@dataclass(frozen=True)
class Linearised:
    """``rates`` (n,) and ``axes`` (n, n), by columns: of K_0; ``start`` (n,): r_0 along them."""

    problem: Problem
    kernel: Array
    rates: Array
    axes: Array
    start: Array

    @property
    def condition(self) -> float:
        """The least eigenvalue of K_0 over the largest."""
        return float(self.rates[0] / self.rates[-1])

    def losses(self, t: Array) -> Array:
        """L at flow times (k,), half-mse."""
        return _losses(t / self.problem.samples, self.rates, self.start)

    def losses_with(self, kernel: Array, t: Array) -> Array:
        """L at flow times (k,) as if this had been the kernel (n, n)."""
        rates, axes = np.linalg.eigh(kernel)
        return _losses(t / self.problem.samples, rates, axes.T @ (self.axes @ self.start))

    def weights(self, t: float) -> tuple[Array, Array]:
        """Hidden weights (m, d) and output weights (m,) at a flow time, which may be infinite."""
        dual, problem = self._dual(t), self.problem
        z = preactivations(problem.weights, problem.inputs)
        pull = (shares(z > 0.0, problem.slope) * dual) @ problem.inputs
        moved = problem.weights - problem.output_weights[:, None] * pull
        return moved, problem.output_weights - activation(z, problem.slope) @ dual

    def function(self, points: Array, t: float) -> tuple[Array, Array]:
        """The linearised function (k,) on points (k, d) at a flow time, and the first one there."""
        problem = self.problem
        first = predictions(problem.weights, problem.output_weights, points, problem.slope)
        both = np.concatenate([points, problem.inputs])
        kernel = tangent_kernel(problem.weights, problem.output_weights, both, problem.slope)
        return first - kernel[: len(points), len(points) :] @ self._dual(t), first

    def _dual(self, t: float) -> Array:
        """K_0^-1 (r_0 - r(t)) (n,)"""
        gone = -np.expm1(-self.rates * (t / self.problem.samples))
        dual: Array = self.axes @ (gone * self.start / self.rates)
        return dual


def _losses(t: Array, rates: Array, start: Array) -> Array:
    left = np.exp(-np.outer(t, rates)) * start
    losses: Array = 0.5 * np.einsum("kn,kn->k", left, left) / len(rates)
    return losses


def linearised(problem: Problem) -> Linearised:
    """The flow linearised at the start; ``rates`` may be zero, or below it by rounding."""
    parts = (problem.weights, problem.output_weights, problem.inputs)
    kernel = tangent_kernel(*parts, problem.slope)
    rates, axes = np.linalg.eigh(kernel)
    return Linearised(
        problem, kernel, rates, axes, axes.T @ residuals(*parts, problem.targets, problem.slope)
    )
