"""Activation cones, the exact maximum over the sphere, and the certified least variation norm."""

import numpy as np
import pytest
from problems import balanced, with_bias

from reluflow.errors import ProblemError
from reluflow.network import predictions, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Snapshots
from reluflow.theory import minimum_norm as chapter
from reluflow.theory.cones import SphereOracle, activation_patterns, count_cones
from reluflow.theory.minimum_norm import minimum_norm

KNOWN = {
    "toy": ([-0.5, 2.0], [-1.0, 1.0], 1.341641),
    "five points": ([-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2], 8.203977),
    "three points": ([-0.75, -0.5, 0.125], [1.1, 0.1, 0.8], 5.813777),
    "Wu's five points": ([-1.0, -0.6, -0.1, 0.3, 0.7], [0.28, -0.1, 0.03, 0.23, -0.22], 3.329033),
}


def random_data(seed: int):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 9)), int(rng.integers(1, 5))
    inputs = rng.normal(size=(n, d))
    return (with_bias(inputs[:, 0]) if d == 1 else inputs), rng.normal(size=n)


def fits(found, inputs, targets) -> bool:
    reached = predictions(found.weights, found.output_weights, np.asarray(inputs, dtype=float))
    return bool(np.allclose(reached, targets, rtol=0.0, atol=1e-11 * (1.0 + found.value)))


class TestCones:
    @pytest.mark.parametrize(("n", "p"), [(1, 1), (4, 1), (5, 2), (8, 3), (7, 4), (5, 5), (3, 6)])
    def test_points_in_general_position_have_as_many_as_schlaefli_counts(self, n, p):
        inputs = np.random.default_rng(n + 10 * p).normal(size=(n, p))
        patterns = activation_patterns(inputs)
        expected = 2 if p == 1 else count_cones(n, min(n, p))
        assert len(np.unique(patterns, axis=0)) == len(patterns) == expected

    @pytest.mark.parametrize(("n", "p"), [(3, 3), (5, 3)])
    def test_a_zero_input_is_never_active_and_makes_no_cones(self, n, p):
        inputs = np.random.default_rng(0).normal(size=(n, p))
        with_zero = np.insert(inputs, 1, 0.0, axis=0)
        found = activation_patterns(with_zero, count_cones(n, p))
        assert not found[:, 1].any()
        assert {row.tobytes() for row in np.delete(found, 1, axis=1)} == {
            row.tobytes() for row in activation_patterns(inputs)
        }
        assert len(found) == count_cones(n, p)

    def test_degenerate_points_have_those_that_sampling_finds(self):
        rng = np.random.default_rng(0)
        inputs = rng.integers(-1, 2, size=(9, 3)).astype(float)
        sampled = np.unique(rng.normal(size=(100_000, 3)) @ inputs.T > 0.0, axis=0)
        found = activation_patterns(inputs)
        np.testing.assert_array_equal(np.unique(found, axis=0), sampled)
        assert len(found) == len(sampled)

    @pytest.mark.parametrize("seed", range(6))
    def test_the_maximum_is_no_less_than_at_any_sampled_direction_and_is_attained(self, seed):
        rng = np.random.default_rng(seed)
        inputs, nu = rng.normal(size=(7, 3)), rng.normal(size=7)
        oracle = SphereOracle(inputs)
        peak = oracle.highest(nu)
        directions = rng.normal(size=(100_000, 3))
        directions /= row_norms(directions)[:, None]
        best = float(np.max(np.maximum(directions @ inputs.T, 0.0) @ nu))
        assert best <= peak.value <= best * 1.01
        assert oracle.value(nu, peak.direction) == pytest.approx(peak.value, rel=1e-12)
        assert oracle.peaks(nu, 0.0)[0].value == pytest.approx(peak.value, rel=1e-12)

    def test_a_sum_that_is_nowhere_positive_has_no_peak(self):
        oracle = SphereOracle(np.eye(3))
        assert oracle.highest(-np.ones(3)).value == 0.0
        assert oracle.peaks(-np.ones(3), 0.0) == []

    def test_too_many_are_refused(self):
        with pytest.raises(ProblemError, match="activation patterns; expected at most"):
            activation_patterns(np.random.default_rng(0).normal(size=(40, 10)))


class TestMinimumNorm:
    @pytest.mark.parametrize(("x", "y", "value"), KNOWN.values(), ids=KNOWN)
    def test_known_values(self, x, y, value):
        found = minimum_norm(with_bias(x), y)
        assert found.value == pytest.approx(value, abs=6e-7)
        assert found.gap <= 1e-9
        assert fits(found, with_bias(x), y)

    @pytest.mark.parametrize(
        "seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))]
    )
    def test_the_certificate_proves_random_data_to_a_millionth(self, seed):
        """The bound is checked here without the oracle: no sampled neuron breaks the dual's constraint."""
        inputs, targets = random_data(seed)
        found = minimum_norm(inputs, targets)
        assert -1e-12 * found.value <= found.gap <= 1e-6
        assert fits(found, inputs, targets)
        assert found.value == pytest.approx(variation_norm(found.weights, found.output_weights))
        assert found.lower_bound == pytest.approx(found.nu @ targets / found.kappa, rel=1e-12)
        directions = np.random.default_rng(seed).normal(size=(20_000, inputs.shape[1]))
        directions = np.vstack([directions, found.weights])
        directions /= row_norms(directions)[:, None]
        reached = np.abs(np.maximum(directions @ inputs.T, 0.0) @ found.nu)
        assert np.max(reached) <= found.kappa * (1.0 + 1e-9)

    @pytest.mark.parametrize("seed", [3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 5, 8))])
    def test_an_independent_convex_solver_agrees(self, seed):
        """The convex programme over all activation patterns, one vector a pattern and a sign."""
        cvxpy = pytest.importorskip("cvxpy", reason="cvxpy, of the dev extra, is not installed")
        inputs, targets = random_data(seed)
        signs = np.random.default_rng(1).normal(size=(100_000, inputs.shape[1])) @ inputs.T > 0.0
        patterns = np.unique(signs, axis=0)
        parts, outputs, limits = [], 0, []
        for sign in (1.0, -1.0):
            for pattern in patterns:
                neuron = cvxpy.Variable(inputs.shape[1])
                outputs = outputs + sign * cvxpy.multiply(pattern.astype(float), inputs @ neuron)
                limits.append(cvxpy.multiply(np.where(pattern, 1.0, -1.0), inputs @ neuron) >= 0.0)
                parts.append(cvxpy.norm(neuron))
        programme = cvxpy.Problem(cvxpy.Minimize(sum(parts)), [outputs == targets, *limits])
        programme.solve(solver="CLARABEL")
        assert minimum_norm(inputs, targets).value == pytest.approx(programme.value, rel=2e-6)

    def test_one_sample_has_one_neuron_and_a_certificate(self):
        """Already the first dual point is feasible, and as good as it can be."""
        found = minimum_norm([[2.0]], [3.0])
        assert (found.value, found.lower_bound, found.kappa) == pytest.approx((1.5, 1.5, 1.0))

    def test_neurons_are_balanced_and_live_in_the_span_of_the_inputs(self):
        inputs = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 0.0]])
        found = minimum_norm(inputs, [1.0, -2.0])
        np.testing.assert_allclose(np.abs(found.output_weights), row_norms(found.weights))
        np.testing.assert_array_equal(found.weights[:, 2], 0.0)
        assert [a for a, _ in found.neurons] == found.output_weights.tolist()

    def test_it_scales_with_the_targets_and_against_the_inputs(self):
        inputs, targets = random_data(3)
        one = minimum_norm(inputs, targets).value
        assert minimum_norm(1e-5 * inputs, 1e7 * targets).value == pytest.approx(1e12 * one, rel=1e-8)

    def test_doubled_samples_change_nothing(self):
        inputs, targets = random_data(3)
        twice = minimum_norm(np.vstack([inputs, 2.0 * inputs]), np.concatenate([targets, 2.0 * targets]))
        assert twice.value == pytest.approx(minimum_norm(inputs, targets).value, rel=1e-9)
        assert twice.nu.shape == (2 * len(targets),)

    def test_nothing_to_fit_needs_no_neuron(self):
        found = minimum_norm(np.eye(2), [0.0, 0.0])
        assert (found.value, found.lower_bound, len(found.output_weights)) == (0.0, 0.0, 0)

    @pytest.mark.parametrize(
        ("inputs", "targets", "message"),
        [
            ([[1.0, 2.0], [1.0, 2.0]], [1.0, 2.0], r"samples 1 and 2 point the same way"),
            ([[1.0, 2.0], [3.0, 6.0]], [1.0, 2.0], r"samples 1 and 2 point the same way"),
            ([[1.0, 2.0], [0.0, 0.0]], [1.0, 0.5], r"the target of sample 2 is 0.5 at an input of zeros"),
            ([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]], [1, 0, 0, 0, 0, 0], "linear relation"),
            ([[1.0, 0.0], [1.0, 1e-9], [0.3, 1.0]], [1.0, 1.1, 0.5], "directions differ"),
            ([[1.0, 0.0]], [1.0, 2.0], "targets has 2 samples"),
            ([1.0, 2.0], [1.0, 2.0], "inputs has shape"),
        ],
    )
    def test_data_that_no_network_fits_are_named(self, inputs, targets, message):
        with pytest.raises(ProblemError, match=message):
            minimum_norm(inputs, targets)

    def test_a_relation_that_targets_obey_is_no_obstacle(self):
        inputs = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]])
        found = minimum_norm(inputs, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
        assert found.value == pytest.approx(np.sqrt(2.0))
        assert found.gap <= 1e-9


class TestPredictions:
    def run_at(self, problem, weights, output_weights, loss):
        series = {"t": np.array([0.0, 1.0]), "loss": np.array([1.0, loss])}
        snapshots = Snapshots(np.array([1.0]), weights[None], output_weights[None])
        return Measured(problem, series, snapshots, "converged")

    def test_the_least_network_reaches_one_and_any_other_less(self):
        x, y, _ = KNOWN["five points"]
        problem = balanced(with_bias(x), y, 4, 1e-3)
        row, _ = chapter.predictions(problem)
        assert row.applies
        assert row.predicted == 1.0
        least = minimum_norm(problem.inputs, y)
        reached = row.measure(self.run_at(problem, least.weights, least.output_weights, 0.0))
        assert reached == pytest.approx(1.0, abs=1e-9)
        split = np.vstack([least.weights, least.weights[:1], least.weights[:1]])
        idle = np.concatenate([least.output_weights, [0.5, -0.5]])
        assert 0.5 < row.measure(self.run_at(problem, split, idle, 0.0)) < 1.0
        assert row.measure(self.run_at(problem, split, idle, 1e-3)) is None

    def test_it_says_why_it_does_not_apply(self):
        many = balanced(np.random.default_rng(0).normal(size=(20, 10)), np.ones(20), 4, 1e-3)
        none = balanced(np.eye(2), [0.0, 0.0], 4, 1e-3)
        torn = balanced([[1.0, 0.0], [1.0, 0.0]], [1.0, 2.0], 4, 1e-3)
        for problem, reason in (
            (many, "activation patterns"),
            (none, "targets are zero"),
            (torn, "same way"),
        ):
            for row in chapter.predictions(problem):
                assert not row.applies
                assert row.predicted is None
                assert reason in row.reason
