"""The data as the solver sees them: one sample for every half-line of inputs.

Two inputs on the same half-line, x_2 = c x_1 with c > 0, are active for the same neurons at all times.
Together they pull exactly as one sample does, with

    x = s u,   y = sum_k c_k y_k / s,   s = sqrt(sum_k c_k^2),   c_k = |x_k|,   u = x_k / |x_k|,

and their squared residuals sum to that of this one sample and a constant. So duplicates and collinear
inputs are merged, and zero inputs, which nothing can fit, are left out. Inputs on *opposite* half-lines
share one hyperplane: a neuron switches one on when it switches the other off. The first of the two is kept
as ``primary``, with its own pre-activation; the second, x' = -c x, is its ``mirror``.

Primaries come first in every array over merged samples, mirrors after them.

Of losses of labels the targets here are zero, so that a "residual" is the prediction H(x) itself, and the
force on a merged sample is sum_k (c_k / s) g_k((c_k / s) H) over its samples (``Samples.force``).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reluflow.flow.lorentz.half_lines import half_lines, paired_opposites, partners
from reluflow.losses import LabelLoss
from reluflow.network import Array, indices, row_norms

Index = npt.NDArray[np.intp]

#: a Gram entry below this (relative) is rounding, and exactly zero is meant
ROUNDING = 64 * np.finfo(float).eps
#: predictions beyond which no label is contested, and halvings that find where it is
FAR, HALVINGS = 1e3, 80
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
    lambda, in half-mse time. labelled: the loss and labels (n,) of the original samples; None for the square.
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
    slope: float
    weight_decay: float
    labelled: tuple[LabelLoss, Array] | None

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

    def on_force(self, force: Array) -> Array:
        """What an active primary is pulled with: g, and slope times -c g' of its mirror (.., h)."""
        return self._force(force, 1.0, self.slope)

    def off_force(self, force: Array) -> Array:
        """What an inactive primary is pulled with: slope times g, and -c g' of its mirror (.., h)."""
        return self._force(force, self.slope, 1.0)

    def kink_force(self, force: Array) -> Array:
        """What a primary is pulled with exactly on its kink: slope times g, and slope times -c g' (.., h)."""
        return self._force(force, self.slope, self.slope)

    def forces(self, force: Array) -> Array:
        """What samples pull with on the active sides of all hyperplanes; then, if they do, on the others."""
        if not self.pull_when_off:
            return force
        return np.concatenate([self.on_force(force), self.off_force(force)], axis=-1)

    def merged(self, hidden: Array) -> Array:
        """Predictions (q,) from pre-activations summed over active sides, then, if they count, the others."""
        if not self.pull_when_off:
            return hidden
        on, off = hidden[: self.primaries], hidden[self.primaries :]
        mirrors = -self.mirror_ratio * (self.slope * on + off)[self.mirrored]
        return np.concatenate([on + self.slope * off, mirrors])

    def _force(self, force: Array, own: float, other: float) -> Array:
        pulled = own * force[..., : self.primaries]
        if self.mirrored.size:
            pulled[..., self.mirrored] -= other * self.mirror_ratio * force[..., self.primaries :]
        return pulled

    @cached_property
    def _sources(self) -> Array:
        """What each original sample counts with in each merged one (n, q): c_k / s."""
        sources = np.zeros((self.total, self.size))
        kept = indices(self.group >= 0)
        sources[kept, self.group[kept]] = self.gain[kept]
        return sources

    def force(self, residual: Array) -> Array:
        """The force (.., q) at residuals (.., q) of merged samples; of the square loss the residuals."""
        if self.labelled is None:
            return residual
        loss, labels = self.labelled
        summed: Array = loss.force(residual @ self._sources.T - labels, labels) @ self._sources
        return summed

    @cached_property
    def sizes(self) -> Array:
        """What forces (q,) are made of where they vanish, in size: targets, and labels that contradict.

        Several samples on one half-line with both labels pull against each other, and hold a prediction where
        their forces cancel.
        """
        if self.labelled is None:
            return self.targets
        loss, labels = self.labelled
        both = (self._sources * (labels[:, None] > 0.0)).any(axis=0)
        both &= (self._sources * (labels[:, None] < 0.0)).any(axis=0)
        high = FAR / self.gain[self.gain > 0.0].min(initial=1.0) * np.ones(self.size)
        low = -high
        for _ in range(HALVINGS):  # of where the force, which rises with the prediction, is zero
            middle = 0.5 * (low + high)
            below = self.force(middle) < 0.0
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        pulls = np.abs(loss.force(low @ self._sources.T - labels, labels)) @ self._sources
        return np.where(both, pulls, 0.0)

    def curvature(self, residual: Array) -> Array:
        """d force / d residual (.., q), at least zero."""
        if self.labelled is None:
            return np.ones_like(residual)
        loss, labels = self.labelled
        summed: Array = loss.curvature(residual @ self._sources.T - labels, labels) @ np.square(self._sources)
        return summed

    def loss(self, residual: Array) -> float:
        """The loss, of labels, at a residual (q,) of merged samples."""
        assert self.labelled is not None
        loss, labels = self.labelled
        return loss.value(self.restore(residual), labels)

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


def merge(
    inputs: Array,
    targets: Array,
    slope: float,
    weight_decay: float = 0.0,
    loss: LabelLoss | None = None,
) -> Samples:
    """Merge samples (n, p), (n,) by half-lines, for the (leaky) ReLU of the given slope.

    loss: of the targets, if they are labels; else the loss is the square.
    """
    labelled = None if loss is None else (loss, targets)
    if loss is not None:
        targets = np.zeros_like(targets)
    norms = row_norms(inputs)
    group, leaders = half_lines(inputs, norms)
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
    offset = -targets if labelled is None else -labelled[1]
    offset[kept] += gain[kept] * merged_targets[group[kept]]
    primary, mirror, ratio = paired_opposites(merged_inputs)
    order = np.concatenate([primary, mirror.astype(np.intp)])
    place = np.append(np.argsort(order), -1)
    return Samples(
        inputs=np.ascontiguousarray(merged_inputs[primary]),
        targets=merged_targets[order],
        total=targets.size,
        mirrored=partners(merged_inputs, primary, mirror),
        mirror_ratio=ratio,
        group=place[group],
        gain=gain,
        offset=offset,
        first=np.asarray(leaders, dtype=np.intp)[order],
        slope=slope,
        weight_decay=weight_decay,
        labelled=labelled,
    )
