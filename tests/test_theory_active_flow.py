"""Large neurons at an escape of vanishing scale flow to rest, and dormant ones follow."""

import numpy as np
import pytest

from reluflow.theory.active_flow import FLOW_TO_REST, Bundles, flow_to_rest

INPUTS, TARGETS = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([2.0, -0.5])


def nothing() -> Bundles:
    return Bundles(np.zeros((0, 2)), np.zeros(0))


@pytest.mark.parametrize("mass", [1e-4, 1e-12, 1e-40])
def test_one_bundle_fits_its_sample_in_logistic_time(mass: float) -> None:
    """u = 2 / (1 + (2 / u_0 - 1) exp(-2 t)), with the rate 2 gamma = 2 of sample 0; it sees no other."""
    begun = Bundles(np.array([[np.sqrt(mass), 0.0]]), np.array([np.sqrt(mass)]))
    rest = flow_to_rest(INPUTS, TARGETS, begun, nothing(), 0.0)
    assert rest.still
    np.testing.assert_allclose(rest.large.mass, [2.0], rtol=1e-4)
    np.testing.assert_allclose(rest.residual, [0.0, -0.5], atol=1e-3)
    left = 2.0 * np.sqrt(1.0 - FLOW_TO_REST.over)
    over = 0.5 * np.log((2.0 - left) / left * (2.0 / mass - 1.0))
    assert over <= rest.time <= over + 3.0


@pytest.mark.parametrize("size", [1e-3, 1e3])
def test_the_fit_is_as_close_whatever_the_size_of_the_targets(size: float) -> None:
    begun = Bundles(np.array([[1e-6, 0.0]]), np.array([1e-6]))
    rest = flow_to_rest(INPUTS[:1], size * TARGETS[:1], begun, nothing(), 0.0)
    assert rest.still
    assert abs(rest.residual[0]) <= np.sqrt(FLOW_TO_REST.fitted) * 2.0 * size


def test_a_flow_of_larger_targets_is_as_much_faster() -> None:
    """Predictions times 1000 in a thousandth of the time."""
    times = []
    for size in (1.0, 1e3):
        begun = Bundles(np.sqrt(size) * np.array([[1e-6, 0.0]]), np.sqrt(size) * np.array([1e-6]))
        times.append(size * flow_to_rest(INPUTS, size * TARGETS, begun, nothing(), 0.0).time)
    assert times[1] == pytest.approx(times[0], rel=1e-6)


def test_dormant_neurons_follow_in_units_of_their_size() -> None:
    """One of the other sign, seeing the sample that is left, grows at the rate 1/4 along it meanwhile."""
    begun = Bundles(np.array([[1e-6, 0.0]]), np.array([1e-6]))
    asleep = Bundles(np.array([[0.6, 0.8]]), np.array([-1.0]))
    rest = flow_to_rest(INPUTS, TARGETS, begun, asleep, 0.0)
    assert rest.dormant.weights.shape == (1, 2)
    assert np.maximum(np.linalg.norm(rest.dormant.weights[0]), -rest.dormant.output_weights[0]) == 1.0
    assert rest.dormant.output_weights[0] < 0.0
    assert rest.dormant.weights[0, 0] < 1e-2
    assert rest.dormant.weights[0, 1] > 0.99
    np.testing.assert_allclose(rest.large.mass, [2.0], rtol=1e-4)
