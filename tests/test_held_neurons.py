"""Neurons held where more kinks meet than are independent: nothing grows unless it does so along a ray."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluflow.flow.lorentz.junction_rays import MOST, extreme_rays


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
