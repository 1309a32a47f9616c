"""Neurons held where more kinks meet than are independent: nothing grows unless it does so along a ray."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluflow.flow.events import Change
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.junction_rays import (
    MOST,
    extreme_rays,
    held_neurons,
    junction_kinks,
    junction_rays,
    kinks_of_held,
)
from reluflow.flow.lorentz.junctions import changes, let_out
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import merge
from reluflow.flow.lorentz.sliding import attach


def growth(directions, inputs, force, base, slope):
    """<u, D(u)> of directions u (k, p), in units of the sum of |<u, x_k>|."""
    z = directions @ inputs.T
    return (np.where(z > 0.0, z, slope * z) @ force + directions @ base) / np.abs(z).sum(axis=1)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 4),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.2]),
    st.booleans(),
)
def test_no_direction_grows_faster_than_all_extreme_rays(seed, p, more, slope, integer):
    """On a cone both what grows and the sum are linear, so that their ratio is largest on a ray."""
    rng = np.random.default_rng(seed)
    inputs = rng.integers(-2, 3, (p + more, p)) if integer else rng.standard_normal((p + more, p))
    inputs = inputs[np.any(inputs != 0, axis=1)].astype(float)
    assume(np.linalg.matrix_rank(inputs) == p)
    force, base = rng.standard_normal(len(inputs)), rng.standard_normal(p)
    field = inputs, force, base, slope
    assert growth(rng.standard_normal((4000, p)), *field).max() <= growth(extreme_rays(inputs), *field).max()


def test_rays_lie_on_all_but_one_of_the_kinks_and_span_what_inputs_span():
    inputs = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [1.0, 1.0, 0.0]])
    rays = extreme_rays(inputs)
    assert rays.shape == (6, 3)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1.0)
    np.testing.assert_allclose(rays[:, 2], 0.0, atol=1e-15)
    assert np.all(np.count_nonzero(np.abs(rays @ inputs.T) < 1e-12, axis=1) == 1)


def test_too_many_sets_of_kinks_are_not_looked_at():
    inputs = np.random.default_rng(0).standard_normal((30, 8))
    assert MOST < 30 * 29 * 28
    assert extreme_rays(inputs).shape == (0, 8)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_rays_come_in_opposite_pairs(sign):
    rays = extreme_rays(np.random.default_rng(1).standard_normal((5, 3)))
    assert len(rays) == 20
    assert all(np.isclose(rays, sign * ray).all(axis=1).any() for ray in rays)


def held_neuron(samples, sign=1.0, on=()):
    """A neuron held where the kinks of samples meet, active on those ``on`` that it is not on the kink of."""
    p = samples.inputs.shape[1]
    z, status = np.zeros((2, 1, samples.primaries))
    z[0, list(on)], status[0, list(on)] = 1.0, ON
    neuron = Neurons(
        np.array([0]), np.zeros((1, p)), np.array([sign]), np.array([0]), np.array([1.0]), z,
        status.astype(np.int8), np.zeros((1, 0), dtype=np.intp), np.zeros((1, 0, p)),
    )  # fmt: skip
    for k in range(p - len(on)):
        neuron = attach(neuron, np.array([k]), samples)
    return neuron


def rates_of(inputs, slope, residual, sign, on=(), bounded=False):
    """The merged samples, and the one neuron that is held at their junction."""
    samples = merge(np.asarray(inputs, dtype=float), np.zeros(len(inputs)), slope)
    forcing = Forcing(samples, Path(residual[None], 1.0), 0.0)
    (held,) = held_neurons(held_neuron(samples, sign, on), np.array([sign]), forcing, bounded)
    return samples, held


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_rates_are_those_of_the_activation_function_along_each_ray(slope, sign):
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((4, 2))
    inputs = np.vstack([inputs, -2.0 * inputs[1]])  # an opposite sample pulls on the other side
    residual = rng.standard_normal(5)
    samples, held = rates_of(inputs, slope, residual, sign)
    everyone = np.vstack([samples.inputs, -samples.mirror_ratio[:, None] * samples.inputs[samples.mirrored]])
    rays = extreme_rays(samples.inputs)[held.rays]
    z = rays @ everyone.T
    pulled = -sign * np.where(z > 0.0, z, slope * z) @ residual
    np.testing.assert_allclose(held.rates[0] * np.abs(z[:, :4]).sum(axis=1), pulled, atol=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_samples_off_their_kinks_pull_along_the_rays_as_well(sign):
    inputs = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.5, -1.0, 1.0]]
    residual = np.array([0.3, -0.7, 0.2, 1.1])
    samples, held = rates_of(inputs, 0.0, residual, sign, on=[3])
    rays = extreme_rays(samples.inputs[:3])[held.rays]
    np.testing.assert_allclose(rays[:, 2], 0.0, atol=1e-15)
    z = rays @ samples.inputs.T
    pulled = -sign * (np.maximum(z[:, :3], 0.0) @ residual[:3] + z[:, 3] * residual[3])
    np.testing.assert_allclose(held.rates[0] * np.abs(z).sum(axis=1), pulled, atol=1e-12)


def test_rays_along_which_nothing_grows_in_a_step_are_left_out():
    problem = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], 0.0, np.array([0.3, -0.7, 0.2]), 1.0
    (_, held), (_, bounded) = rates_of(*problem), rates_of(*problem, bounded=True)
    grows = held.rates[0] > 0.0
    assert 0 < np.count_nonzero(grows) < len(grows)
    assert bounded.rays.tolist() == held.rays[grows].tolist()
    np.testing.assert_array_equal(bounded.rates, held.rates[:, grows])


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_the_kinks_of_a_junction_are_those_that_depend_on_each_other(size):
    """Of any size of the inputs; a fourth sample that the neuron touches is no part of it."""
    inputs = size * np.array([[1.0, 0.2, 0.0], [-0.3, 1.0, 0.0], [0.9, -0.2, 0.0], [0.1, 0.3, 1.0]])
    samples = merge(inputs, np.zeros(4), 0.0)
    neuron = held_neuron(samples, on=[3])
    touching = replace(neuron, z=np.zeros((1, 4)))
    assert touching.touching[0].tolist() == [False, False, True, True]
    assert junction_kinks(touching, samples).tolist() == [0, 1, 2]
    assert kinks_of_held(touching, samples).tolist() == [[True, True, True, False]]
    resting = replace(touching, status=np.where(touching.status == ON, RESTING, touching.status))
    assert junction_kinks(resting, samples).size == 0, "one that rests is watched in another way"
    alone = replace(touching, z=np.array([[0.0, 0.0, 1.0, 0.0]]))
    assert junction_kinks(alone, samples).size == 0, "those on which it slides are independent"


def test_a_neuron_leaves_along_the_ray_on_which_it_grows_and_slides_on_its_kink():
    """Three lines through the origin of a plane, of which the second one attracts and leads out."""
    inputs = np.array([[1.0, 0.2], [-0.3, 1.0], [0.9, -0.2]])
    samples = merge(inputs, np.zeros(3), 0.0)
    rays = junction_rays(np.arange(3), samples)
    along = int(np.flatnonzero((rays[:, 1] == 0.0) & (rays[:, 0] > 0.0))[0])
    assert rays[along, 2] > 0.0
    # r_1 and r_3 all but balance each other along the ray, and push across it less than r_2 pushes back
    residual = np.array([-1.0, 1.0, (1.0 - 1e-6) * rays[along, 0] / rays[along, 2]])
    (held,) = held_neurons(held_neuron(samples), np.ones(1), Forcing(samples, Path(residual[None], 1.0), 0.0))
    assert along in held.rays
    after, told = let_out(held_neuron(samples), np.arange(3), 1.0, residual, samples, along)
    assert after.status[0].tolist() == [ON, SLIDING, ON]
    assert after.slots[0][after.slots[0] >= 0].tolist() == [1]
    assert {Change.RELEASE_ON} <= {Change(kind) for kind in told.kind}


def test_of_what_changes_at_one_moment_exits_come_last():
    samples = merge(np.eye(3), np.zeros(3), 0.0)
    before, after, dead = (
        replace(held_neuron(samples), status=np.array([status], dtype=np.int8))
        for status in ([ON, OFF, OFF], [OFF, ON, OFF], [OFF, OFF, OFF])
    )
    told = changes(before, after, samples, 0.5)
    assert [Change(kind) for kind in told.kind] == [Change.ENTER, Change.EXIT]
    assert told.sample.tolist() == [1, 0]
    assert [Change(kind) for kind in changes(before, dead, samples, 0.5).kind] == [Change.DIE]


def test_it_is_a_choice_where_descent_goes_elsewhere_soon_after():
    inputs = np.array([[1.0, 0.2], [-0.3, 1.0], [0.9, -0.2]])
    samples = merge(inputs, np.zeros(3), 0.0)
    rays = junction_rays(np.arange(3), samples)
    along = int(np.flatnonzero((rays[:, 1] == 0.0) & (rays[:, 0] > 0.0))[0])
    now = np.array([-1.0, 1.0, (1.0 - 1e-6) * rays[along, 0] / rays[along, 2]])
    later = np.array([1.0, 1.0, -1.0])
    _, told = let_out(held_neuron(samples), np.arange(3), 1.0, now, samples, along, later)
    assert Change.CHOICE in told.kind
