"""Theory with a slope: what generalises holds to working accuracy, what does not says so."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import balanced, five_points, smooth, toy, with_bias
from scipy.optimize import linprog

from reluflow.errors import ProblemError
from reluflow.flow import make_solver
from reluflow.flow.base import Options, State
from reluflow.network import activation, predictions
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.store.locations import shipped_presets
from reluflow.store.preset import load_preset
from reluflow.theory import all_predictions
from reluflow.theory.alignment import extremal_directions
from reluflow.theory.escape import classify, descent_speed, escape_rates
from reluflow.theory.forecast import forecast
from reluflow.theory.general import rest_rate
from reluflow.theory.minimum_norm import minimum_norm
from reluflow.theory.resting import one_sign_rate_bound
from reluflow.theory.small_neurons import OFF, ON, SLIDING, final_growth, pulls
from reluflow.training.measuring import train
from reluflow.verification import verify

SLOPES = st.floats(0.01, 0.95)
#: Chapters of the theory that are for the ReLU.
RELU_ONLY = ("orthogonal/", "correlated/", "limit/")
SEEDS = st.integers(0, 10**6)


def circle(count: int) -> np.ndarray:
    angles = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)])


@given(seed=SEEDS, slope=SLOPES)
@settings(max_examples=25)
def test_escape_rates_are_the_maxima_over_a_fine_circle(seed, slope):
    rng = np.random.default_rng(seed)
    inputs, residual = rng.normal(size=(5, 2)), rng.normal(size=5)
    grown = activation(circle(20_000) @ inputs.T, slope) @ residual / 5.0
    # G changes by at most this between a direction and the nearest of the circle
    spacing = np.pi / 20_000 * np.abs(residual) @ np.linalg.norm(inputs, axis=1) / 5.0
    rates = escape_rates(inputs, residual, slope)
    assert rates.plus.exact
    for sign, rate in ((1.0, rates.plus.low), (-1.0, rates.minus.low)):
        seen = max(np.max(sign * grown), 0.0)
        assert seen - 1e-12 <= rate <= seen + spacing
        assert one_sign_rate_bound(inputs, sign * residual, slope) >= rate * (1.0 - 1e-12)


@pytest.mark.parametrize("slope", [0.05, 0.4])
@pytest.mark.parametrize("seed", range(6))
def test_extremal_directions_are_the_local_maxima_on_the_circle(seed, slope):
    rng = np.random.default_rng(seed)
    inputs, residual = rng.normal(size=(4, 2)), rng.normal(size=4)
    points = circle(40_000)
    found = extremal_directions(inputs, residual, slope=slope)
    assert found.exact
    for sign in (1, -1):
        grown = sign * activation(points @ inputs.T, slope) @ residual / 4.0
        tops = (grown > np.roll(grown, 1)) & (grown > np.roll(grown, -1)) & (grown > 1e-6)
        own = [one for one in found.attractors if one.sign == sign and one.rate > 1e-6]
        assert len(own) == np.count_nonzero(tops)
        for one in own:
            nearest = np.argmax(points @ one.direction)
            assert grown[nearest] == pytest.approx(one.rate, rel=1e-3)


def test_small_neurons_go_where_euler_steps_take_them():
    """Random data, r = y: kinks crossed and slid along, in closed form and by small steps."""
    slope, h, t_end = 0.15, 1e-3, 20.0
    rng = np.random.default_rng(1)
    problem = balanced(rng.normal(size=(6, 3)), 3.0 * rng.normal(size=6), 40, 1e-6)
    found = final_growth(
        problem.weights, problem.output_weights, problem.inputs, problem.targets, slope=slope
    )
    sign, u = np.sign(problem.output_weights), problem.weights / np.abs(problem.output_weights)[:, None]
    log_size = np.log(np.abs(problem.output_weights))
    for _ in range(round(t_end / h)):
        share = np.where(u @ problem.inputs.T > 0.0, 1.0, slope)
        pull = sign[:, None] * ((share * problem.targets) @ problem.inputs) / problem.samples
        growth = np.einsum("jd,jd->j", u, pull)
        u = u + h * (pull - growth[:, None] * u)
        u /= np.linalg.norm(u, axis=1)[:, None]
        log_size = log_size + h * growth
    settled = (found.settled < 0.5 * t_end) & (found.rate > 0.3)
    assert np.count_nonzero(settled) > 12
    assert np.any(found.status[settled] == SLIDING)
    # |w| of a balanced neuron that has turned is its a, and log_size is that of both
    np.testing.assert_allclose(u[settled], found.direction[settled], atol=5e-3)
    expected = found.log_size + found.rate * t_end
    np.testing.assert_allclose(log_size[settled], expected[settled], atol=0.03)


def test_shares_lie_between_the_slope_and_one():
    """On the kink of x_2 the multiplier is 0.6: below that slope the neuron slides, above it crosses."""
    inputs, residual = np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([1.0, -1.0])
    start, a = np.array([[0.8, 0.6]]), np.array([1.0])
    for slope, status in ((0.2, SLIDING), (0.59, SLIDING), (0.61, OFF), (0.9, OFF)):
        found = final_growth(start, a, inputs, residual, slope=slope)
        assert found.status.tolist() == [[ON, status]]
        pull = (inputs[0] - max(slope, 0.6) * inputs[1]) / 2.0
        np.testing.assert_allclose(found.rate, np.linalg.norm(pull), rtol=1e-12)
    on_kink = np.array([[0.8, -0.6]])
    np.testing.assert_allclose(pulls(on_kink, a, inputs, residual, 0.2), [[0.32, -0.24]], atol=1e-12)
    np.testing.assert_allclose(pulls(on_kink, a, inputs, residual, 0.8), [[0.26, -0.32]], atol=1e-12)


def test_on_two_kinks_at_once_the_pull_is_the_shortest_of_all_shares():
    rng = np.random.default_rng(4)
    for _ in range(6):
        inputs, slope = rng.normal(size=(4, 3)), 0.3
        residual = np.array([*rng.normal(size=2), -1.0, -1.0])
        on_both = np.cross(inputs[2], inputs[3])[None]
        share = np.where(inputs[:2] @ on_both[0] > 0.0, 1.0, slope)
        given = (share * residual[:2]) @ inputs[:2] / 4.0
        alphas = np.stack(np.meshgrid(*[np.linspace(slope, 1.0, 301)] * 2), axis=-1).reshape(-1, 2)
        lengths = np.linalg.norm(given - alphas @ inputs[2:] / 4.0, axis=1)
        found = pulls(on_both, np.ones(1), inputs, residual, slope)[0]
        assert np.linalg.norm(found) == pytest.approx(lengths.min(), abs=1e-3)
        assert np.linalg.norm(found) <= lengths.min() * (1.0 + 1e-12)


def test_a_neuron_that_sees_nothing_comes_to_grow():
    """ReLU leaves it where it is; with a slope it turns about and ends in the best direction."""
    inputs, residual = np.array([[1.0, 0.0], [0.8, 0.6]]), np.array([1.0, 0.5])
    start, a = np.array([[-1.0, 0.3]]), np.array([np.hypot(1.0, 0.3)])
    assert final_growth(start, a, inputs, residual).rate.tolist() == [0.0]
    found = final_growth(start, a, inputs, residual, slope=0.01)
    assert found.status.tolist() == [[ON, ON]]
    assert found.rate[0] == pytest.approx(escape_rates(inputs, residual, 0.01).plus.low, rel=1e-12)
    assert found.settled[0] > 100.0


class TestMinimumNorm:
    @pytest.mark.parametrize("slope", [0.1, 0.5])
    @pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
    def test_agrees_with_a_linear_programme_over_a_fine_circle(self, seed, slope):
        rng = np.random.default_rng(seed)
        inputs, targets = with_bias(rng.normal(size=4)), rng.normal(size=4)
        found = minimum_norm(inputs, targets, slope)
        assert found.gap <= 1e-9 * found.value
        np.testing.assert_allclose(
            predictions(found.weights, found.output_weights, inputs, slope), targets, atol=1e-9
        )
        # the best directions lie on kinks, or inside of a cone where the norm is flat about them
        kinks = np.column_stack([-inputs[:, 1], inputs[:, 0]]) / np.linalg.norm(inputs, axis=1)[:, None]
        hidden = activation(np.vstack([circle(4000), kinks, -kinks]) @ inputs.T, slope)
        columns = np.vstack([hidden, -hidden]).T
        grid = linprog(np.ones(columns.shape[1]), A_eq=columns, b_eq=targets).fun
        assert found.value <= grid * (1.0 + 1e-9)
        assert found.value == pytest.approx(grid, rel=1e-5)

    def test_two_orthogonal_points_in_closed_form(self):
        """Targets 1 and -1 on unit vectors: one neuron a sign, along x_1 - s x_2 and x_2 - s x_1.

        Both of mass u: h(x_1) = u (1 + s^2) / sqrt(1 + s^2), s^2 of it from the neuron inactive there.
        """
        for slope in (0.0, 0.01, 0.4):
            assert minimum_norm(np.eye(2), [1.0, -1.0], slope).value == pytest.approx(
                2.0 / np.sqrt(1.0 + slope**2), rel=1e-12
            )

    def test_slope_zero_is_the_relu_and_bad_slopes_are_refused(self):
        problem = five_points()
        assert minimum_norm(problem.inputs, problem.targets, 0.0).value == pytest.approx(8.203977, abs=1e-6)
        with pytest.raises(ProblemError, match=r"slope is 1\.0"):
            minimum_norm(problem.inputs, problem.targets, 1.0)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_the_first_escape_comes_when_it_is_forecast(seed):
    rng = np.random.default_rng(seed)
    problem = replace(balanced(with_bias(rng.normal(size=4)), rng.normal(size=4), 16, 1e-7, seed), slope=0.2)
    found = forecast(problem)
    solver = make_solver("polar", problem, Options(rtol=1e-6))
    while solver.loss > found.loss and solver.t < 2.0 * found.time:
        solver.step()
    assert solver.t == pytest.approx(found.time, rel=0.01)


def test_a_sample_that_no_neuron_sees_is_forecast_as_its_shrunk_mirror_image():
    """sigma(<w, -x/s>) = -<w, x>: with (-x/s, -y) in the place of (x, y) the network moves as before."""
    slope, relu = 0.3, smooth(scale=1e-6)
    flip = np.array([1.0, -1.0, 1.0, -1.0, -1.0])
    inputs = relu.inputs * np.where(flip < 0.0, -1.0 / slope, 1.0)[:, None]
    leaky = Problem(inputs, flip * relu.targets, relu.weights, relu.output_weights, slope=slope)
    # half of the fit is done by one large neuron, the other half is what is forecast
    large = relu.weights.copy(), relu.output_weights.copy()
    large[0][0], large[1][0] = 0.7 * relu.weights[1] / np.linalg.norm(relu.weights[1]), 0.7
    for state in (None, State(0.0, *large)):
        one, other = forecast(relu, state), forecast(leaky, state)
        for name in ("time", "loss", "time_alone", "rate", "mass", "log_mass", "rivals"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-9), name
    states = [State(0.0, relu.weights, relu.output_weights), State(0.0, *large)]
    fallen = [
        descent_speed(problem, states[1], left) for problem, left in ((relu, LEFT), (leaky, flip * LEFT))
    ]
    assert fallen[0] == pytest.approx(fallen[1], rel=1e-12)


#: some residual y - h of five samples
LEFT = np.array([1.0, 0.5, -0.3, 0.2, 0.1])


def test_verdicts_name_the_rates_of_the_leaky_network():
    """Nothing fitted yet, residual (1, -1): the best direction is x_1 - s x_2."""
    tiny = np.array([[1e-9, 1e-9]])
    problem = Problem(np.eye(2), [1.0, -1.0], tiny, [np.linalg.norm(tiny)], slope=0.5)
    verdict = classify(problem, State(0.0, problem.weights, problem.output_weights))
    assert verdict.kind == "saddle"
    assert verdict.gamma_all.low == pytest.approx(0.5 * np.sqrt(1.25), rel=1e-9)
    assert verdict.gamma_available == pytest.approx(verdict.gamma_all.low, rel=1e-9)


def test_a_network_whose_neurons_are_blind_is_a_saddle_with_a_slope():
    """One sample fitted, the other seen by no neuron: for ReLU a spurious minimum, else a saddle."""
    weights = np.array([[0.0, 1.0], [-1e-6, -1e-6]])
    state = State(0.0, weights, np.array([-1.0, np.hypot(1e-6, 1e-6)]))
    arrays = np.eye(2), [1.0, -1.0], *vars(state).values()
    kinds = [
        classify(Problem(arrays[0], arrays[1], weights, state.output_weights, slope=slope), state).kind
        for slope in (0.0, 0.01)
    ]
    assert kinds == ["spurious local minimum", "saddle"]


def test_rest_is_read_with_the_slope():
    """A network that fits under a slope is at rest under it, and not under another."""
    inputs, weights, outputs = np.eye(2), np.array([[1.0, -1.0], [1e-6, 1e-6]]), np.array([1.0, -2e-6])
    targets = predictions(weights, outputs, inputs, 0.5)
    series = {"t": np.array([0.0, 1.0]), "loss": np.array([1.0, 1e-30])}
    states = Snapshots(np.array([0.0]), weights[None], outputs[None])
    fits = Problem(inputs, targets, weights, outputs, slope=0.5)
    assert rest_rate(Measured(fits, series, states, "stationary")) == 0.0
    # what is left is (0.1, -0.1), for which the small neuron finds the best direction of all
    off = replace(fits, targets=targets + np.array([0.1, -0.1]))
    assert rest_rate(Measured(off, series, states, "stationary")) == pytest.approx(1.0, rel=1e-9)


class TestRows:
    @pytest.mark.parametrize(
        "problem",
        [toy(), balanced([[1.0, 0.2], [0.9, -0.1]], [1.0, 0.8], 8, 1e-6)],
        ids=["orthogonal", "one teacher"],
    )
    def test_theorems_for_the_relu_say_that_the_slope_is_another(self, problem):
        relu, leaky = (all_predictions(replace(problem, slope=slope)) for slope in (0.0, 0.1))
        assert [row.id for row in relu] == [row.id for row in leaky]
        for before, row in zip(relu, leaky, strict=True):
            if row.id.startswith(RELU_ONLY):
                assert not row.applies
                assert row.reason.startswith("the slope of the activation is 0.1: ")
                assert row.predicted is None
            else:
                assert row.applies == before.applies, row.id
        assert any(row.applies for row in relu if row.id.startswith(RELU_ONLY))

    def test_the_preset_holds_and_a_relu_run_does_not_pass_for_it(self):
        preset = load_preset(str(shipped_presets() / "leaky.toml"))
        measured = train(preset)
        rows = {row.id: row for row in verify(measured)}
        holding = {id for id, row in rows.items() if row.holds}
        assert holding == {
            "minimum-norm/bound",
            "general/sign-flips",
            "general/conservation",
            "general/pair-law",
            "early/aligned",
            "general/first-escape",
        }
        assert all(row.holds is not False for row in rows.values())
        assert rows["minimum-norm/bound"].measured == pytest.approx(0.99967, abs=5e-5)
        ends = [saddle.end for saddle in measured.saddles]
        assert [saddle.loss for saddle in measured.saddles] == pytest.approx([0.5, 0.2477], abs=1e-3)
        assert ends == pytest.approx([31.75, 39.34], abs=0.02)

    def test_its_notes_say_what_relu_does(self):
        preset = load_preset(str(shipped_presets() / "leaky.toml"), {"network.slope": 0.0})
        problem = preset.problem()
        plus = problem.output_weights > 0.0
        assert not np.any(problem.weights[plus] @ problem.inputs[0] > 0.0)
        measured = train(preset)
        assert measured.status == "stationary"
        assert measured.series["loss"][-1] == pytest.approx(0.25, rel=1e-6)
