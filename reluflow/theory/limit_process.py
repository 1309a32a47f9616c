"""Training in the limit scale -> 0 on any data: dormant directions with exponents, and escapes.

With T = t / ln(1/scale) the limit is a sequence of jumps [derived]. Neurons are dormant, |w_j| = scale^e_j
with e_j = 1 at first, or large. On a plateau, where the residual r = y - h rests:

* a dormant neuron of sign s has turned to a local maximum u of s G_r(u), or died, or stopped where nothing
  pulls, G_r(u) = (1/n) sum_k r_k relu(<u, x_k>);
* its exponent falls at the rate lambda_j = s_j <u_j, D_j> (it rises where the neuron is held on kinks and
  pulled straight back), until the first one is zero, after min e_j / lambda_j;
* those neurons become large, and the large ones flow to their next stationary point (``active_flow``),
  which takes no time on this clock but turns the dormant ones.

Neurons of one sign and direction are one, also while they cross a kink one after another. Simulation comes
to this like 1 / ln(1/scale). Where inputs are exactly orthogonal, inactive coordinates of a neuron come to
rest on their kinks: see ``jump_process``. Times are of half-mse.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, loss_of, row_norms
from reluflow.theory.active_flow import Bundles, Rest, flow_to_rest
from reluflow.theory.forecast import full_mass
from reluflow.theory.resting import strongest_pull
from reluflow.theory.small_neurons import drift, pulls

Index = npt.NDArray[np.intp]

#: A large neuron whose mass has shrunk to this share of a seed's is dormant again.
GONE = 1e-9
#: Directions of one sign closer than this (radians) are one.
SAME = 1e-5
#: Rates below this share of the strongest pull at the start are zero.
ZERO = 1e-5
#: Dormant neurons are followed on a plateau for so many times 1 / (strongest pull at the start).
LONG = 1e7
#: Mass of a neuron that becomes large, as a share of what it grows to.
SEED = 1e-10
#: Pre-activations below this share of |w||x| are kinks.
KINK = 1e-7
#: Neurons that fire within this share of T fire together.
TOGETHER = 1e-9
#: More escapes, or more groups of dormant neurons, than this are not followed.
MOST_ESCAPES, MOST_GROUPS = 60, 150


@dataclass(frozen=True)
class Dormant:
    """Groups of dormant neurons: ``sign`` (g,), unit ``direction`` (g, d), ``exponent`` (g,), ``rate`` (g,).

    ``members``: which neurons of the start each is made of.
    """

    sign: Array
    direction: Array
    exponent: Array
    rate: Array
    members: tuple[Index, ...]

    def take(self, rows: Index) -> "Dormant":
        return Dormant(
            self.sign[rows], self.direction[rows], self.exponent[rows], self.rate[rows],
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
    """The limit of vanishing scale for any data (n, d), (n,) from the directions of a start (m, d), (m,)."""
    return _Limit(inputs, targets).run(weights, output_weights)


class _Limit:
    def __init__(self, inputs: Array, targets: Array) -> None:
        self.inputs, self.targets = inputs, targets
        self.pull = strongest_pull(inputs, targets)
        self.large = Bundles(np.zeros((0, inputs.shape[1])), np.zeros(0))

    def run(self, weights: Array, output_weights: Array) -> Limit:
        start_loss, time = loss_of(self.targets), 0.0
        dormant = self._settled(self._start(weights, output_weights), self.targets)
        escapes: list[Escape] = []
        if len(dormant.sign) > MOST_GROUPS:
            many = f"small neurons come to rest in {len(dormant.sign)} places, more than {MOST_GROUPS}"
            return Limit((), start_loss, self.large, many)
        while len(escapes) < MOST_ESCAPES:
            grows = dormant.rate > 0.0
            if not np.any(grows):
                return Limit(tuple(escapes), start_loss, self.large)
            waits = np.where(grows, dormant.exponent / np.where(grows, dormant.rate, 1.0), np.inf)
            wait = max(float(np.min(waits)), 0.0)
            fires = np.flatnonzero(waits <= wait + TOGETHER * (time + wait))
            time += wait
            dormant = replace(dormant, exponent=dormant.exponent - dormant.rate * wait)
            lead = dormant.take(fires)
            seeding = float(np.max(np.log(1.0 / SEED) / (2.0 * lead.rate)))
            rest = self._escape(dormant, fires, seeding)
            escape = Escape(
                time,
                int(lead.sign[0]),
                lead.direction[0],
                float(lead.rate[0]),
                np.sort(np.concatenate(lead.members)),
                loss_of(rest.residual),
                float(np.sum(rest.large.mass)),
                max(rest.time - seeding, 0.0),
            )
            escapes.append(escape)
            others = dormant.take(np.setdiff1d(np.arange(len(waits)), fires))
            dormant = self._settled(
                self._faded(rest, replace(others, direction=rest.directions)), rest.residual
            )
            if not rest.still:
                return Limit(tuple(escapes), start_loss, self.large, "the large neurons do not come to rest")
        return Limit(tuple(escapes), start_loss, self.large, f"more than {MOST_ESCAPES} escapes")

    def _start(self, weights: Array, output_weights: Array) -> Dormant:
        """Every neuron a group of its own; the first drift, with the imbalance that the start has."""
        course = drift(weights, output_weights, self.inputs, self.targets)
        grows = course.rate > 0.0
        direction = np.where(grows[:, None], course.direction, course.last)
        members = tuple(np.array([j]) for j in range(len(weights)))
        m = len(weights)
        return Dormant(course.sign, direction, np.ones(m), np.zeros(m), members)

    def _escape(self, dormant: Dormant, fires: Index, seeding: float) -> Rest:
        """Seeds of the groups that fire join the large ones, and all of these flow to rest."""
        seeds = dormant.take(fires)
        mass = [full_mass(u, rate, self.inputs) for u, rate in zip(seeds.direction, seeds.rate, strict=True)]
        size = np.sqrt(SEED * np.array(mass))
        begun = Bundles(
            np.vstack([self.large.weights, size[:, None] * seeds.direction]),
            np.concatenate([self.large.output_weights, size * seeds.sign]),
        )
        others = dormant.take(np.setdiff1d(np.arange(len(dormant.sign)), fires))
        return flow_to_rest(self.inputs, self.targets, begun, others.direction, others.sign, seeding)

    def _faded(self, rest: Rest, dormant: Dormant) -> Dormant:
        """Large neurons that shrank away are dormant again, with exponent 0."""
        mass = rest.large.mass
        gone = mass <= SEED * GONE * np.sum(mass)
        self.large = Bundles(rest.large.weights[~gone], rest.large.output_weights[~gone])
        w = rest.large.weights[gone]
        lengths = row_norms(w)
        count = int(np.count_nonzero(gone))
        return Dormant(
            np.concatenate([dormant.sign, np.sign(rest.large.output_weights[gone])]),
            np.vstack([dormant.direction, w / np.where(lengths > 0.0, lengths, 1.0)[:, None]]),
            np.concatenate([dormant.exponent, np.zeros(count)]),
            np.concatenate([dormant.rate, np.zeros(count)]),
            (*dormant.members, *(np.zeros(0, np.intp) for _ in range(count))),
        )

    def _settled(self, dormant: Dormant, residual: Array) -> Dormant:
        """Dormant neurons where they rest under ``residual``: the dead left out, equal ones merged."""
        direction, sign = dormant.direction.copy(), dormant.sign
        slow = ZERO * self.pull
        rate = np.zeros(len(sign))
        force = row_norms(pulls(direction, sign, self.inputs, residual))
        moved = np.flatnonzero(force > slow)
        if moved.size:
            course = drift(direction[moved], sign[moved], self.inputs, residual, LONG / self.pull)
            grows = course.rate > slow
            direction[moved] = np.where(grows[:, None], course.direction, course.last)
            rate[moved] = np.where(grows, course.rate, -np.where(course.decay > slow, course.decay, 0.0))
        reach = KINK * row_norms(self.inputs)
        alive = np.any(direction @ self.inputs.T > reach, axis=1)
        return _merged(replace(dormant, direction=direction, rate=rate).take(np.flatnonzero(alive)))


def _merged(dormant: Dormant) -> Dormant:
    """One group for each sign and direction; it is as large as the largest of its parts."""
    order = np.argsort(dormant.exponent, kind="stable")
    leads: list[int] = []
    parts: list[list[Index]] = []
    for j in order:
        for i, lead in enumerate(leads):
            near = np.linalg.norm(dormant.direction[j] - dormant.direction[lead]) <= SAME
            if dormant.sign[j] == dormant.sign[lead] and near:
                parts[i].append(dormant.members[j])
                break
        else:
            leads.append(int(j))
            parts.append([dormant.members[j]])
    found = dormant.take(np.array(leads, dtype=np.intp))
    return replace(found, members=tuple(np.concatenate(part) for part in parts))
