"""The grammar of axes and of conditions, and the grid that axes make."""

from dataclasses import replace

import numpy as np
import pytest

from reluflow.errors import SweepError
from reluflow.store.preset import load_preset
from reluflow.store.schema import by_id
from reluflow.sweep.axes import parse_axis, written
from reluflow.sweep.columns import headings
from reluflow.sweep.conditions import fulfilled, parse_conditions, require_known
from reluflow.sweep.grid import Grid, replaced
from reluflow.sweep.running import checked
from reluflow.sweep.solving import PointSolver
from reluflow.sweep.study import varied


def values(text):
    axis = parse_axis(text)
    return [value[0] if len(axis.keys) == 1 else value for value in axis.values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("init.seed=0:3", [0, 1, 2, 3]),
        ("init.seed=3:1, 7", [3, 2, 1, 7]),
        ("init.seed=0:2,1:3", [0, 1, 2, 3]),
        ("init.scale=0.1:0.5:5lin", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("init.scale=1e-6:1e-2:5log", [1e-6, 1e-5, 1e-4, 1e-3, 1e-2]),
        ("init.scale=4^0:4^-2", [1.0, 0.25, 0.0625]),
        ("init.scale=4^-2:1:3log", [0.0625, 0.25, 1.0]),
        ("init.scale=4^-5,1e-3", [4.0**-5, 1e-3]),
        ("network.width=2^1:2^4", [2, 4, 8, 16]),
        ("network.width=2:16:4log", [2, 4, 8, 16]),
        ("init.kind=balanced,dominated", ["balanced", "dominated"]),
        ("data.bias=true,no", [True, False]),
        ("data.bias=none,true,false", [False, True]),
        ("init.scale=1:3", [1.0, 2.0, 3.0]),
        ("stop.time=none,5", [None, 5.0]),
        ("data.targets=[1,-1],[2^2,1]", [(1.0, -1.0), (4.0, 1.0)]),
        ("data.inputs=[[1,2],[3,4]],[[1,0],[0,1]]", [((1.0, 2.0), (3.0, 4.0)), ((1.0, 0.0), (0.0, 1.0))]),
        ("init.seed=data.seed=0:2", [(0, 0), (1, 1), (2, 2)]),
        ("network.width,init.scale=(8,1e-3),(16,4^-2)", [(8, 1e-3), (16, 0.0625)]),
        ("data.targets,init.seed=([1,2],0),([3,4],1)", [((1.0, 2.0), 0), ((3.0, 4.0), 1)]),
    ],
)
def test_axes_as_documented(text, expected):
    assert values(text) == expected
    axis = parse_axis(text)
    again = parse_axis(written(axis.keys, axis.values))
    assert again == axis
    for value in axis.values:
        for key, part in zip(axis.keys, value, strict=True):
            assert part is None or isinstance(part, int) == (by_id(key).kind in ("int", "bool"))


@pytest.mark.parametrize("kind", ["lin", "log"])
@pytest.mark.parametrize("ends", [(1e-140, 1e140), (3.7, 0.2), (1.0, 1.0 + 1e-9)])
def test_ranges_hold_both_ends_to_the_last_bit(kind, ends):
    found = values(f"data.noise={ends[0]!r}:{ends[1]!r}:7{kind}")
    assert (found[0], found[-1]) == ends
    expected = (np.geomspace if kind == "log" else np.linspace)(*ends, 7)
    np.testing.assert_allclose(found, expected[: len(found)], rtol=1e-11)


def test_a_file_is_looked_for_where_it_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    axis = parse_axis('data.path="a, b.csv",c.npz')
    assert axis.values == ((str(tmp_path / "a, b.csv"),), (str(tmp_path / "c.npz"),))
    assert parse_axis(axis.text) == axis


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scale=1", "did you mean init.scale"),
        ("init.seed", "found no values"),
        ("init.seed= ", "found no values"),
        ("init.seed=1,,2", "init.seed has an empty value"),
        ("init.seed=0:9:3", "is no range"),
        ("init.scale=0.1:0.5", "is no range"),
        ("init.scale=4^2:2^3", "is no range"),
        ("init.scale=-1:1:3log", "not above 0"),
        ("init.scale=1:2:1lin", "expected 2 to"),
        ("init.scale=1:10^400:3lin", "no number holds"),
        ("init.seed=0:10000000", "more than 1000000 values"),
        ("network.width=1:2:3lin", '"1:2:3lin" has 1.5 in it, while network.width is an integer'),
        ("network.width=1.5:3:3lin", "expected an integer"),
        ("init.scale=0", "expected a number above 0"),
        ("init.kind=balnced", "expected one of balanced"),
        ("init.seed=init.seed=1", "stands there twice"),
        ("network.width,init.scale=(8)", "expected 2 values in parentheses"),
        ("network.width,init.scale=8,1", "expected 2 values in parentheses"),
        ("network.width,init.scale=init.seed=(8,1)", "not both"),
    ],
)
def test_what_is_no_axis_is_one_sentence(text, message):
    with pytest.raises(SweepError, match=message) as caught:
        parse_axis(text)
    assert str(caught.value).startswith("--over")


def test_the_last_axis_varies_fastest():
    grid = Grid((parse_axis("init.seed=data.seed=0:1"), parse_axis("init.scale=1,2,3")))
    assert grid.keys == ("init.seed", "data.seed", "init.scale")
    assert [grid.point(number) for number in range(grid.size)] == [
        (seed, seed, scale) for seed in (0, 1) for scale in (1.0, 2.0, 3.0)
    ]
    assert grid.changes(4) == {"init.seed": 1, "data.seed": 1, "init.scale": 2.0}


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ([], "nothing to vary"),
        (["init.seed=1", "data.seed=init.seed=2"], "init.seed is varied by two axes"),
        (["init.seed=0:9999", "data.seed=0:9999"], r"1e\+08 runs"),
    ],
)
def test_what_is_no_grid_is_one_sentence(axes, message):
    with pytest.raises(SweepError, match=message):
        Grid(tuple(map(parse_axis, axes)))


@pytest.mark.parametrize(
    ("before", "after", "merged"),
    [
        ("init.seed=0:2", "init.seed=0:5", "init.seed=0:5"),
        ("init.seed=0:5", "init.seed=2", "init.seed=0:5"),
        ("init.seed=0:2", "init.seed=8,9", "init.seed=0:2,8,9"),
        ("init.seed=4:5", "init.seed=0:1", "init.seed=0,1,4,5"),
        ("init.scale=4^1:4^-1", "init.scale=4^-3", "init.scale=4.0,1.0,0.25,0.015625"),
        ("init.kind=dominated", "init.kind=balanced", "init.kind=dominated,balanced"),
    ],
)
def test_axes_grow(before, after, merged):
    assert parse_axis(before).merged(parse_axis(after)) == parse_axis(merged)


def test_axes_stand_before_those_of_the_same_keys():
    own, given = (
        [parse_axis("init.seed=data.seed=0:1"), parse_axis("init.scale=1,2")],
        parse_axis("data.seed=5"),
    )
    assert replaced(own, [given]) == (own[1], given)


class TestConditions:
    COLUMNS = {  # noqa: RUF012
        "loss": np.array([1.0, 1e-9, np.nan]),
        "status": np.array(["converged", "failed", "wall"], dtype=object),
        "success": np.array([True, False, False]),
        "escape_times": np.array(["1.5;20.0", "", "3.0"], dtype=object),
        "data.targets": np.array(["[1.0, -1.0]", "[1.0, -2.0]", ""], dtype=object),
        "stop.time": np.array([0.5, np.nan, np.nan]),
        "data.bias": np.array([True, True, False]),
    }

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("loss<=1e-9", [False, True, False]),
            ("loss > 10^-9", [True, False, False]),
            ("loss!=1", [False, True, True]),
            ("status=failed", [False, True, False]),
            ("status != failed loss>0", [True, False, False]),
            ("success=true", [True, False, False]),
            ("data.bias=yes", [True, True, False]),
            ("data.bias=none", [False, False, True]),
            ('status="wall"', [False, False, True]),
            ("escape:1>1", [True, False, True]),
            ("escape:2<30 escape:1!=3", [True, False, False]),
            ("data.targets=[1,-1]", [True, False, False]),
            ("data.targets != [1, -1] loss<1", [False, True, False]),
            ('data.targets="[1.0, -1.0]"', [True, False, False]),
            ("data.targets=[1,", [False, False, False]),
            ("data.targets=none", [False, False, True]),
            ("stop.time=none", [False, True, True]),
            ("stop.time!=none", [True, False, False]),
        ],
    )
    def test_they_hold_where_they_should(self, text, expected):
        assert fulfilled(parse_conditions(text, "--where"), self.COLUMNS).tolist() == expected

    @pytest.mark.parametrize("text", ["", "loss", "loss<", "<3", "loss=<3", "loss<3 and status", "import os"])
    def test_what_is_none_is_one_sentence(self, text):
        with pytest.raises(SweepError, match=r"expected (NAME|a number)"):
            fulfilled(parse_conditions(text, "--where"), self.COLUMNS)

    @pytest.mark.parametrize("text", ["status<3", "loss=small", "success=maybe"])
    def test_numbers_and_text_are_not_compared(self, text):
        with pytest.raises(SweepError):
            fulfilled(parse_conditions(text, "--where"), self.COLUMNS)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("escape:0>1", "expected escape:1, escape:2 and so on"),
            (f"escape:{10**20}>1", "expected escape:1, escape:2 and so on"),
            ("escap:1>1", "did you mean escape:1"),
            ("escape_times>1", "it is text; expected = or !=, or escape:1 for the first"),
        ],
    )
    def test_escapes_that_there_are_not_are_one_sentence(self, text, message):
        (condition,) = parse_conditions(text, "--where")
        with pytest.raises(SweepError, match=message):
            require_known([condition], self.COLUMNS, "--where") or condition.holds(np.array(["1;2"]))

    def test_a_success_may_be_of_an_escape_and_of_a_list(self):
        success = "escape:1<100 data.targets=[1,-1]"
        preset = load_preset("orthogonal-toy", {"network.width": 8, "stop.loss": 0.3, "init.scale": 1e-3})
        study = varied(preset, [parse_axis("data.targets=[1,-1],[1,-2]")])
        study = checked(replace(study, success=success))
        place = [each.name for each in headings(study)].index("success")
        solver = PointSolver(study)
        assert [solver.solve(number)[place] for number in (0, 1)] == ["true", "false"]
