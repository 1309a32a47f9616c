"""One bundle of neurons that fits orthogonal samples: exact formulas, an oracle for solvers and escape times.

A bundle is a set of neurons with one direction; its vector is v = sum_j a_j w_j and its mass u = |v|.
Times are flow time of the half-mse loss; y is what the bundle fits, |y_k| for its own sign.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.network import Array

#: The bundle's mass, as a share of its final one, at which the turning of a bundle is first followed.
SEED_SHARE = 1e-7


@dataclass(frozen=True)
class BundleTrajectory:
    """``mass`` (k,) = |a_j| |w_j| summed, and ``cosine`` (k,) of the angle to D, at given times."""

    mass: Array
    cosine: Array


def exact_trajectory(
    times: Array, rate: float, stiffness: float, size: float, cosine: float
) -> BundleTrajectory:
    """Exact trajectory of one bundle of balanced, parallel neurons on samples of equal length.

    ``rate`` gamma = |D|, ``stiffness`` kappa = rho^2 / n, ``size`` a0 = sqrt(sum_j |w_j|^2) at t = 0,
    ``cosine`` c of the angle between the neurons and D at t = 0 (within the span of the samples). With
    tau = gamma t,

        I = (a0^2 / gamma) [(1 - c^2) tau / 2 + (1 + c^2) / 4 sinh 2 tau + (c / 2)(cosh 2 tau - 1)]
        u = a0^2 (cosh tau + c sinh tau)^2 / (1 + 2 kappa I),     cos angle = tanh(artanh c + tau).

    Source: derived. Long times do not overflow.
    """
    tau = rate * np.asarray(times, dtype=float)
    shrink = np.exp(-2.0 * tau)
    # everything divided by exp(2 tau)
    numerator = 0.25 * size**2 * ((1.0 + shrink) + cosine * (1.0 - shrink)) ** 2
    integral = (1.0 - cosine**2) * 0.5 * tau * shrink
    integral += 0.125 * (1.0 + cosine**2) * (1.0 - shrink**2) + 0.25 * cosine * (1.0 - shrink) ** 2
    integral *= size**2 / rate
    with np.errstate(divide="ignore"):
        turned = np.tanh(np.arctanh(cosine) + tau)
    return BundleTrajectory(numerator / (shrink + 2.0 * stiffness * integral), turned)


def least_mass(targets: Array, lengths: Array) -> float:
    """sqrt(sum_k y_k^2 / rho_k^2): the least mass that fits orthogonal samples of one sign."""
    return float(np.linalg.norm(targets / lengths))


def fitting_rate(targets: Array, lengths: Array, samples: int) -> float:
    """gamma = |D| = (1/n) sqrt(sum_k y_k^2 rho_k^2): the growth rate of a neuron along D."""
    return float(np.linalg.norm(targets * lengths)) / samples


def unit_time(targets: Array, lengths: Array, samples: int) -> float:
    """Time after which a bundle along D of extrapolated mass u_0 = 1 at t = 0 has done 3/4 of its drop.

    The drop is that of sum_k r_k^2 over the bundle's own samples; for any other u_0 the time is shorter by
    ln(u_0) / (2 gamma). For equal lengths rho it is ln(u_inf) / (2 gamma), u_inf = n gamma / rho^2;
    otherwise the bundle turns while it grows and dv/dt = |v| (I + vbar vbar') D(v) is integrated.
    """
    targets, lengths = np.abs(targets), np.asarray(lengths, dtype=float)
    rate = fitting_rate(targets, lengths, samples)
    if np.ptp(lengths) <= 1e-12 * np.max(lengths):
        return float(np.log(samples * rate / lengths[0] ** 2) / (2.0 * rate))
    return _turning_time(targets, lengths, samples, rate)


def _turning_time(targets: Array, lengths: Array, samples: int, rate: float) -> float:
    """``unit_time`` for samples of different lengths, in the coordinates c_k = <v, x_k> / rho_k."""
    from scipy.integrate import DOP853
    from scipy.optimize import brentq

    seed = SEED_SHARE * least_mass(targets, lengths)
    start = seed * targets * lengths / (samples * rate)

    def slope(_: float, c: Array) -> Array:
        pull = (targets - lengths * c) * lengths / samples
        mass = float(np.linalg.norm(c))
        return mass * pull + c * (float(c @ pull) / mass)

    def left(c: Array) -> float:
        """What is left of the drop, less a quarter."""
        return float(np.sum((targets - lengths * c) ** 2) / np.sum(targets**2)) - 0.25

    solver = DOP853(slope, 0.0, start, np.inf, rtol=1e-9, atol=1e-12 * seed)
    while left(solver.y) > 0.0:
        solver.step()
    between = solver.dense_output()
    time = float(brentq(lambda t: left(between(t)), solver.t_old or 0.0, solver.t))
    return time + float(np.log(seed)) / (2.0 * rate)
