"""Neurons that are rescaled, and kinks that are reached at once."""

from dataclasses import replace

import numpy as np
import pytest

from reluflow.flow.lorentz.kink_location import beyond
from reluflow.flow.lorentz.meeting import meeting
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Neurons
from reluflow.flow.lorentz.samples import merge
from reluflow.network import Array, row_norms

INPUTS = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, -2.0]])
SAMPLES = merge(INPUTS, np.ones(3), 0.0)


def neurons(weights: Array, z: Array | None = None) -> Neurons:
    """Balanced neurons (b, 2), active where <w, x> is positive; ``z`` as it is stored, if it is not that."""
    count, seen = len(weights), weights @ SAMPLES.inputs.T
    status = np.where(seen > 0.0, ON, OFF).astype(np.int8)
    no_slots, no_duals = np.zeros((count, 0), np.intp), np.zeros((count, 0, 2))
    return Neurons(
        np.arange(count), weights, row_norms(weights), np.zeros(count, np.int64), np.zeros(count),
        seen if z is None else z, status, no_slots, no_duals,
    )  # fmt: skip


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_how_far_is_beyond_a_kink_depends_on_the_largest_pre_activation(size: float) -> None:
    z = size * np.array([[1.0, 1e-3, -1e-3, -1e-13]])
    assert beyond(np.ones((1, 4)), z).tolist() == [[False, False, True, False]]


@pytest.mark.parametrize("power", [-40, -5, -1, 3, 30])
def test_rescaled_neurons_are_the_same_in_other_units(power: int) -> None:
    few = neurons(np.ldexp(np.array([[0.7, 0.4], [-0.3, 0.6]]), power))
    few = replace(few, delta=few.outputs**2 / 8.0)
    after = few.rescaled(SAMPLES)
    stored = np.ldexp(few.sizes, -after.exponent)
    assert np.array_equal(after.sizes, stored)
    assert np.all((stored >= 2.0**-4) & (stored < 2.0**7))
    assert np.array_equal(after.weights * after.root[:, None], few.weights)
    assert np.array_equal(after.outputs * after.root, few.outputs)
    assert np.array_equal(after.delta * after.gain, few.delta)
    np.testing.assert_allclose(after.z * after.root[:, None], few.z, rtol=1e-14)


def test_a_neuron_that_has_shrunk_takes_its_pre_activations_from_its_weights() -> None:
    """They are small differences of large numbers; one that has grown keeps its own."""
    for power, taken in ((-20, True), (20, False)):
        weights = np.ldexp(np.array([[0.7, 0.4]]), power)
        seen = weights @ SAMPLES.inputs.T
        rounded = seen * (1.0 + 1e-5)
        after = neurons(weights, rounded).rescaled(SAMPLES)
        np.testing.assert_allclose(after.z * after.root[:, None], seen if taken else rounded, rtol=1e-14)


def meets(
    z: list[float], speeds: list[float], scale: float = 1.0, length: float = 1.0, status: int = ON
) -> list[bool]:
    """Which kinks meet where a neuron reaches that of its first sample, in a step of some length.

    Its pre-activations were ``scale`` before, are z times that, and change by speeds times that in the step.
    """
    here = neurons(np.array([[0.5, 0.5]]), scale * np.array([z]))
    here = replace(here, status=np.array([[ON, status, ON]], np.int8))
    there = replace(here, z=np.full((1, 3), scale))
    speed = scale / length * np.array([speeds])
    (found,) = meeting(there, here, np.zeros(1, np.intp), lambda: speed, length).tolist()
    return found


@pytest.mark.parametrize(("scale", "length"), [(1.0, 1.0), (1e-9, 1e7), (1e6, 1e-7)])
def test_kinks_meet_that_are_reached_at_once(scale: float, length: float) -> None:
    units = {"scale": scale, "length": length}
    assert meets([0.0, 1e-14, 1.0], [-1.0, -1.0, -1.0], **units) == [True, True, False]
    assert meets([0.0, 1e-14, 1.0], [0.0, -1.0, -1.0], **units) == [True, True, False], "the first is reached"
    assert meets([0.0, 1e-14, 1.0], [-1.0, 1.0, -1.0], **units) == [False] * 3, "it leaves the second"
    assert meets([0.0, 1e-14, 1.0], [-1.0, -1e-12, -1.0], **units) == [False] * 3, "it is there far later"
    assert meets([0.0, 1e-3, 1.0], [-1.0, -1e9, -1.0], **units) == [False] * 3, "it is far from the second"
    assert meets([0.0, 1e-14, 1e-13], [-1.0, -1.0, -1.0], **units) == [True] * 3, "all vanish together"
    at_rest = meets([0.0, 0.0, 1.0], [-1.0, 0.0, -1.0], **units, status=RESTING)
    assert at_rest == [False] * 3, "on the second one it stays"


def test_a_kink_on_which_a_neuron_slides_meets_one_that_others_meet() -> None:
    here = neurons(np.array([[0.5, 0.5]]), np.array([[0.0, 1e-14, 1.0]]))
    here = replace(here, status=np.array([[ON, ON, SLIDING]], np.int8))
    speeds = np.array([[-1.0, -1.0, 0.0]])
    before = replace(here, z=np.ones((1, 3)))
    first = np.zeros(1, np.intp)
    assert meeting(before, here, first, lambda: speeds, 1.0).tolist() == [[True, True, True]]
    alone = replace(here, z=np.array([[0.0, 0.5, 1.0]]))
    assert not meeting(before, alone, first, lambda: speeds, 1.0).any()
