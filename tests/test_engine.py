"""The engine for events in sample space against the rounds that it takes work from."""

from functools import cache

import numpy as np
import pytest

from reluflow.flow.base import Options, State
from reluflow.flow.lorentz import Lorentz, collocation_step, dense, neuron_events, rounds
from reluflow.flow.lorentz import sweep as sweep_module
from reluflow.flow.lorentz.engine import suits
from reluflow.flow.lorentz.engine.engine import Engine
from reluflow.flow.lorentz.engine.event_update import decide
from reluflow.flow.lorentz.engine.rows import rows_of
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.motion_record import MotionRecords
from reluflow.flow.lorentz.neurons import ON, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.release import Releases
from reluflow.flow.lorentz.samples import merge
from reluflow.flow.lorentz.sweep import SweepResult, sweep
from reluflow.network import residuals
from reluflow.problem import Problem
from reluflow.training.simulation import simulate


def wide(seed: int, slope: float = 0.0, width: int = 40) -> Problem:
    """Neurons on 65 samples in 70 dimensions, small, with a teacher of two neurons."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((65, 70)) / np.sqrt(70)
    teachers = generator.standard_normal((2, 70))
    targets = np.maximum(inputs @ teachers.T, 0.0) @ np.array([1.0, -0.7])
    weights = 1e-3 * generator.standard_normal((width, 70))
    signs = np.where(np.arange(width) % 2 == 0, 1.0, -1.0)
    return Problem(inputs, targets, weights, signs * np.linalg.norm(weights, axis=1), slope=slope)


def sweeps_of(
    problem: Problem, steps: int, monkeypatch: pytest.MonkeyPatch, still: bool = False
) -> list[tuple[SweepResult, SweepResult]]:
    """All sweeps along moving paths of so many steps, each by the engine and without it.

    ``still``: along paths that stay where these begin instead.
    """
    pairs: list[tuple[SweepResult, SweepResult]] = []

    def both(neurons, samples, path, hysteresis, straight=None, abandoned=lambda: False):
        swept = sweep(neurons, samples, path, hysteresis, straight, abandoned)
        if straight is None and not path.still:
            along = Path(path.values[:1], path.length) if still else path
            mine = sweep(neurons, samples, along, hysteresis) if still else swept
            with monkeypatch.context() as patched:
                patched.setattr(rounds, "suits", lambda *_: False)
                pairs.append((mine, sweep(neurons, samples, along, hysteresis)))
        return swept

    monkeypatch.setattr(collocation_step, "sweep", both)
    solver = Lorentz(problem, Options())
    while solver.steps < steps and solver.loss > 1e-7:
        solver.step()
    return pairs


@pytest.mark.parametrize(("still", "steps"), [(False, 4), (True, 1)])
def test_the_engine_does_what_rounds_do(still, steps, monkeypatch):
    """The same events of every neuron, in order, and the same neurons at the end."""
    by_engine, by_rounds = [], []

    class Counting(Engine):
        def run(self, pulled):
            super().run(pulled)
            by_engine.extend(row for rows, *_ in self.ended for row in rows)
            by_rounds.extend(row for rows, *_ in self.left for row in rows)

    monkeypatch.setattr(rounds, "Engine", Counting)
    pairs = sweeps_of(wide(0), steps, monkeypatch, still)
    assert len(by_engine) > 20 * len(by_rounds), "few have events that are not plain"
    count = 0
    for one, other in pairs:
        for neuron in np.unique(other.events.neuron):
            mine, theirs = (each.events.take(each.events.neuron == neuron) for each in (one, other))
            assert np.array_equal(mine.kind, theirs.kind)
            assert np.array_equal(mine.sample, theirs.sample)
            np.testing.assert_allclose(mine.t, theirs.t, atol=1e-6)
            count += len(mine)
        scale = np.abs(other.predictions).max()
        np.testing.assert_allclose(one.predictions, other.predictions, atol=1e-9 * scale)
        assert np.array_equal(one.end.status, other.end.status)
        sizes = np.linalg.norm(other.end.weights, axis=1, keepdims=True)
        np.testing.assert_allclose(one.end.weights / sizes, other.end.weights / sizes, atol=1e-8)
    assert len(pairs) > steps
    assert count > 1000


@cache
def sweeps_by_rounds() -> list[tuple[tuple, SweepResult]]:
    """Sweeps along the moving paths of two steps, each without the engine: its arguments and its result."""
    swept: list[tuple[tuple, SweepResult]] = []

    def noted(neurons, samples, path, hysteresis, straight=None, abandoned=lambda: False):
        result = sweep(neurons, samples, path, hysteresis, straight, abandoned)
        if straight is None and not path.still:
            swept.append(((neurons, samples, path, hysteresis), result))
        return result

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rounds, "suits", lambda *_: False)
        patched.setattr(collocation_step, "sweep", noted)
        solver = Lorentz(wide(1), Options())
        while solver.steps < 2:
            solver.step()
    return swept


def test_paths_of_sweeps_begin_at_the_residual():
    """Else speeds of pre-activations would be in doubt that are not, and turns of these missed."""
    for (_, _, path, _), _ in sweeps_by_rounds():
        assert path.doubt < 1e-3 * np.sqrt(np.mean(path.start**2))


@pytest.mark.parametrize("share", [0.97, 1.03])
def test_it_does_not_matter_where_a_crossing_is_guessed(share, monkeypatch):
    """Before a release or behind it: which of the two comes first is decided where the crossing is."""
    exact = neuron_events.first_crossing

    def astray(before, moved):
        sample, position = exact(before, moved)
        return sample, np.minimum(moved.begin + share * (position - moved.begin), moved.end)

    swept = sweeps_by_rounds()
    monkeypatch.setattr(rounds, "suits", lambda *_: False)
    monkeypatch.setattr(neuron_events, "first_crossing", astray)
    count = 0
    for arguments, one in swept:
        other = sweep(*arguments)
        for neuron in np.unique(one.events.neuron):
            mine, theirs = (each.events.take(each.events.neuron == neuron) for each in (one, other))
            assert np.array_equal(mine.kind, theirs.kind)
            np.testing.assert_allclose(mine.t, theirs.t, atol=1e-6)
            count += len(mine)
    assert count > 500


def test_dual_vectors_stay_dual(monkeypatch):
    """<dual_k, x_l> is 1 for k = l, else 0, after hundreds of events: errors do not double in each step.

    If they did, they would be 1e-8 after so many steps.
    """
    solver = Lorentz(wide(2, width=16), Options())
    slid = 0
    while solver.loss > 1e-7 and solver.steps < 26:
        solver.step()
        neurons, inputs = solver.context.neurons, solver.context.samples.inputs
        for slots, dual in zip(neurons.slots, neurons.dual, strict=True):
            held = slots >= 0
            products = dual[held] @ inputs[slots[held]].T
            np.testing.assert_allclose(products, np.eye(len(products)), atol=1e-10)
            slid += len(products)
    assert slid > 200


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_whether_a_neuron_of_any_size_begins_to_slide(size: float) -> None:
    """Where its first sample alone pulls it across it slides; where the other does, too, it goes on."""
    inputs, weights = np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([[0.0, size]])
    samples = merge(inputs, np.ones(2), 0.0)
    neuron = Neurons(
        np.arange(1), weights, weights[:, 1], np.zeros(1, np.int64), np.zeros(1), weights @ inputs.T,
        np.array([[ON, ON]], np.int8), np.full((1, 1), -1), np.zeros((1, 1, 2)),
    )  # fmt: skip
    slides = []
    for residual in ([1.0, -1.0], [1.0, 1.0]):
        forcing = Forcing(samples, Path(np.array([residual]), 1.0), 0.0)
        rows, yes = rows_of(neuron, pull(neuron, forcing), still=True), np.ones(1, dtype=bool)
        slides += decide(rows, np.zeros(1, np.intp), yes, yes, Releases.none(1), forcing).slides.tolist()
    assert slides == [True, False]


@pytest.mark.slow
def test_dense_output_is_as_exact_as_the_run():
    """The inside of a step with events, as it was kept, against a run with a thousandth of the tolerance."""
    problem = wide(0)
    assert suits(merge(problem.inputs, problem.targets, 0.0), still=False)
    solver = Lorentz(problem, Options())
    inside: list[State] = []
    while len(inside) < 6 and solver.loss > 1e-7:
        solver.step()
        if solver.motion.record is not None and len(solver.motion.record.records) > 1:
            times = solver.t_old + np.array([0.08, 0.37, 0.71]) * (solver.t - solver.t_old)
            inside += solver.dense_output().states(times)
    start = (problem.inputs, problem.targets, problem.weights, problem.output_weights)
    exact = simulate(*start, times=[state.t for state in inside], rtol=1e-9)
    assert len(inside) == 6
    for state, weights, outputs in zip(inside, exact.weights, exact.output_weights, strict=True):
        found, expected = (
            residuals(*each, problem.inputs, problem.targets, 0.0)
            for each in ((state.weights, state.output_weights), (weights, outputs))
        )
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_segments_fill_the_step_and_end_where_the_sweep_does(monkeypatch):
    sweeps: list[SweepResult] = []

    def kept(*arguments, **options):
        sweeps.append(sweep(*arguments, **options))
        return sweeps[-1]

    monkeypatch.setattr(collocation_step, "sweep", kept)
    solver = Lorentz(wide(3), Options())
    while solver.steps < 6:
        solver.step()
    seen = 0
    for swept in sweeps:
        if len(swept.events) < 10:
            continue
        assert swept.record is not None
        begins = np.concatenate([part.begin for part in swept.record.records])
        untils = np.concatenate([part.until for part in swept.record.records])
        rows = np.concatenate([part.rows for part in swept.record.records])
        for row in range(len(swept.end)):
            order = np.argsort(begins[rows == row], kind="stable")
            mine = begins[rows == row][order], untils[rows == row][order]
            assert mine[0][0] == 0.0
            assert mine[1][-1] == 1.0
            assert np.array_equal(mine[0][1:], mine[1][:-1])
        seen += 1
    assert seen > 20


@cache
def after_three_steps() -> Lorentz:
    """A solver that nobody moves on, with a record of the events of its last step."""
    solver = Lorentz(wide(3), Options())
    for _ in range(3):
        solver.step()
    assert solver.motion.record is not None
    return solver


def test_gradients_inside_a_step_with_events_are_as_long_as_the_flow_is_fast():
    solver = after_three_steps()
    dense, span = solver.dense_output(), solver.t - solver.t_old
    times = solver.t_old + np.array([0.1, 0.4, 0.9]) * span
    ways = [
        [np.column_stack([state.weights, state.output_weights]) for state in dense.states(times + shift)]
        for shift in (-1e-6 * span, 1e-6 * span)
    ]
    speeds = [np.linalg.norm(two - one) / (2e-6 * span) for one, two in zip(*ways, strict=True)]
    np.testing.assert_allclose(dense.gradient_norms(times), speeds, rtol=1e-3)


def test_dense_output_does_not_depend_on_what_of_the_motion_is_recorded(monkeypatch):
    """Without room for a record the motion is found again, in parts that have room for one."""
    whole, solver = after_three_steps(), Lorentz(wide(3), Options())
    for module in (sweep_module, dense):
        monkeypatch.setattr(module, "MotionRecords", lambda most=25_000: MotionRecords(most))
    for _ in range(3):
        solver.step()
    assert solver.motion.record is None
    times = whole.t_old + np.array([0.1, 0.4, 0.9]) * (whole.t - whole.t_old)
    expected = whole.dense_output().states(times)
    for one, other in zip(solver.dense_output().states(times), expected, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=0.0, atol=1e-7)
        np.testing.assert_allclose(one.output_weights, other.output_weights, rtol=0.0, atol=1e-7)
