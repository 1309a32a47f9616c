"""Training in the limit scale -> 0 on any data: dormant directions with exponents, and escapes.

With T = t / ln(1/scale) the limit is a sequence of jumps [derived]. Neurons are dormant, of size scale^e_j
with e_j = 1 at first, or large. On a plateau, where the residual r = y - h rests:

* a dormant neuron of sign s has turned to a local maximum u of s G_r(u), or died, or stopped where nothing
  pulls, G_r(u) = (1/n) sum_k r_k relu(<u, x_k>);
* its exponent falls at the rate lambda_j = s_j <u_j, D_j> (it rises where the neuron is held on kinks and
  pulled straight back), until the first one is zero, after min e_j / lambda_j;
* those neurons become large, and the large ones flow to their next stationary point (``active_flow``),
  which takes no time on this clock but turns the dormant ones.

A neuron that is not balanced, a^2 - |w|^2 = delta, has delta of the size scale^2: as long as e_j = 1 it moves
with that, through w = 0 and with changes of sign; once it has grown it is balanced, until it shrinks back to
e_j = 1, where delta takes it through the origin.

Neurons of one sign and direction are one, also while they cross a kink one after another. Simulation comes
to this like 1 / ln(1/scale). Where inputs are exactly orthogonal, inactive coordinates of a neuron come to
rest on their kinks: see ``jump_process``. Times are of half-mse.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.network import BALANCED, Array, imbalance, loss_of, row_norms
from reluflow.theory.active_flow import FLOW_TO_REST, Bundles, Rest, flow_to_rest, in_own_units
from reluflow.theory.effort import EFFORT
from reluflow.theory.forecast import full_mass
from reluflow.theory.resting import growth_rate_bound
from reluflow.theory.small_neurons import Field, Index, final_growth_in, pulls


@dataclass(frozen=True)
class ProcessLimits:
    """What counts as zero, as equal, and as too much in the limit scale -> 0."""

    #: share of a seed's mass to which a large neuron has shrunk when it is dormant again
    gone: float = 1e-9
    #: radians up to which directions of neurons of one sign are one
    same: float = 1e-5
    #: share of the growth-rate bound of a plateau below which a rate is zero
    zero: float = 1e-5
    #: times 1 / (growth-rate bound) for which dormant neurons are followed on a plateau, which is to its
    #: end
    long: float = 1e7
    #: size at which a neuron that shrinks begins to feel its imbalance, in units of the root of that
    woken: float = 1e3
    #: mass of a neuron that becomes large, as a share of what it grows to
    seed: float = 1e-10
    #: share of |w||x| below which a pre-activation is on its kink
    kink: float = 1e-7
    #: share of T within which neurons become large at one moment
    together: float = 1e-9
    #: escapes that are followed, at most
    escapes: int = 60
    #: groups of dormant neurons that are followed, at most
    groups: int = 150


PROCESS: Final = ProcessLimits()


@dataclass(frozen=True)
class Dormant:
    """Groups of dormant neurons: ``weights`` (g, d), ``outputs`` (g,) in units of their size, scale^exponent.

    ``exponent`` (g,), and the ``rate`` (g,) at which it falls; ``delta`` (g,): a^2 - |w|^2 over scale^2;
    ``members``: which neurons of the start each is made of.
    """

    weights: Array
    outputs: Array
    exponent: Array
    rate: Array
    delta: Array
    members: tuple[Index, ...]

    @property
    def sign(self) -> Array:
        return np.sign(self.outputs)

    @property
    def direction(self) -> Array:
        """Unit vectors (g, d), zero where w is."""
        norms = row_norms(self.weights)
        direction: Array = self.weights / np.where(norms > 0.0, norms, 1.0)[:, None]
        return direction

    def take(self, rows: Index) -> "Dormant":
        return Dormant(
            self.weights[rows], self.outputs[rows], self.exponent[rows], self.rate[rows], self.delta[rows],
            tuple(self.members[i] for i in rows),
        )  # fmt: skip


@dataclass(frozen=True)
class Escape:
    """``time`` T; ``sign``, ``direction`` (d,), growth ``rate`` and ``neurons`` of the start that fire first.

    ``loss`` (half-mse) of the plateau that follows, and ``norm``, its sum of |a_j||w_j|; ``lag``: flow time
    that the fall of the loss takes beyond the growth of its seed, nothing on the clock of the limit.
    """

    time: float
    sign: int
    direction: Array
    rate: float
    neurons: Index
    loss: float
    norm: float
    lag: float

    @classmethod
    def of(cls, lead: Dormant, time: float, rest: Rest, lag: float) -> "Escape":
        """That of groups which fire together, from the rest that they lead to."""
        sign, direction, rate = int(lead.sign[0]), lead.direction[0], float(lead.rate[0])
        neurons, loss = np.sort(np.concatenate(lead.members)), loss_of(rest.residual)
        return cls(time, sign, direction, rate, neurons, loss, float(np.sum(rest.large.mass)), lag)


@dataclass(frozen=True)
class Limit:
    """``escapes`` in order, ``start_loss``, ``final`` bundles; ``trouble``: why it was not followed on."""

    escapes: tuple[Escape, ...]
    start_loss: float
    final: Bundles
    trouble: str = ""

    @property
    def final_loss(self) -> float:
        return self.escapes[-1].loss if self.escapes else self.start_loss

    @property
    def norm(self) -> float:
        """The final sum of |a_j||w_j|."""
        return float(np.sum(self.final.mass))


def general_limit(inputs: Array, targets: Array, weights: Array, output_weights: Array) -> Limit:
    """The limit of vanishing scale for any data (n, d), (n,) from the directions of a start (m, d), (m,).

    Raises TooManyKinksError.
    """
    return _Limit(inputs, targets).run(weights, output_weights)


class _Limit:
    def __init__(self, inputs: Array, targets: Array) -> None:
        self.inputs, self.targets = inputs, targets
        self.large = Bundles(np.zeros((0, inputs.shape[1])), np.zeros(0))
        self.budget = EFFORT.budget

    def run(self, weights: Array, output_weights: Array) -> Limit:
        """Follow a start (m, d), (m,): dormant neurons grow until one is large, which then flows to rest.

        Between two escapes the clock jumps to the next time at which a group becomes large (fires), or has
        shrunk to where its imbalance counts again (wakes).
        """
        start_loss, time = loss_of(self.targets), 0.0
        dormant = self._settled(_start(weights, output_weights), self.targets)
        residual = self.targets
        escapes: list[Escape] = []
        if len(dormant.sign) > PROCESS.groups:
            many = f"small neurons come to rest in {len(dormant.sign)} places, more than {PROCESS.groups}"
            return Limit((), start_loss, self.large, many)
        while len(escapes) < PROCESS.escapes:
            fire, wake = _waits(dormant)
            wait = max(min(np.min(fire, initial=np.inf), np.min(wake, initial=np.inf)), 0.0)
            if np.isinf(wait):
                return Limit(tuple(escapes), start_loss, self.large)
            together = wait + PROCESS.together * (time + wait)
            time += wait
            dormant = replace(dormant, exponent=dormant.exponent - dormant.rate * wait)
            fires = np.flatnonzero(fire <= together)
            if not fires.size:
                dormant = self._settled(woken(dormant, np.flatnonzero(wake <= together)), residual)
                continue
            lead = dormant.take(fires)
            seeding = float(np.max(np.log(1.0 / PROCESS.seed) / (2.0 * lead.rate)))
            others = dormant.take(np.setdiff1d(np.arange(len(fire)), fires))
            rest = self._escape(lead, others, seeding)
            residual = rest.residual
            escape = Escape.of(lead, time, rest, max(rest.time - seeding, 0.0))
            escapes.append(escape)
            others = replace(others, weights=rest.dormant.weights, outputs=rest.dormant.output_weights)
            if escape.loss <= FLOW_TO_REST.fitted * start_loss:
                return Limit(tuple(escapes), start_loss, rest.large)
            self.large, others = faded(rest, others)
            dormant = self._settled(others, residual)
            if not rest.still:
                return Limit(tuple(escapes), start_loss, self.large, "the large neurons do not come to rest")
        return Limit(tuple(escapes), start_loss, self.large, f"more than {PROCESS.escapes} escapes")

    def _escape(self, seeds: Dormant, others: Dormant, seeding: float) -> Rest:
        """Seeds of the groups that fire join the large ones, and all of these flow to rest."""
        mass = [full_mass(u, rate, self.inputs) for u, rate in zip(seeds.direction, seeds.rate, strict=True)]
        size = np.sqrt(PROCESS.seed * np.array(mass))
        begun = Bundles(
            np.vstack([self.large.weights, size[:, None] * seeds.direction]),
            np.concatenate([self.large.output_weights, size * seeds.sign]),
        )
        small = Bundles(others.weights, others.outputs)
        return flow_to_rest(self.inputs, self.targets, begun, small, seeding)

    def _settled(self, dormant: Dormant, residual: Array) -> Dormant:
        """Dormant neurons where they rest under ``residual``: the dead left out, equal ones merged."""
        w, a = dormant.weights.copy(), dormant.outputs.copy()
        pull, rate = growth_rate_bound(self.inputs, residual), np.zeros(len(a))
        slow = PROCESS.zero * pull
        force = row_norms(pulls(w, a, self.inputs, residual))
        moved = np.flatnonzero(force > slow)
        if moved.size:
            field = Field(self.inputs, residual, budget=self.budget)
            ends = final_growth_in(field, w[moved], a[moved], PROCESS.long / pull)
            self.budget = field.budget
            grows = ends.rate > slow
            w[moved] = np.where(grows[:, None], ends.direction, ends.last_weights)
            a[moved] = np.where(grows, ends.sign, ends.last_outputs)
            rate[moved] = np.where(grows, ends.rate, -np.where(ends.decay > slow, ends.decay, 0.0))
        width = PROCESS.kink * np.outer(row_norms(w), row_norms(self.inputs))
        alive = np.any(w @ self.inputs.T > width, axis=1)
        return _merged(replace(dormant, weights=w, outputs=a, rate=rate).take(np.flatnonzero(alive)))


def _start(weights: Array, output_weights: Array) -> Dormant:
    """Every neuron a group of its own, with the imbalance that it has, in units of the largest."""
    m = len(weights)
    size = np.maximum(row_norms(weights), np.abs(output_weights))
    unit = float(np.max(size, initial=0.0)) or 1.0
    delta = imbalance(weights / unit, output_weights / unit)
    delta[np.abs(delta) <= BALANCED * (size / unit) ** 2] = 0.0
    members = tuple(np.array([j]) for j in range(m))
    return Dormant(weights / unit, output_weights / unit, np.ones(m), np.zeros(m), delta, members)


def _waits(dormant: Dormant) -> tuple[Array, Array]:
    """Times (g,) until groups become large, and until those that shrink are as small as their imbalance."""
    rate = np.where(dormant.rate == 0.0, 1.0, dormant.rate)
    fire = np.where(dormant.rate > 0.0, np.maximum(dormant.exponent, 0.0) / rate, np.inf)
    shrinks = (dormant.rate < 0.0) & (dormant.delta != 0.0)
    wake = np.where(shrinks, np.maximum(1.0 - dormant.exponent, 0.0) / -rate, np.inf)
    return fire, wake


def faded(rest: Rest, dormant: Dormant) -> tuple[Bundles, Dormant]:
    """The large neurons that are left at rest; those that shrank away are dormant again, with exponent 0."""
    mass = rest.large.mass
    gone = mass <= PROCESS.seed * PROCESS.gone * np.sum(mass)
    large = Bundles(rest.large.weights[~gone], rest.large.output_weights[~gone])
    small = in_own_units(rest.large.weights[gone], rest.large.output_weights[gone])
    none = np.zeros(int(np.count_nonzero(gone)))
    return large, Dormant(
        np.vstack([dormant.weights, small.weights]),
        np.concatenate([dormant.outputs, small.output_weights]),
        np.concatenate([dormant.exponent, none]),
        np.concatenate([dormant.rate, none]),
        np.concatenate([dormant.delta, none]),
        (*dormant.members, *(np.zeros(0, np.intp) for _ in none)),
    )


def woken(dormant: Dormant, rows: Index) -> Dormant:
    """Groups that have shrunk back to scale^1, where they move with their imbalance again."""
    w, a, exponent = dormant.weights.copy(), dormant.outputs.copy(), dormant.exponent.copy()
    size = PROCESS.woken * np.sqrt(np.abs(dormant.delta[rows]))
    w[rows] = size[:, None] * dormant.direction[rows]
    a[rows] = dormant.sign[rows] * np.sqrt(size**2 + dormant.delta[rows])
    exponent[rows] = 1.0
    return replace(dormant, weights=w, outputs=a, exponent=exponent)


def _merged(dormant: Dormant) -> Dormant:
    """One group for each sign and direction; it is as large as the largest of its parts.

    Neurons at rest that are not balanced are no one's like.
    """
    order = np.argsort(dormant.exponent, kind="stable")
    direction, sign = dormant.direction, dormant.sign
    alone = (dormant.rate <= 0.0) & (dormant.delta != 0.0)
    leads: list[int] = []
    parts: list[list[Index]] = []
    for j in order:
        for i, lead in enumerate(leads):
            near = np.linalg.norm(direction[j] - direction[lead]) <= PROCESS.same
            if sign[j] == sign[lead] and near and not (alone[j] or alone[lead]):
                parts[i].append(dormant.members[j])
                break
        else:
            leads.append(int(j))
            parts.append([dormant.members[j]])
    found = dormant.take(np.array(leads, dtype=np.intp))
    return replace(found, members=tuple(np.concatenate(part) for part in parts))
