"""What controllers stand on in their tests: a cursor over a record, a session that notes its commands."""

from typing import Any
from unittest.mock import Mock

from hosts import FakeHost
from test_cursor import DONE

from reluflow.live.frame import Frame
from reluflow.live.session import Session
from reluflow.tui.controllers.comparison import Comparison
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.cursor import Cursor


class Stage:
    """The parts around a run on show, at its start and paused; nothing is solved."""

    def __init__(self, frame: Frame = DONE) -> None:
        self.frame = frame
        self.host = FakeHost()
        self.session: Any = Mock(spec=Session, frame=frame)
        self.cursor = Cursor(frame)
        self.show(frame)
        self.cursor.go_to(0.0)
        self.host.when_pulled = lambda: self.show(self.frame)
        self.parameters = Parameters(self.session, self.cursor, self.host)
        self.comparison = Comparison(self.session, self.cursor, self.parameters, self.host)

    def show(self, frame: Frame) -> None:
        """Take a newer frame of the session and show it."""
        self.frame = self.session.frame = frame
        self.cursor.take(frame, 0.0)

    @property
    def t(self) -> float:
        return self.cursor.take(self.frame, 0.0).t

    @property
    def commands(self) -> list[str]:
        """What the session was told to do."""
        return [name for name, _, _ in self.session.mock_calls]
