"""Rows for classification, and the linear classifier of largest margin."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import reluflow
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.theory.label_rows import STATEMENTS
from reluflow.theory.labels import predictions
from reluflow.theory.max_margin import max_margin
from reluflow.theory.prediction import not_computed
from reluflow.training.measuring import train
from reluflow.verification import judge, verify


def rows_of(problem):
    return {row.id.removeprefix("labels/"): row for row in predictions(problem)}


def test_what_is_set_aside_waits_for_no_limit():
    waits = replace(not_computed("a/b", "words", "at a smaller scale"), predicted=1.0, pending=True)
    aside = waits.not_applying("the loss is one of labels")
    assert (aside.applies, aside.pending, aside.predicted) == (False, False, None)
    assert aside.reason == "the loss is one of labels"


@cache
def trained_to(name, loss):
    """The run of a preset to a loss, that nobody changes."""
    return train(reluflow.load_preset(name, {"stop.loss": loss}))


def changed(name, **values):
    preset = reluflow.load_preset(name, {key.replace("__", "."): value for key, value in values.items()})
    return rows_of(preset.problem())


@pytest.mark.parametrize("seed", range(5))
def test_no_direction_of_the_plane_has_a_larger_margin(seed):
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((7, 2)) * 10.0 ** generator.uniform(-3, 3)
    labels = np.sign(inputs @ generator.standard_normal(2))
    angles = np.linspace(0.0, 2.0 * np.pi, 200_001)
    tried = np.min(labels[:, None] * (inputs @ np.stack([np.cos(angles), np.sin(angles)])), axis=0)
    best = max_margin(inputs, labels)
    assert np.max(tried) * (1.0 - 1e-12) <= best.margin <= np.max(tried) * (1.0 + 1e-4)
    assert np.linalg.norm(best.direction) == pytest.approx(1.0)


def test_labels_that_no_line_separates_have_none():
    crossed = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
    assert max_margin(crossed, np.array([1.0, 1.0, -1.0, -1.0])) is None
    assert max_margin(np.zeros((2, 2)), np.array([1.0, -1.0])) is None


@pytest.mark.parametrize(
    ("name", "loss", "ids"),
    [
        (
            "orthogonally-separable", 1e-7,
            {"smoothed-margin", "alignment-time", "one-class", "loss-rate", "stable-rank"},
        ),
        (
            "leaky-largest-margin", 1e-9,
            {"smoothed-margin", "bundle-direction", "max-margin"},
        ),
        ("leaky-rank-two", 1e-7, {"smoothed-margin", "rank"}),
    ],
)  # fmt: skip
def test_rows_of_the_presets_hold(name, loss, ids):
    rows = {row.id: row for row in verify(trained_to(name, loss))}
    assert {id for id, row in rows.items() if row.applies and id.startswith("labels/")} == {
        f"labels/{id}" for id in ids
    }
    assert all(row.holds for row in rows.values() if row.applies)
    assert rows["general/first-escape"].applies


def test_each_says_what_its_data_lack():
    assert "speaks of losses of labels" in changed("first-steps")["rank"].reason
    noisy = changed("orthogonally-separable", data__noise=2.0)
    assert "expected all above zero" in noisy["one-class"].reason
    assert "the start is not small" in changed("orthogonally-separable", init__scale=1.0)["loss-rate"].reason
    assert "expected a leaky ReLU" in changed("leaky-largest-margin", network__slope=0.0)["max-margin"].reason
    assert "is not there for sample 1" in changed("leaky-rank-two")["max-margin"].reason
    assert "the largest |<x_i, x_j>| is" in changed("leaky-rank-two", network__slope=0.1)["rank"].reason
    points = [[1.0, 1.0], [-1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]]
    tangled = Problem(points, [1, -1, 1, -1], [[1e-6, 0.0]], [1e-6], "logistic", 0.1)
    assert "not linearly separable" in rows_of(tangled)["max-margin"].reason
    assert set(rows_of(tangled)) == set(STATEMENTS)
    opposite = [[0.01, 0.0], [0.01, 1e-9]]
    turning = Problem([[1.0, 0.1], [1.0, -0.1]], [1, 1], opposite, [0.01, -0.01], "logistic")
    late = rows_of(turning)["alignment-time"]
    assert late.pending
    assert "the last neuron aligns at" in late.reason


@pytest.mark.parametrize(("loss", "force"), [("logistic", 0.5), ("exponential", 1.0)])
def test_alignment_takes_as_long_as_events_say_and_no_longer_than_is_proved(loss, force):
    problem = reluflow.load_preset("orthogonally-separable", {"solver.loss": loss}).problem()
    start = problem.inputs, problem.targets, problem.weights, problem.output_weights
    found = reluflow.simulate(*start, loss=loss, stop_loss=1e-2)
    row = rows_of(problem)["alignment-time"]
    assert row.predicted == pytest.approx(found.events.t[-1], rel=1e-7)
    unit = problem.targets[:, None] * problem.inputs / problem.lengths[:, None]
    proved = 20 * np.log(20) / (force * np.min(problem.lengths) * np.sqrt(np.min(unit @ unit.T)))
    assert f"It is {row.predicted / proved:.3g} n ln(n)" in row.statement
    assert row.predicted < proved


def test_the_angle_to_the_largest_margin_is_that_of_the_neuron_farthest_from_it():
    problem = reluflow.load_preset("leaky-largest-margin").problem()
    best = max_margin(problem.inputs, problem.targets).direction
    across = np.linalg.svd(best[None]).Vh[1]
    angles = np.array([[0.1, 0.4], [0.02, 0.3]])[:, :, None]
    near = np.cos(angles) * best + np.sin(angles) * across
    weights = np.concatenate([near, -near, 0.0 * near], axis=1)
    states = Snapshots(np.array([0.0, 1.0]), weights, np.tile([1.0, 1.0, -1.0, -1.0, 1.0, -1.0], (2, 1)))
    run = Measured(problem, {"t": states.t, "loss": np.array([1e-20, 1e-40])}, states, "loss")
    assert rows_of(problem)["max-margin-angle"].measure(run) == pytest.approx(2.0 * 0.3 / 0.4)


def test_a_margin_that_falls_or_is_too_large_fails_its_row():
    run = trained_to("leaky-largest-margin", 1e-9)
    rows = rows_of(run.problem)
    series = {name: values.copy() for name, values in run.series.items()}
    series["smoothed_margin"][-2] *= 1.01
    series["margin"][-1] = 0.6
    wrong = Measured(run.problem, series, run.snapshots, run.status, run.rtol)
    for name in ("smoothed-margin", "max-margin"):
        assert judge(rows[name], run).holds
        assert not judge(rows[name], wrong).holds


@pytest.mark.parametrize(("loss", "least"), [("logistic", "0.0347"), ("exponential", "0.05")])
def test_a_run_without_a_smoothed_margin_is_told_what_it_lacks(loss, least):
    rows = changed("orthogonally-separable", solver__loss=loss)
    assert rows["smoothed-margin"].needs == f"losses below l(0) / n = {least}"


@pytest.mark.parametrize("power", [1.0, 1.5])
def test_the_rate_of_the_loss_is_its_power_of_time_over_the_last_decade(power):
    preset = reluflow.load_preset("orthogonally-separable", {"stop.loss": 0.5})
    problem, t = preset.problem(), np.geomspace(1.0, 1e6, 25)
    loss = 0.1 * np.where(t < 1e5, 1.0 / t, 1e-5 * (1e5 / t) ** power)
    run = Measured(problem, {"t": t, "loss": loss}, None, "time")
    assert rows_of(problem)["loss-rate"].measure(run) == pytest.approx(-power, rel=0.01)


@pytest.mark.slow
def test_the_angle_to_the_largest_margin_levels_off_down_to_losses_of_1e_minus_100():
    run = train(reluflow.load_preset("leaky-largest-margin"))
    rows = {row.id: row for row in verify(run)}
    assert run.series["loss"][-1] <= 1e-100
    assert rows["labels/max-margin-angle"].holds
    assert rows["labels/max-margin"].measured == pytest.approx(rows["labels/max-margin"].predicted, rel=3e-3)
