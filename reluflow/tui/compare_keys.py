"""What the keys do that put runs beside each other: freeze, descent, another solver, seed or scale."""

from collections.abc import Callable
from typing import Final

from reluflow.errors import ReluflowError
from reluflow.live.frame import Frame
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.tui.compare import LETTERS, descent_preset, other_method, other_scale, other_seed, what_differs
from reluflow.tui.core import Core
from reluflow.tui.moment import Moment

#: Seconds of solving for which a comparison waits, so that the whole run stands behind it.
WAIT_FOR_FLOW: Final = 5.0

#: makes the preset to compare with from the present one; may raise ReluflowError
Variant = Callable[[Preset, Problem], Preset]


class CompareKeys(Core):
    """Actions that keep the run on show behind another one."""

    _awaited_by: tuple[int, Variant] | None = None

    def action_freeze(self) -> None:
        if self.freeze():
            self.say("this run stays behind the next ones; F manages what is kept")

    def action_frozen(self) -> None:
        if not self.frozen:
            self.say("nothing is kept for comparison; f keeps the run on show")
            return
        labels = tuple(run.label(self.session.frame) for run in self.frozen)
        from reluflow.tui.screens.frozen_list import FrozenList

        self.push_screen(FrozenList(labels), self._keep)

    def _keep(self, kept: tuple[int, ...] | None) -> None:
        if kept is not None:
            self.frozen = tuple(self.frozen[i] for i in kept)

    def action_descent(self) -> None:
        """Keep the run on show and run plain descent on the same problem."""
        if self.session.frame.method == "gd":
            self.say("this is plain descent; u goes back to the flow")
        else:
            self._beside(descent_preset)

    def action_other_method(self) -> None:
        self._beside(lambda preset, _: other_method(preset, self.session.frame.method))

    def action_other_seed(self) -> None:
        self._beside(lambda preset, _: other_seed(preset))

    def action_other_scale(self, by: int) -> None:
        self._beside(lambda preset, _: other_scale(preset, by))

    def _beside(self, variant: Variant) -> None:
        """Run a variant beside the run on show, once that is solved or takes too long."""
        frame = self.session.frame
        if frame.problem is None:
            return
        if frame.status == "running" and frame.wall_seconds < WAIT_FOR_FLOW:
            self.say("the comparison starts as soon as this run is solved")
            self._awaited_by = (frame.generation, variant)
        else:
            self._compare(variant, frame.problem)

    def compare_if_awaited(self, frame: Frame) -> None:
        """Start the comparison that waited for a run, once that is over or takes too long."""
        if self._awaited_by is None or frame.problem is None:
            return
        generation, variant = self._awaited_by
        if frame.generation > generation:
            self._awaited_by = None
        elif frame.generation == generation and (frame.over or frame.wall_seconds >= WAIT_FOR_FLOW):
            self._awaited_by = None
            self._compare(variant, frame.problem)

    def _compare(self, variant: Variant, problem: Problem) -> None:
        before = self.changes.present
        try:
            preset = variant(before, problem)
        except ReluflowError as error:
            self.complain(error)
            return
        # what is on screen may be older than what is there to be kept
        self.pull()
        self.freeze()
        self.start(preset)
        self._stay_at(self.moment)
        letter = LETTERS[max(len(self.frozen) - 1, 0)]
        self.say(f"{what_differs(preset, before)}, beside {letter} (dotted); u goes back")

    def _stay_at(self, moment: Moment | None) -> None:
        """A cursor that stood still stands at the same flow time of the new run; else it begins anew."""
        if moment is not None and not moment.playing and moment.t > 0.0:
            self.cursor.await_time(moment.t)
