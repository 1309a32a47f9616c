"""Training on orthogonal inputs as a sequence of jumps: the limit of vanishing scale, and times at a scale.

Residuals are y - h. While the loss stays on a plateau a small neuron of sign s grows along D_A, where A are
the samples of its sign that it saw at the start and that are still unfitted. The first kind of neuron to
become large fits A at once, A leaves the unfitted samples, and so on, until nothing is left to fire.
Times are flow time of the half-mse loss, losses half-mse.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, row_norms
from reluflow.theory.one_bundle import least_mass, unit_time
from reluflow.theory.small_neurons import FinalGrowth, final_growth

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Jump:
    """One escape. ``time``: in units of ln(1/scale) for the limit, flow time at a finite scale.

    ``sign`` of the neurons; ``rate`` gamma at which |w_j| grew just before; ``fitted`` (n,): samples that
    are fitted by this jump; ``seen`` (n,): samples on which the neurons that jump are active afterwards;
    ``loss`` of the plateau that follows; ``mass``: what sum_j |a_j| |w_j| grows by; ``others``: mass of
    the other neurons of that sign on these samples, as a share (0 in the limit).
    """

    time: float
    sign: int
    rate: float
    fitted: Mask
    seen: Mask
    loss: float
    mass: float
    others: float = 0.0


@dataclass(frozen=True)
class JumpProcess:
    """``jumps`` in order, ``start_loss`` of the first plateau, samples ``unfitted`` (n,) in the end."""

    jumps: tuple[Jump, ...]
    start_loss: float
    unfitted: Mask

    @property
    def final_loss(self) -> float:
        return self.jumps[-1].loss if self.jumps else self.start_loss

    @property
    def norm(self) -> float:
        """The final variation norm sum_j |a_j| |w_j|."""
        return float(sum(jump.mass for jump in self.jumps))


def limit_process(
    inputs: Array, targets: Array, weights: Array, output_weights: Array, grown: FinalGrowth | None = None
) -> JumpProcess:
    """The limit scale -> 0 for orthogonal inputs (n, d) and any width, exact; times over ln(1/scale).

    Every exponent e_j starts at 1. With gamma_j = (1/n) sqrt(sum over A_j and U of y^2 rho^2) the smallest
    e_j / gamma_j fires, all e_j fall by gamma_j dT, and the samples A_j and U leave U. Source: derived.
    ``grown``: the growth of these neurons under r = y, if it is known.
    """
    return _Process(inputs, targets, weights, output_weights, sharp=False, grown=grown).run()


def sharp_process(
    inputs: Array, targets: Array, weights: Array, output_weights: Array, grown: FinalGrowth | None = None
) -> JumpProcess:
    """The same jumps at the scale that the start has, with times at which 3/4 of each drop are done.

    Every neuron is flowed in closed form under r = y, with the kinks it meets; the masses of one kind
    add up to u_0, and it fires at t = ln(u_inf / u_0) / (2 gamma) (for samples of different lengths see
    ``one_bundle.unit_time``). Where another jump takes samples away, what is left of D has turned by an
    angle phi, and the mass is multiplied by ((1 + cos phi) / 2)^2. Source: derived.
    ``grown``: the growth of these neurons under r = y, if it is known.
    """
    return _Process(inputs, targets, weights, output_weights, sharp=True, grown=grown).run()


class _Process:
    """Kinds of neurons (by sign and by the samples of their sign that they see) and their masses.

    ``size``: ln(mass) of each kind now, at the scale of the start or in units of ln(1/scale).
    """

    def __init__(
        self,
        inputs: Array,
        targets: Array,
        weights: Array,
        output_weights: Array,
        sharp: bool,
        grown: FinalGrowth | None,
    ) -> None:
        self.targets, self.lengths, self.sharp = targets, row_norms(inputs), sharp
        sign = np.sign(output_weights).astype(np.intp)
        seen = (weights @ inputs.T > 0.0) & (sign[:, None] * targets > 0.0)
        grown = grown or final_growth(weights, output_weights, inputs, targets)
        use = np.any(seen, axis=1) & (grown.rate > 0.0)
        self.sign, self.seen = sign[use], seen[use]
        self.size = 2.0 * grown.log_size[use] if sharp else np.full(int(use.sum()), -2.0)
        self.unfitted = targets != 0.0

    def run(self) -> JumpProcess:
        start_loss, time = self._loss(), 0.0
        jumps: list[Jump] = []
        while True:
            self._merge()
            rates = self._rates()
            if not np.any(rates > 0.0):
                return JumpProcess(tuple(jumps), start_loss, self.unfitted)
            waits = np.array([self._wait(i, rate) for i, rate in enumerate(rates)])
            first = int(np.argmin(waits))
            time += waits[first]
            self.size = self.size + 2.0 * rates * waits[first]
            jumps.append(self._fire(first, time, rates))

    def _merge(self) -> None:
        """Kinds that have the same samples left to fit become one: masses add, in the limit the largest."""
        left = self.seen & self.unfitted
        table = np.column_stack([self.sign, left.astype(np.intp)])
        _, first, of = np.unique(table, axis=0, return_index=True, return_inverse=True)
        size = np.full(first.size, -np.inf)
        add = np.logaddexp if self.sharp else np.maximum
        add.at(size, of.reshape(-1), self.size)
        largest = np.lexsort((-self.size, of.reshape(-1)))
        lead = largest[np.unique(of.reshape(-1)[largest], return_index=True)[1]]
        self.sign, self.seen, self.size = self.sign[lead], self.seen[lead], size

    def _rates(self) -> Array:
        pull = (self.targets * self.lengths) ** 2
        rates: Array = np.sqrt((self.seen & self.unfitted) @ pull) / self.targets.size
        return rates

    def _wait(self, kind: int, rate: float) -> float:
        """Time until a kind fires if nothing else does."""
        if rate <= 0.0:
            return np.inf
        own = self.seen[kind] & self.unfitted
        unit = unit_time(self.targets[own], self.lengths[own], self.targets.size) if self.sharp else 0.0
        return max(unit - float(self.size[kind]) / (2.0 * rate), 0.0)

    def _fire(self, kind: int, time: float, rates: Array) -> Jump:
        own = self.seen[kind] & self.unfitted
        mass = least_mass(self.targets[own], self.lengths[own])
        rivals = (self.sign == self.sign[kind]) & np.any(self.seen & own, axis=1)
        rivals[kind] = False
        others = float(np.sum(np.exp(self.size[rivals]))) / mass if self.sharp else 0.0
        self.unfitted = self.unfitted & ~own
        if self.sharp:  # what is left of D has turned
            after = self._rates()
            cosine = np.divide(after, rates, out=np.zeros_like(rates), where=rates > 0.0)
            self.size = self.size + 4.0 * np.log(0.5 * (1.0 + cosine))
        return Jump(
            time, int(self.sign[kind]), float(rates[kind]), own, self.seen[kind], self._loss(), mass, others
        )

    def _loss(self) -> float:
        left = self.targets[self.unfitted]
        return 0.5 * float(np.sum(left**2)) / self.targets.size
