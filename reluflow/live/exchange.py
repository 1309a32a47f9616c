"""The one object that the thread that shows a run and the thread that computes it have in common."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from reluflow.live.commands import AnyCommand
from reluflow.live.frame import Frame
from reluflow.live.front import Front


class Exchange:
    """Owns all that the two threads share, and the lock on it.

    That is the newest frame, whether to solve, the commands that wait, the number of the newest change of the
    parameters, the directory that the run is written to, and ``front``: whether the thread in front is at
    work.
    """

    def __init__(self, frame: Frame, running: bool) -> None:
        self.front = Front()
        self._frame = frame
        self._running = running
        self._place: Path | None = None
        self._newest_change = 0
        self._commands: SimpleQueue[AnyCommand] = SimpleQueue()
        #: how many commands wait that supersede the step which is being computed
        self._superseding = 0
        #: held while the frame and whether to solve are changed together
        self._changed = threading.Condition()

    @property
    def frame(self) -> Frame:
        """The newest frame."""
        return self._frame

    @property
    def running(self) -> bool:
        """Whether to solve while no command waits."""
        return self._running

    @property
    def place(self) -> Path | None:
        """The directory that the run is written to, kept or not; None if there is none."""
        return self._place

    # --- commands ---

    def post(self, command: AnyCommand) -> None:
        """A command, to be carried out by the thread that computes."""
        if command.supersedes:
            with self._changed:
                self._superseding += 1
        self._commands.put(command)

    def next_command(self, seconds: float | None) -> AnyCommand | None:
        """The next one, waited for so long (None: without end); None if there is none."""
        try:
            command = self._commands.get(timeout=seconds) if seconds != 0.0 else self._commands.get_nowait()
        except Empty:
            return None
        if command.supersedes:
            with self._changed:
                self._superseding -= 1
        return command

    @property
    def is_superseded(self) -> bool:
        """Whether the step that is being computed is of no use any more."""
        return self._superseding > 0

    @property
    def is_clear(self) -> bool:
        """Whether no command waits."""
        return self._commands.empty()

    def count_change(self) -> int:
        """The number of a new change of the parameters; those before it are not built any more."""
        with self._changed:
            self._newest_change += 1
            return self._newest_change

    def is_newest_change(self, number: int) -> bool:
        """Whether no other change of the parameters was asked for since."""
        return number == self._newest_change

    # --- solving or not ---

    def turn(self, running: bool, then: AnyCommand | None = None) -> None:
        """Set whether to solve, and say so in the frame at once; ``then`` is a command that goes with it."""
        with self._changed:
            if then is not None:
                self._commands.put(then)
            self._running = running
            if self._frame.status in ("running", "halted"):
                status = "running" if running else "halted"
                self._frame = replace(self._frame, status=status, number=self._frame.number + 1)
                self._changed.notify_all()

    def halt_unless_told(self, halts: bool) -> bool:
        """Whether no command waits; then solving halts if ``halts``.

        The next frame says so: the one on show would be halted short of the time that was sought. A command
        that waits may be to run on, which must not be undone.
        """
        with self._changed:
            clear = self.is_clear
            if clear and halts:
                self._running = False
            return clear

    # --- frames ---

    def show(self, frame: Frame) -> None:
        """Make this the newest frame."""
        with self._changed:
            status = frame.status
            if status == "running" and not self._running:
                status = "halted"
            self._frame = replace(frame, number=self._frame.number + 1, status=status)
            self._changed.notify_all()
        self.front.on_frame()

    def write_to(self, place: Path | None) -> None:
        """The run is written to another directory, or to none."""
        self._place = place

    def wait(self, ready: Callable[[Frame], object], seconds: float | None = None) -> Frame:
        """The first frame that is ready; raises TimeoutError if there is none in so many seconds, if any."""
        with self._changed:
            if not self._changed.wait_for(lambda: ready(self._frame), seconds):
                frame = self._frame  # its arrays have no place in a sentence
                where = f"{frame.status} at t = {frame.t:.6g} after {frame.steps} steps"
                raise TimeoutError(f"no such frame within {seconds:g} s; the last one was {where}")
            return self._frame
