"""The comparison controller keeps curves of earlier runs and starts variants of the present run."""

from collections.abc import Callable
from typing import Final

from reluflow.errors import ReluflowError
from reluflow.live.frame import Frame
from reluflow.live.session import Session
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.cursor import Cursor
from reluflow.tui.frozen_runs import LETTERS, MOST, FrozenRun, what_differs
from reluflow.tui.variants import descent_preset, other_method, other_scale, other_seed

#: Seconds of solving for which a comparison waits, so that the whole run stands behind it.
WAIT_FOR_FLOW: Final = 5.0

#: makes the preset to compare with from the present one; may raise ReluflowError
Variant = Callable[[Preset, Problem], Preset]


class Comparison:
    """Keeps curves of runs behind the one on show.

    ``frozen``: the runs that are kept. ``changed``: called when they are others.
    """

    def __init__(self, session: Session, cursor: Cursor, parameters: Parameters, host: Host) -> None:
        self._session, self._cursor, self._parameters, self._host = session, cursor, parameters, host
        self.frozen: tuple[FrozenRun, ...] = ()
        self.changed: Callable[[], None] = lambda: None
        #: the generation of the run that is waited for, and the variant that is to be run beside it
        self._awaited: tuple[int, Variant] | None = None

    # --- the curves behind ---

    def freeze(self) -> None:
        """Keep the curve of the run on show behind the next ones."""
        if self._freeze():
            self._host.say("this run stays behind the next ones; F manages what is kept")

    def ask_kept(self) -> None:
        """List the curves that are kept, to let go of some."""
        if not self.frozen:
            self._host.say("nothing is kept for comparison; f keeps the run on show")
            return
        from reluflow.tui.screens.frozen_list import FrozenList

        labels = tuple(run.label(self._session.frame) for run in self.frozen)
        self._host.ask(FrozenList(labels), self._keep)

    def _keep(self, kept: tuple[int, ...] | None) -> None:
        if kept is not None:
            self._set(tuple(self.frozen[i] for i in kept))

    def add(self, run: FrozenRun) -> None:
        """Keep a run that was solved elsewhere."""
        self._set((*self.frozen, run))

    def _freeze(self) -> bool:
        """Keep the curve of the run on show; whether there is one."""
        moment = self._cursor.moment
        if moment is None:
            return False
        run = FrozenRun.of(moment.frame, self._parameters.origins.get(moment.frame.preset.name))
        if run is not None:
            # the same run again, perhaps further on, takes the place of what was kept of it
            others = tuple(kept for kept in self.frozen if not kept.is_same_run(run))
            self._set((*others, run)[-MOST:])
        return run is not None

    def _set(self, runs: tuple[FrozenRun, ...]) -> None:
        self.frozen = runs
        self.changed()

    # --- variants ---

    def run_descent(self) -> None:
        """Keep the run on show and run plain descent on the same problem."""
        if self._session.frame.method == "gd":
            self._host.say("this is plain descent; u goes back to the flow")
        else:
            self._run_beside(descent_preset)

    def run_other_method(self) -> None:
        """The same problem by the next of the solvers."""
        self._run_beside(lambda preset, _: other_method(preset, self._session.frame.method))

    def run_other_seed(self) -> None:
        """The same from the next seed."""
        self._run_beside(lambda preset, _: other_seed(preset))

    def run_other_scale(self, by: int) -> None:
        """The same from weights ten times larger (``by`` 1) or smaller (-1)."""
        self._run_beside(lambda preset, _: other_scale(preset, by))

    def _run_beside(self, variant: Variant) -> None:
        """Run a variant beside the run on show, once that is solved or takes too long."""
        frame = self._session.frame
        if frame.problem is None:
            return
        if frame.status == "running" and frame.wall_seconds < WAIT_FOR_FLOW:
            self._host.say("the comparison starts as soon as this run is solved")
            self._awaited = (frame.generation, variant)
        else:
            self._compare(variant, frame.problem)

    def follow(self, frame: Frame) -> None:
        """Start the comparison that waited for a run, once that is over or takes too long."""
        if self._awaited is None or frame.problem is None:
            return
        generation, variant = self._awaited
        if frame.generation > generation:
            self._awaited = None
        elif frame.generation == generation and (frame.over or frame.wall_seconds >= WAIT_FOR_FLOW):
            self._awaited = None
            self._compare(variant, frame.problem)

    def _compare(self, variant: Variant, problem: Problem) -> None:
        before = self._parameters.present
        try:
            preset = variant(before, problem)
        except ReluflowError as error:
            self._host.complain(error)
            return
        # what is on screen may be older than what is there to be kept
        self._host.pull()
        self._freeze()
        self._parameters.start(preset)
        self._hold_cursor()
        letter = LETTERS[max(len(self.frozen) - 1, 0)]
        self._host.say(f"{what_differs(preset, before)}, beside {letter} (dotted); u goes back")

    def _hold_cursor(self) -> None:
        """A cursor that stood still stands at the same flow time of the new run; else it begins again."""
        moment = self._cursor.moment
        if moment is not None and not moment.playing and moment.t > 0.0:
            self._cursor.await_time(moment.t)
