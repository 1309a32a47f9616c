"""The data as the solver sees them: one sample for every half-line of inputs.

Two inputs on the same half-line, x_2 = c x_1 with c > 0, are active for the same neurons at all times.
Together they pull exactly as one sample does, with

    x = s u,   y = sum_k c_k y_k / s,   s = sqrt(sum_k c_k^2),   c_k = |x_k|,   u = x_k / |x_k|,

and their squared residuals sum to that of this one sample and a constant. So duplicates and collinear
inputs are merged, and zero inputs, which nothing can fit, are left out. Inputs on *opposite* half-lines
share one hyperplane: a neuron switches one on when it switches the other off. The first of the two is kept
as ``primary``, with its own pre-activation; the second, x' = -c x, is its ``mirror``.

Primaries come first in every array over merged samples, mirrors after them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, row_norms

Index = npt.NDArray[np.intp]

#: two unit vectors closer than this are one direction
SAME_DIRECTION = 1e-13
#: a Gram entry below this (relative) is rounding, and exactly zero is meant
ROUNDING = 64 * np.finfo(float).eps
#: from this size of the inputs on (h p) it pays to keep sums over the samples up to date
MANY = 4000


@dataclass(frozen=True)
class Samples:
    """Merged samples: ``primaries`` h, and mirrors on the other side of some of their hyperplanes.

    inputs (h, p); targets (q,), q = h + number of mirrors; total: n, the number of samples before merging;
    mirrored (q - h,): the primary of each mirror, and mirror_ratio (q - h,): c in x' = -c x.
    group (n,): merged sample of every original one (-1 for a zero input); gain, offset (n,): its
    residual is gain * r[group] + offset. first (q,): the original sample after which events are named.
    slope: what an inactive sample counts with, 0 for the ReLU. weight_decay:
    lambda, in half-mse time.
    """

    inputs: Array
    targets: Array
    total: int
    mirrored: Index
    mirror_ratio: Array
    group: Index
    gain: Array
    offset: Array
    first: Index
    slope: float = 0.0
    weight_decay: float = 0.0

    @property
    def primaries(self) -> int:
        """h, the number of hyperplanes."""
        return int(self.inputs.shape[0])

    @property
    def size(self) -> int:
        """q, the number of merged samples."""
        return int(self.targets.shape[0])

    @cached_property
    def gram(self) -> Array:
        """<x_k, x_l> of the primaries (h, h), exactly zero where it is zero up to rounding.

        With orthogonal inputs an inactive pre-activation must stay frozen for ever; rounding of a neuron
        that has grown by 128 orders of magnitude would turn its sign.
        """
        gram = self.inputs @ self.inputs.T
        sizes = np.sqrt(np.diagonal(gram))
        gram[np.abs(gram) <= ROUNDING * np.outer(sizes, sizes)] = 0.0
        return gram

    @cached_property
    def padded(self) -> Array:
        """The inputs, and a row of zeros, which -1 stands for (h + 1, p)."""
        return np.vstack([self.inputs, np.zeros((1, self.inputs.shape[1]))])

    @cached_property
    def coupling(self) -> Array:
        """sqrt(sum_l <x_k, x_l>^2) over the other primaries (h,): how far a change at sample k is felt."""
        others = self.gram - np.diag(np.diagonal(self.gram))
        coupling: Array = np.sqrt(np.einsum("kl,kl->k", others, others))
        return coupling

    @cached_property
    def has_zeros(self) -> bool:
        """Whether some pair of primaries is orthogonal, so that slopes are taken through the Gram matrix."""
        return bool((self.gram == 0.0).any())

    @cached_property
    def many(self) -> bool:
        """Whether, when a neuron changes at one sample, its pull is better corrected than summed up anew.

        Not where something is orthogonal: sums that are exactly zero would become rounding.
        """
        return self.inputs.size >= MANY and not self.has_zeros

    @cached_property
    def squares(self) -> Array:
        """|x_k|^2 of all merged samples (q,)."""
        squares = np.diagonal(self.gram)
        return np.concatenate([squares, self.mirror_ratio**2 * squares[self.mirrored]])

    @cached_property
    def lengths(self) -> Array:
        """|x_k| of the primaries (h,)."""
        return np.sqrt(np.diagonal(self.gram))

    @cached_property
    def spread(self) -> float:
        """The largest |x_k|."""
        return float(np.sqrt(self.squares.max(initial=0.0)))

    @cached_property
    def gram_all(self) -> Array:
        """Gram matrix of all merged samples (q, q)."""
        gain = np.concatenate([np.ones(self.primaries), -self.mirror_ratio])
        which = np.concatenate([np.arange(self.primaries), self.mirrored])
        gram: Array = self.gram[np.ix_(which, which)] * np.outer(gain, gain)
        return gram

    @property
    def pull_when_off(self) -> bool:
        """Whether a neuron feels anything of a primary that is inactive for it."""
        return self.slope > 0.0 or self.mirrored.size > 0

    def on_force(self, residual: Array) -> Array:
        """What an active primary is pulled with: r, and slope times -c r' of its mirror (.., h)."""
        return self._force(residual, 1.0, self.slope)

    def off_force(self, residual: Array) -> Array:
        """What an inactive primary is pulled with: slope times r, and -c r' of its mirror (.., h)."""
        return self._force(residual, self.slope, 1.0)

    def kink_force(self, residual: Array) -> Array:
        """What a primary is pulled with exactly on its kink: slope times r, and slope times -c r' (.., h)."""
        return self._force(residual, self.slope, self.slope)

    def forces(self, residual: Array) -> Array:
        """What samples pull with on the active sides of all hyperplanes; then, if they do, on the others."""
        if not self.pull_when_off:
            return residual
        return np.concatenate([self.on_force(residual), self.off_force(residual)], axis=-1)

    def merged(self, hidden: Array) -> Array:
        """Predictions (q,) from pre-activations summed over active sides, then, if they count, the others."""
        if not self.pull_when_off:
            return hidden
        on, off = hidden[: self.primaries], hidden[self.primaries :]
        mirrors = -self.mirror_ratio * (self.slope * on + off)[self.mirrored]
        return np.concatenate([on + self.slope * off, mirrors])

    def _force(self, residual: Array, own: float, other: float) -> Array:
        force = own * residual[..., : self.primaries]
        if self.mirrored.size:
            force[..., self.mirrored] -= other * self.mirror_ratio * residual[..., self.primaries :]
        return force

    def shrunk(self, lengths: Array | float) -> Array:
        """exp(-lambda t): what decay leaves of a weight after half-mse times (..)."""
        left: Array = np.exp(-self.weight_decay * np.asarray(lengths, dtype=float))
        return left

    def residual(self, others: Array, added: Array, lengths: Array | float) -> Array:
        """Residuals (.., q) of a network after half-mse times (..) along its boosts.

        others (q,): the residual at the start without some neurons; added (.., q): what these predict, moved
        by boosts alone. Decay shrinks all predictions by the square of ``shrunk``.
        """
        if not self.weight_decay:
            return others + added
        left = np.asarray(self.shrunk(lengths) ** 2)[..., None]
        return left * (others + self.targets + added) - self.targets

    def restore(self, residual: Array) -> Array:
        """Residual of merged samples (q,) to that of the original ones (n,)."""
        padded = np.append(residual, 0.0)
        restored: Array = self.gain * padded[self.group] + self.offset
        return restored


def merge(inputs: Array, targets: Array, slope: float = 0.0, weight_decay: float = 0.0) -> Samples:
    """Merge samples (n, p), (n,) by half-lines, for the (leaky) ReLU of the given slope."""
    norms = row_norms(inputs)
    group, leaders = _half_lines(inputs, norms)
    kept = group >= 0
    count = len(leaders)
    squares = np.bincount(group[kept], norms[kept] ** 2, count)
    alone = np.bincount(group[kept], minlength=count) == 1
    sizes = np.where(alone, norms[leaders], np.sqrt(squares))
    moments = np.bincount(group[kept], (norms * targets)[kept], count)
    merged_targets = np.where(alone, targets[leaders], moments / sizes)
    merged_inputs = inputs[leaders] * np.where(alone, 1.0, sizes / norms[leaders])[:, None]
    gain = np.zeros(targets.size)
    gain[kept] = np.where(alone[group[kept]], 1.0, norms[kept] / sizes[group[kept]])
    offset = -targets.copy()
    offset[kept] += gain[kept] * merged_targets[group[kept]]
    primary, mirror, ratio = _pair_opposites(merged_inputs)
    order = np.concatenate([primary, mirror.astype(np.intp)])
    place = np.append(np.argsort(order), -1)
    return Samples(
        inputs=np.ascontiguousarray(merged_inputs[primary]),
        targets=merged_targets[order],
        total=targets.size,
        mirrored=_partners(merged_inputs, primary, mirror),
        mirror_ratio=ratio,
        group=place[group],
        gain=gain,
        offset=offset,
        first=np.asarray(leaders, dtype=np.intp)[order],
        slope=slope,
        weight_decay=weight_decay,
    )


def _half_lines(inputs: Array, norms: Array) -> tuple[Index, Index]:
    """Number of the half-line of every sample (n,), -1 for zero, and the first sample on each."""
    group = np.full(norms.size, -1, dtype=np.intp)
    unit = inputs / np.where(norms > 0.0, norms, 1.0)[:, None]
    cosine = unit @ unit.T
    leaders: list[int] = []
    for k in np.flatnonzero(norms > 0.0):
        if group[k] >= 0:
            continue
        near = np.flatnonzero((cosine[k] > 1.0 - 1e-9) & (norms > 0.0) & (group < 0))
        same = near[np.linalg.norm(unit[near] - unit[k], axis=1) <= SAME_DIRECTION]
        group[same] = len(leaders)
        leaders.append(int(k))
    return group, np.asarray(leaders, dtype=np.intp)


def _pair_opposites(inputs: Array) -> tuple[Index, Index, Array]:
    """Which merged samples are primaries, which are mirrors, and the ratio c of each mirror."""
    norms = row_norms(inputs)
    unit = inputs / norms[:, None]
    cosine = unit @ unit.T
    taken = np.zeros(norms.size, dtype=bool)
    mirror, ratio = [], []
    for k, other in np.argwhere(np.triu(cosine < -1.0 + 1e-9)):
        if taken[k] or taken[other] or np.linalg.norm(unit[k] + unit[other]) > SAME_DIRECTION:
            continue
        taken[other] = True
        mirror.append(other)
        ratio.append(norms[other] / norms[k])
    return np.flatnonzero(~taken), np.asarray(mirror, dtype=np.intp), np.asarray(ratio, dtype=np.float64)


def _partners(inputs: Array, primary: Index, mirror: Index) -> Index:
    """The primary (by its place among primaries) opposite to each mirror."""
    if mirror.size == 0:
        return np.zeros(0, dtype=np.intp)
    unit = inputs / row_norms(inputs)[:, None]
    found: Index = np.argmin(unit[mirror] @ unit[primary].T, axis=1)
    return found
