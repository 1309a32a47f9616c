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

from reluflow.branching import branch
from reluflow.errors import ReluflowError, RunError, sentence
from reluflow.flow.base import State
from reluflow.frame import Frame, Notice, Sight
from reluflow.front import Front
from reluflow.keeper import Keeper
from reluflow.pictures import picture_of, remains_of
from reluflow.resumption import resumed
from reluflow.store.preset import Preset, save_preset
from reluflow.store.run_directory import Run, RunWriter
from reluflow.training import Training

#: Seconds between two frames while solving, and the longest stretch of solving between two looks.
FRAME_SECONDS: Final = 0.05
SLICE_SECONDS: Final = 0.02
#: Seconds for which solving stands back at a time while the thread in front is at work.
GIVE_WAY_SECONDS: Final = 0.05


class Session:
    """Runs a preset in a thread of its own, which starts at once, builds the problem and solves.

    Every method but ``wait`` and ``close`` returns immediately. ``close`` ends the thread; what was not saved
    is gone with it. ``front``: where the thread that shows the run says that it is at work.
    """

    def __init__(
        self,
        preset: Preset,
        running: bool = True,
        stored: Run | None = None,
        begun: tuple[Training, RunWriter] | None = None,
    ) -> None:
        """``stored``: a run of the preset to go on with, as far as it is recorded.

        ``begun``: a run that was built already, and the directory it is written to; both are the session's.
        """
        self.front = Front()
        self._frame = Frame(preset)
        self._changed = threading.Condition()
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running = running
        #: whether the step that is being computed is of no use any more
        self._gives_up = False
        self._closed = False
        self._newest_change = 0
        # below: touched by the worker alone
        self._preset = preset
        self._stored = stored
        self._training: Training | None = begun[0] if begun else None
        self._keeper = Keeper(begun[1] if begun else None)
        #: what is shown of a stored run that cannot be gone on with
        self._remains: Frame | None = None
        #: a flow time that is sought, and whether to halt there
        self._sought: tuple[float, bool] | None = None
        self._rate = 0.0
        self._published = 0.0
        self._thread = threading.Thread(target=self._work, name="reluflow-session", daemon=True)
        if begun:
            self._publish()
        else:
            self._commands.put(self._build)
        self._thread.start()

    @property
    def frame(self) -> Frame:
        """The newest frame."""
        return self._frame

    def wait(self, ready: Callable[[Frame], object], seconds: float | None = None) -> Frame:
        """The first frame that is ready; raises TimeoutError if there is none in so many seconds, if any."""
        with self._changed:
            if not self._changed.wait_for(lambda: ready(self._frame), seconds):
                frame = self._frame  # its arrays have no place in a sentence
                where = f"{frame.status} at t = {frame.t:.6g} after {frame.steps} steps"
                raise TimeoutError(f"no such frame within {seconds:g} s; the last one was {where}")
            return self._frame

    def run(self) -> None:
        """Solve until halted or the run ends."""
        self._turn(running=True, then=self._give_up_seeking)
        self._commands.put(self._publish)

    def halt(self) -> None:
        """Stop before the solver's next step; the frame says so from now on."""
        self._turn(running=False, then=self._give_up_seeking)

    def step(self) -> None:
        """Halt and take one accepted step of the solver (one iteration of descent)."""
        self.halt()
        self._commands.put(self._single_step)

    def seek(self, t: float) -> None:
        """Go to a flow time: ``sought`` of a frame is what the run was like then.

        What is not solved so far is solved up to that time; a session that was halted halts there again.
        """
        halts, frame = not self._running, self._frame
        if not (frame.over or (frame.history is not None and frame.history.end >= t)):
            self._turn(running=True)
        self._commands.put(lambda: self._seek(t, halts))

    def branch(self, frame: Frame, t: float) -> None:
        """Run what begins at the last recorded state of a frame at or before a flow time, as a new run."""
        self._newest_change += 1
        ticket = self._newest_change
        self._commands.put(lambda: self._branch(frame, t, ticket))

    def interrupt(self, by: str) -> None:
        """End the run here, so that it says by what; it can be gone on with from its directory."""
        self._supersede(lambda: self._interrupt(by))

    def reset(self) -> None:
        """Go back to the start of the same preset."""
        self._supersede(self._build_anew)

    def change(self, preset: Preset, stored: Run | None = None) -> None:
        """Start anew with another preset; of several in a row only the last is built.

        ``stored``: a run of that preset to go on with, as far as it is recorded.
        """
        self._newest_change += 1
        ticket = self._newest_change
        self._supersede(lambda: self._adopt(preset, stored, ticket))

    def save_run(self, folder: Path | None = None) -> None:
        """Write the run so far; a run once written is written to the same folder again."""
        self._commands.put(lambda: self._report("saving the run", lambda: self._save_run(folder)))

    def save_preset(self, name: str, state: State | None = None, overwrite: bool = False) -> None:
        """Save the parameters as a preset, with ``state`` (of this run) as its start if given."""
        self._commands.put(
            lambda: self._report("saving the preset", lambda: self._save_preset(name, state, overwrite))
        )

    def keep(self, seconds: float) -> Notice | None:
        """Halt, write what no run directory holds, and wait: how that went, None if there was nothing."""
        self.halt()
        outcome: SimpleQueue[Notice | None] = SimpleQueue()
        self._commands.put(lambda: outcome.put(self._keep()))
        try:
            return outcome.get(timeout=seconds)
        except Empty:
            return Notice(0, f"the run could not be saved within {seconds:g} s", failed=True)

    def close(self, wait: bool = True) -> None:
        """End the thread after the commands given."""
        self.halt()
        self._supersede(self._leave)
        if wait:
            self._thread.join()

    def _supersede(self, command: Callable[[], None]) -> None:
        """A command after which nobody wants the step that is being computed."""
        self._commands.put(command)
        self._gives_up = True

    def _turn(self, running: bool, then: Callable[[], None] | None = None) -> None:
        """Set whether to solve, and say so in the frame at once; ``then`` is a command that goes with it."""
        with self._changed:
            if then is not None:
                self._commands.put(then)
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
            if self._training is not None:
                self._arrive(self._training)
        except Exception as error:  # whatever goes wrong in a command, the thread must live on
            self._publish(error=sentence(error))

    def _solve(self, training: Training) -> None:
        """Solve for a moment; publish now and then, and when the run ends."""
        # whatever superseded a step has been carried out if there are no commands left
        self._gives_up = self._gives_up and not self._commands.empty()
        alone = self.front.wait(GIVE_WAY_SECONDS)
        began, steps = time.perf_counter(), training.solver.steps
        try:
            training.advance(
                SLICE_SECONDS,
                halted=lambda: self._is_wanted(training) or (alone and self.front.is_busy()),
                abandoned=lambda: self._gives_up or not self._running,
            )
        except Exception as error:  # whatever goes wrong in a solver, the thread must live on
            training.status, training.reason = "failed", f"the solver broke off: {sentence(error)}"
        elapsed = max(time.perf_counter() - began, 1e-9)
        self._rate += ((training.solver.steps - steps) / elapsed - self._rate) * min(1.0, 4.0 * elapsed)
        self._arrive(training)
        ended = training.status != "running" and self._frame.status == "running"
        if ended or time.perf_counter() - self._published >= FRAME_SECONDS:
            self._publish()

    def _is_wanted(self, training: Training) -> bool:
        """Whether to stop solving for something else."""
        there = self._sought is not None and training.solver.t >= self._sought[0]
        return there or not self._running or not self._commands.empty()

    def _seek(self, t: float, halts: bool) -> None:
        self._sought = (t, halts)

    def _arrive(self, training: Training) -> None:
        """Show what was sought as soon as it is there, or will not be."""
        if self._sought is None:
            return
        t, halts = self._sought
        history = training.recorder.history
        if history.end < t and training.status == "running":
            return
        with self._changed:
            if not self._commands.empty():
                return  # it may be to run on, which must not be undone
            self._sought = None
            if halts:
                self._turn(running=False)
        t = min(max(t, 0.0), history.end)
        self._publish(sought=Sight(t, history.loss_at(t), history.step_at(t), history.state_at(t)))

    def _give_up_seeking(self) -> None:
        self._sought = None

    def _branch(self, frame: Frame, t: float, ticket: int) -> None:
        if ticket != self._newest_change or frame.history is None:
            return
        try:
            preset = branch(frame.preset, frame.history.recorded_at(t))
        except (ReluflowError, OSError) as error:
            self._tell(sentence(error), failed=True)
            return
        self._turn(running=True)
        self._adopt(preset, None, ticket)

    def _interrupt(self, by: str) -> None:
        training = self._training
        if training is not None:
            training.interrupt(f"stopped by {by} at t = {training.solver.t:.6g}")
        self._publish()

    def _keep(self) -> Notice | None:
        if self._training is None or self._keeper.has_all_of(self._training):
            return None
        self._report("saving the run", lambda: self._save_run(None))
        return self._frame.note

    def _build(self) -> None:
        self._keeper.release()
        self._training, self._sought, self._remains = None, None, None
        self._rate = 0.0
        fresh = Frame(self._preset, generation=self._frame.generation + 1, note=self._frame.note)
        self._show(fresh)
        if self._stored is not None:
            self._take_up(self._stored)
        else:
            self._training = Training.from_preset(self._preset)
        self._publish()

    def _take_up(self, stored: Run) -> None:
        """Go on with a run, or show what it recorded where that is not possible. Raises RunError."""
        try:
            self._training = resumed(stored, self._preset)
        except RunError as error:
            self._remains = remains_of(stored, self._preset, str(error))
            if self._remains is None:
                raise
            self._tell(f"{error}; what it recorded is shown", failed=True)
        else:
            self._keeper.go_on_with(stored, self._training)

    def _build_anew(self) -> None:
        self._stored = None
        self._build()

    def _adopt(self, preset: Preset, stored: Run | None, ticket: int) -> None:
        if ticket == self._newest_change:
            self._preset, self._stored = preset, stored
            self._build()

    def _leave(self) -> None:
        self._keeper.release()
        self._closed = True

    def _single_step(self) -> None:
        if self._training is not None:
            self._training.single_step()
            self._publish()

    def _save_run(self, folder: Path | None) -> str:
        if self._training is None:
            raise ReluflowError("there is no run to save; expected parameters that can be run")
        return f"run saved in {self._keeper.save(self._preset, self._training, folder)}"

    def _save_preset(self, name: str, state: State | None, overwrite: bool) -> str:
        start = None if state is None else (state.weights, state.output_weights)
        return f"preset saved as {save_preset(self._preset, name, state=start, overwrite=overwrite)}"

    def _report(self, doing: str, work: Callable[[], str]) -> None:
        """Do what a user waits for and publish how it went."""
        self._show(replace(self._frame, busy=doing))
        try:
            text, failed = work(), False
        except Exception as error:
            text, failed = sentence(error), True
        self._tell(text, failed)

    def _tell(self, text: str, failed: bool) -> None:
        number = self._frame.note.number + 1 if self._frame.note else 1
        self._publish(note=Notice(number, text, failed))

    def _publish(
        self, error: str | None = None, note: Notice | None = None, sought: Sight | None = None
    ) -> None:
        """Make the present state of the run the newest frame."""
        self._published = time.perf_counter()
        held, training = self._frame, self._training
        error = error or (held.error if training is None else None)
        frame = replace(
            self._remains or Frame(self._preset),
            generation=held.generation,
            error=error,
            busy=None,
            note=note or held.note,
            sought=sought or held.sought,
        )
        if training is not None:
            frame = picture_of(frame, training, self._keeper, self._rate)
        self._show(frame)

    def _show(self, frame: Frame) -> None:
        with self._changed:
            status = frame.status
            if status == "running" and not self._running:
                status = "halted"
            self._frame = replace(frame, number=self._frame.number + 1, status=status)
            self._changed.notify_all()
        self.front.told()
