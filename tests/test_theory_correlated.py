"""One neuron as teacher: the rows that a run is held to."""

from types import SimpleNamespace

import numpy as np
import pytest
from problems import balanced
from teachers import NEAR, course_of, family, near, preset_problem, trained
from trained import trained as solved

from reluflow.network import row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory import correlated_readings as readings
from reluflow.theory.correlated import predictions
from reluflow.theory.correlated_assumptions import examine, obtuse
from reluflow.theory.readings import time_of_loss


def holds(row, measured: float) -> bool:
    error = measured - row.predicted
    error = error if row.absolute else error / abs(row.predicted)
    return error <= row.tolerance if row.one_sided else abs(error) <= row.tolerance


def test_the_network_that_is_predicted_is_the_teacher():
    """Balanced neurons of the bundle add up to it, but for the angles that are left between them."""
    small = near().problem
    large = Problem(small.inputs, 4.0 * small.targets, small.weights, small.output_weights)
    for course in map(course_of, (small, large)):
        weights, outputs = course.final_weights
        members = course.alignment.bundle
        np.testing.assert_allclose(row_norms(weights[members]), outputs[members])
        assert outputs[members] @ outputs[members] == pytest.approx(course.size)
        total = outputs[members] @ weights[members]
        np.testing.assert_allclose(total, course.teacher, atol=1e-3 * course.size)


@pytest.mark.parametrize(
    ("told", "seen", "expected"),
    [
        ([2.0, 4.0, 6.0], [2.4, 4.8, 7.2], 0.0),
        ([2.0, 4.0, 6.0], [5.2, 4.8, 4.4], 3.0),  # between the same two states: where the ratio is a half
        ([2.0, 4.0, 6.0], [4.8, 4.8, 6.2], 0.0),
        ([2.0, 2.08, 6.0], [2.6, 2.4, 6.2], 0.0),  # predicted almost together
        ([2.0, 2.12, 6.0], [2.6, 2.4, 6.2], 1.0),
        ([6.0, 4.0, 2.0], [2.2, 4.2, 6.2], 0.0),  # in another order than that of eigenvalues
        ([2.0, 4.0, np.inf], [4.2, 2.2, 1.2], 1.0),
        ([2.0, 4.0, 6.0], [4.2, 2.2, np.inf], 1.0),
        ([2.0, 4.0, 6.0], [4.2, 2.2, -0.2], 1.0),  # beyond a half from the first
        ([2.0, 4.0, 6.0], [4.2, np.inf, np.inf], None),
        ([2.0, np.inf, np.inf], [4.2, 2.2, 1.2], None),
    ],
)
def test_coordinates_are_held_to_the_order_in_which_they_come_halfway(told, seen, expected):
    """Every ratio is linear in time, with a slope of its own; a fourth coordinate has hardly a goal."""
    goal, slopes, times = (
        np.array([1.0, -2.0, 0.05, 0.03]),
        np.array([0.2, 0.5, 0.3, 0.2]),
        2.0 * np.arange(5.0),
    )

    def path(halfway):
        late = np.array([*halfway, 0.1])
        return np.where(np.isinf(late), 0.0, 0.5 + slopes * (times[:, None] - np.minimum(late, 9.0))) * goal

    weights = 0.5 * path(seen)[:, None]
    course = SimpleNamespace(
        size=4.0, path=path(told), path_times=times, progress=lambda vectors: (vectors / goal, goal)
    )
    problem = Problem(np.vstack([np.eye(4), -np.eye(4)]), np.ones(8), weights[0], [2.0])
    states = SimpleNamespace(t=times, weights=weights, output_weights=np.full((5, 1), 2.0))
    assert readings.out_of_order(Measured(problem, {}, states, "converged"), course) == expected


def test_a_neuron_that_gains_its_last_sample_long_after_the_fit_is_no_part_of_it():
    inputs = np.array([[0.0, 0.1], [-6.8, 4.8]])
    problem = balanced(inputs, inputs @ [-2.36, 1.0], 6, 1e-8, 1)
    course, reason = examine(problem)
    assert reason is None
    settled = course.alignment.settled[course.alignment.bundle]
    assert np.max(settled) > 500.0 * course.half_time
    np.testing.assert_array_equal(course.amplitudes.shares, np.where(settled == 0.0, 1.0, 0.0))
    run = solved(problem, loss=0.1 * course.start_loss)
    assert time_of_loss(run, 0.5 * course.start_loss) == pytest.approx(course.half_time, rel=1e-3)


def test_a_bundle_that_would_lose_sight_of_a_sample_is_not_followed():
    inputs = np.array([[6.9, -2.0, -10.2], [-0.6, -1.0, -1.4], [0.2, -0.1, 0.1], [-1.2, -1.3, -0.5]])
    _, reason = examine(balanced(inputs, inputs @ [-0.303, -1.4945, -0.14783], 6, 1e-30, 1))
    assert reason == "the bundle loses sight of a sample while it turns to the teacher"


class TestRows:
    def test_all_apply_and_hold_where_the_paper_applies(self):
        run = near()
        rows = predictions(run.problem)
        assert len({row.id for row in rows}) == len(rows) == 11
        for row in rows:
            assert row.applies, (row.id, row.reason)
            measured = row.measure(run)
            assert measured is not None, row.id
            assert holds(row, measured), (row.id, row.predicted, measured)

    def test_the_curve_and_the_angles_are_far_better_than_asked(self):
        rows = {row.id: row for row in predictions(near().problem)}
        assert rows["correlated/loss-curve"].measure(near()) < 2e-4
        for name, error in (("half-time", 1e-4), ("widest-angle", 5e-3), ("nuclear-norm", 1e-3)):
            row = rows[f"correlated/{name}"]
            assert row.measure(near()) == pytest.approx(row.predicted, rel=error)

    def test_the_shipped_preset_holds_beyond_45_degrees_in_the_derived_rows(self):
        run = trained(preset_problem(), 1e-9)
        rows = {row.id.split("/")[1]: row for row in predictions(run.problem)}
        assert {name for name, row in rows.items() if not row.applies} == {"minus-die", "turn-order"}
        assert "55.3 degrees from the teacher" in rows["turn-order"].reason
        for name, row in rows.items():
            if row.applies:
                assert holds(row, row.measure(run)), name

    def test_a_shorter_run_shows_less(self):
        problem = near().problem
        short = trained(problem, 0.1)
        shown = {row.id.split("/")[1]: row.measure(short) for row in predictions(problem)}
        assert shown["half-time"] is not None
        assert shown["loss-curve"] < 3e-3
        for name in ("live", "minus-die", "final-rate", "widest-angle", "nuclear-norm", "least-norm"):
            assert shown[name] is None, name

    @pytest.mark.parametrize("every", [17, 55])
    def test_coordinates_come_halfway_in_their_order_between_few_states_too(self, every):
        run, states = near(), near().snapshots
        kept = np.unique([*range(0, states.t.size, every), states.t.size - 1])
        few = type(states)(states.t[kept], states.weights[kept], states.output_weights[kept])
        rows = {row.id: row for row in predictions(run.problem)}
        assert rows["correlated/turn-order"].measure(Measured(run.problem, run.series, few, run.status)) == 0

    def test_the_final_rate_needs_no_rows_close_to_the_end(self):
        run = near()
        t = run.series["t"]
        kept = (t <= 0.9 * t[-1]) | (t == t[-1])
        series = {name: column[kept] for name, column in run.series.items()}
        row = {row.id: row for row in predictions(run.problem)}["correlated/final-rate"]
        few = row.measure(Measured(run.problem, series, run.snapshots, run.status))
        assert few == pytest.approx(row.measure(run), rel=1e-3)

    def test_the_final_rate_is_read_off_all_states_where_all_are_near_the_end(self):
        run, states = near(), near().snapshots
        row = {row.id: row for row in predictions(run.problem)}["correlated/final-rate"]
        few = type(states)(states.t[-5:], states.weights[-5:], states.output_weights[-5:])
        seen = row.measure(Measured(run.problem, run.series, few, run.status))
        assert seen == pytest.approx(row.measure(run), rel=0.01)
        two = type(states)(states.t[-2:], states.weights[-2:], states.output_weights[-2:])
        assert row.measure(Measured(run.problem, run.series, two, run.status)) is None

    def test_a_run_that_goes_wrong_is_seen(self):
        """The same run with time stretched and the neurons turned apart fails its rows."""
        run = near()
        late = {**run.series, "t": 1.05 * run.series["t"]}
        weights = run.snapshots.weights.copy()
        weights[-1, :, 0] *= 1.001
        apart = type(run.snapshots)(run.snapshots.t, weights, run.snapshots.output_weights)
        wrong = Measured(run.problem, late, apart, run.status)
        rows = {row.id.split("/")[1]: row for row in predictions(run.problem)}
        assert not holds(rows["half-time"], rows["half-time"].measure(wrong))
        assert not holds(rows["loss-curve"], rows["loss-curve"].measure(wrong))

    def test_times_and_rates_follow_the_loss_convention(self):
        mse = near().problem
        half = Problem(mse.inputs, mse.targets, mse.weights, mse.output_weights, "half-mse")
        assert mse.loss == "mse"
        for one, two in zip(predictions(mse), predictions(half), strict=True):
            factor = {"correlated/half-time": 2.0, "correlated/final-rate": 0.5}.get(one.id, 1.0)
            assert two.predicted == pytest.approx(factor * one.predicted, rel=1e-6), one.id

    def test_wrong_assumptions_are_named(self):
        good = near().problem
        x, y, w, a = good.inputs, good.targets, good.weights, good.output_weights
        bent = y * np.where(np.arange(y.size) == 0, 1.2, 1.0)
        doubled = np.vstack([x, 2.0 * x[:1]])
        cases = {
            "teacher makes all targets positive": Problem(x, -y, w, a),
            "not those of a single neuron": Problem(doubled, np.append(bent, y[0]), w, a),
            "not balanced": Problem(x, y, w, 2.0 * a),
            "nothing grows": Problem(x, y, w, -np.abs(a)),
            "the start is not small": Problem(x, y, 1e3 * w, 1e3 * a),
        }
        for words, problem in cases.items():
            for row in predictions(problem):
                assert not row.applies
                assert row.predicted is None
                assert words in row.reason, (words, row.reason)

    def test_a_neuron_that_loses_a_sample_is_counted(self):
        run = near()
        row = next(row for row in predictions(run.problem) if row.id == "correlated/one-way")
        assert (row.applies, row.measure(run)) == (True, 0.0)
        weights = run.snapshots.weights.copy()
        plus = int(np.flatnonzero(run.problem.output_weights > 0.0)[0])
        weights[-1, plus] *= -1.0
        turned = type(run.snapshots)(run.snapshots.t, weights, run.snapshots.output_weights)
        wrong = Measured(run.problem, run.series, turned, run.status)
        assert row.measure(wrong) == run.problem.samples

    def test_inputs_at_an_obtuse_angle_are_named(self):
        inputs = np.array([[1.0, 2.0, 0.0], [1.0, -2.0, 0.0], [1.0, 0.0, 0.5]])
        problem = balanced(inputs, inputs @ np.array([1.0, 0.0, 0.0]), 30, 1e-9)
        reason = obtuse(problem.inputs)
        assert reason == "samples 1 and 2 are 126.9 degrees apart; expected less than 90"
        assert obtuse(near().problem.inputs) is None

    def test_rows_need_neurons_of_the_sign_they_speak_of(self):
        good = near().problem
        plus = Problem(good.inputs, good.targets, good.weights, np.abs(good.output_weights))
        rows = {row.id: row for row in predictions(plus)}
        assert rows["correlated/minus-die"].reason == "no neuron has a negative output weight"
        assert rows["correlated/live"].applies

    def test_angles_that_rounding_hides_are_not_predicted(self):
        problem = preset_problem(**NEAR, **{"init.scale": 1e-30})
        row = next(row for row in predictions(problem) if row.id == "correlated/widest-angle")
        assert not row.applies
        assert "lost in double precision" in row.reason

    def test_where_rank_one_is_not_least_the_final_norm_exceeds_the_least(self):
        inputs, teacher = family(30.0, 3)
        problem = balanced(inputs, inputs @ teacher, 8, 1e-7)
        row = next(row for row in predictions(problem) if row.id == "correlated/least-norm")
        assert row.applies, row.reason
        assert "kappa = 1.67033: no" in row.statement
        assert row.predicted == pytest.approx(1.0 / 0.9621316, rel=1e-6)
