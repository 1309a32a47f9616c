"""Pre-activations that turn back between two nodes of a path, and may have crossed zero in the meantime.

Along a path dz_jk/dt = a_j s_jk with s_jk = <x_k, D_j>, a known function of time, and a_j keeps its sign
between its flips. So z can leave its side and return within an interval only where the derivative, taken
with the sign of that side, goes from below zero to above. Where bounds on s and a leave room for that, the
neuron is stopped at the turn, unless s is below zero by no more than the path may be wrong: a z that has just
left zero, in the step before, does so for its own side.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.bernstein import first_negative
from reluflow.flow.lorentz.neurons import Mask, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array, indices

#: the largest |a| of an interval is taken to be this times that at its ends: it is convex in between
LARGEST = 1.25
#: halvings of the bracket of a turn
BISECTIONS = 12


@dataclass(frozen=True)
class Stretches:
    """b neurons on their ways to s nodes each, as far as their turning points are concerned.

    side (b, h): see ``Neurons``; slope (b, t, h) and gram (b, t, t): s and <D_i, D_j> for the terms of the
    path; begin (b,): where they are; ends, (s,) or (b, s): their nodes; heights (b, h), (b, s, h): z where
    they are, and at the nodes, with the sign of its side; outputs (b, 1 + s): a at all of these.
    """

    side: Array
    slope: Array
    gram: Array
    begin: Array
    ends: Array
    heights: tuple[Array, Array]
    outputs: Array

    @staticmethod
    def of(
        neurons: Neurons, pulled: Pull, begin: Array, ends: Array, heights: Array, outputs: Array
    ) -> "Stretches":
        """Those of neurons where they are, with what they come to at the nodes."""
        here, every = neurons.side * neurons.z, np.concatenate([neurons.outputs[:, None], outputs], axis=1)
        slope = pulled.slope.transpose(1, 0, 2)
        return Stretches(neurons.side, slope, pulled.gram, begin, ends, (here, heights), every)

    @property
    def sign(self) -> Array:
        """The sign of a (b,)."""
        sign: Array = np.sign(np.where(self.outputs[:, 0] != 0.0, self.outputs[:, 0], self.outputs[:, -1]))
        return sign


def turning_points(these: Stretches, path: Path, lengths: Array, passed: Mask) -> tuple[Index, Index, Array]:
    """Neurons (c,) that are to be stopped before nodes (c,), at positions (c,).

    lengths (h,): |x_k|; passed (b, s): nodes whose intervals are not looked at.
    """
    nobody = np.zeros(0, dtype=np.intp)
    if path.still:
        return nobody, nobody, np.zeros(0)
    ends, (height, heights) = these.ends, these.heights
    starts = these.begin[:, None]
    if ends.ndim == 1:
        starts = np.maximum(np.append(0.0, ends[:-1]), starts)
    sizes = np.abs(these.outputs)
    # from one side, and back to it, a pre-activation goes no further than its largest speed takes it
    most = path.length * LARGEST * np.maximum(sizes[:, :-1], sizes[:, 1:])
    farthest = most * np.maximum(ends - starts, 0.0)
    farthest[passed] = 0.0
    own, around = path.largest(these.slope, these.gram)
    fastest = own + around[:, None] * lengths
    near = np.minimum(heights.min(axis=1), height) < 0.5 * farthest.max(axis=1)[:, None] * fastest
    near &= these.side != 0.0
    row, sample = np.nonzero(near)
    terms = these.slope[row, :, sample].T * (these.side[row, sample] * these.sign[row])
    low, high = path.bounds(terms)
    some = indices((low < 0.0) & (high > 0.0))
    if some.size == 0:
        return nobody, nobody, np.zeros(0)
    row, sample, terms = row[some], sample[some], terms[:, some]
    levels = np.concatenate([height[row, sample][:, None], heights[row, :, sample]], axis=1)
    np.maximum(levels, 0.0, out=levels)
    pair, node = np.nonzero(levels[:, :-1] + levels[:, 1:] < farthest[row] * fastest[row, sample][:, None])
    row, sample, start = row[pair], sample[pair], levels[pair, node]
    found, position = confirmed(
        path,
        terms[:, pair],
        (starts[row, node], np.broadcast_to(ends, starts.shape)[row, node]),
        start,
        farthest[row, node],
        lengths.max() * lengths[sample],
    )
    return row[found], node[found], position


def confirmed(
    path: Path, terms: Array, interval: tuple[Array, Array], height: Array, farthest: Array, sizes: Array
) -> tuple[Index, Array]:
    """Which of c pre-activations may cross zero and turn back in their intervals, and where these turn.

    terms (t, c): of s with the sign of the side and of a; interval: its begin and end (c,); height (c,):
    |z| at its begin; farthest (c,): how far a speed s of one may take z in it; sizes (c,): of |x_k| and the
    largest.
    """
    start, end = interval
    coefficients, added = path.functions(terms, start, end)
    lowest, highest = coefficients.min(axis=0, initial=np.inf), coefficients.max(axis=0, initial=-np.inf)
    if added is not None:
        left, right = added.below(np.zeros(start.size), np.ones(start.size))
        lowest += np.minimum(left, right)
        highest = np.full(start.size, np.inf)
    doubt = path.doubt * sizes
    room = (lowest < -doubt) & (highest > 0.0)
    room &= height + farthest * np.exp(-path.decay * start) * lowest < 0.0
    some = indices(room)
    if some.size == 0:
        return some, np.zeros(0)
    position = _turning_point(path, terms[:, some], start[some], end[some], doubt[some])
    found = np.isfinite(position)
    return some[found], position[found]


def _turning_point(path: Path, terms: Array, begin: Array, end: Array, doubt: Array) -> Array:
    """Where in begin .. end (c,) the sums over the path's terms go from below zero to above; or infinity.

    A sum that is below zero by no more than ``doubt`` (c,) at ``begin`` is not to be so.
    """
    at_begin = np.vecdot(path.basis(begin), terms.T)
    falls = np.where(at_begin < -doubt, begin, np.inf)
    starts = begin.copy()
    mild = indices((at_begin < 0.0) & np.isinf(falls))
    if mild.size:
        starts[mild] = _first(path, -terms[:, mild], begin[mild], end[mild])[1]
    later = indices(np.isinf(falls) & (starts < end))
    if later.size:
        falls[later] = _first(path, terms[:, later], starts[later], end[later])[1]
    position = np.full(begin.size, np.inf)
    some = indices(falls < end)
    if some.size == 0:
        return position
    terms = terms[:, some]
    low, high = _first(path, -terms, falls[some], end[some])
    for _ in range(BISECTIONS if np.isfinite(high).any() else 0):
        middle = np.where(np.isfinite(high), 0.5 * (low + high), 0.0)
        rises = np.vecdot(path.basis(middle), terms.T) > 0.0
        low, high = np.where(rises, low, middle), np.where(rises & np.isfinite(high), middle, high)
    position[some] = high
    return position


def _first(path: Path, terms: Array, begin: Array, end: Array) -> tuple[Array, Array]:
    """Brackets of where in begin .. end (c,) the sums over the path's terms first become negative."""
    low, high = first_negative(*path.functions(terms, begin, end))
    found, span = np.isfinite(high) & (begin < end), end - begin
    low, high = (begin + np.where(found, edge, 0.0) * span for edge in (low, high))
    return np.where(found, low, np.inf), np.where(found, high, np.inf)
