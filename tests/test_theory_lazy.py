"""Large starts: loss, kernel and function of the linearised network, against runs."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from trained import trained

from reluflow.network import predictions as answers
from reluflow.network import residuals, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory.lazy import predictions
from reluflow.theory.linearised import linearised
from reluflow.verification import Row, judge

NAMES = ("loss-curve", "kernel-change", "final-function")


def problem(**changes: object) -> Problem:
    """The five points, with paired neurons in the usual norm."""
    flat = {key.replace("__", "."): value for key, value in changes.items()}
    start = {"init.paired": True, "init.norm": "width-dimension", "init.scale": 100.0, "network.width": 400}
    return load_preset("nonorthogonal-five-points", {**start, **flat}).problem()


@cache
def run(rtol: float = 1e-7, **changes: object) -> Measured:
    return replace(trained(problem(**changes), rtol=rtol), rtol=rtol)


def rows(measured: Measured) -> dict[str, Row]:
    found = [judge(prediction, measured) for prediction in predictions(measured.problem)]
    assert [row.id for row in found] == [f"lazy/{name}" for name in NAMES]
    return {row.id.removeprefix("lazy/"): row for row in found}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_five_points_to_the_stated_accuracy(seed):
    """Scale 100 and 400 neurons: |d ln L| of at most 2e-5 down to a loss of 1e-9."""
    found = rows(run(rtol=1e-9, init__seed=seed))
    assert all(row.state == "holds" for row in found.values())
    assert found["loss-curve"].measured <= 2e-5
    assert found["kernel-change"].measured < 1e-6


@pytest.mark.parametrize(
    "changes",
    [
        {"init__kind": "fixed-norm", "init__delta": 30.0},
        {"init__kind": "fixed-norm", "init__delta": -30.0, "network__slope": 0.2},
        {"init__kind": "unbalanced", "solver__loss": "mse"},
    ],
)
def test_other_starts_and_losses(changes):
    found = rows(run(init__scale=300.0, network__width=100, **changes))
    assert all(row.state == "holds" for row in found.values()), found


def test_the_loss_and_its_time_are_those_of_the_convention():
    half, mean = (
        predictions(problem(solver__loss=loss))[0].measure(run(solver__loss=loss))
        for loss in ("half-mse", "mse")
    )
    assert half == pytest.approx(mean, rel=0.2)


def test_the_linearised_network_ends_as_an_interpolant():
    one = problem()
    path = linearised(one)
    values, first = path.function(one.inputs, np.inf)
    np.testing.assert_allclose(values, one.targets, atol=1e-9)
    np.testing.assert_allclose(first, answers(one.weights, one.output_weights, one.inputs), atol=1e-9)
    # a step of the parameters does what the linearised function says, but for its square
    t = 1e-7
    moved = residuals(*path.weights(t), one.inputs, one.targets)
    np.testing.assert_allclose(moved, path.function(one.inputs, t)[0] - one.targets, atol=1e-9)
    assert path.losses(np.array([t]))[0] == pytest.approx(0.5 * np.mean(moved**2), rel=1e-9)
    assert not np.allclose(moved, first - one.targets, atol=1e-6)


def test_a_run_that_was_tampered_with_fails():
    good = run()
    assert all(row.state == "holds" for row in rows(good).values())
    later = replace(good, series=dict(good.series) | {"t": 1.001 * good.series["t"]})
    assert rows(later)["loss-curve"].state == "fails"
    states = good.snapshots
    other = type(states)(states.t, states.weights, 1.01 * states.output_weights)
    found = rows(replace(good, snapshots=other))
    assert found["kernel-change"].state == found["final-function"].state == "fails"


def test_of_one_sample_the_function_is_compared_at_its_double():
    """Where output weights are a little off the answer at 2 x is off by the same share of itself."""
    one = problem(data__inputs=[[0.5]], data__targets=[0.3])
    path = linearised(one)
    weights, outputs = path.weights(np.inf)
    states = SimpleNamespace(
        t=np.array([0.0, 1e9]),
        weights=np.array([one.weights, weights]),
        output_weights=np.array([one.output_weights, outputs + 1e-3 * np.abs(outputs)]),
    )
    series = {"t": states.t, "loss": np.array([1.0, 0.0])}
    row = {row.id: row for row in predictions(one)}["lazy/final-function"]
    foreseen, first = path.function(2.0 * one.inputs, np.inf)
    found = answers(weights, states.output_weights[-1], 2.0 * one.inputs)
    seen = row.measure(Measured(one, series, states, "converged"))
    assert seen == pytest.approx(abs(found - foreseen)[0] / abs(foreseen - first)[0])


@pytest.mark.parametrize(("share", "state"), [(0.99e-8, "holds"), (1.01e-8, "fails")])
def test_curves_are_compared_down_to_a_share_of_the_first_loss(share, state):
    good = run()
    loss = good.series["loss"].copy()
    loss[-1] = share * loss[0]
    assert abs(np.log(loss[0])) > 0.02
    found = rows(replace(good, series={**good.series, "loss": loss}))
    assert found["loss-curve"].state == state


def test_a_run_that_has_not_ended_is_not_judged():
    early = replace(run(), series={name: values[:5] for name, values in run().series.items()}, status="time")
    assert rows(early)["loss-curve"].state == rows(early)["final-function"].state == "not yet"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"init__scale": 1e-6}, "the start is not large"),
        ({"init__scale": 10.0}, "activations change on the linearised way; expected none"),
        ({"network__width": 2, "init__scale": 1e3}, "the tangent kernel of the start is singular"),
        ({"init__scale": 1e7}, "ln(loss) may differ by"),
    ],
)
def test_what_is_assumed_is_checked(changes, words):
    for prediction in predictions(problem(**changes)):
        assert not prediction.applies
        assert not prediction.pending
        assert words in prediction.reason


def test_a_start_beyond_all_numbers_is_not_looked_at():
    """As in a run directory that is damaged: its kernel has no eigenvalues."""
    inputs = np.array([[1.0, 1.0], [2.0, 1.0], [0.5, 1.0]])
    with np.errstate(all="ignore"):
        huge = Problem(inputs, np.ones(3), np.full((4, 2), 1e160), np.full(4, 1e160))
        found = predictions(huge)
    assert not any(row.applies for row in found)
    assert "no number holds its tangent kernel" in found[0].reason


@pytest.mark.filterwarnings("error")
def test_a_kernel_beyond_all_numbers_is_not_taken_for_one_that_stays():
    """Pairs that cancel: their outputs are zero at any size."""
    inputs = np.array([[1.0, 1.0], [2.0, 1.0], [0.5, 1.0]])
    weights = np.repeat(1e100 * np.array([[1.0, 0.5], [-1.0, 1.2], [-1.0, 0.7]]), 2, axis=0)
    outputs = np.tile([1.0, -1.0], 3) * row_norms(weights)
    found = predictions(Problem(inputs, np.ones(3), weights, outputs))
    assert not any(row.applies for row in found)
    assert "no number holds its tangent kernel" in found[0].reason
