"""The thread of a session that builds, solves and saves."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from reluflow.data.memory import give_back
from reluflow.errors import ReluflowError, RunError, sentence
from reluflow.flow.base import State
from reluflow.live.branching import branch
from reluflow.live.exchange import Board
from reluflow.live.frame import Frame, Notice, Refusal, Sight
from reluflow.live.framing import picture_of, remains_of
from reluflow.live.front import Front
from reluflow.live.keeping import Keeper
from reluflow.store.preset import Preset, save_preset
from reluflow.store.run_directory import Run
from reluflow.training.resumption import resumed
from reluflow.training.training import Training

#: Seconds between two frames while solving, and the longest stretch of solving between two looks.
FRAME_SECONDS: Final = 0.05
SLICE_SECONDS: Final = 0.02
#: Seconds for which solving stands back at a time while the thread in front is at work.
GIVE_WAY_SECONDS: Final = 0.05
#: Seconds without a command after which the memory of the runs before is given back.
REST_SECONDS: Final = 1.0


class Worker:
    """Computes one live run after the other; ``work`` and all else here belongs to its thread alone.

    Every other public method is a command, to be posted on the board.
    """

    def __init__(
        self,
        board: Board,
        front: Front,
        preset: Preset,
        stored: Run | None,
        live: bool,
    ) -> None:
        self._board, self._front = board, front
        self._preset = preset
        self._stored = stored
        self._training: Training | None = None
        self._keeper = Keeper(live)
        self._generation = self._newest = 0
        self._closed = False
        #: what is shown of a stored run that cannot be gone on with
        self._remains: Frame | None = None
        #: a flow time that is sought, and whether to halt there
        self._sought: tuple[float, bool] | None = None
        self._rate = 0.0
        self._published = 0.0

    def work(self) -> None:
        """Carry out commands, and solve while there are none, until told to leave."""
        rests = False
        while not self._closed:
            training = self._training if self._board.running else None
            solving = training is not None and training.status == "running"
            if self._obey(0.0 if solving else None if rests else REST_SECONDS):
                rests = False
            elif not solving:
                rests = True
                give_back()  # what the runs before have held, of which nothing is on show any more
            if solving and training is not None and training is self._training:
                self._solve(training)

    def _obey(self, seconds: float | None) -> bool:
        """Carry out the next command, waited for so long (None: without end); whether there was one."""
        command = self._board.next_command(seconds)
        if command is None:
            return False
        try:
            command()
            if self._training is not None:
                self._arrive(self._training)
        except Exception as error:  # whatever goes wrong in a command, the thread must live on
            self.publish(error=sentence(error))
        return True

    def _solve(self, training: Training) -> None:
        """Solve for a moment; publish now and then, and when the run ends."""
        alone = self._front.wait(GIVE_WAY_SECONDS)
        began, steps = time.perf_counter(), training.solver.steps
        try:
            with self._keeper.solving(self._preset, training):
                training.advance(
                    SLICE_SECONDS,
                    halted=lambda: self._is_wanted(training) or (alone and self._front.is_busy()),
                    abandoned=lambda: self._is_useless(alone),
                )
        except Exception as error:  # whatever goes wrong in a solver, the thread must live on
            training.break_off(sentence(error))
        elapsed = max(time.perf_counter() - began, 1e-9)
        self._rate += ((training.solver.steps - steps) / elapsed - self._rate) * min(1.0, 4.0 * elapsed)
        self._keeper.go_on(self._preset, training)
        self._arrive(training)
        ended = training.status != "running" and self._board.frame.status == "running"
        if ended or time.perf_counter() - self._published >= FRAME_SECONDS:
            self.publish()

    def _is_wanted(self, training: Training) -> bool:
        """Whether to stop solving for something else."""
        there = self._sought is not None and training.solver.t >= self._sought[0]
        return there or not self._board.running or not self._board.is_clear

    def _is_useless(self, alone: bool) -> bool:
        """Whether to give up the step that is being computed; gives way to the front, which was ``alone``."""
        if alone and self._front.is_busy():
            self._front.wait(GIVE_WAY_SECONDS)
        return self._board.gives_up or not self._board.running

    def seek(self, t: float, halts: bool) -> None:
        """Solve up to a flow time, and halt there if wanted."""
        self._sought = (t, halts)

    def _arrive(self, training: Training) -> None:
        """Show what was sought as soon as it is there, or will not be."""
        if self._sought is None:
            return
        t, halts = self._sought
        history = training.recorder.history
        if history.end < t and training.status == "running":
            return
        with self._board.changed:
            if not self._board.is_clear:
                return  # it may be to run on, which must not be undone
            self._sought = None
            if halts:
                # said by the frame that has come so far: the one on show would be halted short of the time
                self._board.running = False
        t = min(max(t, 0.0), history.end)
        self.publish(sought=Sight(t, history.loss_at(t), history.step_at(t), history.state_at(t)))

    def give_up_seeking(self) -> None:
        """Nobody waits for a flow time any more."""
        self._sought = None

    def branch(self, frame: Frame, t: float, ticket: int) -> None:
        """Build the run that begins in a frame at a flow time, if this is still the newest change."""
        if ticket != self._board.newest_change or frame.history is None:
            return
        try:
            preset = branch(frame.preset, frame.history.recorded_at(t))
        except (ReluflowError, OSError) as error:
            self._tell(sentence(error), failed=True)
            return
        running = self._board.running
        self._board.turn(running=True)
        self.adopt(preset, None, ticket, running)

    def keep(self) -> Notice | None:
        """Write what no directory holds, to stay there: how that went, None if there was nothing."""
        training = self._training
        self._keeper.stay()
        if training is None or (training.solver.steps == 0 and self._keeper.place is None):
            return None
        if not self._keeper.has_all_of(training):
            self._report("saving the run", lambda: self._kept_in(training))
            return self._board.frame.note
        return None

    def _kept_in(self, training: Training) -> str:
        return f"run saved in {self._keeper.save_in_place(self._preset, training)}"

    @property
    def place(self) -> Path | None:
        """Where the run is written to; may be asked for from any thread."""
        return self._keeper.place

    def build(self) -> None:
        """Build the run of the preset, or take up the stored one; until it is there the one before stays."""
        before = self._generation
        self._generation = self._newest = self._newest + 1
        held = self._board.frame
        self._show(Frame(self._preset, generation=self._generation, note=held.note, refused=held.refused))
        try:
            training = self._built()
        except Exception:
            self._generation = before
            raise
        self._keeper.release()
        self._training, self._sought, self._rate = training, None, 0.0
        if training is not None:
            self._remains = None
            if self._stored is not None:
                self._keeper.go_on_with(self._stored, training)
                if self._stored.faults:
                    self._tell("; ".join(self._stored.faults), failed=True)
        self.publish()

    def _built(self) -> Training | None:
        """The run, or None where only what it recorded can be shown. Raises what building it raises."""
        stored = self._stored
        if stored is None:
            return Training.from_preset(self._preset)
        try:
            return resumed(stored, self._preset)
        except RunError as error:
            remains = remains_of(stored, self._preset, str(error))
            if remains is None:
                raise
            self._remains = remains
            self._training = None
            self._tell(f"{error}; what it recorded is shown", failed=True)
            return None

    def build_anew(self) -> None:
        """Build it from its start, whatever was stored."""
        self._stored = None
        self.build()

    def adopt(self, preset: Preset, stored: Run | None, ticket: int, running: bool) -> None:
        """Build the run of another preset, if this is still the newest change.

        If it cannot be built the run before goes on, or stands still unless it was ``running``.
        """
        if ticket != self._board.newest_change:
            return
        before = self._preset, self._stored
        self._preset, self._stored = preset, stored
        try:
            self.build()
        except Exception as error:
            if self._training is None and self._remains is None:
                raise
            self._preset, self._stored = before
            self._board.turn(running=running)
            self.publish(refused=Refusal(preset, sentence(error)))

    def leave(self) -> None:
        """End the thread."""
        self._keeper.close()
        self._closed = True

    def single_step(self) -> None:
        """Take one step of the solver, unless something else is wanted before its end."""
        if self._training is not None:
            self._training.single_step(abandoned=lambda: self._board.gives_up)
            self.publish()

    def save_run(self, folder: Path | None) -> None:
        """Write the run so far, to ``folder`` or where it is written already."""
        self._report("saving the run", lambda: self._written(folder))

    def _written(self, folder: Path | None) -> str:
        if self._training is None:
            raise ReluflowError("there is no run to save; expected parameters that can be run")
        path = self._keeper.save(self._preset, self._training, folder)
        self._preset = self._keeper.moved(self._preset)
        return f"run saved in {path}"

    def save_preset(self, name: str, state: State | None, overwrite: bool) -> None:
        """Save the parameters as a preset, with ``state`` as its start if given."""
        start = None if state is None else (state.weights, state.output_weights)
        self._report(
            "saving the preset",
            lambda: f"preset saved as {save_preset(self._preset, name, state=start, overwrite=overwrite)}",
        )

    def _report(self, doing: str, work: Callable[[], str]) -> None:
        """Do what a user waits for and publish how it went."""
        self._show(replace(self._board.frame, busy=doing))
        began = time.perf_counter()
        try:
            text, failed = work(), False
        except Exception as error:
            text, failed = sentence(error), True
        self._tell(text, failed, time.perf_counter() - began)

    def _tell(self, text: str, failed: bool, seconds: float = 0.0) -> None:
        number = self._board.frame.note.number + 1 if self._board.frame.note else 1
        self.publish(note=Notice(number, text, failed, seconds))

    def publish(
        self,
        error: str | None = None,
        note: Notice | None = None,
        sought: Sight | None = None,
        refused: Refusal | None = None,
    ) -> None:
        """Make the present state of the run the newest frame."""
        self._published = time.perf_counter()
        held, training = self._board.frame, self._training
        error = error or (held.error if training is None else None)
        frame = replace(
            self._remains or Frame(self._preset),
            generation=self._generation,
            error=error,
            busy=None,
            note=note or held.note,
            sought=sought or held.sought,
            refused=refused or held.refused,
        )
        if training is not None:
            frame = picture_of(frame, training, self._keeper, self._rate)
        self._show(frame)

    def _show(self, frame: Frame) -> None:
        self._board.show(frame)
        self._front.told()
