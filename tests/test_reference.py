"""The reference of benchmarks/flow.py against closed forms, an integrator of SciPy and plain descent."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

from families import FAMILIES, draw
from reference import Limits, integrate
from reference.bernstein import powers
from reference.implicit import STAGES, radau
from reference.search import first


def descent(inputs, targets, weights, output_weights, rate, times, slope=0.0):
    """Losses of plain descent at multiples of the rate."""
    w, a, found = np.array(weights, float), np.array(output_weights, float), []
    stops = np.round(np.asarray(times) / rate).astype(int)
    for step in range(stops[-1] + 1):
        z = w @ inputs.T
        on = np.where(z > 0, 1.0, slope)
        r = a @ (on * z) - targets
        if step in stops:
            found.append(r @ r / (2 * r.size))
        d = (on * (-r / r.size)) @ inputs
        w, a = w + rate * a[:, None] * d, a + rate * np.sum(w * d, axis=1)
    return np.array(found)


def extrapolated(problem, rate, times, slope=0.0):
    """Descent at half a rate, twice, less that at the rate."""
    return 2 * descent(*problem, rate / 2, times, slope) - descent(*problem, rate, times, slope)


def drawn(seed, samples, dimension, width, scale):
    rng = np.random.default_rng(seed)
    w = scale * rng.standard_normal((width, dimension))
    a = np.where(rng.random(width) < 0.5, -1, 1) * np.linalg.norm(w, axis=1)
    return rng.standard_normal((samples, dimension)), rng.standard_normal(samples), w, a


def agree(problem, times, rate, tolerance, slope=0.0):
    """The reference agrees with the limit of descent; returns its run."""
    run = integrate(*problem, slope, Limits(loss=0, time=float(times[-1])))
    assert np.max(np.abs(run.loss(times) / extrapolated(problem, rate, times, slope) - 1)) < tolerance
    return run


@pytest.mark.parametrize("scale", [1e-3, 1e-30, 1e-100])
def test_one_neuron_grows_as_the_logistic_function_says(scale):
    x, y = np.array([[1.2, 1.6]]), np.array([1.5])
    w = scale * x / 2
    run = integrate(x, y, w, [scale], limits=Limits(loss=1e-9, time=1e3))
    t = np.linspace(0, run.end, 40)
    u = (y[0] / 2) / (1 + (y[0] / (2 * scale) / scale - 1) * np.exp(-2 * 2 * y[0] * t))
    exact = (2 * u - y[0]) ** 2 / 2
    assert run.reason == "loss"
    assert np.max(np.abs(run.loss(t) - exact) / np.maximum(exact, 1e-9)) < 1e-10


def test_a_bundle_on_orthogonal_inputs_follows_its_closed_form():
    """Equal lengths, both targets positive, one neuron that sees both samples."""
    x, y = 1.5 * np.eye(2), np.array([1.0, 2.0])
    w = 1e-5 * np.array([[3.0, 1.0]])
    run = integrate(x, y, w, [np.linalg.norm(w)], limits=Limits(loss=0, time=12.0))
    forces = x.T @ y / 2
    gamma, a0 = np.linalg.norm(forces), np.linalg.norm(w)
    c, kappa = w[0] @ forces / gamma / a0, 1.5**2 / 2
    t = np.linspace(0.1, 12, 30)
    tau = gamma * t
    area = (1 - c**2) * tau / 2 + (1 + c**2) / 4 * np.sinh(2 * tau) + c / 2 * (np.cosh(2 * tau) - 1)
    u = a0**2 * (np.cosh(tau) + c * np.sinh(tau)) ** 2 / (1 + 2 * kappa * a0**2 / gamma * area)
    cosine = np.tanh(np.arctanh(c) + tau)
    fitted = 2 * gamma * cosine * u - kappa * u**2
    exact = y @ y / 4 - fitted / 2
    assert np.max(np.abs(run.loss(t) - exact)) < 1e-12


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_a_general_integrator_agrees_where_nothing_slides(slope):
    problem = drawn(3, 4, 6, 5, 0.7)
    x, y, w, a = problem
    run = integrate(*problem, slope, Limits(loss=0, time=6.0))
    assert not run.slid

    def velocity(_, state):
        w, a = state[:-5].reshape(5, 6), state[-5:]
        z = w @ x.T
        on = np.where(z > 0, 1.0, slope)
        d = (on * (a @ (on * z) - y) / -4) @ x
        return np.concatenate([(a[:, None] * d).ravel(), np.sum(w * d, axis=1)])

    t = np.linspace(0.5, 6, 12)
    found = solve_ivp(velocity, (0, 6), np.concatenate([w.ravel(), a]), "DOP853", t, rtol=1e-12, atol=1e-14)
    states = found.y.T
    z = np.einsum("tjd,kd->tjk", states[:, :-5].reshape(12, 5, 6), x)
    r = np.einsum("tj,tjk->tk", states[:, -5:], np.where(z > 0, z, slope * z)) - y
    assert np.max(np.abs(run.loss(t) / np.mean(r**2 / 2, axis=1) - 1)) < 1e-8


@pytest.mark.parametrize("slope", [pytest.param(0.0, marks=pytest.mark.slow), 0.2])
def test_descent_tends_to_the_reference_where_neurons_slide(slope):
    run = agree(drawn(2, 7, 3, 8, 0.3), np.array([1.0, 2, 4, 6]), 1 / 1024, 5e-4, slope)
    assert run.slid
    assert not run.choices


def test_a_neuron_that_loses_its_last_active_sample_while_it_slides_stays_off():
    """It slides on the second sample until the first goes off; then the second one's residual turns."""
    x = np.array([[1.0, 0.0], [-0.6, 1.0]])
    y = np.array([-1.0, 1.0])
    w, a = np.array([[0.3, -0.1], [0.1, 0.5]]), np.array([0.6, 0.6])
    run = agree((x, y, w, a), np.array([1.0, 2, 4, 6, 8]), 1 / 1024, 1e-4)
    assert run.events["cross"] >= 1


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 5, 8))])
def test_through_the_origin_the_reference_goes_as_descent_does(seed):
    """Dominated neurons on a line with a bias: some reach w = 0 while they slide."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.uniform(-2, 2, 4), np.ones(4)])
    w = 0.3 * rng.standard_normal((6, 2))
    a = rng.choice([-1, 1], 6) * np.sqrt(np.sum(w**2, axis=1) + 0.2)
    agree((x, rng.uniform(-1, 1, 4), w, a), np.array([1.0, 2, 4, 8, 16]), 1 / 256, 3e-4)


def test_samples_given_twice_are_one_sample_of_twice_the_weight():
    x, y, w, a = drawn(4, 5, 3, 9, 1e-3)
    twice = np.concatenate([x, x[:1]]), np.concatenate([y, y[:1]]), w, a
    longer = np.concatenate([np.sqrt(2) * x[:1], x[1:]]), np.concatenate([np.sqrt(2) * y[:1], y[1:]]), w, a
    one = integrate(*twice, limits=Limits(loss=0, time=30.0))
    other = integrate(*longer, limits=Limits(loss=0, time=25.0))
    t = np.linspace(1, 24, 20)
    assert one.slid
    assert np.max(np.abs(one.loss(t * 1.2) * 6 / (other.loss(t) * 5) - 1)) < 1e-9


def test_on_exactly_opposite_inputs_descent_tends_to_the_reference():
    x, y, w, a = drawn(7, 3, 2, 8, 0.4)
    problem = np.concatenate([x, -x[:2]]), np.concatenate([y, [0.5, -0.7]]), w, a
    assert agree(problem, np.array([1.0, 2, 4, 8]), 1 / 512, 1e-4).slid


def test_neurons_that_start_on_kinks_start_as_descents_first_step():
    x = np.array([[1.0, 0, 2], [0, 1, -1], [1, 1, 0], [-1, 2, 1], [2, 0, -1]])
    y = np.array([1.0, -0.5, 0.7, 0.4, -1.2])
    w = 0.25 * np.array([[2.0, 0, -1], [1, -1, 0], [0, 1, 1], [0, 0, 1], [-1, 0, 0], [0, 0, 0]])
    a = np.linalg.norm(w, axis=1) * [1, -1, 1, 1, -1, 1]
    run = agree((x, y, w, a), np.array([1.0, 2, 4, 8]), 1 / 512, 1e-4)
    assert run.events["start on kink"] >= 4


def test_an_output_weight_that_turns_while_w_slides_is_a_choice():
    """It slides on the second sample, above it in a third of descent's steps; the first one takes a to 0."""
    x = np.array([[1.0, 0.0], [-1.0, 1.0]])
    run = integrate(
        x, np.array([-2.0, -3.0]), np.array([[1.0, 1.0]]), np.array([0.3]), limits=Limits(loss=0, time=0.5)
    )
    assert run.events["flip while sliding"] == 1
    assert len(run.choices) == 1


def test_no_root_is_missed_between_two_looks():
    """(x - c)^2 - d^2 is negative on an interval of length 2 d only."""
    basis = powers(6)
    for c, d in [(0.3, 1e-3), (0.712345, 1e-6), (0.5, 1e-8)]:
        polynomial = np.zeros(7, np.longdouble)
        polynomial[:3] = [np.longdouble(c) ** 2 - np.longdouble(d) ** 2, -2 * np.longdouble(c), 1]
        found = first(polynomial[None], basis)
        assert found is not None
        assert abs(float(found[1]) - (c - d)) < 1e-9
        polynomial[0] += 2 * np.longdouble(d) ** 2
        assert first(polynomial[None], basis) is None


def test_the_first_of_many_roots_is_found():
    rng = np.random.default_rng(0)
    coefficients = rng.standard_normal((200, 7))
    coefficients[:, 0] = np.abs(coefficients[:, 0]) + 0.3
    roots = []
    for row in coefficients:
        every = np.roots(row[::-1])
        real = every.real[(np.abs(every.imag) < 1e-9) & (every.real > 0) & (every.real <= 1)]
        roots.append(np.min(real, initial=2.0))
    found = first(coefficients.astype(np.longdouble), powers(6))
    assert found is not None
    assert found[0] == np.argmin(roots)
    assert abs(float(found[1]) - min(roots)) < 1e-9


def test_the_implicit_rule_is_exact_for_polynomials_of_its_degree():
    rule = radau()
    for k in range(STAGES):
        exact = rule.nodes ** (k + 1) / (k + 1)
        assert np.max(np.abs(rule.integrals @ rule.nodes**k - exact)) < 1e-17
    top = 2 * STAGES - 2
    assert abs(rule.integrals[-1] @ rule.nodes**top - 1 / np.longdouble(top + 1)) < 1e-17


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_draws_the_same_problem_for_the_same_seed_and_number(name):
    for number in range(3):
        case, again, other = draw(name, 7, number), draw(name, 7, number), draw(name, 8, number)
        m, d = case.weights.shape
        assert case.inputs.shape == (len(case.targets), d)
        assert case.output_weights.shape == (m,)
        for key in ("inputs", "targets", "weights", "output_weights"):
            assert np.all(np.isfinite(getattr(case, key)))
            assert np.array_equal(getattr(case, key), getattr(again, key))
        assert not np.array_equal(case.weights, other.weights)
        assert case.balanced == ("dominated" not in name and "unbalanced" not in name)
