"""A process that solves points of a study, one after the other, until its pipe is closed.

It is told numbers of points, in lists, or None to end at once; for each point it says the number, the cells
of the row and the seconds that it took. When the process that asks is gone, however it ended, so is this one.
"""

import os
import signal
import time
from collections import deque
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from reluflow.signals import ENDING
from reluflow.sweep.solving import Cells, PointSolver
from reluflow.sweep.study import study_of
from reluflow.training.threads import set_for_this_process

#: Seconds between two looks, within a run, at whether it is still wanted.
LOOK_EVERY: Final = 0.1

#: By how much a worker beside a screen gives way to whoever looks at it.
NICE: Final = 10

#: What a worker says: the number of a point, the cells of its row, seconds.
Answer = tuple[int, Cells, float]


class Inbox:
    """What the worker was asked for. The end of the pipe counts as being told to end."""

    def __init__(self, connection: "Connection[object, object]") -> None:
        self._connection = connection
        self._numbers: deque[int] = deque()
        self._is_over = False
        self._looked = 0.0

    def next(self) -> int | None:
        """The next point, waited for; None at the end."""
        while not self._numbers and not self._is_over:
            self._receive()
        return None if self.is_over() else self._numbers.popleft()

    def is_over(self) -> bool:
        """Whether to end at once; looks into the pipe now and then only."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            while not self._is_over and self._connection.poll():
                self._receive()
        return self._is_over

    def _receive(self) -> None:
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            message = None
        if isinstance(message, list):
            self._numbers.extend(message)
        else:
            self._is_over = True


def work(
    connection: "Connection[object, object]", text: str, folder: str, keep: str | None, beside_screen: bool
) -> None:
    """Solve points of the study with this ``text`` (see ``worker``); ``keep``: where runs are written."""
    set_for_this_process()
    if beside_screen:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        if hasattr(os, "nice"):
            os.nice(NICE)
    for number in ENDING:  # they are for the process that asks
        signal.signal(number, signal.SIG_IGN)
    solver = PointSolver(study_of(text, Path(folder)), None if keep is None else Path(keep))
    inbox = Inbox(connection)
    try:
        connection.send(None)  # it is ready
        while (number := inbox.next()) is not None:
            began = time.perf_counter()
            cells = solver.solve(number, inbox.is_over)
            if cells is not None:
                connection.send((number, cells, time.perf_counter() - began))
    except OSError:
        return  # nobody is there any more
