"""One neuron as teacher: alignment, bundle, pair law and least rank."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from teachers import NEAR, course_of, family, near, preset_problem, trained

from reluflow.network import row_norms
from reluflow.problem import Problem
from reluflow.theory.bundle import final_rate, follow
from reluflow.theory.least_rank import margin, rank_one_kappa
from reluflow.theory.minimum_norm import minimum_norm
from reluflow.theory.pair_law import largest_angle, pair_products, transported
from reluflow.theory.teacher_trajectory import TeacherTrajectory
from reluflow.theory.yardsticks import advanced_cosine, align, yardstick


class TestAlignment:
    def test_crossings_and_ends_are_those_of_the_integrated_flow(self):
        """Each neuron alone under the residual -y, by DOP853 up to its last crossing."""
        problem = near().problem
        found = align(problem.inputs, problem.targets, problem.weights, problem.output_weights)
        assert len(found.crossings) > 10
        n, d = problem.inputs.shape

        def slope(t, state):
            w, a = state[:d], state[d]
            pull = ((problem.inputs @ w > 0.0) * problem.targets) @ problem.inputs / n
            return np.append(a * pull, w @ pull)

        for j in range(6):
            size = abs(problem.output_weights[j])
            start = np.append(problem.weights[j], problem.output_weights[j]) / size
            end = found.settled[j]
            if end == 0.0:
                continue
            path = solve_ivp(slope, (0.0, end), start, method="DOP853", rtol=1e-9, atol=1e-12, max_step=0.01)
            final = np.append(found.weights[j], found.output_weights[j]) / size
            np.testing.assert_allclose(path.y[:, -1], final, rtol=1e-4, atol=1e-5)

    def test_plus_neurons_only_gain_and_minus_neurons_only_lose(self):
        found = course_of(near().problem).alignment
        signs = np.sign(near().problem.output_weights)
        assert all(event.on == (signs[event.neuron] > 0) for event in found.crossings)
        assert np.all(found.bundle | found.dead)
        assert not found.slides
        assert [event.time for event in found.crossings] == sorted(event.time for event in found.crossings)

    def test_artanh_of_the_cosine_advances_at_the_rate_gamma(self):
        """Between crossings; here before the first, against the boost of the alignment."""
        rng = np.random.default_rng(1)
        inputs, targets = 1.0 + 0.2 * rng.uniform(size=(4, 4)), np.ones(4)
        w = np.array([[1.0, 0.2, 0.3, 0.1]])
        gamma = yardstick(inputs, targets)
        rate = np.linalg.norm(gamma)
        e = gamma / rate
        cosine = w @ e / row_norms(w)
        t = 0.7
        a, p = row_norms(w), w @ e
        moved = w + ((p * np.cosh(rate * t) + a * np.sinh(rate * t)) - p)[:, None] * e
        expected = moved @ e / row_norms(moved)
        np.testing.assert_allclose(advanced_cosine(cosine, np.array([rate]), np.array([t])), expected)

    def test_a_neuron_held_at_a_kink_is_reported(self):
        inputs = np.array([[1.0, 0.2], [-1.0, 0.2]])
        weights = np.array([[-0.5, 0.2]])
        found = align(inputs, np.array([1.0, 1.0]), weights, -row_norms(weights))
        assert found.slides

    def test_it_does_not_depend_on_the_scale(self):
        problem = near().problem
        tiny = align(
            problem.inputs, problem.targets, 1e-250 * problem.weights, 1e-250 * problem.output_weights
        )
        whole = course_of(problem).alignment
        np.testing.assert_allclose(tiny.settled, whole.settled, rtol=1e-12)
        np.testing.assert_array_equal(tiny.active, whole.active)


def test_a_coordinate_that_the_teacher_has_not_makes_no_progress():
    """The inputs span all directions evenly about the axis of the teacher."""
    inputs = np.array([[1.0, 0.5], [1.0, -0.5]])
    problem = Problem(inputs, [2.0, 2.0], 1e-6 * inputs, 1e-6 * row_norms(inputs))
    course = TeacherTrajectory(problem, np.array([2.0, 0.0]))
    ratios, goal = course.progress(np.array([[0.25, 0.5]]))
    np.testing.assert_allclose(np.abs(goal), [2.0, 0.0])
    np.testing.assert_allclose(ratios, [[0.125, np.nan]])


class TestBundle:
    def test_one_sample_is_logistic(self):
        inputs, teacher, log_start = np.array([[0.0, 2.0]]) @ np.eye(2)[:, 1:], np.array([1.5]), -20.0
        found = follow(inputs, teacher, log_start)
        t = np.linspace(0.5, 2.2, 40)
        rate = 4.0 * 1.5
        start = np.exp(log_start)
        grown = 1.5 / (1.0 + 1.5 / start * np.exp(-2.0 * rate * t))
        np.testing.assert_allclose(found.vectors(t)[:, 0], grown, rtol=2e-6)
        np.testing.assert_allclose(found.losses(t), 2.0 * (1.5 - grown) ** 2, rtol=1e-4, atol=1e-9)
        half = found.time_of_loss(0.25 * 2.0 * 1.5**2)
        assert found.losses(np.array([half]))[0] == pytest.approx(0.25 * 2.0 * 1.5**2)
        assert np.isnan(found.time_of_loss(1e-30))
        assert final_rate(inputs, teacher) == pytest.approx(2.0 * 1.5 * 8.0)

    def test_the_final_rate_is_the_slope_of_its_own_curve(self):
        problem = near().problem
        course = course_of(problem)
        bundle = course.bundle
        t = np.array([bundle.end - 0.5 / course.final_rate, bundle.end])
        slope = -np.diff(np.log(bundle.losses(t)))[0] / (t[1] - t[0])
        assert slope == pytest.approx(course.final_rate, rel=2e-2)

    def test_the_offset_makes_the_error_quadratic_in_the_scale(self):
        """Thirty times the scale: the curve along gamma alone is off by more than five times as much."""
        problem = preset_problem(**NEAR, **{"init.scale": 0.03})
        run, course = trained(problem, 1e-5), course_of(problem)
        inputs, log_mass = problem.span.inputs, course.amplitudes.log_mass
        t, speed = run.series["t"] * problem.speed, problem.speed
        seen = (t > course.aligned) & (run.series["loss"] > 1e-4)
        errors = [
            np.max(np.abs(np.log(run.series["loss"][seen] / speed / path.losses(t[seen]))))
            for path in (course.bundle, follow(inputs, course.inner_teacher, log_mass))
        ]
        assert errors[0] < 0.01
        assert errors[1] > 5.0 * errors[0]

    def test_coordinates_pass_the_regions_in_order_of_eigenvalue(self):
        course = course_of(near().problem)
        ratios, goal = course.progress(course.path)
        np.testing.assert_allclose(goal @ goal, course.size**2)
        halfway = [int(np.argmax(column >= 0.5)) for column in ratios.T]
        assert halfway == sorted(halfway)
        rates = np.linalg.eigvalsh(course.bundle.covariance)[::-1]
        alone = follow(course.problem.span.inputs, course.inner_teacher, -20.0)  # sets out along gamma = H v*
        first = course.progress(alone.vectors(np.array([alone.start])))[0][0]
        np.testing.assert_allclose(first / first[0], rates / rates[0])


class TestPairLaw:
    def test_products_are_conserved_from_the_last_crossing_to_the_end(self):
        run = near()
        course = course_of(run.problem)
        members = np.flatnonzero(course.alignment.bundle)
        late = np.flatnonzero(run.snapshots.t * run.problem.speed > course.aligned)
        products = [
            pair_products(run.snapshots.weights[k][members], run.snapshots.output_weights[k][members])
            for k in (late[0], late[len(late) // 2], late[-1])
        ]
        assert np.max(np.abs(products[0])) > 0.0
        for later in products[1:]:
            np.testing.assert_allclose(later, products[0], rtol=2e-3, atol=1e-3 * np.max(products[0]))

    def test_products_of_nearly_parallel_neurons_keep_their_digits(self):
        w = np.array([[1.0, 0.0], [2.0, 2e-9]])
        products = pair_products(w, row_norms(w))
        assert products[0, 1] == pytest.approx(2.0 * 0.5e-18, rel=1e-6)
        wide = np.array([[1.0, 0.0], [0.0, 2.0]])
        np.testing.assert_allclose(pair_products(wide, np.array([3.0, -4.0])), [[8.0, -12.0], [-12.0, 12.0]])

    def test_final_angles_are_in_proportion_to_the_scale(self):
        problem = near().problem
        angles = []
        for factor in (1.0, 0.25):
            small = Problem(
                problem.inputs, problem.targets, factor * problem.weights, factor * problem.output_weights
            )
            course = course_of(small)
            angles.append(largest_angle(course.amplitudes, course.size))
        assert angles[0] / angles[1] == pytest.approx(4.0, rel=1e-3)

    def test_the_final_network_is_the_one_that_training_reaches(self):
        """Neuron by neuron, dead ones included; displacements are carried along the bundle's path."""
        run = near()
        course = course_of(run.problem)
        weights, outputs = course.final_weights
        members = course.alignment.bundle
        np.testing.assert_allclose(outputs[members], run.final.output_weights[members], rtol=1e-3)
        np.testing.assert_allclose(weights[~members], run.final.weights[~members], rtol=1e-4)
        apart = [rows[members] / row_norms(rows[members])[:, None] for rows in (weights, run.final.weights)]
        apart = [rows - course.amplitudes.shares @ rows for rows in apart]  # the run stops short of v*
        assert np.max(np.abs(apart[0] - apart[1])) < 0.02 * np.max(np.abs(apart[0]))

    def test_transport_turns_by_the_area_that_the_path_encloses(self):
        """Around an octant of the sphere and back: a quarter turn."""
        quarter = np.linspace(0.0, 0.5 * np.pi, 200)
        flat = np.zeros_like(quarter)
        x_to_y = np.column_stack([np.cos(quarter), np.sin(quarter), flat])
        path = np.vstack([x_to_y, x_to_y[:, [2, 0, 1]], x_to_y[:, [1, 2, 0]]])
        carried = transported(path, np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
        np.testing.assert_allclose(carried, [[0.0, 0.0, 1.0], [0.0, -1.0, 0.0]], atol=1e-12)


class TestLeastRank:
    @pytest.mark.parametrize(
        ("b", "kappa", "least"), [(11.0, 1.039230, 0.999607), (30.0, 1.670329, 0.962132)]
    )
    @pytest.mark.parametrize("dimension", [3, pytest.param(5, marks=pytest.mark.slow)])
    def test_the_papers_families(self, b, kappa, least, dimension):
        inputs, teacher = family(b, dimension)
        assert rank_one_kappa(inputs, teacher) == pytest.approx(kappa, abs=5e-7)
        assert margin(inputs, teacher) > 0.0
        found = minimum_norm(inputs, inputs @ teacher)
        assert found.value == pytest.approx(least, abs=6e-7)
        assert found.gap <= 1e-9

    def test_the_margin_is_the_largest_between_a_dual_vector_and_an_arc_of_two_others(self):
        rng = np.random.default_rng(1)
        inputs, teacher = rng.normal(size=(3, 3)), rng.normal(size=3)
        duals, share = np.linalg.inv(inputs).T, np.linspace(0.0, 1.0, 5001)[:, None]
        duals, towards = duals / row_norms(duals)[:, None], teacher / np.linalg.norm(teacher)
        found = []
        for k, dual in enumerate(duals):
            two = np.delete(duals, k, axis=0)
            arc = share * two[0] + (1.0 - share) * two[1]
            arc /= row_norms(arc)[:, None]
            found += [np.max(arc @ dual - np.sqrt(1.0 - (arc @ towards) ** 2))]
            found += [np.max(arc @ dual) - np.sqrt(1.0 - (dual @ towards) ** 2)]
        assert margin(inputs, teacher) == pytest.approx(max(found), abs=1e-6)

    @pytest.mark.parametrize(
        "seed", [1, 3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2, 4, 5, 6, 7))]
    )
    def test_both_criteria_agree_with_the_least_norm(self, seed):
        rng = np.random.default_rng(seed)
        d = int(rng.integers(2, 5))
        inputs = rng.normal(size=(d, d)) * rng.choice([0.3, 1.0])
        inputs += 2.0 * rng.normal(size=d) / np.sqrt(d)
        teacher = np.linalg.solve(inputs, rng.uniform(0.2, 2.0, size=d))
        kappa, least = rank_one_kappa(inputs, teacher), minimum_norm(inputs, inputs @ teacher).value
        rank_one_is_least = least > np.linalg.norm(teacher) * (1.0 - 1e-8)
        assert rank_one_is_least == (kappa < 1.0 + 1e-9)
        assert rank_one_is_least == (margin(inputs, teacher) < 0.0)
