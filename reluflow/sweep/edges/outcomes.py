"""How a run ends, as a number: runs that end differently have a boundary between their starts."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reluflow.errors import EdgeError
from reluflow.flow.base import Options, State
from reluflow.network import residuals
from reluflow.observe.recorder import RecordRules
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.training.stopping import StopRules
from reluflow.training.training import Training

#: Share of the loss of a start that is a fit where the preset asks for no loss.
FIT: Final = 1e-6
#: Steps in which a run fits or comes to rest; the presets that come with the program take 2,000 at most.
MOST_STEPS: Final = 50_000
#: Nothing of these runs is kept but how they end.
_RECORD: Final = RecordRules(snapshots=4, series=16, memory_mb=0.0, resolution=float("inf"))


class StoppedError(Exception):
    """Somebody wants the tracking of a boundary to end; the message names who."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. ``level``: the loss at which it would have been a fit."""

    status: str
    reason: str
    loss: float
    time: float
    level: float

    @property
    def fits(self) -> bool:
        return self.loss <= self.level

    @property
    def value(self) -> float:
        """ln of the loss at the end, of the level for a fit, so that all fits are one outcome."""
        return math.log(max(self.loss, self.level))

    @property
    def words(self) -> str:
        """A few of them."""
        return f"fits (loss {self.loss:.3g})" if self.fits else f"rests at loss {self.loss:.6g}"


@dataclass(frozen=True)
class Endings:
    """Solves problems to their ends, by one method; ``level``: the loss of a fit.

    ``interrupted_by`` is asked now and then, and names who wants all this to end.
    """

    method: str
    options: Options
    level: float
    interrupted_by: Callable[[], str | None] = lambda: None

    @classmethod
    def of(cls, preset: Preset, problem: Problem, interrupted_by: Callable[[], str | None]) -> "Endings":
        """By the method of a preset.

        Raises EdgeError for one without a tolerance, and for labels without weight decay.
        """
        training = Training.from_preset(preset)
        if training.options is None:
            raise EdgeError(
                f"{preset.name}: method {training.method} takes steps of a fixed size; expected a method "
                "that solves the flow"
            )
        if problem.of_labels and not problem.weight_decay:
            raise EdgeError(
                f"{preset.name}: with the loss {problem.loss} and no weight decay the weights of a fit grow "
                "for ever; expected a square loss, or weight decay, with which every run comes to rest"
            )
        residual = residuals(
            problem.weights, problem.output_weights, problem.inputs, problem.targets, problem.slope
        )
        level = preset.values.get("stop.loss") or FIT * problem.value(residual)
        return cls(training.method, training.options, level, interrupted_by)

    def __call__(self, problem: Problem) -> Outcome:
        """The end of a run, which a limit of flow time does not decide.

        Raises EdgeError for one that neither fits nor rests.
        """
        training = self._solved(problem, self.level)
        if training.status not in ("converged", "stationary"):
            raise EdgeError(
                f"a run between the two ended with status {training.status} ({training.reason}); expected "
                "runs that fit or come to rest"
            )
        solver = training.solver
        return Outcome(training.status, training.reason, solver.loss, solver.t, self.level)

    def rest(self, problem: Problem) -> State | None:
        """Where a run comes to rest, whatever its loss; None for one that does not."""
        training = self._solved(problem, None)
        return training.solver.state if training.status == "stationary" else None

    def _solved(self, problem: Problem, level: float | None) -> Training:
        stop = StopRules(loss=level, steps=MOST_STEPS)
        training = Training(problem, self.method, self.options, stop, _RECORD)
        training.run(every=0.2, interrupted_by=self.interrupted_by)
        by = self.interrupted_by()
        if by is not None:
            raise StoppedError(by)
        return training
