"""When a network leaves the plateau that it is on, from its state alone and without a free parameter.

Residuals are y - h. While r hardly moves, small neurons are flowed in closed form and grouped by the
direction w in which they end. A group of mass u_0 (its sum of |a_j||w_j| now) that grows alone is large at

    t_half = t + ln(u* / u_0) / (2 gamma),   gamma = s G_r(w),   u* = n gamma / sum_k sigma(<w, x_k>)^2:

u* is the mass at which it has fitted what lies along w, and at u*/2 the loss has fallen by 3/8 gamma u*,
three quarters of what the group takes away. Several groups, and the neurons that are large already, compete:

    du_g/dt = 2 u_g (gamma_g - sum_h H_gh u_h),
    H_gh = (s_g s_h / n) sum_k sigma(<w_g, x_k>) sigma(<w_h, x_k>),

on the loss L - sum_g gamma_g u_g + u'Hu / 2: the flow of bundles that grow but do not turn [derived].
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import Array, activation, loss_of, residuals, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.alignment import Attractor, gather
from reluflow.theory.readings import time_of_loss
from reluflow.theory.resting import ZERO, moving, strongest_pull
from reluflow.theory.small_neurons import Drift, drift

#: Final directions within this angle (radians) grow together.
TOGETHER = 0.03
#: Groups whose time alone is at most so many times the first one's compete with it.
RIVALS = 1.5
#: Competition is followed from the moment at which the first group has this share of its full mass.
SEED = 1e-9
#: Rounds in which kinks that would be met only after the escape are left out.
ROUNDS = 6
#: More large groups than this are not told apart, and only the small ones compete.
MOST_LARGE = 60


@dataclass(frozen=True)
class Forecast:
    """The next escape.

    ``time``: flow time of the problem's loss at which it has fallen to ``loss`` (in its convention), that
    is by 3/8 gamma u*; ``time_alone``: t_half of the first group without competition; ``rate``: gamma, in
    the problem's time; ``sign``, ``direction`` (d,), ``mass`` u*, ``log_mass`` ln(u_0) and indices of
    the ``neurons`` of the first group; ``rivals``: how many small groups compete with it.
    """

    time: float
    loss: float
    time_alone: float
    rate: float
    sign: int
    direction: Array
    mass: float
    log_mass: float
    neurons: npt.NDArray[np.intp]
    rivals: int

    def measure(self, run: Measured) -> float | None:
        """Flow time at which the loss of a run has fallen to ``loss``; None if it has not."""
        return time_of_loss(run, self.loss)


@dataclass(frozen=True)
class _Groups:
    """Bundles: ``hidden`` (g, n) = s sigma(<w, x_k>), growth ``rate`` (g,), ``log_mass`` (g,) now."""

    hidden: Array
    rate: Array
    log_mass: Array


def forecast(problem: Problem, state: State | None = None) -> Forecast | None:
    """The next escape from ``state`` (the start if None); None if no small neuron grows."""
    now = state or State(0.0, problem.weights, problem.output_weights)
    inputs, slope = problem.inputs, problem.slope
    residual = -residuals(now.weights, now.output_weights, inputs, problem.targets, slope)
    small = moving(problem, now, residual)
    groups, waits = _next_groups(now, small, problem, residual)
    if not groups:
        return None
    order = np.argsort(waits)
    lead, alone = groups[int(order[0])], float(waits[order[0]])
    if alone <= 0.0:
        return None
    close = [groups[int(i)] for i in order if waits[i] <= RIVALS * alone]
    mass = full_mass(lead.direction, lead.rate, inputs, slope)
    fall = 0.375 * lead.rate * mass
    bundles = _bundles(close, now, small, problem, residual)
    wait = _competition(bundles, alone - np.log(1.0 / SEED) / (2.0 * lead.rate), fall, 2.0 * RIVALS * alone)
    return Forecast(
        now.t + (alone if wait is None else wait) / problem.speed,
        (loss_of(residual) - fall) * problem.speed,
        now.t + alone / problem.speed,
        lead.rate * problem.speed,
        lead.sign,
        lead.direction,
        mass,
        lead.log_mass,
        small[lead.neurons],
        len(close) - 1,
    )


def full_mass(direction: Array, rate: float, inputs: Array, slope: float = 0.0) -> float:
    """u* = n gamma / sum_k sigma(<w, x_k>)^2 for a unit direction w (d,); infinite where it sees nothing."""
    hidden = activation(inputs @ direction, slope)
    seen = float(hidden @ hidden)
    return len(inputs) * rate / seen if seen > 0.0 else np.inf


def waiting_time(group: Attractor, inputs: Array, slope: float = 0.0) -> float:
    """Half-mse flow time until a group that grows alone has half of its full mass."""
    mass = full_mass(group.direction, group.rate, inputs, slope)
    return float(np.log(mass) - group.log_mass) / (2.0 * group.rate)


def _next_groups(
    now: State, small: npt.NDArray[np.intp], problem: Problem, residual: Array
) -> tuple[list[Attractor], Array]:
    """Groups of small neurons as they are when the first of them escapes, and their waiting times."""
    until, groups, waits = np.inf, [], np.zeros(0)
    inputs, slope = problem.inputs, problem.slope
    slowest = ZERO * strongest_pull(inputs, residual, slope)
    for _ in range(ROUNDS if small.size else 0):
        course: Drift = drift(now.weights[small], now.output_weights[small], inputs, residual, until, slope)
        found = [group for group in gather(course, TOGETHER) if group.rate > slowest]
        if not found:
            break
        groups = found
        waits = np.array([waiting_time(group, inputs, slope) for group in groups])
        first = int(np.argmin(waits))
        wait = float(waits[first])
        if groups[first].settled <= wait or abs(until - wait) <= 1e-6 * abs(wait) or wait <= 0.0:
            break
        until = wait
    return groups, waits


def _bundles(
    close: list[Attractor], now: State, small: npt.NDArray[np.intp], problem: Problem, residual: Array
) -> _Groups:
    """The small groups that compete, and the neurons that are large already."""
    directions = np.array([group.direction for group in close])
    signs = np.array([float(group.sign) for group in close])
    log_mass = np.array([group.log_mass for group in close])
    large = np.setdiff1d(np.arange(len(now.weights)), small)
    held = _clusters(now.weights[large], now.output_weights[large])
    if held is not None:
        directions = np.vstack([directions, held[0]])
        signs, log_mass = np.concatenate([signs, held[1]]), np.concatenate([log_mass, held[2]])
    hidden = signs[:, None] * activation(directions @ problem.inputs.T, problem.slope)
    rate = hidden @ residual / problem.samples
    rate[len(close) :] = 0.0  # they have fitted what they see
    return _Groups(hidden, rate, log_mass)


def _clusters(weights: Array, output_weights: Array) -> tuple[Array, Array, Array] | None:
    """Directions (g, d), signs and log masses (g,) of neurons grouped by angle; None if too many."""
    norms = row_norms(weights)
    mass = norms * np.abs(output_weights)
    order = np.argsort(-mass)
    order = order[mass[order] > 1e-12 * np.sum(mass)]
    signed = weights / np.where(norms > 0.0, norms, 1.0)[:, None]
    leads: list[int] = []
    total: list[float] = []
    for j in order:
        same = [
            i for i, lead in enumerate(leads)
            if output_weights[j] * output_weights[lead] > 0.0
            and np.linalg.norm(signed[j] - signed[lead]) <= TOGETHER
        ]  # fmt: skip
        if same:
            total[same[0]] += float(mass[j])
        elif len(leads) == MOST_LARGE:
            return None
        else:
            leads.append(int(j))
            total.append(float(mass[j]))
    if not leads:
        return None
    return signed[leads], np.sign(output_weights[leads]), np.log(np.array(total))


def _competition(groups: _Groups, start: float, fall: float, longest: float) -> float | None:
    """Half-mse time from now at which the loss has fallen by ``fall``; None if not before ``longest``."""
    from scipy.integrate import DOP853
    from scipy.optimize import brentq

    pairs = groups.hidden @ groups.hidden.T / groups.hidden.shape[1]
    begin = max(start, 0.0)
    log_mass = groups.log_mass + 2.0 * groups.rate * begin
    held = np.where(groups.rate == 0.0, np.exp(log_mass), 0.0)
    # the pull that large neurons exert now is in the residual already
    rate = groups.rate + pairs @ held

    def fallen(logs: Array) -> float:
        u = np.exp(logs)
        return float(rate @ (u - held) - 0.5 * (u @ pairs @ u - held @ pairs @ held)) - fall

    solver = DOP853(
        lambda _, logs: 2.0 * (rate - pairs @ np.exp(logs)), begin, log_mass, longest, rtol=1e-8, atol=1e-8
    )
    while solver.status == "running" and fallen(solver.y) < 0.0:
        solver.step()
    if fallen(solver.y) < 0.0 or solver.t_old is None:
        return None
    between = solver.dense_output()
    return float(brentq(lambda t: fallen(between(t)), solver.t_old, solver.t))
