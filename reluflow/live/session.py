"""One live run: a worker thread that solves, commands in, immutable frames out.

The thread that shows a run (an app's) never waits for the thread that computes it: commands are queued,
``frame`` is the newest picture, and nothing in a frame is ever written to again. The solver runs as fast as
it can; what is on show, and how fast that moves, is the business of ``playback``.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from reluflow.flow.base import State
from reluflow.live import commands
from reluflow.live.exchange import Exchange
from reluflow.live.frame import Frame, Notice
from reluflow.live.front import Front
from reluflow.live.worker import Worker
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run

if TYPE_CHECKING:
    from reluflow.theory.nudges import Nudge


class Session:
    """Runs a preset in a thread of its own, which starts at once, builds the problem and solves.

    Every method but ``wait``, ``keep`` and ``close`` returns immediately. ``close`` ends the thread; what was
    not saved is gone with it.
    """

    def __init__(
        self,
        preset: Preset,
        running: bool = True,
        stored: Run | None = None,
        live: bool = False,
        painted: bool = True,
    ) -> None:
        """``stored``: a run of the preset to go on with, as far as it is recorded.

        ``live``: whether runs that take long are written to the state folder until they are kept.
        ``painted``: whether what shows the run is there already; else building waits for its first picture.
        """
        self._exchange = Exchange(Frame(preset), running)
        self._exchange.post(commands.Build())
        if not painted:
            self.front.prepare()
        worker = Worker(self._exchange, preset, stored, live)
        self._thread = threading.Thread(target=worker.work, name="reluflow-session", daemon=True)
        self._thread.start()

    @property
    def frame(self) -> Frame:
        """The newest frame."""
        return self._exchange.frame

    @property
    def front(self) -> Front:
        """The state of the thread that shows the run; that thread sets it."""
        return self._exchange.front

    @property
    def place(self) -> Path | None:
        """The directory that the run is written to, kept or not; None if there is none."""
        return self._exchange.place

    def wait(self, ready: Callable[[Frame], object], seconds: float | None = None) -> Frame:
        """The first frame that is ready; raises TimeoutError if there is none in so many seconds, if any."""
        return self._exchange.wait(ready, seconds)

    def mark(self) -> threading.Event:
        """An event that is set once all that was asked for before is done."""
        done = threading.Event()
        self._exchange.post(commands.Mark(done))
        return done

    def run(self) -> None:
        """Solve until halted or the run ends."""
        self._exchange.turn(running=True, then=commands.StopSeeking())
        self._exchange.post(commands.Publish())

    def halt(self) -> None:
        """Stop before the solver's next step; the frame says so from now on."""
        self._exchange.turn(running=False, then=commands.StopSeeking())

    def step(self) -> None:
        """Halt and take one accepted step of the solver (one iteration of descent)."""
        self.halt()
        self._exchange.post(commands.TakeStep())

    def seek(self, t: float) -> None:
        """Go to a flow time: ``sought`` of a frame is what the run was like then.

        What is not solved so far is solved up to that time; a session that was halted halts there again.
        """
        halts, frame = not self._exchange.running, self._exchange.frame
        if not (frame.over or (frame.history is not None and frame.history.end >= t)):
            self._exchange.turn(running=True)
        self._exchange.post(commands.Seek(t, halts))

    def branch(self, frame: Frame, t: float, nudges: "Sequence[Nudge]" = ()) -> None:
        """Run what begins at the last recorded state of a frame at or before a flow time, as a new run.

        ``nudges``: changes of neurons that are made to that state first.
        """
        self._exchange.post(commands.Branch(frame, t, self._exchange.count_change(), nudges))

    def reset(self) -> None:
        """Go back to the start of the same preset."""
        self._exchange.post(commands.Rebuild())

    def change(self, preset: Preset, stored: Run | None = None) -> None:
        """Start anew with another preset; of several in a row only the last is built.

        ``stored``: a run of that preset to go on with, as far as it is recorded. A preset of which no run can
        be made is ``refused`` in a frame, and the run before stays.
        """
        number, running = self._exchange.count_change(), self._exchange.running
        self._exchange.post(commands.Change(preset, stored, number, running))

    def save_run(self, folder: Path | None = None) -> None:
        """Write the run so far; a run once written is written to the same folder again."""
        self._exchange.post(commands.SaveRun(folder))

    def save_preset(
        self,
        name: str,
        state: State | None = None,
        overwrite: bool = False,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """Save the parameters as a preset, with ``state`` (of this run) as its start if given.

        ``texts``: title, source and notes that stand in for those of the preset.
        """
        self._exchange.post(commands.SavePreset(name, state, overwrite, texts or {}))

    def keep(self, seconds: float) -> Notice | None:
        """Halt, write what no run directory holds, and wait: how that went, None if there was nothing."""
        self.halt()
        outcome: SimpleQueue[Notice | None] = SimpleQueue()
        self._exchange.post(commands.Keep(outcome))
        try:
            return outcome.get(timeout=seconds)
        except Empty:
            place = self.place
            if place is not None:
                text = f"the step in progress was given up; what was solved before it is in {place}"
            elif self.frame.history is None:
                text = "there was no run yet to save"
            else:
                text = f"the run could not be saved within {seconds:g} s"
            return Notice(0, text, failed=True)

    def close(self, wait: bool = True) -> None:
        """End the thread after the commands given."""
        self.halt()
        self._exchange.post(commands.Leave())
        if wait:
            self._thread.join()
