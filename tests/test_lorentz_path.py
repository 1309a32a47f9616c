"""The path of the residual over a step: its basis, its integrals, and what the modes of K save."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lorentz_cases import correlated, run, take_the_same_steps, toy

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz
from reluflow.flow.lorentz.boost import boost_chain, small_boost
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.modes import Modes
from reluflow.flow.lorentz.path import Path, packed_path, unpacked_path
from reluflow.flow.lorentz.path_basis import integrals
from reluflow.flow.lorentz.pull import directions
from reluflow.flow.lorentz.sweep import shifted, sweep
from reluflow.flow.lorentz.turning_points import confirmed
from reluflow.network import Array

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(40)
FINE = 0.5 * (POINTS + 1.0)


def some_path(decay: float, rates: list[float]) -> Path:
    generator = np.random.default_rng(5)
    modes = Modes(np.array(rates), generator.standard_normal((len(rates), 3))) if rates else None
    return Path(generator.standard_normal((RADAU.stages, 3)), 0.7, decay, modes)


def residual(path: Path, positions: Array) -> Array:
    return path.basis(positions) @ path.terms


@pytest.mark.parametrize("decay", [0.0, 2.0])
@pytest.mark.parametrize("rates", [[], [0.0, 1e-6, 0.8, 60.0]])
def test_a_path_takes_its_values_at_the_nodes(decay: float, rates: list[float]) -> None:
    path = some_path(decay, rates)
    np.testing.assert_allclose(residual(path, RADAU.nodes), path.values, atol=1e-12)
    np.testing.assert_allclose(path.start, residual(path, np.zeros(1))[0], atol=1e-12)


@pytest.mark.parametrize("count", [200, 700])  # of few all products are made at once
@pytest.mark.parametrize(("decay", "rates"), [(0.0, []), (2.0, [0.8, 6.0])])
def test_speeds_that_turn_back_are_found_where_they_do(decay: float, rates: list[float], count: int) -> None:
    """From below zero to above, as on a fine grid; from a height that is too large for them none matters."""
    path = some_path(decay, rates)
    terms = np.random.default_rng(0).standard_normal((len(path.terms), count))
    begin, end = np.full(count, 0.1), np.full(count, 0.95)
    grid = np.linspace(0.1, 0.95, 4001)
    speed = path.basis(grid) @ terms
    turns = np.array([_first_turn(grid, one) for one in speed.T])
    near, far = np.zeros(count), np.full(count, 1e9)
    some, position = confirmed(path, terms, (begin, end), near, far, near)
    assert np.array_equal(some, np.flatnonzero(np.isfinite(turns)))
    assert some.size > 20
    np.testing.assert_allclose(position, turns[some], atol=1e-3)
    assert confirmed(path, terms, (begin, end), far, near, near)[0].size == 0


@pytest.mark.parametrize(("height", "found"), [(0.1, True), (8.9, True), (9.1, False)])
def test_a_mode_that_dies_out_takes_a_pre_activation_across_and_back(height: float, found: bool) -> None:
    """s = 1 - 10 exp(-60 x) is below zero up to x = ln(10) / 60, and nowhere below -9."""
    path = Path(np.ones((RADAU.stages, 1)), 1.0, 0.0, Modes(np.array([60.0]), np.zeros((1, 1))))
    terms = np.append(np.ones(RADAU.stages), -10.0)[:, None]
    one = np.ones(1)
    some, position = confirmed(path, terms, (0.0 * one, one), height * one, one, one)
    assert some.tolist() == [0] * found
    np.testing.assert_allclose(position, [np.log(10.0) / 60.0] * found, atol=1e-3)


def test_a_mode_that_dies_out_uncovers_a_turn() -> None:
    """s = 2 x - 0.6 + 2 exp(-60 x) is above zero at both ends, and below in between."""
    path = Path(np.ones((RADAU.stages, 1)), 1.0, 0.0, Modes(np.array([60.0]), np.zeros((1, 1))))
    terms = np.append(2.0 * RADAU.nodes - 0.6, 2.0)[:, None]
    one = np.ones(1)
    some, position = confirmed(path, terms, (0.0 * one, one), 0.01 * one, one, one)
    assert some.tolist() == [0]
    np.testing.assert_allclose(position, [0.3], atol=1e-3)


@pytest.mark.parametrize(("height", "found"), [(0.36, True), (0.37, False)])
def test_how_far_a_speed_takes_a_pre_activation_falls_with_the_path(height: float, found: bool) -> None:
    """s = exp(-2 x) (4 x - 3) is nowhere below -exp(-1) in the second half of the step."""
    path = Path(np.ones((RADAU.stages, 1)), 1.0, 2.0)
    terms = (np.exp(-2.0 * RADAU.nodes) * (4.0 * RADAU.nodes - 3.0))[:, None]
    np.testing.assert_allclose(path.basis(np.array([0.6])) @ terms, np.exp(-1.2) * -0.6, rtol=1e-9)
    one = np.ones(1)
    some, position = confirmed(path, terms, (0.5 * one, one), height * one, one, one)
    assert some.tolist() == [0] * found
    np.testing.assert_allclose(position, [0.75] * found, atol=1e-3)


def test_a_residual_that_stands_still_is_the_same_in_every_part_of_a_step() -> None:
    path = Path(np.array([[0.5, -2.0, 1.0]]), 0.7)
    terms, begin, end = np.array([[3.0, -1.0]]), np.array([0.1, 0.4]), np.array([0.2, 0.9])
    coefficients, added = path.functions(terms, begin, end)
    assert added is None
    np.testing.assert_array_equal(coefficients, terms)
    part = path.part(0.25)
    assert part.length == 0.25 * 0.7
    np.testing.assert_array_equal(residual(part, np.array([0.3])), path.values)


@pytest.mark.parametrize("rates", [[], [0.0, 1e-6, 0.8, 60.0]])
def test_a_part_of_a_path_is_the_path_up_to_there(rates: list[float]) -> None:
    path = some_path(2.0, rates)
    part, positions = path.part(0.25), np.linspace(0.0, 1.0, 9)
    assert part.length == 0.25 * path.length
    np.testing.assert_allclose(residual(part, positions), residual(path, 0.25 * positions), atol=1e-10)


@pytest.mark.parametrize("rates", [[], [0.0, 1e-6, 0.8, 60.0]])
def test_a_path_that_was_kept_is_the_same(rates: list[float]) -> None:
    path, positions = some_path(2.0, rates), np.linspace(0.0, 1.0, 9)
    again = unpacked_path({name: np.array(value) for name, value in packed_path(path).items()})
    assert again is not None
    assert (again.length, again.decay) == (path.length, path.decay)
    np.testing.assert_array_equal(residual(again, positions), residual(path, positions))
    assert unpacked_path(packed_path(None)) is None
    assert unpacked_path(packed_path(Path(path.values[:4], 0.3))) is None, "of other stages"


def _first_turn(grid: Array, speed: Array) -> float:
    """Where a function that has been below zero is above for the first time; or infinity."""
    turned = np.flatnonzero((speed > 0.0) & (np.minimum.accumulate(speed) < 0.0))
    return float(grid[turned[0]]) if turned.size else np.inf


@pytest.mark.parametrize("decay", [0.0, 2.0])
def test_slopes_are_derivatives(decay: float) -> None:
    path = some_path(decay, [0.8, 6.0])
    at, step = np.array([0.1, 0.45, 0.9]), 1e-6
    differences = (path.basis(at + step) - path.basis(at - step)) / (2 * step)
    np.testing.assert_allclose(path.slopes(at), differences, atol=1e-7)


@settings(max_examples=40)
@given(begin=st.floats(0.0, 0.9), span=st.floats(0.0, 0.3), decay=st.sampled_from([0.0, 0.5, 3.0]))
def test_exponentials_have_the_moments_of_the_path(begin: float, span: float, decay: float) -> None:
    """Their sum is B0, the integral; half their difference 2 B1, the first moment (Blanes & Moan 2006)."""
    path = some_path(decay, [0.0, 1e-6, 0.8, 60.0])
    first, second = path.exponentials(np.array([begin]), np.array([begin + span]))[0]
    at = path.basis(begin + span * FINE)
    total = 0.5 * span * WEIGHTS @ at
    tilted = 0.5 * span * (WEIGHTS * (FINE - 0.5)) @ at
    np.testing.assert_allclose(first + second, total, atol=1e-8)
    np.testing.assert_allclose(0.5 * (second - first), 2.0 * tilted, atol=1e-8)


def test_neurons_are_shifted_as_a_path_that_differs_moves_them() -> None:
    """What is left is of second order: of the difference times what a neuron turns in the step."""
    solver = run(correlated(scale=1e-2), loss=1e-2)
    neurons, samples, residual = solver.context.neurons, solver.context.samples, solver.residual
    values, turned = np.tile(residual, (RADAU.stages, 1)), 0.05
    fastest = np.linalg.norm(directions(neurons, samples, residual), axis=1).max()
    path = Path(values, turned / fastest)
    other = Path(values + 1e-5 * np.outer(RADAU.nodes, np.cos(np.arange(residual.size))), path.length)
    before, after = (sweep(neurons, samples, some, 0.0).end for some in (path, other))
    change = path.length * (RADAU.integrals[-1] @ (other.values - path.values))
    there = shifted(before, samples, change)
    assert there is not None
    for name in ("weights", "outputs", "z"):
        moved = np.abs(getattr(after, name) - getattr(before, name)).max()
        assert np.abs(getattr(after, name) - getattr(there, name)).max() < 2.0 * turned * moved
        assert moved > 1e-9


@pytest.mark.parametrize("decay", [0.0, 2.5])
def test_integrals_are_those_of_the_basis(decay: float) -> None:
    path = some_path(decay, [])
    expected = [0.5 * node * WEIGHTS @ path.basis(node * FINE) for node in RADAU.nodes]
    np.testing.assert_allclose(integrals(decay), expected, atol=1e-10)


@pytest.mark.parametrize("decay", [0.0, 2.0])
def test_part_of_a_path_is_the_path(decay: float) -> None:
    path = some_path(decay, [0.8, 6.0])
    part = path.part(0.3)
    at = np.linspace(0.0, 1.0, 9)
    assert part.length == pytest.approx(0.3 * path.length)
    np.testing.assert_allclose(residual(part, at), residual(path, 0.3 * at), atol=1e-10)


def test_the_tail_takes_few_steps() -> None:
    """Five orders of the loss, in which ten modes of K die out one after the other."""
    problem = correlated()
    solver = Lorentz(problem, Options())
    while solver.loss > 1e-4:
        solver.step()
    before = solver.steps
    while solver.loss > 1e-9:
        solver.step()
    assert solver.steps - before <= 12


def test_modes_that_follow_the_slow_ones_are_not_taken_for_free_ones() -> None:
    """Fast modes are kept up by the motion of K: as exponentials of their own they would double the steps."""
    solver = Lorentz(correlated(), Options(rtol=1e-8))
    while solver.t < 100.0:
        solver.step(t_end=100.0)
    assert solver.steps <= 80


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), rapidity=st.sampled_from([1e-2, 1e-3]))
def test_a_small_boost_is_a_boost_to_second_order(seed: int, rapidity: float) -> None:
    generator = np.random.default_rng(seed)
    w, a, turn = generator.standard_normal((5, 3)), generator.standard_normal(5), np.zeros((5, 3))
    turn[:] = rapidity * generator.standard_normal(3) / 2.0
    boosted = boost_chain(turn[None], w, a, a**2 - np.sum(w**2, axis=1))
    moved, output, integral = small_boost(turn, w, a)
    np.testing.assert_allclose(moved, boosted.weights[0], atol=20.0 * rapidity**3)
    np.testing.assert_allclose(output, boosted.outputs[0], atol=20.0 * rapidity**3)
    np.testing.assert_allclose(integral, boosted.integral[0], atol=20.0 * rapidity**2)


def test_a_checkpoint_in_the_tail_gives_the_very_same_steps() -> None:
    straight = Lorentz(toy(), Options())
    while straight.loss > 1e-5:
        straight.step()
    resumed = Lorentz(toy(), Options())
    resumed.restore(straight.checkpoint())
    take_the_same_steps(straight, resumed, 4)
