"""Event location: the moment at which a pre-activation first reaches zero in an interval of the path."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.boost import after, time_to_integral
from reluflow.flow.lorentz.engine.chain import Start, Straight, cone
from reluflow.flow.lorentz.engine.rows import Rows
from reluflow.flow.lorentz.kink_location import LOCATION, beyond, newton_step
from reluflow.flow.lorentz.neurons import Mask
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.release import Releases
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array, indices

#: Newton steps for the moment of a crossing
NEWTON = 5
#: what may be the first to cross: it does so on a straight line by no more than this share of the interval
#: after twice the time of the first
NEARLY_FIRST = 0.1
#: ... and for its guess on the cubic through both ends of an interval
GUESSES = 3


@dataclass(frozen=True)
class Place:
    """Where b rows are: position, next node (b,), Y (b, t) since where they were, a (b,), z (b, h).

    At an event: sample (b,), and whether z crosses zero there; odd (b,): whether it is not plain.
    """

    position: Array
    node: Index
    integral: Array
    a: Array
    z: Array
    sample: Index
    crosses: Mask
    odd: Mask


def locate_moving(
    rows: Rows, ahead: Straight, heights: Array, clear: Index, busy: Mask, releases: Releases, path: Path
) -> tuple[Place, Place]:
    """Where the interval of the path begins in which the first event of each row is, and the event itself.

    heights (b, s', h): z at the nodes, with the sign of its side; clear (b,): the number of the one before
    which the event is. Rows that are not ``busy`` (b,) have none, and go to that node.
    """
    nodes, here = path.nodes, np.arange(len(rows))
    inside = np.maximum(clear, rows.node - ahead.first)
    later = inside > rows.node - ahead.first
    last = np.maximum(inside - 1, 0)
    begin, end = np.where(later, nodes[ahead.first + last], rows.position), nodes[ahead.first + inside]
    integral = np.where(later[:, None], ahead.integral[here, last], 0.0)
    a = np.where(later, ahead.outputs[here, last], rows.a)
    z = np.where(later[:, None], ahead.z[here, last], rows.z)
    crosses = (heights[here, inside] < 0.0).any(axis=1)
    odd = busy & ~crosses & ~np.isfinite(releases.position)
    ends = ahead.z[here, inside], ahead.outputs[here, inside]
    sample, crossing = guess(rows, path, (z, ends[0]), (a, ends[1]), begin, end)
    crosses &= crossing < releases.position
    position = np.where(crosses, crossing, np.where(odd, begin, np.minimum(releases.position, end)))
    before = Place(begin, inside + ahead.first, integral, a, z, sample, crosses, odd)
    start = Start(begin, integral, a, rows.gram, rows.along)
    integral, a, z, position, sample = locate(rows, path, start, (begin, end), position, sample, crosses)
    # a release comes first after all, or a crossing does
    odd = odd | np.where(crosses, releases.position < position, beyond(rows.side, z).any(axis=1))
    node = before.node
    if not busy.all():
        pass_by = indices(~busy)
        integral[pass_by], a[pass_by], z[pass_by] = (
            part[pass_by, 0] for part in (ahead.integral, ahead.outputs, ahead.z)
        )
        node = node + ~busy
    return before, Place(position, node, integral, a, z, sample, crosses, odd)


def locate_frozen(
    rows: Rows, ahead: Straight, heights: Array, clear: Index, busy: Mask, releases: Releases, path: Path
) -> tuple[Place, Place]:
    """The same on a path that stands still: rows move on straight lines, as far as the integral of a."""
    count, span = len(rows), path.length * (1.0 - rows.position)
    none, node = np.zeros(count, dtype=bool), np.zeros(count, dtype=np.intp)
    slope = rows.slope[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        integral = np.where(heights[:, 0] < 0.0, -rows.z / slope, np.inf)
    sample = np.argmin(np.abs(integral), axis=1)
    first = integral[np.arange(count), sample]
    start = cone(rows, path)
    share = time_to_integral(start, np.where(np.isfinite(first), first, 0.0) / span)
    crossing = np.where(np.isfinite(first), rows.position + (1.0 - rows.position) * share, np.inf)
    crosses = crossing < releases.position
    odd = ~crosses & ~np.isfinite(releases.position)
    before = Place(rows.position, node, np.zeros((count, 1)), rows.a, rows.z, sample, none, odd)
    position = np.where(crosses, crossing, np.where(odd, rows.position, releases.position))
    there, a = after(start, (position - rows.position) / (1.0 - rows.position))
    integral = (span * there)[:, None]
    z = rows.z + integral * slope
    return before, Place(position, node, integral, a, z, sample, crosses, odd)


def guess(
    rows: Rows, path: Path, z: tuple[Array, Array], a: tuple[Array, Array], begin: Array, end: Array
) -> tuple[Index, Array]:
    """Sample (b,) and position (b,) of the first crossing in begin .. end, on cubics through both ends.

    z (b, h), a (b,): at both ends.
    """
    height, end_height = rows.side * z[0], rows.side * z[1]
    wrong = end_height < 0.0
    # how soon each crosses on a straight line; those that are far from the first are none of it
    late = np.divide(height, height - end_height, out=np.full_like(height, np.inf), where=wrong)
    row, sample = np.nonzero(wrong & (late <= NEARLY_FIRST + 2.0 * late.min(axis=1)[:, None]))
    side, slope = rows.side[row, sample], rows.slope[row, :, sample]
    span = end - begin
    scale = (path.length * span)[row] * side
    first, last = height[row, sample], end_height[row, sample]
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
    best = order[np.diff(row[order], prepend=-1) != 0]
    found[row[best]] = sample[best]
    position[row[best]] = begin[row[best]] + span[row[best]] * share[best]
    return found, position


def locate(
    rows: Rows,
    path: Path,
    start: Start,
    within: tuple[Array, Array],
    position: Array,
    sample: Index,
    located: Mask,
) -> tuple[Array, Array, Array, Array, Index]:
    """Y (b, t), a (b,), z (b, h), position and sample (b,) of the first crossing, by Newton steps.

    located (b,): whether there is one; else they are those at ``position``. within: the ends of the interval.
    """
    for _ in range(NEWTON):
        integral, a = start.at(path, position)
        basis = path.basis(position)
        both = np.matmul(np.stack([integral, basis], axis=1), rows.slope)
        z, speed = rows.z + both[:, 0], (path.length * a)[:, None] * both[:, 1]
        sample, late = newton_step(rows.side, z, speed, sample, located, located)
        target = np.clip(position + late, *within)
        late = target - position
        if not late.any():
            break
        turn = (path.length * late)[:, None] * basis
        squares = np.vecdot(turn, np.matmul(start.gram, turn[:, :, None])[:, :, 0])
        position = target
        if squares.max() < LOCATION.close**2:
            along = np.vecdot(turn, start.along + np.matmul(start.gram, integral[:, :, None])[:, :, 0])
            y = a + 0.5 * along
            integral, a = integral + y[:, None] * turn, a + along + 0.5 * squares * a
            z = z + (y * path.length * late)[:, None] * both[:, 1]
            break
    return integral, a, z, position, sample
