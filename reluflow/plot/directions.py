"""Where the neurons point: the compass of their directions in the coordinates that move.

A neuron stands at the angle of its hidden weights and at a radius that grows with the logarithm of
their norm. With more than two moving coordinates the picture is a projection onto the plane that holds
most of the (unit) directions, found without centring because a direction has an origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, row_norms
from reluflow.plot.axes import Limits, sticky_decades
from reluflow.plot.canvas import Trace, draw
from reluflow.plot.cells import Role, Row, Segment, fit, joined, put, spread
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import DIRECTIONS

Numbers = npt.NDArray[np.intp]

#: where the number of a sample may stand from its best place: rows down, cells to the right
_BESIDE: Final = ((0, 0), (-1, 0), (1, 0), (0, 1), (0, -1), (0, 2), (0, -2))


@dataclass(frozen=True)
class Plane:
    """Two orthonormal directions (p, 2), and the ``share`` of the directions' squares that lies in them."""

    basis: Array
    share: float


@dataclass(frozen=True)
class Compass:
    """Points on the unit disc: ``places`` (k, 2), ``signs`` (k,) of the output weights, ``rays`` (n, 2).

    ``index`` (k,) are the neurons' numbers, ``radius`` the limits of log10 of the norm from centre to rim.
    """

    places: Array
    signs: Array
    index: Numbers
    rays: Array
    radius: Limits
    plane: Plane


def compass(
    coordinates: Array,
    output_weights: Array,
    inputs: Array,
    cursor: int | None = None,
    previous: Compass | None = None,
) -> Compass:
    """The picture of neurons ``coordinates`` (m, p), ``output_weights`` (m,) and data ``inputs`` (n, p).

    ``previous`` keeps the radius from jumping and the projection from turning between two frames.
    """
    chosen = _choose(coordinates.shape[0], cursor)
    coordinates, signs = coordinates[chosen], np.sign(output_weights[chosen])
    units, logs = _polar(coordinates)
    seen = logs[np.isfinite(logs)]
    radius = previous.radius if previous else None
    if seen.size:
        radius = sticky_decades(radius, float(seen.min()), float(seen.max()))
    radius = radius or (-1.0, 0.0)
    shares = np.clip((logs - radius[0]) / (radius[1] - radius[0]), 0.0, 1.0)
    reach = DIRECTIONS.core + (1.0 - DIRECTIONS.core) * shares
    plane = _plane(units * reach[:, None], previous.plane if previous else None)
    places = reach[:, None] * (units @ plane.basis)
    rays, _ = _polar(inputs)
    return Compass(places, signs, chosen, rays @ plane.basis, radius, plane)


@dataclass(frozen=True)
class Goals:
    """Unit directions (g, p) in which neurons of a ``sign`` (g,) end, to be marked on the rim."""

    directions: Array
    signs: Array


def compass_rows(
    picture: Compass,
    size: tuple[int, int],
    glyphs: Glyphs,
    cursor: int | None = None,
    goals: Goals | None = None,
) -> list[Row]:
    """The picture on ``size`` = (width, height) cells, ``cursor`` is the number of a neuron."""
    width, height = size
    frame = _Frame(width, height)
    if frame.rim < 1.0:
        return [fit([], width) for _ in range(max(height, 0))]
    rays, dotted = picture.rays, np.zeros((0, 2), dtype=np.int32)
    if rays.shape[0] <= DIRECTIONS.most_dotted:
        # to a part of a cell, so that lines that turn slowly are drawn now and then only
        dotted = np.rint(rays * (DIRECTIONS.fineness * frame.rim)).astype(np.int32)
    rows = list(_ground(width, height, glyphs, dotted.tobytes()))
    marks: list[tuple[Array, Role, str]] = [(rays, "ray", glyphs.point)]
    if goals is not None:
        places = goals.directions @ picture.plane.basis
        marks.append((places[goals.signs < 0.0], "negative", glyphs.minus_goal))
        marks.append((places[goals.signs > 0.0], "positive", glyphs.plus_goal))
    # one mark a cell and sign, however many neurons stand there
    signs: tuple[tuple[float, Role, str], ...] = (
        (0.0, "still", glyphs.still),
        (-1.0, "negative", glyphs.negative),
        (1.0, "positive", glyphs.positive),
    )
    marks += [(picture.places[picture.signs == sign], role, marker) for sign, role, marker in signs]
    rows = _numbers(_marked(rows, marks, frame), rays, frame)
    return _cursor(rows, picture, frame, glyphs, cursor)


@lru_cache(maxsize=4)
def _ground(width: int, height: int, glyphs: Glyphs, steps: bytes) -> tuple[Row, ...]:
    """What neurons are drawn on: the rim, and dotted lines to the samples while they can be told apart.

    ``steps``: the ends of the lines (n, 2) as whole numbers of the finest parts of a cell.
    """
    frame = _Frame(width, height)
    rays = np.frombuffer(steps, dtype=np.int32).reshape(-1, 2) / (DIRECTIONS.fineness * frame.rim)
    along = np.linspace(0.0, 1.0, max(int(frame.rim), 2))
    points = (along[:, None, None] * rays).reshape(-1, 2)
    marker = "." if glyphs.name == "ascii" else glyphs.curve
    return tuple(draw(width, height, [_rim(frame, glyphs), Trace(*frame.square(points), "ray", marker)]))


def _marked(rows: list[Row], marks: Sequence[tuple[Array, Role, str]], frame: "_Frame") -> list[Row]:
    """Rows with a character at each place (k, 2), later ones over earlier ones."""
    found: dict[int, list[Segment]] = {}
    for places, role, text in marks:
        column, row = frame.cells(places)
        for code in np.unique(row * frame.width + column).astype(np.intp).tolist():
            y, x = divmod(code, frame.width)
            cells = found.get(y)
            if cells is None:
                cells = found[y] = spread(rows[y])
            cells[x] = Segment(text, role)
    return [joined(found[y]) if y in found else row for y, row in enumerate(rows)]


class _Frame:
    """Places on the unit disc to cells and to the unit square of the canvas."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        # A cell is about twice as high as it is wide; the rim's radius is counted in widths.
        self.rim = min((width - 1) / 2 - DIRECTIONS.margin, (height - 1) - DIRECTIONS.margin)

    def square(self, places: Array) -> tuple[Array, Array]:
        x = 0.5 + self.rim * places[:, 0] / max(self.width - 1, 1)
        y = 0.5 + self.rim / 2 * places[:, 1] / max(self.height - 1, 1)
        return x, y

    def cells(self, places: Array) -> tuple[Array, Array]:
        """Column and row (from the top) of each place, as whole numbers."""
        x, y = self.square(places)
        return np.floor(x * (self.width - 1) + 0.5), self.height - 1 - np.floor(y * (self.height - 1) + 0.5)


def _choose(m: int, cursor: int | None) -> Numbers:
    """The numbers of ``DIRECTIONS.most_neurons`` neurons, evenly spread, and of the one under the cursor."""
    stride = max(-(-m // DIRECTIONS.most_neurons), 1)
    chosen = np.arange(0, m, stride)
    if cursor is not None and 0 <= cursor < m and cursor % stride:
        chosen = np.append(chosen, cursor)
    return chosen


def one_signed(axes: Array) -> Array:
    """Columns (p, k) of whose sign nothing is known, with their largest coordinate above zero."""
    largest = np.argmax(np.abs(axes), axis=0)
    found: Array = axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0.0, -1.0, 1.0)
    return found


def units_of(rows: Array) -> Array:
    """Unit rows, whatever their sizes; a zero row stays zero."""
    return _polar(rows)[0]


def _polar(rows: Array) -> tuple[Array, Array]:
    """Unit rows and log10 of their norms; a zero row stays zero, with -inf."""
    clean = np.where(np.isfinite(rows), rows, 0.0)
    largest = np.max(np.abs(clean), axis=1, initial=0.0)
    # Scaled first: the norm of a row like 1e-320 has too few digits to divide by.
    scaled = clean / np.where(largest > 0.0, largest, 1.0)[:, None]
    norms = row_norms(scaled)
    with np.errstate(divide="ignore"):
        logs = np.log10(largest) + np.log10(norms)
    return scaled / np.where(norms > 0.0, norms, 1.0)[:, None], logs


def _plane(rows: Array, previous: Plane | None) -> Plane:
    """The first two principal directions of rows (k, p), uncentred, turned to agree with ``previous``."""
    p = rows.shape[1]
    if p <= 2:
        return Plane(np.eye(p, 2), 1.0)
    moment = rows.T @ rows
    values, vectors = np.linalg.eigh(moment)
    basis = one_signed(vectors[:, [-1, -2]])
    total = float(values.sum())
    share = float((values[-1] + values[-2]) / total) if total > 0.0 else 0.0
    if previous is not None and previous.basis.shape == basis.shape:
        # The turn (and flip) within the plane that brings it nearest to the plane shown before.
        left, _, right = np.linalg.svd(basis.T @ previous.basis)
        basis = basis @ (left @ right)
    return Plane(basis, share)


def _rim(frame: _Frame, glyphs: Glyphs) -> Trace:
    turn = np.linspace(0.0, 2.0 * np.pi, 1 + int(8 * frame.rim * glyphs.dots[0]))
    x, y = frame.square(np.stack([np.cos(turn), np.sin(turn)], axis=1))
    marker = "." if glyphs.name == "ascii" else glyphs.curve
    return Trace(x, y, "axis", marker)


def _numbers(rows: list[Row], rays: Array, frame: _Frame) -> list[Row]:
    """Sample numbers, from 1, just outside the end of each ray or beside that; none without room."""
    if rays.shape[0] > DIRECTIONS.most_numbered:
        return rows
    lengths = np.hypot(rays[:, 0], rays[:, 1])[:, None]
    outside = rays * (1.0 + 1.6 / frame.rim / np.where(lengths > 0.0, lengths, np.inf))
    ends, wanted = (np.stack(frame.cells(places), axis=1).astype(int).tolist() for places in (rays, outside))
    samples = {(row, column) for column, row in ends}
    labels: set[tuple[int, int]] = set()
    for number, (ray, (column, row)) in enumerate(zip(rays, wanted, strict=True), start=1):
        text = str(number)
        column -= len(text) - 1 if ray[0] < 0.0 else 0
        for down, right in _BESIDE:
            y, x = row + down, column + right
            cells = {(y, x + i) for i in range(len(text))}
            around = cells | {(y, x - 1), (y, x + len(text))}
            inside = 0 <= y < frame.height and 0 <= x <= frame.width - len(text)
            if inside and not cells & samples and not around & labels:
                labels |= cells
                rows[y] = put(rows[y], x, text, "ray")
                break
    return rows


def _cursor(
    rows: list[Row], picture: Compass, frame: _Frame, glyphs: Glyphs, cursor: int | None
) -> list[Row]:
    found = np.flatnonzero(picture.index == cursor) if cursor is not None else np.empty(0, dtype=np.intp)
    if found.size:
        column, row = (int(value[0]) for value in frame.cells(picture.places[found[:1]]))
        marker = glyphs.negative_cursor if picture.signs[found[0]] < 0.0 else glyphs.positive_cursor
        rows[row] = put(rows[row], column, marker, "cursor")
    return rows
