"""Escape rates, verdicts on stationary points, forecasts, and the rows for any data."""

from dataclasses import replace

import numpy as np
import pytest
from problems import balanced, five_points, toy, with_bias
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize
from trained import trained

from reluflow import minimum_norm
from reluflow.flow.base import Options, State
from reluflow.network import activation, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory import escape, rate_bounds
from reluflow.theory.audit import imbalance_drift
from reluflow.theory.cones import SphereOracle, activation_patterns
from reluflow.theory.escape import available_rate, classify, escape_rates
from reluflow.theory.forecast import FORECAST, TooManyBundlesError, first_group, forecast, with_rivals
from reluflow.theory.general import predictions, rest_rate
from reluflow.theory.least_loss import least_objective, without_networks
from reluflow.theory.prediction import NotYet
from reluflow.theory.rate_bounds import one_sign_bounds
from reluflow.theory.readings import sign_flips, tail_rate, time_of_loss
from reluflow.theory.resting import one_sign_rate_bound
from reluflow.training.training import StopRules, Training


def at(run: Measured, time: float) -> State:
    shots = run.snapshots
    i = int(np.argmin(np.abs(shots.t - time)))
    return State(float(shots.t[i]), shots.weights[i], shots.output_weights[i])


def three_points(width: int = 100, seed: int = 0) -> Problem:
    """Boursier and Flammarion 2024, early alignment: the start after which every neuron fits one line."""
    return balanced(with_bias([-0.75, -0.5, 0.125]), [1.1, 0.1, 0.8], width, 1e-3, seed)


def one_dimensional(seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    samples = 5 + seed % 4
    inputs = with_bias(np.sort(rng.uniform(-1.5, 1.5, samples)))
    return balanced(inputs, rng.normal(size=samples), 60, 1e-8, seed)


class TestEscapeRates:
    def test_they_are_the_maxima_on_a_fine_circle(self):
        rng = np.random.default_rng(4)
        inputs, residual = with_bias(rng.uniform(-1.0, 1.0, 12)), rng.normal(size=12)
        angles = np.linspace(0.0, 2 * np.pi, 100_001)
        circle = np.column_stack([np.cos(angles), np.sin(angles)])
        values = np.maximum(circle @ inputs.T, 0.0) @ residual / 12
        rates = escape_rates(inputs, residual)
        assert rates.all.exact
        assert rates.plus.low == pytest.approx(values.max(), rel=1e-4)
        assert rates.minus.low == pytest.approx(-values.min(), rel=1e-4)

    def test_many_samples_in_many_dimensions_are_bounded_from_both_sides(self, monkeypatch):
        monkeypatch.setattr(rate_bounds, "BRANCH", replace(rate_bounds.BRANCH, work=3e7))
        rng = np.random.default_rng(1)
        inputs, residual = rng.normal(size=(150, 12)), rng.normal(size=150)
        rates = escape_rates(inputs, residual)
        assert not rates.all.exact
        assert "lower bound" in str(rates.plus)
        directions = rng.normal(size=(5_000, 12))
        directions /= row_norms(directions)[:, None]
        values = np.maximum(directions @ inputs.T, 0.0) @ residual / 150
        assert values.max() < rates.plus.low < rates.plus.high
        assert -values.min() < rates.minus.low < rates.minus.high
        opposite = escape_rates(inputs, -residual)
        assert (opposite.plus.high, opposite.minus.high) == (rates.minus.high, rates.plus.high)

    def test_the_upper_bound_is_above_the_exact_value(self):
        rng = np.random.default_rng(2)
        for _ in range(5):
            inputs, residual = rng.normal(size=(7, 3)), rng.normal(size=7)
            assert escape_rates(inputs, residual).plus.low <= one_sign_rate_bound(inputs, residual) * (
                1 + 1e-12
            )

    def test_nothing_left_means_no_rate(self):
        assert escape_rates(np.eye(2), np.zeros(2)).all.high == 0.0


class TestVerdicts:
    @pytest.mark.parametrize("seed", [0, 1])
    def test_the_three_points_end_in_a_spurious_minimum_of_their_network(self, seed):
        run = trained(three_points(seed=seed))
        assert run.status == "stationary"
        assert run.series["loss"][-1] == pytest.approx(0.0875213675, rel=1e-6)
        verdict = classify(run.problem, run.final)
        assert verdict.kind == "spurious local minimum"
        assert verdict.gamma_available == 0.0
        assert verdict.gamma_all.exact
        assert verdict.gamma_all.low == pytest.approx(0.0305787, rel=1e-4)

    def test_one_small_live_neuron_makes_it_a_saddle_again(self):
        run = trained(three_points())
        end = run.final
        weights, outputs = end.weights.copy(), end.output_weights.copy()
        dead = int(np.flatnonzero(np.all(weights @ run.problem.inputs.T <= 0.0, axis=1))[0])
        weights[dead], outputs[dead] = 1e-9 * np.array([-1.0, -0.6]), 1e-9 * np.hypot(1.0, 0.6)
        verdict = classify(run.problem, State(end.t, weights, outputs))
        assert verdict.kind == "saddle"
        assert 0.0 < verdict.gamma_available <= verdict.gamma_all.high * (1 + 1e-9)

    def test_plateaus_of_the_toy_are_saddles_and_its_end_is_global(self):
        problem = toy(width=30)
        run = trained(problem)
        for saddle, rate in zip(run.saddles, (np.sqrt(5) / 2, np.sqrt(1.25) / 2), strict=True):
            verdict = classify(problem, at(run, 0.4 * saddle.start + 0.6 * saddle.end))
            assert verdict.kind == "saddle"
            assert verdict.gamma_available == pytest.approx(rate, rel=0.02)
        assert classify(problem, run.final).kind == "global minimum"

    def test_the_middle_of_an_escape_is_no_stationary_point(self):
        problem = toy(width=30)
        run = trained(problem)
        assert classify(problem, at(run, run.saddles[0].end)).kind == "moving"

    def test_a_sliding_plateau_is_a_saddle(self):
        problem = five_points()
        run = trained(problem)
        saddle = run.saddles[1]
        state = at(run, 0.5 * (saddle.start + saddle.end))
        verdict = classify(problem, state)
        assert verdict.kind == "saddle"
        assert available_rate(problem, state) == verdict.gamma_available
        assert verdict.gamma_available == pytest.approx(0.0931, rel=5e-3)

    @pytest.mark.parametrize("loss", ["mse", "logistic", "exponential"])
    def test_samples_that_pull_against_each_other_have_their_least_loss_at_zero(self, loss):
        """Nothing pulls at zero, beside which no pull would be small."""
        problem = Problem([[1.0, 0.5]] * 2, [1.0, -1.0], [[1.0, 0.0], [0.4, 0.3]], [1.0, -0.5], loss=loss)
        near = State(1e3, 1e-6 * problem.weights, problem.output_weights)
        verdict = classify(problem, near)
        assert verdict.kind == "global minimum"
        assert "above that of any other network by at most" in verdict.reason
        assert classify(problem, State(1e3, problem.weights, problem.output_weights)).kind != "global minimum"

    def test_a_gamma_that_bounds_leave_open_is_undecided(self, monkeypatch):
        problem = Problem([[1.0, 0.5], [0.5, 1.0]], [1.0, 0.6], [[1.0, 0.5]], [1.0], weight_decay=0.01)
        training = Training(problem)
        training.run()
        state = training.solver.state
        assert classify(problem, state).kind == "global minimum"
        monkeypatch.setattr(escape, "sphere_oracle", lambda *given: (None, None))
        monkeypatch.setattr(rate_bounds, "BRANCH", replace(rate_bounds.BRANCH, work=0.0))
        verdict = classify(problem, state)
        assert verdict.kind == "undecided"
        assert "above that of any other network by at most" in verdict.reason

    def test_a_rest_of_twelve_samples_in_eight_dimensions_is_decided(self):
        """The best network, on data with 3632 activation cones."""
        decay = 0.1
        rng = np.random.default_rng(0)
        inputs, targets = rng.normal(size=(12, 8)), rng.normal(size=12)
        best = minimum_norm(inputs, targets, weight_decay=decay)
        problem = Problem(inputs, targets, best.weights, best.output_weights, weight_decay=decay)
        verdict = classify(problem, State(1e3, best.weights, best.output_weights))
        assert verdict.kind == "global minimum"
        assert verdict.gamma_all.high == pytest.approx(decay, rel=1e-5)

    def test_a_rest_far_above_the_least_loss_is_no_global_minimum(self):
        """Inputs so close that hardly anything tells them apart: Gamma_all is small beside that at zero."""
        problem = Problem([[1.0, 0.0], [1.0, 1e-5]], [2.0, 0.0], [[1.0, 0.0]], [1.0])
        verdict = classify(problem, State(1e3, problem.weights, problem.output_weights))
        assert verdict.gamma_all.high == pytest.approx(5e-6)
        assert verdict.kind == "undecided"
        assert "by at most 0.5" in verdict.reason


class TestForecast:
    @pytest.mark.parametrize(
        "seed", [0, 4, 8, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (13, 17, 19))]
    )
    def test_from_the_start_on_a_line_it_is_within_one_per_cent(self, seed):
        problem = one_dimensional(seed)
        found = forecast(problem)
        assert found.time == pytest.approx(found.measure(trained(problem, time=1.3 * found.time)), rel=0.01)

    @pytest.mark.slow
    def test_from_the_start_on_twenty_lines_it_is_within_one_per_cent(self):
        for seed in range(20):
            problem = one_dimensional(seed)
            found = forecast(problem)
            run = trained(problem, time=1.3 * found.time)
            assert found.time == pytest.approx(found.measure(run), rel=0.01), seed

    @pytest.mark.parametrize(("dimension", "samples"), [(5, 8), pytest.param(12, 10, marks=pytest.mark.slow)])
    def test_from_the_start_in_more_dimensions_it_is_within_one_per_cent(self, dimension, samples):
        rng = np.random.default_rng(dimension)
        inputs, targets = rng.normal(size=(samples, dimension)), rng.normal(size=samples)
        problem = balanced(inputs, targets, 40, 1e-8, dimension)
        found = forecast(problem)
        run = trained(problem, time=1.1 * found.time)
        assert found.time == pytest.approx(found.measure(run), rel=0.01)

    def test_neurons_that_compete_are_taken_into_account(self):
        problem = one_dimensional(13)
        found = forecast(problem)
        measured = found.measure(trained(problem, time=1.3 * found.time))
        assert found.rivals >= 1
        assert abs(found.time / measured - 1) < 0.1 * abs(found.time_alone / measured - 1)

    def test_on_a_later_plateau(self):
        problem = toy(width=30)
        run = trained(problem)
        middle = at(run, 0.5 * (run.saddles[1].start + run.saddles[1].end))
        found = forecast(problem, middle)
        assert found.sign == -1
        assert found.time == pytest.approx(found.measure(run), rel=0.01)
        assert found.time == pytest.approx(run.saddles[1].end, rel=0.01)

    def test_a_network_with_nothing_to_grow_has_none(self):
        run = trained(three_points())
        assert forecast(run.problem, run.final) is None

    def test_more_bundles_than_are_followed_leave_what_does_not_need_their_flow(self, monkeypatch):
        problem = one_dimensional(13)
        found, before = forecast(problem), {row.id: row for row in predictions(problem)}
        assert before["general/first-escape"].applies
        monkeypatch.setattr("reluflow.theory.forecast.FORECAST", replace(FORECAST, pairs=30))
        with pytest.raises(TooManyBundlesError, match=r"^8 bundles of neurons on 6 samples compete"):
            forecast(problem)
        assert first_group(problem).time_alone == found.time_alone
        after = {row.id: row for row in predictions(problem)}
        assert "as much to solve for as the run itself" in after["general/first-escape"].reason
        assert {id for id, row in after.items() if row.applies != before[id].applies} == {
            "general/first-escape"
        }
        assert after["early/aligned"].predicted == before["early/aligned"].predicted > 0

    def test_more_groups_than_bundles_are_followed_are_not_flowed_to_be_counted(self, monkeypatch):
        first = first_group(one_dimensional(13))
        monkeypatch.setattr("reluflow.theory.forecast.FORECAST", replace(FORECAST, pairs=5))
        monkeypatch.setattr("reluflow.theory.forecast.flowed", None)
        with pytest.raises(TooManyBundlesError, match=r"^at least . bundles of neurons on 6 samples compete"):
            with_rivals(one_dimensional(13), first)

    def test_more_neurons_and_samples_than_are_flowed_are_said(self):
        inputs = np.random.default_rng(0).normal(size=(1000, 2))
        problem = balanced(inputs, inputs[:, 0], 401, 1e-8)
        row = next(row for row in predictions(problem) if row.id == "general/first-escape")
        assert row.reason == "401 neurons on 1000 samples are too many to be flowed one by one"

    def test_mse_halves_the_time_and_doubles_the_loss(self):
        half, full = (forecast(toy(loss=loss)) for loss in ("half-mse", "mse"))
        assert full.time == pytest.approx(0.5 * half.time)
        assert full.loss == pytest.approx(2.0 * half.loss)
        assert full.rate == pytest.approx(2.0 * half.rate)


class TestRows:
    @pytest.mark.parametrize("loss", ["half-mse", pytest.param("mse", marks=pytest.mark.slow)])
    def test_they_apply_and_hold_on_the_five_points(self, loss):
        start = five_points()
        problem = Problem(start.inputs, start.targets, start.weights, start.output_weights, loss)
        run = trained(problem)
        rows = {row.id: row for row in predictions(problem)}
        names = ("sign-flips", "out-of-reach", "conservation", "pair-law")
        general = [f"general/{name}" for name in names]
        early = ["early/aligned", "early/sign-changes"]
        assert list(rows) == [
            *general,
            *early,
            "general/first-escape",
            "general/rest",
            "general/perturbations",
            "general/two-piece",
        ]
        assert {name for name, row in rows.items() if not row.applies} == {
            "general/out-of-reach",
            "general/two-piece",
            "early/sign-changes",
        }
        assert rows["general/sign-flips"].measure(run) == 0.0
        assert rows["general/conservation"].measure(run) < 1e-6
        escape = rows["general/first-escape"]
        assert escape.measure(run) == pytest.approx(escape.predicted, rel=escape.tolerance)
        assert rows["general/rest"].measure(run) is None

    def test_descent_breaks_the_balance_and_the_flow_does_not(self):
        problem = five_points(scale=1e-6)
        run = Training(problem, "gd", Options(learning_rate=0.02), StopRules(time=300.0))
        while run.status == "running":
            run.advance(seconds=10.0)
        seen = Measured(problem, run.recorder.series, run.recorder.snapshots, run.status)
        assert sign_flips(seen) > 0.0
        assert imbalance_drift(seen) > 1e-4

    def test_unbalanced_and_large_starts_are_named(self):
        start = toy(width=10)
        unbalanced = Problem(start.inputs, start.targets, start.weights, 0.5 * start.output_weights)
        rows = {row.id: row for row in predictions(unbalanced)}
        assert not rows["general/sign-flips"].applies
        assert "10 neuron(s)" in rows["general/sign-flips"].reason
        rows = {row.id: row for row in predictions(toy(scale=1.0, width=10))}
        assert not rows["general/first-escape"].applies
        assert "not small" in rows["general/first-escape"].reason

    def test_rest_is_measured_on_stationary_runs_only(self):
        assert rest_rate(trained(three_points())) == 0.0
        assert rest_rate(trained(toy(width=10))) is None


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_what_no_network_can_fit_is_all_that_wide_ones_leave(slope, scale):
    """Half-lines, pairs of opposite ones with one linear part in common, a line of three, zero."""
    rng = np.random.default_rng(2)
    lines = rng.standard_normal((6, 2))
    inputs = np.vstack([lines, 2.0 * lines[:2], -lines[1:5], np.zeros((1, 2))])
    outputs = activation(inputs @ rng.standard_normal((2, 400)), slope)
    basis = np.linalg.svd(outputs)[0]
    values = rng.standard_normal(len(inputs))
    # rank: a number a line, and what is linear on the four that have both sides
    left = basis[:, 6 + 2 :]
    beyond = without_networks(scale * inputs, values)
    np.testing.assert_allclose(beyond, left @ (left.T @ values), atol=1e-10)
    few = without_networks(scale * inputs[4:8], values[4:8])  # of the second line and the third alone
    np.testing.assert_array_equal(few, 0.0)


def test_what_no_network_can_fit_on_one_half_line_is_what_is_not_in_proportion():
    along, values = np.array([1.0, 3.0, 0.5]), np.array([1.0, -2.0, 4.0])
    left = values - along * (along @ values) / (along @ along)
    np.testing.assert_allclose(without_networks(np.outer(along, [0.3, -0.4]), values), left, atol=1e-14)
    np.testing.assert_array_equal(without_networks(np.zeros((3, 2)), values), values)


@pytest.mark.parametrize("loss", ["logistic", "exponential"])
def test_no_network_comes_below_the_bound_of_its_loss(loss):
    """Three inputs on a line with labels that pull against each other, and one that is fitted alone."""
    inputs, labels = [[1.0, 0.2], [-2.0, -0.4], [3.0, 0.6], [0.3, 1.0]], np.array([1.0, 1.0, -1.0, -1.0])
    problem = Problem(inputs, labels, [[1.0, 1.0]], [1.0], loss=loss)

    def value(predicted):
        return problem.value(predicted - labels)

    best = minimize(lambda h: value(np.array([h[0], h[1], 3.0 * h[0], -50.0])), [0.0, 0.0], tol=1e-12)
    h = np.array([best.x[0], best.x[1], 3.0 * best.x[0], -50.0])
    bound = least_objective(problem, -problem.force(h - labels), 0.0)
    assert bound == pytest.approx(value(h), rel=1e-6)
    assert bound <= value(h)
    assert least_objective(problem, labels, 0.0) <= bound


def test_the_time_of_a_loss_is_that_of_the_cubic_through_all_rows():
    """Whose slopes depend on the nearest rows alone."""
    t = np.geomspace(1.0, 30.0, 12) - 1.0
    loss = np.exp(-(np.sin(0.1 * t) ** 2) - 0.02 * t**1.5)
    logs = PchipInterpolator(t, np.log(loss))
    run = Measured(five_points(), {"t": t, "loss": loss}, None, "time")
    for k in range(1, len(t)):
        level = np.sqrt(loss[k - 1] * loss[k])
        assert time_of_loss(run, level) == pytest.approx(
            logs.solve(np.log(level), extrapolate=False)[0], rel=1e-12
        )
    assert time_of_loss(run, 1.1) is None
    assert time_of_loss(run, 0.9 * loss[-1]) is None


@pytest.mark.parametrize(("allowed", "told"), [(0.038, False), (0.042, True)])
def test_a_tail_is_told_where_its_changes_of_slope_add_up_to_half_of_what_is_allowed(allowed, told):
    """Slopes 0.94, 0.98 and 1 of three thirds, of which all that follow are at most 1.02."""
    third = np.log(30.0) / 3.0
    t = np.cumsum([0.0, 20.0, third / 0.94, third / 0.98, third])
    loss = np.exp(-np.cumsum([0.0, 18.0, third, third, third]))
    rate = tail_rate(Measured(five_points(), {"t": t, "loss": loss}, None, "converged"), allowed)
    if told:
        assert rate == pytest.approx(1.0)
    else:
        assert isinstance(rate, NotYet)
        assert "the rate goes from 0.94 to 0.98 to 1;" in rate.reason


class TestBounds:
    @pytest.mark.parametrize("shape", [(7, 3), (12, 8), (9, 20), (30, 3)])
    @pytest.mark.parametrize("slope", [0.0, 0.3])
    def test_branch_and_bound_finds_what_visiting_all_cones_finds(self, shape, slope):
        rng = np.random.default_rng(shape)
        inputs, nu = rng.normal(size=shape), rng.normal(size=shape[0])
        exact = SphereOracle(inputs @ np.linalg.svd(inputs, full_matrices=False)[2].T, slope=slope)
        for side in (nu, -nu):
            low, high = one_sign_bounds(inputs, side, slope)
            assert (low, high) == pytest.approx((exact.highest(side).value,) * 2, rel=1e-9)

    def test_on_orthogonal_samples_of_one_sign(self):
        inputs, nu = np.diag([2.0, 2.0]), np.array([0.5, 0.25])
        assert one_sign_bounds(inputs, nu) == pytest.approx((np.sqrt(1.25), np.sqrt(1.25)))
        assert one_sign_bounds(inputs, -nu) == one_sign_bounds(inputs, 0.0 * nu) == (0.0, 0.0)

    @pytest.mark.parametrize("work", [0.0, 3e5])
    def test_a_search_that_is_cut_short_still_bounds(self, monkeypatch, work):
        rng = np.random.default_rng(3)
        inputs, nu = rng.normal(size=(30, 12)), rng.normal(size=30)
        exact, _ = one_sign_bounds(inputs, nu)
        monkeypatch.setattr(rate_bounds, "BRANCH", replace(rate_bounds.BRANCH, work=work))
        low, high = one_sign_bounds(inputs, nu)
        assert low <= exact * (1.0 + 1e-12)
        assert exact * (1.0 + 1e-6) < high < 2.0 * exact

    def test_inputs_of_two_coordinates_are_visited_one_by_one(self):
        normals = np.random.default_rng(0).normal(size=(40, 2))
        normals[7] = -2.0 * normals[3]
        patterns = activation_patterns(normals)
        assert len(patterns) == len(np.unique(patterns, axis=0)) == 2 * 39
