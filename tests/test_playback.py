"""The recorded history and the cursor that moves over it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import toy

from reluflow.flow.base import Options
from reluflow.live.playback import SPEEDS, Playback
from reluflow.network import residuals
from reluflow.observe.history import CLOCKS, History
from reluflow.store.preset import load_preset
from reluflow.training.simulation import simulate
from reluflow.training.training import StopRules, Training


def trained(method="lorentz", **options) -> Training:
    training = Training(toy(), method, Options(**options), StopRules(loss=1e-9, time=60.0))
    while training.status == "running":
        training.advance()
    return training


@pytest.fixture(scope="module")
def history() -> History:
    return trained().recorder.history


@pytest.fixture(scope="module")
def eventful() -> History:
    """With the changes of activation of the same run."""
    training = trained()
    return replace(training.recorder.history, events=training.events)


class TestEvents:
    def test_they_are_gone_through_in_order_and_back(self, eventful):
        seen, t = [], -1.0
        while (t := eventful.next_event(t)) is not None:
            seen.append(t)
        assert seen == sorted(set(eventful.events.t.tolist()))
        assert len(seen) > 5
        back, t = [], eventful.end
        while (t := eventful.next_event(t, forward=False)) is not None:
            back.append(t)
        assert back == seen[::-1]
        assert sum(len(eventful.events_at(t)) for t in seen) == len(eventful.events)
        assert len(eventful.events_at(0.5 * (seen[0] + seen[1]))) == 0

    def test_they_are_counted_up_to_a_time_and_at_it(self, eventful):
        t = eventful.events.t
        assert eventful.changes_until(0.0) == 0
        assert eventful.changes_until(t[3]) == np.count_nonzero(t <= t[3])
        assert eventful.changes_until(eventful.end) == eventful.events.changes == t.size

    def test_their_clock_gives_each_moment_the_same_time(self, eventful):
        times = [t for t in eventful.event_times.tolist() if 0.0 < t < eventful.end]
        assert [eventful.reading("events", t) for t in times] == list(range(1, len(times) + 1))
        for reading in np.linspace(0.0, len(times) + 1.0, 23):
            assert eventful.reading("events", eventful.time_of("events", reading)) == pytest.approx(reading)

    def test_a_run_without_any_has_the_clock_too(self, history):
        assert history.next_event(0.0) is None
        assert history.time_of("events", 0.5) == pytest.approx(0.5 * history.end)

    def test_what_was_handed_out_stays_while_the_log_goes_on(self):
        training = Training.from_preset(load_preset("nonorthogonal-five-points", {"network.width": 12}))
        while len(training.events) < 3:
            training.single_step()
        early = training.events
        before = early.t.copy()
        while training.status == "running":
            training.advance()
        assert len(training.events) > len(early)
        np.testing.assert_array_equal(early.t, before)
        np.testing.assert_array_equal(training.events.t[: len(early)], before)
        with pytest.raises(ValueError, match="read-only"):
            early.t[0] = 1.0


class TestHistory:
    def test_ends_are_the_run(self, history):
        assert history.states[0].t == 0.0
        assert history.end == history.series["t"][-1]
        np.testing.assert_array_equal(np.diff(history.path) > 0.0, True)

    def test_recorded_states_come_back_as_they_are(self, history):
        for state in history.states[::17]:
            assert history.state_at(state.t) is state
            assert history.recorded_at(state.t) is state

    def test_between_them_the_state_is_close_to_the_true_one(self, history):
        """Against exact losses: a few per cent, though states are up to 0.1 apart."""
        problem = toy()
        start = problem.inputs, problem.targets, problem.weights, problem.output_weights
        exact = simulate(*start, times=np.linspace(0.5, 33.0, 60), rtol=1e-8)
        for t, expected in zip(exact.t, exact.loss, strict=True):
            state = history.state_at(t)
            assert state.t == t
            residual = residuals(state.weights, state.output_weights, problem.inputs, problem.targets)
            assert float(residual @ residual) / 4.0 == pytest.approx(expected, rel=0.1, abs=1e-6)
            assert history.loss_at(t) == pytest.approx(expected, rel=0.05)

    def test_times_outside_are_brought_inside(self, history):
        assert history.state_at(-1.0) is history.states[0]
        assert history.state_at(1e9) is history.states[-1]

    @pytest.mark.parametrize("clock", CLOCKS)
    def test_clocks_run_from_start_to_end_and_back(self, history, clock):
        readings = [history.reading(clock, t) for t in np.linspace(0.0, history.end, 50)]
        assert np.all(np.diff(readings) >= 0.0)
        for t in (0.3 * history.end, 0.7 * history.end, history.end):
            back = history.time_of(clock, history.reading(clock, t))
            step = history.neighbour(t, forward=True) - history.neighbour(t, forward=False)
            assert back == pytest.approx(t, abs=max(0.02 * history.end, step if clock == "steps" else 0.0))

    def test_steps_of_the_solver(self):
        training = trained("polar")
        history = training.recorder.history
        assert history.step_at(0.0) == 0
        assert history.step_at(history.end) == training.solver.steps
        times = [0.0]
        for _ in range(5):
            times.append(history.neighbour(times[-1], forward=True))
        assert [history.step_at(t) for t in times] == [0, 1, 2, 3, 4, 5]
        assert history.neighbour(times[3], forward=False) == times[2]
        assert history.neighbour(0.0, forward=False) == 0.0
        assert history.neighbour(history.end, forward=True) == history.end


class TestPlayback:
    def test_equal_change_takes_equal_time(self, history):
        """A plateau of length 10 on which little moves passes quickly; an escape of length 1 does not."""
        playback = Playback(speed=2.0)
        readings = []
        while playback.playing:
            readings.append(history.reading("change", playback.t))
            playback.advance(0.1, history, over=True)
        steps = np.diff(readings)
        np.testing.assert_allclose(steps, 0.2, rtol=1e-6)

    def test_follows_a_head_that_is_slower(self, history):
        playback = Playback(speed=math.inf)
        playback.advance(0.1, history, over=False)
        assert playback.t == history.end
        assert playback.playing

    def test_what_is_paused_does_not_move(self, history):
        playback = Playback(t=1.0, playing=False)
        assert not playback.advance(1.0, history, over=False)
        assert playback.t == 1.0
        playback.playing = True
        assert playback.advance(1.0, history, over=False)

    def test_stops_where_it_was_asked_to(self, history):
        playback = Playback(speed=20.0, stop_at=13.0)
        while playback.playing:
            playback.advance(0.1, history, over=True)
        assert playback.t == 13.0
        assert playback.stop_at is None

    def test_plays_again_from_the_start_once_at_the_end(self, history):
        playback = Playback(t=history.end, playing=False)
        playback.toggle(history, over=True)
        assert (playback.t, playback.playing) == (0.0, True)
        playback.toggle(history, over=True)
        assert not playback.playing

    @given(st.data())
    @settings(max_examples=60)
    def test_never_leaves_the_history_whatever_is_done(self, history, data):
        playback = Playback()
        for _ in range(data.draw(st.integers(1, 20))):
            act = data.draw(st.sampled_from(["advance", "toggle", "go", "clock", "speed"]))
            if act == "advance":
                playback.advance(data.draw(st.floats(0.0, 5.0)), history, data.draw(st.booleans()))
            elif act == "toggle":
                playback.toggle(history, data.draw(st.booleans()))
            elif act == "go":
                playback.go_to(data.draw(st.floats(-10.0, 100.0)), history)
            elif act == "clock":
                playback.next_clock()
            else:
                playback.change_speed(data.draw(st.sampled_from([-1, 1])))
            assert 0.0 <= playback.t <= history.end
            assert playback.speed in SPEEDS
