"""Which way neurons go on where kinks meet, and where functions of time first become negative."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reluflow
from reluflow.flow.events import Change
from reluflow.flow.lorentz.bernstein import Exponentials, bernstein, first_negative
from reluflow.flow.lorentz.limit_of_descent import arrived, start_on_kinks, turned_while_sliding
from reluflow.flow.lorentz.local_field import FACTORED, LocalField, independent
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING
from reluflow.network import Array

FINE = np.linspace(0.0, 1.0, 4001)


def field(inputs: Array, on: Array, base: Array | None = None, sign: float = 1.0) -> LocalField:
    """The field of a ReLU neuron: inactive samples do not pull."""
    inputs = np.asarray(inputs, dtype=float)
    given = np.zeros(inputs.shape[1]) if base is None else np.asarray(base, dtype=float)
    off = np.zeros(len(inputs))
    return LocalField(inputs, inputs @ inputs.T, given, np.asarray(on, dtype=float), off, off, sign)


class TestFirstNegative:
    @given(st.integers(0, 10_000), st.sampled_from([2, 4, 8, 16]), st.sampled_from([0, 2]))
    @settings(max_examples=40)
    def test_it_finds_what_a_fine_grid_finds(self, seed: int, degree: int, terms: int) -> None:
        rng = np.random.default_rng(seed)
        polynomials = rng.standard_normal((degree + 1, 30))
        polynomials[0] = np.abs(polynomials[0]) * rng.choice([0.01, 0.1, 1.0], 30)
        added, values = None, np.polynomial.polynomial.polyval(FINE, polynomials)
        if terms:
            rates, sizes = rng.uniform(0.0, 20.0, (terms, 30)), rng.standard_normal((terms, 30))
            added = Exponentials(rates, sizes)
            polynomials[0] -= sizes.sum(axis=0)
            exponentials = np.exp(-rates[:, :, None] * FINE) * sizes[:, :, None]
            values = np.polynomial.polynomial.polyval(FINE, polynomials) + exponentials.sum(axis=0)
        low, high = first_negative(bernstein(polynomials, 1.0), added)
        below = values < -1e-9
        first = np.where(below.any(axis=1), FINE[below.argmax(axis=1)], np.inf)
        assert np.array_equal(np.isfinite(first), np.isfinite(high))
        found = np.isfinite(high)
        assert np.all(first[found] >= low[found] - 1e-3)
        assert np.all(first[found] <= high[found] + 1e-3)

    def test_a_dip_between_two_looks_is_found(self) -> None:
        """(x - 0.3)^2 - 1e-8 is below zero on 2e-4 of the way only; (x - 0.3)^2 + 1e-8 never is."""
        dips = np.array([[0.09 - 1e-8, 0.09 + 1e-8], [-0.6, -0.6], [1.0, 1.0]])
        low, high = first_negative(bernstein(dips, 1.0))
        assert low[0] <= 0.3 - 1e-4 <= high[0] + 1e-12
        assert np.isinf(high[1])


class TestStart:
    def test_a_sample_goes_on_where_the_others_drive_it_there(self) -> None:
        assert start_on_kinks(field([[1.0, 0.0]], [0.5], base=[0.2, 0.0])).tolist() == [ON]
        assert start_on_kinks(field([[1.0, 0.0]], [0.5], base=[-0.2, 0.0])).tolist() == [OFF]

    def test_it_slides_where_both_sides_drive_it_back(self) -> None:
        assert start_on_kinks(field([[1.0, 0.0]], [-0.5], base=[0.2, 0.0])).tolist() == [SLIDING]

    def test_nothing_moves_a_neuron_that_is_on_its_kinks_alone(self) -> None:
        assert start_on_kinks(field([[1.0, 0.0], [0.3, 1.0]], [0.5, 0.5])).tolist() == [RESTING, RESTING]


class TestArrived:
    def test_a_straight_way_leads_to_the_far_side(self) -> None:
        """One sample is active before w = 0 and pulls back to it; behind it none is."""
        inputs = [[1.0, 0.0], [1.0, 0.1]]
        verdict = arrived(
            field(inputs, [-0.5, 0.0]), np.array([-0.5, -0.5]), np.array([], dtype=int), np.array([])
        )
        assert verdict.status.tolist() == [OFF, OFF]
        assert not verdict.choice

    @pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
    def test_a_neuron_that_slides_there_goes_on_beyond(self, scale: float) -> None:
        """Along sample 0 it moves at 0.5 before w = 0 and at 1.5 behind, held on sample 1 all the time."""
        local = field(np.eye(2), [1.0, -1.0], base=[0.5, 0.3])
        assert local.follow(np.array([-scale, 0.0]), np.array([1])).tolist() == [ON, SLIDING]

    @pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
    def test_a_neuron_that_slides_on_one_sample_slides_on_another_that_drives_it_back(
        self, size: float
    ) -> None:
        """Across sample 0 it moves at 0.5 before it and at -0.5 behind, in units of |x|^2."""
        local = field(size * np.eye(3), [-1.0, -1.0, 0.5], base=[0.5 * size, 0.3 * size, 0.0])
        assert local.follow(np.array([-1.0, 0.0, 1.0]), np.array([1])).tolist() == [SLIDING, SLIDING, ON]

    def test_a_sample_across_which_it_does_not_move_stays_as_it_is(self) -> None:
        local = field(np.eye(2), [0.5, 0.5], base=[1.0, 0.0])
        assert local.follow(np.array([1.0, -1.0])).tolist() == [ON, OFF]


class TestTurned:
    @pytest.mark.parametrize(("share", "side"), [(0.02, OFF), (0.98, ON)])
    def test_a_neuron_leaves_to_the_side_on_which_descent_is(self, share: float, side: int) -> None:
        """v_off = share and v_on = share - 1: descent is on the active side for that share of time."""
        local = field([[1.0]], [-1.0], base=[share])
        verdict = turned_while_sliding(local, np.array([share]))
        assert verdict.status.tolist() == [side]

    @pytest.mark.parametrize(
        ("above", "side"), [(32, ON), (23, ON), (22, OFF), (10, OFF), (9, OFF), (0, OFF)]
    )
    def test_the_end_of_a_clear_majority_of_phases_is_taken(
        self, above: int, side: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of 32; else that of the side on which descent has been for longer, which is the inactive one."""
        ends = np.where(np.arange(32) < above, 1.0, -1.0)[:, None]
        monkeypatch.setattr(LocalField, "descend", lambda *_: ends)
        verdict = turned_while_sliding(field([[1.0]], [-1.0], base=[0.4]), np.array([0.4]))
        assert verdict.status.tolist() == [side]
        assert verdict.choice == (above not in (0, 32))

    def test_halfway_it_is_a_choice(self) -> None:
        verdict = turned_while_sliding(field([[1.0]], [-1.0], base=[0.45]), np.array([0.45]))
        assert verdict.choice
        assert verdict.status.tolist() == [OFF]


def test_a_force_that_no_sample_shares_is_tipped_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """SciPy refuses to look for shares of no samples where NumPy has no norm of nothing."""
    monkeypatch.setattr("scipy.optimize.lsq_linear", None)
    assert field([[1.0]], [1.0], base=[1e-7 - 1.0]).tipped().base[0] == pytest.approx(1e-3 - 1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("base", "tipped"),
    [(1.0, 1.0), (3.0, 3.0), (2.0 + 1e-6, 2.002), (-1e-6, -2e-3), (2.0 + 1e-15, 2.0 + 1e-15)],
)
def test_a_field_is_tipped_where_next_to_nothing_is_left_of_it(base: float, tipped: float) -> None:
    """The sample pulls with up to 2: what is left beyond becomes a thousandth of that, if it is less."""
    (found,) = field([[1.0]], [-2.0], base=[base]).tipped().base
    assert found == (tipped if base == tipped else pytest.approx(tipped, abs=2e-6))


def test_what_shares_leave_of_a_force_is_its_part_across_what_they_can_do() -> None:
    """Two equal samples balance what pulls along the first axis; along the second 1e-6 is left."""
    local = field([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], [-1.0, -3.0, 0.5], base=[2.0, 1e-6 - 0.5])
    size = 1.0 + 6.0 + 0.5
    np.testing.assert_allclose(local.tipped().base, [2.0, 1e-3 * size - 0.5], atol=2e-6)


def test_a_neuron_that_only_no_sample_at_all_can_hold_sees_none() -> None:
    """One input, and nothing that drives it there: its share would be zero."""
    assert field([[1.0]], [-1.0]).held.tolist() == [OFF]
    for share in (0.25, 1.0):
        assert field([[1.0]], [-1.0], base=[share]).held.tolist() == [SLIDING]
    assert field([[1.0]], [-1.0], base=[2.0]).held.tolist() == [OFF], "nothing holds it"


@pytest.mark.parametrize(("base", "side"), [(-1e-9, OFF), (1.0 - 1e-9, SLIDING), (1.0 + 1e-9, ON)])
def test_what_is_beyond_its_bounds_by_less_than_a_linear_programme_sees_is_put_on_them(
    base: float, side: int
) -> None:
    assert field([[1.0]], [-1.0], base=[base]).held.tolist() == [side]
    beside = field(np.diag([1.0, 2.0]), [-1.0, -1.0], base=[0.6, 2.0 * base])
    assert beside.held.tolist() == [SLIDING, side]


@pytest.mark.parametrize(("base", "side"), [(0.3, ON), (-0.3, OFF), (0.0, RESTING)])
def test_a_sample_on_its_kink_goes_where_the_others_drive_it(base: float, side: int) -> None:
    local = field(np.eye(2), [0.5, 0.5], base=[1.0, base])
    assert local.follow(np.array([1.0, 0.0])).tolist() == [ON, side]


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_the_first_samples_are_kept_that_no_others_make(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = rng.integers(-1, 2, (7, 4)).astype(float) * 10.0 ** rng.integers(-9, 9, (7, 1))
    order, kept = rng.permutation(7), []
    units = inputs / np.maximum(np.linalg.norm(inputs, axis=1, keepdims=True), 1e-300)
    for k in order:
        if np.linalg.matrix_rank(units[[*kept, k]], tol=1e-8) > len(kept):
            kept.append(int(k))
    assert independent(order, inputs).tolist() == kept


def test_an_input_that_hardly_differs_from_others_is_kept() -> None:
    """Rounding of a first projection is 1e-16 of the input, and 1e-9 of what is left is far above."""
    inputs = np.array([[1.0, 1.0, 0.0], [1.0, 1.0 + 1e-7, 0.0], [0.0, 1.0, 0.0], [0.3, 0.7, 0.0]])
    assert independent(np.arange(4), inputs).tolist() == [0, 1]


def test_as_an_output_weight_falls_steps_get_shorter_by_one_and_turn_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of them together are descent with steps of a, a - 1, .. until a is below zero."""
    told, descend = [], LocalField.descend

    def noted(self: LocalField, z: Array, lengths: Array) -> Array:
        told.append((self.sign, np.broadcast_to(lengths, (len(lengths), len(z)))))
        return descend(self, z, lengths)

    monkeypatch.setattr(LocalField, "descend", noted)
    turned_while_sliding(field(np.eye(2), [-1.0, -1.0], base=[0.3, 0.6]), np.array([0.3, 0.6]))
    (sign, before), (other, after) = told[:2]
    assert (sign, other) == (1.0, -1.0)
    np.testing.assert_allclose(np.diff(np.vstack([before, -after]), axis=0), -1.0, atol=1e-12)
    assert np.all((after > 0.0) & (after <= 1.0))
    assert len(np.unique(after[0])) == after.shape[1], "phases differ"


def test_a_neuron_slides_no_longer_on_the_sample_that_let_it_go() -> None:
    """Pulls of three samples in a plane cancel where all of them count, where none does, and in between."""
    inputs = np.array([[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]])
    local = field(inputs, [-1.0, -1.0, -1.0])
    for sample, status in itertools.product(range(3), (ON, OFF)):
        assert replace(local, released=(sample, status)).held[sample] == status


def test_a_neuron_that_loses_its_last_sample_while_it_slides_never_comes_back() -> None:
    """Neuron 0 slides on sample 1 when it loses sample 0; neuron 1 turns the residual of sample 1 later."""
    data = np.load("tests/cases/flow/inscale-8.npz")
    start = (data[key] for key in ("inputs", "targets", "weights", "output_weights"))
    trajectory = reluflow.simulate(*start, times=data["times"])
    events = trajectory.events
    dead = np.unique(events.neuron[events.kind == Change.DIE])
    assert dead.size
    for neuron in dead:
        own = np.flatnonzero(events.neuron == neuron)
        assert events.kind[own[-1]] == Change.DIE


def test_neurons_at_rest_are_none_that_move() -> None:
    """w = 0: descent never moves such a neuron, whatever a is."""
    x, y = np.eye(2), np.array([1.0, -1.0])
    weights, outputs = np.array([[0.0, 0.0], [0.3, 0.1]]), np.array([0.7, 0.4])
    trajectory = reluflow.simulate(x, y, weights, outputs, stop_time=5.0)
    assert np.array_equal(trajectory.weights[-1, 0], [0.0, 0.0])
    assert trajectory.output_weights[-1, 0] == 0.7
    assert trajectory.output_weights[-1, 1] != 0.4


@pytest.mark.parametrize("samples", [FACTORED - 1, FACTORED])
def test_steps_of_descent_are_the_same_by_way_of_the_inputs(samples: int) -> None:
    rng = np.random.default_rng(5)
    inputs, on, off = rng.standard_normal((samples, 3)), *rng.standard_normal((2, samples))
    local = LocalField(inputs, inputs @ inputs.T, rng.standard_normal(3), on, off, np.zeros(samples), -1.0)
    before = rng.standard_normal((4, samples))
    after = local.descend(before, np.array([0.5]))
    force = np.where(before > 0.0, on, off)
    expected = before - 0.5 * ((force @ inputs + local.base) @ inputs.T)
    np.testing.assert_allclose(after, expected, atol=1e-12)
    assert np.all(np.abs(after - before) <= 0.5 * local.longest * (1.0 + 1e-12))


def test_the_longest_step_has_all_forces_pull_the_same_way() -> None:
    local = LocalField(
        np.array([[2.0]]),
        np.array([[4.0]]),
        np.array([-1.5]),
        np.array([0.25]),
        np.array([-0.5]),
        np.zeros(1),
        1.0,
    )
    assert local.longest.tolist() == [5.0]
