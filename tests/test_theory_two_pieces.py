"""Many samples of a nearly linear function: the end is a least-squares fit of two pieces."""

from dataclasses import replace

import numpy as np
import pytest

from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.theory.general import small_start
from reluflow.theory.two_pieces import prediction
from reluflow.training.training import Training
from reluflow.verification import judge


def noisy_line(samples=40, dimension=2, noise=0.3, scale=1e-6, seed=0, width=12):
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((samples, dimension))
    line = generator.standard_normal(dimension)
    targets = inputs @ line / np.linalg.norm(line) + noise * generator.standard_normal(samples)
    weights = scale * generator.standard_normal((width, dimension))
    outputs = np.linalg.norm(weights, axis=1) * generator.choice([-1.0, 1.0], width)
    return Problem(inputs, targets, weights, outputs)


def row_of(problem):
    reason, found = small_start(problem)
    return prediction(problem, found, reason)


@pytest.fixture(scope="module")
def run():
    training = Training(noisy_line())
    training.run()
    assert training.status == "stationary"
    return Measured(
        training.problem, training.recorder.series, training.recorder.snapshots, training.status, 1e-6
    )


def test_small_targets_are_not_fitted_sooner():
    one, size = noisy_line(width=4), 1e-5
    weights, outputs = np.sqrt(size) * one.weights, np.sqrt(size) * one.output_weights
    found = row_of(replace(one, targets=size * one.targets, weights=weights, output_weights=outputs))
    assert found.applies, found.reason


def pieces(problem, state):
    """The sum of a_j w_j over neurons of either sign, and which samples it sees."""
    found = []
    for sign in (1.0, -1.0):
        some = np.sign(state.output_weights) == sign
        piece = state.output_weights[some] @ state.weights[some]
        found.append((piece, sign * (problem.inputs @ piece) > 0.0))
    return found


def test_the_end_is_the_fit_and_each_piece_is_least_squares_on_its_half_space(run):
    assert judge(row_of(run.problem), run).holds
    (plus, sees_plus), (minus, sees_minus) = pieces(run.problem, run.final)
    inputs, targets = run.problem.inputs, run.problem.targets
    hidden = np.hstack([sees_plus[:, None] * inputs, sees_minus[:, None] * inputs])
    best = np.linalg.lstsq(hidden, targets, rcond=None)[0]
    assert np.concatenate([plus, minus]) == pytest.approx(best, rel=1e-6)
    line = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    assert run.series["loss"][-1] < 0.5 * np.mean((inputs @ line - targets) ** 2) - 1e-4


def test_a_network_that_is_the_best_line_is_not_the_fit(run):
    inputs, targets = run.problem.inputs, run.problem.targets
    line = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    weights, outputs = np.array([[line, -line]]), np.array([[1.0, -1.0]])
    straight = replace(run.problem, weights=weights[0], output_weights=outputs[0])
    other = Measured(straight, run.series, Snapshots(run.series["t"][-1:], weights, outputs), "stationary")
    verdict = judge(row_of(run.problem), other)
    assert verdict.holds is False
    assert verdict.measured > 1e-3


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (noisy_line(samples=8, dimension=4, noise=1.0), r"direction\(s\); expected one for each sign"),
        (noisy_line(noise=0.0), "two pieces fit the data"),
        (noisy_line(scale=1.0), "the start is not small"),
        (replace(noisy_line(), slope=0.1), "for the ReLU, slope 0, only"),
        (replace(noisy_line(), weight_decay=0.1), "without weight decay"),
        (noisy_line(samples=1001, width=2), "not followed on 1001 samples to their rest; at most on 1000"),
    ],
)
def test_it_says_where_it_does_not_apply(problem, words):
    import re

    row = row_of(problem)
    assert not row.applies
    assert re.search(words, row.reason)


def test_a_scale_at_which_neurons_still_turn_is_no_limit():
    row = row_of(noisy_line(scale=2e-3))
    assert row.pending
    assert "as at a smaller scale" in row.reason
