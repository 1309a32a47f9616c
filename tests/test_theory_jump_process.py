"""Bundles on orthogonal inputs, and training as a sequence of jumps, against solvers."""

import numpy as np
import pytest
from problems import orthogonal
from trained import trained

from reluflow.network import row_norms, variation_norm
from reluflow.problem import Problem
from reluflow.theory.jump_process import limit_process, sharp_process
from reluflow.theory.one_bundle import exact_trajectory, unit_time


def parts(problem: Problem) -> tuple:
    return problem.inputs, problem.targets, problem.weights, problem.output_weights


class TestOneBundle:
    def test_exact_course_is_that_of_a_solver(self):
        inputs, targets = np.diag([1.5, 1.5, 1.5]), np.array([1.0, 0.5, 2.0])
        weights = 1e-2 * np.array([[0.2, 1.0, 0.1], [0.4, 2.0, 0.2]])
        problem = Problem(inputs, targets, weights, row_norms(weights))
        run = trained(problem, "dop853", loss=1e-10)
        pull = targets @ inputs / 3
        rate, size = float(np.linalg.norm(pull)), float(np.linalg.norm(weights))
        cosine = float(weights[0] @ pull) / (float(np.linalg.norm(weights[0])) * rate)
        course = exact_trajectory(run.snapshots.t, rate, 1.5**2 / 3, size, cosine)
        mass = [
            variation_norm(w, a)
            for w, a in zip(run.snapshots.weights, run.snapshots.output_weights, strict=True)
        ]
        np.testing.assert_allclose(course.mass, mass, rtol=1e-4)
        turned = run.snapshots.weights[:, 0] @ pull / (row_norms(run.snapshots.weights[:, 0]) * rate)
        np.testing.assert_allclose(course.cosine, turned, rtol=1e-5)

    def test_exact_course_of_one_aligned_sample_is_logistic(self):
        times = np.linspace(0.0, 60.0, 9)
        course = exact_trajectory(times, 2.0, 1.0, 1e-4, 1.0)
        logistic = 2.0 / (1.0 + (2.0 / 1e-8 - 1.0) * np.exp(-4.0 * times))
        np.testing.assert_allclose(course.mass, logistic, rtol=1e-10)

    def test_time_of_a_turning_bundle_is_continuous_in_the_lengths(self):
        targets = np.array([1.0, 0.7])
        equal = unit_time(targets, np.array([1.2, 1.2]), 4)
        nearly = unit_time(targets, np.array([1.2, 1.2 * (1 + 1e-6)]), 4)
        assert nearly == pytest.approx(equal, rel=1e-4)
        assert unit_time(targets, np.array([1.2, 2.4]), 4) != pytest.approx(equal, rel=0.1)


class TestLimitProcess:
    @pytest.mark.parametrize(
        ("seed", "samples", "dimension", "width"), [(1, 3, 5, 60), (6, 4, 6, 10), (4, 5, 8, 100)]
    )
    def test_it_is_where_simulation_at_tiny_scale_goes(self, seed, samples, dimension, width):
        problem = orthogonal(seed, samples, dimension, width, 1e-120, equal=False)
        limit, run = limit_process(*parts(problem)), trained(problem, loss=1e-10)
        scale = np.log(1e120)
        assert len(limit.jumps) == len(run.saddles) - (run.status != "converged")
        for jump, saddle in zip(limit.jumps, run.saddles, strict=False):
            assert saddle.end / scale == pytest.approx(jump.time, rel=0.03)
        losses = [limit.start_loss, *(jump.loss for jump in limit.jumps)]
        for loss, saddle in zip(losses, run.saddles, strict=False):
            assert saddle.loss == pytest.approx(loss, rel=1e-3)
        final = variation_norm(run.final.weights, run.final.output_weights)
        assert final == pytest.approx(limit.norm, rel=1e-3)
        assert run.series["loss"][-1] == pytest.approx(limit.final_loss, abs=1e-6)

    def test_samples_that_no_neuron_of_their_sign_sees_stay_unfitted(self):
        inputs, targets = np.eye(3), np.array([1.0, 2.0, -1.0])
        weights = 1e-8 * np.array([[1.0, -1.0, 0.5], [-1.0, 0.5, 1.0]])
        problem = Problem(inputs, targets, weights, row_norms(weights) * [1.0, -1.0])
        limit = limit_process(*parts(problem))
        np.testing.assert_array_equal(limit.unfitted, [False, True, False])
        assert limit.final_loss == pytest.approx(4.0 / 6.0)
        assert limit.norm == pytest.approx(2.0)
        assert trained(problem, loss=1e-10).series["loss"][-1] == pytest.approx(4.0 / 6.0, rel=1e-6)

    def test_two_kinds_of_neurons_with_a_sample_in_common_fire_one_after_the_other(self):
        inputs, targets = np.eye(3), np.array([3.0, 2.0, 1.0])
        weights = 1e-30 * np.array([[1.0, 1.0, -1.0], [-1.0, 1.0, 1.0]])
        problem = Problem(inputs, targets, weights, row_norms(weights))
        limit = limit_process(*parts(problem))
        first, second = limit.jumps
        assert first.time == pytest.approx(3.0 / np.sqrt(13.0))
        # until then the second kind grows at sqrt(5)/3, afterwards at 1/3
        assert second.time == pytest.approx(first.time + 3.0 * (1.0 - np.sqrt(5.0 / 13.0)))
        sharp, run = sharp_process(*parts(problem)), trained(problem, loss=1e-10)
        for jump, saddle in zip(sharp.jumps, run.saddles, strict=True):
            assert saddle.end == pytest.approx(jump.time, rel=1e-2)
