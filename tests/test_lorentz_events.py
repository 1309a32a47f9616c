"""What happens to neurons where something does, and what is kept of that."""

import numpy as np
import pytest
from recorded_flow import drawn, stored
from test_lorentz_neurons import INPUTS, SAMPLES, neurons

from reluflow.flow.base import Options
from reluflow.flow.events import Change, EventLog, Events
from reluflow.flow.lorentz import Lorentz, collocation_step, neuron_events, rounds, series_step, sweep
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.event_location import Stretch, first_crossing, move, moved_to, rounding, settle
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.neuron_events import NeuronEvents, StallError
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.samples import merge
from reluflow.flow.lorentz.start import settled_start
from reluflow.problem import Problem


@pytest.mark.parametrize("later", [True, False])
def test_what_comes_first_is_known_where_it_is_located(later: bool) -> None:
    """Three equal neurons cross at a moment that is later, or sooner, than a residual that stands still says.

    One is not released, one between the guess and the crossing, and one after both.
    """
    course = 6.0 * RADAU.nodes - 1.5 if later else 6.0 - 8.0 * RADAU.nodes
    path = Path(np.outer(course, np.ones(3)), 2.0)
    forcing = Forcing(SAMPLES, path, 0.0)
    three = neurons(np.tile([0.3, 0.1], (3, 1)))
    pulled, begin, end = pull(three, forcing), np.zeros(3), np.ones(3)
    moved = move(three, pulled, path, begin, end)
    sample, guess = first_crossing(three, moved)
    happening, stretch = NeuronEvents(forcing, [], []), Stretch(three, pulled, begin, end)
    _, crossing, _, _ = happening.first(stretch, moved, np.full(3, np.inf))
    assert (guess[0] < crossing[0] - 1e-3) if later else (guess[0] > crossing[0] + 1e-3)
    between = 0.5 * (guess[0] + crossing[0])
    released = np.array([np.inf, between, max(guess[0], crossing[0]) + 0.01])
    here, position, crossed, crosses = happening.first(stretch, moved, released)
    first = between if later else crossing[0]
    np.testing.assert_allclose(position, [crossing[0], first, crossing[0]], rtol=1e-9)
    assert crosses.tolist() == [True, not later, True]
    assert np.array_equal(crossed, sample)
    expected = moved_to(three, move(three, pulled, path, begin, position))
    np.testing.assert_allclose(here.weights, expected.weights, atol=1e-9)
    np.testing.assert_allclose(here.z, expected.z, atol=1e-9)
    np.testing.assert_allclose(here.z[crosses, sample[crosses]], 0.0, atol=1e-11)


@pytest.mark.parametrize("crowds", [False, True])
def test_a_neuron_to_which_something_happens_for_ever_is_said_to_stall(crowds, monkeypatch) -> None:
    """Here half way: it goes on to there, and no further."""
    path = Path(np.outer(6.0 * RADAU.nodes - 1.5, np.ones(3)), 2.0)
    two, met = neurons(np.tile([0.3, 0.1], (2, 1))), []

    def stuck(self, before, pulled, moved, turning_point, releases):
        met.append(len(before))
        assert len(met) < 1000
        return before, np.full(len(before), 0.5)

    monkeypatch.setattr(NeuronEvents, "meet", stuck)
    monkeypatch.setattr(rounds, "crowded", lambda *_: crowds)
    with pytest.raises(StallError):
        rounds.Rounds(Forcing(SAMPLES, path, 0.0)).run([two])
    assert len(met) > SAMPLES.primaries + rounds.PATIENCE


def test_a_speed_is_rounding_where_rounding_of_one_residual_makes_it() -> None:
    """a noise |x|^2 / n."""
    forcing = Forcing(SAMPLES, Path(np.array([[0.5, -2.0, 1.0]]), 1.0), 0.0)
    few = neurons(np.array([[0.3, 0.1], [0.3, -0.4]]))
    expected = few.outputs * forcing.noise * np.array([1.0, 4.0]) / 3.0
    np.testing.assert_allclose(rounding(few, np.array([0, 2]), forcing), expected)
    assert forcing.noise > 0.0


@pytest.mark.parametrize(("loss", "pulls"), [("logistic", 4.0 / 3.0), ("exponential", np.sqrt(8.0))])
def test_labels_that_contradict_each_other_pull_as_much_where_their_forces_cancel(loss, pulls) -> None:
    """Two against one on a half-line: 2 n_1 n_2 / (n_1 + n_2), or 2 sqrt(n_1 n_2), over |(1, 1, 1)|."""
    inputs, labels = (
        np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
        np.array([1.0, -1.0, 1.0, 1.0]),
    )
    problem = Problem(inputs, labels, np.ones((1, 2)), np.ones(1), loss=loss)
    few = merge(inputs, labels, 0.0, loss=problem.function)
    scale = few.gain[0]
    assert few.sizes[few.group[0]] == pytest.approx(scale * pulls, rel=1e-9)
    assert few.sizes[few.group[2]] == 0.0, "nobody contradicts it"


def test_at_rest_weights_decay_inside_a_step_as_well() -> None:
    """The targets are zero, and the squares of what is predicted are, too."""
    weights, outputs = 1e-90 * np.array([[0.6, 0.8], [1.0, 0.5]]), 1e-90 * np.array([1.0, -2.0])
    solver = Lorentz(Problem(np.eye(2), np.zeros(2), weights, outputs, weight_decay=0.3), Options())
    for _ in range(3):
        solver.step()
        for share in (0.25, 1.0):
            t = solver.t_old + share * (solver.t - solver.t_old)
            there = solver.dense_output()(t)
            np.testing.assert_allclose(there.weights, np.exp(-0.3 * t) * weights, rtol=1e-12)
            np.testing.assert_allclose(there.output_weights, np.exp(-0.3 * t) * outputs, rtol=1e-12)


def test_a_neuron_that_nothing_pulls_yet_stays_as_it_is_on_its_kink() -> None:
    """With a = 0 it has no sign before the residual gives it one."""
    one = neurons(np.array([[0.0, 0.5]]))
    one = one.moved(one.weights, np.zeros(1), one.z)
    assert (one.z == 0.0).any()
    for residual in (0.0, -1.0):
        settled, rests, told = settled_start(one, SAMPLES, np.full(3, residual))
        assert not rests.any()
        assert len(told) == 0 or residual
        assert residual or np.array_equal(settled.status, one.status)


@pytest.mark.parametrize(
    ("made", "way"), [(drawn("on-kink", 2, 12), "left"), (stored("flow/dominated-12"), "let_out")]
)
def test_where_a_neuron_leaves_a_junction_the_last_update_has_a_sweep(made, way, monkeypatch) -> None:
    """No margin of a pair says how far the residual is from another way out."""
    gone, left, moved = [], getattr(neuron_events, way), sweep.sweep

    def noted(*arguments):
        gone.append(1)
        return left(*arguments)

    def swept(*arguments, **options):
        gone.clear()
        found = moved(*arguments, **options)
        assert not gone or found.least == 0.0
        seen.extend(gone)
        return found

    seen: list[int] = []
    monkeypatch.setattr(neuron_events, way, noted)
    for user in (collocation_step, series_step):
        monkeypatch.setattr(user, "sweep", swept)
    solver = Lorentz(made(), Options())
    while not seen and solver.steps < 70:
        solver.step()
    assert seen


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_neurons_rest_for_ever_that_are_zero_or_as_relus_on_all_kinks(slope: float) -> None:
    samples = merge(INPUTS, np.ones(3), slope)
    four = neurons(np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.5], [0.3, 0.1]]))
    four = four.moved(four.weights, np.array([0.0, 0.7, 0.5, 0.3]), four.z)
    _, rests, _ = settled_start(four, samples, np.full(3, -1.0))
    assert rests.tolist() == [True, slope == 0.0, False, False]


@pytest.mark.parametrize(
    ("speed", "force", "slides"), [(-0.5, -0.5, True), (-2.0, -0.5, False), (-0.5, -2.0, False)]
)
def test_a_neuron_whose_speeds_are_rounding_stays_on_its_kink(
    speed: float, force: float, slides: bool
) -> None:
    """It comes from the active side and would go on to the other one; speeds are in units of rounding."""
    forcing = Forcing(SAMPLES, Path(np.array([[0.5, -2.0, 1.0]]), 1.0), 0.0)
    one, sample = neurons(np.array([[0.3, 0.1]])), np.zeros(1, np.intp)
    floor = rounding(one, sample, forcing)
    pulls = force * floor * 3.0 / one.outputs
    after, kind = settle(one, sample, speed * floor, pulls, forcing)
    assert kind[0] == (Change.SLIDE if slides else Change.EXIT)
    assert after.z[0, 0] == 0.0


def test_rounding_of_a_residual_counts_as_much_more_as_an_opposite_sample_is_longer() -> None:
    """What is merged into the shorter one of two opposite samples is divided by its length."""
    inputs = np.array([[1.0, 0.0], [-4.0, 0.0], [0.0, 1.0], [0.0, -0.5]])
    residual = np.array([[0.5, -2.0, 1.0, 1.5]])
    noise, alone = (
        Forcing(merge(some, np.ones(len(some)), 0.0), Path(residual[:, : len(some)], 1.0), 0.0).noise
        for some in (inputs, inputs[[0, 2]])
    )
    assert noise == pytest.approx(4.0 * alone, abs=0.0)


def some_events(first: int, count: int) -> Events:
    numbers = np.arange(first, first + count)
    return Events(0.1 * numbers, *(numbers.astype(kind) for kind in (np.int32, np.int32, np.int8)))


@pytest.mark.parametrize("at_once", [1, 3, 12])
def test_a_log_that_is_full_keeps_the_later_half(at_once: int) -> None:
    """However many come at once; and it goes on from what was packed."""
    log, known = EventLog(limit=10), 0
    for first in range(0, 24, at_once):
        handed_out = log.events
        times = handed_out.t.copy()
        log.extend(some_events(first, at_once))
        known += at_once
        kept = log.events
        assert np.array_equal(handed_out.t, times)
        assert len(kept) + log.dropped == known
        assert 5 <= len(kept) <= 10 or log.dropped == 0
        expected = some_events(log.dropped, len(kept))
        for name in ("t", "neuron", "sample", "kind"):
            assert np.array_equal(getattr(kept, name), getattr(expected, name))
        again = EventLog(limit=10)
        again.unpack(log.pack())
        log = again
    assert log.dropped > 0


def test_kinds_of_events_have_numbers_that_files_hold() -> None:
    names = ["ENTER", "EXIT", "SLIDE", "RELEASE_ON", "RELEASE_OFF", "DIE", "FLIP", "CHOICE"]
    assert {kind.name: int(kind) for kind in Change} == {name: i for i, name in enumerate(names)}
