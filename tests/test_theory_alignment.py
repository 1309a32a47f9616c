"""Small neurons in closed form, and the directions in which they end."""

import numpy as np
import pytest
from problems import five_points, toy, with_bias

from reluflow.network import row_norms
from reluflow.theory import circle
from reluflow.theory.alignment import basins, extremal_directions, gather
from reluflow.theory.small_neurons import OFF, ON, SLIDING, FinalGrowth, final_growth, pulls

EARLY = (with_bias([-0.75, -0.5, 0.125]), np.array([1.1, 0.1, 0.8]))


def stepped(weights, outputs, inputs, residual, end, step=4e-4):
    """Euler steps of small neurons, balanced again after each."""
    signs = np.sign(outputs)
    for _ in range(round(end / step)):
        pull = ((weights @ inputs.T > 0.0) * residual) @ inputs / residual.size
        weights = weights + step * outputs[:, None] * pull
        outputs = signs * row_norms(weights)
    return weights, outputs


def on_sphere(signs, directions, inputs, residual):
    """s G_r of unit directions."""
    return signs * (np.maximum(directions @ inputs.T, 0.0) @ residual) / residual.size


class TestFinalGrowth:
    @pytest.mark.parametrize(
        ("seed", "samples", "dimension"),
        [
            (1, 8, 3),
            *(pytest.param(*each, marks=pytest.mark.slow) for each in ((0, 6, 2), (2, 5, 4), (3, 7, 2))),
        ],
    )
    def test_it_is_where_small_steps_lead(self, seed, samples, dimension):
        rng = np.random.default_rng(seed)
        inputs, residual = rng.normal(size=(samples, dimension)), 6.0 * rng.normal(size=samples)
        weights = rng.normal(size=(20, dimension))
        outputs = np.where(np.arange(20) % 2, 1.0, -1.0) * row_norms(weights)
        end = 8.0
        course = final_growth(weights, outputs, inputs, residual)
        late, heights = stepped(weights, outputs, inputs, residual, end)
        # those that have been going straight for a while
        done = (course.rate > 0.0) & (course.settled < end - 4.0 / np.maximum(course.rate, 1e-9))
        assert np.count_nonzero(done) >= 5
        sizes = np.log(np.abs(heights[done]))
        np.testing.assert_allclose((course.log_size + course.rate * end)[done], sizes, rtol=2e-3, atol=5e-3)
        aligned = np.einsum("jd,jd->j", course.direction[done], late[done]) / row_norms(late[done])
        np.testing.assert_allclose(aligned, 1.0, atol=1e-3)

    def test_neurons_that_come_to_rest_do_not_grow(self):
        inputs, residual = np.array([[1.0, 0.0]]), np.array([-1.0])
        weights = np.array([[1.0, 0.3], [-1.0, 0.3], [0.0, 0.0]])
        course = final_growth(weights, row_norms(weights), inputs, residual)
        np.testing.assert_array_equal(course.rate, 0.0)
        np.testing.assert_array_equal(course.status[:2, 0], OFF)
        late, _ = stepped(weights[:1], row_norms(weights[:1]), inputs, residual, 5.0)
        assert abs(late[0, 0]) < 1e-3

    def test_a_neuron_that_slides_grows_along_the_kink(self):
        # sample 1 pulls up and right; sample 2 pushes back as soon as it is seen
        inputs, residual = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([1.0, -3.0])
        weights = np.array([[1.0, -0.5], [0.5, 0.4]])
        course = final_growth(weights, row_norms(weights), inputs, residual)
        np.testing.assert_array_equal(course.status, [[ON, SLIDING]] * 2)
        np.testing.assert_allclose(course.direction, [[1.0, 0.0]] * 2, atol=1e-12)
        np.testing.assert_allclose(course.rate, 0.5)
        on_the_kink = np.array([[1.0, 0.0]])
        np.testing.assert_allclose(pulls(on_the_kink, np.ones(1), inputs, residual), [[0.5, 0.0]])

    def test_scale_only_shifts_the_size(self):
        rng = np.random.default_rng(5)
        weights, outputs = rng.normal(size=(30, 2)), np.ones(30)
        outputs = row_norms(weights) * np.where(np.arange(30) % 2, 1.0, -1.0)
        large, small = (final_growth(s * weights, s * outputs, *EARLY) for s in (1.0, 1e-200))
        np.testing.assert_array_equal(large.status, small.status)
        grows = large.rate > 0.0
        np.testing.assert_allclose(small.log_size[grows], large.log_size[grows] - 200 * np.log(10.0))

    def test_a_dominated_neuron_keeps_its_sign_and_another_flips_when_it_should(self):
        inputs, residual = np.eye(2), np.array([2.0, 0.0])
        weights = np.array([[0.8, 0.1], [0.8, 0.1], [0.8, 0.1]])
        outputs = np.array([-1.0, -0.9, -0.5])  # against the pull; |w| = 0.806
        course = final_growth(weights, outputs, inputs, residual)
        np.testing.assert_array_equal(course.flips, [0, 0, 1])
        np.testing.assert_array_equal(course.sign, [-1.0, -1.0, 1.0])
        assert course.rate[2] == pytest.approx(1.0)

    def test_events_after_the_horizon_are_left_out(self):
        problem = toy(width=40)
        full = final_growth(
            *[getattr(problem, k) for k in ("weights", "output_weights", "inputs", "targets")]
        )
        late = np.argmax(full.settled)
        short = final_growth(
            problem.weights, problem.output_weights, problem.inputs, problem.targets, full.settled[late] / 2
        )
        assert np.all(short.settled <= full.settled[late] / 2)
        assert np.any(short.status[late] != full.status[late])

    @pytest.mark.parametrize("size", [1e-7, 1e7])
    def test_inputs_of_another_size_change_the_rates_alone(self, size):
        problem = five_points(scale=1e-3)
        start = problem.weights, problem.output_weights
        one = final_growth(*start, problem.inputs, problem.targets)
        other = final_growth(*start, size * problem.inputs, problem.targets)
        assert np.array_equal(other.status, one.status)
        np.testing.assert_allclose(other.direction, one.direction, atol=1e-7)
        np.testing.assert_allclose(other.rate, size * one.rate, rtol=1e-6)


class TestGather:
    def test_directions_that_differ_by_rounding_are_one_whatever_is_active(self):
        """Of four neurons with three patterns two directions are the same; one of another sign is not."""
        ends = FinalGrowth(
            sign=np.array([1.0, 1.0, 1.0, -1.0, 1.0]),
            rate=np.array([2.0, 3.0, 1.0, 2.5, 0.0]),
            log_size=np.log([1.0, 2.0, 3.0, 4.0, 5.0]),
            direction=np.array([[0.0, 1.0], [1e-9, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
            status=np.array([[ON, ON], [ON, SLIDING], [ON, OFF], [ON, ON], [ON, ON]], np.int8),
            settled=np.array([0.5, 0.2, 0.1, 0.7, 0.9]),
            flips=np.zeros(5, np.intp),
            last_weights=np.ones((5, 2)),
            last_outputs=np.ones(5),
            decay=np.zeros(5),
        )
        found = gather(ends)
        assert [one.neurons.tolist() for one in found] == [[0, 1], [3], [2]]
        assert [(one.sign, one.rate) for one in found] == [(1, 3.0), (-1, 2.5), (1, 1.0)]
        assert found[0].log_mass == pytest.approx(np.log(1.0 + 4.0))
        assert [one.settled for one in found] == [0.5, 0.7, 0.1]
        assert [one.neurons.tolist() for one in gather(ends, angle=2.0)] == [[0, 1, 2], [3]]


class TestExtremalDirections:
    def test_the_three_points_have_one(self):
        found = extremal_directions(*EARLY)
        assert found.exact
        (only,) = found.attractors
        pull = EARLY[1] @ EARLY[0] / 3
        assert only.sign == 1
        assert only.rate == pytest.approx(float(np.linalg.norm(pull)))
        np.testing.assert_allclose(only.direction, pull / np.linalg.norm(pull))

    @pytest.mark.parametrize(("seed", "samples"), [(0, 5), (1, 9), (2, 14)])
    def test_in_the_plane_they_are_the_local_maxima_on_a_fine_circle(self, seed, samples):
        rng = np.random.default_rng(seed)
        inputs, residual = with_bias(rng.uniform(-1.5, 1.5, samples)), rng.normal(size=samples)
        angles = np.linspace(0.0, 2 * np.pi, 40_001)[:-1]
        circle = np.column_stack([np.cos(angles), np.sin(angles)])
        found = extremal_directions(inputs, residual)
        assert found.exact
        for sign in (1, -1):
            values = on_sphere(sign, circle, inputs, residual)
            peaks = (values > np.roll(values, 1)) & (values >= np.roll(values, -1)) & (values > 1e-9)
            rates = [one.rate for one in found.attractors if one.sign == sign]
            np.testing.assert_allclose(sorted(rates), np.sort(values[peaks]), atol=3e-4)

    @pytest.mark.parametrize(("seed", "samples", "dimension"), [(0, 7, 3), (1, 6, 5)])
    def test_none_is_improved_on_by_a_small_step_and_none_is_missing(self, seed, samples, dimension):
        rng = np.random.default_rng(seed)
        inputs, residual = rng.normal(size=(samples, dimension)), rng.normal(size=samples)
        found = extremal_directions(inputs, residual)
        assert found.exact
        for one in found.attractors:
            near = one.direction + 1e-4 * rng.normal(size=(500, dimension))
            near /= row_norms(near)[:, None]
            assert np.all(on_sphere(one.sign, near, inputs, residual) <= one.rate * (1 + 1e-9))
            assert on_sphere(one.sign, one.direction, inputs, residual) == pytest.approx(one.rate)
        weights = rng.normal(size=(300, dimension))
        for sign in (1.0, -1.0):
            for end in basins(weights, sign * row_norms(weights), inputs, residual):
                apart = [np.linalg.norm(end.direction - one.direction) for one in found.attractors]
                assert min(apart) < 1e-6

    def test_a_search_says_that_it_is_not_exact(self):
        rng = np.random.default_rng(0)
        inputs, residual = rng.normal(size=(40, 12)), rng.normal(size=40)
        found = extremal_directions(inputs, residual)
        assert not found.exact
        assert {one.sign for one in found.attractors} == {1, -1}


class TestBasins:
    def test_their_number_does_not_depend_on_the_width(self):
        counts = []
        for width in (100, 400):
            problem = five_points(width=width)
            found = basins(problem.weights, problem.output_weights, problem.inputs, problem.targets)
            counts.append(len(found))
            members = np.concatenate([one.neurons for one in found])
            assert len(set(members.tolist())) == len(members)
        assert counts[0] == counts[1] == len(extremal_directions(problem.inputs, problem.targets).attractors)

    def test_the_toy_has_the_two_pulls_and_their_masses(self):
        problem = toy(width=40)
        found = basins(problem.weights, problem.output_weights, problem.inputs, problem.targets)
        assert [(one.sign, one.on_kink) for one in found] == [(1, False), (-1, False)]
        np.testing.assert_allclose([one.rate for one in found], [np.sqrt(5) / 2, np.sqrt(1.25) / 2])
        first = found[0]
        # neurons that see only the sample that they fit turn by one boost: |w|^2 ((1 + cos) / 2)^2
        straight = [j for j in first.neurons if problem.weights[j] @ problem.inputs[0] < 0.0]
        cosine = problem.weights[straight] @ first.direction / row_norms(problem.weights[straight])
        alone = basins(
            problem.weights[straight], problem.output_weights[straight], problem.inputs, problem.targets
        )
        mass = np.sum(row_norms(problem.weights[straight]) ** 2 * (0.5 * (1.0 + cosine)) ** 2)
        assert alone[0].log_mass == pytest.approx(np.log(mass))


def test_a_maximum_on_the_circle_at_a_kink_that_does_not_pull_is_found():
    """G = max(cos, 0): the maximum is orthogonal to the second sample, on both sides of which G is flat."""
    assert circle.extremal(np.eye(2), np.array([1.0, 0.0]), 1) == pytest.approx([0.0])
    assert circle.extremal(np.eye(2), np.array([1.0, 0.0]), -1).size == 0
