"""Fits that the signs of the output weights put out of reach."""

import numpy as np
import pytest
from problems import five_points
from trained import trained

from reluflow.problem import Problem
from reluflow.theory.general import predictions
from reluflow.verification import judge


def one_sign(sign: float, loss: str = "half-mse", **changes: object) -> Problem:
    p = five_points()
    outputs = sign * np.abs(p.output_weights)
    parts = {"inputs": p.inputs, "targets": p.targets, "weights": p.weights, "output_weights": outputs}
    return Problem(**(parts | changes), loss=loss)


def row(run):
    return next(judge(each, run) for each in predictions(run.problem) if each.id == "general/out-of-reach")


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("loss", ["half-mse", "mse"])
def test_one_sign_leaves_the_targets_of_the_other(sign, loss):
    run = trained(one_sign(sign, loss), time=2000.0, steps=5000)
    y = run.problem.targets
    least = np.sum(np.minimum(sign * y, 0.0) ** 2) / (2.0 * y.size) * run.problem.speed
    assert run.series["loss"][-1] >= least
    found = row(run)
    assert found.state == "holds"
    assert found.measured == pytest.approx(1.0 - np.min(run.series["loss_low"]) / least)
    run.series["loss_low"][-1] = 0.9 * least
    assert row(run).state == "fails"


def test_the_parts_are_counted_by_neurons_that_outweigh():
    p = one_sign(1.0)
    more = Problem(p.inputs, p.targets, p.weights, p.output_weights * np.where(np.arange(60) < 7, 2.0, 1.0))
    statement = next(each.statement for each in predictions(more) if each.id == "general/out-of-reach")
    assert "2^7 parts" in statement
    even = next(each.statement for each in predictions(p) if each.id == "general/out-of-reach")
    assert "2^0 parts" in even


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (five_points(), "both signs are there"),
        (one_sign(1.0, slope=0.1), "slope of the activation is 0.1"),
        (one_sign(1.0, targets=np.abs(five_points().targets)), "no target has the sign"),
        (one_sign(1.0, weights=2.0 * five_points().weights), "|a_j| < |w_j| for 60 neuron(s)"),
    ],
)
def test_what_is_assumed_is_checked(problem, words):
    found = next(each for each in predictions(problem) if each.id == "general/out-of-reach")
    assert (found.applies, found.predicted) == (False, None)
    assert words in found.reason
