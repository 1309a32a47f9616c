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


def test_a_relu_neuron_lives_while_a_sample_counts_for_it() -> None:
    """A sample opposite to another one counts where that is off; with a slope below zero all count."""
    inputs = np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0], [0.6, 0.8]])
    mirrored = merge(inputs, np.ones(5), 0.0)
    assert mirrored.mirrored.tolist() == [0, 1]
    cases = {
        (ON, RESTING, OFF): True,
        (SLIDING, RESTING, OFF): True,
        (OFF, OFF, OFF): True,
        (OFF, RESTING, OFF): True,
        (RESTING, OFF, OFF): True,
        (RESTING, RESTING, ON): True,
        (RESTING, RESTING, OFF): False,
    }
    few = neurons(np.ones((len(cases), 2)))
    few = replace(few, status=np.array(list(cases), np.int8))
    assert few.live(mirrored).tolist() == list(cases.values())
    assert replace(few, status=np.full((len(cases), 3), OFF, np.int8)).live(SAMPLES).tolist() == [False] * 7
    assert few.live(merge(inputs, np.ones(5), 0.1)).all()


@pytest.mark.parametrize("power", [0, -900, 40])
def test_weights_of_a_state_have_the_signs_that_activations_say(power: int) -> None:
    """What is on a kink but for rounding is moved across by rounding; nothing else is touched."""
    almost, samples = (
        np.array([0.8, -0.6]),
        merge(np.array([1e-3, 1.0, 1e3])[:, None] * INPUTS, np.ones(3), 0.0),
    )
    few = neurons(30.0 * np.array([almost, almost, almost, [0.7, 0.4], [1.0, 1e-3]]))
    few = replace(few, exponent=np.full(5, power))
    status = few.status.copy()
    status[:3, 1], status[4, 2] = [ON, OFF, SLIDING], ON
    few = replace(few, status=status)
    there = np.ldexp(few.true_weights(samples), -power)
    seen = there @ samples.inputs.T
    assert seen[0, 1] > 0.0 > seen[1, 1]
    assert 0.0 < seen[4, 2] < 1e-14 * 30.0 * 2e3, "z knows better"
    assert there[4, 0] == few.weights[4, 0]
    assert np.array_equal(there[2:4], few.weights[2:4])
    np.testing.assert_allclose(there[:4], few.weights[:4], rtol=0.0, atol=30.0 * 1e-14)
    assert np.array_equal(few.true_outputs(), np.ldexp(few.outputs, power))


def test_rounding_is_mended_in_the_larger_of_both_weights() -> None:
    """a^2 - |w|^2 is as it was; the smaller of both, directions and signs stay."""
    few = replace(
        neurons(np.array([[0.6, 0.8], [0.6, 0.8], [0.6, 0.8], [0.0, 0.0]])),
        outputs=np.array([-2.0, 0.5, 1.0, 1.0]),
    )
    few = replace(few, delta=np.array([3.0, -0.75, 0.0, 1.0]))
    astray = few.moved(few.weights * 1.001, few.outputs * [1.0, 1.001, 0.999, 0.999], 1.001 * few.z)
    mended = astray.rebalanced()
    squares = np.vecdot(mended.weights, mended.weights)
    np.testing.assert_allclose(mended.outputs**2 - squares, few.delta, rtol=1e-14, atol=1e-15)
    assert np.array_equal(np.sign(mended.outputs), np.sign(few.outputs))
    assert mended.outputs[1] == astray.outputs[1]
    assert np.array_equal(mended.weights[[0, 2, 3]], astray.weights[[0, 2, 3]])
    np.testing.assert_allclose(mended.z, mended.weights @ SAMPLES.inputs.T, rtol=1e-14)


def test_of_a_neuron_that_has_shrunk_weights_know_no_more_than_they_can() -> None:
    """Its own z stays where weights say nothing, unless that is larger than |w| |x|; else it is zero where
    they contradict its activation."""
    weights = np.ldexp(np.array([[0.8, -0.6 + 1e-6]]), -20)
    few = neurons(np.repeat(weights, 3, axis=0))
    size = np.ldexp(1.0, -20)
    z = few.z.copy()
    z[:, 1] = size * np.array([1e-9, 1e-9, 1.5])
    status = few.status.copy()
    status[1, 0] = OFF
    after = replace(few, z=z, status=status).rescaled(SAMPLES)
    found = np.ldexp(after.z, 20 + after.exponent[:, None])
    np.testing.assert_allclose(found[:, 0], [0.8, 0.0, 0.8])
    np.testing.assert_allclose(found[:, 1], [1e-9, 1e-9, 0.0])
    np.testing.assert_allclose(found[:, 2], 1.2 - 2e-6)


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
