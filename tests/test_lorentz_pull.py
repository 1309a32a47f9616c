"""With many samples the pull on a neuron is corrected where it changes, not summed up anew."""

from dataclasses import replace

import numpy as np
import pytest
from lorentz_cases import random_problem, run, without_series

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz, pull, rounds, samples
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Neurons, widened
from reluflow.flow.lorentz.path import Path
from reluflow.problem import Problem


def wide(slope: float, seed: int = 3) -> Problem:
    """25 samples in 20 dimensions, one of them opposite to another."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((25, 20))
    inputs[7] = -2.0 * inputs[3]
    start = generator.standard_normal((30, 20)) * 0.05
    outputs = np.linalg.norm(start, axis=1) * generator.choice([-1.0, 1.0], 30)
    return Problem(inputs, generator.standard_normal(25), start, outputs, slope=slope)


@pytest.mark.parametrize("slope", [0.0, pytest.param(0.2, marks=pytest.mark.slow)])
def test_corrected_pulls_are_those_summed_up(slope: float, monkeypatch: pytest.MonkeyPatch) -> None:
    corrected, worst = pull.pull_after, []

    def compared(*arguments):
        found = corrected(*arguments)
        summed = pull.pull(*arguments[2:])
        for one, other in (
            (found.direction, summed.direction),
            (found.slope, summed.slope),
            (found.multiplier, summed.multiplier),
        ):
            worst.append(float(np.abs(one - other).max(initial=0.0) / (1.0 + np.abs(other).max(initial=0.0))))
        return found

    monkeypatch.setattr(samples, "MANY", 1)
    without_series(monkeypatch)
    monkeypatch.setattr("reluflow.flow.lorentz.rounds.pull_after", compared)
    solver = Lorentz(wide(slope), Options())
    assert solver.context.samples.many
    slid = False
    while solver.loss > 1e-9 and solver.steps < 30:
        solver.step()
        assert solver.failure is None
        slid |= bool(solver.context.neurons.sliders[0].size)
    assert len(worst) > 30
    assert slid or slope > 0.0
    assert max(worst) < 1e-12


def test_it_makes_no_difference_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    without_series(monkeypatch)
    problem = random_problem(4, samples=8, dimension=6, width=20)
    plain = run(problem, loss=0.0, end=20.0)
    monkeypatch.setattr(samples, "MANY", 1)
    monkeypatch.setattr(rounds, "suits", lambda *_: False)  # the engine keeps its pulls by itself
    other = run(problem, loss=0.0, end=20.0)
    assert other.context.samples.many
    assert not plain.context.samples.many
    assert other.steps == plain.steps
    assert other.loss == pytest.approx(plain.loss, rel=1e-9)
    for neuron in range(20):
        mine, theirs = (s.event_log.take(s.event_log.neuron == neuron) for s in (other, plain))
        assert np.array_equal(mine.sample, theirs.sample)
        assert np.array_equal(mine.kind, theirs.kind)
        assert np.allclose(mine.t, theirs.t, rtol=1e-8)


def test_slots_that_nobody_needs_go_and_nothing_else_changes() -> None:
    solver = Lorentz(wide(0.0), Options())
    while not solver.context.neurons.sliders[0].size:
        solver.step()
    neurons = solver.context.neurons
    roomy = widened(neurons, neurons.slots.shape[1] + 3)
    roomy = replace(roomy, slots=roomy.slots[:, ::-1], dual=roomy.dual[:, ::-1])
    narrow = roomy.narrowed()
    assert narrow.slots.shape == neurons.slots.shape
    assert np.array_equal(np.sort(narrow.slots, axis=1), np.sort(neurons.slots, axis=1))
    rows, slot, sample = narrow.sliders
    products = np.einsum("kp,kp->k", narrow.dual[rows, slot], solver.context.samples.inputs[sample])
    assert np.allclose(products, 1.0)


def test_nothing_pulls_at_a_neuron_that_has_lost_its_last_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "MANY", 1)
    solver = Lorentz(random_problem(5, samples=8, dimension=6, width=20), Options())
    forcing = Forcing(solver.context.samples, Path(solver.context.residual[None], 1.0), 0.0)
    status = np.zeros_like(solver.context.neurons.status)
    status[:, :3] = ON
    neurons = replace(solver.context.neurons, status=status)
    pulled = pull.pull(neurons, forcing)
    for sample in range(3):
        old, status = status, status.copy()
        status[:, sample] = OFF
        neurons = replace(neurons, status=status)
        pulled = pull.pull_after(pulled, old, neurons, forcing)
    assert not pulled.direction.any()
    assert not pulled.slope.any()


def test_neurons_that_change_at_all_samples_are_summed_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "MANY", 1)
    context = Lorentz(random_problem(5, samples=8, dimension=6, width=20), Options()).context
    forcing = Forcing(context.samples, Path(context.residual[None], 1.0), 0.0)
    old = np.where(context.neurons.z > 0.0, ON, OFF).astype(np.int8)
    before, after = (
        replace(context.neurons, status=status.astype(np.int8)) for status in (old, ON + OFF - old)
    )
    found = pull.pull_after(pull.pull(before, forcing), old, after, forcing)
    assert found.direction == pytest.approx(pull.pull(after, forcing).direction, abs=1e-12)


def on_one_kink(size: float = 1.0) -> tuple[samples.Samples, Neurons]:
    """Three samples and two neurons: one slides on the last of them, the other rests on its kink."""
    few = samples.merge(size * np.array([[1.0, 0.1], [1.0, -0.3], [0.0, 1.0]]), np.ones(3), 0.0)
    weights = np.array([[1.0, 0.0], [0.5, 0.0]])
    two = Neurons(
        np.arange(2), weights, weights[:, 0], np.zeros(2, np.int64), np.zeros(2), weights @ few.inputs.T,
        np.array([[ON, ON, SLIDING], [ON, ON, RESTING]], np.int8), np.array([[2], [-1]]),
        np.array([[few.inputs[2] / few.squares[2]], [[0.0, 0.0]]]),
    )  # fmt: skip
    return few, two


@pytest.mark.parametrize("size", [1e-5, 1.0, 1e5])
def test_what_pulls_cancel_to_is_zero_on_a_kink_with_inputs_of_any_size(size: float) -> None:
    """The other neuron rests on the kink of a sample along which two pulls on it cancel."""
    few, two = on_one_kink(size)
    residual = np.array([2.1, 0.7, 0.4])
    assert 0.1 * residual[0] - 0.3 * residual[1] != 0.0
    for more, across in ((0.0, 0.0), (1e-9, -0.1e-9 * 2.1 / 3.0)):
        force = residual * np.array([1.0 + more, 1.0, 1.0])
        found = pull.pull(two, Forcing(few, Path(force[None], 0.1), 1e-9)).slope[0]
        assert found[0, 2] == 0.0
        assert found[1, 2] == pytest.approx(across * size**2, rel=1e-6, abs=0.0)
        assert np.all(found[:, :2] < 0.0)


def test_a_slope_on_a_kink_keeps_all_of_its_terms_or_none() -> None:
    """At the first node of the path the pulls all but cancel along x."""
    few, two = on_one_kink()
    more = np.full(RADAU.stages, 1e-9)
    more[0] = 1e-12
    forces = np.array([2.1, 0.7, 0.4]) * (1.0 + more[:, None] * [1.0, 0.0, 0.0])
    found = pull.pull(two, Forcing(few, Path(forces, 0.1), 1e-9))
    across = found.direction[:, 1] @ few.inputs[2]
    assert 0.0 < np.abs(across).min() < 1e-2 * np.abs(across).max()
    assert found.slope[:, 1, 2] == pytest.approx(across, rel=1e-2, abs=0.0)
