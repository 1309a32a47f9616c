"""Small neurons under a frozen residual are where the solver, and plain descent, take them."""

import numpy as np
import pytest
from theory_cases import case

import reluflow
from reluflow.flow.events import Change
from reluflow.network import row_norms
from reluflow.theory.resting import growth_rate_bound
from reluflow.theory.small_neurons import OFF, Field, final_growth, flowed

#: nothing is seen of neurons of this scale
SCALE = 1e-12


def unbalanced(seed: int, kind: str):
    """Data and 40 neurons of scale one whose two layers are of different sizes."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(4, 9)), 40
    inputs = {
        "line": lambda: np.column_stack([rng.uniform(-1.5, 1.5, n), np.ones(n)]),
        "one dimension": lambda: rng.normal(size=(n, 1)),
        "plane in four dimensions": lambda: rng.normal(size=(n, 2)) @ rng.normal(size=(2, 4)),
        "space": lambda: rng.normal(size=(n, 3)),
        "integers": lambda: rng.integers(-2, 3, size=(n, 2)).astype(float),
    }[kind]()
    targets = rng.normal(size=n)
    weights = rng.normal(size=(m, inputs.shape[1]))
    if kind == "integers":  # many begin on kinks, and inputs are parallel
        weights = rng.integers(-2, 3, size=weights.shape).astype(float)
    outputs = np.exp(0.7 * rng.normal(size=m)) * row_norms(weights) * np.where(rng.random(m) < 0.5, 1.0, -1.0)
    return inputs, targets, weights, outputs


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["line", "one dimension", "plane in four dimensions", "space", "integers"])
def test_they_go_where_the_solver_takes_them(seed, kind):
    inputs, targets, weights, outputs = unbalanced(seed, kind)
    end = 16.0 / growth_rate_bound(inputs, targets)
    found = flowed(SCALE * weights, SCALE * outputs, Field(inputs, targets), end)
    run = reluflow.simulate(inputs, targets, SCALE * weights, SCALE * outputs, times=[end], rtol=1e-8)
    scale = np.exp(found.log)
    there, height = run.weights[-1], run.output_weights[-1]
    size = np.maximum(np.maximum(row_norms(there), np.abs(height)), 1e-3 * SCALE)
    assert np.max(row_norms(scale[:, None] * found.weights - there) / size) < 1e-5
    assert np.max(np.abs(scale * found.output_weights - height) / size) < 1e-5
    assert np.any(np.sign(height) != np.sign(outputs))


def test_they_are_followed_far_beyond_what_a_float_holds():
    inputs, targets = np.eye(2), np.array([1.0, -1.0])
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    outputs = np.array([1.0, -1.0])
    found = flowed(weights, outputs, Field(inputs, targets), 5000.0)
    np.testing.assert_allclose(found.log + np.log(row_norms(found.weights)), 2500.0)
    np.testing.assert_allclose(row_norms(found.weights), np.abs(found.output_weights))


def test_a_neuron_that_shrinks_for_ever_stays_balanced():
    inputs, targets = np.array([[1.0]]), np.array([-1.0])
    found = flowed(np.array([[1.0]]), np.array([1.0]), Field(inputs, targets), 300.0)
    assert found.log[0] + np.log(found.weights[0, 0]) == pytest.approx(-300.0)
    assert found.weights[0, 0] == pytest.approx(found.output_weights[0], rel=1e-12)


def test_a_neuron_that_turns_back_meets_its_kinks_at_once_again():
    """It has slid off one kink where it met another, and comes back there once a has changed its sign."""
    rng = np.random.default_rng(5)
    n = int(rng.integers(3, 12))
    inputs, targets, weights = rng.normal(size=(n, 3)), rng.normal(size=n), rng.normal(size=(60, 3))
    ratio = np.exp(0.7 * rng.normal(size=60))
    outputs = ratio * row_norms(weights) * np.where(rng.random(60) < 0.5, 1.0, -1.0)
    one = SCALE * weights[[21]], SCALE * outputs[[21]]
    for t in (6.0, 7.0, 12.0, 30.0):
        found = flowed(*one, Field(inputs, targets), t)
        run = reluflow.simulate(inputs, targets, *one, times=[t], rtol=1e-8)
        size = np.linalg.norm(run.weights[-1])
        np.testing.assert_allclose(np.exp(found.log) * found.weights, run.weights[-1], atol=1e-6 * size)
    assert np.count_nonzero(run.events.kind == Change.FLIP) == 1


def test_a_sign_that_changes_while_a_neuron_slides_is_where_the_solver_has_it():
    """Neuron 5 reaches a = 0 at t = 48.41 on a kink, which repels it from then on."""
    problem = case("wu-seed1-flip-while-sliding")
    parts = problem.weights, problem.output_weights, Field(problem.inputs, problem.targets)
    for rtol in (1e-6, 1e-8):
        run = reluflow.simulate(
            problem.inputs, problem.targets, problem.weights, problem.output_weights,
            times=[45.0, 48.4, 48.6, 60.0, 80.0], rtol=rtol,
        )  # fmt: skip
        for t, there, height in zip(run.t, run.weights, run.output_weights, strict=True):
            found = flowed(*parts, float(t))
            scale = float(np.exp(found.log[5]))
            size = float(np.hypot(row_norms(there)[5], height[5]))
            assert np.linalg.norm(scale * found.weights[5] - there[5]) < 1e-3 * size
            assert abs(scale * found.output_weights[5] - height[5]) < 1e-3 * size
        assert np.sign(run.output_weights[0][5]) == -np.sign(run.output_weights[-1][5])


#: dominated neurons that slide into the origin, and when they die under descent
DEATHS = [
    ("unbalanced-limit-37", 7, 6.78),
    ("dominated-limit-37", 10, 10.42),
    ("dominated-limit-37", 5, 23.05),
]


def of_size_one(problem, neuron):
    """Weights (1, d) and output weight (1,) of a neuron over the size of that."""
    size = abs(problem.output_weights[neuron])
    return problem.weights[[neuron]] / size, problem.output_weights[[neuron]] / size


@pytest.mark.parametrize(("name", "neuron", "death"), DEATHS)
def test_a_dominated_neuron_that_slides_into_the_origin_dies_as_under_descent(name, neuron, death):
    problem = case(name)
    course = final_growth(*of_size_one(problem, neuron), problem.inputs, problem.targets)
    assert course.rate[0] == 0.0
    assert course.settled[0] == pytest.approx(death, abs=0.01)
    np.testing.assert_array_equal(course.status[0], OFF)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "neuron", "death"), DEATHS)
def test_they_die_at_these_times_under_descent(name, neuron, death):
    problem = case(name)
    inputs, targets = problem.inputs, problem.targets
    weights, output = of_size_one(problem, neuron)
    for rate in (3e-3, 1e-3):
        w, a, steps = weights[0].copy(), float(output[0]), 0
        while np.any(w @ inputs.T > 0.0) and steps * rate < 2.0 * death:
            pull = ((w @ inputs.T > 0.0) * targets) @ inputs / targets.size
            w, a, steps = w + rate * a * pull, a + rate * float(w @ pull), steps + 1
        assert steps * rate == pytest.approx(death, abs=0.05)
