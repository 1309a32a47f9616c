"""All of training under one neuron as teacher, put together from its closed-form parts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluflow.network import Array, row_norms
from reluflow.problem import Problem
from reluflow.theory.bundle import Bundle, final_rate, follow
from reluflow.theory.pair_law import Amplitudes, amplitudes, transported
from reluflow.theory.yardsticks import Alignment, align, yardstick

#: targets this close to <v, x_k> (relative to their size) are those of one neuron
EXACT = 1e-9
#: points on the bundle's path between which directions are carried
PATH = 2000


def find_teacher(problem: Problem) -> Array | None:
    """v* (d,) in the span of the inputs with <v*, x_k> = y_k > 0 for all k; None if there is none."""
    if np.any(problem.targets <= 0.0):
        return None
    inner, left = missed(problem.span.inputs, problem.targets)
    if left > EXACT:
        return None
    teacher: Array = problem.span.basis @ inner
    return teacher


def missed(inputs: Array, targets: Array) -> tuple[Array, float]:
    """v (p,) with the least |<v, x_k> - y_k| over inputs (n, p), and that as a share of |y|."""
    inner: Array = np.linalg.lstsq(inputs, targets, rcond=None)[0].astype(np.float64)
    return inner, float(np.linalg.norm(inputs @ inner - targets) / np.linalg.norm(targets))


@dataclass(frozen=True)
class TeacherTrajectory:
    """From a ``problem`` with targets of the neuron ``teacher`` (d,). Times are half-mse flow times."""

    problem: Problem
    teacher: Array

    @cached_property
    def alignment(self) -> Alignment:
        p = self.problem
        return align(p.inputs, p.targets, p.weights, p.output_weights)

    @property
    def size(self) -> float:
        """|v*|"""
        return float(np.linalg.norm(self.teacher))

    @cached_property
    def amplitudes(self) -> Amplitudes:
        """Of the bundle, which must not be empty."""
        return amplitudes(self.alignment, yardstick(self.problem.inputs, self.problem.targets))

    @cached_property
    def bundle(self) -> Bundle:
        """The path of v, in coordinates of the span."""
        offset = self.amplitudes.offset @ self.problem.span.basis
        return follow(self.problem.span.inputs, self.inner_teacher, self.amplitudes.log_mass, offset)

    @property
    def inner_teacher(self) -> Array:
        """v* (p,) in coordinates of the span."""
        inner: Array = self.teacher @ self.problem.span.basis
        return inner

    @cached_property
    def aligned(self) -> float:
        """Flow time of the last crossing of the bundle, of which the last thousandth may come later."""
        settled = self.alignment.settled[self.alignment.bundle]
        order = np.argsort(settled)
        share = np.cumsum(self.amplitudes.shares[order])
        return float(settled[order][np.searchsorted(share, 0.999 * share[-1])])

    @property
    def start_loss(self) -> float:
        """Loss (half-mse) of a network of vanishing size."""
        targets = self.problem.targets
        return 0.5 * float(targets @ targets) / targets.size

    @cached_property
    def half_time(self) -> float:
        """Flow time at which half of that loss is left."""
        return self.bundle.time_of_loss(0.5 * self.start_loss)

    @property
    def final_rate(self) -> float:
        """Rate at which ln L falls in the end."""
        return final_rate(self.problem.span.inputs, self.inner_teacher)

    @cached_property
    def path_times(self) -> Array:
        """Flow times (PATH,) from the bundle's ``join`` to its end, close together at first."""
        length = self.bundle.end - self.bundle.join
        since = np.concatenate([[0.0], np.geomspace(1e-5 * length, length, PATH - 1)])
        return self.bundle.join + since

    @cached_property
    def path(self) -> Array:
        """v (PATH, p) at ``path_times``, in coordinates of the span."""
        return self.bundle.vectors(self.path_times)

    @cached_property
    def final_weights(self) -> tuple[Array, Array]:
        """The network (m, d), (m,) at zero loss: dead neurons as alignment left them, the bundle at v*."""
        weights, outputs = self.alignment.weights.copy(), self.alignment.output_weights.copy()
        gamma = yardstick(self.problem.inputs, self.problem.targets)
        path = np.vstack([gamma, self.path @ self.problem.span.basis.T, self.teacher])
        carried = transported(path / row_norms(path)[:, None], self.amplitudes.displacements(self.size))
        directions = self.teacher / self.size + carried
        sizes = np.sqrt(self.amplitudes.shares * self.size)
        members = self.alignment.bundle
        weights[members] = sizes[:, None] * directions / row_norms(directions)[:, None]
        outputs[members] = sizes
        return weights, outputs

    def progress(self, vectors: Array) -> tuple[Array, Array]:
        """Eigen-coordinates of v over those of v*, (k, p), and v*'s own (p,), by decreasing eigenvalue of H.

        ``vectors`` (k, p) in coordinates of the span. In the region S_l of P2 the first l - 1 have reached 1.
        """
        _, axes = np.linalg.eigh(self.bundle.covariance)
        goal = self.inner_teacher @ axes[:, ::-1]
        ratios: Array = (vectors @ axes[:, ::-1]) / np.where(goal == 0.0, np.nan, goal)
        return ratios, goal
