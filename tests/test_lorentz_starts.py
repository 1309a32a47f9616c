"""The lorentz solver from odd starts, through checkpoints, and between its steps."""

import numpy as np
import pytest
from lorentz_cases import balanced, correlated, five_points, random_problem, run, toy

import reluflow
from reluflow.flow.base import Options
from reluflow.flow.lorentz import Change, Lorentz
from reluflow.flow.lorentz import dense as dense_module
from reluflow.flow.lorentz.neuron_events import StallError
from reluflow.network import Array, loss_of, residuals
from reluflow.problem import Problem

GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((5, 3))
Y = GENERATOR.standard_normal(5)
W, A = balanced(24, 3, 1e-3, 5)


def _changed(array: Array, row: int, value: object) -> Array:
    changed = array.copy()
    changed[row] = value
    return changed


FITTED = {
    "zero neuron": Problem(X, Y, _changed(W, 3, 0.0), _changed(A, 3, 0.0)),
    "zero hidden weights": Problem(X, Y, _changed(W, 3, 0.0), _changed(A, 3, 0.1)),
    "zero output weight": Problem(X, Y, W, _changed(A, 4, 0.0)),
    "opposite inputs": Problem(_changed(X, 1, -2.0 * X[0]), Y, W, A),
    "one sample": Problem(X[:1], Y[:1], W, A),
    "rank deficient": Problem(X * np.array([1.0, 1.0, 0.0]), Y, W, A),
    "fewer samples than dimensions": Problem(np.hstack([X, X**2])[:3], Y[:3], *balanced(24, 6, 1e-3, 1)),
    "zero targets": Problem(X, 0.0 * Y, 1e3 * W, 1e3 * A),
    "delta < 0": Problem(X, Y, 1e3 * W, 50.0 * A),
    "delta > 0": Problem(X, Y, 10.0 * W, 1e3 * A),
    "scale 10": Problem(X, Y, 1e4 * W, 1e4 * A),
    "scale 1e-300": Problem(X, Y, 1e-297 * W, 1e-297 * A),
    "inputs of many sizes": Problem(X * np.array([1.0, 30.0, 0.1, 10.0, 1.0])[:, None], Y, W, A),
    "inputs of sizes far apart": Problem(X * np.array([1.0, 1e3, 1e-2, 10.0, 1.0])[:, None], Y, W, A),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if "far apart" in name else ()) for name in FITTED]
)
def test_odd_starts_reach_zero_loss(name: str) -> None:
    problem = FITTED[name]
    solver = run(problem)
    assert solver.loss <= 1e-9
    state = solver.state
    true = residuals(state.weights, state.output_weights, problem.inputs, problem.targets)
    assert loss_of(true) == pytest.approx(solver.loss, rel=1e-3)


def test_nothing_moves() -> None:
    """Zero inputs only, or zero neurons only: the loss stands still and time goes on."""
    for problem in (Problem(0.0 * X, Y, W, A), Problem(X, Y, 0.0 * W, 0.0 * A)):
        solver = run(problem, end=1e6, steps=50)
        assert solver.t == 1e6
        assert solver.loss == loss_of(Y)
        assert np.array_equal(solver.state.weights, problem.weights)


def test_what_has_died_rests_between_steps_too() -> None:
    """w moves along -x until <w, x> = 0, at half the difference of its coordinates, and a^2 stays |w|^2."""
    solver = Lorentz(Problem([[1.0, 1.0]], [-1.0], [[1.0, -0.5]], [np.sqrt(1.25)]), Options())
    while solver.t < 1e4:
        solver.step()
        if solver.t_old > 1.0:
            step = solver.dense_output()
            for t in np.linspace(solver.t_old, solver.t, 5):
                state = step(float(t))
                np.testing.assert_allclose(state.weights, [[0.75, -0.75]], rtol=1e-9)
                np.testing.assert_allclose(state.output_weights, [0.75 * np.sqrt(2.0)], rtol=1e-9)
    assert solver.steps > 4


def test_duplicates_and_collinear_inputs_act_as_one() -> None:
    """Two equal samples are one with the mean target, counted twice; here with n = 2 against n = 1."""
    twice = Problem(X[[0, 0]], [1.0, 0.5], W, A)
    once = Problem(X[[0]], [0.75], W, A)
    first, second = (run(problem, loss=0.0, end=30.0, steps=100) for problem in (twice, once))
    assert first.state.weights == pytest.approx(second.state.weights, rel=1e-4, abs=1e-9)
    assert first.residual - second.residual == pytest.approx([-0.25, 0.25], abs=1e-9)


def test_one_dimension() -> None:
    """Inputs on a line through 0: the loss is the sum of two least-squares losses in the end."""
    x = np.array([1.0, 2.0, -1.0, -0.5])
    y = np.array([1.0, 1.0, 2.0, 3.0])
    w = np.array([[1e-3], [-1e-3]])
    solver = run(Problem(x[:, None], y, w, [1e-3, 1e-3]), loss=0.0, end=200.0, steps=300)
    expected = sum(np.sum(y[s] ** 2) - (x[s] @ y[s]) ** 2 / (x[s] @ x[s]) for s in (x > 0, x < 0)) / 8
    assert solver.loss == pytest.approx(expected, rel=1e-8)


def test_symmetric_data_are_resolved_deterministically() -> None:
    x = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [1, -1]])
    y = np.array([1.0, 1, 1, 1, -1, 1])
    w = 1e-3 * np.array([[1.0, 0], [0, 1], [1, 1], [-1, 1], [1, -1]])
    a = 1e-3 * np.array([1.0, -1, 2**0.5, -(2**0.5), 2**0.5])
    first, second = (run(Problem(x, y, w, a), end=1e4, steps=500) for _ in range(2))
    assert first.t == second.t
    assert np.array_equal(first.state.weights, second.state.weights)


def test_checkpoint_gives_the_very_same_steps() -> None:
    straight = Lorentz(five_points(1), Options())
    for _ in range(30):
        straight.step()
    saved = straight.checkpoint()
    assert all(isinstance(value, np.ndarray) and value.dtype != object for value in saved.values())
    resumed = Lorentz(five_points(1), Options())
    resumed.restore(saved)
    for _ in range(15):
        straight.step()
        resumed.step()
        assert resumed.t == straight.t
        assert np.array_equal(resumed.state.weights, straight.state.weights)
    assert resumed.events == straight.events
    assert np.array_equal(resumed.event_log.t, straight.event_log.t)


def test_dense_output_joins_the_steps_and_does_not_change() -> None:
    solver = Lorentz(five_points(0), Options())
    for _ in range(25):
        before = solver.state
        solver.step()
        dense = solver.dense_output()
        assert dense(solver.t_old).weights == pytest.approx(before.weights, rel=1e-10, abs=1e-300)
        assert np.array_equal(dense(solver.t).weights, solver.state.weights)
    middle = 0.5 * (solver.t_old + solver.t)
    first = dense(middle).weights
    solver.step()
    assert np.array_equal(dense(middle).weights, first)


@pytest.mark.parametrize("problem", [five_points(2), toy(), correlated(scale=1.0)])
def test_dense_output_at_many_times_is_that_at_each(problem: Problem) -> None:
    solver = Lorentz(problem, Options())
    end = 0.1 * solver.loss
    while solver.loss > end or solver.event_log.t.size < 10:
        solver.step()
        dense = solver.dense_output()
        times = np.linspace(solver.t_old, solver.t, 8)
        for t, state in zip(times, dense.states(times), strict=True):
            alone = dense(float(t))
            assert state.t == alone.t == t
            size = np.max(np.abs(alone.weights), axis=1, keepdims=True)
            assert np.all(np.abs(state.weights - alone.weights) <= 1e-6 * size)


def test_dense_output_is_as_exact_as_steps() -> None:
    solver = run(toy(1e-2), loss=0.05)
    middle = 0.5 * (solver.t_old + solver.t)
    state = solver.dense_output()(middle)
    tight = Lorentz(toy(1e-2), Options(rtol=1e-10))
    while tight.t < middle:
        tight.step(t_end=middle)
    size = np.max(np.abs(state.weights))
    assert state.weights == pytest.approx(tight.state.weights, abs=1e-5 * size)


def test_event_log() -> None:
    """Times in order, samples and neurons in range, one final death each, and what it says is what is."""
    problem = random_problem(3)
    # what is left cannot be fitted; long after it has come to rest, rounding lets neurons go on sliding
    solver = run(problem, end=1e10)
    log = solver.event_log
    assert np.all(np.diff(log.t) >= 0.0)
    assert solver.events == len(log) == log.changes
    active = problem.weights @ problem.inputs.T > 0.0
    sliding = np.zeros_like(active)
    for neuron, sample, kind in zip(log.neuron, log.sample, log.kind, strict=True):
        assert sliding[neuron, sample] == (kind in (Change.RELEASE_ON, Change.RELEASE_OFF))
        sliding[neuron, sample] = kind == Change.SLIDE
        active[neuron, sample] = kind in (Change.ENTER, Change.RELEASE_ON)
    z = solver.state.weights @ problem.inputs.T
    clear = np.abs(z) > 1e-9
    assert np.array_equal(active[clear], (z > 0.0)[clear])
    assert np.all(np.abs(z[sliding]) < 1e-9)


def test_what_changes_at_the_start_counts_as_well() -> None:
    """<w, x_0> = 0, and the pull of the other sample, (1, 1), takes the neuron to its active side."""
    solver = Lorentz(Problem([[1.0, 0.0], [1.0, 1.0]], [0.0, 3.0], [[0.0, 1.0]], [1.0]), Options())
    log = solver.event_log
    assert (log.t.tolist(), log.sample.tolist(), log.kind.tolist()) == ([0.0], [0], [Change.ENTER])
    assert solver.events == log.changes == 1
    solver.step()
    assert solver.events == solver.event_log.changes >= 1


def test_no_step_goes_past_the_end() -> None:
    solver = Lorentz(toy(), Options())
    for end in (1e-3, 1.0, 7.5, 7.5, 20.0):
        while solver.t < end:
            solver.step(t_end=end)
        assert solver.t == max(end, solver.t)


def test_dense_output_that_stalls_gives_the_nearer_end(monkeypatch: pytest.MonkeyPatch) -> None:
    solver = Lorentz(toy(), Options())
    solver.step()
    dense = solver.dense_output()
    early, late = dense(solver.t_old), solver.state

    def stalls(*_: object) -> None:
        raise StallError

    monkeypatch.setattr(dense_module.StepMotion, "moments", stalls)
    assert np.array_equal(dense(0.3 * solver.t).weights, early.weights)
    assert np.array_equal(dense(0.7 * solver.t).weights, late.weights)
    assert dense(0.7 * solver.t).t == 0.7 * solver.t


def test_a_checkpoint_made_with_another_number_of_stages_goes_on():
    """Its last path is of no use any more; all else is."""
    solver = Lorentz(correlated(), Options())
    while solver.motion.path is None or solver.motion.path.still:
        solver.step()
    saved = solver.checkpoint()
    saved["path_values"] = np.asarray(saved["path_values"])[:5]
    again = Lorentz(correlated(), Options())
    again.restore(saved)
    assert np.array_equal(again.state.weights, solver.state.weights)
    assert again.dense_output()(solver.t).t == solver.t
    for each in (solver, again):
        while each.loss > 1e-9:
            each.step()
    assert again.t == pytest.approx(solver.t, rel=1e-3)


def test_a_neuron_on_a_kink_whose_samples_are_fitted_moves_once_they_are_not() -> None:
    """At the start nothing pulls at neuron 0: its one sample is fitted, until neuron 1 moves."""
    inputs, targets = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 2.0]]), np.array([1.5, 0.3, -1.0])
    weights, outputs = np.array([[1.0, 0.0], [1.0, 2.0]]), np.array([1.0, 0.5])
    found = reluflow.simulate(inputs, targets, weights, outputs, times=[0.5, 2.0])
    rate, w, a, losses = 1e-3, weights, outputs, []
    for step in range(2001):
        z = w @ inputs.T
        residual = a @ np.maximum(z, 0.0) - targets
        if step in (500, 2000):
            losses.append(np.mean(residual**2) / 2.0)
        pull = (z > 0.0) * residual * (rate / 3.0)
        w, a = w - a[:, None] * (pull @ inputs), a - np.sum(z * pull, axis=1)
    assert found.loss == pytest.approx(losses, rel=2e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("size", "angles", "third"), [(0.3, (20.0, 70.0), 190.25), (1.0, (20.0, 70.0), 186.5625)]
)
def test_neurons_that_come_to_nothing_end_in_a_rest(size, angles, third) -> None:
    """Positive targets shrink all three; the third slides until it is exactly zero."""
    directions = np.deg2rad([*angles, third])
    sizes = np.array([size, size, 1e-2])
    weights = sizes[:, None] * np.stack([np.cos(directions), np.sin(directions)], axis=1)
    inputs = np.array([[0.0, -1.8], [-0.3, 0.6], [-1.4, 0.0], [1.2, 0.4]])
    found = reluflow.simulate(inputs, np.array([0.5, 0.9, 1.7, 0.2]), weights, -sizes, max_steps=400)
    assert found.status == "stationary"
    assert found.loss[-1] == pytest.approx(0.49875)
