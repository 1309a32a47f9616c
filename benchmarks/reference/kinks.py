"""The data of a problem as hyperplanes on which the activation has its kink, in 80-bit arithmetic.

Samples that are multiples of one another share one hyperplane, so that duplicates switch at once and, on
exactly opposite inputs, one sample goes off while the other goes on. A sample that is zero has no hyperplane.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Real = np.longdouble
Array = npt.NDArray[np.longdouble]
Indices = npt.NDArray[np.intp]

#: the side of a neuron at a hyperplane: 1 above, -1 below, 0 while it slides; at rest exactly on it, with no
#: sample of it active, where descent has never left it
Sides = npt.NDArray[np.int8]
RESTS = 2

#: two inputs are multiples of one another if they differ from that by less than this share of their length:
#: some roundings of float64, in which the inputs are given
PARALLEL = 4e-16
#: two inputs are orthogonal if their cosine is below this
ORTHOGONAL = 1e-15
#: a normal depends on others if its squared distance to their span is below this share of its squared length
DEPENDENT = 1e-16


def real(values: npt.ArrayLike) -> Array:
    """The values in 80-bit arithmetic."""
    return np.asarray(values, dtype=Real)


def inverse(gram: Array) -> Array:
    """The inverse of a small symmetric positive matrix: of float64, polished by Newton-Schulz steps."""
    if gram.shape == (1, 1):
        return 1 / gram
    scale = 1 / np.sqrt(np.diagonal(gram))
    scaled = gram * scale[:, None] * scale
    found = real(np.linalg.inv(scaled.astype(float)))
    for _ in range(4):
        found = 2 * found - found @ (scaled @ found)
    return found * scale[:, None] * scale


@dataclass(frozen=True)
class Kinks:
    """Inputs (n, d), targets (n,) and the slope below zero, with what follows from them.

    ``sample`` (H,) is the first sample of every hyperplane, whose input is the hyperplane's normal; ``of``
    (n,) the hyperplane of every sample, -1 for an input that is zero; ``ratio`` (n,) its input over that
    normal.
    """

    inputs: Array
    targets: Array
    slope: np.longdouble
    sample: npt.NDArray[np.intp]
    of: npt.NDArray[np.intp]
    ratio: Array

    @property
    def samples(self) -> int:
        return int(self.targets.size)

    @cached_property
    def normals(self) -> Array:
        return self.inputs[self.sample]

    @cached_property
    def gram(self) -> Array:
        """Inner products of the normals (H, H); those that rounding of the inputs may have made are 0."""
        found = self.normals @ self.normals.T
        size = np.sqrt(np.diagonal(found))
        return np.where(np.abs(found) <= ORTHOGONAL * np.outer(size, size), Real(0), found)

    @cached_property
    def spread(self) -> Array:
        """ratio as a matrix (n, H): what belongs to a hyperplane, taken to its samples."""
        full = np.zeros((self.samples, self.sample.size), Real)
        known = self.of >= 0
        full[known, self.of[known]] = self.ratio[known]
        return full

    @cached_property
    def forces(self) -> tuple[Array, Array]:
        """Matrices (H, n) that take residuals to the forces on the lower and on the upper side."""
        upper = np.where(self.ratio > 0, Real(1), self.slope)
        lower = np.where(self.ratio > 0, self.slope, Real(1))
        return self.spread.T * lower, self.spread.T * upper

    @cached_property
    def resting(self) -> Array:
        """The matrix (H, n) that takes residuals to the forces of a neuron exactly on a hyperplane."""
        return self.spread.T * self.slope

    def derivatives(self, sides: Sides) -> Array:
        """The activation's derivative (..., n) at every sample; 0 where the neuron slides."""
        side = sides[..., self.of]
        above = (side == 1) & (self.ratio > 0) | (side == -1) & (self.ratio < 0)
        found = np.where(above, Real(1), np.where(side == 0, Real(0), self.slope))
        return np.where(self.of >= 0, found, Real(0))

    def independent(self, slid: Indices) -> Indices:
        """As many of the slid hyperplanes as have linearly independent normals."""
        if slid.size < 2:
            return slid
        left = self.gram[np.ix_(slid, slid)].copy()
        size, chosen = np.diagonal(left).copy(), []
        for i in range(slid.size):
            if left[i, i] > DEPENDENT * size[i]:
                chosen.append(slid[i])
                left -= np.outer(left[:, i], left[i]) / left[i, i]
        return np.array(chosen, dtype=np.intp)

    @cached_property
    def basis(self) -> Array:
        """Normals (p, d) that span all of them."""
        return self.normals[self.independent(np.arange(self.sample.size))]

    def inside(self, vectors: Array) -> Array:
        """The parts of vectors (..., d) in the span of the normals."""
        if not len(self.basis):
            return np.zeros_like(vectors)
        return vectors @ self.basis.T @ inverse(self.basis @ self.basis.T) @ self.basis

    def line(self, slid: Indices) -> Array | None:
        """The unit vector along which alone a neuron moves that slides there, or None if it has more ways."""
        chosen = self.independent(slid)
        if len(self.basis) != chosen.size + 1:
            return None
        return orthogonal(self.basis, self.normals[chosen])

    def projected(self, slid: Indices) -> tuple[Array, Array]:
        """(G, C): the Gram matrix (H, H) orthogonally to the slid normals, and C (|S|, H) with lam = -C f.

        ``lam`` are forces that keep the slid ones at rest against the forces f of the others (0 for those
        whose normals depend on others' before them). Rows of normals in the span of the slid ones are
        exactly zero.
        """
        if not slid.size:
            return self.gram, np.zeros((0, self.gram.shape[0]), Real)
        chosen = self.independent(slid)
        part = inverse(self.gram[np.ix_(chosen, chosen)]) @ self.gram[chosen]
        left = self.gram - self.gram[:, chosen] @ part
        left = (left + left.T) / 2
        gone = np.diagonal(left) <= DEPENDENT * np.diagonal(self.gram)
        left[gone], left[:, gone] = 0, 0
        balance = np.zeros((slid.size, self.gram.shape[0]), Real)
        balance[np.isin(slid, chosen)] = part
        return left, balance


def make_kinks(inputs: npt.ArrayLike, targets: npt.ArrayLike, slope: float) -> Kinks:
    """The hyperplanes of the data."""
    x = real(inputs)
    sample: list[int] = []
    of, ratio = np.full(len(x), -1), np.zeros(len(x), Real)
    for k, row in enumerate(x):
        if not row.any():
            continue
        for h, first in enumerate(sample):
            share = row @ x[first] / (x[first] @ x[first])
            gap = row - share * x[first]
            if gap @ gap <= PARALLEL**2 * (row @ row):
                of[k], ratio[k] = h, share
                break
        else:
            of[k], ratio[k] = len(sample), 1
            sample.append(k)
    return Kinks(x, real(targets), Real(slope), np.array(sample, dtype=np.intp), of, ratio)


def orthogonal(basis: Array, on: Array) -> Array | None:
    """The unit vector in the span of basis (q, d) that is orthogonal to on (q - 1, d), None if not unique."""
    frame = np.linalg.qr(basis.T.astype(float))[0]
    _, sizes, turned = np.linalg.svd(on.astype(float) @ frame)
    if len(on) and sizes[-1] <= 1e-8 * sizes[0]:
        return None
    found = real(turned[-1] @ frame.T)
    for _ in range(2):
        found = basis.T @ (inverse(basis @ basis.T) @ (basis @ found))
        if len(on):
            found = found - on.T @ (inverse(on @ on.T) @ (on @ found))
    found = found / np.sqrt(found @ found)
    return found if found[np.argmax(np.abs(found) > 1e-9)] > 0 else -found
