"""Orthogonal data: which samples a start fits, and the probability that it fits all."""

from itertools import product

import numpy as np
import pytest
from trained import trained

from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory.orthogonal import predictions
from reluflow.theory.orthogonal_fit import fit_probability, seen
from reluflow.verification import judge


def brute_force(width: int, positive: int, negative: int) -> float:
    """The share of all signs and activations in which each sample is seen by a neuron of its sign."""
    samples, good, all_of_them = [1] * positive + [-1] * negative, 0, 0
    for signs in product((1, -1), repeat=width):
        for active in product((False, True), repeat=width * len(samples)):
            rows = np.array(active, dtype=bool).reshape(width, len(samples))
            own = np.array(signs)[:, None] * np.array(samples) > 0
            good += bool(np.all(np.any(rows & own, axis=0)))
            all_of_them += 1
    return good / all_of_them


@pytest.mark.parametrize(
    ("width", "positive", "negative"),
    [(1, 1, 0), (1, 1, 1), (2, 1, 1), (3, 1, 0), (2, 2, 1), (3, 1, 1), (3, 0, 2), (2, 1, 2), (4, 1, 1)],
)
def test_the_formula_is_the_share_of_all_starts(width, positive, negative):
    assert fit_probability(width, positive, negative) == pytest.approx(
        brute_force(width, positive, negative), rel=1e-13
    )


def test_the_formula_at_the_ends():
    assert fit_probability(7, 0, 0) == pytest.approx(1.0)
    assert fit_probability(1, 1, 1) == 0.0
    assert fit_probability(5000, 40, 40) == pytest.approx(1.0)
    # one sample: none of m neurons has its sign and sees it with probability (3/4)^m
    assert fit_probability(9, 1, 0) == pytest.approx(1.0 - 0.75**9)


def problem(seed: int, samples: int, width: int, kind: str = "balanced") -> Problem:
    data = {"data.kind": "orthogonal", "data.samples": samples, "data.dimension": samples, "data.bias": False}
    start = {"init.kind": kind, "init.seed": seed, "network.width": width, "init.scale": 1e-8}
    return load_preset("first-steps", {**data, **start, "data.seed": seed}).problem()


def row(run):
    return next(judge(each, run) for each in predictions(run.problem) if each.id == "orthogonal/fit")


def test_a_sample_without_a_target_is_not_counted():
    """No neuron sees it, and its residual is zero all the time."""
    start = problem(0, 3, 12)
    weights = start.weights.copy()
    weights[:, 2] = -np.abs(weights[:, 2])
    run = trained(Problem(np.eye(3), [1.0, -1.0, 0.0], weights, start.output_weights), loss=1e-9)
    found = row(run)
    assert found.applies
    assert (found.predicted, found.measured) == (2, 2)


@pytest.mark.parametrize("kind", [pytest.param("balanced", marks=pytest.mark.slow), "dominated"])
def test_every_run_fits_what_the_rule_says(kind):
    """Widths at which about half of the starts fit all samples."""
    counts = []
    for seed in (2, 3):
        one = problem(seed, 4, 8, kind)
        found = row(trained(one))
        assert found.state == "holds"
        assert found.predicted == np.count_nonzero(seen(one)) == found.measured
        counts.append(found.predicted)
    assert 4.0 in counts
    assert min(counts) < 4.0


def test_the_row_says_how_probable_it_is():
    one = problem(0, 3, 5)
    positive = int(np.sum(one.targets > 0.0))
    chance = fit_probability(5, positive, 3 - positive)
    statement = next(each.statement for each in predictions(one) if each.id == "orthogonal/fit")
    assert f"5 neurons fits all with probability {chance:.6g}" in statement


def test_a_network_that_fits_other_samples_fails():
    run = trained(problem(0, 4, 30))
    assert row(run).state == "holds"
    run.snapshots.output_weights[-1] *= 0.9
    assert row(run).state == "fails"


def test_it_needs_a_start_that_is_not_unbalanced():
    found = row(trained(problem(0, 3, 20, "unbalanced"), loss=0.1))
    assert found.state == "does not apply"
    assert "neither balanced nor dominated" in found.reason
