"""Sweeps grouped, drawn, told and merged; and tables of theory alone."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from commands import call, one_sentence
from sweeps import SMALL, same, sweep, table

import reluflow
from reluflow.errors import SweepError
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import ASCII, BRAILLE
from reluflow.plot.sweep import Curve, curve_rows, labels, map_rows
from reluflow.store.preset import load_preset
from reluflow.store.sweep_section import SweepSection
from reluflow.sweep.axes import parse_axis
from reluflow.sweep.grid import Grid
from reluflow.sweep.mapping import laid_out
from reluflow.sweep.study import read_study
from reluflow.sweep.summary import grouped, numbers_of, wilson
from reluflow.sweep.theory import predict
from reluflow.theory.orthogonal_fit import fit_probability


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


def made_table(count=400, seed=0):
    rng = np.random.default_rng(seed)
    loss = rng.choice([1.0, 2.0, 0.5, np.nan, np.inf, 1e-300], count) * rng.choice([1.0, 3.0], count)
    return {
        "number": np.arange(count),
        "init.scale": rng.choice([1e-3, 1e-6, 10.0], count),
        "init.kind": rng.choice(np.array(["balanced", "dominated"], dtype=object), count),
        "success": rng.random(count) < 0.3,
        "loss": loss,
        "escape_times": np.array(["1.5;2.5", "", "7.0"] * (count // 3) + [""] * (count % 3), dtype=object),
    }


class TestGroups:
    def test_quartiles_and_counts_are_those_of_numpy(self):
        rows = made_table()
        groups = grouped(rows, ["init.scale", "init.kind"], "loss")
        assert groups.count.sum() == 400
        assert list(groups.first) == sorted(groups.first)
        for place in range(len(groups.count)):
            inside = (rows["init.scale"] == groups.at[0][place]) & (rows["init.kind"] == groups.at[1][place])
            assert groups.count[place] == inside.sum()
            assert groups.successes[place] == rows["success"][inside].sum()
            with np.errstate(invalid="ignore"):
                expected = np.nanquantile(rows["loss"][inside], [0.25, 0.5, 0.75])
            finite = np.isfinite(expected)
            np.testing.assert_allclose(groups.quartiles[place][finite], expected[finite])

    def test_no_rows_and_no_columns_are_groups_too(self):
        rows = made_table()
        assert grouped(rows, [], "loss").count.tolist() == [400]
        empty = {name: column[:0] for name, column in rows.items()}
        assert grouped(empty, ["init.scale"], "loss").count.tolist() == []

    def test_groups_are_in_the_order_of_the_axes(self):
        """Also where the first rows of an axis are missing, and of one whose values come again."""
        axes = ["init.kind=dominated,balanced", "network.width,init.scale=(8,1e-3),(4,1e-3),(8,1e-4)"]
        grid = Grid(tuple(map(parse_axis, axes)))
        rows = [{"number": number, **grid.changes(number)} for number in (1, 2, 3, 4)]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        columns |= {"success": np.ones(4, dtype=bool), "loss": np.ones(4)}
        assert grouped(columns, ["network.width"], "loss", grid).at[0].tolist() == [8, 4]
        found = grouped(columns, ["network.width", "init.kind"], "loss", grid)
        assert [*zip(*found.at, strict=True)] == [
            *((8, kind) for kind in ("dominated", "balanced")),
            *((4, kind) for kind in ("dominated", "balanced")),
        ]
        assert found.count.tolist() == [1, 1, 1, 1]
        laid = laid_out(found)
        assert (laid.across.tolist(), laid.up.tolist()) == ([4, 8], ["dominated", "balanced"])
        assert found.at[0][laid.group].tolist() == [[4, 8], [4, 8]]

    def test_escape_times_are_numbers(self):
        rows = made_table(6)
        first, second = (numbers_of(rows, name).tolist() for name in ("escape_times", "escape:2"))
        np.testing.assert_array_equal(first, [1.5, math.nan, 7.0] * 2)
        np.testing.assert_array_equal(second, [2.5, math.nan, math.nan] * 2)

    @pytest.mark.parametrize("name", ["init.kind", "escape:0", "escape:x", "los"])
    def test_text_is_no_value(self, name):
        with pytest.raises(SweepError, match="--value"):
            numbers_of(made_table(), name)

    @pytest.mark.parametrize(("successes", "count"), [(0, 1), (1, 1), (3, 10), (40, 40), (499, 1000)])
    def test_wilson_is_that_of_scipy(self, successes, count):
        from scipy.stats import binomtest  # which takes long

        interval = binomtest(successes, count).proportion_ci(method="wilson")
        np.testing.assert_allclose(wilson(successes, count), (interval.low, interval.high), atol=1e-12)


class TestPictures:
    def test_a_curve_over_decades_with_its_theory(self):
        x = np.array([1e-8, 1e-6, 1e-4, 1e-2])
        y = -2.0 * np.log(x)
        rows = curve_rows(Curve(x, y, 0.9 * y, 1.1 * y, "escape", y, "slope 2"), 60, 16, BRAILLE)
        texts = [plain(row) for row in rows]
        assert "1e-8" in texts[-3]
        assert "1e-4" in texts[-3]
        assert texts[-2:] == ["● escape", "─ theory: slope 2"]
        marks = [text.index("●") for text in texts[:-2] if "●" in text]
        assert len(marks) == 4
        assert marks == sorted(marks), "it falls"

    def test_theory_quartiles_and_curve_are_drawn_apart(self):
        """The theory runs above all points, and the quartiles are upright strokes through them."""
        x, y = np.arange(1.0, 5.0), np.full(4, 2.0)
        rows = curve_rows(Curve(x, y, y - 1.0, y + 1.0, "escape", y + 3.0, "higher"), 40, 20, BRAILLE)[:-2]

        def heights(role):
            return [at for at, row in enumerate(rows) if any(part.role == role for part in row)]

        (at,) = {at for at, row in enumerate(rows) if "●" in plain(row)}
        assert max(heights("theory")) < min(heights("dim")) < at < max(heights("dim"))
        assert {*heights("dim"), at} == set(range(min(heights("dim")), max(heights("dim")) + 1))
        assert heights("curve") == [at]

    def test_a_map_has_its_largest_value_where_it_is(self):
        values = np.array([[0.0, 0.5], [math.nan, 1.0]])
        texts = [plain(row) for row in map_rows(values, ["1", "2"], ["a", "b"], ("x", "y", "z"), 40, ASCII)]
        assert texts[0].startswith(f"b{ASCII.vertical}{' ' * 8}{'#' * 8}")
        assert texts[1].startswith(f"a{ASCII.vertical}{'.' * 8}{'+' * 8}")
        assert texts[2] == f" {ASCII.corner}{ASCII.horizontal * 16}"
        assert texts[3] == "  1       2"
        assert "z (. 0 to # 1) over x (across) and y (up)" in texts

    def test_a_map_over_many_decades_has_even_shades_for_them(self):
        values = np.array([[1e-6, 1e-4, 1e-2]])
        texts = [plain(row) for row in map_rows(values, ["1", "2", "3"], ["a"], ("x", "y", "z"), 40, ASCII)]
        assert "z (. 1e-6 to # 0.01, logarithmic) over x (across) and y (up)" in texts
        assert texts[0].startswith(f"a{ASCII.vertical}{'.' * 8}{'+' * 8}{'#' * 8}")

    def test_a_map_too_wide_says_so(self):
        values = np.arange(100.0)[None]
        texts = [plain(row) for row in map_rows(values, ["1"] * 100, ["a"], ("x", "y", "z"), 40, ASCII)]
        assert "the last 63 columns do not fit into 40 cells" in texts
        assert max(map(len, texts)) <= 60

    def test_labels_stand_under_their_columns_and_do_not_touch(self):
        assert labels(["1", "10", "100"], 4) == "1   10  100"
        assert labels(["1e-3", "2", "3"], 3) == "1e-3  3"
        assert labels(["abc", "d"], 3) == "abc"
        assert labels(["1.25e-13", "2", "3"], 8) == "1.25e-13        3", "no part of a number"
        assert labels(["orthogonal", "points"], 8) == "ortho.. points"

    def test_columns_are_as_wide_as_their_words_if_there_is_room(self):
        words = ["[1.0, -1.0]", "[1.0, -2.0]", "[2.0, 1.0]"]
        rows = map_rows(np.arange(3.0)[None], words, ["8"], ("x", "y", "z"), 60, ASCII)
        assert all(word in plain(rows[2]) for word in words)
        assert len(plain(map_rows(np.arange(3.0)[None], words, ["8"], ("x", "y", "z"), 29, ASCII)[0])) <= 29

    @pytest.mark.parametrize("value", [9.86252e-17, -3.0, 0.0, 1e-9])
    def test_results_that_are_the_same_have_an_axis_that_can_be_read(self, value):
        x, y = np.arange(1.0, 5.0), value * (1.0 + 1e-7 * np.arange(4.0))
        texts = [plain(row) for row in curve_rows(Curve(x, y, y, y, "loss"), 60, 16, ASCII)]
        ticks = [match[1] for match in map(re.compile(r" *(-?\d\S*?)\+ ").match, texts) if match]
        assert len(set(ticks)) == len(ticks) >= 3
        assert sorted(ticks, key=float, reverse=True) == ticks
        assert max(map(len, ticks)) <= 7

    def test_nothing_to_draw_is_a_sentence(self):
        nothing = np.full(2, math.nan)
        curve = Curve(np.array([1.0, 2.0]), nothing, nothing, nothing, "median of x, over y")
        assert "no run has a number" in plain(curve_rows(curve, 40, 10, ASCII)[0])
        assert "no run has a number" in plain(
            map_rows(nothing[None], ["1", "2"], ["a"], ("x", "y", "z"), 40, ASCII)[0]
        )


def test_a_sweep_is_shown_in_every_form():
    words = [SMALL[0], *SMALL[3:], "--over", "init.seed=0:3", "--over", "network.width=4,8"]
    sweep(*words, "--out", "out", "--success", "loss<=0.3 rank<=2")
    rows = reluflow.open_sweep("out").table()
    told = json.loads(call("sweep", "show", "out", "--value", "time", "--json").stdout)
    assert (told["by"], told["value"], told["rows"], told["missing"]) == (["network.width"], "time", 8, 0)
    for group, width in zip(told["groups"], (4, 8), strict=True):
        inside = rows["network.width"] == width
        assert group["network.width"] == width
        quartiles = [group[name] for name in ("lower_quartile", "median", "upper_quartile")]
        np.testing.assert_allclose(quartiles, np.quantile(rows["time"][inside], [0.25, 0.5, 0.75]))
        assert (group["count"], group["success_rate"]) == (4, 1.0)
    text = call("sweep", "show", "out", "--value", "time", "--csv").stdout
    lines = list(csv.DictReader(text.splitlines()))
    assert [float(line["median"]) for line in lines] == [group["median"] for group in told["groups"]]
    latex = call("sweep", "show", "out", "--latex").stdout
    assert latex.startswith(r"\begin{tabular}{rrrrrrrr}")
    assert r"loss 25 \%" in latex
    drawn = call("sweep", "show", "out", "--x", "network.width", "--value", "escape:1").stdout
    assert "median of escape:1" in drawn
    assert "theory: orthogonal inputs" in drawn
    assert "(across)" in call("sweep", "show", "out", "--x", "network.width", "--y", "init.seed").stdout
    few = json.loads(call("sweep", "show", "out", "--where", "init.seed<2 network.width=8", "--json").stdout)
    assert few["rows"] == 2
    for where, rows in (("init.kind=balanced stop.loss<1", 8), ("init.kind=dominated", 0)):
        assert json.loads(call("sweep", "show", "out", "--where", where, "--json").stdout)["rows"] == rows
    nothing = call("sweep", "show", "out", "--where", "init.kind=dominated")
    assert (nothing.stdout, nothing.exit_code) == ("", 0)
    assert nothing.stderr == "reluflow: no row matches --where init.kind=dominated\n"
    for words in (["--value", "escape:9"], ["--x", "network.width", "--value", "escape:9"]):
        nothing = call("sweep", "show", "out", *words)
        assert nothing.stderr == "reluflow: no row has a value of escape:9\n"
        assert len(nothing.stdout.splitlines()) == 3, "a heading and a line for each width"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--x", "init.sed"], "did you mean init.seed"),
        (["--value", "status"], "it is text"),
        (["--where", "loss"], "expected NAME OP VALUE"),
        (["--where", "los<1"], "did you mean loss"),
        (["--y", "init.seed"], "without --x"),
        (["--x", "init.seed", "--y", "init.seed"], "--x and --y are both init.seed; expected two keys"),
        (["--json", "--csv"], "expected one of them"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(words, message):
    sweep(*SMALL, "--over", "init.seed=0", "--theory-only", "--out", "out")
    done = call("sweep", "show", "out", *words)
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["show", "status"])
def test_what_is_no_sweep_is_one_sentence(command):
    Path("empty").mkdir()
    for folder in ("empty", "nowhere"):
        done = call("sweep", command, folder)
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert "is not the folder of a sweep" in done.stderr


def test_a_study_without_axes_is_told_by_its_file():
    Path("out").mkdir()
    Path("out/sweep.toml").touch()
    with pytest.raises(SweepError, match=r"^out/sweep\.toml: found no axes"):
        read_study(Path("out"))


def test_whole_numbers_and_flags_are_shown_as_they_are_written():
    axes = ["--over", "stop.steps=16384,20000", "--over", "data.bias=true,false"]
    sweep(*SMALL, *axes, "--theory-only", "--out", "out")
    lines = call("sweep", "show", "out").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [
        [steps, flag] for steps in ("16384", "20000") for flag in ("true", "false")
    ]


def test_folders_whose_data_differ_are_no_study():
    text = '[data]\nkind = "file"\npath = "data.csv"\n[network]\nwidth = 4\n[stop]\nsteps = 2\n'
    Path("study.toml").write_text(text)
    words = ["study.toml", "--over", "init.seed=0:1", "--out"]
    for name, last in (("one", 1), ("same", 1), ("other", 2)):
        Path("data.csv").write_text(f"1,0,1\n0,{last},-1\n")
        sweep(*words, name)
    assert call("sweep", "merge", "one", "same", "--out", "both").exit_code == 0
    for refused in (
        call("sweep", "merge", "one", "other", "--out", "new"),
        call("sweep", *words, "one", "--resume"),
    ):
        assert refused.exit_code == 2
        assert one_sentence(refused.stderr)
        assert refused.stderr.startswith("reluflow: one is a study with data.path of other content: ")
    Path("one/data.csv").unlink()
    assert "one/data.csv: cannot be read" in call("sweep", *words, "one", "--resume").stderr


def test_folders_of_one_study_merge():
    sweep(*SMALL, "--over", "init.seed=0:4", "--out", "whole")
    sweep(*SMALL, "--over", "init.seed=0:2", "--out", "one")
    sweep(*SMALL, "--over", "init.seed=2:4", "--out", "two")
    done = call("sweep", "merge", "one", "two", "--out", "both")
    assert done.stdout == "both: 5 of 5 points\n"
    assert same(table("both"), table("whole"))
    sweep(*SMALL, "--set", "network.width=9", "--over", "init.seed=0", "--out", "other")
    for words in (["one", "other", "--out", "new"], ["one", "two", "--out", "both"], ["one", "--out", "new"]):
        refused = call("sweep", "merge", *words)
        assert refused.exit_code == 2
        assert one_sentence(refused.stderr)
    assert not Path("new").exists()


def test_status_tells_how_far_a_sweep_is():
    sweep(*SMALL, "--over", "init.seed=0:4", "--out", "out", "--shard", "1/2")
    told = json.loads(call("sweep", "status", "out", "--json").stdout)
    assert (told["points"], told["rows"], told["missing"], told["successes"]) == (5, 3, 2, 3)
    assert told["writers"] == 1, "this process"
    assert "3 of 5 points, 2 missing" in call("sweep", "status", "out").stdout


TARGETS = load_preset("orthogonal-mild-width").problem().targets


class TestTheory:
    def test_a_table_of_theory_alone(self):
        words = ["orthogonal-mild-width", "--over", "network.width=2,4", "--over", "init.seed=0:2"]
        sweep(*words, "--theory-only", "--out", "out")
        columns = reluflow.open_sweep("out").table()
        assert set(columns["status"]) == {"predicted"}
        preset = load_preset("orthogonal-mild-width", {"network.width": 4, "init.seed": 1})
        expected = predict(preset)
        assert columns["escape_times"][4] == ";".join(map(repr, expected.escapes))
        assert columns["loss"][4] == expected.loss
        signs = [int(np.sum(sign * preset.problem().targets > 0.0)) for sign in (1, -1)]
        assert columns["fit_probability"][4] == fit_probability(4, *signs)
        again = call("sweep", *words, "--out", "out", "--resume")
        assert "study with theory_only = true, not false" in again.stderr

    def test_it_is_what_runs_do(self):
        """Escapes of the toy at two scales, to what the jump process leaves out."""
        for scale in (1e-6, 1e-9):
            preset = load_preset("orthogonal-toy", {"init.scale": scale})
            words = ["--set", f"init.scale={scale}", "--json", "-q"]
            told = json.loads(call("run", "orthogonal-toy", *words).stdout)
            np.testing.assert_allclose(predict(preset).escapes, told["escapes"], rtol=0.01)
            assert predict(preset).norm == pytest.approx(told["variation_norm"], rel=1e-3)

    def test_runs_fit_where_it_says_one_by_one(self):
        words = ["orthogonal-mild-width", "--over", "network.width=2,16", "--over", "init.seed=0:2"]
        sweep(*words, "--out", "runs")
        sweep(*words, "--theory-only", "--out", "theory")
        runs, theory = (reluflow.open_sweep(folder).table() for folder in ("runs", "theory"))
        assert runs["success"].tolist() == theory["success"].tolist()
        assert set(theory["success"]) == {True, False}
        shown = call("sweep", "show", "runs", "--x", "network.width", "--y", "init.seed").stdout.splitlines()
        assert any("theory of success" in line for line in shown)
        signs = [int(np.sum(s * TARGETS > 0.0)) for s in (1, -1)]
        expected = [fit_probability(int(width), *signs) for width in runs["network.width"]]
        apart = np.abs(runs["success"] - np.array(expected))
        place = int(apart.argmax())
        where = f"network.width = {runs['network.width'][place]}, init.seed = {runs['init.seed'][place]}"
        assert shown[-1].endswith(f"furthest from it, by {apart[place]:.2g}, at {where}")
        missed = ~theory["success"]
        np.testing.assert_allclose(runs["loss"][missed], theory["loss"][missed], rtol=1e-12)

    def test_other_data_have_the_limit(self):
        found = predict(load_preset("first-steps"))
        np.testing.assert_allclose(found.escapes, [14.2, 28.4, 56.8], rtol=0.01)
        assert found.fits
        assert found.fit_probability is None

    @pytest.mark.parametrize("loss", ["half-mse", "mse"])
    def test_times_and_losses_are_those_of_the_stated_loss(self, loss):
        preset = load_preset("orthogonal-mild-width")
        half, stated = (predict(preset.with_values({"solver.loss": name})) for name in ("half-mse", loss))
        factor = 2.0 if loss == "mse" else 1.0
        np.testing.assert_allclose(stated.escapes, np.array(half.escapes) / factor)
        assert stated.loss == pytest.approx(factor * half.loss)

    def test_where_it_says_nothing_the_row_says_why(self):
        sweep("leaky", "--over", "init.seed=0", "--theory-only", "--out", "out")
        columns = table("out")
        assert columns["status"] == ["does not apply"]
        assert "ReLU only" in columns["reason"][0]

    @pytest.mark.parametrize("option", [["--measure", "steps"], ["--limit", "3"], ["--keep"]])
    def test_options_for_runs_are_refused(self, option):
        done = call("sweep", *SMALL, "--over", "init.seed=0", "--theory-only", "--out", "out", *option)
        assert done.exit_code == 2
        assert option[0] in done.stderr

    def test_what_a_file_says_of_runs_is_put_aside(self):
        text = load_preset("orthogonal-mild-width").to_toml()
        for success, aside, held in (("loss<1", "", "loss<1"), ("loss<1 rank=2", ", success", None)):
            section = SweepSection(("init.seed=0:1",), ("steps",), success, 5.0, 0.5)
            Path("own.toml").write_text(f"{text}\n{section.to_toml()}")
            done = sweep("own.toml", "--theory-only", "--out", success)
            told = f"not used of [sweep], as --theory-only makes no runs: measures, limit, check{aside}\n"
            assert done.stderr == f"reluflow: own.toml: {told}"
            assert read_study(Path(success)).success == held
        refused = call("sweep", "own.toml", "--theory-only", "--out", "new", "--measure", "steps")
        assert "--measure is for runs" in refused.stderr

    def test_the_jump_process_fits_when_the_formula_says(self):
        """Over many starts, in the share of them that P(fit) gives."""
        preset = load_preset("orthogonal-mild-width")
        found = [predict(preset.with_values({"init.seed": seed})) for seed in range(100)]
        low, high = wilson(sum(each.fits for each in found), 100)
        assert low <= found[0].fit_probability <= high
