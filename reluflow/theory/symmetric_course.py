"""What a small start does on symmetric data: two bundles of neurons, and the loss that they leave.

The inputs come in pairs x and -x with targets y and -y (Zhang, Saxe, Latham 2025, arXiv 2406.12615). Whatever
half-space a small neuron sees, it is one of each pair, so that the data exert the same force b/2 on all of
them, b = X'y/n. Neurons with a > 0 become one bundle along b, those with a < 0 one along -b, and together
they come to the line beta that fits best. With S = X'X/n on the span of the inputs, b = S beta, v_s the sum
of a_j w_j over the bundle of one sign, and half-mse,

    dv_s/dt = |v_s| (I + v v'/|v|^2) S/2 (beta - v_s),    L = floor + 1/4 sum_s (beta - v_s)' S (beta - v_s),

which is for each sign the equation of ``bundle`` with S/2 in place of H. Where S = c I it has the solution
v = u beta/|beta|, u(t) = |beta| / (1 + (|beta|/u_0 - 1) exp(-|b| t)). Times are flow time of half-mse.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.problem import Problem
from reluflow.theory.bundle import Bundle, final_rates, follow


@dataclass(frozen=True)
class CourseRules:
    """How the loss of two bundles is computed."""

    #: relative spread of the eigenvalues of S up to which it is c I: whitened data have about 1e-15
    white: float = 1e-9
    #: relative width of the interval in which the time of a loss is left: a few times the rounding of times
    time: float = 1e-12
    #: interval over which a rate is read, over the time 1/|b| in which small bundles grow by a factor e
    interval: float = 1e-3
    #: |ln(v/|beta|)| beyond which the square of its exponential would overflow; there the loss is at one of
    #: its ends
    largest_log: float = 350.0


COURSE: Final = CourseRules()


@dataclass(frozen=True)
class SymmetricCourse:
    """The two bundles of a start. Vectors are in coordinates of the inputs' span.

    ``inputs`` (n, p); ``line`` beta (p,); ``covariance`` S (p, p); ``floor``: the loss of the line;
    ``log_masses``: ln of u_0 of the bundles with a > 0 and with a < 0, -inf for one that has no neuron;
    ``offsets`` (2, p): by how much they start beside b, over the root of their mass.
    """

    inputs: Array
    line: Array
    covariance: Array
    floor: float
    log_masses: tuple[float, float]
    offsets: Array

    @property
    def size(self) -> float:
        """|beta|, the final sum of |a_j||w_j| of each bundle."""
        return float(np.linalg.norm(self.line))

    @property
    def rate(self) -> float:
        """|b|, at which the mass of small bundles grows."""
        return float(np.linalg.norm(self.covariance @ self.line))

    @cached_property
    def white(self) -> bool:
        """Whether S = c I on the span."""
        values = np.linalg.eigvalsh(self.covariance)
        return bool(values[-1] - values[0] <= COURSE.white * values[-1])

    @cached_property
    def bundles(self) -> list[Bundle]:
        """The paths of v_s, where both bundles have neurons."""
        pairs = zip(self.log_masses, self.offsets, strict=True)
        return [follow(self.inputs / np.sqrt(2.0), self.line, mass, offset) for mass, offset in pairs]

    @property
    def start_loss(self) -> float:
        """The loss of no network, without the floor."""
        return 0.5 * float(self.line @ self.covariance @ self.line)

    def excess(self, t: Array) -> Array:
        """L without the floor at flow times (k,), half-mse."""
        if self.white:
            return self._logistic(self.log_masses[0], t) + self._logistic(self.log_masses[1], t)
        return self.bundles[0].losses(t) + self.bundles[1].losses(t)

    def time_of(self, share: float) -> float:
        """The flow time at which the loss without the floor has fallen to a share of 1e-9 or more of it."""
        low, high = 0.0, 1.0 / self.rate
        while self.excess(np.array([high]))[0] > share * self.start_loss:
            low, high = high, 2.0 * high
        while high - low > COURSE.time * high:
            middle = 0.5 * (low + high)
            below = self.excess(np.array([middle]))[0] <= share * self.start_loss
            low, high = (low, middle) if below else (middle, high)
        return high

    def rate_at(self, share: float) -> float:
        """-d ln(L - floor) / dt where L - floor has fallen by a share, half-mse."""
        t = self.time_of(share) + np.array([-COURSE.interval, 0.0]) / self.rate
        logs = np.log(self.excess(t))
        return float((logs[0] - logs[1]) / (t[1] - t[0]))

    @property
    def rates(self) -> Array:
        """Of the modes in which the bundles come to the line, the slowest first, of ln L and half-mse.

        Where S = c I a small start has a part in one of them alone, that along beta.
        """
        rates = final_rates(self.inputs / np.sqrt(2.0), self.line)
        return rates[-1:] if self.white else rates

    def _logistic(self, log_mass: float, t: Array) -> Array:
        """1/4 (beta - v)' S (beta - v) where S = c I: the share of beta that is missing is 1/(1 + e^x)."""
        logs = log_mass - np.log(self.size) + self.rate * t
        grown = np.clip(logs, -COURSE.largest_log, COURSE.largest_log)
        lost: Array = 0.5 * self.start_loss / np.square(1.0 + np.exp(grown))
        return lost


def symmetric_course(problem: Problem) -> SymmetricCourse:
    """The bundles of a small start, from the light-cone coordinates of its neurons along b.

    A small neuron is boosted along b: a_j and <w_j, b>/|b| both tend to c_j exp(|b| t / 2) with c_j half of
    their sum at first, whatever samples it sees. Hence the sign of c_j says to which bundle it comes.
    """
    span = problem.span
    inputs, weights = span.inputs, span.project(problem.weights)
    line: Array = np.linalg.lstsq(inputs, problem.targets, rcond=None)[0].astype(np.float64)
    covariance: Array = inputs.T @ inputs / problem.samples
    pull = covariance @ line
    towards = pull / np.linalg.norm(pull)
    along = weights @ towards
    coefficients = 0.5 * (problem.output_weights + along)
    missed = problem.targets - inputs @ line
    log_masses, offsets = [], []
    for sign in (1.0, -1.0):
        members = sign * coefficients > 0.0
        largest = np.max(np.abs(coefficients[members]), initial=0.0)
        share = coefficients[members] / (largest or 1.0)
        mass = float(share @ share)
        with np.errstate(divide="ignore"):
            log_masses.append(float(2.0 * np.log(largest) + np.log(mass)))
        across = weights[members] - np.outer(along[members], towards)
        offsets.append(share @ across / np.sqrt(mass) if mass > 0.0 else np.zeros_like(line))
    floor = 0.5 * float(missed @ missed) / problem.samples
    return SymmetricCourse(inputs, line, covariance, floor, (log_masses[0], log_masses[1]), np.array(offsets))
