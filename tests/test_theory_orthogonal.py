"""Orthogonal inputs: closed forms against solvers, and assumptions that fail."""

from dataclasses import replace

import numpy as np
import pytest
from problems import balanced, orthogonal, toy, with_bias
from trained import trained

from reluflow import load_preset
from reluflow.network import row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory import all_predictions, jump_process, small_neurons, start_bundles, start_growth
from reluflow.theory.effort import flow_of_bundles
from reluflow.theory.forecast import FORECAST
from reluflow.theory.jump_process import limit_process
from reluflow.theory.orthogonal import predictions
from reluflow.theory.orthogonal_assumptions import why_not_paper
from reluflow.theory.orthogonal_formulas import block_rates, kernel_rate, least_norm


def verdicts(problem: Problem, run: Measured) -> dict[str, bool]:
    """Id of each row that applies and that the run shows, and whether it holds."""
    found = {}
    for row in predictions(problem):
        value = row.measure(run) if row.applies else None
        if value is not None:
            unit = 1.0 if row.absolute else abs(row.predicted)
            found[row.id] = abs(value - row.predicted) <= row.tolerance * unit
    return found


class TestToy:
    @pytest.mark.parametrize(
        ("seed", "scale"),
        [
            (0, 1e-4),
            (1, 1e-100),
            *(
                pytest.param(*each, marks=pytest.mark.slow)
                for each in ((0, 1e-20), (0, 1e-100), (1, 1e-4), (1, 1e-20))
            ),
        ],
    )
    def test_escapes_are_within_three_in_a_thousand_and_the_norm_is_least(self, scale, seed):
        problem = toy(scale, width=30, seed=seed)
        run = trained(problem, loss=1e-10)
        rows = {row.id: row for row in predictions(problem)}
        for name, end in (("first", run.saddles[0].end), ("second", run.saddles[1].end)):
            assert end == pytest.approx(rows[f"orthogonal/{name}-escape"].predicted, rel=3e-3)
        final = variation_norm(run.final.weights, run.final.output_weights)
        assert final == pytest.approx(1 / np.sqrt(5) + 1 / np.sqrt(1.25), rel=1e-4)

    @pytest.mark.slow
    @pytest.mark.parametrize("scale", [1e-4, 1e-8, 1e-20, 1e-100])
    def test_every_row_holds_over_twenty_seeds(self, scale):
        for seed in range(20):
            problem = toy(scale, width=60, seed=seed)
            found = verdicts(problem, trained(problem, loss=1e-12))
            assert len(found) == 10
            assert all(found.values()), (seed, found)

    @pytest.mark.parametrize("loss", ["half-mse", "mse"])
    def test_every_row_applies_and_holds_in_both_conventions(self, loss):
        problem = toy(width=30, loss=loss)
        found = verdicts(problem, trained(problem, loss=1e-10))
        assert len(found) == 11
        assert all(found.values()), found

    def test_times_halve_and_losses_double_for_mse(self):
        half, full = ({row.id: row for row in predictions(toy(loss=loss))} for loss in ("half-mse", "mse"))
        for name, factor in (("first-escape", 0.5), ("saddle-loss", 2.0), ("final-rate", 2.0)):
            key = f"orthogonal/{name}"
            assert full[key].predicted == pytest.approx(factor * half[key].predicted)

    def test_leading_terms_come_near_to_the_times_as_the_start_gets_small(self):
        """The constant over |D| that they leave out is of order 1 / ln(1/scale) of them."""
        large, small = ({row.id: row for row in predictions(toy(scale))} for scale in (1e-20, 1e-100))
        for name in ("first", "second"):
            key = f"orthogonal/{name}-escape-leading"
            assert 0.0 < small[key].tolerance < 0.5 * large[key].tolerance < 0.1

    def test_the_start_of_the_paper_gives_its_saddle_and_norm(self):
        rows = {row.id: row for row in predictions(toy())}
        assert rows["orthogonal/saddle-loss"].predicted == pytest.approx(0.25)
        assert rows["orthogonal/least-norm"].predicted == pytest.approx(1.3416407864998738)


class TestRows:
    @pytest.mark.parametrize(
        ("seed", "samples", "dimension", "width", "scale", "equal"),
        [
            (3, 4, 4, 80, 1e-4, False),
            (2, 4, 4, 80, 1e-8, True),
            (7, 4, 6, 6, 1e-4, True),
            (5, 6, 6, 100, 1e-30, True),
        ],
    )
    def test_whatever_applies_holds(self, seed, samples, dimension, width, scale, equal):
        problem = orthogonal(seed, samples, dimension, width, scale, equal)
        found = verdicts(problem, trained(problem))
        assert len(found) >= 3
        assert all(found.values()), found

    def test_final_rate_is_that_of_the_kernel_at_the_end(self):
        problem = toy(width=20)
        rows = {row.id: row for row in predictions(problem)}
        end = trained(problem, loss=1e-12).final
        rate = kernel_rate(end.weights, end.output_weights, problem.inputs)
        assert rate == pytest.approx(rows["orthogonal/final-rate"].predicted, rel=1e-3)

    def test_a_run_that_is_not_over_shows_no_final_norm(self):
        problem = toy(width=20)
        rows = {row.id: row for row in predictions(problem)}
        run = trained(problem, loss=0.26)
        assert rows["orthogonal/least-norm"].measure(run) is None
        assert rows["orthogonal/final-rate"].measure(run) is None
        assert rows["orthogonal/second-escape"].measure(run) is None
        assert rows["orthogonal/final-loss"].measure(trained(problem, time=3.0)) is None

    def test_a_mode_that_is_hardly_in_the_loss_is_not_yet_seen(self):
        """The second target is a thousandth of the first, and fitted at a thousandth of its rate."""
        small, large = (predictions(balanced(np.eye(2), [1.0, y], 10, 1e-6, 0)) for y in (-1e-3, -1.0))
        (pending,), (seen,) = ([one for one in rows if "final-rate" in one.id] for rows in (small, large))
        assert (pending.applies, pending.pending) == (False, True)
        assert "expected" in pending.reason
        assert (seen.applies, seen.pending) == (True, False)


class TestAssumptions:
    @pytest.mark.parametrize(("sign", "missing"), [(1.0, "negative"), (-1.0, "positive")])
    def test_the_sign_that_no_neuron_has_is_named(self, sign, missing):
        line, up = with_bias([-0.5, 2.0]), np.array([[0.0, 1e-6]] * 3)
        found = why_not_paper(Problem(line, [-1.0, 1.0], up, [sign * 1e-6] * 3))
        assert f"no neuron with a {missing} sign sees all samples with a {missing} target, of 0" in found

    def test_each_failing_assumption_is_named(self):
        line = with_bias([-0.5, 2.0])
        cases = {
            "not orthogonal": balanced(with_bias([-0.5, 2.1]), [-1.0, 1.0], 20, 1e-6),
            "no negative targets": balanced(line, [1.0, 2.0], 20, 1e-6),
            "no positive targets": balanced(line, [-1.0, -2.0], 20, 1e-6),
            "are equal": balanced(np.eye(2), [1.0, -1.0], 20, 1e-6),
            "width is too small": balanced(line, [-1.0, 1.0], 1, 1e-6),
            "not small": balanced(line, [-1.0, 1.0], 20, 1.0),
            "neither balanced nor dominated": Problem(line, [-1.0, 1.0], np.eye(2) * 1e-6, [5e-7, -5e-7]),
            "an input is zero": balanced([[0.0, 0.0], [1.0, 0.0]], [-1.0, 1.0], 20, 1e-6),
            "all targets are zero": balanced(line, [0.0, 0.0], 20, 1e-6),
        }
        for words, problem in cases.items():
            assert words in why_not_paper(problem)
            rows = {row.id: row for row in predictions(problem)}
            assert len(rows) == 11
            row = rows["orthogonal/least-norm"]
            assert (row.applies, row.predicted) == (False, None)
            assert words in row.reason

    def test_escapes_too_close_to_tell_apart_are_not_predicted(self):
        problem = balanced(np.diag([1.0, 1.02]), [1.0, -1.0], 30, 1e-6)
        rows = {row.id: row for row in predictions(problem)}
        assert "too close" in rows["orthogonal/first-escape"].reason
        assert rows["orthogonal/least-norm"].applies


def test_least_norm_of_the_toy():
    assert least_norm(with_bias([-0.5, 2.0]), np.array([-1.0, 1.0])) == pytest.approx(1.3416407864998738)


@pytest.mark.parametrize("lengths", [[0.5, 1.0, 1.75], [0.9, 1.0, 1.1]])
def test_the_rate_of_a_block_is_that_of_the_kernel_of_its_bundle(lengths):
    """One neuron sees all samples and ends as the least that fits, w along sum_k y_k x_k / rho_k^2."""
    inputs, targets = np.diag(lengths), np.array([1.0, 0.4, 2.0])
    weights = np.full((1, 3), 1e-9)
    (rate,) = block_rates(inputs, targets, limit_process(inputs, targets, weights, row_norms(weights)))
    fitting = (targets / np.square(lengths)) @ inputs
    mass = np.linalg.norm(fitting)
    w, a = fitting[None] / np.sqrt(mass), np.array([np.sqrt(mass)])
    np.testing.assert_allclose(w @ inputs.T * a[:, None], targets[None])
    assert rate == pytest.approx(kernel_rate(w, a, inputs), rel=1e-10)


def test_bundles_that_are_too_many_to_be_followed_are_given_up_in_words(monkeypatch):
    """By the rows about a limit of which they would say how far it is; all others stay."""
    problem = toy()
    whole = {row.id: row for row in predictions(problem)}
    monkeypatch.setattr(start_bundles, "SCALE", replace(start_bundles.SCALE, pairs=1.0))
    rows = {row.id: row for row in predictions(problem)}
    given_up = {id for id, row in rows.items() if "are not followed to their end" in row.reason}
    assert "orthogonal/final-norm" in given_up
    assert all(rows[id].applies == whole[id].applies for id in rows.keys() - given_up)


@pytest.mark.parametrize("name", ["piecewise", pytest.param("high-dimension", marks=pytest.mark.slow)])
def test_bundles_of_shipped_presets_are_followed(name):
    bundles, _ = start_bundles.start_of_bundles(load_preset(name).problem())
    assert flow_of_bundles(bundles.width, bundles.samples) < start_bundles.SCALE.pairs


def test_a_flow_of_bundles_costs_more_with_many_samples():
    assert flow_of_bundles(94, 75) < FORECAST.pairs < flow_of_bundles(20, 300)


def test_neurons_of_a_start_are_followed_once_for_all_rows(monkeypatch):
    """What both processes, and rows of all chapters, need of them is the same, and takes seconds for many."""
    followed = []
    monkeypatch.setattr(jump_process, "final_growth", lambda *parts: followed.append("process"))
    found = small_neurons.final_growth_in
    monkeypatch.setattr(
        start_growth, "final_growth_in", lambda *parts: (followed.append("start"), found(*parts))[1]
    )
    all_predictions(toy())
    assert followed == ["start"]
