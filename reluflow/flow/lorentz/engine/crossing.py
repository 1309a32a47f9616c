"""Event location: the moment at which a pre-activation first reaches zero in an interval of the path."""

import numpy as np

from reluflow.flow.lorentz.activation import AT_ZERO, CLOSE
from reluflow.flow.lorentz.engine.chain import Start
from reluflow.flow.lorentz.engine.rows import Rows
from reluflow.flow.lorentz.neurons import Mask
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array

#: Newton steps for the moment of a crossing
NEWTON = 5
#: ... and for its guess on the cubic through both ends of an interval
GUESSES = 3


def guess(
    rows: Rows, path: Path, z: tuple[Array, Array], a: tuple[Array, Array], begin: Array, end: Array
) -> tuple[Index, Array]:
    """Sample (b,) and position (b,) of the first crossing in begin .. end, on cubics through both ends.

    z (b, h), a (b,): at both ends.
    """
    row, sample = np.nonzero(rows.side * z[1] < 0.0)
    side, slope = rows.side[row, sample], rows.slope[row, :, sample]
    span = end - begin
    scale = (path.length * span)[row] * side
    first, last = side * z[0][row, sample], side * z[1][row, sample]
    fall = scale * a[0][row] * np.vecdot(path.basis(begin)[row], slope)
    finish = scale * a[1][row] * np.vecdot(path.basis(end)[row], slope)
    # f(u) = first + u (fall + u (square + u cube)), at first without the cube
    root = np.sqrt(np.maximum(fall**2 - 4.0 * first * (last - first - fall), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(
            fall > 0.0, (fall + root) / (2.0 * (first + fall - last)), 2.0 * first / (root - fall)
        )
    share = np.clip(np.where(np.isfinite(share), share, 0.5), 0.0, 1.0)
    square, cube = 3.0 * (last - first) - 2.0 * fall - finish, fall + finish - 2.0 * (last - first)
    for _ in range(GUESSES):
        value = first + share * (fall + share * (square + share * cube))
        slant = fall + share * (2.0 * square + 3.0 * share * cube)
        share = np.clip(
            share - np.divide(value, slant, out=np.zeros_like(value), where=slant < 0.0), 0.0, 1.0
        )
    found, position = np.zeros(len(rows), dtype=np.intp), np.full(len(rows), np.inf)
    order = np.lexsort((share, row))
    best = order[np.unique(row[order], return_index=True)[1]]
    found[row[best]] = sample[best]
    position[row[best]] = begin[row[best]] + span[row[best]] * share[best]
    return found, position


def land(
    rows: Rows,
    path: Path,
    start: Start,
    within: tuple[Array, Array],
    position: Array,
    sample: Index,
    lands: Mask,
) -> tuple[Array, Array, Array, Array, Index]:
    """Y (b, t), a (b,), z (b, h), position and sample (b,) of the first crossing, by Newton steps.

    lands (b,): whether there is one; else they are those at ``position``. within: the ends of the interval.
    """
    here = np.arange(len(rows))
    for _ in range(NEWTON):
        reach, a = start.at(path, position)
        z = rows.z + np.matmul(reach[:, None], rows.slope)[:, 0]
        reference = AT_ZERO * np.abs(z).max(axis=1)
        basis = path.basis(position)
        speed = (path.length * a)[:, None] * np.matmul(basis[:, None], rows.slope)[:, 0]
        candidates = rows.side * z < -reference[:, None]
        candidates[here, sample] = True
        candidates &= speed != 0.0
        delay = np.divide(-z, speed, out=np.full_like(speed, np.inf), where=candidates)
        sample = np.where(lands & candidates.any(axis=1), np.argmin(delay, axis=1), sample)
        late = delay[here, sample]
        late[~lands | (np.abs(z[here, sample]) <= reference) | np.isinf(late)] = 0.0
        target = np.clip(position + late, *within)
        late = target - position
        if not late.any():
            break
        turn = (path.length * late)[:, None] * basis
        squares = np.vecdot(turn, np.matmul(start.gram, turn[:, :, None])[:, :, 0])
        position = target
        if squares.max() < CLOSE**2:
            along = np.vecdot(turn, start.along + np.matmul(start.gram, reach[:, :, None])[:, :, 0])
            y = a + 0.5 * along
            reach, a = reach + y[:, None] * turn, a + along + 0.5 * squares * a
            z = z + np.matmul((y[:, None] * turn)[:, None], rows.slope)[:, 0]
            break
    return reach, a, z, position, sample
