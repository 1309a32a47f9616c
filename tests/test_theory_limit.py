"""The limit process of vanishing scale on data that are not orthogonal, against simulation."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from problems import balanced, five_points, with_bias
from theory_cases import case
from trained import trained

from reluflow.network import row_norms, variation_norm
from reluflow.problem import Problem
from reluflow.theory.active_flow import Bundles, Rest
from reluflow.theory.escape import escape_rates
from reluflow.theory.limit import predictions
from reluflow.theory.limit_process import PROCESS, Dormant, faded, general_limit, woken


def line(seed: int, scale: float) -> Problem:
    """Random points on a line, with a bias."""
    rng = np.random.default_rng(seed)
    count = rng.integers(3, 6)
    x, y = rng.uniform(-1.5, 1.5, count), rng.normal(size=count)
    return balanced(with_bias(x), y, 24, scale, seed)


def cloud(seed: int, scale: float) -> Problem:
    """Random points in three to five dimensions."""
    rng = np.random.default_rng(100 + seed)
    dimension, count = rng.integers(3, 6), rng.integers(3, 7)
    return balanced(rng.normal(size=(count, dimension)), rng.normal(size=count), 24, scale, seed)


def limit_of(problem: Problem):
    return general_limit(problem.inputs, problem.targets, problem.weights, problem.output_weights)


def log_scale(problem: Problem, norm: float) -> float:
    return 0.5 * np.log(norm / variation_norm(problem.weights, problem.output_weights))


class TestAgainstSimulation:
    @pytest.mark.parametrize(("make", "seed"), [(line, 3), (cloud, 2)])
    def test_losses_norm_and_times_are_approached_like_one_over_the_logarithm(self, make, seed):
        limit = limit_of(make(seed, 1e-100))
        times = np.array([escape.time for escape in limit.escapes])
        levels = [limit.start_loss, *(escape.loss for escape in limit.escapes)]
        errors = []
        for scale in (1e-20, 1e-50):
            problem = make(seed, scale)
            run = trained(problem, loss=1e-9, steps=5000)
            seen = [saddle for saddle in run.saddles if saddle.end is not None]
            np.testing.assert_allclose([one.loss for one in seen], levels[: len(times)], rtol=1e-3)
            ends = np.array([one.end for one in seen])
            errors.append(np.abs(ends / log_scale(problem, limit.norm) - times))
            assert run.series["loss"][-1] == pytest.approx(limit.final_loss, abs=1e-8)
            final = variation_norm(run.final.weights, run.final.output_weights)
            assert final == pytest.approx(limit.norm, rel=1e-3)
        assert np.all(errors[1] < 0.05 * times)
        shrunk = np.log(1e20) / np.log(1e50)
        np.testing.assert_allclose(errors[1], shrunk * errors[0], rtol=0.25)

    def test_neurons_held_on_a_kink_and_pulled_back_lose_size_before_they_grow(self):
        """On the five points the last to grow have shrunk to scale^1.5 on the first plateau."""
        ends, logs = [], []
        limit = limit_of(five_points(1e-30))
        for scale in (1e-10, 1e-30):
            problem = five_points(scale)
            run = trained(problem, loss=1e-6, steps=5000)
            ends.append(run.saddles[-1].end)
            logs.append(log_scale(problem, limit.norm))
        slope = (ends[1] - ends[0]) / (logs[1] - logs[0])
        assert slope == pytest.approx(limit.escapes[-1].time, rel=0.01)
        assert limit.escapes[-1].time > 1.4 / limit.escapes[-1].rate

    def test_orthogonal_inputs_jump_as_in_the_exact_process(self):
        x = np.eye(3)
        problem = balanced(x, [3.0, -2.0, 1.0], 40, 1e-6, seed=0)
        limit = limit_of(problem)
        assert limit.final_loss == pytest.approx(0.0, abs=1e-10)
        assert limit.norm == pytest.approx(np.sqrt(10.0) + 2.0, rel=1e-5)


def test_a_large_neuron_that_shrank_away_is_dormant_again():
    """It may grow again, from a size that has no scale and with an imbalance that is nothing beside it."""
    size = np.sqrt(0.99 * PROCESS.seed * PROCESS.gone)
    large = Bundles(
        np.array([[3.0, 4.0], [3.0 * size, 4.0 * size], [0.0, 6.0 * size]]),
        np.array([5.0, -5.0 * size, 6.0 * size]),
    )
    asleep = Dormant(
        np.eye(2),
        np.array([1.0, -1.0]),
        exponent=np.array([0.5, 0.2]),
        rate=np.array([0.3, -0.1]),
        delta=np.array([0.0, 0.7]),
        members=(np.array([1, 4]), np.array([2])),
    )
    rest = Rest(large, Bundles(asleep.weights, asleep.outputs), np.ones(2), True, 1.0)
    left, dormant = faded(rest, asleep)
    np.testing.assert_array_equal(left.weights, [[3.0, 4.0], [0.0, 6.0 * size]])
    np.testing.assert_array_equal(left.output_weights, [5.0, 6.0 * size])
    np.testing.assert_allclose(dormant.weights, [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    np.testing.assert_allclose(dormant.outputs, [1.0, -1.0, -1.0])
    np.testing.assert_array_equal(dormant.exponent, [0.5, 0.2, 0.0])
    np.testing.assert_array_equal(dormant.rate, [0.3, -0.1, 0.0])
    np.testing.assert_array_equal(dormant.delta, [0.0, 0.7, 0.0])
    assert [each.tolist() for each in dormant.members] == [[1, 4], [2], []]


def test_a_neuron_that_has_shrunk_to_its_imbalance_moves_with_it_again():
    """It keeps a^2 - |w|^2, its direction and its sign, and is far larger than its imbalance."""
    asleep = Dormant(
        np.array([[0.6, 0.8], [1.0, 0.0]]),
        np.array([-1.0, 1.0]),
        exponent=np.array([1.2, 0.4]),
        rate=np.array([-0.1, 0.3]),
        delta=np.array([0.25, -0.5]),
        members=(np.array([0]), np.array([1])),
    )
    one = woken(asleep, np.array([0]))
    np.testing.assert_allclose(one.outputs**2 - row_norms(one.weights) ** 2, [0.25, 0.0], atol=1e-9)
    np.testing.assert_allclose(one.direction, [[0.6, 0.8], [1.0, 0.0]])
    np.testing.assert_array_equal(one.sign, [-1.0, 1.0])
    np.testing.assert_array_equal(one.exponent, [1.0, 0.4])
    assert row_norms(one.weights)[0] == pytest.approx(0.5 * PROCESS.woken)
    np.testing.assert_array_equal(one.outputs[1], 1.0)


def test_a_neuron_that_shrinks_before_any_is_large_does_not_stop_the_clock():
    """Neuron 0 shrinks from the start, so that its imbalance counts at once."""
    x, y = np.array([[0.62, 0.31], [-0.37, -1.08], [-0.28, -0.42]]), np.array([-0.56, -1.46, -0.04])
    w = np.array([[-0.55, 1.81], [-0.75, 1.16], [-0.36, 0.6], [-0.05, -0.26], [-1.28, -1.86], [0.29, 0.4]])
    a = np.array([-2.84, -4.14, -1.05, -0.4, -6.77, 1.48])
    limit, scale = limit_of(Problem(x, y, w, a)), 1e-100
    run = trained(Problem(x, y, scale * w, scale * a), loss=1e-10, steps=5000)
    (escape,) = limit.escapes
    assert escape.neurons.tolist() == [3, 4]
    assert run.saddles[0].end / np.log(1.0 / scale) == pytest.approx(escape.time, rel=0.01)
    assert run.series["loss"][-1] == pytest.approx(limit.final_loss, rel=1e-6)


def test_it_ends_where_no_dormant_neuron_can_grow():
    x, y = with_bias([-0.75, -0.5, 0.125]), np.array([1.1, 0.1, 0.8])
    limit = limit_of(balanced(x, y, 60, 1e-8))
    assert limit.final_loss == pytest.approx(0.0875213675, rel=1e-8)
    hidden = np.maximum(limit.final.weights @ x.T, 0.0)
    left = escape_rates(x, y - limit.final.output_weights @ hidden)
    assert left.all.low > 0.01


def rows_of(problem: Problem):
    return {row.id.removeprefix("limit/"): row for row in predictions(problem)}


@cache
def rows_of_cloud(scale: float):
    return rows_of(cloud(4, scale))


def hold(rows, run, names) -> None:
    """Assert that rows apply and hold."""
    for name in names:
        row = rows[name]
        assert row.applies, (name, row.reason)
        gap = abs(row.measure(run) - row.predicted)
        assert gap <= row.tolerance * (1.0 if row.absolute else row.predicted), name


class TestRows:
    def test_they_hold_at_a_small_scale(self):
        run = trained(cloud(4, 1e-40), loss=1e-10, steps=5000)
        rows = rows_of_cloud(1e-40)
        hold(rows, run, ("first-escape", "second-escape", "plateaus", "final-loss", "final-norm"))
        assert "only 2 escape(s)" in rows["third-escape"].reason
        row = rows["plateaus"]
        higher = {"t": run.series["t"], "loss": 1.3 * run.series["loss"]}
        assert row.measure(replace(run, series={**run.series, **higher})) == pytest.approx(0.3, abs=0.01)

    @pytest.mark.slow
    def test_times_hold_at_a_scale_at_which_plateaus_do_not_last(self):
        problem = cloud(4, 1e-3)
        run = trained(problem, loss=1e-10, steps=5000)
        rows = rows_of(problem)
        hold(rows, run, ("first-escape", "second-escape", "final-loss"))
        row = rows["plateaus"]
        assert (row.applies, row.pending) == (False, True)
        assert "does not rest on every plateau of the limit; expected from ln(1/scale) = 3" in row.reason

    def test_times_are_those_of_the_limit_and_what_the_scale_adds(self):
        """c hardly depends on the scale, so that T is what times grow by with ln(1/scale)."""
        limit = limit_of(cloud(4, 1e-40))
        found = [rows_of_cloud(scale)["first-escape"].predicted for scale in (1e-40, 1e-80)]
        assert found[1] - found[0] == pytest.approx(limit.escapes[0].time * np.log(1e40), rel=1e-3)

    def test_where_the_flow_ends_elsewhere_the_limit_is_not_reached(self):
        problem = replace(case("limit-final-loss"), loss="mse")
        rows = rows_of(problem)
        assert (rows["final-loss"].applies, rows["final-loss"].pending) == (False, True)
        assert "in the limit at 4.64432e-05; expected from ln(1/scale) = " in rows["final-loss"].reason
        enough = float(rows["final-loss"].reason.split("ln(1/scale) = ")[2].split()[0])
        here = log_scale(problem, limit_of(problem).norm)
        assert here < enough < 50.0
        factor = np.exp(here - enough)
        smaller = replace(
            problem, weights=factor * problem.weights, output_weights=factor * problem.output_weights
        )
        hold(
            rows_of(smaller),
            trained(smaller, loss=1e-9, time=1e6),
            ("first-escape", "final-loss", "final-norm"),
        )

    @pytest.mark.parametrize(
        ("problem", "reason"),
        [
            (cloud(2, 1e1), "not small"),
            (balanced(np.eye(2), [1.0, -1.0], 8, 1e-9), "orthogonal"),
        ],
    )
    def test_they_say_why_they_do_not_apply(self, problem, reason):
        for row in predictions(problem):
            assert not row.applies
            assert not row.pending
            assert row.predicted is None
            assert reason in row.reason
