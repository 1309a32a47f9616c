"""Which inputs are on one half-line from the origin, and which on opposite ones."""

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, indices, row_norms

Index = npt.NDArray[np.intp]

#: two unit vectors closer than this are one direction
SAME_DIRECTION = 1e-13


def half_lines(inputs: Array, norms: Array) -> tuple[Index, Index]:
    """Number of the half-line of every sample (n,), -1 for zero, and the first sample on each."""
    group = np.full(norms.size, -1, dtype=np.intp)
    unit = inputs / np.where(norms > 0.0, norms, 1.0)[:, None]
    cosine = unit @ unit.T
    leaders: list[int] = []
    for k in indices(norms > 0.0):
        if group[k] >= 0:
            continue
        near = indices((cosine[k] > 1.0 - 1e-9) & (norms > 0.0) & (group < 0))
        same = near[np.linalg.norm(unit[near] - unit[k], axis=1) <= SAME_DIRECTION]
        group[same] = len(leaders)
        leaders.append(int(k))
    return group, np.asarray(leaders, dtype=np.intp)


def paired_opposites(inputs: Array) -> tuple[Index, Index, Array]:
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
    return indices(~taken), np.asarray(mirror, dtype=np.intp), np.asarray(ratio, dtype=np.float64)


def partners(inputs: Array, primary: Index, mirror: Index) -> Index:
    """The primary (by its place among primaries) opposite to each mirror."""
    if mirror.size == 0:
        return np.zeros(0, dtype=np.intp)
    unit = inputs / row_norms(inputs)[:, None]
    found: Index = np.argmin(unit[mirror] @ unit[primary].T, axis=1)
    return found
