"""The cursor over the frames of a session, without a screen and without a session."""

from dataclasses import replace

import numpy as np
import pytest

from reluflow.flow.base import State
from reluflow.live.frame import Frame
from reluflow.observe.history import History
from reluflow.store.preset import load_preset
from reluflow.tui.cursor import Cursor

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
def cursor() -> Cursor:
    """Over a run that is over, at its start, playing."""
    made = Cursor(DONE)
    made.take(DONE, 0.0)
    return made


def at(cursor: Cursor, seconds: float = 0.0) -> float:
    return cursor.take(DONE, seconds).t


def test_playing_moves_by_the_clock(cursor) -> None:
    assert at(cursor, 1.0) == pytest.approx(2.0)
    cursor.toggle()
    assert at(cursor, 1.0) == pytest.approx(2.0)


def test_play_to_the_next_plateau_and_to_the_next_escape(cursor) -> None:
    first, second = cursor.take(DONE, 0.0).plateaus
    cursor.play_to("escape")
    assert cursor.take(DONE, 1.0).waits_for == "escape"
    moment = cursor.take(DONE, 60.0)
    assert (moment.t, moment.playing, moment.waits_for) == (first.leave, False, None)
    cursor.play_to("plateau")
    assert at(cursor, 60.0) == second.begin
    cursor.play_to("escape")
    assert at(cursor, 60.0) == second.leave
    cursor.play_to("plateau")
    assert at(cursor, 60.0) == DONE.history.end, "there is no further plateau: play to the end"


def test_a_plateau_that_the_solver_finds_later_is_paused_at_too() -> None:
    cursor = Cursor(frame_at(8.0))
    cursor.take(frame_at(8.0), 0.0)
    cursor.play_to("plateau")
    for number, end in enumerate((9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 18.0), start=2):
        moment = cursor.take(frame_at(end, number), 60.0)
    assert not moment.playing
    assert moment.t == pytest.approx(moment.plateaus[1].begin, abs=0.1), "the solver may still correct it"
    assert 10.0 < moment.t < 12.0


def test_going_from_plateau_to_plateau(cursor) -> None:
    second = cursor.take(DONE, 0.0).plateaus[1]
    assert cursor.to_plateau(forward=True)
    assert at(cursor) == second.begin
    assert not cursor.to_plateau(forward=True)
    assert cursor.to_plateau(forward=False)
    assert at(cursor) == 0.0
    assert not cursor.to_plateau(forward=False)


def test_any_command_ends_the_waiting(cursor) -> None:
    cursor.play_to("plateau")
    cursor.toggle()
    cursor.toggle()
    moment = cursor.take(DONE, 60.0)
    assert moment.t == DONE.history.end


def test_steps_and_the_head(cursor) -> None:
    assert cursor.step(forward=True)
    assert at(cursor) == pytest.approx(0.95)
    assert cursor.step(forward=True)
    assert cursor.step(forward=False)
    assert at(cursor) == pytest.approx(0.95)
    cursor.go_to_share(1.0)
    assert cursor.step(forward=True), "nothing comes after the end of a run that is over"


def test_at_the_head_of_a_halted_run_a_step_is_awaited() -> None:
    halted = frame_at(8.0, status="halted", steps=8)
    cursor = Cursor(halted)
    cursor.take(halted, 0.0)
    cursor.go_to(8.0)
    assert not cursor.step(forward=True)
    cursor.follow_step()
    assert cursor.take(replace(halted, number=2), 0.1).t == 8.0
    later = frame_at(9.0, number=3, status="halted", steps=9)
    moment = cursor.take(later, 0.1)
    assert (moment.t, moment.playing, moment.at_head) == (9.0, False, True)


@pytest.mark.parametrize(
    ("text", "t"), [("12.5", 12.5), (" 50% ", 15.0), ("1e1", 10.0), ("S1", 0.0), ("0", 0.0)]
)
def test_times_as_they_are_typed(cursor, text: str, t: float) -> None:
    assert cursor.time_named(text) == pytest.approx(t)


def test_plateaus_as_they_are_typed(cursor) -> None:
    first, second = cursor.take(DONE, 0.0).plateaus
    assert cursor.time_named("s2") == second.begin
    assert cursor.time_named("E1") == first.leave


@pytest.mark.parametrize("text", ["", "S3", "soon", "nan", "inf", "%", "-inf"])
def test_what_is_no_time(cursor, text: str) -> None:
    assert cursor.time_named(text) is None


def test_a_new_run_starts_at_its_start_but_keeps_playing(cursor) -> None:
    at(cursor, 5.0)
    moment = cursor.take(frame_at(12.0, 2, generation=2), 0.0)
    assert (moment.t, moment.playing) == (0.0, True)


def test_a_turned_knob_keeps_the_place_until_the_new_run_is_over(cursor) -> None:
    cursor.go_to(15.0)
    cursor.hold_place()
    assert at(cursor, 1.0) == 15.0
    assert cursor.take(frame_at(20.0, 2, generation=2), 0.1).t == pytest.approx(10.0)
    cursor.hold_place()
    assert cursor.take(frame_at(24.0, 3, generation=3, status="converged"), 0.1).t == pytest.approx(12.0)
    cursor.toggle()
    moment = cursor.take(frame_at(24.0, 3, generation=3, status="converged"), 1.0)
    assert moment.t == pytest.approx(14.0)


def test_the_old_run_stays_until_the_new_one_has_something_to_show(cursor) -> None:
    building = Frame(PRESET, number=2, generation=2)
    assert cursor.take(building, 0.0).frame is DONE
    assert cursor.take(building, 0.0).live is building
    begun = frame_at(1.0, 3, generation=2, wall_seconds=0.01)
    assert cursor.take(begun, 0.0).frame is DONE
    for ready in (
        frame_at(1.0, 4, generation=2, wall_seconds=1.0),
        frame_at(1.0, 4, generation=2, wall_seconds=0.0, status="converged"),
        frame_at(1.0, 4, generation=2, wall_seconds=0.0, status="halted"),
        replace(building, number=4, error="there is no such file"),
    ):
        other = Cursor(DONE)
        other.take(DONE, 0.0)
        assert other.take(ready, 0.0).frame is ready


def test_nothing_new_is_the_same_moment(cursor) -> None:
    cursor.toggle()
    assert cursor.take(DONE, 1.0) is cursor.take(DONE, 1.0)


def test_while_a_new_run_is_built_the_state_on_show_stays_the_same_object(cursor) -> None:
    cursor.go_to(12.34)
    before = cursor.take(DONE, 0.0)
    building = Frame(PRESET, number=2, generation=2)
    after = cursor.take(building, 0.0)
    assert after is not before
    assert after.state is before.state


def test_a_run_without_a_history_has_no_place() -> None:
    empty = Frame(PRESET, error="no")
    cursor = Cursor(empty)
    for act in (cursor.toggle, lambda: cursor.scrub(1), lambda: cursor.go_to(1.0)):
        act()
    cursor.play_to("plateau")
    moment = cursor.take(empty, 1.0)
    assert (moment.t, moment.state, moment.plateaus) == (0.0, None, ())
    assert not cursor.to_plateau(forward=True)


def test_what_is_asked_before_the_run_is_built_holds_once_it_is() -> None:
    unbuilt = replace(DONE, number=0, history=None, status="building")
    paused, sent = Cursor(unbuilt), Cursor(unbuilt)
    for each in (paused, sent):
        each.take(unbuilt, 0.0)
    paused.toggle()
    sent.go_to(12.5)
    moments = [each.take(DONE, 1.0) for each in (paused, sent)]
    assert [(moment.t, moment.playing) for moment in moments] == [(0.0, False), (12.5, False)]
