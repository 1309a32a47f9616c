"""One live run: a worker thread that solves, commands in, immutable frames out.

The thread that shows a run (an app's) never waits for the thread that computes it: commands are queued,
``frame`` is the newest picture, and nothing in a frame is ever written to again.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.change import Shape
from reluflow.problem import Problem
from reluflow.store.preset import Preset, save_preset
from reluflow.store.run_directory import RunWriter
from reluflow.training import Training

#: Offered speeds of play, in change per second: 1 is about an e-fold of the loss or a radian of rotation.
SPEEDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, math.inf)
DEFAULT_SPEED: Final = 2.0
#: Seconds between two frames while playing, and the longest stretch of solving between two looks.
FRAME_SECONDS: Final = 0.05
SLICE_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Notice:
    """The outcome of a command that the user waits for. ``number`` tells a new one from an old one."""

    number: int
    text: str
    failed: bool = False


@dataclass(frozen=True)
class Frame:
    """A picture of the run; see ``Training`` for the units.

    ``number`` grows with every frame and ``generation`` with every new run (reset, other parameters).
    ``status``: "building", "ready", "playing", "paused", or how the run ended. ``series``: columns of equal
    length. ``error``: why there is no run, in one sentence. ``unsaved``: whether it holds steps that
    no run directory does.
    """

    preset: Preset
    number: int = 0
    generation: int = 0
    status: str = "building"
    reason: str = ""
    method: str = ""
    method_summary: str = ""
    t: float = 0.0
    loss: float = math.nan
    steps: int = 0
    events: int = 0
    wall_seconds: float = 0.0
    steps_per_second: float = 0.0
    series: Mapping[str, Array] = field(default_factory=dict)
    state: State | None = None
    problem: Problem | None = None
    error: str | None = None
    busy: str | None = "building the problem"
    note: Notice | None = None
    unsaved: bool = False


class Session:
    """Runs a preset in a thread of its own, which starts at once and builds the problem.

    Every method returns immediately. ``close`` ends the thread; what was not saved is gone with it.
    """

    def __init__(self, preset: Preset) -> None:
        self.speed = DEFAULT_SPEED
        self._frame = Frame(preset)
        self._lock = threading.Lock()
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._playing = False
        self._closed = False
        self._newest_change = 0
        # below: touched by the worker alone
        self._preset = preset
        self._training: Training | None = None
        self._writer: RunWriter | None = None
        self._saved_steps = 0
        self._ahead: deque[tuple[State, float]] = deque()
        self._shown: tuple[State, float] | None = None
        self._budget = 0.0
        self._rate = 0.0
        self._published = 0.0
        self._thread = threading.Thread(target=self._work, name="reluflow-session", daemon=True)
        self._commands.put(self._build)
        self._thread.start()

    @property
    def frame(self) -> Frame:
        """The newest frame."""
        return self._frame

    def play(self) -> None:
        """Go on until paused or the run ends."""
        self._turn(playing=True, statuses=("ready", "paused"))
        self._commands.put(self._publish)

    def pause(self) -> None:
        """Stop before the solver's next step; the frame says so from now on."""
        self._turn(playing=False, statuses=("playing",))
        # The last slice may have moved since the newest frame: show where the solver really stands.
        self._commands.put(self._publish)

    def toggle(self) -> None:
        """Play if paused, pause if playing."""
        if self._playing:
            self.pause()
        else:
            self.play()

    def step(self) -> None:
        """Pause and take one accepted step of the solver (one iteration of descent)."""
        self.pause()
        self._commands.put(self._single_step)

    def reset(self) -> None:
        """Pause and go back to the start of the same preset."""
        self.pause()
        self._commands.put(self._build)

    def change(self, preset: Preset) -> None:
        """Start anew with another preset, playing if this one was; of several in a row only the last."""
        self._newest_change += 1
        ticket = self._newest_change
        self._commands.put(lambda: self._adopt(preset, ticket))

    def set_speed(self, speed: float) -> None:
        """Change per second (see SPEEDS); infinity is as fast as the solver goes."""
        self.speed = speed

    def save_run(self, folder: Path | None = None) -> None:
        """Write the run so far; a run once written is written to the same folder again."""
        self._commands.put(lambda: self._report("saving the run", lambda: self._save_run(folder)))

    def save_preset(self, name: str, with_state: bool = False, overwrite: bool = False) -> None:
        """Save the parameters, with ``with_state`` also the present network as the start, as a preset."""
        self._commands.put(
            lambda: self._report("saving the preset", lambda: self._save_preset(name, with_state, overwrite))
        )

    def close(self) -> None:
        """End the thread after the command it is at."""
        self.pause()
        self._closed = True
        self._commands.put(self._release)
        self._thread.join()

    def _turn(self, playing: bool, statuses: tuple[str, ...]) -> None:
        """Set whether to play, and say so in the frame at once if it had one of ``statuses``."""
        with self._lock:
            self._playing = playing
            if self._frame.status in statuses and self._frame.state is not None:
                status = "playing" if playing else "paused"
                self._frame = replace(self._frame, status=status, number=self._frame.number + 1)

    # --- everything below runs in the worker ---

    def _work(self) -> None:
        while not self._closed:
            self._obey(wait=None if not self._running else 0.0)
            if self._running and not self._closed:
                self._play_slice()

    @property
    def _running(self) -> bool:
        training = self._training
        return self._playing and training is not None and (bool(self._ahead) or training.status == "running")

    def _obey(self, wait: float | None) -> None:
        """Carry out the next command, waiting for one so long (None: as long as it takes)."""
        try:
            command = self._commands.get(timeout=wait) if wait != 0.0 else self._commands.get_nowait()
        except Empty:
            return
        try:
            command()
        except (ReluflowError, OSError, MemoryError, ArithmeticError, ValueError) as error:
            self._playing = False
            self._publish(error=_sentence(error))

    def _play_slice(self) -> None:
        """Solve for a moment at the chosen speed, then publish or rest."""
        training = self._training
        assert training is not None
        began, steps = time.perf_counter(), training.solver.steps
        endless = math.isinf(self.speed)
        if endless:
            self._catch_up()
            training.advance(math.inf, SLICE_SECONDS, halted=lambda: not self._playing)
        elif self._budget > 0.0:
            self._budget -= self._move(training)
        else:
            self._obey(wait=min(-self._budget / self.speed, SLICE_SECONDS) + 1e-3)
        elapsed = time.perf_counter() - began
        if not endless:
            # never more than one slice ahead, so that a slow solver does not race once it gets quick
            self._budget = min(self._budget + self.speed * elapsed, self.speed * SLICE_SECONDS)
        rate = (training.solver.steps - steps) / max(elapsed, 1e-9)
        self._rate += (rate - self._rate) * min(1.0, 2.0 * elapsed)
        if time.perf_counter() - self._published >= FRAME_SECONDS or not self._running:
            self._publish()

    def _move(self, training: Training) -> float:
        """Move on by about the budget and return the movement.

        A step of the solver can be a whole escape: what the recorder found inside it is shown bit by bit
        before its end is.
        """
        before = self._present(training)
        if not self._ahead:
            moved = training.advance(self._budget, SLICE_SECONDS, halted=lambda: not self._playing)
            if not training.recorder.fill:
                return moved
            self._ahead.extend([*training.recorder.fill, (training.solver.state, training.solver.loss)])
        self._shown = self._ahead.popleft()
        return Shape.of(*self._present(training)).distance(Shape.of(*before))

    def _catch_up(self) -> None:
        """Show the solver's own state again."""
        self._ahead.clear()
        self._shown = None

    def _release(self) -> None:
        """Give up the run directory that this run was written to, if any."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self._saved_steps = None, 0

    def _build(self) -> None:
        self._release()
        self._catch_up()
        self._training = None
        self._budget, self._rate = 0.0, 0.0
        fresh = Frame(self._preset, note=self._frame.note)
        self._show(replace(fresh, generation=self._frame.generation + 1))
        self._training = Training.from_preset(self._preset)
        self._publish()

    def _adopt(self, preset: Preset, ticket: int) -> None:
        if ticket == self._newest_change:
            self._preset = preset
            self._build()

    def _single_step(self) -> None:
        if self._training is None:
            return
        if not self._ahead:
            self._training.single_step()
        self._catch_up()
        self._publish()

    def _save_run(self, folder: Path | None) -> str:
        training = self._training
        if training is None:
            raise ReluflowError("there is no run to save; expected parameters that can be run")
        if self._writer is None:
            self._writer = RunWriter.create(self._preset, training.problem, folder)
        self._writer.save(training)
        self._saved_steps = training.solver.steps
        return f"run saved in {self._writer.path}"

    def _save_preset(self, name: str, with_state: bool, overwrite: bool) -> str:
        state = None
        if with_state:
            if self._training is None:
                raise ReluflowError("there is no state to save; expected parameters that can be run")
            now, _ = self._present(self._training)
            state = (now.weights, now.output_weights)
        path = save_preset(self._preset, name, state=state, overwrite=overwrite)
        return f"preset saved as {path}"

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
        held = self._frame
        frame = Frame(
            self._preset,
            generation=held.generation,
            status="ready",
            error=error or (held.error if self._training is None else None),
            busy=None,
            note=note or held.note,
        )
        training = self._training
        if training is None:
            self._show(frame)
            return
        solver = training.solver
        state, loss = self._present(training)
        series = training.recorder.series
        past = int(np.searchsorted(series["t"], state.t, side="right"))
        series = {name: column[:past] for name, column in series.items()}
        for column in series.values():
            column.setflags(write=False)
        self._show(
            replace(
                frame,
                status="running" if self._ahead else training.status,
                reason="" if self._ahead else training.reason,
                method=training.method,
                method_summary=training.solver.summary,
                t=state.t,
                loss=loss,
                steps=solver.steps,
                events=solver.events,
                wall_seconds=training.wall_seconds,
                steps_per_second=self._rate,
                series=series,
                state=state,
                problem=training.problem,
                unsaved=solver.steps > self._saved_steps,
            )
        )

    def _present(self, training: Training) -> tuple[State, float]:
        """The state and loss on show: the solver's, or one inside its last step."""
        if self._ahead and self._shown is not None:
            return self._shown
        return training.solver.state, training.solver.loss

    def _show(self, frame: Frame) -> None:
        with self._lock:
            status = frame.status
            if status == "running":
                status = "playing" if self._playing else ("paused" if frame.steps else "ready")
            self._frame = replace(frame, number=self._frame.number + 1, status=status)


def _sentence(error: Exception) -> str:
    if isinstance(error, ReluflowError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for these sizes; expected smaller ones"
    return f"{type(error).__name__}: {error}"
