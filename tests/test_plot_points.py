"""The picture of samples that are edited."""

import numpy as np
import pytest
from rows import pieces

from reluflow.flow.base import State
from reluflow.plot.glyphs import BRAILLE
from reluflow.plot.points import PointsPicture, Window
from reluflow.problem import Problem

PLANE = np.array([[-1.0, -1.0, -1.0], [1.0, -1.0, 1.0], [-1.0, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 0.5, -3.0]])


def marks(picture: PointsPicture, chosen: int, role: str) -> set[tuple[int, int]]:
    """(column, row) of the cells of a role."""
    found, rows = set(), picture.rows(chosen, None, None)
    for y, row in enumerate(rows):
        x = 0
        for part in row:
            found |= {(x + i, y) for i, sign in enumerate(part.text) if part.role == role and sign != " "}
            x += len(part.text)
    return found


@pytest.mark.parametrize("chosen", range(5))
def test_every_point_has_the_mark_of_the_sign_of_its_target(chosen: int) -> None:
    picture = PointsPicture(PLANE, Window.around(PLANE[:, :2]), 60, 20, BRAILLE)
    cells = [picture.chart.cell(float(x), float(y)) for x, y in picture.places]
    for sign, role in ((-1.0, "negative"), (1.0, "positive"), (0.0, "still")):
        others = [k for k in np.flatnonzero(np.sign(PLANE[:, 2]) == sign) if k != chosen]
        assert marks(picture, chosen, role) == {cells[k] for k in others}
    assert marks(picture, chosen, "cursor") == {cells[chosen]}


def test_the_line_on_which_the_network_is_zero_is_drawn_in_the_plane() -> None:
    """h = relu(x) - relu(-x) = x, which is zero in the middle column."""
    weights, outputs = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1.0, -1.0])
    problem = Problem(PLANE[:, :2], PLANE[:, 2], weights, outputs)
    picture = PointsPicture(PLANE, Window.around(PLANE[:, :2]), 61, 20, BRAILLE)
    rows = picture.rows(0, State(0.0, weights, outputs), problem)
    middle, _ = picture.chart.cell(0.0, 0.0)
    drawn = []
    for row in rows:
        x = 0
        for part in row:
            drawn += [x + i for i, sign in enumerate(part.text) if part.role == "curve" and sign.strip("⠀ ")]
            x += len(part.text)
    assert len(drawn) > 10
    assert {abs(x - middle) for x in drawn} <= {0, 1}


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_function_of_one_input_is_drawn_with_its_sign(sign: float) -> None:
    """h = +-relu(x): a curve in the middle row on the left, that ends in a corner on the right."""
    values = np.array([[-1.0, -1.0], [1.0, 1.0]])
    weights, outputs = np.array([[1.0]]), np.array([sign])
    picture = PointsPicture(values, Window.around(values), 61, 21, BRAILLE)
    problem = Problem(values[:, :1], values[:, 1], weights, outputs)
    rows = picture.rows(0, State(0.0, weights, outputs), problem)
    drawn = [(x + i, y) for x, y, text in pieces(rows, "curve") for i, c in enumerate(text) if c.strip("⠀ ")]
    assert abs(max(drawn)[1] - picture.chart.cell(0.0, sign * picture.chart.x.limits[1])[1]) <= 1


def test_points_are_found_at_their_cells_and_move_by_round_steps() -> None:
    picture = PointsPicture(PLANE, Window.around(PLANE[:, :2]), 60, 20, BRAILLE)
    for number, (x, y) in enumerate(picture.places):
        column, row = picture.chart.cell(float(x), float(y))
        assert picture.nearest(column, row) == picture.nearest(column + 1, row) == number
        near = picture.place(column, row)
        cells = (picture.chart.x.limits[1] - picture.chart.x.limits[0]) / picture.chart.width
        assert near == pytest.approx((x, y), abs=2.0 * cells)
    assert picture.nearest(*picture.chart.cell(0.6, 0.0)) is None
    twice = PointsPicture(np.vstack([PLANE, PLANE[:1]]), Window.around(PLANE[:, :2]), 60, 20, BRAILLE)
    assert twice.nearest(*twice.chart.cell(*twice.places[0])) == len(PLANE), "the last of several"
    right, up = picture.moved(1, 1, 0), picture.moved(1, 0, -1)
    assert (right[0] > 1.0, right[1]) == (True, -1.0)
    assert (up[0], up[1] > -1.0) == (1.0, True)
