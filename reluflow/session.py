"""One live run: a worker thread that solves, commands in, immutable frames out.

The thread that shows a run (an app's) never waits for the thread that computes it: commands are queued,
``frame`` is the newest picture, and nothing in a frame is ever written to again. The solver runs as fast as
it can; what is on show, and how fast that moves, is the business of ``playback``.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from reluflow.errors import ReluflowError
from reluflow.flow.base import State
from reluflow.frame import Frame, Notice
from reluflow.resumption import resumed
from reluflow.store.preset import Preset, save_preset
from reluflow.store.run_directory import Run, RunWriter
from reluflow.training import Training

#: Seconds between two frames while solving, and the longest stretch of solving between two looks.
FRAME_SECONDS: Final = 0.05
SLICE_SECONDS: Final = 0.02
#: Seconds for which solving stands back at a time while the thread in front is at work.
GIVE_WAY_SECONDS: Final = 0.05


class Front:
    """Whether the thread that shows the run has something to do.

    Two threads of Python share one interpreter: solving on would not be faster, but what is on screen, and
    every key, would take twice as long. So the solver waits between two steps, though never for ever.
    """

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()

    def is_busy(self) -> bool:
        """Whether it is at work."""
        return not self._idle.is_set()

    def begin(self) -> None:
        """It has something to do."""
        self._idle.clear()

    def rest(self) -> None:
        """It waits for keys and frames."""
        self._idle.set()

    def wait(self, seconds: float) -> bool:
        """Wait until it rests, no longer than so many seconds; whether it does."""
        return self._idle.wait(seconds)


class Session:
    """Runs a preset in a thread of its own, which starts at once, builds the problem and solves.

    Every method but ``wait`` and ``close`` returns immediately. ``close`` ends the thread; what was not saved
    is gone with it. ``front``: where the thread that shows the run says that it is at work.
    """

    def __init__(self, preset: Preset, running: bool = True, stored: Run | None = None) -> None:
        """``stored``: a run of the preset to go on with, as far as it is recorded."""
        self.front = Front()
        self._frame = Frame(preset)
        self._changed = threading.Condition()
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running = running
        self._closed = False
        self._newest_change = 0
        # below: touched by the worker alone
        self._preset = preset
        self._stored = stored
        self._training: Training | None = None
        self._writer: RunWriter | None = None
        self._saved_steps = 0
        self._rate = 0.0
        self._published = 0.0
        self._thread = threading.Thread(target=self._work, name="reluflow-session", daemon=True)
        self._commands.put(self._build)
        self._thread.start()

    @property
    def frame(self) -> Frame:
        """The newest frame."""
        return self._frame

    def wait(self, ready: Callable[[Frame], object], seconds: float) -> Frame:
        """The first frame that is ready; raises TimeoutError if there is none in so many seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: ready(self._frame), seconds):
                raise TimeoutError(f"no such frame within {seconds:g} s; the last one was {self._frame}")
            return self._frame

    def run(self) -> None:
        """Solve until halted or the run ends."""
        self._turn(running=True)
        self._commands.put(self._publish)

    def halt(self) -> None:
        """Stop before the solver's next step; the frame says so from now on."""
        self._turn(running=False)

    def step(self) -> None:
        """Halt and take one accepted step of the solver (one iteration of descent)."""
        self.halt()
        self._commands.put(self._single_step)

    def reset(self) -> None:
        """Go back to the start of the same preset."""
        self._commands.put(self._build_anew)

    def change(self, preset: Preset, stored: Run | None = None) -> None:
        """Start anew with another preset; of several in a row only the last is built.

        ``stored``: a run of that preset to go on with, as far as it is recorded.
        """
        self._newest_change += 1
        ticket = self._newest_change
        self._commands.put(lambda: self._adopt(preset, stored, ticket))

    def save_run(self, folder: Path | None = None) -> None:
        """Write the run so far; a run once written is written to the same folder again."""
        self._commands.put(lambda: self._report("saving the run", lambda: self._save_run(folder)))

    def save_preset(self, name: str, state: State | None = None, overwrite: bool = False) -> None:
        """Save the parameters as a preset, with ``state`` (of this run) as its start if given."""
        self._commands.put(
            lambda: self._report("saving the preset", lambda: self._save_preset(name, state, overwrite))
        )

    def close(self) -> None:
        """End the thread after the solver's present step and the commands given."""
        self.halt()
        self._commands.put(self._leave)
        self._thread.join()

    def _turn(self, running: bool) -> None:
        """Set whether to solve, and say so in the frame at once."""
        with self._changed:
            self._running = running
            if self._frame.status in ("running", "halted"):
                status = "running" if running else "halted"
                self._frame = replace(self._frame, status=status, number=self._frame.number + 1)
                self._changed.notify_all()

    # --- everything below runs in the worker ---

    def _work(self) -> None:
        while not self._closed:
            training = self._training if self._running else None
            solving = training is not None and training.status == "running"
            self._obey(wait=not solving)
            if solving and training is not None and training is self._training:
                self._solve(training)

    def _obey(self, wait: bool) -> None:
        """Carry out the next command, waiting for one if there is nothing else to do."""
        try:
            command = self._commands.get() if wait else self._commands.get_nowait()
        except Empty:
            return
        try:
            command()
        except (ReluflowError, OSError, MemoryError, ArithmeticError, ValueError) as error:
            self._publish(error=_sentence(error))

    def _solve(self, training: Training) -> None:
        """Solve for a moment; publish now and then, and when the run ends."""
        alone = self.front.wait(GIVE_WAY_SECONDS)
        began, steps = time.perf_counter(), training.solver.steps
        try:
            training.advance(
                SLICE_SECONDS, halted=lambda: self._is_wanted() or (alone and self.front.is_busy())
            )
        except Exception as error:  # whatever goes wrong in a solver, the thread must live on
            training.status, training.reason = "failed", f"the solver broke off: {_sentence(error)}"
        elapsed = max(time.perf_counter() - began, 1e-9)
        self._rate += ((training.solver.steps - steps) / elapsed - self._rate) * min(1.0, 4.0 * elapsed)
        ended = training.status != "running" and self._frame.status == "running"
        if ended or time.perf_counter() - self._published >= FRAME_SECONDS:
            self._publish()

    def _is_wanted(self) -> bool:
        """Whether to stop solving for something else."""
        return not self._running or not self._commands.empty()

    def _build(self) -> None:
        self._release()
        self._training = None
        self._rate = 0.0
        fresh = Frame(self._preset, generation=self._frame.generation + 1, note=self._frame.note)
        self._show(fresh)
        stored = self._stored
        self._training = resumed(stored, self._preset) if stored else Training.from_preset(self._preset)
        self._saved_steps = self._training.solver.steps if stored else 0
        self._publish()

    def _build_anew(self) -> None:
        self._stored = None
        self._build()

    def _adopt(self, preset: Preset, stored: Run | None, ticket: int) -> None:
        if ticket == self._newest_change:
            self._preset, self._stored = preset, stored
            self._build()

    def _leave(self) -> None:
        self._release()
        self._closed = True

    def _release(self) -> None:
        """Give up the run directory that this run was written to, if any."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self._saved_steps = None, 0

    def _single_step(self) -> None:
        if self._training is not None:
            self._training.single_step()
            self._publish()

    def _save_run(self, folder: Path | None) -> str:
        training = self._training
        if training is None:
            raise ReluflowError("there is no run to save; expected parameters that can be run")
        if self._writer is None:
            if self._stored is not None and folder is None:
                self._writer = RunWriter.reopen(self._stored, self._preset)
            else:
                self._writer = RunWriter.create(self._preset, training.problem, folder)
        self._writer.save(training)
        self._saved_steps = training.solver.steps
        return f"run saved in {self._writer.path}"

    def _save_preset(self, name: str, state: State | None, overwrite: bool) -> str:
        start = None if state is None else (state.weights, state.output_weights)
        return f"preset saved as {save_preset(self._preset, name, state=start, overwrite=overwrite)}"

    def _report(self, doing: str, work: Callable[[], str]) -> None:
        """Do what a user waits for and publish how it went."""
        self._show(replace(self._frame, busy=doing))
        try:
            text, failed = work(), False
        except (ReluflowError, OSError) as error:
            text, failed = _sentence(error), True
        number = self._frame.note.number + 1 if self._frame.note else 1
        self._publish(note=Notice(number, text, failed))

    def _publish(self, error: str | None = None, note: Notice | None = None) -> None:
        """Make the present state of the run the newest frame."""
        self._published = time.perf_counter()
        held, training = self._frame, self._training
        error = error or (held.error if training is None else None)
        frame = Frame(
            self._preset, generation=held.generation, error=error, busy=None, note=note or held.note
        )
        if training is not None:
            frame = self._picture(frame, training)
        self._show(frame)

    def _picture(self, frame: Frame, training: Training) -> Frame:
        solver = training.solver
        history = replace(training.recorder.history, events=training.events)
        for column in history.series.values():
            column.setflags(write=False)
        return replace(
            frame,
            status=training.status,
            reason=training.reason,
            method=training.method,
            method_summary=solver.summary,
            t=solver.t,
            loss=solver.loss,
            steps=solver.steps,
            events=solver.events,
            wall_seconds=training.wall_seconds,
            steps_per_second=self._rate,
            history=history,
            problem=training.problem,
            unsaved=solver.steps > self._saved_steps,
        )

    def _show(self, frame: Frame) -> None:
        with self._changed:
            status = frame.status
            if status == "running" and not self._running:
                status = "halted"
            self._frame = replace(frame, number=self._frame.number + 1, status=status)
            self._changed.notify_all()


def _sentence(error: Exception) -> str:
    if isinstance(error, ReluflowError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for these sizes; expected smaller ones"
    return f"{type(error).__name__}: {error}"
