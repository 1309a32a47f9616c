"""What is observed and drawn of a leaky network is that of a leaky network."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import toy, with_bias

from reluflow.flow.base import Options, State
from reluflow.network import gradient, loss_of, predictions, residuals
from reluflow.observe.history import History
from reluflow.observe.inspection import inspect
from reluflow.observe.quantities import kernel_spectrum, live, quantities
from reluflow.observe.recorder import RecordRules
from reluflow.observe.roster import Roster
from reluflow.observe.samples import record_sample, report_sample
from reluflow.plot.glyphs import BRAILLE
from reluflow.plot.views import spectrum
from reluflow.plot.views.function import function_view, sampled_function
from reluflow.problem import Problem
from reluflow.training.simulation import simulate
from reluflow.training.training import StopRules, Training


def start() -> tuple[np.ndarray, np.ndarray]:
    """A small balanced start of twelve neurons in two dimensions."""
    weights = 1e-4 * np.random.default_rng(5).normal(size=(12, 2))
    return weights, np.linalg.norm(weights, axis=1) * np.resize([1.0, -1.0], 12)


class TestObserved:
    """A neuron that sees nothing, one on a kink, and one that sees all of two samples."""

    STATE = State(0.0, np.array([[-1.0, -1.0], [0.0, -1.0], [1.0, 2.0]]), np.array([1.0, 1.0, -0.5]))

    @staticmethod
    def problem(slope: float) -> Problem:
        return Problem(np.eye(2), [1.0, -2.0], np.ones((3, 2)), np.ones(3), slope=slope)

    def test_no_neuron_is_dead_with_a_slope(self):
        assert live(self.STATE, self.problem(0.0)).tolist() == [False, False, True]
        assert live(self.STATE, self.problem(0.1)).tolist() == [True, True, True]
        assert quantities(self.STATE, self.problem(0.1))["live_plus"] == 2
        words = [inspect(self.STATE, self.problem(slope), 0).condition for slope in (0.0, 0.1)]
        assert words == ["dead", "live"]

    def test_rates_of_a_neuron_are_those_of_the_gradient(self):
        problem, state = self.problem(0.1), self.STATE
        by_weight, by_output = gradient(
            state.weights, state.output_weights, problem.inputs, problem.targets, slope=0.1
        )
        for j in range(3):
            found = inspect(state, problem, j)
            assert found.pull * abs(found.output_weight) == pytest.approx(np.linalg.norm(by_weight[j]))
            size = np.linalg.norm(state.weights[j])
            assert found.growth * size * np.sign(found.output_weight) == pytest.approx(-by_output[j])

    def test_the_recorded_gradient_is_that_of_the_leaky_network(self):
        problem = replace(toy(scale=0.1), slope=0.2)
        parts = gradient(problem.weights, problem.output_weights, problem.inputs, problem.targets, slope=0.2)
        training = Training(problem, "polar")
        recorded = training.recorder.series["gradient_norm"][0]
        assert recorded == pytest.approx(np.sqrt(sum(np.vdot(part, part) for part in parts)), rel=1e-12)

    def test_a_blind_neuron_that_grows_keeps_a_run_from_being_stationary(self):
        """One neuron of the wrong side: dead for ReLU, on its way to the fit for leaky ReLU."""
        arrays = [[1.0]], [1.0], [[-1e-3]], [1e-3]
        assert simulate(*arrays, method="polar", stop_loss=1e-9).status == "stationary"
        # a > 0 and z < 0: it shrinks for ever, for h = a slope z has the wrong sign
        assert simulate(*arrays, method="polar", stop_loss=1e-9, slope=0.1).status == "stationary"
        turned = *arrays[:3], [-1e-3]
        assert simulate(*turned, method="polar", stop_loss=1e-9, slope=0.1).status == "converged"

    def test_nor_does_a_plateau_of_many_times_the_patience_stop_it(self):
        arrays = [[1.0]], [1.0], [[-1e-200]], [-1e-200]
        found = simulate(*arrays, method="polar", rtol=1e-4, stop_loss=1e-6, slope=0.05)
        assert found.status == "converged"
        assert found.t[-1] > 5_000.0

    def test_waiting_by_the_slope_is_no_rest_however_small_the_slope(self):
        """The plateau of the preset ``leaky``, which lasts like 1/slope: here many times the patience."""
        weights = 1e-6 * np.array([[-1.0, 0.5], [-0.06, -1.0], [-0.2, 1.0]])
        outputs = np.linalg.norm(weights, axis=1) * [1.0, 1.0, -1.0]
        arrays = np.eye(2), [1.0, -1.0], weights, outputs
        found = simulate(*arrays, method="polar", rtol=1e-4, stop_loss=0.1, slope=1e-4)
        assert found.status == "converged"
        assert found.t[-1] > 900.0

    def test_a_fit_that_cannot_be_bettered_is_still_a_rest(self):
        """Two targets at one input: the loss ends at a half of their spread, slope or not."""
        problem = Problem([[1.0, 0.5], [1.0, 0.5], [0.3, 1.0]], [1.0, 0.0, 0.4], *start(), slope=0.1)
        training = Training(problem, "polar", Options(rtol=1e-5), StopRules(loss=1e-9, time=1e6))
        while training.status == "running":
            training.advance()
        assert training.status == "stationary"
        assert training.solver.loss == pytest.approx(0.5 * 0.5 / 3.0, rel=1e-6)

    def test_recorded_losses_are_those_of_the_recorded_states(self):
        problem = replace(toy(scale=0.1), slope=0.2)
        rules = RecordRules(snapshots=2000, resolution=1e-3)
        training = Training(problem, "dop853", Options(rtol=1e-6), StopRules(time=8.0), rules)
        while training.status == "running":
            training.single_step()
        series, states = training.recorder.series, training.recorder.snapshots
        assert len(states.t) > 100
        for t, weights, outputs in zip(states.t, states.weights, states.output_weights, strict=True):
            residual = residuals(weights, outputs, problem.inputs, problem.targets, 0.2)
            assert series["loss"][series["t"] == t][0] == pytest.approx(loss_of(residual), rel=1e-9)

    def test_losses_elsewhere_are_those_of_the_leaky_network(self):
        problem, points, targets = self.problem(0.1), np.array([[-1.0, 2.0]]), np.array([3.0])
        state = self.STATE
        expected = loss_of(residuals(state.weights, state.output_weights, points, targets, 0.1))
        found = quantities(state, problem, points=points, point_targets=targets)
        assert found["point_loss"] == pytest.approx(expected, rel=1e-14)


def test_the_kernel_that_is_drawn_is_the_one_that_is_measured():
    state = State(0.0, np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.3]]), np.array([1.0, -0.5, 2.0]))
    problem = Problem(np.array([[1.0, 0.2], [-0.7, 1.0]]), [1.0, 1.0], state.weights, np.ones(3), slope=0.3)
    drawn = 10.0 ** spectrum.kernel_spectrum(state, problem).logs
    np.testing.assert_allclose(drawn, kernel_spectrum(state, problem), rtol=1e-12)


def test_the_drawn_function_has_its_slope_below_zero():
    """One neuron that is on for x < 0 only: flat beyond for ReLU, falling on for leaky ReLU."""
    state = State(0.0, np.array([[-1.0, 0.0]]), np.array([1.0]))
    arrays = with_bias([-1.0, 1.0]), [1.0, 0.0], state.weights, state.output_weights
    relu, leaky = (
        function_view(state, Problem(*arrays, slope=slope), 60, 12, BRAILLE, None) for slope in (0.0, 0.9)
    )
    assert relu != leaky


@given(seed=st.integers(0, 10**6), slope=st.floats(0.0, 0.99))
@settings(max_examples=30)
def test_the_curve_of_the_function_is_the_network(seed, slope):
    rng = np.random.default_rng(seed)
    lines, outputs = rng.normal(size=(9, 2)), rng.normal(size=9)
    lines[0, 0] = 0.0
    grid = np.linspace(-2.0, 2.0, 41)
    expected = predictions(lines, outputs, with_bias(grid), slope)
    np.testing.assert_allclose(sampled_function(lines, outputs, grid, slope), expected, atol=1e-12)


def test_growth_in_the_table_of_neurons_is_that_of_the_gradient():
    """s <u, D>: from the samples that a neuron sees, and by the slope from the others."""
    rng = np.random.default_rng(3)
    weights, outputs, inputs, targets = (rng.normal(size=size) for size in ((6, 3), 6, (5, 3), 5))
    problem = Problem(inputs, targets, weights, outputs, slope=0.3)
    _, by_output = gradient(weights, outputs, inputs, targets, slope=0.3)
    table = Roster(State(0.0, weights, outputs), problem).table
    # da/dt = <w, D>
    np.testing.assert_allclose(
        table.growth * np.sign(outputs) * np.linalg.norm(weights, axis=1), -by_output, atol=1e-12
    )
    assert set(table.condition.tolist()) <= {0, 1}


def test_a_neuron_on_a_kink_slides_up_to_the_slope_that_is_its_share():
    """The flow needs the share 0.6 of the second sample to hold the neuron (see the solvers' test)."""
    inputs, targets = np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([1.0, -1.0])
    state = State(0.0, 1e-6 * np.array([[0.8, -0.6]]), np.array([1e-6]))
    for slope, slides in ((0.0, True), (0.59, True), (0.61, False)):
        problem = Problem(inputs, targets, state.weights, state.output_weights, slope=slope)
        assert inspect(state, problem, 0).sliding.tolist() == [False, slides]
        assert Roster(state, problem).table.sliding.tolist() == [[False, slides]]
        share = inspect(state, problem, 0).share
        np.testing.assert_allclose(share, [1.0, max(0.6, slope)], atol=1e-5)


def test_what_a_sample_is_told_of_is_the_leaky_network():
    state = State(0.0, np.array([[-1.0, 0.5], [1.0, 1.0]]), np.array([2.0, -0.5]))
    problem = Problem(np.eye(2), [1.0, 1.0], state.weights, state.output_weights, slope=0.1)
    report = report_sample(Roster(state, problem), 0)
    np.testing.assert_allclose(report.contribution, [-0.2, -0.5])
    assert report.prediction == pytest.approx(-0.7)
    history = History([state], np.zeros(1), {"t": np.zeros(1)})
    assert record_sample(history, problem, 0).prediction.tolist() == pytest.approx([-0.7])
