"""The adapter around plotext: what goes in as traces comes out as rows of the right shape and roles."""

import tracemalloc

import numpy as np
import plotext
import pytest

from reluflow.plot.canvas import Trace, draw
from reluflow.plot.cells import ROLES, Segment, fit, plain, put


def unit(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 1), (1, 5), (30, 8), (300, 90)])
def test_rows_have_the_asked_size(width: int, height: int) -> None:
    rows = draw(width, height, [Trace(unit(0, 1), unit(0, 1), "curve", "braille", line=True)])
    assert len(rows) == height
    assert {len(plain(row)) for row in rows} == {width}


def test_no_room_gives_no_cells() -> None:
    assert draw(0, 3, []) == [[], [], []]
    assert draw(5, 0, []) == []


def test_corners_are_the_outer_cells_and_keep_their_role() -> None:
    rows = draw(9, 4, [Trace(unit(0), unit(0), "positive", "+"), Trace(unit(1), unit(1), "negative", "o")])
    assert Segment("+", "positive") == rows[-1][0]
    assert Segment("o", "negative") == rows[0][-1]


def test_every_role_survives_the_colour_numbers() -> None:
    traces = [Trace(unit(i / (len(ROLES) - 1)), unit(0), role, "x") for i, role in enumerate(ROLES)]
    (row,) = draw(len(ROLES), 1, traces)
    assert [segment.role for segment in row] == list(ROLES)


def test_later_traces_are_drawn_over_earlier_ones() -> None:
    ((segment,),) = draw(1, 1, [Trace(unit(0), unit(0), "mark", ":"), Trace(unit(0), unit(0), "ray", "x")])
    assert segment == ("x", "ray")


def test_points_that_are_not_finite_or_outside_do_no_harm() -> None:
    wild = unit(np.nan, np.inf, -np.inf, 1e300, -1e300, 0.5)
    rows = draw(20, 6, [Trace(wild, wild[::-1], "curve", "braille", line=True)])
    assert {len(plain(row)) for row in rows} == {20}


def test_a_line_joins_its_points() -> None:
    rows = draw(20, 1, [Trace(unit(0, 1), unit(0, 0), "curve", "*", line=True)])
    assert plain(rows[0]) == "*" * 20


@pytest.mark.parametrize("marker", ["braille", "hd", "*"])
@pytest.mark.parametrize("line", [False, True])
def test_cells_are_those_of_plotext_itself(marker: str, line: bool) -> None:
    rng = np.random.default_rng(0)
    x, y = np.sort(rng.random(300)), rng.random(300) ** 3
    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(40, 12)
    plotext.xaxes(False, False)
    plotext.yaxes(False, False)
    plotext.xticks([], [])
    plotext.yticks([], [])
    plotext.xlim(0.0, 1.0)
    plotext.ylim(0.0, 1.0)
    (plotext.plot if line else plotext.scatter)(x.tolist(), y.tolist(), marker=marker)
    theirs = plotext.uncolorize(plotext.build()).split("\n")[:12]
    assert [plain(row) for row in draw(40, 12, [Trace(x, y, "curve", marker, line)])] == theirs


def test_what_was_drawn_before_leaves_no_trace() -> None:
    line = Trace(unit(0, 1), unit(0, 1), "curve", "braille", line=True)
    other = Trace(unit(0, 1), unit(1, 0), "frozen", "hd")
    alone = draw(12, 5, [line])
    draw(12, 5, [other, line])
    draw(40, 9, [other])
    assert draw(12, 5, [line]) == alone


def test_put_writes_over_what_was_there_and_loses_what_sticks_out() -> None:
    row = [Segment("abc", "text"), Segment("def", "dim")]
    assert put(row, 2, "XY", "key") == [("ab", "text"), ("XY", "key"), ("ef", "dim")]
    assert plain(put(row, -1, "XY", "key")) == "Ybcdef"
    assert plain(put(row, 5, "XY", "key")) == "abcdeX"
    assert put(row, 6, "XY", "key") == row


def test_fit_cuts_and_pads() -> None:
    assert plain(fit([Segment("abc", "text")], 2)) == "ab"
    assert plain(fit([Segment("abc", "text")], 5)) == "abc  "
    assert fit([Segment("abc", "text")], 0) == []


@pytest.mark.slow
def test_a_curve_of_a_large_screen_is_remembered_in_little_memory() -> None:
    x, rng, held = np.linspace(0.0, 1.0, 300), np.random.default_rng(0), []
    tracemalloc.start()
    try:
        for _ in range(4):  # plotext keeps the last one, and what it needs for the first ones
            draw(300, 100, [Trace(x, rng.uniform(0.3, 0.6, x.size), "text", "braille", line=True)])
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[-1] - held[-2] < 100_000
