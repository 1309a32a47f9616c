"""Weight decay: (lambda / 2) sum_j (|w_j|^2 + a_j^2) is added to the loss."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluflow.theory import all_predictions

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import decay as decay_tables

import reluflow
from reluflow.errors import ProblemError
from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz
from reluflow.network import imbalance, row_norms, tangent_kernel, variation_norm
from reluflow.observe.inspection import drift_of, inspect
from reluflow.observe.kinks import gradient_norm
from reluflow.observe.neurons import describe
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory.decay_rows import predictions
from reluflow.training.measuring import train
from reluflow.training.training import StopRules, Training
from reluflow.verification import verify

#: as many samples as dimensions, fewer and more
QUICK_CASES = ("decay_00", "decay_14", "decay_49")
CASES = [
    pytest.param(path, id=path.stem, marks=() if path.stem in QUICK_CASES else pytest.mark.slow)
    for path in sorted((Path(__file__).parent / "cases" / "beyond").glob("decay_*.npz"))
]


def two_points(targets=(1.0, -0.5), width=12, seed=3, spread=1.0):
    """Orthogonal points, and balanced neurons of size ``spread``."""
    generator = np.random.default_rng(seed)
    weights = spread * generator.standard_normal((width, 2)) / np.sqrt(width)
    outputs = np.linalg.norm(weights, axis=1) * generator.choice([-1.0, 1.0], width)
    return np.eye(2), np.array(targets), weights, outputs


@pytest.mark.parametrize("path", CASES)
def test_the_loss_is_that_of_independent_references(path):
    with np.load(path) as case:
        found = reluflow.simulate(
            case["inputs"], case["targets"], case["weights"], case["output_weights"],
            slope=float(case["slope"]), weight_decay=float(case["weight_decay"]), times=case["times"],
        )  # fmt: skip
        scale = np.maximum(case["loss"], 1e-9 * case["loss"][0])
        assert np.max(np.abs(found.loss - case["loss"]) / scale) < 1e-5
        assert found.objective == pytest.approx(case["objective"], rel=1e-6)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000), decay=st.sampled_from([1e-3, 0.03, 0.3]), more=st.floats(0.5, 2.0))
def test_imbalance_falls_at_twice_the_decay(seed, decay, more):
    inputs, targets, weights, outputs = two_points(seed=seed)
    found = reluflow.simulate(inputs, targets, more * weights, outputs, weight_decay=decay, times=[1, 7, 40])
    for t, w, a in zip(found.t, found.weights, found.output_weights, strict=True):
        left = imbalance(more * weights, outputs) * np.exp(-2 * decay * t)
        assert imbalance(w, a) == pytest.approx(left, abs=1e-12 * np.max(a**2 + np.sum(w**2, axis=1)))


@pytest.mark.parametrize("decay", [1e-2, 1e-4, pytest.param(1e-7, marks=pytest.mark.slow)])
def test_it_comes_to_the_optimum_of_the_objective(decay):
    """For opposite targets the optimum has the norm |y1| + |y2| - 2 n lambda."""
    found = reluflow.simulate(*two_points(), weight_decay=decay)
    assert found.status == "stationary"
    assert "global minimum" in found.reason
    norm = 1.5 - 4.0 * decay
    assert variation_norm(found.weights[-1], found.output_weights[-1]) == pytest.approx(norm, rel=1e-6)
    assert found.loss[-1] == pytest.approx(2.0 * decay**2, rel=1e-3)
    assert found.objective[-1] == pytest.approx(2.0 * decay**2 + decay * norm, rel=1e-9)


@pytest.mark.parametrize(("decay", "objective"), [(0.02, 0.1096), (0.2, 0.25)])
def test_a_rest_that_is_no_optimum_is_named(decay, objective):
    """Neurons of one sign leave the other target: one that they do not have could grow, at rate 0.3."""
    inputs, targets, weights, outputs = two_points((1.0, -0.6))
    found = reluflow.simulate(inputs, targets, weights, np.abs(outputs), weight_decay=decay)
    assert found.status == "stationary"
    assert "spurious local minimum" in found.reason
    assert found.objective[-1] == pytest.approx(objective, rel=1e-6)


@pytest.mark.parametrize(
    ("method", "options", "close"),
    [
        ("polar", {}, 1e-6),
        ("dop853", {"rtol": 1e-9}, 1e-8),
        ("radau", {"rtol": 1e-8}, 1e-7),
    ],
)
@pytest.mark.parametrize("loss", ["half-mse", pytest.param("mse", marks=pytest.mark.slow)])
def test_every_method_follows_the_same_flow(method, options, close, loss):
    require_the_same_flow(method, options, close, loss)


@pytest.mark.parametrize("loss", ["half-mse", pytest.param("mse", marks=pytest.mark.slow)])
def test_descent_follows_the_same_flow(loss):
    require_the_same_flow("gd", {"learning_rate": 2e-3}, 2e-3, loss)


@cache
def decayed(loss, **options):
    given = {"weight_decay": 0.05, "times": [0.5, 3.0, 6.0], "loss": loss}
    return reluflow.simulate(*two_points(), **given, **options)


def require_the_same_flow(method, options, close, loss):
    exact, found = decayed(loss, rtol=1e-9), decayed(loss, method=method, **options)
    assert found.loss == pytest.approx(exact.loss, rel=close, abs=close)
    assert found.weights == pytest.approx(exact.weights, abs=close)


def test_what_no_input_reaches_decays_too():
    """Weights orthogonal to all inputs, and neurons that see no sample, shrink like exp(-lambda t)."""
    inputs, targets = np.array([[1.0, 0.0, 0.0]]), np.array([1.0])
    weights = np.array([[0.5, 0.3, 0.0], [-0.5, 0.1, 0.2]])
    found = reluflow.simulate(inputs, targets, weights, [0.7, 0.6], weight_decay=0.1, times=[2.0, 9.0])
    for t, w, a in zip(found.t, found.weights, found.output_weights, strict=True):
        assert w[0, 1:] == pytest.approx(weights[0, 1:] * np.exp(-0.1 * t), rel=1e-12)
        assert w[1] == pytest.approx(weights[1] * np.exp(-0.1 * t), rel=1e-12)
        assert a[1] == pytest.approx(0.6 * np.exp(-0.1 * t), rel=1e-12)


@pytest.mark.parametrize("method", ["lorentz", "dop853"])
def test_networks_that_fit_or_see_nothing_decay_too(method):
    """A pair that cancels fits zero targets; a neuron that sees no sample is not held by any."""
    starts = [([[1.0, 0.5], [1.0, 0.5]], [1.0, -1.0]), ([[-1.0, 0.5]], [1.2])]
    for weights, outputs in starts:
        found = reluflow.simulate(
            [[1.0, 0.0]], [0.0], weights, outputs, weight_decay=0.1, times=[1.0, 10.0], method=method
        )
        left = np.exp(-0.1 * found.t)
        assert found.weights == pytest.approx(left[:, None, None] * np.array(weights), rel=1e-6)
        assert found.output_weights == pytest.approx(left[:, None] * np.array(outputs), rel=1e-6)


def test_a_checkpoint_gives_the_very_same_steps():
    problem = Problem(*two_points(), weight_decay=1e-3)
    straight, first = (Training(problem, stop=StopRules(steps=steps)) for steps in (30, 12))
    straight.run()
    first.run()
    resumed = Training(problem, stop=StopRules(steps=30))
    resumed.restore(first.checkpoint())
    resumed.run()
    assert resumed.solver.t == straight.solver.t
    assert np.array_equal(resumed.solver.state.weights, straight.solver.state.weights)
    assert np.array_equal(resumed.recorder.series["objective"], straight.recorder.series["objective"])


def test_a_checkpoint_that_names_no_time_of_dead_neurons_has_them_from_the_start():
    problem = Problem([[1.0, 0.0]], [1.0], [[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0], weight_decay=0.1)
    solver, again = (Lorentz(problem, Options()) for _ in range(2))
    while solver.t < 1.0:
        solver.step()
    saved = solver.checkpoint()
    del saved["still_since"]
    again.restore(saved)
    assert np.array_equal(again.state.weights, solver.state.weights)
    assert again.state.output_weights[1] == pytest.approx(np.exp(-0.1 * solver.t))


def test_neurons_at_rest_neither_grow_nor_drift():
    """What the table and the page of a neuron tell: the data pull as fast as decay does."""
    problem = Problem(*two_points(), weight_decay=0.05)
    training = Training(problem)
    training.run()
    state = training.solver.state
    large = np.flatnonzero(np.abs(state.output_weights) > 1e-3)
    assert describe(state, problem, training.solver.residual).growth[large] == pytest.approx(0.0, abs=1e-5)
    page = inspect(state, problem, int(large[0]))
    assert page.growth == pytest.approx(0.0, abs=1e-5)
    assert page.norm_rate == pytest.approx(0.0, abs=1e-5)
    unequal = Problem(
        problem.inputs, problem.targets, 1.5 * problem.weights, problem.output_weights, weight_decay=0.05
    )
    training = Training(unequal, stop=StopRules(time=5.0))
    training.run()
    history = training.recorder.history
    assert drift_of(history, 5.0, 0, 0.05) == pytest.approx(0.0, abs=1e-12)
    assert abs(drift_of(history, 5.0, 0)) > 0.01


def test_its_rows_hold_and_those_of_other_flows_say_so():
    rows = {row.id: row for row in verify(train(reluflow.load_preset("decay-orthogonal")))}
    own = {"decay/imbalance", "decay/balance-of-rates", "decay/optimum"}
    assert {id for id, row in rows.items() if row.applies} == own
    assert rows["decay/optimum"].measured == pytest.approx(1.0, abs=1e-9)
    assert all(row.holds for row in rows.values() if row.applies)
    assert "without weight decay" in rows["general/conservation"].reason


@pytest.mark.parametrize(
    ("decay", "reason"), [(0.0, "there is no weight decay"), (1e-5, "the data are small enough")]
)
def test_the_row_of_the_optimum_says_why_it_applies_or_does_not(decay, reason):
    problem = reluflow.load_preset("decay-orthogonal", {"solver.weight_decay": decay}).problem()
    (row,) = (row for row in predictions(problem) if row.id == "decay/optimum")
    assert all(each.absolute for each in predictions(problem) if each.predicted == 0.0)
    assert row.applies is (decay > 0.0)
    assert reason in row.reason


@pytest.mark.parametrize("decay", [-1e-3, np.nan, np.inf, True])
def test_a_decay_that_is_no_such_number_is_refused(decay):
    with pytest.raises(ProblemError, match=r"weight_decay is .*; expected a finite number of at least 0"):
        reluflow.simulate(*two_points(), weight_decay=decay)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["decay-orthogonal", "grokking"])
def test_curves_fall_on_one_over_lambda_t(preset):
    worst = decay_tables.spread({decay: decay_tables.curves(preset, decay) for decay in (1e-3, 1e-4, 1e-5)})
    assert worst.shape == (2, 3)
    assert np.max(worst) < 0.01
    # and do so ten times better for ten times less decay
    assert np.max(worst[1] / worst[0]) < 0.3


def test_a_state_between_the_kinks_of_a_long_step_is_in_balance():
    """K r = -2 lambda (r + y) long after the fit, to about the rate of what is slow over that of K."""
    problem, decay = reluflow.load_preset("grokking").problem(), 1e-5
    run = reluflow.simulate(
        problem.inputs, problem.targets, problem.weights, problem.output_weights,
        weight_decay=decay, rtol=1e-7, times=[0.9e5, 1e5, 1.1e5],
    )  # fmt: skip
    for loss, w, a in zip(run.loss, run.weights, run.output_weights, strict=True):
        kernel = tangent_kernel(w, a, problem.inputs) / problem.samples + 2.0 * decay * np.eye(
            problem.samples
        )
        rest = -2.0 * decay * np.linalg.solve(kernel, problem.targets)
        assert loss == pytest.approx(rest @ rest / (2 * problem.samples), rel=1e-3)


def test_little_decay_leads_to_the_least_norm():
    preset = reluflow.load_preset("decay-orthogonal", {"solver.weight_decay": 1e-5})
    run = train(preset)
    least, best = (
        reluflow.minimum_norm(preset.problem().inputs, preset.problem().targets, weight_decay=decay)
        for decay in (0.0, 1e-5)
    )
    norm = variation_norm(run.final.weights, run.final.output_weights)
    assert norm == pytest.approx(least.value, rel=1e-4)
    assert run.series["objective"][-1] == pytest.approx(best.value, rel=1e-9)
    assert best.gap <= 1e-12 * best.value


def test_a_run_to_rest_takes_no_more_steps_for_less_decay():
    problem = reluflow.load_preset("orthogonal-toy").problem()
    start = problem.inputs, problem.targets, problem.weights, problem.output_weights
    without = reluflow.simulate(*start, stop_loss=1e-9).steps
    for decay in (1e-2, 1e-5, 1e-8):
        run = reluflow.simulate(*start, weight_decay=decay)
        assert run.status == "stationary"
        assert run.steps <= 3 * without


@pytest.mark.slow
def test_what_is_held_out_falls_long_after_the_fit():
    series = train(reluflow.load_preset("grokking")).series
    times = (3.0, 100.0, 300.0, 1e3, 4e3)
    assert np.interp(times[0], series["t"], series["loss"]) < 3e-9
    held_out = np.interp(times, series["t"], series["held_out_loss"])
    np.testing.assert_allclose(held_out, [8.6, 5.9, 2.7, 0.28, 0.1], rtol=0.03)


def test_a_rest_with_neurons_on_two_kinks_is_seen() -> None:
    """How such a neuron is pulled is only known once its shares are: roughly known, they look like motion."""
    generator = np.random.default_rng(0)
    for _ in range(2):
        inputs, targets = generator.standard_normal((7, 3)), generator.standard_normal(7)
        weights = 0.5 * generator.standard_normal((8, 3))
        signs = np.where(generator.random(8) < 0.5, -1.0, 1.0)
    outputs = signs * np.linalg.norm(weights, axis=1)
    found = reluflow.simulate(inputs, targets, weights, outputs, weight_decay=0.1, max_steps=100)
    assert found.status == "stationary"
    assert "spurious local minimum" in found.reason


@pytest.mark.filterwarnings("error")
def common_labels():
    """Three samples of one label that every neuron sees: nothing is met, and it rests at a finite size."""
    inputs = 1.0 + 0.3 * np.random.default_rng(3).uniform(size=(3, 2))
    weights = np.array([[0.5, 0.6], [0.6, 0.5]])
    return Problem(inputs, np.ones(3), weights, row_norms(weights), "logistic", weight_decay=0.03)


def test_a_rest_is_as_near_as_the_tolerance():
    problem, rtol = common_labels(), 1e-9
    training = Training(problem, options=Options(rtol=rtol))
    training.run()
    assert training.status == "stationary"
    state = training.solver.state
    size = np.sqrt(np.sum(state.weights**2) + np.sum(state.output_weights**2))
    assert gradient_norm(state, problem) <= rtol * problem.weight_decay * size


@pytest.mark.parametrize("method", ["dop853", "rk45", "radau", "bdf", "lsoda", "polar"])
def test_every_method_sees_the_rest(method):
    """Explicit ones tremble about it, with gradients above what counts as rest for others."""
    training = Training(common_labels(), method, stop=StopRules(steps=2000))
    training.run()
    assert training.status == "stationary"
    assert "global minimum" in training.reason
    looks, again = training.checkpoint(), Training(common_labels(), method)
    again.restore(looks)
    found = again.checkpoint()
    kept = [name for name in looks if name.startswith("stillness/")]
    assert len(kept) == 3
    assert all(found[name] == looks[name] for name in kept if name != "stillness/idle")


def test_the_strongest_decay_ends_all_neurons_without_a_warning():
    """Within a step, states before the time at which neurons are put aside are asked for, too."""
    strongest, problem = 1e6, reluflow.load_preset("orthogonal-toy").problem()
    found = reluflow.simulate(
        problem.inputs,
        problem.targets,
        problem.weights,
        problem.output_weights,
        weight_decay=strongest,
        stop_time=1.0,
    )
    left = np.linalg.norm(found.output_weights, axis=1) / np.linalg.norm(problem.output_weights)
    assert left == pytest.approx(np.exp(-strongest * np.asarray(found.t)), rel=1e-4, abs=1e-290)


@cache
def five_points_with(decay):
    problem = reluflow.load_preset("wu-five-points").problem()
    arrays = (problem.inputs, problem.targets, problem.weights, problem.output_weights)
    return reluflow.simulate(*arrays, times=np.linspace(0.0, 1000.0, 21), weight_decay=decay)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("decay", [pytest.param(1e-60, marks=pytest.mark.slow), 1e-17])
def test_a_decay_that_rounding_hides_leaves_the_flow_as_it_is(decay):
    np.testing.assert_allclose(five_points_with(decay).loss, five_points_with(0.0).loss, rtol=1e-5)


def test_a_decay_of_which_few_digits_are_held_is_refused():
    with pytest.raises(ProblemError, match="the weight decay is 1e-300; expected 0 or at least 1e-60"):
        reluflow.simulate(*two_points(), weight_decay=1e-300)


@pytest.mark.parametrize(("decay", "loss"), [(0.1, 0.02), (0.4, 0.2225)])
def test_a_rest_that_strong_decay_holds_is_not_left_again(decay: float, loss: float) -> None:
    """Of orthogonal unit inputs each sign keeps sum r_k^2 = (n decay)^2, or, pulled less, its targets."""
    problem = load_preset("decay-orthogonal", {"solver.weight_decay": decay}).problem()
    solver = Lorentz(problem, Options())
    while solver.t < 3000.0 and solver.steps < 1000:
        solver.step(t_end=3000.0)
    assert solver.t == 3000.0
    assert solver.loss == pytest.approx(loss, rel=1e-5)


def test_what_does_not_speak_of_decay_is_not_computed(monkeypatch):
    """With strong decay the flow that such a row is about may go on for ever."""
    plain = load_preset("first-steps").problem()
    rows = [row.id for row in all_predictions(plain)]
    for chapter in ("general", "limit", "orthogonal"):
        monkeypatch.setattr(f"reluflow.theory.{chapter}.predictions", None)
    found = all_predictions(replace(plain, weight_decay=1e5))
    assert [row.id for row in found] == rows
    others = [row for row in found if not row.id.startswith("decay/")]
    assert {row.reason for row in others} == {"it speaks of the flow without weight decay"}
    assert not any(row.applies for row in others)
