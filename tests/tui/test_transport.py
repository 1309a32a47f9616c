"""The cursor over the frames of a session, without a screen and without a session."""

from dataclasses import replace

import numpy as np
import pytest

from reluflow.flow.base import State
from reluflow.live.frame import Frame
from reluflow.observe.history import History
from reluflow.store.preset import load_preset
from reluflow.tui.transport import Transport

PRESET = load_preset("orthogonal-toy")


def run_until(end: float) -> History:
    """Two logistic escapes, at t = 10 and 20, seen until ``end``; one unit of change a unit of time."""
    t = np.linspace(0.0, end, int(20 * end) + 1)
    loss = sum((1.0 - 1.0 / (1.0 + np.exp(-3.0 * (t - at)))) ** 2 / 4.0 for at in (10.0, 20.0))
    states = [State(float(at), np.ones((1, 1)) * (1.0 + at), np.ones(1)) for at in t[::10]]
    series = {"t": t, "loss": loss, "step": np.arange(t.size) // 20}
    return History(states, np.array([state.t for state in states]), series)


def frame_at(end: float, number: int = 1, **rest: object) -> Frame:
    frame = Frame(PRESET, number=number, status="running", history=run_until(end), busy=None)
    return replace(frame, **{"generation": 1, "wall_seconds": 9.0} | rest)


DONE = frame_at(30.0, status="converged")


@pytest.fixture
def transport() -> Transport:
    """Over a run that is over, at its start, playing."""
    made = Transport(DONE)
    made.take(DONE, 0.0)
    return made


def at(transport: Transport, seconds: float = 0.0) -> float:
    return transport.take(DONE, seconds).t


def test_playing_moves_by_the_clock(transport) -> None:
    assert at(transport, 1.0) == pytest.approx(2.0)
    transport.toggle()
    assert at(transport, 1.0) == pytest.approx(2.0)


def test_play_to_the_next_plateau_and_to_the_next_escape(transport) -> None:
    first, second = transport.take(DONE, 0.0).plateaus
    transport.play_to("escape")
    assert transport.take(DONE, 1.0).waits_for == "escape"
    moment = transport.take(DONE, 60.0)
    assert (moment.t, moment.playing, moment.waits_for) == (first.leave, False, None)
    transport.play_to("plateau")
    assert at(transport, 60.0) == second.begin
    transport.play_to("escape")
    assert at(transport, 60.0) == second.leave
    transport.play_to("plateau")
    assert at(transport, 60.0) == DONE.history.end, "there is no further plateau: play to the end"


def test_a_plateau_that_the_solver_finds_later_is_paused_at_too() -> None:
    transport = Transport(frame_at(8.0))
    transport.take(frame_at(8.0), 0.0)
    transport.play_to("plateau")
    for number, end in enumerate((9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 18.0), start=2):
        moment = transport.take(frame_at(end, number), 60.0)
    assert not moment.playing
    assert moment.t == pytest.approx(moment.plateaus[1].begin, abs=0.1), "the solver may still correct it"
    assert 10.0 < moment.t < 12.0


def test_going_from_plateau_to_plateau(transport) -> None:
    second = transport.take(DONE, 0.0).plateaus[1]
    assert transport.to_plateau(forward=True)
    assert at(transport) == second.begin
    assert not transport.to_plateau(forward=True)
    assert transport.to_plateau(forward=False)
    assert at(transport) == 0.0
    assert not transport.to_plateau(forward=False)


def test_any_command_ends_the_waiting(transport) -> None:
    transport.play_to("plateau")
    transport.toggle()
    transport.toggle()
    moment = transport.take(DONE, 60.0)
    assert moment.t == DONE.history.end


def test_steps_and_the_head(transport) -> None:
    assert transport.step(forward=True)
    assert at(transport) == pytest.approx(0.95)
    assert transport.step(forward=True)
    assert transport.step(forward=False)
    assert at(transport) == pytest.approx(0.95)
    transport.go_to_share(1.0)
    assert transport.step(forward=True), "nothing comes after the end of a run that is over"


def test_at_the_head_of_a_halted_run_a_step_is_awaited() -> None:
    halted = frame_at(8.0, status="halted", steps=8)
    transport = Transport(halted)
    transport.take(halted, 0.0)
    transport.go_to(8.0)
    assert not transport.step(forward=True)
    transport.follow_step()
    assert transport.take(replace(halted, number=2), 0.1).t == 8.0
    later = frame_at(9.0, number=3, status="halted", steps=9)
    moment = transport.take(later, 0.1)
    assert (moment.t, moment.playing, moment.at_head) == (9.0, False, True)


@pytest.mark.parametrize(
    ("text", "t"), [("12.5", 12.5), (" 50% ", 15.0), ("1e1", 10.0), ("S1", 0.0), ("0", 0.0)]
)
def test_times_as_they_are_typed(transport, text: str, t: float) -> None:
    assert transport.time_named(text) == pytest.approx(t)


def test_plateaus_as_they_are_typed(transport) -> None:
    first, second = transport.take(DONE, 0.0).plateaus
    assert transport.time_named("s2") == second.begin
    assert transport.time_named("E1") == first.leave


@pytest.mark.parametrize("text", ["", "S3", "soon", "nan", "inf", "%", "-inf"])
def test_what_is_no_time(transport, text: str) -> None:
    assert transport.time_named(text) is None


def test_a_new_run_starts_at_its_start_but_keeps_playing(transport) -> None:
    at(transport, 5.0)
    moment = transport.take(frame_at(12.0, 2, generation=2), 0.0)
    assert (moment.t, moment.playing) == (0.0, True)


def test_a_turned_knob_keeps_the_place_until_the_new_run_is_over(transport) -> None:
    transport.go_to(15.0)
    transport.hold_place()
    assert at(transport, 1.0) == 15.0
    assert transport.take(frame_at(20.0, 2, generation=2), 0.1).t == pytest.approx(10.0)
    transport.hold_place()
    assert transport.take(frame_at(24.0, 3, generation=3, status="converged"), 0.1).t == pytest.approx(12.0)
    transport.toggle()
    moment = transport.take(frame_at(24.0, 3, generation=3, status="converged"), 1.0)
    assert moment.t == pytest.approx(14.0)


def test_the_old_run_stays_until_the_new_one_has_something_to_show(transport) -> None:
    building = Frame(PRESET, number=2, generation=2)
    assert transport.take(building, 0.0).frame is DONE
    assert transport.take(building, 0.0).live is building
    begun = frame_at(1.0, 3, generation=2, wall_seconds=0.01)
    assert transport.take(begun, 0.0).frame is DONE
    for ready in (
        frame_at(1.0, 4, generation=2, wall_seconds=1.0),
        frame_at(1.0, 4, generation=2, wall_seconds=0.0, status="converged"),
        frame_at(1.0, 4, generation=2, wall_seconds=0.0, status="halted"),
        replace(building, number=4, error="there is no such file"),
    ):
        other = Transport(DONE)
        other.take(DONE, 0.0)
        assert other.take(ready, 0.0).frame is ready


def test_nothing_new_is_the_same_moment(transport) -> None:
    transport.toggle()
    assert transport.take(DONE, 1.0) is transport.take(DONE, 1.0)


def test_a_run_without_a_history_has_no_place() -> None:
    empty = Frame(PRESET, error="no")
    transport = Transport(empty)
    for act in (transport.toggle, lambda: transport.scrub(1), lambda: transport.go_to(1.0)):
        act()
    transport.play_to("plateau")
    moment = transport.take(empty, 1.0)
    assert (moment.t, moment.state, moment.plateaus) == (0.0, None, ())
    assert not transport.to_plateau(forward=True)
