"""The least objective with weight decay over networks of any width, and its certificate."""

import numpy as np
import pytest
from problems import with_bias

import reluflow
from reluflow.network import activation, predictions, row_norms, variation_norm
from reluflow.theory.minimum_norm import minimum_norm

FIVE = with_bias([-1.5, -1.0, 0.0, 0.25, 2.0]), np.array([0.7, -0.3, -0.3, 0.4, 0.2])


def random_data(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 8)), int(rng.integers(1, 4))
    inputs = rng.normal(size=(n, d))
    return (with_bias(inputs[:, 0]) if d == 1 else inputs), rng.normal(size=n)


def objective(found, inputs, targets, decay, slope=0.0):
    miss = predictions(found.weights, found.output_weights, inputs, slope) - targets
    return miss @ miss / (2.0 * len(targets)) + decay * variation_norm(found.weights, found.output_weights)


def test_two_orthogonal_points_need_the_targets_less_what_decay_takes():
    found = minimum_norm(np.eye(2), [1.0, -0.6], weight_decay=0.02)
    assert variation_norm(found.weights, found.output_weights) == pytest.approx(1.52, rel=1e-12)
    assert found.value == pytest.approx(0.0312, rel=1e-12)
    assert found.lower_bound == pytest.approx(0.0312, rel=1e-12)


@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize("decay", [0.3, 1e-2, 1e-4])
@pytest.mark.parametrize("seed", range(4))
def test_value_and_bound_are_what_they_claim_to_be(seed, decay, slope):
    inputs, targets = random_data(seed)
    found = minimum_norm(inputs, targets, slope, weight_decay=decay)
    assert found.value == pytest.approx(objective(found, inputs, targets, decay, slope), rel=1e-12)
    # nu is feasible at every direction tried, and its dual value is the bound
    units = np.random.default_rng(7).normal(size=(20_000, inputs.shape[1]))
    reach = np.abs(activation(units / row_norms(units)[:, None] @ inputs.T, slope) @ found.nu)
    assert np.max(reach) <= (1.0 + 1e-12) * found.kappa
    assert found.kappa <= (1.0 + 1e-12) * decay
    n = len(targets)
    dual = found.nu @ targets - 0.5 * n * found.nu @ found.nu
    assert found.lower_bound == pytest.approx(dual, rel=1e-9)
    assert -1e-12 * found.value <= found.gap <= 1e-6 * found.value
    np.testing.assert_allclose(np.abs(found.output_weights), row_norms(found.weights))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_is_that_of_the_convex_programme_over_all_patterns(seed):
    cvxpy = pytest.importorskip("cvxpy", reason="cvxpy, of the dev extra, is not installed")
    inputs, targets = random_data(seed)
    decay = 0.03
    signs = np.random.default_rng(1).normal(size=(100_000, inputs.shape[1])) @ inputs.T > 0.0
    parts, outputs, limits = [], 0, []
    for sign in (1.0, -1.0):
        for pattern in np.unique(signs, axis=0):
            neuron = cvxpy.Variable(inputs.shape[1])
            outputs = outputs + sign * cvxpy.multiply(pattern.astype(float), inputs @ neuron)
            limits.append(cvxpy.multiply(np.where(pattern, 1.0, -1.0), inputs @ neuron) >= 0.0)
            parts.append(cvxpy.norm(neuron))
    loss = cvxpy.sum_squares(outputs - targets) / (2.0 * len(targets))
    programme = cvxpy.Problem(cvxpy.Minimize(loss + decay * sum(parts)), limits)
    programme.solve(solver="CLARABEL")
    assert minimum_norm(inputs, targets, weight_decay=decay).value == pytest.approx(programme.value, rel=1e-6)


def test_it_scales_with_inputs_and_targets():
    inputs, targets = random_data(3)
    one = minimum_norm(inputs, targets, weight_decay=0.02).value
    scaled = minimum_norm(1e-3 * inputs, 1e5 * targets, weight_decay=0.02 * 1e2)
    assert scaled.value == pytest.approx(1e10 * one, rel=1e-8)


def test_little_decay_leads_to_the_least_norm():
    least = minimum_norm(*FIVE)
    for decay in (1e-4, 1e-6):
        found = minimum_norm(*FIVE, weight_decay=decay)
        assert found.value / decay == pytest.approx(least.value, rel=50 * decay)
        assert found.value < decay * least.value


def test_decay_that_is_strong_enough_leaves_nothing():
    found = minimum_norm(*FIVE, weight_decay=1.0)
    half = float(FIVE[1] @ FIVE[1]) / 10.0
    assert (found.value, found.lower_bound) == (pytest.approx(half), pytest.approx(half))
    assert found.neurons == []
    nothing = minimum_norm(np.zeros((2, 2)), [1.0, 2.0], weight_decay=0.1)
    assert (nothing.value, nothing.lower_bound) == (1.25, 1.25)
    # samples that no network tells apart may contradict each other
    twins = minimum_norm([[1.0], [1.0]], [1.0, 0.0], weight_decay=1e-9)
    assert twins.value == pytest.approx(0.125, rel=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_pull_that_decay_holds_down_is_that_of_either_sign(sign):
    """On orthogonal inputs |sum_k nu_k sigma(<w, x_k>)| is the root of the squares of one sign of nu."""
    found = minimum_norm(np.eye(3), sign * np.array([3.0, 4.0, -1.0]), weight_decay=10.0)
    assert found.kappa == pytest.approx(5.0 / 3.0)
    np.testing.assert_allclose(found.nu, sign * np.array([3.0, 4.0, -1.0]) / 3.0)


def test_negative_decay_is_told():
    with pytest.raises(reluflow.errors.ProblemError, match="weight_decay is -1"):
        minimum_norm(*FIVE, weight_decay=-1.0)
