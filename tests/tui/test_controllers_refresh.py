"""When a frame is shown, by clocks that are turned by hand."""

from dataclasses import replace

import pytest
from test_cursor import DONE, frame_at

from reluflow.live.frame import Frame
from reluflow.tui.controllers.refresh import EXPECTED_SECONDS, Refresh
from reluflow.tui.cursor import PATIENCE, Cursor


class Clock:
    """Seconds, and the seconds of processor time that drawing took."""

    def __init__(self) -> None:
        self.now = 100.0
        self.spent = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refresh_on(frame: Frame, clock: Clock) -> Refresh:
    """On a frame that is shown, at ten frames a second."""
    cursor = Cursor(frame)
    refresh = Refresh(10.0, cursor, lambda: clock.now, lambda: clock.spent)
    refresh.begin()
    cursor.take(frame, 0.0)
    return refresh


def test_a_frame_is_due_at_the_pace_of_the_settings(clock: Clock) -> None:
    refresh = refresh_on(DONE, clock)
    clock.now += 0.05
    assert refresh.due(DONE) is None
    clock.now += 0.06
    due = refresh.due(DONE)
    assert due is not None
    assert due[0] == pytest.approx(0.11)
    assert due[1] is False


def test_the_cursor_does_not_jump_after_the_process_was_stopped(clock: Clock) -> None:
    refresh = refresh_on(DONE, clock)
    clock.now += 3600.0
    assert refresh.due(DONE) == (0.5, False)


def test_frames_are_fewer_while_a_solver_is_at_work_and_they_cost_much(clock: Clock) -> None:
    frame = frame_at(30.0)
    refresh = refresh_on(frame, clock)
    clock.now, clock.spent = clock.now + 0.1, 0.5
    refresh.begin()
    clock.now += 0.11
    assert refresh.due(frame) is None
    assert refresh.due(replace(frame, status="converged")) is not None


def test_a_new_run_is_due_when_it_can_be_shown_and_not_before(clock: Clock) -> None:
    refresh = refresh_on(DONE, clock)
    early = frame_at(30.0, number=2, generation=2, wall_seconds=0.0)
    assert refresh.due(early) is None
    clock.now += 0.9 * EXPECTED_SECONDS
    assert refresh.due(early) is None
    due = refresh.due(replace(early, wall_seconds=2.0 * PATIENCE))
    assert due is not None
    assert due[1] is False
    clock.now += EXPECTED_SECONDS
    due = refresh.due(early)
    # it has hardly begun still, but the old picture would stand under its name
    assert due is not None
    assert due[1] is True
