"""The thread of a session that builds, solves and saves."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, assert_never

from reluflow.data.memory import give_back
from reluflow.errors import ReluflowError, sentence
from reluflow.live import commands
from reluflow.live.branching import branch
from reluflow.live.current_run import CurrentRun
from reluflow.live.exchange import Exchange
from reluflow.live.frame import Notice, Refusal, SoughtState
from reluflow.live.keeping import Keeper
from reluflow.store.preset import Preset, save_preset
from reluflow.store.run_directory import Run
from reluflow.training.training import Training


@dataclass(frozen=True)
class WorkerTimes:
    """Seconds by which the worker shares its time."""

    #: between two frames while solving
    frame: float = 0.05
    #: the longest stretch of solving between two looks at the exchange: a command waits no longer
    solving: float = 0.02
    #: for which solving waits at a time while the thread in front is at work
    giving_way: float = 0.05
    #: without a command after which the memory of the runs before is given back
    rest: float = 1.0


TIMES: Final = WorkerTimes()


class Worker:
    """Computes one live run after the other; everything here belongs to its thread alone.

    What it is told, and what it has to show, goes through the exchange.
    """

    def __init__(self, exchange: Exchange, preset: Preset, stored: Run | None, live: bool) -> None:
        self._exchange = exchange
        self._keeper = Keeper(live, exchange.write_to)
        self._run = CurrentRun(preset, stored, self._keeper)
        self._closed = False
        #: a flow time that is sought, and whether to halt there
        self._sought: tuple[float, bool] | None = None
        #: steps a second, a running mean
        self._rate = 0.0
        self._published = 0.0

    def work(self) -> None:
        """Carry out commands, and solve while there are none, until told to leave."""
        rests = False
        self._exchange.front.wait_for_picture()
        while not self._closed:
            training = self._run.training if self._exchange.running else None
            solving = training is not None and training.status == "running"
            if self._obey(0.0 if solving else None if rests else TIMES.rest):
                rests = False
            elif not solving:
                rests = True
                give_back()  # what the runs before have held, of which nothing is on show any more
            if solving and training is not None and training is self._run.training:
                self._solve(training)

    # --- commands ---

    def _obey(self, seconds: float | None) -> bool:
        """Carry out the next command, waited for so long (None: without end); whether there was one."""
        command = self._exchange.next_command(seconds)
        if command is None:
            return False
        try:
            self._carry_out(command)
            if self._run.training is not None:
                self._arrive(self._run.training)
        except Exception as error:  # whatever goes wrong in a command, the thread must live on
            self._publish(error=sentence(error))
        return True

    def _carry_out(self, command: commands.AnyCommand) -> None:
        match command:
            case commands.Build():
                self._build()
            case commands.Rebuild():
                self._run.stored = None
                self._build()
            case commands.Change(preset, stored, number, running):
                self._change(preset, stored, number, running)
            case commands.Branch():
                self._branch(command)
            case commands.Seek(t, halts):
                self._sought = (t, halts)
            case commands.StopSeeking():
                self._sought = None
            case commands.TakeStep():
                self._take_step()
            case commands.Publish():
                self._publish()
            case commands.SaveRun(folder):
                self._report("saving the run", lambda: self._written(folder))
            case commands.SavePreset():
                self._report("saving the preset", lambda: self._saved(command))
            case commands.Keep(outcome):
                outcome.put(self._keep())
            case commands.Mark(done):
                done.set()
            case commands.Leave():
                self._keeper.close()
                self._closed = True
            case _:
                assert_never(command)

    # --- solving ---

    def _solve(self, training: Training) -> None:
        """Solve for a moment; publish now and then, and when the run ends."""
        front, run = self._exchange.front, self._run
        alone = front.wait(TIMES.giving_way)
        began, steps = time.perf_counter(), training.solver.steps
        try:
            with self._keeper.solving(run.preset, training):
                training.advance(
                    TIMES.solving,
                    halted=lambda: self._is_wanted(training) or (alone and front.is_busy()),
                    abandoned=lambda: self._is_useless(alone),
                )
        except Exception as error:  # whatever goes wrong in a solver, the thread must live on
            training.break_off(sentence(error))
        elapsed = max(time.perf_counter() - began, 1e-9)
        self._rate += ((training.solver.steps - steps) / elapsed - self._rate) * min(1.0, 4.0 * elapsed)
        self._keeper.go_on(run.preset, training)
        self._arrive(training)
        ended = training.status != "running" and self._exchange.frame.status == "running"
        if ended or time.perf_counter() - self._published >= TIMES.frame:
            self._publish()

    def _is_wanted(self, training: Training) -> bool:
        """Whether to stop solving for something else."""
        there = self._sought is not None and training.solver.t >= self._sought[0]
        return there or not self._exchange.running or not self._exchange.is_clear

    def _is_useless(self, alone: bool) -> bool:
        """Whether to give up the step that is being computed; gives way to the front, which was ``alone``."""
        front = self._exchange.front
        if alone and front.is_busy():
            front.wait(TIMES.giving_way)
        return self._exchange.is_superseded or not self._exchange.running

    def _take_step(self) -> None:
        """One step of the solver, unless something else is wanted before its end."""
        training, preset = self._run.training, self._run.preset
        if training is not None:
            with self._keeper.solving(preset, training):
                training.single_step(abandoned=lambda: self._exchange.is_superseded)
            self._keeper.go_on(preset, training)
            self._publish()

    def _arrive(self, training: Training) -> None:
        """Show what was sought as soon as it is there, or will not be."""
        if self._sought is None:
            return
        t, halts = self._sought
        history = training.recorder.history
        if history.end < t and training.status == "running":
            return
        if not self._exchange.halt_unless_told(halts):
            return
        self._sought = None
        t = min(max(t, 0.0), history.end)
        self._publish(sought=SoughtState(t, history.loss_at(t), history.step_at(t), history.state_at(t)))

    # --- building ---

    def _build(self) -> None:
        """Build the run of the preset, or take up the stored one; until it is there the one before stays."""
        self._exchange.show(self._run.begin(self._exchange.frame))
        wrong = self._run.build()
        self._sought, self._rate = None, 0.0
        if wrong is not None:
            self._tell(wrong, failed=True)
        self._publish()

    def _change(self, preset: Preset, stored: Run | None, number: int, running: bool) -> None:
        """Build the run of another preset, if this is still the newest change.

        If it cannot be built the run before goes on, or stands still unless it was ``running``.
        """
        if not self._exchange.is_newest_change(number):
            return
        run = self._run
        before = run.preset, run.stored
        run.preset, run.stored = preset, stored
        try:
            self._build()
        except Exception as error:
            if not run.is_there:
                raise
            run.preset, run.stored = before
            self._exchange.turn(running=running)
            self._publish(refused=Refusal(preset, sentence(error)))

    def _branch(self, command: commands.Branch) -> None:
        """Build the run that begins in a frame at a flow time, if this is still the newest change."""
        history, problem = command.frame.history, command.frame.problem
        if not self._exchange.is_newest_change(command.number) or history is None or problem is None:
            return
        # of a live run little else needs the theory, whose import would hold up the first picture
        from reluflow.theory.nudges import nudged

        try:
            state = nudged(problem, history.recorded_at(command.t), command.nudges)
            preset = branch(command.frame.preset, state, command.nudges)
        except (ReluflowError, OSError) as error:
            self._tell(sentence(error), failed=True)
            return
        running = self._exchange.running
        self._exchange.turn(running=True)
        self._change(preset, None, command.number, running)

    # --- saving ---

    def _keep(self) -> Notice | None:
        """Write what no directory holds, to stay there: how that went, None if there was nothing."""
        training, keeper = self._run.training, self._keeper
        keeper.stay()
        if training is None or (training.solver.steps == 0 and keeper.place is None):
            return None
        if keeper.has_all_of(training):
            return None
        preset = self._run.preset
        self._report("saving the run", lambda: f"run saved in {keeper.save_in_place(preset, training)}")
        return self._exchange.frame.note

    def _written(self, folder: Path | None) -> str:
        run = self._run
        if run.training is None:
            raise ReluflowError("there is no run to save; expected parameters that can be run")
        path = self._keeper.save(run.preset, run.training, folder)
        run.preset = self._keeper.moved(run.preset)
        return f"run saved in {path}"

    def _saved(self, command: commands.SavePreset) -> str:
        state = command.state
        start = None if state is None else (state.weights, state.output_weights)
        texts: dict[str, Any] = dict(command.texts)
        preset = replace(self._run.preset, **texts)
        path = save_preset(preset, command.name, state=start, overwrite=command.overwrite)
        return f"preset saved as {path}"

    # --- frames ---

    def _report(self, doing: str, work: Callable[[], str]) -> None:
        """Do what a user waits for and publish how it went."""
        self._exchange.show(replace(self._exchange.frame, busy=doing))
        began = time.perf_counter()
        try:
            text, failed = work(), False
        except Exception as error:
            text, failed = sentence(error), True
        self._tell(text, failed, time.perf_counter() - began)

    def _tell(self, text: str, failed: bool, seconds: float = 0.0) -> None:
        note = self._exchange.frame.note
        self._publish(note=Notice(note.number + 1 if note else 1, text, failed, seconds))

    def _publish(self, **news: Any) -> None:
        """Make the present state of the run, with what is new beside it, the newest frame."""
        self._published = time.perf_counter()
        self._exchange.show(self._run.picture(self._exchange.frame, self._rate, **news))
