"""Neurons that flow as one are put together as one."""

import numpy as np
import pytest

from reluflow.network import row_norms
from reluflow.problem import Problem
from reluflow.theory.bundled_flow import Neurons, bundled, time_to_fall

#: the kink of the second is the diagonal
INPUTS = np.array([[1.0, 0.0], [-1.0, 1.0]])


def neurons(weights, outputs, log=0.0) -> Neurons:
    weights, outputs = np.asarray(weights, dtype=float), np.asarray(outputs, dtype=float)
    return Neurons(weights, outputs, np.full(len(outputs), log))


def balanced(directions, sizes, signs) -> Neurons:
    unit = np.asarray(directions) / row_norms(np.asarray(directions))[:, None]
    sizes = np.asarray(sizes, dtype=float)
    return neurons(unit * sizes[:, None], sizes * signs)


@pytest.mark.parametrize("log", [0.0, -50.0])
def test_neurons_of_one_direction_add_up(log: float) -> None:
    """Their masses |a||w| do, and the bundle is as balanced as they are."""
    parts = balanced([[2.0, 1.0]] * 3, [1.0, 2.0, 2.0], 1.0)
    weights, outputs = bundled(neurons(parts.weights, parts.output_weights, log), INPUTS)
    np.testing.assert_allclose(outputs, [3.0 * np.exp(log)])
    np.testing.assert_allclose(weights, 3.0 * np.exp(log) * np.array([[2.0, 1.0]]) / np.sqrt(5.0))


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (balanced([[2.0, 1.0], [2.0, 1.0]], [1.0, 2.0], [1.0, -1.0]), "signs differ"),
        (balanced([[2.0, 1.0], [2.0, 1.2]], [1.0, 2.0], 1.0), "directions differ, with the same samples"),
        (balanced([[1.0, 1.0 + 1e-4], [1.0, 1.0 - 1e-4]], [1.0, 2.0], 1.0), "a kink lies between them"),
        (neurons([[1.0, 0.0], [1.0, 0.0]], [1.0, 1.1]), "one is not balanced"),
        (neurons([[1.0, 0.0], [1.0, 0.0]], [1.1, 1.1]), "neither is"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_others_stay_apart(parts: Neurons, why: str) -> None:
    weights, outputs = bundled(parts, INPUTS)
    order = np.argsort(-parts.log_mass, kind="stable")
    np.testing.assert_allclose(weights, parts.weights[order])
    np.testing.assert_allclose(outputs, parts.output_weights[order])


def test_the_dead_and_the_smallest_are_left_out() -> None:
    """With a slope below zero no neuron is dead."""
    dead = neurons([[-1.0, -3.0], [1.0, 0.0]], [np.sqrt(10.0), 1.0])
    assert bundled(dead, INPUTS)[1].tolist() == [1.0]
    assert bundled(dead, INPUTS, slope=0.1)[1].tolist() == [np.sqrt(10.0), 1.0]
    assert bundled(neurons([[1.0, 0.0]], [1.0], -1e4), INPUTS)[1].size == 0
    assert bundled(neurons([[1.0, 0.0]], [0.0]), INPUTS)[0].tolist() == [[1.0, 0.0]], "w alone is large"
    assert bundled(neurons(np.zeros((0, 2)), []), INPUTS)[0].shape == (0, 2)


@pytest.mark.parametrize("mass", [1e-3, 1e-20])
def test_the_time_to_fall_is_that_of_the_logistic(mass: float) -> None:
    """One neuron on one sample: u = 1 / (1 + (1 / u_0 - 1) exp(-2 t)), and the loss is (1 - u)^2 / 2."""
    problem = Problem([[1.0]], [1.0], [[np.sqrt(mass)]], [np.sqrt(mass)])
    for loss in (0.4, 1e-3):
        reached = 1.0 - np.sqrt(2.0 * loss)
        expected = 0.5 * np.log(reached / (1.0 - reached) * (1.0 - mass) / mass)
        assert time_to_fall(problem, loss, 1e3) == pytest.approx(expected, rel=1e-5)
        assert time_to_fall(problem, loss, 0.9 * expected) is None
    assert time_to_fall(problem, 0.6, 1e3) == 0.0


def test_bundles_come_by_their_heaviest_neuron():
    """Those of one sign and pattern are put together before others are looked at."""
    sizes = np.array([1.0, 3.0, 2.0])
    weights = sizes[:, None] * np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    found, outputs = bundled(neurons(weights, sizes * [1.0, 1.0, -1.0]), np.eye(2) + 0.1)
    assert outputs.tolist() == [3.0, -2.0, 1.0]
    np.testing.assert_allclose(row_norms(found), [3.0, 2.0, 1.0])
