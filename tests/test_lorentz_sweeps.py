"""A sweep has several ways to move neurons, which must come to the same; Newton's method needs few sweeps."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from lorentz_cases import balanced, random_problem

from reluflow.flow.base import Options
from reluflow.flow.events import Events, in_order, no_events
from reluflow.flow.lorentz import Lorentz, collocation_step, motion_record, newton_update, progress, rounds
from reluflow.flow.lorentz import sweep as sweep_module
from reluflow.flow.lorentz.collocation import RADAU, Newton
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.path_basis import integrals
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.sweep import SweepResult, sweep
from reluflow.network import Array
from reluflow.problem import Problem

MOMENTS = np.array([0.0, 0.013, 0.11, 0.4, 0.72, 0.9, 1.0])


def crowd(seed: int, dimension: int = 3) -> Problem:
    """30 neurons on so many samples that each meets dozens of events in a step."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((70, dimension))
    targets = np.sin(3.0 * inputs[:, 0]) + inputs[:, 1]
    return Problem(inputs, targets, *balanced(30, dimension, 1e-3, seed))


def sweeps_of(problem: Problem, steps: int) -> list[tuple[SweepResult, tuple]]:
    """All sweeps with events along moving paths of so many steps, and what they were asked."""
    found: list[tuple[SweepResult, tuple]] = []

    def kept(neurons, samples, path, hysteresis, straight=None, abandoned=lambda: False):
        swept = sweep(neurons, samples, path, hysteresis, straight, abandoned)
        if straight is None and not path.still:
            found.append((swept, (neurons, samples, path, hysteresis)))
        return swept

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(collocation_step, "sweep", kept)
        solver = Lorentz(problem, Options())
        while solver.steps < steps:
            solver.step()
    return found


def assert_same(one: SweepResult, other: SweepResult, samples) -> None:
    """The same events of every neuron, the same end, predictions and growth, and the same inside the step."""
    for neuron in np.unique(other.events.neuron):
        mine, theirs = (each.events.take(each.events.neuron == neuron) for each in (one, other))
        assert np.array_equal(mine.kind, theirs.kind)
        assert np.array_equal(mine.sample, theirs.sample)
        np.testing.assert_allclose(mine.t, theirs.t, atol=1e-7)
    assert np.array_equal(one.end.index, other.end.index)
    assert np.array_equal(one.end.status, other.end.status)
    scale = np.abs(other.predictions).max()
    np.testing.assert_allclose(one.predictions, other.predictions, atol=1e-9 * scale)
    np.testing.assert_allclose(one.growth, other.growth, rtol=1e-9)
    sizes = np.linalg.norm(other.end.weights, axis=1, keepdims=True)
    np.testing.assert_allclose(one.end.weights / sizes, other.end.weights / sizes, atol=1e-8)
    assert one.record is not None
    assert other.record is not None
    inside, expected = (
        each.record.at(each.end, samples, MOMENTS, lambda: False) for each in (one, other) if each.record
    )
    scale = np.abs(expected.weights).max()
    np.testing.assert_allclose(inside.weights, expected.weights, atol=1e-8 * scale)
    np.testing.assert_allclose(inside.outputs, expected.outputs, atol=1e-8 * scale)


@pytest.mark.parametrize(("engine", "dimension"), [(False, 3), (False, 60), (True, 5)])
def test_neurons_that_look_no_further_than_the_next_node_go_the_same_way(engine, dimension, monkeypatch):
    """In rounds, where pulls are summed up anew or corrected (many inputs), and in the engine."""
    monkeypatch.setattr(rounds, "suits", lambda *_: engine)
    count = 0
    for swept, asked in sweeps_of(crowd(0, dimension), 1):
        assert asked[1].many == (dimension == 60)
        with monkeypatch.context() as patched:
            patched.setattr(progress, "CROWDED", np.inf)
            far = sweep(*asked)
            patched.setattr(progress, "CROWDED", 0.0)
            near = sweep(*asked)
        assert_same(near, far, asked[1])
        assert_same(swept, far, asked[1])
        count += len(far.events)
    assert count > 1000


def test_it_does_not_matter_how_many_moments_are_looked_at_at_once(monkeypatch):
    """Of many neurons one moment after the other."""
    (swept, asked), *_ = sweeps_of(crowd(0), 1)
    assert swept.record is not None
    seen = []
    for room in (motion_record.ROOM, 100_000, 1):
        monkeypatch.setattr(motion_record, "ROOM", room)
        seen.append(swept.record.at(swept.end, asked[1], MOMENTS, lambda: False))
    for other in seen[1:]:
        for name in ("weights", "outputs", "squares"):
            one, two = getattr(seen[0], name), getattr(other, name)
            np.testing.assert_allclose(two, one, rtol=1e-12, atol=1e-15 * np.abs(one).max())


def test_crowds_go_from_node_to_node_by_themselves(monkeypatch):
    hops = []
    whole = rounds.hop

    def counted(*arguments):
        hops.append(1)
        return whole(*arguments)

    monkeypatch.setattr(rounds, "hop", counted)
    monkeypatch.setattr(rounds, "suits", lambda *_: False)
    assert sweeps_of(crowd(0), 1)
    assert len(hops) > 30
    assert not progress.crowded(np.array([1, 2]), np.array([0.3, 0.4]))
    assert progress.crowded(np.array([2, 2]), np.array([0.1, 0.05]))


def test_two_parts_of_a_network_that_are_moved_one_after_the_other_are_one():
    for swept, asked in sweeps_of(crowd(1), 1)[:2]:
        neurons, *rest = asked
        rows: Index = np.flatnonzero(np.arange(len(neurons)) % 3 == 1)
        others = np.setdiff1d(np.arange(len(neurons)), rows)
        parts = [sweep(neurons.take(some), *rest) for some in (others, rows)]
        joined = parts[0].joined(others, parts[1], rows)
        assert_same(joined, swept, asked[1])
        assert np.array_equal(joined.events.t, np.sort(joined.events.t))
        np.testing.assert_allclose(joined.kinks[0], swept.kinks[0], atol=1e-7)
        assert joined.least == pytest.approx(swept.least)
        assert joined.whole


@pytest.mark.parametrize("engine", [False, True])
def test_it_does_not_matter_in_which_blocks_neurons_are_moved(engine, monkeypatch):
    """The last few of each wait for those of others, and are numbered as they were."""
    monkeypatch.setattr(rounds, "suits", lambda *_: engine)
    for _, asked in sweeps_of(crowd(3, 5 if engine else 3), 1)[:1]:
        with monkeypatch.context() as patched:
            whole = sweep(*asked)
            patched.setattr(sweep_module, "block_rows", lambda samples: 7)
            assert_same(sweep(*asked), whole, asked[1])
            straight = sweep(*asked, straight=0.0)
        at_once = sweep(*asked, straight=0.0)
        assert straight.ahead == pytest.approx(at_once.ahead)
        assert np.array_equal(straight.end.index, at_once.end.index)


def test_neurons_that_hardly_matter_are_moved_once_where_the_path_is_found_without_them(monkeypatch):
    """The steps are those with everybody in all sweeps; and nobody's motion is found twice along one path."""
    generator = np.random.default_rng(0)
    inputs = np.column_stack([generator.standard_normal((40, 2)), np.ones(40)])
    weights = 1e-6 * generator.standard_normal((400, 3))
    outputs = np.linalg.norm(weights, axis=1) * np.where(np.arange(400) % 2 == 0, 1.0, -1.0)
    problem = Problem(inputs, generator.standard_normal(40), weights, outputs)
    completed = []
    whole = collocation_step.CollocationStepper.completed

    def noted(self, *arguments):
        completed.append(1)
        return whole(self, *arguments)

    monkeypatch.setattr(collocation_step.CollocationStepper, "completed", noted)
    solver, everybody = Lorentz(problem, Options()), Lorentz(problem, Options())
    while not completed:
        solver.step()
    monkeypatch.setattr(collocation_step, "NEWTON", replace(collocation_step.NEWTON, worth=10**9))
    completed.clear()
    while everybody.t < solver.t:
        everybody.step(t_end=solver.t)
    assert not completed
    np.testing.assert_allclose(solver.state.weights, everybody.state.weights, rtol=1e-6, atol=1e-12)


def nearly_still(size: float = 1e-5) -> Path:
    """A residual that moves by little, along few directions, and by 1e-9 of that along others."""
    generator = np.random.default_rng(2)
    growth = np.exp(3.0 * RADAU.nodes)[:, None] * generator.standard_normal(40)
    noise = 1e-9 * generator.standard_normal((RADAU.stages, 40))
    still = generator.choice([-1.0, 1.0], 40) * generator.uniform(0.5, 1.0, 40)
    return Path(still + size * (growth + noise), 2.0, decay=0.5)


def test_a_path_that_hardly_moves_is_made_of_few_terms():
    path = nearly_still()
    few = path.reduced(1e-10)
    assert few.terms.shape == (2, 40)
    positions = np.linspace(0.0, 1.0, 23)
    found, expected = few.basis(positions) @ few.terms, path.basis(positions) @ path.terms
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(
        few.slopes(positions) @ few.terms, path.slopes(positions) @ path.terms, atol=1e-11
    )
    np.testing.assert_allclose(few.start, path.start, atol=1e-12)
    begin, end = np.array([0.1, 0.4]), np.array([0.3, 1.0])
    weights = few.exponentials(begin, end) @ few.terms
    np.testing.assert_allclose(weights, path.exponentials(begin, end) @ path.terms, atol=1e-12)
    np.testing.assert_allclose(few.through @ few.terms, path.through @ path.terms, atol=1e-12)
    assert path.reduced(1e-20) is path


def test_bounds_of_a_path_of_few_terms_are_those_of_the_path():
    """Sums of the residuals on three samples each, whose constant parts cancel."""
    path, generator = nearly_still(0.1), np.random.default_rng(3)
    few = path.reduced(1e-8)
    mixed = generator.standard_normal((40, 50))
    begin, end = generator.uniform(0.0, 0.5, 50), generator.uniform(0.6, 1.0, 50)
    for one, other in itertools.pairwise([few, path]):
        mine, theirs = one.terms @ mixed, other.terms @ mixed
        np.testing.assert_allclose(one.bounds(mine), other.bounds(theirs), atol=1e-8)
        coefficients, none = one.functions(mine, begin, end)
        assert none is None
        np.testing.assert_allclose(coefficients, other.functions(theirs, begin, end)[0], atol=1e-8)
        pulls = np.matmul(one.terms, generator.standard_normal((4, 40, 6)))
        grams = [np.matmul(p, p.transpose(0, 2, 1)) for p in (pulls,)]
        own, around = one.largest(pulls, grams[0])
        looks = np.matmul(one.basis(np.linspace(0.0, 1.0, 200)), pulls)
        most = np.abs(looks).max(axis=1)
        lengths = np.ones(6)
        assert (most <= own + around[:, None] * lengths + 1e-9).all()


def test_no_sign_of_a_small_residual_is_lost_to_few_terms():
    path = nearly_still()
    values = path.values.copy()
    values[:, 7] = 1e-8 * np.linspace(1.0, 2.0, RADAU.stages)
    small = replace(path, values=values)
    assert small.reduced(1e-10) is small


def test_few_terms_change_a_run_by_less_than_its_tolerance(monkeypatch):
    """A plateau of small neurons, with paths of few terms and without."""
    used = []
    whole = Path.reduced

    def noted(self: Path, slack: float) -> Path:
        fewer = whole(self, slack)
        used.append(fewer is not self)
        return fewer

    problem = random_problem(3, samples=8, dimension=3, width=500)
    problem = replace(problem, weights=1e-3 * problem.weights, output_weights=1e-3 * problem.output_weights)
    runs = []
    for patch in (noted, lambda self, slack: self):
        monkeypatch.setattr(Path, "reduced", patch)
        solver = Lorentz(problem, Options())
        while solver.loss > 0.7 * Lorentz(problem, Options()).loss and solver.steps < 30:
            solver.step()
        runs.append(solver)
    assert sum(used) > 3
    one, other = runs
    assert one.events == other.events
    assert one.t == pytest.approx(other.t, rel=1e-3)
    exact = Lorentz(problem, Options(rtol=1e-8))
    exact.step(10**6, t_end=one.t)
    while exact.t < one.t:
        exact.step(t_end=one.t)
    np.testing.assert_allclose(one.residual, exact.residual, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("course", [RADAU.nodes, np.expm1(5.0 * RADAU.nodes) / np.expm1(5.0)])
def test_newtons_method_inverts_what_a_kernel_that_turns_does(course: Array):
    generator = np.random.default_rng(0)
    half, more = generator.standard_normal((2, 9, 9))
    start, turn, weights = 0.01 * half @ half.T, 0.1 * more @ more.T, integrals(0.0)
    change, length = generator.standard_normal((RADAU.stages, 9)), 0.5
    moved = weights @ change
    defect = change + length * (moved @ start + course[:, None] * (moved @ turn))
    found = Newton(start, turn, length, weights, course).correction(defect)
    np.testing.assert_allclose(found, change, atol=2e-2 * np.abs(change).max())


def test_a_kernel_that_grows_with_its_neurons_saves_sweeps(monkeypatch):
    """In an escape K grows like exp(2 |D| t), most of it at the end of the step."""

    def sweeps() -> int:
        return len(sweeps_of(crowd(2), 5))

    growing = sweeps()
    monkeypatch.setattr(newton_update, "NEWTON", replace(newton_update.NEWTON, grown=np.inf))
    assert growing < sweeps()


def test_neurons_at_the_end_of_a_sweep_do_not_keep_their_motion():
    """A view of the last node would hold all of them: seven times the memory of a wide network."""
    solver = Lorentz(random_problem(0), Options())
    context = solver.context
    path = Path(context.force[None], 1e-6)
    for straight in (None, 0.0):
        end = sweep(context.neurons, context.samples, path, 0.0, straight).end
        assert end.z.base is None
        assert end.weights.base is None


def test_events_are_put_in_order_though_they_are_of_one_part():
    one = Events(
        np.array([0.7, 0.2, 0.2]), *(np.arange(3, dtype=kind) for kind in (np.int32, np.int32, np.int8))
    )
    told = in_order([no_events(), one])
    assert told.t.tolist() == [0.2, 0.2, 0.7]
    assert told.neuron.tolist() == [1, 2, 0]
