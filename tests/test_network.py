"""The model's formulas against finite differences and hand-made values."""

import numpy as np
import pytest

from reluflow.data.memory import require_memory
from reluflow.errors import ProblemError
from reluflow.network import (
    gradient,
    imbalance,
    log_variation_norm,
    loss_of,
    outweighed,
    residuals,
    row_norms,
    tangent_kernel,
    variation_norm,
)
from reluflow.problem import Problem


def random_network(seed=0, m=4, n=6, d=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, d)), rng.normal(size=m), rng.normal(size=(n, d)), rng.normal(size=n)


def test_loss_conventions_differ_by_two():
    residual = np.array([1.0, -2.0])
    assert loss_of(residual, "half-mse") == 1.25
    assert loss_of(residual, "mse") == 2.5


@pytest.mark.parametrize("loss", ["half-mse", "mse"])
def test_gradient_is_the_derivative_of_the_loss(loss):
    weights, outputs, inputs, targets = random_network()
    by_weight, by_output = gradient(weights, outputs, inputs, targets, loss)
    value = lambda w, a: loss_of(residuals(w, a, inputs, targets), loss)  # noqa: E731
    h = 1e-6
    for index in np.ndindex(weights.shape):
        shift = np.zeros_like(weights)
        shift[index] = h
        slope = (value(weights + shift, outputs) - value(weights - shift, outputs)) / (2 * h)
        assert by_weight[index] == pytest.approx(slope, abs=1e-8)
    for j in range(outputs.size):
        shift = np.zeros_like(outputs)
        shift[j] = h
        slope = (value(weights, outputs + shift) - value(weights, outputs - shift)) / (2 * h)
        assert by_output[j] == pytest.approx(slope, abs=1e-8)


def test_the_subgradient_at_a_kink_is_zero():
    by_weight, by_output = gradient(
        np.array([[0.0, 1.0]]), np.array([1.0]), np.array([[1.0, 0.0]]), np.array([1.0])
    )
    assert not by_weight.any()
    assert not by_output.any()


def test_kernel_is_the_gram_matrix_of_output_gradients():
    weights, outputs, inputs, _ = random_network()
    rows = []
    for k in range(len(inputs)):
        # the gradient of h(x_k) is that of the half-mse of one sample with residual one
        value = residuals(weights, outputs, inputs[k : k + 1], np.zeros(1))
        rows.append(
            np.concatenate([g.ravel() for g in gradient(weights, outputs, inputs[k : k + 1], value - 1.0)])
        )
    jacobian = np.array(rows)
    np.testing.assert_allclose(tangent_kernel(weights, outputs, inputs), jacobian @ jacobian.T, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e200])
def test_row_norms_neither_overflow_nor_underflow(scale):
    np.testing.assert_allclose(row_norms(scale * np.array([[3.0, 4.0], [0.0, 0.0]])), [5 * scale, 0.0])


def test_imbalance_and_variation_norm():
    weights, outputs = np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([-5.0, 2.0])
    np.testing.assert_allclose(imbalance(weights, outputs), [0.0, 3.0], atol=1e-15)
    assert variation_norm(weights, outputs) == 27.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": [[1.0, np.nan]]}, "inputs[0, 1] is nan"),
        ({"targets": [np.inf]}, "targets[0] is inf"),
        ({"targets": [1.0, 2.0]}, "targets has 2 samples but inputs has 1"),
        ({"weights": [[1.0]]}, "weights has 1 columns but inputs has 2"),
        ({"output_weights": [1.0, 2.0]}, "output_weights has 2 neurons but weights has 1"),
        ({"inputs": [1.0, 2.0]}, "inputs has shape (2,)"),
        ({"inputs": "x"}, "inputs cannot be read as an array"),
        ({"loss": "cubic"}, "loss is 'cubic'"),
    ],
)
def test_bad_arrays_are_one_sentence(change, message):
    good = {"inputs": [[1.0, 2.0]], "targets": [1.0], "weights": [[1.0, 1.0]], "output_weights": [1.0]}
    with pytest.raises(ProblemError) as caught:
        Problem(**(good | change))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_problem_cannot_be_changed_from_outside():
    inputs = np.ones((1, 2))
    problem = Problem(inputs, [1.0], [[1.0, 1.0]], [1.0])
    inputs[0, 0] = 7.0
    assert problem.inputs[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        problem.weights[0, 0] = 7.0


def test_span_keeps_what_moves_apart_from_what_does_not():
    weights, outputs, inputs, targets = random_network(d=8)
    problem = Problem(inputs, targets, weights, outputs)
    span = problem.span
    assert span.basis.shape == (8, 6)
    np.testing.assert_allclose(span.lift(span.project(weights)), weights, atol=1e-14)
    np.testing.assert_allclose(span.rest @ inputs.T, 0.0, atol=1e-14)
    np.testing.assert_allclose(span.inputs @ span.inputs.T, inputs @ inputs.T, atol=1e-13)


def test_sizes_that_cannot_fit_are_refused_with_the_estimate():
    with pytest.raises(ProblemError, match=r"network\.width: 1000000000 neurons .* GB"):
        require_memory(2, 2, 10**9, "network.width")
    with pytest.raises(ProblemError, match=r"network\.width: 1 neuron .* beside 1000000000 teacher .* GB"):
        require_memory(2, 200, 1, "network.width", others=10**9)


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e-300])
def test_sizes_whose_squares_are_no_floats_are_compared(scale):
    weights = scale * np.array([[3.0, 4.0], [3.0, 4.0], [3.0, 4.0], [0.0, 0.0]])
    outputs = scale * np.array([-5.0, 4.9, 5.1, 0.0])
    np.testing.assert_array_equal(outweighed(weights, outputs), [False, True, False, False])
    expected = np.log(75.0) + 2.0 * np.log(scale)
    assert log_variation_norm(weights, outputs) == pytest.approx(expected, rel=1e-14)
    assert log_variation_norm(np.zeros((2, 3)), np.zeros(2)) == -np.inf


@pytest.mark.parametrize(
    "shape", [(50, 3000), (4, 40_000), (5, 70_001), (3000, 50), (7, 20_000), (70_000, 2)]
)
def test_lengths_of_many_rows_are_those_of_all_at_once(shape):
    """To the last bit: what is looked at together is a matter of time alone."""
    rows = np.random.default_rng(3).standard_normal(shape) * 10.0 ** -(np.arange(shape[0]) % 200)[:, None]
    largest = np.abs(rows).max(axis=1)
    scaled = rows / largest[:, None]
    np.testing.assert_array_equal(row_norms(rows), largest * np.sqrt(np.einsum("ij,ij->i", scaled, scaled)))
