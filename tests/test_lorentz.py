"""The lorentz solver against closed forms, independent integrators and the invariants of the flow."""

import numpy as np
import pytest
from lorentz_cases import (
    balanced,
    correlated,
    five_points,
    integrated_losses,
    losses_at,
    polar_losses,
    random_problem,
    run,
    toy,
    without_series,
)

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Change, Lorentz
from reluflow.network import Array, imbalance, residuals
from reluflow.problem import Problem
from reluflow.theory.limit_process import general_limit


def test_one_sample_is_logistic() -> None:
    """An aligned balanced neuron on one sample: u = a^2 is logistic."""
    x, y, u0 = np.array([0.6, -0.8]) * 1.5, 0.7, 1e-4
    problem = Problem(x[None], [y], np.sqrt(u0) * x[None] / 1.5, [np.sqrt(u0)])
    times = np.linspace(1.0, 20.0, 12)
    limit = y / 1.5
    u = limit / (1.0 + (limit / u0 - 1.0) * np.exp(-2.0 * 1.5 * y * times))
    expected = 0.5 * (1.5 * u - y) ** 2
    assert losses_at(problem, times) == pytest.approx(expected, rel=1e-5)


#: times of a problem in which nothing slides, and its losses by dop853
INTEGRATED_TIMES = np.linspace(2.0, 100.0, 20)
BY_DOP853 = [
    0.486757343332, 0.0015840072799, 0.000465897734857, 0.000244875786104, 0.000146638978597,
    9.30902487211e-05, 6.09133426893e-05, 4.07443943683e-05, 2.78337367235e-05, 1.94537006496e-05,
    1.39492725391e-05, 1.02908188218e-05, 7.82886496078e-06, 6.14966642463e-06, 4.98736017954e-06,
    4.16966633934e-06, 3.58399359105e-06, 3.1561185135e-06, 2.83667711087e-06, 2.59254797266e-06,
]  # fmt: skip


def test_agrees_with_dop853_where_nothing_slides() -> None:
    assert losses_at(correlated(scale=1e-2), INTEGRATED_TIMES) == pytest.approx(BY_DOP853, rel=1e-5)


@pytest.mark.slow
def test_at_another_scale_it_agrees_too_and_the_losses_on_record_are_those_of_dop853() -> None:
    assert integrated_losses(correlated(scale=1e-2), INTEGRATED_TIMES) == pytest.approx(BY_DOP853, rel=1e-8)
    other = correlated(scale=1e-3)
    expected = integrated_losses(other, INTEGRATED_TIMES)
    assert losses_at(other, INTEGRATED_TIMES) == pytest.approx(expected, rel=1e-5)


def test_converges_as_rtol_tightens() -> None:
    problem = toy(1e-2)
    times = np.linspace(4.0, 14.0, 12)
    reference = losses_at(problem, times, rtol=1e-11)
    errors = [
        np.max(np.abs(losses_at(problem, times, rtol) / reference - 1.0)) for rtol in (1e-4, 1e-6, 1e-8)
    ]
    assert errors[0] < 1e-3
    assert errors[1] < 1e-5
    assert errors[2] < 1e-7


#: times of the five points of seed 0, and their losses by Euler steps of 0.04 that keep the balance
EULER_TIMES = np.array([100.0, 300.0, 400.0, 500.0, 700.0])
BY_EULER = [0.07193410448, 0.03181580129, 0.02484313559, 0.01183064718, 0.0001100774594]


def test_five_points_agree_with_balance_keeping_euler() -> None:
    """Neurons slide here. The reference is of first order, its error at this step a few thousandths."""
    assert losses_at(five_points(0), EULER_TIMES) == pytest.approx(BY_EULER, rel=6e-3)


@pytest.mark.slow
def test_five_points_of_another_seed_agree_with_euler_and_those_on_record_are_by_it() -> None:
    other = five_points(1)
    expected = polar_losses(other, EULER_TIMES, 0.04)
    assert losses_at(other, EULER_TIMES) == pytest.approx(expected, rel=6e-3)
    assert polar_losses(five_points(0), EULER_TIMES, 0.04) == pytest.approx(BY_EULER, rel=1e-8)


def releases(problem: Problem, end: float, rtol: float) -> dict[tuple[int, int], float]:
    """When each pair of a neuron and a sample stopped to slide for the last time."""
    events = run(problem, loss=0.0, rtol=rtol, end=end).event_log
    stops = np.isin(events.kind, [Change.RELEASE_ON, Change.RELEASE_OFF])
    pairs = zip(events.neuron[stops].tolist(), events.sample[stops].tolist(), strict=True)
    return dict(zip(pairs, events.t[stops].tolist(), strict=True))


@pytest.mark.parametrize(("seed", "end"), [(0, 15.0), pytest.param(1, 250.0, marks=pytest.mark.slow)])
def test_neurons_stop_sliding_on_time(seed: int, end: float) -> None:
    """Those let go too late change the network in second order; escapes make a thousand times more of it."""
    problem = random_problem(seed, samples=12, dimension=18, width=30)
    exact, found = releases(problem, end, 1e-8), releases(problem, end, 1e-6)
    assert len(exact) > 10
    assert found == pytest.approx(exact, rel=1e-4)


def test_five_points_reach_zero_loss() -> None:
    solver = run(five_points(2))
    assert solver.loss <= 1e-9
    assert np.count_nonzero(solver.event_log.kind == Change.SLIDE) > 10


@pytest.mark.slow
def test_five_points_reach_zero_loss_for_forty_seeds() -> None:
    assert all(run(five_points(seed), end=1e5).loss <= 1e-9 for seed in range(40))


def test_a_neuron_that_shrinks_on_a_line_stays_on_it() -> None:
    """The third escape of the five points waits for neurons that shrink by 1e25 while they slide on a sample.

    Rounding that turned them round would bring it forward; its time grows like that of the limit process.
    """
    times = []
    for exponent in (30, 100):
        solver = run(five_points(0, 10.0**-exponent), loss=0.025)
        times.append(solver.t)
    start = five_points(0)
    limit = general_limit(start.inputs, start.targets, start.weights, start.output_weights)
    slope = (times[1] - times[0]) / (70.0 * np.log(10.0))
    assert slope == pytest.approx(limit.escapes[2].time, rel=5e-3)


@pytest.mark.parametrize("problem", [toy(), five_points(3), correlated(), random_problem(4)])
def test_invariants(problem: Problem) -> None:
    """delta_j to 1e-14 relative to the neuron, and every sign, for balanced neurons."""
    solver = Lorentz(problem, Options())
    before = imbalance(problem.weights, problem.output_weights)
    while solver.loss > 1e-9 and solver.steps < 300:
        solver.step()
        state = solver.state
        drift = np.abs(imbalance(state.weights, state.output_weights) - before)
        size = np.maximum(np.abs(state.output_weights), np.abs(problem.output_weights))
        assert np.all(drift <= 1e-14 * size**2)
        assert np.array_equal(np.sign(state.output_weights), np.sign(problem.output_weights))


@pytest.mark.parametrize("ratio", [0.2, 1.0 - 1e-6])
def test_unbalanced_neuron_changes_its_sign_when_it_must(ratio: float) -> None:
    """delta < 0: a(t) = 0 where tanh(|D| t) = -a_0 / p_0, here for a pull that stands still.

    Until then a nearly balanced neuron shrinks by so much that the solver counts it in other units.
    """
    rate, size = 1e3, 1e-3
    x, y = np.array([[1.0, 0.0]]), np.array([rate])
    w, a = np.array([[size, 0.0]]), np.array([-ratio * size])
    w[0, 1] = 5e-4 * (1.0 - ratio)
    flip = np.arctanh(ratio) / rate
    end = 2.0 * flip
    solver = Lorentz(Problem(x, y, w, a), Options())
    while solver.t < end:
        solver.step(t_end=end)
    log = solver.event_log
    assert log.kind.tolist() == [Change.FLIP]
    assert log.t[0] == pytest.approx(flip, rel=1e-6)
    assert solver.events == 0
    grown, shrunk = (1.0 - ratio) * size * np.exp(rate * end), (1.0 + ratio) * size * np.exp(-rate * end)
    assert solver.state.output_weights[0] == pytest.approx(0.5 * (grown - shrunk), rel=1e-6)


def test_steps_hardly_depend_on_the_scale() -> None:
    steps = [run(toy(scale)).steps for scale in (1e-3, 1e-20, 1e-200)]
    assert steps[1] <= steps[0] + 10  # two plateaus come in between
    assert steps[2] <= 1.2 * steps[1]


def _limit_process(problem: Problem) -> tuple[list[float], list[float], float, float]:
    """Escape times over ln(1/scale), plateau losses, final loss and variation norm as scale -> 0.

    For orthogonal inputs (Boursier et al. 2022, continued to any width): of the neurons' right-signed active
    samples not yet fitted, those of the neuron with the smallest e_j / gamma_j are fitted next.
    """
    x, y, n = problem.inputs, problem.targets, problem.samples
    rho = np.linalg.norm(x, axis=1)
    seen = (problem.weights @ x.T > 0.0) & (np.sign(problem.output_weights)[:, None] * y > 0.0)
    exponent, left = np.ones(problem.width), np.ones(n, dtype=bool)
    clock, norm, times = 0.0, 0.0, []
    losses = [float(np.sum(y**2)) / (2 * n)]
    while True:
        gamma = np.sqrt((seen & left) @ (y * rho) ** 2) / n
        if not np.any(gamma > 0.0):
            return times, losses, losses[-1], norm
        wait = np.divide(exponent, gamma, out=np.full_like(gamma, np.inf), where=gamma > 0.0)
        first = int(np.argmin(wait))
        clock += wait[first]
        exponent = exponent - gamma * wait[first]
        fitted = seen[first] & left
        norm += float(np.sqrt(np.sum((y / rho)[fitted] ** 2)))
        left &= ~fitted
        times.append(clock)
        losses.append(float(np.sum(y[left] ** 2)) / (2 * n))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_limit_process_of_orthogonal_inputs(seed: int) -> None:
    """At scale 1e-128 few neurons reach exactly the loss and norm of the limit, at times near its times."""
    generator = np.random.default_rng(seed)
    basis = np.linalg.qr(generator.standard_normal((6, 6)))[0]
    inputs = basis * generator.uniform(0.5, 2.0, 6)[:, None]
    targets = generator.uniform(0.5, 1.5, 6) * generator.choice([-1.0, 1.0], 6)
    weights, outputs = balanced(5, 6, 1e-128, seed)
    problem = Problem(inputs, targets, weights, outputs)
    times, losses, final, norm = _limit_process(problem)
    length = np.log(1e128)
    solver = Lorentz(problem, Options())
    solver.step()
    for i, loss in enumerate(losses[:-1]):
        begin, end = ([0.0, *times])[i] * length, times[i] * length
        middle = 0.5 * (begin + end)
        if end - begin > 60.0:
            while solver.t < middle:
                solver.step(t_end=middle)
            assert solver.loss == pytest.approx(loss, rel=1e-4)
    while solver.t < 3.0 * times[-1] * length + 2000.0:
        solver.step()
    state = solver.state
    assert solver.loss == pytest.approx(final, rel=1e-4, abs=1e-8)
    found = np.abs(state.output_weights) @ np.linalg.norm(state.weights, axis=1)
    assert found == pytest.approx(norm, rel=1e-4)


def _states(problem: Problem, t: float) -> tuple[Array, Array]:
    solver = Lorentz(problem, Options(rtol=1e-8))
    while solver.t < t:
        solver.step(t_end=t)
    return solver.state.weights, solver.state.output_weights


def test_invariances() -> None:
    """Permutations, a rotation, a scaling x -> c x with time / c, and splitting a neuron in two."""
    problem, t = random_problem(7), 40.0
    x, y, w, a = problem.inputs, problem.targets, problem.weights, problem.output_weights
    weights = _states(problem, t)[0]
    size = np.max(np.abs(weights))
    generator = np.random.default_rng(0)
    order, samples = generator.permutation(10), generator.permutation(6)
    turn = np.linalg.qr(generator.standard_normal((3, 3)))[0]

    found = _states(Problem(x[samples], y[samples], w[order], a[order]), t)[0]
    assert found == pytest.approx(weights[order], abs=1e-5 * size)
    found = _states(Problem(x @ turn, y, w @ turn, a), t)[0]
    assert found == pytest.approx(weights @ turn, abs=1e-5 * size)
    root = np.sqrt(2.0)
    found = _states(Problem(2.0 * x, y, w / root, a / root), t / 2.0)[0]
    assert root * found == pytest.approx(weights, abs=1e-5 * size)
    halves = (np.vstack([w, w[:1]]), np.append(a, a[0]))
    halves[0][[0, -1]] /= root
    halves[1][[0, -1]] /= root
    found = _states(Problem(x, y, *halves), t)[0]
    assert root * found[-1] == pytest.approx(weights[0], abs=1e-5 * size)


def test_mse_is_twice_as_fast() -> None:
    half = correlated()
    full = Problem(half.inputs, half.targets, half.weights, half.output_weights, "mse")
    assert 0.5 * losses_at(full, np.array([4.0])) == pytest.approx(losses_at(half, np.array([8.0])), rel=1e-5)


def test_a_stretch_without_length_releases_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Infinity times a length of zero is no number, and would hide a crossing of that neuron."""
    from reluflow.flow.lorentz import straight_motion

    found, calls = straight_motion.first_release, []

    def kept(neurons, sign, pulled, forcing, begin, end):  # type: ignore[no-untyped-def]
        releases = found(neurons, sign, pulled, forcing, begin, end)
        if neurons.sliders[0].size and np.any(np.isinf(releases.position)):
            calls.append((neurons, sign, pulled, forcing, begin))
        return releases

    without_series(monkeypatch)
    monkeypatch.setattr(straight_motion, "first_release", kept)
    run(random_problem(0, samples=12, dimension=18, width=30), end=10.0)
    assert calls
    for *given, begin in calls:
        with np.errstate(invalid="raise"):
            position = found(*given, begin, begin).position
        assert not np.any(np.isnan(position))
        assert np.any(np.isinf(position))


def test_the_residual_is_that_of_the_network_when_small_neurons_join_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from reluflow.flow.lorentz import collocation_step

    without_series(monkeypatch)
    alike = random_problem(4, samples=8, dimension=3, width=600)
    size = np.where(np.arange(600) < 100, 1.0, 1e-5)
    weights, outputs = size[:, None] * alike.weights, size * alike.output_weights
    problem = Problem(alike.inputs, alike.targets, weights, outputs)
    solver, joined, swept = Lorentz(problem, Options()), 0, collocation_step.sweep

    def counted(neurons, *given):  # type: ignore[no-untyped-def]
        nonlocal joined
        joined += len(neurons) < len(solver.context.neurons)
        return swept(neurons, *given)

    monkeypatch.setattr(collocation_step, "sweep", counted)
    while solver.loss > 0.3 * np.mean(problem.targets**2) / 2:
        solver.step()
        left = residuals(solver.state.weights, solver.state.output_weights, problem.inputs, problem.targets)
        np.testing.assert_allclose(solver.residual, left, rtol=0.0, atol=1e-13)
    assert joined > 3
