"""What is written on figures: numbers, exponents and legends stand apart, and stay where they are."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reluflow import figures
from reluflow.figures.choices import USUAL
from reluflow.figures.kinds import curves
from reluflow.figures.look import HEIGHT, WIDTH, look
from reluflow.flow.base import State
from reluflow.observe.history import History
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.store.run_record import RunInMemory

PRESET = load_preset("first-steps")


def run_of(times, loss, problem: Problem | None = None) -> RunInMemory:
    """A run with such a loss, whose network stays as it is."""
    problem = problem or PRESET.problem()
    series = {"t": np.asarray(times, float), "loss": np.asarray(loss, float)}
    states = [State(float(t), problem.weights, problem.output_weights) for t in series["t"]]
    return RunInMemory(Path("run"), PRESET, problem, History(states, np.zeros(len(states)), series), "time")


@pytest.fixture(autouse=True)
def ours():
    """Also what is asked of a figure after it is painted depends on the style."""
    with look():
        yield


def drawn(draw):
    """The axes of a figure in the size of a column, after it is painted."""
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots()
    draw(axes)
    FigureCanvasAgg(figure).draw()
    return axes


def boxes(texts):
    return [text.get_window_extent() for text in texts if text.get_text()]


@pytest.mark.parametrize("end", [35.0, 17_000.0, 99_990.0, 3.4e6])
def test_numbers_of_the_time_axis_stand_apart(end):
    times = np.linspace(0.0, end, 50)
    axes = drawn(lambda axes: figures.loss(axes, run_of(times, np.exp(-5.0 * times / end)), theory=False))
    found = boxes(axes.get_xticklabels())
    assert len(found) >= 3
    assert all(after.x0 - before.x1 > 12.0 for before, after in pairwise(found))


def test_less_than_two_decades_have_their_numbers_written_out():
    times = np.linspace(0.0, 10.0, 50)
    few = drawn(lambda axes: figures.loss(axes, run_of(times, np.geomspace(0.5, 0.03, 50))))
    many = drawn(lambda axes: figures.loss(axes, run_of(times, np.geomspace(0.5, 1e-8, 50))))
    words = {text.get_text() for text in (*few.get_yticklabels(), *few.get_yticklabels(minor=True))}
    assert {"0.1", "0.4"} <= words
    assert not any("times" in word for word in words)
    assert any("10^{-6}" in text.get_text() for text in many.get_yticklabels())


def test_an_exponent_does_not_touch_the_legend():
    """Of growth rates at the end of a fit, which are small."""
    axes = drawn(lambda axes: figures.field(axes, run_of([0.0, 1.0], [1.0, 0.5], _of_tiny_targets())))
    exponent = axes.yaxis.get_offset_text()
    assert "e" in exponent.get_text()
    assert not exponent.get_window_extent().overlaps(axes.get_legend().get_window_extent())


def _of_tiny_targets() -> Problem:
    problem = PRESET.problem()
    return Problem(problem.inputs, 1e-7 * problem.targets, problem.weights, problem.output_weights)


def test_a_legend_stands_on_no_plateau_of_few_points():
    """Nothing is recorded between its ends."""
    times = np.array([0.0, 0.9, 1.0, 9.0, 9.1, 10.0])
    loss = np.array([1.0, 1.0, 0.5, 0.5, 0.01, 0.01])
    axes = drawn(lambda axes: figures.loss(axes, 2 * [run_of(times, loss)], log=False))
    legend = axes.get_legend().get_window_extent()
    plateau = np.column_stack([np.linspace(1.0, 9.0, 50), np.full(50, 0.5)])
    assert not any(legend.contains(*point) for point in axes.transData.transform(plateau))


@pytest.mark.parametrize("fall", [0.1, 0.9])
def test_a_legend_stays_where_it_is_while_the_cursor_moves_and_hides_no_curve(fall):
    times = np.linspace(0.0, 10.0, 400)
    loss = np.exp(-8.0 / (1.0 + np.exp(-20.0 * (times / 10.0 - fall))))
    run, places = run_of(times, loss), []
    for at in (0.5, 3.0, 9.5):
        axes = drawn(lambda axes, at=at: figures.loss(axes, [run, run], at=at))
        places.append(axes.get_legend().get_window_extent())
        curve = axes.transData.transform(axes.lines[0].get_xydata())
        assert not any(places[-1].contains(*point) for point in curve)
    assert all(np.allclose(one.extents, other.extents, atol=1.0) for one, other in pairwise(places))


def test_a_legend_of_many_runs_that_leave_it_no_room_stands_above_them():
    times = np.linspace(0.0, 10.0, 400)
    runs = [run_of(times, np.exp(-8.0 / (1.0 + np.exp(-4.0 * (times - at))))) for at in range(1, 9)]
    axes = drawn(lambda axes: figures.loss(axes, runs))
    assert len(axes.get_legend().get_texts()) == len(runs)
    legend = axes.get_legend().get_window_extent()
    assert legend.y0 >= axes.get_window_extent().y1
    assert legend.x1 <= axes.figure.bbox.x1
    made = curves(runs, USUAL)
    FigureCanvasAgg(made).draw()
    assert made.axes[0].get_window_extent().height > 0.6 * HEIGHT * made.dpi


def test_colours_of_a_map_are_those_of_the_samples_and_classes_have_their_marks():
    """A network trained on labels by their squares is far larger where no sample is."""
    inputs = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.0]])
    weights, outputs = np.array([[1.0, 0.0], [-40.0, 0.0], [0.0, 1.0]]), np.array([1.0, 1.0, -1.0])
    classes = Problem(inputs, np.array([1.0, -1.0, 1.0]), weights, outputs)
    axes = drawn(lambda axes: figures.function(axes, run_of([0.0], [0.1], classes)))
    levels = axes.collections[0].levels
    assert (levels[0], levels[-1]) == (-1.0, 1.0)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["label 1", "label $-1$"]
    up, down = axes.collections[-2:]
    np.testing.assert_array_equal(up.get_offsets(), inputs[[0, 2]])
    np.testing.assert_array_equal(down.get_offsets(), inputs[[1]])
