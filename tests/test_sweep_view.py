"""What the app shows of a sweep: the map, the cell under the cursor, its runs."""

from pathlib import Path

import numpy as np
import pytest
from made_sweeps import made_sweep

import reluflow
from reluflow.errors import SweepError
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import ASCII, BRAILLE
from reluflow.plot.sweep_map import MapPicture, map_view
from reluflow.sweep.theory_line import theory_line
from reluflow.theory.orthogonal_fit import fit_probability
from reluflow.tui.sweep_view import SweepView, signature

OVER = ("init.scale=1e-4,1e-3", "network.width=2,4,8", "init.seed=0:1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_sweep(tmp_path_factory.mktemp("sweeps") / "study", OVER)


@pytest.fixture
def view(folder: Path) -> SweepView:
    return SweepView(reluflow.open_sweep(folder))


def test_a_sweep_of_two_numbers_and_seeds_is_a_map_of_successes(view: SweepView) -> None:
    assert (view.x, view.y, view.value) == ("init.scale", "network.width", "success")
    table = view.sweep.table()
    for row, width in enumerate((2, 4, 8)):
        for column, scale in enumerate((1e-4, 1e-3)):
            view.go_to(column, row)
            inside = (table["network.width"] == width) & (table["init.scale"] == scale)
            assert view.rows.tolist() == np.flatnonzero(inside).tolist()
            assert view.map.values[row, column] == table["success"][inside].mean()
            assert view.number == table["number"][inside][0]
    assert view.words() == (["1e-4", "1e-3"], ["2", "4", "8"])


def test_rows_without_a_value_of_a_key_are_those_of_a_cell(tmp_path: Path) -> None:
    view = SweepView(
        reluflow.open_sweep(made_sweep(tmp_path / "study", ["stop.steps=none,3", "init.seed=0:1"]))
    )
    view.choose(x="stop.steps", y=None)
    line = theory_line(view.sweep.study, view.groups, view.table)
    assert line is not None
    assert np.isfinite(line.values).all()
    for column, steps in enumerate((3.0, np.nan)):
        view.go_to(column, 0)
        assert np.array_equal(view.table["stop.steps"][view.rows], [steps, steps], equal_nan=True)


def test_the_theory_of_the_cell_is_said_beside_it(view: SweepView) -> None:
    line = theory_line(view.sweep.study, view.groups, view.table)
    assert line is not None
    for column, row in ((0, 0), (1, 2)):
        view.go_to(column, row)
        width = (2, 4, 8)[row]
        signs = [int(np.sum(sign * view.sweep.study.preset.problem().targets > 0.0)) for sign in (1, -1)]
        assert view.sentence(line).endswith(f"; theory {fit_probability(width, *signs):.4g}")
        assert "theory" not in view.sentence()


def test_the_cursor_stays_on_its_point_when_the_axes_change(view: SweepView) -> None:
    view.go_to(1, 2)
    number = view.number
    view.next_across()
    assert (view.x, view.y) == ("network.width", "init.scale")
    assert number in view.table["number"][view.rows]
    view.next_up()
    assert view.y == "init.seed"
    view.next_up()
    assert view.y is None
    assert view.is_curve
    assert number in view.table["number"][view.rows]
    assert view.cursor[1] == 0
    seen = set()
    for _ in view.values:
        seen.add(view.value)
        view.next_value(1)
    assert {"success", "escape:1", "loss", "variation_norm"} <= seen


def test_conditions_choose_rows_and_wrong_ones_change_nothing(view: SweepView) -> None:
    view.choose(where="network.width>2 init.scale<2e-4")
    assert len(view.table["number"]) == 4
    assert view.map.group.shape == (2, 1)
    with pytest.raises(SweepError, match='filter: there is no "widht"'):
        view.choose(where="widht=2")
    assert len(view.table["number"]) == 4
    view.choose(where="network.width=3")
    assert view.sentence() == "no row is network.width=3"
    assert view.rows.size == 0
    view.choose(where="")
    assert len(view.table["number"]) == 12


def test_runs_are_listed_with_what_differs_and_what_became_of_them(view: SweepView) -> None:
    row = dict(zip(view.titles, view.cells(11), strict=True))
    table = view.sweep.table()
    assert (row["scale"], row["width"], row["seed"]) == ("1e-3", "8", "1")
    assert row["status"] == table["status"][11]
    assert float(row["escapes"].split()[0]) == pytest.approx(
        float(table["escape_times"][11].split(";")[0]), rel=1e-3
    )
    assert row["success"] in ("yes", "no")


def test_the_files_of_a_folder_tell_that_rows_came(tmp_path: Path) -> None:
    folder = made_sweep(tmp_path / "part", ["init.seed=0:2"], most=1)
    before = signature(folder)
    assert before == signature(folder)
    made_sweep(folder, [], most=1)
    assert signature(folder) != before
    assert signature(tmp_path / "nowhere") == ()
    view = SweepView(reluflow.open_sweep(folder))
    assert len(view.table["number"]) == 2
    view.adopt(reluflow.open_sweep(made_sweep(folder, [])))
    assert len(view.table["number"]) == 3


def test_a_sweep_without_rows_has_a_sentence(tmp_path: Path) -> None:
    view = SweepView(reluflow.open_sweep(made_sweep(tmp_path / "none", ["init.seed=0:2"], most=0)))
    assert view.sentence() == "no rows yet"
    assert view.number is None
    view.go_to(3, 3)
    assert view.cursor == (0, 0)


def shown(cursor=(0, 0), size=(40, 12), glyphs=BRAILLE, values=None, **rest):
    values = np.array([[0.0, 0.5], [np.nan, 1.0]]) if values is None else values
    x, y = (
        [f"{word}{k}" for k in range(count)] for word, count in zip("xy", values.shape[::-1], strict=True)
    )
    rows = map_view(MapPicture(values, x, y, ("X", "Y", "V"), **rest), cursor, *size, glyphs)
    return [plain(row) for row in rows], rows


def test_a_map_tells_values_by_shade_and_by_number() -> None:
    rows, _ = shown()
    top = next(row for row in rows if row.startswith("y1"))
    bottom = next(row for row in rows if row.startswith("y0"))
    assert top.endswith("█1██████") or "█1█" in top
    assert "0.5" in bottom
    assert "·0·" in bottom
    assert " " * 10 in top, "a cell without a run is empty"
    assert rows[-1].startswith(" V: ·0 0 to █9 1; X across, Y up")


def test_the_cursor_is_seen_without_colour() -> None:
    rows, parts = shown((1, 0))
    assert next(text for row in parts for text, role in row if role == "cursor")[0] == "["
    line = next(row for row in rows if row.startswith("y0"))
    assert line.startswith("y0▸│")
    axis = rows[-3]
    assert line.index("[") < axis.index("↑") < line.index("]")


@pytest.mark.parametrize("glyphs", [BRAILLE, ASCII], ids=["braille", "ascii"])
def test_a_map_larger_than_the_screen_follows_the_cursor(glyphs) -> None:  # type: ignore[no-untyped-def]
    values = np.arange(60.0 * 50.0).reshape(50, 60)
    for cursor in ((0, 0), (59, 49), (30, 20)):
        rows, parts = shown(cursor, (30, 10), glyphs, values)
        assert len(rows) == 10
        assert all(len(row) <= 30 for row in rows[:-1])
        (here,) = [text for row in parts for text, role in row if role == "cursor"]
        assert here == str(int(10 * values[cursor[1], cursor[0]] / values.max()) if cursor != (59, 49) else 9)
        assert any(row.startswith(f"y{cursor[1]}".rjust(3)) for row in rows)


def test_limits_of_a_share_are_those_of_shares() -> None:
    rows, _ = shown(values=np.array([[0.25, 0.5]]), limits=(0.0, 1.0))
    assert "0 0 to" in rows[-1]
    assert "░0.25" in next(row for row in rows if row.startswith("y0"))
    assert shown(values=np.full((2, 2), np.nan))[0] == [" no run has a number for V"]
