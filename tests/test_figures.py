"""Figures of runs: what is drawn, and how it is told apart."""

import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from commands import call
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import reluflow
from reluflow import figures
from reluflow.cli.completion import figure_kinds
from reluflow.errors import ReluflowError
from reluflow.figures import margin_lines
from reluflow.figures.choices import Choices
from reluflow.figures.kinds import KINDS, curves
from reluflow.figures.look import LINES, NEGATIVE, POSITIVE, fits, look
from reluflow.figures.shown import history_of, labels
from reluflow.flow.base import State
from reluflow.network import predictions
from reluflow.observe.departure import departure
from reluflow.observe.history import History
from reluflow.plot.circles import CircleChoice
from reluflow.registry.figures import FIGURES
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import open_run
from reluflow.store.run_record import CurveInMemory, RunInMemory
from reluflow.theory.circle import extremal, growth


@pytest.fixture
def folder(runs_for_figures):
    return runs_for_figures


@pytest.fixture
def runs(folder):
    return {path.name: open_run(path) for path in folder.iterdir()}


@pytest.fixture
def axes():
    return Figure().subplots()


def curve(line):
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def words_in(axes):
    return {text.get_text() for text in axes.texts}


class TestLook:
    @staticmethod
    def lightness(colour: str) -> float:
        """L* of CIELAB under D65."""
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        y = float(np.dot([0.2126, 0.7152, 0.0722], linear))
        return 116.0 * (y ** (1 / 3) if y > 0.008856 else 7.787 * y + 16 / 116) - 16.0

    def test_neighbours_are_told_apart_without_colour(self):
        """By 15 in lightness, or by their dashes; with the first behind the last, as lines go round."""
        for (one, dashes), (other, others) in pairwise((*LINES, LINES[0])):
            assert abs(self.lightness(one) - self.lightness(other)) >= 15.0 or dashes != others
        light = [
            abs(self.lightness(one) - self.lightness(other)) >= 15.0
            for (one, _), (other, _) in pairwise(LINES)
        ]
        assert all(light)

    def test_no_two_lines_have_the_same_dashes(self):
        assert len({str(dashes) for _, dashes in LINES}) == len(LINES)

    def test_signs_differ_in_lightness_dashes_and_marks(self):
        assert abs(self.lightness(POSITIVE[0]) - self.lightness(NEGATIVE[0])) >= 15.0
        assert all(one != other for one, other in zip(POSITIVE, NEGATIVE, strict=True))

    def test_the_lines_of_several_runs_use_them(self, runs):
        with look():
            axes = Figure().subplots()
            figures.loss(axes, [runs["toy"], runs["smaller"]])
            assert [line.get_color() for line in axes.lines] == [colour for colour, _ in LINES[:2]]

    def test_many_runs_are_told_apart_by_markers_as_well(self, runs):
        with look():
            axes = Figure().subplots()
            figures.loss(axes, 14 * [runs["toy"]])
        looks = {(line.get_color(), str(line.get_linestyle()), line.get_marker()) for line in axes.lines}
        assert len(looks) == 14
        assert {line.get_marker() for line in axes.lines[: len(LINES)]} == {"None"}

    def test_a_style_that_matplotlib_would_use_in_part_is_refused(self, tmp_path):
        path = tmp_path / "bad.mplstyle"
        path.write_text("lines.linewidth: 2\nnonsense: 3\n")
        with pytest.raises(ReluflowError, match=r"Bad key nonsense in file .*, line 2"), look(str(path)):
            pass

    @pytest.mark.parametrize("kind", ["function", "loss"])
    def test_a_style_of_large_letters_makes_a_larger_figure(self, runs, kind):
        """In which the axes have the same share of room, and of which matplotlib warns not."""
        shares = []
        for style in (None, "seaborn-v0_8-talk"):
            with look(style), fits():
                made = figures.figure(kind, [runs["toy"]])
                FigureCanvasAgg(made).draw()
                shares.append(made.axes[0].get_window_extent().width / made.bbox.width)
        assert shares[1] > 0.9 * shares[0]

    def test_what_is_black_on_white_is_white_on_black(self, runs, axes):
        with look("dark_background"):
            figures.function(axes, runs["toy"])
            figures.loss(axes, runs["toy"], at=3.0)
        lines = {str(line.get_label()): line for line in axes.lines}
        assert lines["$h(x)$"].get_color() == axes.lines[-1].get_color() == "white"

    def test_a_style_stands_before_ours_and_is_gone_afterwards(self):
        import matplotlib

        with look("ggplot"):
            assert matplotlib.rcParams["axes.facecolor"] == "#E5E5E5"
            assert matplotlib.rcParams["pdf.fonttype"] == 42
        assert matplotlib.rcParams["axes.facecolor"] == "white"


class TestLoss:
    def test_one_run_has_its_curve_plateaus_and_predictions(self, runs, axes):
        run = runs["toy"]
        figures.loss(axes, run)
        t, loss = curve(axes.lines[0])
        assert t.size > 5 * run.t.size
        np.testing.assert_allclose(np.interp(run.t, t, loss), run.loss, rtol=1e-9)
        assert words_in(axes) == {"S1", "S2"}
        predicted = next(line for line in axes.lines if "predicted escapes" in str(line.get_label()))
        ends = [saddle["end"] for saddle in run.summary["saddles"]]
        np.testing.assert_allclose(predicted.get_xdata(), ends, rtol=0.02)
        assert axes.get_yscale() == "log"
        assert axes.get_xlabel() == "flow time (half-mse)"

    @pytest.mark.parametrize("clock", ["time", "log"])
    def test_names_of_plateaus_stand_above_their_flat_part(self, runs, axes, clock):
        """Also where a plateau follows one that is too short beside it to be called one."""
        times = np.geomspace(1e-2, 1.01e5, 2000)
        losses = {0.0: 0.5, 20.0: 0.499, 30.0: 0.0081, 3e3: 8e-3, 4e3: 1.01e-5, 1e5: 1e-5, 1.01e5: 1e-9}
        loss = np.exp(np.interp(times, list(losses), np.log(list(losses.values()))))
        toy = history_of(runs["toy"])
        history = History(toy.states[:1], np.zeros(1), {"t": times, "loss": loss})
        run = RunInMemory(Path("run"), runs["toy"].preset, runs["toy"].problem, history, "converged")
        figures.loss(axes, run, clock, theory=False)
        assert len(axes.texts) == 2
        for text, expected in zip(axes.texts, (8e-3, 1e-5), strict=True):
            place, level = text.xy
            t = axes.transLimits.inverted().transform((place, 0.0))[0]
            t = 10.0**t if clock == "log" else t
            assert level == pytest.approx(expected, rel=0.02)
            assert np.interp(t, times, loss) == pytest.approx(level, rel=0.11)

    def test_between_the_rows_the_curve_bends_as_the_flow_does(self, runs, axes):
        """Nearer to the loss of the flow than lines are, which show as corners where a plateau begins."""
        run = runs["toy"]
        figures.loss(axes, run, log=False)
        t, loss = curve(axes.lines[0])
        problem, times = run.problem, np.linspace(0.01, 0.99 * run.t[-1], 800)
        start = problem.inputs, problem.targets, problem.weights, problem.output_weights
        exact = reluflow.simulate(*start, times=times, rtol=1e-9).loss
        lines = np.abs(np.interp(times, run.t, run.loss) - exact).max()
        assert np.abs(np.interp(times, t, loss) - exact).max() < 0.6 * lines

    def test_predictions_can_be_left_out(self, runs):
        (axes,) = figures.figure("loss", [runs["toy"]], Choices(theory=False)).axes
        assert len(axes.lines) == 1
        assert words_in(axes) == {"S1", "S2"}

    def test_over_the_logarithm_of_the_scale_runs_collapse(self, runs, axes):
        figures.loss(axes, [runs["toy"], runs["smaller"]], "scaled", log=False)
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["scale 1e-06", "scale 1e-12"]
        halves = [np.interp(-0.25, -loss, t) for t, loss in map(curve, axes.lines)]
        assert halves[0] == pytest.approx(halves[1], rel=0.1)
        assert runs["smaller"].t[-1] > 1.5 * runs["toy"].t[-1]

    def test_the_method_is_told_of_the_flow_as_well(self, runs):
        """And not the learning rate, which only descent has."""
        descent = {"solver.method": "gd", "solver.learning_rate": 0.02}
        both = [
            CurveInMemory(Path("run"), load_preset("orthogonal-toy", chosen), {}) for chosen in ({}, descent)
        ]
        assert labels(both) == ["method lorentz", "method gd, learning rate 0.02"]

    def test_runs_that_differ_in_nothing_have_the_names_of_their_directories(self, runs):
        assert labels([runs["toy"], runs["toy"]]) == ["toy", "toy"]

    def test_a_cursor_stands_on_the_curve(self, runs, axes):
        figures.loss(axes, runs["toy"], at=5.0)
        x, y = curve(axes.lines[-1])
        assert (x[0], y[0]) == (5.0, pytest.approx(history_of(runs["toy"]).loss_at(5.0)))

    def test_the_loss_on_held_out_samples_is_drawn_beside_it(self, tmp_path, axes):
        words = ("--set", "data.held_out=50", "--set", "stop.steps=10", "-q", "--out", str(tmp_path / "run"))
        call("run", "neuron-centred-10", *words)
        run = open_run(tmp_path / "run")
        figures.loss(axes, run, plateaus=False, theory=False)
        assert [line.get_label() for line in axes.lines] == ["trained on", "held out"]
        t, values = curve(axes.lines[1])
        np.testing.assert_allclose(np.interp(run.t, t, values), run.series["held_out_loss"], rtol=1e-9)

    def test_the_objective_is_drawn_beside_it(self, tmp_path, axes):
        out = tmp_path / "run"
        call("run", "decay-orthogonal", "-q", "--set", "stop.time=10", "--out", str(out))
        run = open_run(out)
        figures.loss(axes, run, plateaus=False, theory=False)
        assert [line.get_label() for line in axes.lines] == ["loss", "objective"]
        t, values = curve(axes.lines[1])
        np.testing.assert_allclose(np.interp(run.t, t, values), run.series["objective"], rtol=1e-9)

    def test_a_loss_that_hardly_moves_has_most_of_a_decade(self, tmp_path, axes):
        call("run", "first-steps", "-q", "--set", "stop.time=1", "--out", str(tmp_path / "run"))
        run = open_run(tmp_path / "run")
        assert run.loss.max() < 1.01 * run.loss.min()
        figures.loss(axes, run)
        low, high = axes.get_ylim()
        assert low < run.loss.min() < run.loss.max() < high
        assert high > 8.0 * low


class TestNeurons:
    def test_norms_of_neurons_that_saw_a_sample_by_sign(self, runs, axes):
        run = runs["steps"]
        figures.norms(axes, run)
        problem = run.problem
        saw = (problem.weights @ problem.inputs.T > 0.0).any(axis=1)
        positive, negative = axes.collections
        for lines, members in (
            (positive, saw & (problem.output_weights > 0.0)),
            (negative, saw & (problem.output_weights < 0.0)),
        ):
            assert len(lines.get_segments()) == members.sum()
            last = [segment[-1, 1] for segment in lines.get_segments()]
            np.testing.assert_allclose(last, np.linalg.norm(run.snapshots.weights[-1][members], axis=1))

    def test_directions_of_two_coordinates_end_where_the_weights_point(self, runs, axes):
        run = runs["steps"]
        figures.turning(axes, run)
        for lines in axes.collections:
            for segment in lines.get_segments():
                assert -180.0 - 1e-3 < segment[-1, 1] <= 180.0 + 1e-3
                assert np.abs(np.diff(segment[:, 1])).max() < 180.0

    def test_the_compass_has_a_mark_for_every_neuron(self, runs, axes):
        run = runs["steps"]
        figures.directions(axes, run, trails=False)
        marks = [line for line in axes.lines if line.get_marker() in ("o", "s")]
        assert sum(line.get_xdata().size for line in marks) == run.problem.width
        grown = run.snapshots.weights[-1][np.argmax(np.linalg.norm(run.snapshots.weights[-1], axis=1))]
        angles = np.concatenate([np.arctan2(line.get_ydata(), line.get_xdata()) for line in marks])
        assert np.min(np.abs(angles - np.arctan2(grown[1], grown[0]))) < 1e-6
        assert {"1", "2", "3"} <= words_in(axes)


class TestFunction:
    def test_of_one_variable_it_is_exact_between_kinks(self, runs, axes):
        run = runs["toy"]
        figures.function(axes, run)
        x, h = next(curve(line) for line in axes.lines if line.get_label() == "$h(x)$")
        fine = np.linspace(x[0], x[-1], 501)
        last = run.snapshots
        exact = predictions(last.weights[-1], last.output_weights[-1], np.column_stack([fine, np.ones(501)]))
        np.testing.assert_allclose(np.interp(fine, x, h), exact, atol=1e-12)
        samples = next(line for line in axes.lines if line.get_label() == "samples")
        np.testing.assert_array_equal(samples.get_ydata(), run.problem.targets)

    def test_stars_stand_at_kinks_as_high_as_neurons_are_strong(self, runs, axes):
        run = runs["toy"]
        figures.function(axes, run)
        w, a = run.snapshots.weights[-1], run.snapshots.output_weights[-1]
        kinks, heights = -w[:, 1] / w[:, 0], a * np.linalg.norm(w, axis=1)
        low, high = axes.get_xlim()
        inside = (kinks > low) & (kinks < high)
        stars = [curve(line) for line in axes.lines if line.get_marker() == "*"]
        np.testing.assert_allclose(sorted(np.concatenate([y for _, y in stars])), sorted(heights[inside]))

    def test_of_two_variables_it_is_a_map(self, runs):
        figure = figures.figure("function", [runs["steps"]])
        axes, bar = figure.axes
        assert bar.get_ylabel() == "$h(x)$; samples: $y$"
        points = axes.collections[-1]
        np.testing.assert_array_equal(points.get_offsets(), runs["steps"].problem.inputs)
        np.testing.assert_array_equal(points.get_array(), runs["steps"].problem.targets)

    def test_pictures_of_an_animation_have_the_colours_of_its_end(self, runs):
        levels = {}
        for t, steady in ((0.0, False), (0.0, True), (None, False)):
            axes = Figure().subplots()
            figures.function(axes, runs["steps"], t, steady=steady)
            levels[t, steady] = list(axes.collections[0].levels)
        assert levels[0.0, True] == levels[None, False] != levels[0.0, False]

    def test_labels_are_told_apart_however_large_the_function(self, tmp_path, axes):
        """By a marker for each, and on a map by the ends of the colours."""
        data = tmp_path / "labels.csv"
        for columns, rows in (("x,y", "-1,1\n0,-1\n2,1\n"), ("u,x,y", "-1,0,1\n0,1,-1\n2,1,1\n")):
            data.write_text(f"{columns}\n{rows}")
            out = tmp_path / columns
            words = ("--set", "solver.loss=logistic", "--set", "stop.loss=0.1", "--set", "init.scale=1")
            call("run", "--data", str(data), "-q", *words, "--out", str(out))
            run = open_run(out)
            made = figures.figure("function", [run])
            drawn = made.axes[0]
            names = [text.get_text() for text in drawn.get_legend().get_texts()]
            assert names[-2:] == ["label 1", "label $-1$"]
            if columns == "x,y":
                marked = {line.get_marker(): list(line.get_xdata()) for line in drawn.lines}
                assert (marked["^"], marked["v"]) == ([-1.0, 2.0], [0.0])
            else:
                up, down = drawn.collections[-2:]
                np.testing.assert_array_equal(up.get_offsets(), [[-1.0, 0.0], [2.0, 1.0]])
                np.testing.assert_array_equal(down.get_offsets(), [[0.0, 1.0]])
                assert (up.get_clim(), down.get_clim()) == ((-1.0, 1.0), (-1.0, 1.0))

    def test_of_more_there_is_none(self, runs, axes):
        with pytest.raises(ReluflowError, match="inputs have 10 coordinates; expected one or two"):
            figures.function(axes, runs["neuron"])


class TestField:
    def test_extremal_directions_are_those_of_the_theory(self, runs):
        from reluflow.theory.directions import directions

        problem = runs["steps"].problem
        pull = problem.targets / problem.samples
        expected = {1: [], -1: []}
        for one in directions(problem).found:
            if one.maximum:
                expected[one.sign].append(np.arctan2(one.direction[1], one.direction[0]))
        for sign, angles in expected.items():
            found = extremal(problem.inputs, pull, sign)
            np.testing.assert_allclose(np.sort(np.cos(found)), np.sort(np.cos(angles)), atol=1e-6)
            np.testing.assert_allclose(np.sort(np.sin(found)), np.sort(np.sin(angles)), atol=1e-6)

    @settings(max_examples=30)
    @given(seed=st.integers(0, 10_000), samples=st.integers(1, 6), slope=st.sampled_from([0.0, 0.3]))
    def test_nothing_beside_them_grows_faster(self, seed, samples, slope):
        generator = np.random.default_rng(seed)
        inputs, pull = generator.standard_normal((samples, 2)), generator.standard_normal(samples)
        grid = np.linspace(-np.pi, np.pi, 7201)
        for sign in (1, -1):
            values = sign * growth(grid, inputs, pull, slope)
            found = extremal(inputs, pull, sign, slope)
            best = sign * growth(found, inputs, pull, slope)
            around = sign * growth(np.add.outer(found, [-1e-4, 1e-4]).ravel(), inputs, pull, slope)
            assert np.all(around.reshape(-1, 2) <= best[:, None] + 1e-12)
            if values.max() > 1e-6:
                assert best.max() >= values.max() - 1e-12
            peaks = (values[1:-1] > values[:-2]) & (values[1:-1] > values[2:]) & (values[1:-1] > 1e-3)
            assert np.count_nonzero(peaks) <= found.size

    def test_weight_decay_is_a_line_above_which_neurons_grow(self, tmp_path, axes):
        decay = ("--set", "solver.weight_decay=0.3", "--set", "stop.time=1", "--set", "solver.loss=mse")
        call("run", "first-steps", "-q", *decay, "--out", str(tmp_path / "run"))
        run = open_run(tmp_path / "run")
        figures.field(axes, run, 0.0)
        (line,) = [line for line in axes.lines if line.get_label() == "weight decay"]
        problem, dt = run.problem, 1e-5
        start = problem.inputs, problem.targets, problem.weights, problem.output_weights
        after = reluflow.simulate(*start, times=[dt], loss="mse", weight_decay=0.3).weights[0]
        measured = np.log(np.linalg.norm(after, axis=1) / np.linalg.norm(problem.weights, axis=1)) / dt
        drawn = sorted(y for each in axes.lines if each.get_marker() in ("o", "s") for y in each.get_ydata())
        np.testing.assert_allclose(sorted(measured), np.array(drawn) - line.get_ydata()[0], atol=1e-3)

    def test_neurons_stand_on_the_curve_of_their_sign(self, runs, axes):
        figures.field(axes, runs["steps"], 0.0)
        problem = runs["steps"].problem
        pull = problem.targets / problem.samples  # of small neurons, which predict next to nothing
        for line, sign in ((line, 1 if line.get_marker() == "o" else -1) for line in axes.lines):
            if line.get_marker() in ("o", "s"):
                expected = sign * growth(np.radians(line.get_xdata()), problem.inputs, pull)
                np.testing.assert_allclose(line.get_ydata(), expected, atol=1e-9)

    def test_it_is_drawn_on_the_circle_that_is_chosen(self, runs, axes):
        """Through a sample, at 0 degrees, and the first axis: rates there are those of the whole field."""
        run = runs["neuron"]
        figures.field(axes, run, 0.0, CircleChoice.read("x1 pca1"))
        assert axes.get_xlabel().startswith("direction (°), x1 to pca1; the plane has ")
        problem = run.problem
        first = problem.inputs[0] / np.linalg.norm(problem.inputs[0])
        left = problem.targets - predictions(problem.weights, problem.output_weights, problem.inputs)
        rate = problem.speed / problem.samples * left @ np.maximum(problem.inputs @ first, 0.0)
        line = next(line for line in axes.lines if line.get_label() == "$a_j > 0$")
        assert np.interp(0.0, *curve(line)) == pytest.approx(rate, rel=1e-9)


def test_departures_are_those_of_the_columns(runs, axes):
    run = runs["steps"]
    figures.departures(axes, run)
    lines = {line.get_label(): curve(line) for line in axes.lines}
    assert list(lines) == ["kernel", "activations", "parameters"]
    state = State(run.snapshots.t[-1], run.snapshots.weights[-1], run.snapshots.output_weights[-1])
    far = departure(state, run.problem)
    for name, key in (("kernel", "kernel_distance"), ("parameters", "parameter_distance")):
        assert lines[name][1][-1] == pytest.approx(far[key], rel=1e-9)


class TestMargins:
    def test_they_are_those_of_the_series(self, runs, axes):
        run = runs["labels"]
        figures.margins(axes, run)
        lines = {line.get_label(): curve(line) for line in axes.lines}
        for label, name in (("margin", "margin"), ("smoothed margin", "smoothed_margin")):
            t, values = lines[label]
            np.testing.assert_array_equal(t, run.t)
            expected = run.series[name]
            np.testing.assert_array_equal(values, np.where(expected >= 0.0, expected, np.nan))
            assert np.nanmax(values) > 0.0
        assert axes.get_ylim()[0] == 0.0
        assert lines["accuracy"][1][-1] == 1.0

    def test_a_negative_margin_is_drawn_and_a_negative_smoothed_one_left_out(self, runs, axes, monkeypatch):
        run = runs["labels"]
        lower = {name: run.series[name] - 0.2 for name in ("margin", "smoothed_margin")}
        monkeypatch.setattr(margin_lines, "series_of", lambda _: {**run.series, **lower})
        figures.margins(axes, run)
        lines = {line.get_label(): curve(line)[1] for line in axes.lines}
        np.testing.assert_array_equal(lines["margin"], lower["margin"])
        assert lower["margin"].min() < 0.0
        assert axes.get_ylim()[0] < lower["margin"].min()
        smoothed = lower["smoothed_margin"]
        np.testing.assert_array_equal(lines["smoothed margin"], np.where(smoothed >= 0.0, smoothed, np.nan))


class TestExtremes:
    """Runs of which little or next to nothing is to be drawn."""

    def test_weights_of_1e_300_are_as_large_as_they_are(self, runs, axes):
        figures.norms(axes, runs["tiny"])
        first = [segment[0, 1] for lines in axes.collections for segment in lines.get_segments()]
        assert all(1e-303 < size < 1e-299 for size in first)

    def test_shares_and_angles_do_not_know_of_sizes(self, runs, axes):
        figures.explained(axes, runs["tiny"])
        assert axes.lines[0].get_ydata()[0] > 0.5
        both = Figure().subplots()
        figures.angles(both, runs["tiny"])
        lines = {line.get_label(): line.get_ydata() for line in both.lines}
        assert np.all(np.isfinite(lines[r"$v$ to $\gamma$"]))

    def test_a_run_that_is_over_at_once_is_a_point(self, tmp_path, axes):
        call("run", "orthogonal-toy", "-q", "--set", "stop.loss=1", "--out", str(tmp_path / "run"))
        run = open_run(tmp_path / "run")
        assert run.t.tolist() == [0.0]
        with warnings.catch_warnings(action="error"):
            figures.loss(axes, run)
        assert axes.lines[0].get_marker() == "o"
        with pytest.raises(ReluflowError, match="nothing is recorded after t = 0"):
            figures.loss(axes, run, "log")

    @pytest.mark.parametrize(
        ("kind", "found"),
        [("neurons", "no neuron sees a sample"), ("angles", "found no two neurons of one sign")],
    )
    def test_neurons_that_see_nothing_are_told(self, kind, found, tmp_path):
        np.savez(tmp_path / "start.npz", weights=[[-1.0, 0.0]], output_weights=[1.0])
        words = ("data.inputs=[[1.0]]", "data.targets=[1.0]", "init.kind=file")
        settings = [
            word for each in (*words, f"init.path={tmp_path / 'start.npz'}") for word in ("--set", each)
        ]
        call("run", "orthogonal-toy", "-q", *settings, "--out", str(tmp_path / "run"))
        with pytest.raises(ReluflowError, match=found):
            figures.figure(kind, [open_run(tmp_path / "run")])


class TestInMemory:
    @pytest.mark.parametrize(
        "kind",
        [
            "loss",
            "directions",
            *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("function", "neurons", "verify")),
        ],
    )
    def test_a_run_that_no_directory_holds_is_drawn_as_if_one_did(self, runs, kind):
        stored = runs["steps"]
        path, preset, problem = stored.path, stored.preset, stored.problem
        held = RunInMemory(path, preset, problem, history_of(stored), stored.status)
        canvas = [FigureCanvasAgg(figures.figure(kind, [run])) for run in (stored, held)]
        for each in canvas:
            each.draw()
        one, other = (np.asarray(each.buffer_rgba()) for each in canvas)
        assert one.std() > 1.0
        np.testing.assert_array_equal(one, other)

    def test_of_a_curve_behind_no_more_than_its_series_is_needed(self, runs):
        toy, smaller = runs["toy"], runs["smaller"]
        behind = CurveInMemory(smaller.path, smaller.preset, smaller.series)
        (axes,) = curves([toy, behind], Choices("scaled", log=False)).axes
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["scale 1e-06", "scale 1e-12"]
        t, loss = curve(axes.lines[1])
        unit = np.log(1e12)
        np.testing.assert_allclose(np.interp(smaller.t / unit, t, loss), smaller.loss, rtol=1e-9)


class TestSpectra:
    def test_singular_values(self, runs, axes):
        run = runs["neuron"]
        figures.spectrum(axes, run)
        last = np.linalg.svd(run.snapshots.weights[-1], compute_uv=False)
        np.testing.assert_allclose([line.get_ydata()[-1] for line in axes.lines], last[:6], rtol=1e-12)

    def test_explained_variance_grows_with_directions_and_ends_near_one(self, runs, axes):
        figures.explained(axes, runs["neuron"])
        shares = np.array([line.get_ydata() for line in axes.lines])
        assert np.all(np.diff(shares, axis=0) >= 0.0)
        assert 0.99 < shares[0, -1] <= 1.0

    def test_coordinates_of_what_is_left_have_its_length(self, runs, axes):
        run = runs["neuron"]
        teacher = run.preset.data().teacher[0]
        figures.eigen(axes, run)
        first = np.array([line.get_ydata()[0] for line in axes.lines])
        assert first.size == 7  # six and the last
        assert np.linalg.norm(first) < np.linalg.norm(teacher) + 1e-3
        _, vectors = np.linalg.eigh(run.problem.inputs.T @ run.problem.inputs)
        np.testing.assert_allclose(first[0], abs(vectors[:, -1] @ teacher), rtol=1e-3)

    def test_angles_are_those_of_the_neurons_and_of_their_sum(self, runs, axes):
        figures.angles(axes, runs["neuron"])
        lines = {line.get_label(): line.get_ydata() for line in axes.lines}
        assert lines["largest, $a_j > 0$"][0] > 90.0
        run = runs["neuron"]
        saw = (run.problem.weights @ run.problem.inputs.T > 0.0).any(axis=1) & (
            run.problem.output_weights > 0.0
        )
        bundle = run.snapshots.output_weights[-1][saw] @ run.snapshots.weights[-1][saw]
        teacher = run.preset.data().teacher[0]
        cosine = bundle @ teacher / np.linalg.norm(bundle) / np.linalg.norm(teacher)
        assert lines["$v$ to $v^*$"][-1] == pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-6)
        assert lines["$v$ to $v^*$"][-1] < 0.2 * lines["$v$ to $v^*$"][0]
        np.testing.assert_array_less(lines["mean, $a_j > 0$"], lines["largest, $a_j > 0$"])


def test_the_table_of_predictions_has_a_state_for_each(runs, axes, monkeypatch):
    from reluflow.figures import tables
    from reluflow.training.measuring import read
    from reluflow.verification import verify

    rows = verify(read(runs["smaller"]))
    monkeypatch.setattr(tables, "verify", lambda _: rows)
    figures.verification(axes, runs["smaller"])
    judged = [row.state for row in rows if row.state in ("holds", "fails")]
    told = [text.get_text() for text in axes.texts]
    assert told.count("holds") == judged.count("holds") > 3
    assert told.count("fails") == judged.count("fails") == 0


def test_no_words_of_the_table_run_into_its_numbers(runs):
    with look():
        made = figures.figure("verify", [runs["smaller"]])
        canvas = FigureCanvasAgg(made)
        canvas.draw()
        (axes,) = made.axes
        column = next(text.get_position()[0] for text in axes.texts if text.get_text() == "predicted")
        numbers = axes.transData.transform((column, 0.0))[0]
        table = [text for text in axes.texts if text.get_style() != "italic"]
        notes = [text for text in axes.texts if text.get_style() == "italic"]
        ends = [text.get_window_extent().x1 for text in table if text.get_position()[0] == 0.0]
        assert 0.6 * numbers < max(ends) < numbers
        assert notes
        assert 0.8 * made.bbox.x1 < max(text.get_window_extent().x1 for text in notes) < made.bbox.x1
        assert axes.get_window_extent().width > 0.97 * made.bbox.width


def test_the_package_is_imported_without_matplotlib():
    code = "import sys, reluflow.figures, reluflow.figures.metadata; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_completion_offers_every_kind_of_which_is_said_what_it_shows():
    assert figure_kinds("") == list(FIGURES) == [*KINDS, "sweep"]
    assert figure_kinds("s") == ["spectrum", "sweep"]
