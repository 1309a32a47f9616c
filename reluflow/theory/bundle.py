"""One bundle of aligned neurons under one neuron as teacher: its equation, its loss curve, its final rate.

All live neurons are taken to be parallel, active on every sample, and balanced. Then v = sum_j a_j w_j obeys

    dv/dt = |v| (I + vbar vbar') H (v* - v),   vbar = v / |v|,   H = X'X / n,   L = (v* - v)' H (v* - v) / 2

(Chistikov, Englert, Lazic 2023, section 5), rows of X being the inputs. It starts from u_0 exp(2 |gamma| t)
along gamma = H v*, with u_0 from the alignment in closed form [derived]. Times are flow time of the half-mse
loss.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reluflow.network import Array

#: the bundle is followed from this share of its final mass, where it grows along gamma as if alone
SEED = 1e-8


@dataclass(frozen=True)
class Bundle:
    """The path of v.

    ``start``, ``end``: flow times between which ``at(t)`` gives v as (p,) or (p, k); before, v is
    ``mass_at_start`` exp(2 rate (t - start)) along ``gamma`` / rate. ``teacher`` (p,), ``covariance`` (p, p).
    """

    start: float
    end: float
    at: Callable[[Array], Array]
    gamma: Array
    teacher: Array
    covariance: Array

    @property
    def rate(self) -> float:
        """|gamma|: small neurons that see every sample grow at this rate, the bundle at twice it."""
        return float(np.linalg.norm(self.gamma))

    def vectors(self, t: Array) -> Array:
        """v at flow times (k,), shape (k, p)."""
        inside = np.clip(t, self.start, self.end)
        path = np.atleast_2d(self.at(inside).T)
        early = np.exp(2.0 * self.rate * np.minimum(t - self.start, 0.0))
        vectors: Array = path * early[:, None]
        return vectors

    def losses(self, t: Array) -> Array:
        """L at flow times (k,), half-mse; constant after ``end``."""
        missing = self.teacher - self.vectors(t)
        losses: Array = 0.5 * np.einsum("kp,pq,kq->k", missing, self.covariance, missing)
        return losses

    def time_of_loss(self, loss: float) -> float:
        """The flow time at which L (half-mse) has fallen to ``loss``; NaN if it does not by ``end``."""
        low, high = self.start, self.end
        if self.losses(np.array([high]))[0] > loss:
            return np.nan
        while high - low > 1e-12 * abs(high):
            middle = 0.5 * (low + high)
            below = self.losses(np.array([middle]))[0] <= loss
            low, high = (low, middle) if below else (middle, high)
        return 0.5 * (low + high)


def follow(inputs: Array, teacher: Array, log_start: float, smallest: float = 1e-10) -> Bundle:
    """Integrate the bundle's equation from mass exp(``log_start`` + 2 |gamma| t) to L = ``smallest``.

    ``inputs`` (n, p) of rank p, ``teacher`` (p,). ``smallest`` is a share of the loss at the start. The mass
    is that of formal time 0: it need not be that of any network there.
    """
    from scipy.integrate import solve_ivp

    covariance = inputs.T @ inputs / len(inputs)
    gamma = covariance @ teacher
    rate, size = float(np.linalg.norm(gamma)), float(np.linalg.norm(teacher))
    start = (np.log(SEED * size) - log_start) / (2.0 * rate)
    goal = smallest * float(teacher @ gamma)

    def slope(t: float, v: Array) -> Array:
        pull = covariance @ (teacher - v)
        length = np.sqrt(v @ v)
        turned: Array = length * pull + (v @ pull / length) * v
        return turned

    def fitted(t: float, v: Array) -> float:
        missing = teacher - v
        return float(np.log(missing @ covariance @ missing) - np.log(goal))

    fitted.terminal = True  # type: ignore[attr-defined]
    slowest = final_rate(inputs, teacher)
    longest = start + np.log(size / (SEED * size)) / rate + 3.0 * np.log(1.0 / smallest) / slowest
    found = solve_ivp(
        slope, (start, longest), SEED * size * gamma / rate, method="LSODA", rtol=1e-9,
        atol=1e-12 * size * np.sqrt(SEED), dense_output=True, events=fitted,
    )  # fmt: skip
    assert found.sol is not None
    return Bundle(start, float(found.t[-1]), found.sol, gamma, teacher, covariance)


def final_rate(inputs: Array, teacher: Array) -> float:
    """-d ln L / dt in the end, half-mse: 2 |v*| lambda_min(H^(1/2) (I + vbar* vbar*') H^(1/2)) [derived].

    ``inputs`` (n, p) of rank p, ``teacher`` (p,).
    """
    return float(2.0 * np.linalg.norm(teacher) * np.linalg.eigvalsh(_final_operator(inputs, teacher))[0])


def excess_rate(inputs: Array, teacher: Array, bundle: Array) -> float:
    """By how much (relative) ln L of ``bundle`` v (p,) near v* falls faster than at the final rate."""
    operator = _final_operator(inputs, teacher)
    missing = _root(inputs) @ (teacher - bundle)
    slope = float(missing @ operator @ missing) / float(missing @ missing)
    return slope / float(np.linalg.eigvalsh(operator)[0]) - 1.0


def _root(inputs: Array) -> Array:
    """H^(1/2)"""
    sizes, axes = np.linalg.eigh(inputs.T @ inputs / len(inputs))
    root: Array = (axes * np.sqrt(np.maximum(sizes, 0.0))) @ axes.T
    return root


def _final_operator(inputs: Array, teacher: Array) -> Array:
    root = _root(inputs)
    towards = root @ teacher / np.linalg.norm(teacher)
    operator: Array = root @ root + np.outer(towards, towards)
    return operator
