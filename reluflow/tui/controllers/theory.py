"""The theory controller computes predictions for the run on show in a thread of their own."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from reluflow.errors import ReluflowError
from reluflow.flow.base import State
from reluflow.plot.phases import Plateau, plateau_at
from reluflow.problem import Problem
from reluflow.theory.landmarks import Landmarks, landmarks
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.controllers.host import Host
from reluflow.tui.moment import Moment

if TYPE_CHECKING:  # imported when something is predicted, as the first picture does not wait for that
    from reluflow.theory.alignment import Extremal
    from reluflow.theory.forecast import Forecast

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class TheoryLimits:
    """How much is computed without having been asked for, chosen so that no frame is late for it."""

    #: neurons times samples up to which anything is computed, and up to which it is while a run is solved
    pairs: int = 100_000
    pairs_while_solving: int = 2_000
    #: samples times coordinates up to which extremal directions are computed
    entries: int = 400
    #: Seconds for which the first run is on show before anything is computed of it, so that the first
    #: pictures come sooner, and for which later ones are. These wait at least as long as what was computed of
    #: the run before took, so that the theory takes half of the time at most while a number is being stepped.
    first_seconds: float = 0.5
    settled_seconds: float = 0.08
    #: Seconds after a forecast before the extremal directions are looked for, at most: that may take ten
    #: times as long, nothing ends it, and so the next run would wait for it while a number is being stepped.
    #: Where they took less the last time, that is enough.
    goals_seconds: float = 0.25
    #: A forecast is made again when the cursor has come nearer to the escape by this share of the way, ...
    nearer: float = 0.1
    #: ... and where none could be made, when the cursor is further into the plateau by this factor.
    later: float = 1.5


@dataclass(frozen=True)
class Marks:
    """Predictions for the run on show, each None while it is not known.

    ``landmarks``: what was predicted from its start; ``forecast``: the next escape, from the state on show,
    while that is on a plateau; ``extremal``: where small neurons end under the residual there. ``problem``:
    that of the run; nothing of it is drawn over another one.
    """

    landmarks: Landmarks | None = None
    forecast: "Forecast | None" = None
    extremal: "Extremal | None" = None
    problem: Problem | None = field(default=None, compare=False)

    def of(self, problem: Problem | None) -> "Marks":
        """Those for the run of a problem."""
        return self if self.problem is problem else Marks()


class Theory:
    """Predictions for the run on show, one at a time.

    ``clock`` gives seconds. ``marks``: what is known so far. ``changed``: called with it when something was
    computed; where ``follow`` forgets something its caller draws anew anyway. The host is told when a
    prediction breaks down in a way that it should not.
    """

    def __init__(
        self, host: Host, limits: TheoryLimits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.marks = Marks()
        self._limits = limits or TheoryLimits()
        self._host, self._clock = host, clock
        #: what was complained of about the run on show
        self._said: set[str] = set()
        self.changed: Callable[[Marks], None] = lambda _: None
        self._problem: Problem | None = None
        #: seconds to wait before the next run is predicted
        self._wait = self._limits.first_seconds
        #: seconds that the last extremal directions took, or the most there is to wait for them
        self._goals_took = self._limits.goals_seconds
        self._busy = False
        self._moment: Moment | None = None
        #: the plateau, and the time on it, from which the forecast was made
        self._forecast_from: tuple[int, float] | None = None

    def follow(self, moment: Moment) -> None:
        """Compute what a newer moment asks for."""
        self._moment = moment
        problem = moment.frame.problem
        plateau = plateau_at(moment.plateaus, moment.t)
        if problem is not self._problem:
            self._problem, self._said = problem, set()
            self.marks, self._forecast_from = Marks(problem=problem), None
        elif self._forecast_from is not None and not self._is_for(plateau):
            self.marks, self._forecast_from = Marks(self.marks.landmarks, problem=problem), None
        elif self.marks.forecast is not None and self.marks.forecast.time <= moment.t:
            self.marks = replace(self.marks, forecast=None)
        if problem is None or self._busy or not self._is_affordable(problem, moment):
            return
        history = moment.frame.history
        if self.marks.landmarks is None:
            self._busy = True
            self._host.in_background(partial(self._predict, problem))
        elif plateau is not None and history is not None and self._is_due(plateau, moment.t):
            self._busy, self._forecast_from = True, (plateau.number, moment.t)
            self._host.in_background(partial(self._forecast, problem, history.state_at(moment.t)))

    def _is_for(self, plateau: Plateau | None) -> bool:
        """Whether the forecast, or the one under way, is made from a state on this plateau.

        While a run is solved plateaus move and are counted anew: one of the same number may be another one.
        """
        if plateau is None or self._forecast_from is None:
            return False
        number, made = self._forecast_from
        return plateau.number == number and plateau_at([plateau], made) is not None

    def _is_due(self, plateau: Plateau, t: float) -> bool:
        """Whether to forecast again: nearer to the escape, or later where none could be made."""
        made, found = self._forecast_from, self.marks.forecast
        if made is None or made[0] != plateau.number or t < made[1]:
            return True
        if found is None:
            return t - plateau.begin > self._limits.later * (made[1] - plateau.begin)
        return t - made[1] > self._limits.nearer * abs(found.time - made[1])

    def _is_affordable(self, problem: Problem, moment: Moment) -> bool:
        solving = moment.live.status == "running"
        limit = self._limits.pairs_while_solving if solving else self._limits.pairs
        return problem.width * problem.samples <= limit

    async def _predict(self, problem: Problem) -> None:
        await asyncio.sleep(self._wait)
        if problem is not self._problem:
            self._done(problem, Marks(problem=problem))
            return
        began = self._clock()
        found = await self._computed(lambda: landmarks(problem))
        self._wait = max(self._limits.settled_seconds, self._clock() - began)
        self._done(problem, Marks(found or Landmarks(""), problem=problem))

    async def _forecast(self, problem: Problem, state: State) -> None:
        asked = self._forecast_from

        def is_wanted() -> bool:
            # the cursor may have gone elsewhere in the meantime
            return problem is self._problem and self._forecast_from == asked

        found = await self._computed(lambda: _forecast(problem, state))
        goals: Extremal | None = None
        if is_wanted():
            self.marks = replace(self.marks, forecast=found)
            self.changed(self.marks)
            await asyncio.sleep(min(self._limits.goals_seconds, self._goals_took))
        if is_wanted():
            began = self._clock()
            goals = await self._computed(lambda: _goals(problem, state, self._limits.entries))
            self._goals_took = self._clock() - began
        self._done(problem, replace(self.marks, extremal=goals) if is_wanted() else self.marks)

    async def _computed(self, work: Callable[[], _Result]) -> _Result | None:
        """The result of a prediction, None where there is none."""
        found = await in_thread(lambda: _tried(work))
        if not isinstance(found, Broken):
            return found
        if found.sentence not in self._said:
            self._said.add(found.sentence)
            self._host.complain(f"a prediction broke down: {found.sentence}")
        return None

    def _done(self, problem: Problem, marks: Marks) -> None:
        self._busy = False
        if problem is self._problem:
            self.marks = marks
            self.changed(self.marks)
        if self._moment is not None:
            self.follow(self._moment)


def _forecast(problem: Problem, state: State) -> "Forecast | None":
    from reluflow.theory.forecast import forecast

    return forecast(problem, state)


def _goals(problem: Problem, state: State, entries: int) -> "Extremal | None":
    """Extremal directions where they are found at once."""
    from reluflow.theory.alignment import extremal_directions

    if problem.samples * problem.dimension > entries:
        return None
    residual = problem.left(state.weights, state.output_weights)
    return extremal_directions(problem.inputs, residual, slope=problem.slope)


def _tried(work: Callable[[], _Result]) -> _Result | None:
    """The result of a prediction, None where it breaks down; the picture is drawn without it."""
    try:
        return work()
    except (ReluflowError, ArithmeticError, ValueError, MemoryError):
        return None
