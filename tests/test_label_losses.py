"""Logistic and exponential losses of labels +-1."""

import warnings
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from problems import smooth
from trained import trained

import reluflow
from reluflow.errors import PresetError, ProblemError
from reluflow.flow import make_solver
from reluflow.flow.base import Options, State
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.label_newton import ITERATIONS, CurvedSpectrum, LabelNewton, gmres
from reluflow.flow.lorentz.path_basis import integrals
from reluflow.flow.lorentz.samples import merge
from reluflow.flow.lorentz.step_tolerances import StepTolerances
from reluflow.flow.margins import margins_of
from reluflow.losses import FUNCTIONS, LabelLoss
from reluflow.network import gradient, imbalance, loss_of, residuals
from reluflow.observe.inspection import inspect
from reluflow.observe.kinks import gradient_norm
from reluflow.observe.neurons import describe
from reluflow.observe.roster import Roster
from reluflow.observe.samples import report_sample
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import BRAILLE
from reluflow.plot.views.chart import Axis
from reluflow.plot.views.facts import Picture, curves
from reluflow.plot.views.growth import draw_growth
from reluflow.plot.views.margins import draw_margins
from reluflow.problem import Problem, check_range
from reluflow.theory import PREDICTIONS
from reluflow.training.training import StopRules, Training
from reluflow.verification import verify

LOSSES = ("logistic", "exponential")
CASES = sorted(
    path for loss in LOSSES for path in (Path(__file__).parent / "cases" / "beyond").glob(f"{loss}_*.npz")
)


def separable(samples=6, dimension=3, width=12, seed=1, scale=0.5):
    """Labels by a plane, and balanced neurons of size ``scale``."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((samples, dimension))
    labels = np.sign(inputs @ generator.standard_normal(dimension))
    weights = scale * generator.standard_normal((width, dimension)) / np.sqrt(width)
    return inputs, labels, weights, np.linalg.norm(weights, axis=1) * generator.choice([-1.0, 1.0], width)


@pytest.mark.parametrize("loss", LOSSES)
def test_force_and_curvature_are_derivatives_also_far_out(loss):
    function, labels = FUNCTIONS[loss], np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    predicted, h = np.array([0.3, 0.3, -2.0, 40.0, 30.0]), 1e-5
    each = lambda h: function.of_margins(labels * h)  # noqa: E731
    force = lambda h: function.force(h - labels, labels)  # noqa: E731
    assert force(predicted) == pytest.approx((each(predicted + h) - each(predicted - h)) / (2 * h), rel=1e-8)
    bend = function.curvature(predicted - labels, labels)
    assert bend == pytest.approx((force(predicted + h) - force(predicted - h)) / (2 * h), rel=1e-7)
    assert loss_of(predicted - labels, loss, labels) == pytest.approx(np.mean(each(predicted)))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_series_of_forces_is_that_of_their_composition(loss):
    function, labels = FUNCTIONS[loss], np.array([1.0, -1.0])
    assert isinstance(function, LabelLoss)
    predicted = np.array([[0.4, -0.2], [1.0, 0.5], [-0.3, 0.2], [0.1, -0.7]])
    force = np.zeros((8, 2))
    predicted = np.vstack([predicted, np.zeros((4, 2))])
    force[0] = function.force(predicted[0] - labels, labels)
    for power in range(1, 8):
        force[power] = function.force_series(predicted[: power + 1], force[:power], labels, power)
    x = 0.05 ** np.arange(8)
    assert x @ force == pytest.approx(function.force(x @ predicted - labels, labels), rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_smoothed_margin_is_below_the_smallest_by_ln_n_at_most(loss):
    function, margins = FUNCTIONS[loss], np.array([3.0, 3.1, 7.0, 20.0])
    smoothed = function.smoothed_margin(float(np.mean(function.of_margins(margins))), 4)
    assert 3.0 - np.log(4.0) <= smoothed <= 3.0
    assert function.smoothed_margin(float(function.of_margins(np.zeros(1))[0]), 1) == pytest.approx(0.0)
    assert function.smoothed_margin(900.0, 4) < -5.0


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_the_loss(loss):
    inputs, labels, weights, outputs = separable()
    by_weight, by_output = gradient(weights, outputs, inputs, labels, loss)
    generator, h = np.random.default_rng(2), 1e-6
    along_weights, along_outputs = generator.standard_normal(weights.shape), generator.standard_normal(12)

    def value(h):
        there = residuals(weights + h * along_weights, outputs + h * along_outputs, inputs, labels)
        return loss_of(there, loss, labels)

    slope = np.vdot(by_weight, along_weights) + by_output @ along_outputs
    assert slope == pytest.approx((value(h) - value(-h)) / (2.0 * h), rel=1e-6)


#: with and without a slope, in one dimension and in more dimensions than there are samples
QUICK_CASES = ("exponential_04", "exponential_08", "logistic_00", "logistic_09")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK_CASES else pytest.mark.slow)
        for path in CASES
    ],
)
def test_the_loss_is_that_of_independent_references(path):
    with np.load(path) as case:
        found = reluflow.simulate(
            case["inputs"], case["targets"], case["weights"], case["output_weights"],
            loss=str(case["loss_name"]), slope=float(case["slope"]), times=case["times"],
        )  # fmt: skip
        error = np.abs(found.loss / case["loss"] - 1.0)
        assert np.median(error) < 1e-6
        assert np.max(error) < 3e-6


@pytest.mark.parametrize(
    ("loss", "slope"),
    [
        ("logistic", 0.0),
        ("exponential", 0.2),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in (("logistic", 0.2), ("exponential", 0.0))),
    ],
)
def test_samples_on_one_line_are_merged_as_they_pull(loss, slope):
    """Twice the same input, one of its multiples, its opposite with both labels, and none at all."""
    inputs = np.array(
        [[1.0, 0.5], [1.0, 0.5], [2.0, 1.0], [-0.5, -0.25], [-1.0, -0.5], [0.3, -1.0], [0.0, 0.0]]
    )
    labels = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    generator = np.random.default_rng(4)
    weights, outputs = 0.7 * generator.standard_normal((8, 2)), generator.standard_normal(8)
    given = {"loss": loss, "slope": slope, "times": [0.05, 0.4, 1.2]}
    exact = reluflow.simulate(inputs, labels, weights, outputs, **given, rtol=1e-10)
    other = reluflow.simulate(inputs, labels, weights, outputs, **given, rtol=1e-11, method="dop853")
    assert exact.loss == pytest.approx(other.loss, rel=1e-8)
    assert exact.weights == pytest.approx(other.weights, abs=1e-7)
    samples = merge(inputs, labels, 0.0, loss=FUNCTIONS[loss])
    assert samples.size == 3
    hidden, h = np.array([0.3, -0.4, 0.2]), 1e-6
    for one in (samples, merge(inputs, labels, 0.0)):
        slopes = (one.force(hidden + h) - one.force(hidden - h)) / (2.0 * h)
        assert slopes == pytest.approx(one.curvature(hidden), rel=1e-7)


@pytest.mark.parametrize(
    ("loss", "scale", "level"),
    [
        ("logistic", 1e-100, 1e-8),
        pytest.param("logistic", 1e-100, 1e-20, marks=pytest.mark.slow),
        pytest.param("logistic", 1.0, 1e-100, marks=pytest.mark.slow),
        pytest.param("exponential", 1e-8, 1e-100, marks=pytest.mark.slow),
    ],
)
def test_it_goes_on_for_many_decades(loss, scale, level):
    """The loss falls like 1/t, up to powers of ln t, and a_j^2 - |w_j|^2 stays."""
    inputs, labels, weights, outputs = separable(samples=4, width=6, scale=scale)
    problem = Problem(inputs, labels, weights, outputs, loss)
    training = Training(problem, stop=StopRules(loss=level))
    training.run()
    assert training.status == "converged", training.reason
    state, t = training.solver.state, training.solver.t
    assert 1e-4 / level < t < 1.0 / level
    assert np.max(np.abs(imbalance(state.weights, state.output_weights))) < 1e-12
    series = training.recorder.series
    assert np.all(np.diff(series["loss"]) <= 0.0)


#: losses at 1, 10 and 100 of four samples and five neurons, at rtol 1e-10
AT_1_10_100 = {
    "logistic": [0.681163654807, 0.150647750664, 0.00368178558408],
    "exponential": [0.831811403712, 0.10332077616, 0.00331647713164],
}


def four_samples(loss, **options):
    start = separable(samples=4, width=5, seed=2)
    return reluflow.simulate(*start, loss=loss, times=[1.0, 10.0, 100.0], **options).loss


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("rtol", [1e-4, 1e-7])
def test_times_scale_with_the_tolerance(loss, rtol):
    assert four_samples(loss, rtol=rtol) == pytest.approx(AT_1_10_100[loss], rel=rtol)


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_the_losses_that_they_are_held_against_are_those_of_another_method(loss):
    found = four_samples(loss, rtol=1e-11, method="dop853")
    assert found == pytest.approx(AT_1_10_100[loss], rel=1e-9)


def far_on_the_wrong_side(**options):
    given = {"loss": "exponential", "times": [1e-7, 1e-5, 1e-2]}
    inputs, labels, weights, outputs = separable(scale=2.4, width=4)
    outputs = -4.0 * np.abs(outputs) * np.sign(weights @ (labels @ inputs))
    return reluflow.simulate(inputs, labels, weights, outputs, **given, **options).loss


#: by dop853 at rtol 1e-11
FAR = [266583.975752, 2817.38566385, 2.81679363659]


def test_a_start_far_on_the_wrong_side_is_followed():
    """The force of the exponential loss falls from 1e6."""
    assert FAR[0] > 1e5
    assert far_on_the_wrong_side(rtol=1e-6) == pytest.approx(FAR, rel=1e-6)


@pytest.mark.slow
def test_a_start_far_on_the_wrong_side_is_followed_by_another_method():
    assert far_on_the_wrong_side(rtol=1e-11, method="dop853") == pytest.approx(FAR, rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_decay_holds_it_at_finite_size(loss):
    """At rest |D| = lambda for the neurons that are left; a single sample needs (1/1) |g| |x| = lambda."""
    found = reluflow.simulate([[2.0]], [1.0], [[0.5]], [0.5], loss=loss, weight_decay=0.01)
    assert found.status == "stationary"
    assert "global minimum" in found.reason
    margin = 2.0 * found.weights[-1, 0, 0] * found.output_weights[-1, 0]
    assert 2.0 * FUNCTIONS[loss].pushes(np.array([margin]))[0] == pytest.approx(0.01, rel=1e-6)


def test_a_checkpoint_gives_the_very_same_steps():
    problem = Problem(*separable(scale=1e-3), "logistic")
    straight, first = (Training(problem, stop=StopRules(steps=steps)) for steps in (16, 8))
    straight.run()
    first.run()
    resumed = Training(problem, stop=StopRules(steps=16))
    resumed.restore(first.checkpoint())
    resumed.run()
    assert resumed.solver.t == straight.solver.t
    assert np.array_equal(resumed.solver.state.weights, straight.solver.state.weights)


def test_labels_that_contradict_each_other_come_to_rest():
    """One input with both labels, twice the one: the least logistic loss is at h = ln 2."""
    found = reluflow.simulate([[1.0]] * 3, [1.0, 1.0, -1.0], [[0.4]], [0.4], loss="logistic")
    assert found.status == "stationary"
    assert "global minimum" in found.reason
    assert found.weights[-1, 0, 0] * found.output_weights[-1, 0] == pytest.approx(np.log(2.0), rel=1e-6)


def test_steps_grow_with_time_also_where_labels_contradict_each_other():
    """Forces that all but cancel let neurons slide or go: on a rough path they went, and steps were short."""
    generator = np.random.default_rng(2)
    inputs = generator.standard_normal((12, 3))
    inputs[6:] = inputs[:6]
    labels = generator.choice([-1.0, 1.0], 12)
    labels[6:] = -labels[:6]
    labels[6:10] = labels[:4]
    weights = 1e-2 * generator.standard_normal((8, 3))
    outputs = np.linalg.norm(weights, axis=1) * generator.choice([-1.0, 1.0], 8)
    found = reluflow.simulate(inputs, labels, weights, outputs, loss="logistic", times=[1e6])
    assert found.loss[-1] == pytest.approx(np.log(2.0) / 3.0, abs=2e-7)
    assert found.steps < 90


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_that_tends_to_its_least_like_one_over_t_is_no_rest(loss):
    """One input with both labels, and another that only large weights fit."""
    at_zero = float(FUNCTIONS[loss].of_margins(np.array(0.0)))
    inputs, weights, outputs = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [[0.4, 0.3], [0.1, 0.2]], [0.5, -0.3]
    found = reluflow.simulate(inputs, [1.0, -1.0, 1.0], weights, outputs, loss=loss)
    assert found.status == "stationary"
    assert "global minimum: the loss is above that of any other network by at most" in found.reason
    assert "1e-08 of itself while ln(t) grows by 1" in found.reason
    assert 0.0 < found.loss[-1] - 2.0 / 3.0 * at_zero < 1e-8


def test_without_a_rule_it_ends_where_numbers_do():
    found = reluflow.simulate([[1.0]], [1.0], [[17.0]], [17.0], loss="exponential")
    assert found.loss[-1] == pytest.approx(1e-150, rel=1e-6)
    assert "has no minimum" in found.reason


@pytest.mark.parametrize("loss", LOSSES)
def test_targets_that_are_no_labels_are_refused(loss):
    inputs, labels, weights, outputs = separable()
    expected = f"that of sample 3 is 0.5; expected labels, .* with the loss {loss}"
    with pytest.raises(ProblemError, match=f"^targets: {expected}"):
        reluflow.simulate(inputs, [*labels[:2], 0.5, *labels[3:]], weights, outputs, loss=loss)
    with pytest.raises(ProblemError, match=r"that of sample 3 is -1\.0000001; expected labels"):
        Problem(inputs, [*labels[:2], -1.0000001, *labels[3:]], weights, outputs, loss)
    with pytest.raises(ProblemError, match=r"^held-out targets: that of sample 1 is 0"):
        Problem(inputs, labels, weights, outputs, loss, held_out=([[0.0, 0.0, 0.0]], [0.0]))


def test_starts_whose_loss_no_number_holds_are_refused():
    for loss, sign, words in (
        ("exponential", -1.0, "for the label 1; expected"),
        ("logistic", 1.0, "every label"),
    ):
        problem = Problem([[1.0]], [1.0], [[40.0]], [sign * 40.0], loss)
        with pytest.raises(ProblemError, match=words):
            check_range(problem)
    with pytest.raises(ProblemError, match="every label"):
        make_solver("dop853", problem, Options())


#: a start, and times at which every method is looked at
ALIKE, WHEN = separable(samples=4, width=5, seed=2), [1.0, 5.0, 12.0]


@cache
def exact_run(loss):
    return reluflow.simulate(*ALIKE, loss=loss, times=WHEN, rtol=1e-9)


METHODS = [
    ("polar", {"rtol": 1e-7}, 1e-6),
    ("dop853", {"rtol": 1e-9}, 1e-7),
    ("radau", {"rtol": 1e-8}, 1e-6),
    ("lsoda", {"rtol": 1e-8}, 1e-6),
    ("gd", {"learning_rate": 2e-2}, 4e-3),
]


@pytest.mark.parametrize(
    ("loss", "method", "options", "close"),
    [
        *(
            pytest.param("logistic", *each, marks=pytest.mark.slow if each[0] == "lsoda" else ())
            for each in METHODS
        ),
        # the methods know a loss by its force and curvature alone
        *(pytest.param("exponential", *each, marks=pytest.mark.slow) for each in METHODS),
    ],
)
def test_every_method_follows_the_same_flow(method, options, close, loss):
    exact = exact_run(loss)
    assert len(exact.events) > 3
    found = reluflow.simulate(*ALIKE, loss=loss, times=WHEN, method=method, **options)
    assert found.loss == pytest.approx(exact.loss, rel=close)
    assert found.weights == pytest.approx(exact.weights, abs=close)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_jacobian_of_implicit_methods_is_that_of_the_rate(loss):
    problem = Problem(*separable(width=3, samples=5), loss, 0.1, 0.02)
    solver = make_solver("radau", problem, Options())
    y, h = np.concatenate([problem.weights.ravel(), problem.output_weights]), 1e-6
    columns = [(solver.rate(0.0, y + h * e) - solver.rate(0.0, y - h * e)) / (2 * h) for e in np.eye(y.size)]
    assert solver.jacobian(0.0, y).dense == pytest.approx(np.array(columns).T, abs=1e-8)


@pytest.mark.parametrize("loss", [pytest.param("logistic", marks=pytest.mark.slow), "exponential"])
def test_rows_of_any_loss_hold_and_those_of_the_square_say_so(loss):
    inputs, labels, weights, outputs = separable(samples=8, dimension=4, width=20, scale=1e-8)
    problem = Problem(inputs, labels, weights, outputs, loss)
    rows = {row.id: row for row in verify(trained(problem, loss=1e-3))}
    applied = {id for id, row in rows.items() if row.applies}
    assert {"general/first-escape", "early/aligned", "general/conservation"} <= applied
    assert all(row.holds for row in rows.values() if row.applies)
    assert f"square loss, not of the {loss} one" in rows["limit/final-loss"].reason
    assert set(rows) == set(PREDICTIONS)


def test_a_neuron_is_told_to_grow_as_it_does():
    """The table, the page of a neuron and the norm of the gradient know the forces."""
    problem = Problem(*separable(scale=0.3), "logistic")
    traj = reluflow.simulate(*separable(scale=0.3), loss="logistic", times=[0.0, 1e-5])
    norms = np.linalg.norm(traj.weights, axis=2)
    state = State(0.0, problem.weights, problem.output_weights)
    left = residuals(problem.weights, problem.output_weights, problem.inputs, problem.targets)
    grown = np.log(norms[1] / norms[0]) / 1e-5
    assert describe(state, problem, left).growth == pytest.approx(grown, abs=1e-5)
    page = inspect(state, problem, 3)
    assert page.norm_rate == pytest.approx(grown[3], abs=1e-5)
    assert page.force == pytest.approx(problem.force(left))
    sample = report_sample(Roster(state, problem), 2)
    assert sample.force == pytest.approx(problem.force(left)[2])
    each = np.logaddexp(0.0, -problem.targets * (left + problem.targets))
    assert sample.share == pytest.approx(each[2] / each.sum())
    fall = -np.diff(traj.loss)[0] / 1e-5
    assert gradient_norm(state, problem) ** 2 == pytest.approx(fall, rel=1e-4)
    assert make_solver("lorentz", problem, Options()).gradient_norm ** 2 == pytest.approx(fall, rel=1e-4)


@cache
def run_to(level, loss="logistic"):
    """A run to a loss, that nobody changes."""
    training = Training(Problem(*separable(scale=1e-4), loss), stop=StopRules(loss=level))
    training.run()
    return training


class TestMargins:
    def test_they_are_those_of_the_formulas_at_any_size(self):
        inputs, labels, weights, outputs = separable()
        for size in (1.0, 1e-200):
            problem = Problem(inputs, labels, size * weights, size * outputs, "exponential")
            found = margins_of(problem, State(0.0, problem.weights, problem.output_weights))
            h = np.maximum(weights @ inputs.T, 0.0).T @ outputs
            half = 0.5 * (np.sum(weights**2) + np.sum(outputs**2))
            assert found.margin == pytest.approx(np.min(labels * h) / half)
            assert found.accuracy == np.mean(labels * h > 0.0)
            if size == 1.0:
                assert found.smoothed_margin == pytest.approx(-np.log(np.sum(np.exp(-labels * h))) / half)
            else:
                assert found.smoothed_margin == -1e300
        nothing = Problem(inputs, labels, 0.0 * weights, 0.0 * outputs, "logistic")
        assert margins_of(nothing, State(0.0, nothing.weights, nothing.output_weights)).margin == 0.0

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("loss", LOSSES)
    def test_they_are_finite_where_no_number_holds_the_loss(self, loss):
        problem = Problem([[1.0], [2.0]], [1.0, 1.0], [[1.0]], [1.0], loss)
        sizes = [25.0, 30.0, 1e15]  # margins of 625, 900 and 1e30 at least
        found = [margins_of(problem, State(0.0, np.array([[a]]), np.array([a]))) for a in sizes]
        assert [each.margin for each in found] == pytest.approx([1.0] * 3)
        for size, each in zip(sizes, found, strict=True):
            assert 1.0 - np.log(2.0) / size**2 <= each.smoothed_margin * (1.0 + 1e-12)
            assert each.smoothed_margin <= 1.0

    @pytest.mark.parametrize("loss", ["logistic", pytest.param("exponential", marks=pytest.mark.slow)])
    def test_the_smoothed_one_never_falls_once_the_data_are_fitted(self, loss):
        series = run_to(1e-9, loss).recorder.series
        smoothed = series["smoothed_margin"][series["smoothed_margin"] > 0.0]
        assert smoothed.size > 20
        assert np.min(np.diff(smoothed)) > -1e-9
        assert np.all(series["margin"][series["smoothed_margin"] > 0.0] >= smoothed)
        assert series["accuracy"][-1] == 1.0

    def test_a_run_ends_within_a_step_at_a_margin(self):
        level = 0.995 * run_to(1e-9).recorder.series["margin"][-1]
        training = Training(run_to(1e-9).solver.problem, stop=StopRules(margin=level, time=1e12))
        training.restore(run_to(1e-6).checkpoint())
        training.run()
        assert training.status == "converged"
        assert training.reached_goal
        found = margins_of(training.solver.problem, training.solver.state)
        assert found.margin == pytest.approx(level, rel=1e-9)
        assert found.smoothed_margin > 0.0
        resumed = Training(training.solver.problem, stop=StopRules(margin=level, time=1e12))
        resumed.restore(training.checkpoint())
        assert resumed.solver.t == training.solver.t
        assert resumed.status == "converged"

    def test_square_losses_have_none(self):
        inputs, labels, weights, outputs = separable()
        with pytest.raises(ProblemError, match="expected a loss of labels"):
            Training(Problem(inputs, labels, weights, outputs), stop=StopRules(margin=0.1))
        with pytest.raises(PresetError, match=r"stop\.margin is 0.1, which means nothing where solver\.loss"):
            reluflow.load_preset("first-steps", {"stop.margin": 0.1})

    def test_neurons_are_drawn_over_log_time(self):
        training = run_to(1e-6)
        history, problem = training.recorder.history, training.solver.problem
        picture = draw_growth(history, history.states[-1].t, (70, 14), BRAILLE, 0, problem)
        text = "\n".join(plain(row) for row in picture.rows(history.states[0], 70, 15, BRAILLE, 0))
        assert "1e4" in text.splitlines()[-2]
        t = np.array([0.0, 1.0, 1e8])
        pictures = [Picture("norm", t, np.arange(3.0), Axis((0.0, 2.0)))] * 2
        axes = [plain(curves(pictures, 1e4, 50, BRAILLE, log)[-1]) for log in (True, False)]
        assert ["1e4" in axis for axis in axes] == [True, False]

    def test_their_picture_says_the_numbers_of_the_present(self):
        training = run_to(1e-6)
        history, glyphs = training.recorder.history, BRAILLE
        state = history.states[-1]
        picture = draw_margins(history, state.t, (60, 14), glyphs, 0, training.solver.problem)
        rows = picture.rows(state, 60, 15, glyphs, 0)
        text = "\n".join(map(plain, rows))
        drawn = {part.role for row in rows[:-1] for part in row}
        assert drawn >= {"still", "negative", "positive"}, "accuracy, margin and smoothed margin"
        assert f"margin {margins_of(training.solver.problem, state).margin:.4g}" in text
        assert "accuracy 100 %" in text
        square = Training(Problem(*separable()), stop=StopRules(steps=3))
        square.run()
        picture = draw_margins(square.recorder.history, 1.0, (60, 14), glyphs, 0, square.solver.problem)
        words = picture.rows(state, 60, 15, glyphs, 0)
        assert "belong to losses of labels" in " ".join(plain(row).strip() for row in words)


@pytest.mark.parametrize("loss", LOSSES)
def test_labels_that_cancel_each_other_pull_on_nothing(loss):
    """One input with both labels, and a network that is zero there: the merged force is exactly zero."""
    weights, outputs = [[0.5, -0.2], [0.5, -0.2], [-0.3, 0.6]], [0.7, -0.7, 0.2]
    found = reluflow.simulate([[1.0, 0.2]] * 2, [1.0, -1.0], weights, outputs, loss=loss, stop_time=1e3)
    assert found.status == "stationary", found.reason
    assert np.array_equal(found.weights[-1], np.array(weights))


def test_predictions_move_by_the_modes_of_the_kernel():
    """(1 - exp(-k c t)) / k c of the rate of each, and t of one that nothing damps."""
    curvature, rate, times = np.array([0.5, 2.0]), np.array([3.0, -1.0]), np.array([0.1, 2.0])
    moved = CurvedSpectrum.of(np.diag([0.0, 1.5]), curvature, 0.0).moved(rate, times)
    damped = -np.expm1(-1.5 * 2.0 * times) / (1.5 * 2.0)
    np.testing.assert_allclose(moved, np.column_stack([times * rate[0], damped * rate[1]]), rtol=1e-13)


@pytest.mark.parametrize("spread", [0.05, 0.5])
def test_residuals_of_a_system_near_the_identity_are_minimised(spread):
    generator = np.random.default_rng(5)
    matrix = np.eye(40) + spread * generator.standard_normal((40, 40)) / np.sqrt(40)
    right = generator.standard_normal(40)
    asked = []

    def applied(x):
        asked.append(x)
        return matrix @ x

    found = gmres(applied, right)
    assert np.linalg.norm(matrix @ found - right) <= 1.01e-3 * np.linalg.norm(right)
    assert len(asked) < 3 + np.log(1e-3) / np.log(1.1 * spread), "each product brings it so much nearer"
    assert np.array_equal(gmres(lambda x: x, right), right)
    count = len(asked)
    for size in (1e-6, 1e6):
        asked.clear()
        np.testing.assert_allclose(gmres(applied, size * right), size * found, rtol=1e-9)
        assert len(asked) == count


def test_a_system_far_from_the_identity_is_given_up_after_some_products():
    generator = np.random.default_rng(5)
    matrix, right = generator.standard_normal((100, 100)), generator.standard_normal(100)
    asked = []

    def applied(x):
        asked.append(x)
        return matrix @ x

    found = gmres(applied, right)
    assert len(asked) == ITERATIONS + 1
    space = np.array([right, *asked[1:]])
    np.testing.assert_allclose(asked[1:] @ np.transpose(asked[1:]), np.eye(ITERATIONS), atol=1e-12)
    best = np.linalg.lstsq((space[1:] @ matrix.T).T, right - matrix @ right, rcond=None)[0]
    np.testing.assert_allclose(found, right + best @ space[1:], atol=1e-9)


def test_forces_that_cancel_hold_up_no_tight_tolerance():
    """On a line all samples are on two half-lines, whose labels contradict each other."""
    generator = np.random.default_rng(303)
    inputs, labels = generator.standard_normal((7, 1)), np.array([-1.0, 1.0, -1.0, -1.0, -1.0, 1.0, -1.0])
    weights = generator.standard_normal((5, 1))
    outputs = np.abs(weights[:, 0]) * generator.choice([-1.0, 1.0], 5)
    given = {"loss": "exponential", "times": [3.0, 1e4], "max_steps": 2000}
    tight, loose = (
        reluflow.simulate(inputs, labels, weights, outputs, **given, rtol=rtol) for rtol in (1e-12, 1e-6)
    )
    assert tight.t[-1] == loose.t[-1] == 1e4
    assert tight.loss == pytest.approx(loose.loss, rel=1e-7)


def test_a_path_that_overflows_is_given_up_without_a_word():
    """An exponential grows beyond all numbers on the first path of a step that is much too long."""
    inputs = np.array([[1.0, 0.2], [0.6, 1.0], [1.5, -0.3]])
    weights = 1e-4 * np.array([[1.0, 0.1], [-1.0, -0.1]])
    outputs = np.linalg.norm(weights, axis=1) * [1.0, -1.0]
    data = np.vstack([inputs, -inputs]), np.repeat([1.0, -1.0], 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = reluflow.simulate(*data, weights, outputs, slope=0.2, loss="exponential", times=[60.0])
    assert found.loss[-1] < 0.05


def test_labels_that_are_fitted_beyond_what_numbers_hold_are_no_fault():
    """Those that are wrong pull with all their force, and no curvature is left of any."""
    generator = np.random.default_rng(0)
    inputs, labels = generator.standard_normal((6, 2)), np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    weights = 1e3 * generator.standard_normal((8, 2))
    outputs = np.where(np.arange(8) % 2, 1.0, -1.0) * np.linalg.norm(weights, axis=1)
    found = reluflow.simulate(inputs, labels, weights, outputs, loss="logistic", times=[1e-3, 1.0])
    assert found.t[-1] == 1.0
    assert np.all(np.diff(found.loss) <= 0.0)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_overshoots_where_the_loss_rises(loss):
    """One input with both labels, whose forces cancel, and one that nothing moves, whose force is large."""
    inputs, labels = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([1.0, -1.0, 1.0])
    samples = merge(inputs, labels, 0.0, 0.0, FUNCTIONS[loss])
    pull = abs(FUNCTIONS[loss].force(np.array([-1.0]), np.array([1.0]))[0])
    assert samples.sizes == pytest.approx([np.sqrt(2.0) * pull, 0.0])
    tolerances = StepTolerances(samples, 1e-6)
    rest = np.zeros(samples.size) - samples.targets

    def overshot(moved):
        before = SimpleNamespace(residual=rest, force=samples.force(rest))
        pair = np.bincount(samples.group, minlength=samples.size) > 1
        return tolerances.overshot(SimpleNamespace(residual=rest + np.where(pair, moved, 0.0)), before)

    assert not overshot(1e-4)  # by rounding
    assert overshot(1e-2)


@pytest.mark.parametrize("loss", LOSSES)
def test_steps_of_polar_grow_with_time_as_well(loss):
    """Residuals move as little as forces, which fall like 1 / t: every decade takes a hundred steps."""
    data = smooth(4)
    problem = Problem(data.inputs, np.ones(5), data.weights, data.output_weights, loss=loss)
    solver, steps = make_solver("polar", problem), []
    for end in (1e2, 1e3):
        while solver.t < end:
            solver.step(t_end=end)
        steps.append(solver.steps)
    assert steps[1] - steps[0] < 200


class TestNewton:
    """What is solved is the linear system that the docstrings say, and modes are those of K C."""

    def some(self, seed=4, count=5):
        rng = np.random.default_rng(seed)
        half, more = rng.standard_normal((2, count, count))
        curvature = rng.uniform(0.1, 2.0, (RADAU.stages, count))
        return half @ half.T, 0.3 * more @ more.T, curvature, rng.standard_normal((RADAU.stages, count))

    @pytest.mark.parametrize("damping", [0.0, 0.7])
    @pytest.mark.parametrize("turns", [False, True])
    def test_the_correction_takes_the_defect_away(self, turns, damping):
        start, turn, curvature, defect = self.some()
        length, integrated = 0.8, integrals(0.0)
        solver = LabelNewton(
            start, turn if turns else None, length, integrated, damping, np.ones_like(defect)
        )
        found = solver.correction(1e3 * defect, curvature)
        left = found.copy()
        for i, node in enumerate(RADAU.nodes):
            kernel = start + node * turn if turns else start
            moved = integrated[i] @ (curvature * found)
            left[i] += length * (kernel @ moved + damping * integrated[i] @ found)
        assert np.linalg.norm(left - 1e3 * defect) <= 5e-3 * np.linalg.norm(1e3 * defect)
        assert np.array_equal(solver.correction(0.0 * defect, curvature), 0.0 * defect)

    @pytest.mark.parametrize("damping", [0.0, 0.7])
    def test_with_a_kernel_and_curvatures_that_stand_still_it_is_exact(self, damping):
        start, _, curvature, defect = self.some()
        length, integrated, still = 0.8, integrals(0.0), curvature[0]
        modes = CurvedSpectrum.of(start, still, damping)
        found = modes.newton(defect, length, integrated)
        whole = np.eye(defect.size) + length * np.kron(
            integrated, start * still + damping * np.eye(still.size)
        )
        np.testing.assert_allclose(
            found, np.linalg.solve(whole, defect.ravel()).reshape(defect.shape), atol=1e-11
        )
        values = np.linalg.eigvals(start * still + damping * np.eye(still.size))
        np.testing.assert_allclose(np.sort(modes.values), np.sort(values.real), atol=1e-11)

    def test_forces_have_the_modes_of_ck(self):
        """Each of them dies out at its own rate: C K g = value g where all others are taken away."""
        start, _, curvature, defect = self.some()
        modes, force = CurvedSpectrum.of(start, curvature[0], 0.0), defect[0]
        parts = [modes.filtered(force, 1.0 * (np.arange(force.size) == i)) for i in range(force.size)]
        np.testing.assert_allclose(sum(parts), force, atol=1e-12)
        for value, part in zip(modes.values, parts, strict=True):
            np.testing.assert_allclose(curvature[0] * (start @ part), value * part, atol=1e-10)

    def test_curvatures_that_all_but_vanish_are_kept_above_zero(self):
        for largest in (1.0, 1e-250, 0.0):
            root = CurvedSpectrum.of(np.eye(2), np.array([largest, 0.0]), 0.0).root
            least = max(1e-20 * (largest or 1.0), float(np.finfo(float).tiny))
            np.testing.assert_allclose(root**2, [max(largest, least), least])
