"""Runs that go on from a state of another one, with single neurons changed."""

import json
from dataclasses import replace

import numpy as np
import pytest
from commands import call, one_sentence

import reluflow
from reluflow.errors import ProblemError
from reluflow.flow.base import State
from reluflow.network import loss_of, predictions, residuals
from reluflow.observe.neurons import describe
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory.nudges import Nudge, nudged
from reluflow.training.reaching import reached


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The three points that a run from a small start never fits."""
    folder = tmp_path_factory.mktemp("runs") / "three"
    assert call("run", "three-points", "-q", "--out", str(folder)).exit_code == 0
    return reluflow.open_run(folder)


@pytest.fixture
def problem():
    rng = np.random.default_rng(3)
    return Problem(rng.normal(size=(6, 3)), rng.normal(size=6), rng.normal(size=(4, 3)), rng.normal(size=4))


def state_of(problem):
    return State(2.5, problem.weights, problem.output_weights)


def loss_at(problem, state):
    return loss_of(residuals(state.weights, state.output_weights, problem.inputs, problem.targets))


@pytest.mark.parametrize("method", ["lorentz", "dop853"])
def test_the_state_at_a_time_is_that_of_the_flow(tmp_path, method):
    preset, times = load_preset("orthogonal-toy", {"network.width": 8}), [3.3, 17.0]
    out = tmp_path / "run"
    words = ["--set", "network.width=8", "--method", method, "--set", "stop.time=20", "-q", "--out", str(out)]
    call("run", "orthogonal-toy", *words)
    problem = preset.problem()
    start = problem.inputs, problem.targets, problem.weights, problem.output_weights
    exact = reluflow.simulate(*start, times=times, rtol=1e-10)
    for i, t in enumerate(times):
        found = reached(reluflow.open_run(out), t)
        assert found.t == t
        np.testing.assert_allclose(found.output_weights, exact.output_weights[i], rtol=3e-5)
        np.testing.assert_allclose(
            found.weights, exact.weights[i], atol=3e-5 * np.abs(exact.weights[i]).max()
        )


def test_descent_is_taken_up_at_its_last_iterate(tmp_path):
    out = tmp_path / "run"
    words = ["--method", "gd", "--set", "solver.learning_rate=0.1", "--set", "stop.steps=40", "-q"]
    call("run", "orthogonal-toy", *words, "--set", "network.width=8", "--out", str(out))
    problem = load_preset("orthogonal-toy", {"network.width": 8}).problem()
    arrays = problem.inputs, problem.targets, problem.weights, problem.output_weights
    exact = reluflow.simulate(*arrays, method="gd", learning_rate=0.1, max_steps=37)
    found = reached(reluflow.open_run(out), 3.76)
    assert found.t == pytest.approx(3.7)
    np.testing.assert_allclose(found.weights, exact.weights[-1], rtol=1e-12)


def test_a_new_neuron_points_where_it_grows_fastest(run):
    problem, state = run.problem, reached(run, float(run.t[-1]))
    left = -residuals(state.weights, state.output_weights, problem.inputs, problem.targets)
    angles = np.linspace(-np.pi, np.pi, 20_001)
    units = np.column_stack([np.cos(angles), np.sin(angles)])
    rates = np.maximum(units @ problem.inputs.T, 0.0) @ left / problem.samples
    best = int(np.argmax(np.abs(rates)))
    size = 1e-5
    more = Nudge.read(f"add 3 {size}").of(problem, state)
    assert more.output_weights[3] == np.sign(rates[best]) * size
    np.testing.assert_allclose(more.weights[3], size * units[best], atol=4e-4 * size)
    np.testing.assert_array_equal(np.delete(more.weights, 3, axis=0), state.weights)
    # half-mse falls by SIZE^2 Gamma_all
    fall = loss_at(problem, state) - loss_at(problem, more)
    assert fall == pytest.approx(size**2 * abs(rates[best]), rel=1e-3)
    # the second direction, across the symmetry of the data, is as fast
    other = Nudge.read(f"add 3 {size} 2").of(problem, state)
    np.testing.assert_allclose(other.weights[3], -more.weights[3], atol=1e-6 * size)
    # there is another one with a rate that is rounding of the state's rest
    with pytest.raises(ProblemError, match="only 2 direction"):
        Nudge.read("add 3 1 3").of(problem, state)


@pytest.mark.parametrize("loss", ["mse", "logistic", "exponential"])
def test_a_new_neuron_lowers_every_loss_by_its_rate(problem, loss):
    problem = replace(problem, targets=np.sign(problem.targets), loss=loss)
    state, size = state_of(problem), 1e-4
    more = Nudge.read(f"add 4 {size}").of(problem, state)
    before, after = (
        problem.value(predictions(each.weights, each.output_weights, problem.inputs) - problem.targets)
        for each in (state, more)
    )
    rate = describe(
        more, problem, predictions(more.weights, more.output_weights, problem.inputs) - problem.targets
    )
    assert before - after == pytest.approx(size**2 * rate.growth[4], rel=1e-3)
    assert np.max(rate.growth) == rate.growth[4] > 0.0


def test_a_new_neuron_takes_a_run_off_its_local_minimum(run, tmp_path):
    assert "spurious local minimum" in run.summary["reason"]
    words = ["run", "--from", str(run.path), "--at", "end", "--json", "-q"]
    call(*words, "--set", "stop.time=200", "--out", str(tmp_path / "same"))
    told = call(*words, "--nudge", "add 3 1e-6", "--out", str(tmp_path / "more"))
    same, more = reluflow.open_run(tmp_path / "same"), reluflow.open_run(tmp_path / "more")
    assert same.summary["loss"] == pytest.approx(run.summary["loss"], rel=1e-9)
    assert more.problem.width == run.problem.width + 1
    assert more.loss[0] == pytest.approx(run.summary["loss"], rel=1e-9)
    assert json.loads(told.stdout)["loss"] < 1e-20
    assert f"t = {run.t[-1]:.6g}, changed by: add 3 1e-06." in more.preset.notes


def test_a_run_from_a_state_is_the_rest_of_the_run(run, tmp_path):
    out = tmp_path / "rest"
    assert call("run", "--from", str(run.path), "--at", "11.1", "-q", "--out", str(out)).exit_code == 0
    rest = reluflow.open_run(out)
    times = np.array([1.0, 5.0, 20.0])
    ours, theirs = (np.interp(t, each.t, each.loss) for each, t in ((rest, times), (run, times + 11.1)))
    np.testing.assert_allclose(ours, theirs, rtol=0.02)
    assert rest.summary["loss"] == pytest.approx(run.summary["loss"], rel=1e-6)
    # its data, solver and stop rules are those of the run
    kept = {id: value for id, value in rest.preset.values.items() if not id.startswith(("init.", "network."))}
    assert kept == {id: run.preset.values[id] for id in kept}


def test_each_change_changes_one_neuron(problem):
    state = state_of(problem)
    flipped = Nudge.read("flip 1").of(problem, state)
    assert flipped.output_weights[1] == -state.output_weights[1]
    scaled = Nudge.read("scale 2 1e-3").of(problem, state)
    np.testing.assert_array_equal(scaled.weights[2], 1e-3 * state.weights[2])
    assert scaled.output_weights[2] == 1e-3 * state.output_weights[2]
    for other, number in ((flipped, 1), (scaled, 2)):
        np.testing.assert_array_equal(
            np.delete(other.weights, number, 0), np.delete(state.weights, number, 0)
        )
    np.testing.assert_array_equal(flipped.weights, state.weights)
    less = Nudge.read("remove 0").of(problem, state)
    np.testing.assert_array_equal(less.weights, state.weights[1:])
    np.testing.assert_array_equal(less.output_weights, state.output_weights[1:])
    assert less.t == state.t == 2.5


def test_changes_are_made_one_after_the_other(problem):
    state = state_of(problem)
    both = nudged(problem, state, [Nudge.read("remove 0"), Nudge.read("flip 0")])
    np.testing.assert_array_equal(both.output_weights, [-state.output_weights[1], *state.output_weights[2:]])


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_turning_adds_to_the_angle_that_tables_show(problem, dimension, sign):
    cut = replace(problem, inputs=problem.inputs[:, :dimension], weights=problem.weights[:, :dimension])
    state = State(0.0, cut.weights, sign * np.abs(cut.output_weights))
    after = Nudge.read("turn 1 12.5").of(cut, state)
    before, now = (describe(each, cut).angle[1] for each in (state, after))
    assert now == pytest.approx(before + 12.5, abs=1e-9)
    assert np.linalg.norm(after.weights[1]) == pytest.approx(np.linalg.norm(state.weights[1]))


def test_a_neuron_along_the_pull_turns_away_from_it(problem):
    pull = np.maximum(problem.targets, 0.0) @ problem.inputs
    state = State(0.0, np.array([pull, pull]), np.array([1.0, 1.0]))
    after = Nudge.read("turn 0 90").of(problem, state)
    assert abs(after.weights[0] @ pull) < 1e-12 * (pull @ pull)
    assert np.linalg.norm(after.weights[0]) == pytest.approx(np.linalg.norm(pull))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "changes no neuron"),
        ("push 3", "changes no neuron"),
        ("add 3", "1 word(s) after add"),
        ("remove 1 2", "2 word(s) after remove"),
        ("flip -1", "the number of a neuron, from 0"),
        ("remove 4", "found 4 neuron(s); expected a number up to 3"),
        ("add 5 1e-6", "found 4 neuron(s); expected a number up to 4"),
        ("scale 1 0", "a number from 2.23e-308"),
        ("scale 1 1e-320", "a number from 2.23e-308"),
        ("scale 1 1e300", "to 1e+150"),
        ("turn 1 far", "expected a number from -1e+150"),
        ("turn 1 1e300", "found DEGREES '1e300'; expected a number from -1e+150 to 1e+150"),
        ("add 0 1e-6 0", "the number of a direction, from 1"),
        ("add 0 1e-6 99", "expected K up to"),
    ],
)
def test_what_cannot_be_done_is_said(problem, text, words):
    with pytest.raises(ProblemError) as error:
        Nudge.read(text).of(problem, state_of(problem))
    assert words in str(error.value)


def test_there_must_be_something_to_grow_and_something_left(problem):
    fitted = replace(problem, targets=residuals(problem.weights, problem.output_weights, problem.inputs, 0.0))
    with pytest.raises(ProblemError, match="no direction in which a new neuron could grow"):
        Nudge.read("add 0 1").of(fitted, state_of(fitted))
    one = State(0.0, problem.weights[:1], problem.output_weights[:1])
    with pytest.raises(ProblemError, match="found no other neuron"):
        Nudge.read("remove 0").of(problem, one)
    with pytest.raises(ProblemError, match="without a direction"):
        Nudge.read("turn 0 1").of(problem, State(0.0, np.zeros((1, 3)), np.ones(1)))


def test_wrong_usage_is_told_in_one_sentence(run):
    source = str(run.path)
    for words, found in (
        (["three-points", "--from", source], "found both PRESET and --from"),
        (["--data", "x.csv", "--from", source], "found both --data and --from"),
        (["three-points", "--at", "1"], "found --at without --from"),
        (["three-points", "--nudge", "flip 1"], "found --nudge without --from"),
        (["--from", source, "--resume"], "found both --from and --resume"),
        (["--from", source, "--at", "1e9"], "a flow time from 0 to"),
        (["--from", source, "--set", "data.seed=1"], "expected a key of solver, stop, record"),
        (["--from", source, "--nudge", "flip 99"], "--nudge 'flip 99'"),
        (["--from", "nowhere"], "expected a run directory"),
    ):
        result = call("run", *words)
        assert result.exit_code == 2
        assert one_sentence(result.stderr), result.stderr
        assert found in result.stderr
