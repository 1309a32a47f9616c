"""Leaky ReLU in the model, in presets and run directories, and in what is observed of a state."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problems import balanced, five_points, toy

from reluflow.errors import PresetError, ProblemError, RunError
from reluflow.flow.base import State
from reluflow.network import (
    activation,
    gradient,
    loss_of,
    preactivations,
    predictions,
    residuals,
    shares,
    tangent_kernel,
)
from reluflow.observe.quantities import kernel_spectrum
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter, open_run
from reluflow.store.schema import by_id, expectation
from reluflow.training.simulation import simulate

SLOPES = st.floats(0.0, 0.99)
SEEDS = st.integers(0, 10**6)


def network(seed: int, m: int = 4, n: int = 6, d: int = 3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, d)), rng.normal(size=m), rng.normal(size=(n, d)), rng.normal(size=n)


@given(seed=SEEDS, slope=SLOPES, loss=st.sampled_from(["half-mse", "mse"]))
@settings(max_examples=40)
def test_gradient_is_the_derivative_of_the_loss(seed, slope, loss):
    weights, outputs, inputs, targets = network(seed)
    assume(np.min(np.abs(preactivations(weights, inputs))) > 1e-4)
    by_weight, by_output = gradient(weights, outputs, inputs, targets, loss, slope=slope)
    rng = np.random.default_rng(seed + 1)
    towards, along = rng.normal(size=weights.shape), rng.normal(size=outputs.shape)

    def value(h: float) -> float:
        return loss_of(residuals(weights + h * towards, outputs + h * along, inputs, targets, slope), loss)

    h = 1e-6
    slope_of_loss = (value(h) - value(-h)) / (2.0 * h)
    assert np.vdot(by_weight, towards) + by_output @ along == pytest.approx(slope_of_loss, rel=1e-6, abs=1e-6)


@given(seed=SEEDS, slope=SLOPES)
@settings(max_examples=40)
def test_a_leaky_network_is_a_pair_of_relu_networks(seed, slope):
    """sigma(z) = relu(z) - slope relu(-z): the neuron (w, a) with its mirror image (-w, -slope a)."""
    weights, outputs, inputs, targets = network(seed)
    pair = np.vstack([weights, -weights]), np.concatenate([outputs, -slope * outputs])
    np.testing.assert_allclose(
        predictions(weights, outputs, inputs, slope), predictions(*pair, inputs), rtol=1e-12, atol=1e-12
    )
    by_weight, by_output = gradient(weights, outputs, inputs, targets, slope=slope)
    by_weights, by_outputs = gradient(*pair, inputs, targets)
    m = len(outputs)
    np.testing.assert_allclose(by_weight, by_weights[:m] - by_weights[m:], atol=1e-12)
    np.testing.assert_allclose(by_output, by_outputs[:m] - slope * by_outputs[m:], atol=1e-12)


@pytest.mark.parametrize("slope", [0.0, 0.2, 0.9])
def test_kernel_is_the_gram_matrix_of_finite_differences(slope):
    weights, outputs, inputs, _ = network(7)
    h, columns = 1e-6, []
    for index in range(weights.size + outputs.size):
        shift = np.zeros(weights.size + outputs.size)
        shift[index] = h
        by_weight, by_output = shift[: weights.size].reshape(weights.shape), shift[weights.size :]
        up = predictions(weights + by_weight, outputs + by_output, inputs, slope)
        down = predictions(weights - by_weight, outputs - by_output, inputs, slope)
        columns.append((up - down) / (2.0 * h))
    jacobian = np.array(columns).T
    kernel = tangent_kernel(weights, outputs, inputs, slope)
    np.testing.assert_allclose(kernel, jacobian @ jacobian.T, rtol=1e-7, atol=1e-8)
    state, problem = State(0.0, weights, outputs), Problem(inputs, np.ones(6), weights, outputs, slope=slope)
    np.testing.assert_allclose(
        kernel_spectrum(state, problem), np.linalg.eigvalsh(jacobian @ jacobian.T)[::-1], atol=1e-7
    )


def test_activation_writes_where_it_is_told_and_keeps_its_argument():
    z = np.array([-2.0, 0.0, 3.0])
    for slope, expected in ((0.0, [0.0, 0.0, 3.0]), (0.5, [-1.0, 0.0, 3.0])):
        out = np.empty(3)
        assert activation(z, slope, out) is out
        assert out.tolist() == expected
        assert z.tolist() == [-2.0, 0.0, 3.0]
    assert shares(z > 0.0, 0.5).tolist() == [0.5, 0.5, 1.0]


def test_on_a_kink_a_sample_counts_by_the_slope_whatever_the_rounding():
    inputs, targets, slope = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.0]), 0.25
    for rounding in (-1e-14, 0.0, 1e-14):
        weights = np.array([[rounding, -1.0]])
        by_weight, by_output = gradient(weights, np.array([2.0]), inputs, targets, kink=1e-9, slope=slope)
        # r = (-1, -0.5): both samples count by the slope, the first at z = 0 and the second at z = -1
        np.testing.assert_allclose(by_weight, [[-0.25, -0.125]], atol=1e-12)
        np.testing.assert_allclose(by_output, [0.0625], atol=1e-12)


@pytest.mark.parametrize("slope", [-0.1, 1.0, 2.0, np.nan, np.inf, "0.1", None, True])
def test_slopes_outside_their_range_are_one_sentence(slope):
    with pytest.raises(ProblemError, match=r"^slope is .*; expected a number of at least 0 and below 1$"):
        Problem([[1.0]], [1.0], [[1.0]], [1.0], slope=slope)


class TestPreset:
    def test_the_key_is_documented_and_defaults_to_relu(self):
        assert expectation(by_id("network.slope")) == "a number of at least 0 and below 1"
        preset = load_preset("orthogonal-toy")
        assert preset.values["network.slope"] == 0.0
        assert preset.problem().slope == 0.0

    @pytest.mark.parametrize("slope", [-0.1, 1.0, 1.5, True, "leaky"])
    def test_values_outside_the_range_are_refused(self, slope):
        with pytest.raises(PresetError, match=r"network\.slope is .*; expected a number .* below 1"):
            load_preset("orthogonal-toy", {"network.slope": slope})

    def test_it_reaches_the_problem_and_is_written_out(self, tmp_path):
        preset = load_preset("orthogonal-toy", {"network.slope": 0.3})
        assert preset.problem().slope == 0.3
        (tmp_path / "again.toml").write_text(preset.to_toml())
        assert load_preset(tmp_path / "again.toml").values["network.slope"] == 0.3

    def test_it_means_something_for_weights_from_a_file_too(self, tmp_path):
        np.savez(tmp_path / "start.npz", weights=np.ones((2, 2)), output_weights=np.ones(2))
        changes = {"init.kind": "file", "init.path": str(tmp_path / "start.npz"), "network.slope": 0.3}
        assert load_preset("orthogonal-toy", changes).problem().slope == 0.3


def test_a_run_directory_keeps_the_slope_and_goes_on_with_no_other(tmp_path):
    preset = load_preset("leaky")
    RunWriter.create(preset, preset.problem(), tmp_path / "run").close()
    run = open_run(tmp_path / "run")
    assert run.problem.slope == preset.values["network.slope"] == 0.01
    with pytest.raises(RunError, match=r"network\.slope is 0\.02 now and was 0\.01"):
        run.continued(preset.with_values({"network.slope": 0.02}))


def test_simulate_takes_the_slope_and_measures_the_loss_with_it():
    problem = replace(toy(scale=0.1), slope=0.2)
    arrays = problem.inputs, problem.targets, problem.weights, problem.output_weights
    found = simulate(*arrays, method="polar", slope=0.2, times=[0.0, 3.0])
    for i in range(2):
        residual = residuals(found.weights[i], found.output_weights[i], *arrays[:2], 0.2)
        assert found.loss[i] == loss_of(residual)
    assert found.loss[1] != simulate(*arrays, method="polar", times=[0.0, 3.0]).loss[1]
    with pytest.raises(ProblemError, match="slope is 1"):
        simulate(*arrays, slope=1.0)


def test_slope_zero_is_the_relu_to_the_last_bit():
    problem = balanced(five_points().inputs, five_points().targets, 9, 0.3)
    parts = problem.weights, problem.output_weights, problem.inputs
    z = problem.weights @ problem.inputs.T
    np.testing.assert_array_equal(predictions(*parts), problem.output_weights @ np.maximum(z, 0.0))
    pull = (1.0 / problem.samples) * (problem.output_weights @ np.maximum(z, 0.0) - problem.targets)
    by_weight, by_output = gradient(*parts, problem.targets)
    np.testing.assert_array_equal(
        by_weight, problem.output_weights[:, None] * (((z > 0.0) * pull) @ problem.inputs)
    )
    np.testing.assert_array_equal(by_output, np.maximum(z, 0.0) @ pull)
