"""What the theory says about the run on show, computed in a thread beside it and never in its way."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from reluflow.errors import ReluflowError
from reluflow.flow.base import State
from reluflow.network import residuals
from reluflow.plot.phases import Plateau, plateau_at
from reluflow.problem import Problem
from reluflow.theory.alignment import Extremal, extremal_directions
from reluflow.theory.forecast import Forecast, forecast
from reluflow.theory.landmarks import Landmarks, landmarks
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.moment import Moment

#: Neurons times samples up to which anything is computed unasked, and up to which it is while solving.
MOST_PAIRS: Final = 100_000
MOST_WHILE_SOLVING: Final = 2_000
#: Seconds for which a run is on show before anything is foreseen of it: a first picture, and one of the next
#: run while a knob is being turned, come sooner without.
SETTLED_SECONDS: Final = 0.5
#: Samples times coordinates up to which extremal directions are looked for.
MOST_ENTRIES: Final = 400
#: A forecast is made again when the cursor has come nearer to it by this share of the way.
_NEARER: Final = 0.1
#: ... and where none could be made, when it is further into the plateau by this factor.
_LATER: Final = 1.5

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Seen:
    """What is known of the run on show, each None while it is not.

    ``landmarks``: what was predicted from its start; ``forecast``: the next escape, from the state on show,
    while that is on a plateau; ``extremal``: where small neurons end under the residual there.
    """

    landmarks: Landmarks | None = None
    forecast: Forecast | None = None
    extremal: Extremal | None = None


class Foresight:
    """Predictions for the run on show, one at a time.

    ``start`` is given what makes work to be awaited; ``changed`` is called when ``seen`` has changed, and
    ``complain`` with a sentence when a prediction breaks down in a way that it should not.
    """

    def __init__(
        self,
        start: Callable[[Callable[[], Coroutine[Any, Any, None]]], object],
        changed: Callable[[], None],
        complain: Callable[[str], None],
    ) -> None:
        self.seen = Seen()
        self._start, self._changed, self._complain = start, changed, complain
        #: what was complained of about the run on show
        self._said: set[str] = set()
        self._problem: Problem | None = None
        self._busy = False
        self._moment: Moment | None = None
        #: the plateau, and the time on it, from which the forecast was made
        self._foreseen: tuple[int, float] | None = None

    def look(self, moment: Moment) -> None:
        """See to what a newer moment asks for."""
        self._moment = moment
        problem = moment.frame.problem
        plateau = plateau_at(moment.plateaus, moment.t)
        if problem is not self._problem:
            self._problem, self._said = problem, set()
            self._forget(Seen())
        elif self._foreseen is not None and (plateau is None or plateau.number != self._foreseen[0]):
            self._forget(Seen(self.seen.landmarks))
        if problem is None or self._busy or not _affordable(problem, moment):
            return
        history = moment.frame.history
        if self.seen.landmarks is None:
            self._busy = True
            self._start(partial(self._predict, problem))
        elif plateau is not None and history is not None and self._is_due(plateau, moment.t):
            self._busy, self._foreseen = True, (plateau.number, moment.t)
            self._start(partial(self._foresee, problem, history.state_at(moment.t)))

    def _forget(self, seen: Seen) -> None:
        self._foreseen = None
        if seen != self.seen:
            self.seen = seen
            self._changed()

    def _is_due(self, plateau: Plateau, t: float) -> bool:
        """Whether to foresee again: nearer to the escape, or later where there was nothing to be seen."""
        made, found = self._foreseen, self.seen.forecast
        if made is None or made[0] != plateau.number or t < made[1]:
            return True
        if found is None:
            return t - plateau.begin > _LATER * (made[1] - plateau.begin)
        return t - made[1] > _NEARER * abs(found.time - made[1])

    async def _predict(self, problem: Problem) -> None:
        await asyncio.sleep(SETTLED_SECONDS)
        if problem is not self._problem:
            self._done(problem, Seen())
            return
        found = await self._had(lambda: landmarks(problem))
        self._done(problem, Seen(found or Landmarks("")))

    async def _foresee(self, problem: Problem, state: State) -> None:
        asked = self._foreseen
        found = await self._had(lambda: forecast(problem, state))
        goals = await self._had(lambda: _goals(problem, state))
        # the cursor may have gone elsewhere in the meantime
        known = self.seen if self._foreseen != asked else Seen(self.seen.landmarks, found, goals)
        self._done(problem, known)

    async def _had(self, work: Callable[[], _Result]) -> _Result | None:
        """What a prediction gives, None where there is none."""
        found = await in_thread(lambda: _tried(work))
        if not isinstance(found, Broken):
            return found
        if found.sentence not in self._said:
            self._said.add(found.sentence)
            self._complain(f"a prediction broke down: {found.sentence}")
        return None

    def _done(self, problem: Problem, seen: Seen) -> None:
        self._busy = False
        if problem is self._problem:
            self.seen = seen
            self._changed()
        if self._moment is not None:
            self.look(self._moment)


def _goals(problem: Problem, state: State) -> Extremal | None:
    """Extremal directions where they are found at once."""
    if problem.samples * problem.dimension > MOST_ENTRIES:
        return None
    slope = problem.slope
    residual = -residuals(state.weights, state.output_weights, problem.inputs, problem.targets, slope)
    return extremal_directions(problem.inputs, residual, slope=slope)


def _affordable(problem: Problem, moment: Moment) -> bool:
    pairs = problem.width * problem.samples
    return pairs <= (MOST_WHILE_SOLVING if moment.live.status == "running" else MOST_PAIRS)


def _tried(work: Callable[[], _Result]) -> _Result | None:
    """What a prediction gives, None where it breaks down: the picture does without it then."""
    try:
        return work()
    except (ReluflowError, ArithmeticError, ValueError, MemoryError):
        return None
