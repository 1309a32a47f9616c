"""The transport without an app: a cursor over a record, a session that notes its commands."""

from dataclasses import replace
from unittest.mock import Mock, call

import pytest
from hosts import FakeHost
from test_cursor import DONE, frame_at

from reluflow.live.session import Session
from reluflow.tui.controllers.transport import Transport
from reluflow.tui.cursor import Cursor


class Stage:
    """A transport at the start of a run, paused; ``done``: whether that is over."""

    def __init__(self, done: bool = True) -> None:
        self.frame = DONE if done else frame_at(30.0)
        self.host, self.session = FakeHost(), Mock(spec=Session, frame=self.frame)
        self.cursor = Cursor(self.frame)
        self.cursor.take(self.frame, 0.0)
        self.cursor.go_to(0.0)
        self.transport = Transport(self.session, self.cursor, self.host)

    @property
    def t(self) -> float:
        return self.cursor.take(self.frame, 0.0).t


def test_play_pauses_and_plays_on_and_shows_it() -> None:
    stage = Stage()
    stage.transport.play()
    assert stage.cursor.playback.playing
    stage.transport.play()
    assert not stage.cursor.playback.playing
    assert stage.host.pulls == 2


def test_halt_stops_a_solver_lets_it_go_on_and_says_when_it_is_done() -> None:
    stage = Stage(done=False)
    stage.transport.halt()
    stage.session.frame = replace(stage.frame, status="halted")
    stage.transport.halt()
    assert stage.session.mock_calls == [call.halt(), call.run()]
    done = Stage()
    done.transport.halt()
    assert done.session.mock_calls == []
    assert done.host.said == ["the solver is done; R solves the run anew"]


def test_a_step_at_the_head_is_asked_of_the_solver_and_one_inside_is_not() -> None:
    stage = Stage(done=False)
    stage.transport.step(True)
    assert stage.session.mock_calls == []
    assert stage.t > 0.0
    stage.transport.go_to_end(True)
    assert stage.t == stage.frame.history.end
    stage.transport.step(True)
    assert stage.session.mock_calls == [call.step()]
    stage.transport.step(False)
    assert stage.t < stage.frame.history.end


def test_plateaus_are_gone_through_and_their_end_is_said() -> None:
    stage = Stage()
    stage.transport.plateau(True)
    assert 10.0 < stage.t < 20.0
    stage.transport.plateau(True)
    assert stage.host.said == ["there is no later plateau"]
    stage.transport.plateau(False)
    assert stage.t == 0.0


def test_a_solver_without_events_says_that_it_logs_none() -> None:
    stage = Stage()
    stage.transport.event(True)
    assert stage.host.said == ["this solver has logged no events"]
    assert stage.t == 0.0


@pytest.mark.parametrize("done", [True, False])
def test_a_time_beyond_the_record_is_solved_for_while_the_run_goes_on(done: bool) -> None:
    stage = Stage(done)
    stage.transport.ask_time()
    stage.host.answer(50.0)
    assert stage.session.mock_calls == ([] if done else [call.seek(50.0)])
    assert stage.t == 30.0
    stage.frame = stage.frame if done else frame_at(60.0, number=2)
    assert stage.t == (30.0 if done else 50.0)
    stage.transport.ask_time()
    stage.host.answer(None)
    assert stage.host.pulls == 1


def test_clock_and_speed_go_to_their_neighbours() -> None:
    stage = Stage()
    playback = stage.cursor.playback
    clock, speed = playback.clock, playback.speed
    stage.transport.next_clock()
    stage.transport.change_speed(1)
    assert playback.clock != clock
    assert playback.speed > speed
    stage.transport.change_speed(-1)
    assert playback.speed == speed


def test_solving_anew_resets_the_session_and_plays_from_the_start() -> None:
    stage = Stage()
    stage.transport.go_to_end(True)
    stage.transport.solve_anew()
    assert stage.session.mock_calls == [call.reset(), call.run()]
    assert (stage.t, stage.cursor.playback.playing) == (0.0, True)
    stage.transport.rewind()
    assert not stage.cursor.playback.playing
