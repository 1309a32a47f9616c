"""What passes between the thread that shows a run and the one that computes it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from queue import Empty, SimpleQueue

from reluflow.live.frame import Frame


class Board:
    """The newest frame, the commands that wait to be carried out, and whether to solve meanwhile."""

    def __init__(self, frame: Frame, running: bool) -> None:
        self.frame = frame
        self.running = running
        #: held while the frame and ``running`` are changed together
        self.changed = threading.Condition()
        #: the number of the newest change of the parameters; those before it are not built any more
        self.newest_change = 0
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        #: how many commands wait that supersede the step which is being computed
        self._superseding = 0

    @property
    def gives_up(self) -> bool:
        """Whether the step that is being computed is of no use any more."""
        return self._superseding > 0

    @property
    def is_clear(self) -> bool:
        """Whether no command waits."""
        return self._commands.empty()

    def post(self, command: Callable[[], None]) -> None:
        """A command, to be carried out by the thread that computes."""
        self._commands.put(command)

    def supersede(self, command: Callable[[], None]) -> None:
        """A command after which nobody wants the step that is being computed."""

        def carry_out() -> None:
            with self.changed:
                self._superseding -= 1
            command()

        with self.changed:
            self._superseding += 1
        self._commands.put(carry_out)

    def next_command(self, seconds: float | None) -> Callable[[], None] | None:
        """The next one, waited for so long (None: without end); None if there is none."""
        try:
            return self._commands.get(timeout=seconds) if seconds != 0.0 else self._commands.get_nowait()
        except Empty:
            return None

    def numbered_change(self) -> int:
        """The number of a new change of the parameters, which is the newest now."""
        self.newest_change += 1
        return self.newest_change

    def turn(self, running: bool, then: Callable[[], None] | None = None) -> None:
        """Set whether to solve, and say so in the frame at once; ``then`` is a command that goes with it."""
        with self.changed:
            if then is not None:
                self._commands.put(then)
            self.running = running
            if self.frame.status in ("running", "halted"):
                status = "running" if running else "halted"
                self.frame = replace(self.frame, status=status, number=self.frame.number + 1)
                self.changed.notify_all()

    def show(self, frame: Frame) -> None:
        """Make this the newest frame."""
        with self.changed:
            status = frame.status
            if status == "running" and not self.running:
                status = "halted"
            self.frame = replace(frame, number=self.frame.number + 1, status=status)
            self.changed.notify_all()

    def wait(self, ready: Callable[[Frame], object], seconds: float | None = None) -> Frame:
        """The first frame that is ready; raises TimeoutError if there is none in so many seconds, if any."""
        with self.changed:
            if not self.changed.wait_for(lambda: ready(self.frame), seconds):
                frame = self.frame  # its arrays have no place in a sentence
                where = f"{frame.status} at t = {frame.t:.6g} after {frame.steps} steps"
                raise TimeoutError(f"no such frame within {seconds:g} s; the last one was {where}")
            return self.frame
