"""The source of the inspector's pages about a neuron, a sample, a plateau or an event."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, Literal, get_args

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.flow.base import State
from reluflow.live.frame import Frame
from reluflow.observe.crossings import crossing, events_of
from reluflow.observe.history import History
from reluflow.observe.inspection import drift_of, inspect, record_of
from reluflow.observe.plateaus import find_saddles
from reluflow.observe.roster import Roster
from reluflow.observe.samples import record_sample, report_sample
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import Plateau, place_of
from reluflow.plot.views.event_page import EventFacts, event_sheet
from reluflow.plot.views.facts import Sheet
from reluflow.plot.views.neuron_page import Facts, neuron_sheet
from reluflow.plot.views.plateau_page import Judgement, PlateauFacts, plateau_sheet
from reluflow.plot.views.sample_page import SampleFacts, sample_sheet
from reluflow.problem import Problem
from reluflow.theory.escape import classify
from reluflow.theory.forecast import TooManyBundlesError, forecast

Kind = Literal["neuron", "sample", "plateau", "event"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
#: Neurons times samples up to which a plateau is judged by the theory.
MOST_PAIRS: Final = 20_000


class PageSource:
    """The pages about the parts of a run: a frame, a time ``t`` of it, and its plateaus."""

    def __init__(self, frame: Frame, t: float, plateaus: Sequence[Plateau]) -> None:
        self.frame, self.t, self.plateaus = frame, t, plateaus

    def same(self, other: "PageSource") -> bool:
        """Whether there is nothing else to see."""
        return self.frame is other.frame and self.t == other.t and self.plateaus is other.plateaus

    @property
    def run(self) -> tuple[History, Problem] | None:
        """The history and the problem; None before there are both."""
        history, problem = self.frame.history, self.frame.problem
        return None if history is None or problem is None else (history, problem)

    @cached_property
    def roster(self) -> Roster | None:
        """The neurons at the time."""
        return Roster(self.run[0].state_at(self.t), self.run[1]) if self.run is not None else None

    def count(self, kind: Kind) -> int:
        """The number of things of a kind."""
        if self.run is None:
            return 0
        history, problem = self.run
        sizes = {"neuron": problem.width, "sample": problem.samples, "event": len(history.events)}
        return sizes.get(kind, len(self.plateaus))

    def nearest(self, kind: Kind) -> int:
        """The one to begin with: the plateau or the event that the time is on, or that was last."""
        if kind == "plateau":
            return sum(plateau.begin <= self.t for plateau in self.plateaus) - 1
        if kind == "event" and self.run is not None:
            times = self.run[0].events.t
            first = int(np.searchsorted(times, self.t, side="left"))
            here = first < times.size and times[first] == self.t
            return first if here else first - 1
        return 0

    def time_of(self, kind: Kind, number: int) -> float | None:
        """When one of them is, None for what is always there or not there at all."""
        if number >= self.count(kind) or self.run is None:
            return None
        if kind == "plateau":
            return self.plateaus[number].begin
        return float(self.run[0].events.t[number]) if kind == "event" else None

    def pair(self, number: int) -> tuple[int, int] | None:
        """Neuron and sample (-1: none) of an event."""
        if self.run is None or number >= self.count("event"):
            return None
        events = self.run[0].events
        return int(events.neuron[number]), int(events.sample[number])

    def state_on(self, number: int) -> State:
        """The state to judge a plateau by: at the time if that is on it, else in its middle."""
        assert self.run is not None
        plateau, history = self.plateaus[number], self.run[0]
        end = plateau.leave if plateau.leave is not None else history.end
        inside = plateau.begin <= self.t <= end
        return history.state_at(self.t if inside else 0.5 * (plateau.begin + end))

    def sheet(
        self, kind: Kind, number: int, judgement: Judgement | None, width: int, glyphs: Glyphs
    ) -> Sheet | str:
        """The page about one of them, or a sentence that stands for it."""
        if self.run is None:
            return "there is no run to look at yet"
        if self.count(kind) == 0:
            return _NONE[kind]
        history, problem = self.run
        if kind == "neuron":
            return neuron_sheet(self._neuron(history, problem, number), width, glyphs)
        if kind == "sample":
            return sample_sheet(self._sample(history, problem, number), width, glyphs)
        if kind == "plateau":
            return plateau_sheet(self._plateau(history, problem, number, judgement), width, glyphs)
        return event_sheet(self._event(history, problem, number), width, glyphs)

    def _neuron(self, history: History, problem: Problem, number: int) -> Facts:
        state = history.state_at(self.t)
        return Facts(
            inspect(state, problem, number),
            record_of(history, problem, number),
            state.t,
            drift_of(history, self.t, number, problem.weight_decay),
            problem.speed,
            problem.targets,
            events_of(history.events, neuron=number),
        )

    def _sample(self, history: History, problem: Problem, number: int) -> SampleFacts:
        roster = self.roster
        assert roster is not None
        return SampleFacts(
            number,
            roster.state,
            problem,
            report_sample(roster, number),
            record_sample(history, problem, number),
            events_of(history.events, sample=number),
        )

    def _plateau(
        self, history: History, problem: Problem, number: int, judgement: Judgement | None
    ) -> PlateauFacts:
        saddles = find_saddles(history.series, self.frame.status == "converged")
        return PlateauFacts(
            self.plateaus[number],
            saddles[number] if number < len(saddles) else None,
            Roster(self.state_on(number), problem),
            history,
            judgement or Judgement(None, None, "computing ..."),
        )

    def _event(self, history: History, problem: Problem, number: int) -> EventFacts:
        events = history.events
        t, neuron, sample = float(events.t[number]), int(events.neuron[number]), int(events.sample[number])
        own = np.flatnonzero(events.neuron == neuron)
        return EventFacts(
            events,
            number,
            events.take(own),
            int(np.searchsorted(own, number)),
            inspect(history.state_at(t), problem, neuron),
            crossing(history, problem, events, number),
            float(problem.targets[sample]) if sample >= 0 else 0.0,
            place_of(self.plateaus, t),
            history.step_at(t),
        )


_NONE: Final[dict[Kind, str]] = {
    "neuron": "there are no neurons",
    "sample": "there are no samples",
    "plateau": "there is no plateau in what is recorded",
    "event": "no event is recorded: none has happened yet, or this solver does not look for them",
}


def judge(source: PageSource, number: int) -> Judgement:
    """The judgement of the theory on a plateau; it may take seconds."""
    assert source.run is not None
    problem, state = source.run[1], source.state_on(number)
    if problem.width * problem.samples > MOST_PAIRS:
        return Judgement(None, None, f"not asked for {problem.width} neurons on {problem.samples} samples")
    try:
        verdict = classify(problem, state)
        try:
            return Judgement(verdict, forecast(problem, state))
        except TooManyBundlesError as error:
            return Judgement(verdict, None, str(error))
    except (ReluflowError, ArithmeticError, ValueError, MemoryError) as error:
        return Judgement(None, None, f"breaks off: {error}")
