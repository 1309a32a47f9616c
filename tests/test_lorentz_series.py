"""Steps by power series: the coefficients, where the series lead, and what happens there."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lorentz_cases import (
    correlated,
    five_points,
    random_problem,
    run,
    take_the_same_steps,
    toy,
    without_series,
)

from reluflow import load_preset
from reluflow.flow.base import Options
from reluflow.flow.events import Change, Events
from reluflow.flow.lorentz import Lorentz, series_step
from reluflow.flow.lorentz.kernel import kernel
from reluflow.flow.lorentz.sweep import predictions
from reluflow.flow.lorentz.taylor import DEGREE, TaylorSeries
from reluflow.problem import Problem


def leaky(seed: int) -> Problem:
    """Inputs of which one is opposite to another, so that both sides of hyperplanes pull."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((5, 3))
    inputs[4] = -0.7 * inputs[1]
    weights = generator.standard_normal((8, 3))
    outputs = generator.standard_normal(8)
    return Problem(inputs, generator.standard_normal(5), weights, outputs, slope=0.2)


def series_now(solver: Lorentz, unit: float = 1.0) -> TaylorSeries:
    series = TaylorSeries(solver.context.neurons, solver.context.samples, solver.context.residual, unit)
    series.extend(DEGREE)
    return series


def sliding(problem: Problem) -> Lorentz:
    """A solver at a moment when large neurons slide."""
    solver = Lorentz(problem, Options())
    while not (
        solver.context.neurons.sliders[0].size and solver.loss < 0.5 * np.mean(problem.targets**2) / 2
    ):
        solver.step()
    return solver


@pytest.mark.parametrize(
    "solver",
    [
        Lorentz(random_problem(1, samples=6, dimension=3, width=10), Options()),
        Lorentz(leaky(2), Options()),
        sliding(five_points()),
    ],
    ids=["plain", "both sides", "sliding"],
)
def test_the_residual_moves_as_the_kernel_says(solver: Lorentz) -> None:
    """dr/dt = -K r, also where the series have led (K knows nothing of them)."""
    series, samples = series_now(solver), solver.context.samples
    orders = np.arange(1.0, DEGREE + 1)
    for x in np.array([0.0, 0.3, 1.0]) * series.horizon(1e-11, 1e-11):
        there = series.neurons_at(np.array([x]))
        r = (series.powers(np.array([x])) @ series.residual)[0]
        slope = (orders * x ** (orders - 1.0)) @ series.residual[1:]
        expected = -kernel(there, samples, len(there)) @ r
        np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-7 * np.abs(expected).max())
        np.testing.assert_allclose(predictions(there, samples) - samples.targets, r, atol=1e-8)
        np.testing.assert_allclose(there.weights @ samples.inputs.T, there.z, atol=1e-6)


def test_an_aligned_neuron_is_logistic() -> None:
    """n = 1: u = a^2 is (y / |x|) / (1 + (y / (|x| u0) - 1) exp(-2 |x| y t))."""
    x, y, start = np.array([[0.6, 0.8]]), np.array([1.5]), 0.3
    solver = Lorentz(Problem(x, y, start * x, np.array([start])), Options())
    series = series_now(solver)
    t = np.array([0.02, 0.05, 0.1])
    mass = 1.5 / (1.0 + (1.5 / start**2 - 1.0) * np.exp(-2.0 * 1.5 * t))
    scale = solver.context.neurons.root[0]
    np.testing.assert_allclose((series.powers(t) @ series.outputs)[:, 0] * scale, np.sqrt(mass), rtol=1e-11)
    # every coefficient, by a recursion for a' = a (y - a^2) alone
    expected = np.array([start])
    for k in range(DEGREE):
        cube = np.convolve(np.convolve(expected, expected), expected)[k]
        expected = np.append(expected, (1.5 * expected[k] - cube) / (k + 1))
    np.testing.assert_allclose(series.outputs[:, 0] * scale, expected, rtol=1e-9, atol=1e-12)


@given(st.integers(0, 10_000), st.floats(-3.0, 3.0))
@settings(max_examples=40)
def test_the_unit_of_time_changes_nothing(seed: int, log_unit: float) -> None:
    solver = Lorentz(random_problem(seed, samples=4, dimension=2, width=5), Options())
    unit = 10.0**log_unit
    one, other = series_now(solver), series_now(solver, unit)
    t = 0.5 * one.horizon(1e-8, 1e-8)
    mine, theirs = (one.neurons_at(np.array([t])), other.neurons_at(np.array([t / unit])))
    np.testing.assert_allclose(mine.weights, theirs.weights, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(mine.z, theirs.z, rtol=1e-10, atol=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_the_reach_is_that_of_the_tolerance(seed: int) -> None:
    """What is left out at the reach is the next few terms: the network there fits its own residual."""
    solver = Lorentz(random_problem(seed, samples=5, dimension=3, width=8), Options())
    series = series_now(solver)
    x = series.horizon(1e-6, 1e-6)
    assert 0.0 < series.horizon(1e-9, 1e-9) < x
    there = series.neurons_at(np.array([x]))
    left = predictions(there, solver.context.samples) - solver.context.samples.targets
    left -= (series.powers(np.array([x])) @ series.residual)[0]
    assert np.abs(left).max() < 1e-4


def told(events: Events) -> dict[int, list[tuple[int, int]]]:
    found = defaultdict(list)
    for neuron, sample, kind in zip(events.neuron, events.sample, events.kind, strict=True):
        found[int(neuron)].append((int(sample), int(kind)))
    return found


@pytest.mark.parametrize(
    "problem",
    [
        five_points(3),
        pytest.param(correlated(scale=1.0), marks=pytest.mark.slow),
        pytest.param(random_problem(5, samples=8, dimension=6, width=20), marks=pytest.mark.slow),
        leaky(0),
    ],
    ids=["five points", "one neuron", "random", "both sides"],
)
def test_both_ways_of_stepping_meet_the_same_events(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_series = run(problem, loss=1e-7, rtol=1e-8)
    without_series(monkeypatch)
    by_collocation = run(problem, loss=1e-7, rtol=1e-8)
    assert by_series.steps != by_collocation.steps
    mine, theirs = by_series.event_log, by_collocation.event_log
    last = min(by_series.t, by_collocation.t)
    mine, theirs = mine.take(mine.t < last), theirs.take(theirs.t < last)
    assert told(mine) == told(theirs)
    for neuron in told(mine):
        times = [events.t[events.neuron == neuron] for events in (mine, theirs)]
        np.testing.assert_allclose(*times, rtol=3e-5)


def test_a_neuron_that_loses_its_last_sample_dies_whatever_the_tolerance() -> None:
    """Its velocity beyond the kink is exactly zero: anything else and it would start to slide there."""
    logs = [
        run(correlated(scale=0.1, seed=3), loss=0.0, rtol=rtol, end=20.0).event_log for rtol in (1e-6, 1e-8)
    ]
    assert np.count_nonzero(logs[0].kind == Change.DIE) > 5
    assert told(logs[0]) == told(logs[1])


def test_a_kink_of_a_large_neuron_ends_a_segment() -> None:
    """The neuron is on the hyperplane there, and its crossing is the last event of the segment."""
    solver = Lorentz(correlated(scale=1.0), Options())
    ends, several = 0, 0
    while solver.loss > 1e-3:
        before = len(solver.event_log)
        solver.step()
        assert np.all(np.diff(solver.event_log.t[before:]) >= 0.0)
        several += len(solver.motion.segments) > 1
        for segment in solver.motion.segments:
            if segment.length == segment.horizon:
                continue
            assert segment.events.t[-1] == 1.0
            row = np.flatnonzero(segment.end.index == segment.events.neuron[-1])
            place = int(np.flatnonzero(solver.context.samples.first == segment.events.sample[-1])[0])
            assert np.all(segment.end.z[row, place] == 0.0)
            ends += 1
    assert ends > 20
    assert several > 3


def test_aligned_neurons_cross_together() -> None:
    """Events that follow each other too closely to be felt take one step, each at its own moment."""
    solver, together = Lorentz(five_points(), Options()), 0
    while solver.loss > 1e-6:
        before = len(solver.event_log)
        solver.step()
        times = solver.event_log.t[before:]
        if solver.motion.segments and np.unique(times).size > 2 and np.ptp(times) < 1e-3:
            together += 1
    assert together >= 3


def test_neurons_whose_weights_go_through_zero_do_so_whatever_the_tolerance() -> None:
    """One that is left a line meets all samples at once there; rounding must not choose how it goes on."""
    problem = load_preset("wu-five-points").problem()
    logs = [run(problem, loss=0.0, end=300.0, rtol=rtol).event_log for rtol in (1e-6, 1e-7, 1e-8)]
    assert all(told(log) == told(logs[0]) for log in logs[1:])


def test_a_checkpoint_between_steps_by_series_gives_the_very_same_steps() -> None:
    straight = Lorentz(five_points(), Options())
    while straight.t < 60.0 or not (straight.motion.segments and straight.checkpoint()["series_lately"][1]):
        straight.step()
    resumed = Lorentz(five_points(), Options())
    resumed.restore(straight.checkpoint())
    take_the_same_steps(straight, resumed, 6)


@pytest.mark.parametrize("problem", [toy(), correlated(scale=1.0)], ids=["toy", "one neuron"])
def test_dense_output_meets_both_ends_of_a_step_by_series(problem: Problem) -> None:
    """... and those of all its segments."""
    solver = Lorentz(problem, Options())
    seen_steps = 0
    while solver.loss > 1e-9:
        before = solver.state
        solver.step()
        if not solver.motion.segments:
            continue
        seen_steps += 1
        dense = solver.dense_output()
        for state, t in ((before, solver.t_old), (solver.state, solver.t)):
            seen = dense(np.nextafter(t, solver.t_old))
            np.testing.assert_allclose(seen.weights, state.weights, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(seen.output_weights, state.output_weights, rtol=1e-9)
        lengths = np.array([segment.length for segment in solver.motion.segments])
        ends = solver.t_old + (solver.t - solver.t_old) * np.cumsum(lengths) / lengths.sum()
        for segment, seen in zip(solver.motion.segments[:-1], dense.states(ends[:-1]), strict=True):
            outputs = segment.end.true_outputs()
            np.testing.assert_allclose(seen.output_weights[segment.end.index], outputs, rtol=1e-8)
    assert seen_steps > 10


def test_series_that_collocation_outlasts_are_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """After series that stiffness held up, the step-size controller knows a longer step by collocation."""
    started: list[TaylorSeries] = []

    def begun(*arguments: Any) -> TaylorSeries:
        started.append(TaylorSeries(*arguments))
        return started[-1]

    monkeypatch.setattr(series_step, "TaylorSeries", begun)
    solver, used = Lorentz(correlated(scale=1.0), Options()), 0
    while solver.loss > 1e-9:
        solver.step()
        used += len(solver.motion.segments)
    assert used > 50
    assert len(started) - used < 8


@pytest.mark.parametrize(
    ("cut", "trace", "wanted", "outlasted"),
    [
        (False, 4.0, 9.0, True),
        (True, 4.0, 9.0, False),
        (False, 1.0, 9.0, False),
        (False, 4.0, 7.0, False),
    ],
    ids=["stiff", "cut by an event", "not stiff", "about as long"],
)
def test_series_are_outlasted_where_stiffness_held_them_up(
    cut: bool, trace: float, wanted: float, outlasted: bool
) -> None:
    """They held for 2 units of time of 2 each; collocation would take a step of ``wanted``."""
    history = series_step.SeriesHistory(unit=2.0, cut=cut, length=2.0)
    assert history.outlasted(lambda: trace, lambda: wanted) is outlasted
