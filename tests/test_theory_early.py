"""Early alignment and what is conserved: rows against runs, and against runs that were tampered with."""

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
from problems import balanced, five_points, toy
from trained import trained

from reluflow.flow.base import Options
from reluflow.network import loss_of, row_norms
from reluflow.observe.measured import Measured, state_at
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory import early, general, start_growth
from reluflow.theory.audit import conserved_products, pair_drift
from reluflow.theory.effort import TooManyKinksError, left_after_junction
from reluflow.theory.general import predictions
from reluflow.theory.pair_law import pair_products
from reluflow.theory.small_neurons import final_growth, final_growth_in
from reluflow.training.training import StopRules, Training


def rows_of(problem):
    return {row.id: row for row in predictions(problem)}


def unbalanced(seed, width=60, scale=1e-5):
    """Layers drawn independently, on the two orthogonal points."""
    rng = np.random.default_rng(seed)
    start = toy(width=width)
    weights = rng.normal(size=(width, 2)) * scale
    return Problem(start.inputs, start.targets, weights, rng.normal(size=width) * scale)


def half_way(problem):
    """A run that has lost half of its loss."""
    return trained(problem, loss=0.5 * loss_of(problem.targets))


def tampered(run, change):
    """The run with its states changed by ``change(weights, outputs)``, copies that it may write to."""
    weights, outputs = run.snapshots.weights.copy(), run.snapshots.output_weights.copy()
    change(weights, outputs)
    return Measured(
        run.problem, run.series, type(run.snapshots)(run.snapshots.t, weights, outputs), run.status
    )


class TestAligned:
    @pytest.mark.parametrize(
        "seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))]
    )
    def test_neurons_come_to_their_directions_on_random_data(self, seed):
        rng = np.random.default_rng(seed)
        samples, dimension = (5, 2) if seed % 2 else (8, 4)
        problem = balanced(rng.normal(size=(samples, dimension)), rng.normal(size=samples), 40, 1e-12, seed)
        row = rows_of(problem)["early/aligned"]
        assert row.applies
        assert row.predicted >= 5.0
        assert row.measure(half_way(problem)) == row.predicted

    def test_all_are_due_that_are_within_half_of_the_angle(self):
        """One sample, from as much as 80 degrees: of tan(phi / 2) an e^-4 is left before the escape."""
        angles = np.radians([-80.0, -50.0, -20.0, 20.0, 50.0, 80.0])
        weights = 1e-3 * np.column_stack([np.cos(angles), np.sin(angles)])
        problem = Problem([[1.0, 0.0]], [1.0], weights, np.full(6, 1e-3))
        assert rows_of(problem)["early/aligned"].predicted == 6.0

    def test_a_neuron_that_points_elsewhere_is_missed(self):
        problem = five_points()
        row = rows_of(problem)["early/aligned"]
        run = trained(problem, loss=0.05)
        assert row.measure(run) == row.predicted == 24.0

        def turn(weights, outputs):
            weights[:, np.flatnonzero(outputs[0] > 0.0)] *= -1.0

        assert row.measure(tampered(run, turn)) < row.predicted

    def test_a_run_that_stops_before_shows_nothing(self):
        problem = five_points()
        row = rows_of(problem)["early/aligned"]
        assert row.measure(trained(problem, time=10.0)) is None

    def test_directions_are_read_between_the_last_two_states_as_well(self):
        """The later one comes right after the moment that is asked about, which is found by asking."""
        problem = five_points()
        row, whole = rows_of(problem)["early/aligned"], half_way(problem)

        def seen(t, later):
            states = SimpleNamespace(
                t=np.array([0.0, t]),
                weights=np.array([problem.weights, later.weights]),
                output_weights=np.array([problem.output_weights, later.output_weights]),
            )
            return row.measure(replace(whole, snapshots=states))

        low, high = 0.0, float(whole.snapshots.t[-1])
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if seen(middle, whole.final) is None else (low, middle)
        then = state_at(whole.snapshots, high)
        assert seen((1.0 + 1e-9) * high, then) == row.predicted > seen(100.0 * high, then)

    def test_a_large_start_has_none(self):
        row = rows_of(five_points(scale=1.0))["early/aligned"]
        assert not row.applies
        assert "not small" in row.reason


class TestSignChanges:
    @pytest.mark.parametrize(
        "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 6))]
    )
    def test_as_many_as_foreseen(self, seed):
        problem = unbalanced(seed)
        row = rows_of(problem)["early/sign-changes"]
        assert row.applies
        assert row.predicted >= 3.0
        run = trained(problem, loss=0.3)
        assert row.measure(run) == row.predicted

        def keep(weights, outputs):
            outputs[:] = np.abs(outputs) * np.sign(problem.output_weights)

        assert row.measure(tampered(run, keep)) == 0.0

    def test_one_neuron_by_hand(self):
        """p_0 = 0.8, a_0 = -0.4: the sign changes at tanh(t |D|) = 1/2; for a_0 = -0.9 it never does."""
        inputs, targets = np.array([[1.0, 0.0]]), np.array([1.0])
        for height, changes in ((-0.4, 1.0), (-0.9, None)):
            problem = Problem(
                inputs, targets, 1e-8 * np.array([[0.8, 0.0], [0.8, 0.0]]), [1e-8, height * 1e-8]
            )
            row = rows_of(problem)["early/sign-changes"]
            assert row.predicted == changes

    def test_a_balanced_start_has_none(self):
        row = rows_of(toy(width=10))["early/sign-changes"]
        assert not row.applies
        assert "none can change its sign" in row.reason


class TestPairLaw:
    @pytest.mark.parametrize("problem", [toy(width=30), five_points(), unbalanced(0)])
    def test_it_holds_along_a_run(self, problem):
        assert 0.0 < pair_drift(trained(problem, loss=1e-4)) < 1e-5

    def test_a_neuron_that_grew_by_a_thousandth_too_much_breaks_it(self):
        run = trained(five_points(), loss=0.06)

        def stretch(weights, outputs):
            weights[len(weights) // 2 :, 3:] *= 1.001
            outputs[len(weights) // 2 :, 3:] *= 1.001

        assert pair_drift(tampered(run, stretch)) > 5e-4

    def test_descent_in_large_steps_breaks_it(self):
        run = Training(toy(1e-3), "gd", Options(learning_rate=0.3), StopRules(time=20.0))
        while run.status == "running":
            run.advance(seconds=10.0)
        seen = Measured(run.problem, run.recorder.series, run.recorder.snapshots, run.status)
        assert pair_drift(seen) > 1e-3

    @pytest.mark.parametrize("thinning", [pytest.param(3, marks=pytest.mark.slow), 10])
    def test_states_far_apart_do_not_break_it(self, thinning):
        """Between them neurons touch kinks and come back, which their patterns do not tell."""
        problem = load_preset("piecewise", {"network.width": 150}).problem()
        run = trained(problem, time=20.0)
        s = run.snapshots
        thin = type(s)(s.t[::thinning], s.weights[::thinning], s.output_weights[::thinning])
        found = pair_drift(Measured(problem, run.series, thin, run.status))
        assert found is None or found < 1e-5

    def test_one_neuron_has_no_pair(self):
        problem = Problem([[1.0, 0.0]], [1.0], [[1e-3, 0.0]], [1e-3])
        assert pair_drift(trained(problem, loss=1e-3)) is None

    def test_products_are_those_of_all_pairs(self):
        rng = np.random.default_rng(0)
        weights, outputs = rng.normal(size=(7, 3)), rng.normal(size=7)
        others = np.array([0, 1, 3, 4, 5, 6])
        products, sizes = conserved_products(weights, outputs, np.full(6, 2), others)
        direct = outputs[others] * outputs[2] - weights[others] @ weights[2]
        np.testing.assert_allclose(products, direct, atol=1e-14)
        np.testing.assert_allclose(pair_products(weights, outputs)[2, others], direct, atol=1e-14)
        norms = row_norms(weights)
        np.testing.assert_allclose(sizes, np.abs(outputs[others] * outputs[2]) + norms[others] * norms[2])


def test_small_neurons_that_meet_too_many_kinks_are_given_up_in_a_sentence(monkeypatch):
    """Where there is something left of the budget the first escape has it."""
    preset = load_preset("two-teachers")
    whole = {row.id: row for row in predictions(preset.problem())}
    assert not any("more kinks" in row.reason for row in whole.values())
    about = ("early/aligned", "general/first-escape", "general/two-piece")
    for budget, given_up in ((10.0, about), (70.0, about[2:])):
        monkeypatch.setattr(start_growth, "EFFORT", replace(start_growth.EFFORT, budget=budget))
        rows = {row.id: row for row in predictions(preset.problem())}
        for id in given_up:
            assert "small neurons meet more kinks of 20 samples than they are" in rows[id].reason
        others = rows.keys() - {*given_up, "early/aligned", "early/sign-changes"}
        assert all(rows[id].reason == whole[id].reason for id in others)


def test_neurons_that_are_settled_by_then_are_not_followed_again():
    problem = load_preset("two-teachers").problem()
    field, ends = start_growth.start_growth(problem)
    until = float(np.median(ends.settled))
    parts = problem.weights, problem.output_weights
    again = final_growth_in(field, *parts, until, ends)
    once = final_growth(*parts, problem.inputs, problem.targets, until)
    for part in fields(once):
        np.testing.assert_allclose(getattr(again, part.name), getattr(once, part.name), rtol=1e-9, atol=1e-12)


def test_each_that_asks_for_a_start_has_what_following_it_left_of_the_budget():
    problem = load_preset("two-teachers").problem()
    field, _ = start_growth.start_growth(problem)
    left = field.budget
    final_growth_in(field, problem.weights, problem.output_weights)
    assert field.budget < left < start_growth.EFFORT.budget
    assert start_growth.start_growth(problem)[0].budget == left


def test_points_where_kinks_meet_count_as_what_they_cost():
    """Balanced neurons that are pulled straight back come to where all kinks meet."""
    inputs, slides = np.ones((100, 2)), np.arange(100) < 2
    assert left_after_junction(450.0, slides[:3], inputs) < left_after_junction(450.0, slides[2:5], inputs)
    with pytest.raises(TooManyKinksError, match="more kinks of 100 samples"):
        left_after_junction(450.0, slides, inputs)


def test_a_wide_start_is_foreseen_by_its_bundles(monkeypatch):
    """Of 400 neurons no more than 50 are followed one by one."""
    narrow = load_preset("orthogonal-toy", {"network.width": 400, "init.scale": 1e-4}).problem()
    whole = {row.id: row for row in predictions(narrow)}
    monkeypatch.setattr(general, "GENERAL", replace(general.GENERAL, followed=50))
    monkeypatch.setattr(early, "EARLY", replace(early.EARLY, followed=50))
    rows = {row.id: row for row in predictions(replace(narrow))}
    time = whole["general/first-escape"].predicted
    assert rows["general/first-escape"].predicted == pytest.approx(time, rel=1e-4)
    assert rows.keys() == whole.keys()
    assert all(rows[id].applies == row.applies for id, row in whole.items())
    assert 0 < rows["early/aligned"].predicted <= 50 < whole["early/aligned"].predicted
    assert "Of 50 neurons, spread evenly over all." in rows["early/aligned"].statement
    run = trained(narrow)
    assert rows["early/aligned"].measure(run) == rows["early/aligned"].predicted
