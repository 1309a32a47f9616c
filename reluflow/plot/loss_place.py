"""Where things are on a picture of the loss: flow times to columns, losses to rows and back."""

from dataclasses import dataclass

import numpy as np

from reluflow.plot.axes import Limits
from reluflow.plot.cells import Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import LossAxes


@dataclass(frozen=True)
class LossPicture:
    """Rows of text. The canvas in them starts ``left`` cells from the edge and is ``inner`` cells large."""

    rows: list[Row]
    left: int
    inner: tuple[int, int]
    axes: LossAxes


def time_at(picture: LossPicture, column: int) -> float:
    """The flow time in a column of the panel, within its axis."""
    axes, width = picture.axes, picture.inner[0]
    share = min(max((column - picture.left) / max(width - 1, 1), 0.0), 1.0)
    return axes.time_of(axes.time[0] + share * (axes.time[1] - axes.time[0]))


def loss_at(picture: LossPicture, row: int) -> float:
    """The loss in a row of the panel, counted from the top of the canvas, within its axis."""
    axes, height = picture.axes, picture.inner[1]
    share = min(max(1.0 - row / max(height - 1, 1), 0.0), 1.0)
    return axes.loss_of(axes.loss[0] + share * (axes.loss[1] - axes.loss[0]))


def column_of(t: float, axes: LossAxes, width: int, glyphs: Glyphs) -> int | None:
    """The column of a flow time, None where the axis does not reach.

    A time before all that a logarithmic axis shows of the whole is at its beginning.
    """
    at = axes.place(t)
    if at is None:
        return 0 if axes.whole else None
    if not at <= axes.time[1] or (at < axes.time[0] and not axes.whole):
        return None
    return cell_of(at, axes.time, width, glyphs.dots[0])


def row_of(loss: float, axes: LossAxes, height: int, glyphs: Glyphs) -> int | None:
    """The row of a loss from the top, None where the axis does not reach."""
    at = axes.height(loss)
    if at is None or not axes.loss[0] <= at <= axes.loss[1]:
        return None
    return height - 1 - cell_of(at, axes.loss, height, glyphs.dots[1])


def cell_of(value: float, limits: Limits, cells: int, dots: int) -> int:
    """The cell that the curve passes at a value: the canvas rounds to dots, of which a cell has several."""
    share = min(max((value - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return int(np.floor(share * (cells * dots - 1) + 0.5)) // dots
