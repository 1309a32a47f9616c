"""One bundle of aligned neurons under one neuron as teacher: its equation, its loss curve, its final rate.

All live neurons are taken to be parallel, active on every sample, and balanced. Then v = sum_j a_j w_j obeys

    dv/dt = |v| (I + vbar vbar') H (v* - v),   vbar = v / |v|,   H = X'X / n,   L = (v* - v)' H (v* - v) / 2

(Chistikov, Englert, Lazic 2023), rows of X being the inputs. It starts from u_0 exp(2 |gamma| t) along
gamma = H v*, with u_0 from the alignment in closed form, and aside from gamma by an offset that fades as the
square root of its mass grows [derived]. With the offset ln(L) errs as the square of the scale, without it
as the scale. Times are flow time of the half-mse loss.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, row_norms


@dataclass(frozen=True)
class BundleMasses:
    """Shares of its final mass at which the equation of the bundle is begun and corrected."""

    #: share from which the bundle is followed: it grows along gamma there as if alone
    seed: float = 1e-8
    #: share at which its offset is added: the tilt is small by then, the mass still is
    join: float = 1e-2


MASSES: Final = BundleMasses()


Path = Callable[[Array], Array]


@dataclass(frozen=True)
class Bundle:
    """The path of v. Times are flow time of the half-mse loss.

    ``early(t)``, from ``start`` to ``join``: v as if along gamma at first, (p,) or (p, k), to which
    ``offset`` (p,) times sqrt(|v|) is added; ``late(t)``, from ``join`` to ``end``, follows from there.
    Before ``start`` v grows as exp(2 |gamma| t). ``teacher`` (p,), ``covariance`` H (p, p).
    """

    start: float
    join: float
    end: float
    early: Path
    late: Path
    offset: Array
    teacher: Array
    covariance: Array

    @property
    def rate(self) -> float:
        """|gamma|: small neurons that see every sample grow at this rate, the bundle at twice it."""
        return float(np.linalg.norm(self.covariance @ self.teacher))

    def vectors(self, t: Array) -> Array:
        """v at flow times (k,), shape (k, p); constant after ``end``."""
        early = np.atleast_2d(self.early(np.clip(t, self.start, self.join)).T)
        early = early * np.exp(2.0 * self.rate * np.minimum(t - self.start, 0.0))[:, None]
        early = early + np.sqrt(row_norms(early))[:, None] * self.offset
        late = np.atleast_2d(self.late(np.clip(t, self.join, self.end)).T)
        vectors: Array = np.where((t < self.join)[:, None], early, late)
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


def follow(
    inputs: Array, teacher: Array, log_start: float, offset: Array | None = None, smallest: float = 1e-10
) -> Bundle:
    """Integrate the bundle's equation from mass exp(``log_start`` + 2 |gamma| t) to a loss of ``smallest``.

    ``inputs`` (n, p) of rank p, ``teacher`` (p,). ``smallest`` is a share of the loss at the start. The mass
    is that of formal time 0: it need not be that of any network there. ``offset`` (p,): while the bundle is
    small v = |v| gamma / |gamma| + sqrt(|v|) offset [derived].
    """
    covariance = inputs.T @ inputs / len(inputs)
    gamma = covariance @ teacher
    rate, size = float(np.linalg.norm(gamma)), float(np.linalg.norm(teacher))
    start = (np.log(MASSES.seed * size) - log_start) / (2.0 * rate)
    aside = np.zeros_like(teacher) if offset is None else offset
    seed = MASSES.seed * size * gamma / rate

    def below(mass: float) -> Callable[[Array], float]:
        return lambda v: float(np.log(mass / np.sqrt(v @ v)))

    join, early = _integrate(covariance, teacher, start, seed, below(MASSES.join * size))
    joined = early(np.array(join))
    goal = smallest * float(teacher @ gamma)

    def above(v: Array) -> float:
        return float(np.log((teacher - v) @ covariance @ (teacher - v) / goal))

    tilted = joined + np.sqrt(MASSES.join * size) * aside
    end, late = _integrate(covariance, teacher, join, tilted, above)
    return Bundle(start, join, end, early, late, aside, teacher, covariance)


def _integrate(
    covariance: Array, teacher: Array, start: float, v: Array, left: Callable[[Array], float]
) -> tuple[float, Path]:
    """The time at which ``left`` of v has fallen to zero, and the path until then."""
    from scipy.integrate import solve_ivp

    def slope(t: float, v: Array) -> Array:
        pull = covariance @ (teacher - v)
        length = np.sqrt(v @ v)
        turned: Array = length * pull + (v @ pull / length) * v
        return turned

    def ended(t: float, v: Array) -> float:
        return left(v)

    ended.terminal = True  # type: ignore[attr-defined]
    tiny = 1e-8 * MASSES.seed * float(np.linalg.norm(teacher))
    found = solve_ivp(
        slope, (start, np.inf), v, "LSODA", dense_output=True, events=ended, rtol=1e-9, atol=tiny
    )
    assert found.sol is not None
    return float(found.t[-1]), found.sol


def final_rate(inputs: Array, teacher: Array) -> float:
    """-d ln L / dt in the end, half-mse: 2 |v*| lambda_min(H^(1/2) (I + vbar* vbar*') H^(1/2)) [derived].

    ``inputs`` (n, p) of rank p, ``teacher`` (p,).
    """
    return float(final_rates(inputs, teacher)[0])


def final_rates(inputs: Array, teacher: Array) -> Array:
    """The rates (p,) of all modes of L near v*, half-mse, the slowest first; see ``final_rate``."""
    rates: Array = 2.0 * np.linalg.norm(teacher) * np.linalg.eigvalsh(_final_operator(inputs, teacher))
    return rates


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
