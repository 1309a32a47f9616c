"""The range of a number: its axis, its order, its rows and its picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluflow.errors import ReluflowError
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import ASCII, BRAILLE
from reluflow.plot.range_picture import Part, RangeDrawing, RangePicture
from reluflow.store.preset import load_preset
from reluflow.sweep import ranging
from reluflow.sweep.ranging import RangeTable, coarse_to_fine, range_study, solve_range, usual_axis
from reluflow.sweep.solving import PointSolver, failed_row
from reluflow.sweep.study import study_of

SMALL = {"network.width": 8, "stop.loss": 0.3}


def small_study(text="init.scale=1e-6,1e-3"):
    return range_study(load_preset("orthogonal-toy", SMALL), text)


def test_points_come_coarse_to_fine():
    assert coarse_to_fine(9) == [0, 8, 4, 2, 6, 1, 3, 5, 7]
    assert coarse_to_fine(2) == [0, 1]


@given(st.integers(2, 300))
def test_every_point_comes_once_and_the_first_five_show_the_shape(count):
    order = coarse_to_fine(count)
    assert sorted(order) == list(range(count))
    assert max(np.diff([0, *sorted(order[:5]), count - 1])) <= -(-count // 4)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("init.scale", "init.scale=1e-10:0.01:25log"),
        ("network.width", "network.width=2:32"),
        ("init.seed", "init.seed=4:28"),
        ("solver.weight_decay", "solver.weight_decay=0:1:25lin"),
        ("solver.rtol", None),
        ("record.snapshots", None),
        ("record.memory_mb", None),
        ("network.slope", None),
    ],
)
def test_the_usual_range_is_one_about_the_present_value(key, text):
    preset = load_preset("orthogonal-toy", SMALL)
    found = usual_axis(preset, key)
    assert text in (None, found)
    values = [value[0] for value in range_study(preset, found).grid.axes[0].values]
    assert min(values) <= preset.values[key] <= max(values)
    assert values == sorted(values)


def test_what_is_not_set_has_no_usual_range():
    assert usual_axis(load_preset("orthogonal-toy"), "stop.steps") == "stop.steps="


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found no values"),
        ("init.scale=", "found no values"),
        ("init.scal=1,2", "did you mean init.scale"),
        ("init.scale=1e-3", "1 numbers; expected 2 to 1000"),
        ("init.seed=0:2000", "2001 numbers"),
        ("init.kind=balanced,dominated", "not of one number"),
        ("network.width,init.seed=(4,1),(8,2)", "not of one number"),
        ("init.scale=-1,2", "init.scale"),
        ("init.scale=none,1", "1 numbers"),
        ("network.slope=0:2:5lin", "network.slope"),
    ],
)
def test_what_is_no_range_is_one_sentence(text, message):
    with pytest.raises(ReluflowError, match=message) as caught:
        small_study(text)
    assert "\n" not in str(caught.value)


def test_a_range_is_in_increasing_order_and_processes_read_the_same():
    study = small_study("init.scale=1e-3,1e-9,1e-6,1e-3")
    assert [value[0] for value in study.grid.axes[0].values] == [1e-9, 1e-6, 1e-3]
    read = study_of(study.to_toml(), study.preset.folder)
    assert read.grid.axes == study.grid.axes
    assert read.preset.values == study.preset.values


def test_rows_are_those_of_runs_whoever_solves_them():
    study = small_study("init.scale=1e-8:1e-3:6log")
    table = RangeTable(study)
    assert table.missing == [0, 5, 2, 1, 4, 3]
    for rows in solve_range(study, table.missing, 1, lambda: False):
        table.add(rows)
    assert table.missing == []
    one, name = PointSolver(study), "wall_seconds"
    for number in range(6):
        row = table.row(number)
        names = list(row)
        expected = dict(zip(names, one.solve(number), strict=True))
        assert {**row, name: ""} == {**expected, name: ""}
    np.testing.assert_array_equal(table.x, np.array([float(table.row(k)["init.scale"]) for k in range(6)]))
    escapes = table.values("escape:1")
    assert np.all(np.diff(escapes) < 0.0), "the larger the start, the earlier the escape"
    assert np.isnan(table.values("escape:9")).all()


def test_runs_that_take_long_are_left_to_processes(monkeypatch):
    study = small_study()
    monkeypatch.setattr(ranging, "HELPS_FOR", -1.0)
    table = RangeTable(study)
    for rows in solve_range(study, [1, 0], 1, lambda: False):
        table.add(rows)
    assert table.missing == []
    assert [table.row(number)["status"] for number in (0, 1)] == ["converged", "converged"]


def test_a_range_that_is_abandoned_ends():
    study = small_study()
    assert list(solve_range(study, [0, 1], 1, lambda: True)) == []


def test_runs_that_failed_have_no_result():
    study = small_study("init.scale=1e-6,1e-4,1e-3")
    table, solver = RangeTable(study), PointSolver(study)
    table.add([solver.cells(1, {**failed_row("it broke"), "loss": 3.0}), solver.cells(2, {"loss": 2.0})])
    assert table.failed.tolist() == [False, True, False]
    np.testing.assert_array_equal(table.values("loss"), [np.nan, np.nan, 2.0])
    assert table.row(0) == {}
    assert table.row(1)["reason"] == "it broke"


def drawn(cursor=0, glyphs=BRAILLE, **changes):
    x = np.array([1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
    nothing = np.zeros(5, dtype=bool)
    y = np.array([10.0, 20.0, np.nan, 40.0, np.nan])
    values = {"x": x, "parts": (Part("time", y),), "failed": nothing, "blank": nothing, **changes}
    return [plain(row) for row in RangeDrawing(RangePicture(**values), 60, 16, glyphs).rows(cursor)]


def test_the_picture_marks_points_failures_and_the_present_value():
    failed, blank = np.array([0, 0, 1, 0, 0], dtype=bool), np.array([0, 0, 0, 0, 1], dtype=bool)
    rows = drawn(failed=failed, blank=blank, present=1e-4)
    assert len(rows) == 16
    assert all(len(row) == 60 for row in rows)
    assert [sum(row.count(mark) for row in rows[:-1]) for mark in "●×·"] == [3, 1, 1]
    bottom = next(row for row in rows if "×" in row)
    assert bottom.index("×") == rows[0].index("┊"), "the run that failed is at the present value"
    for words in ("● time", "┊ now", "× failed or too long", "· has none"):
        assert words in rows[-1]


def test_the_cursor_is_on_its_point_or_on_the_axis():
    def roles(cursor):
        x = np.array([1.0, 2.0, 3.0])
        parts = (Part("a", np.array([5.0, np.nan, 6.0])),)
        nothing = np.zeros(3, dtype=bool)
        drawing = RangeDrawing(RangePicture(x, parts, nothing, nothing), 40, 12, ASCII)
        return [text for row in drawing.rows(cursor) for text, role in row if role == "cursor"]

    assert roles(0) == ["+"]
    assert roles(1) == ["^"]


def test_the_cursor_is_seen_on_the_axis_without_colour():
    rows = drawn(cursor=2, present=1e-4)
    assert rows[-3].index("↑") == rows[0].index("┊")


def test_several_curves_are_told_apart_by_digits_and_the_theory_is_named():
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    rows = drawn(parts=(Part("escape 1", y, 1.1 * y), Part("escape 2", 3.0 * y)), theory_name="limit")
    assert "1 escape 1  2 escape 2  ─ theory  (limit)" in rows[-1]
    assert sum(row.count("2") for row in rows[:-3]) >= 5


def test_nothing_yet_is_a_sentence():
    rows = drawn(parts=())
    assert "no point is solved yet" in rows[0]
