"""Where the neurons point: the compass of ``plot.directions`` on a single state."""

import numpy as np

from reluflow.flow.base import State
from reluflow.plot.axes import power_of_ten
from reluflow.plot.cells import Role, Row
from reluflow.plot.directions import compass, compass_rows
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.views.chart import legend, stacked
from reluflow.problem import Problem


def directions_view(
    state: State, problem: Problem, width: int, height: int, glyphs: Glyphs, cursor: int | None
) -> list[Row]:
    """Angle for two moving coordinates, the fullest plane for more; the radius grows with log |w|."""
    if width < 1 or height < 1:
        return stacked([], width, height)
    span = problem.span
    with np.errstate(all="ignore"):
        picture = compass(span.project(state.weights), state.output_weights, span.inputs, cursor)
    rows = compass_rows(picture, (width, height - 1), glyphs, cursor)
    low, high = (power_of_ten(round(limit)) for limit in picture.radius)
    share = picture.plane.share
    entries: list[tuple[str, Role]] = [
        (f"{glyphs.positive} a>0", "positive"),
        (f"{glyphs.negative} a<0", "negative"),
        (f"{glyphs.point} data", "ray"),
        (f"|w| {low}..{high}", "dim"),
    ]
    if picture.plane.basis.shape[0] > 2:
        entries.append((f"{100.0 * share:.0f} % in plane", "dim"))
    return stacked([rows, [legend(entries, width)]], width, height)
