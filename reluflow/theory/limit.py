"""Rows that hold a run against the limit process of vanishing scale on any data (``limit_process``).

The limit says nothing of what does not grow with ln(1/scale): how long neurons take to align and escapes to
pass, how many neurons are in one bundle, what has not been told apart by then. At a given scale that is known
from the bundles of the start (``start_bundles``): it is added to the times of the limit, and where it leads
to other plateaus or to another end the limit is not reached yet. Rows are in the problem's loss and its flow
time.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from reluflow.network import log_variation_norm, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.observe.plateaus import PLATEAUS
from reluflow.problem import Problem
from reluflow.theory.effort import TooLongError
from reluflow.theory.limit_process import Limit, general_limit
from reluflow.theory.orthogonal_assumptions import ASSUMED
from reluflow.theory.orthogonal_formulas import least_orthogonal
from reluflow.theory.prediction import Measure, Prediction, not_relu
from reluflow.theory.readings import time_of_loss
from reluflow.theory.start_bundles import bundles_from_start
from reluflow.theory.start_growth import start_growth

#: Escapes that have a row of their own.
NAMES = ("first", "second", "third")


@dataclass(frozen=True)
class LimitRows:
    """When the limit scale -> 0 is compared with a run, and how closely."""

    #: samples of data that are followed, at most
    samples: int = 100
    #: pairs of neuron and sample that are followed, at most
    pairs: int = 200_000
    #: bound on the outputs of a small start, as a share of the largest target
    small: float = 1e-2
    #: share of the loss; a fall by less has no time of its own
    least_fall: float = 1e-3
    #: difference of ln(loss) from which two plateaus are told apart: twice what is one plateau in a run
    apart: float = 2.0 * PLATEAUS.same
    #: relative error of a time
    time: float = 5e-3
    #: relative error of the loss on a plateau
    level: float = 0.02
    #: relative error of the final norm
    norm: float = 0.02
    #: error of the final loss, as a share of the first
    loss: float = 1e-5
    #: share of an error up to which the limit counts as reached at this scale
    reached: float = 0.5
    #: e-folds of the next neurons to grow for which the loss must rest to be a plateau; as many pass
    #: between the last kink of the first neurons to grow and their escape
    plateau: float = 8.0
    #: times what the escape before has taken, after which these e-folds are counted
    lags: float = 2.0
    #: times the present ln(1/scale) at which a limit is expected where nothing better is known
    further: float = 1.5


LIMIT_ROWS: Final = LimitRows()


def predictions(problem: Problem) -> list[Prediction]:
    """All rows of the limit process, in the problem's loss and its flow time."""
    rows = _Rows(problem)
    return [
        *(rows.escape(i) for i in range(len(NAMES))),
        rows.plateaus(),
        rows.final_loss(),
        rows.final_norm(),
    ]


@dataclass(frozen=True)
class _Rows:
    """The rows one by one, from what all of them need."""

    problem: Problem

    @cached_property
    def reason(self) -> str | None:
        """The assumption that fails; None if there is a limit to compare with."""
        problem = self.problem
        if problem.slope != 0.0:
            return not_relu(problem)
        if abs(least_orthogonal(problem.inputs)[0]) <= ASSUMED.orthogonal:
            return "the inputs are orthogonal: the rows of that setting say more"
        if problem.samples > LIMIT_ROWS.samples or problem.samples * problem.width > LIMIT_ROWS.pairs:
            return f"{problem.width} neurons on {problem.samples} samples are too many for the limit process"
        largest = variation_norm(problem.weights, problem.output_weights) * np.max(row_norms(problem.inputs))
        if largest > LIMIT_ROWS.small * np.max(np.abs(problem.targets)):
            most = LIMIT_ROWS.small * np.max(np.abs(problem.targets))
            return f"the start is not small: its outputs may be {largest:.2g}; expected at most {most:.2g}"
        try:
            trouble = self.limit.trouble
        except TooLongError as error:
            trouble = str(error)
        if trouble:
            return trouble
        if not self.limit.escapes or self.bundles is None:
            return self._followed[1]
        return "the bundles of this start cannot be followed" if self.bundles.status == "failed" else None

    @cached_property
    def limit(self) -> Limit:
        p = self.problem
        start_growth(p)  # what is too long for rows about the start is too long for this
        return general_limit(p.inputs, p.targets, p.weights, p.output_weights)

    @cached_property
    def log_scale(self) -> float:
        """ln(1/scale), scale^2 = mass of the start / mass of the end."""
        start = log_variation_norm(self.problem.weights, self.problem.output_weights)
        return 0.5 * (float(np.log(self.limit.norm)) - start)

    @cached_property
    def bundles(self) -> Measured | None:
        """The flow of the bundles at the scale of the start."""
        return self._followed[0]

    @cached_property
    def _followed(self) -> tuple[Measured | None, str]:
        """The flow of the bundles, and why there is none if there is none."""
        try:
            return bundles_from_start(self.problem), "no neuron grows from this start"
        except TooLongError as error:
            return None, str(error)

    @cached_property
    def enough(self) -> float:
        """ln(1/scale), more than at present, at which neurons have aligned in time and plateaus last."""
        p, escapes = self.problem, self.limit.escapes
        _, ends = start_growth(p)
        turned = float(np.max(ends.settled[escapes[0].neurons]))
        wanted = [(turned + LIMIT_ROWS.plateau / escapes[0].rate) / escapes[0].time]
        for before, one in pairwise(escapes):
            wait = max(one.time - before.time, np.finfo(float).tiny)
            wanted.append((LIMIT_ROWS.plateau / one.rate + LIMIT_ROWS.lags * before.lag) / wait)
        return max(LIMIT_ROWS.further * self.log_scale, *wanted)

    def _not_yet(self, what: str) -> str:
        return (
            f"the limit is not reached at ln(1/scale) = {self.log_scale:.3g}: {what}; expected from "
            f"ln(1/scale) = {self.enough:.3g} on"
        )

    def _row(
        self, name: str, statement: str, reason: str | None, pending: str | None, predicted: float,
        measure: Measure, tolerance: float, absolute: bool = False,
    ) -> Prediction:  # fmt: skip
        """A row that does not apply for a ``reason``, or whose limit is not reached, ``pending`` why."""
        applies = reason is None and pending is None
        return Prediction(
            f"limit/{name}",
            statement,
            "derived",
            applies,
            reason or pending or f"ln(1/scale) = {self.log_scale:.4g}, scale^2 = initial / final mass",
            predicted if applies else None,
            measure,
            tolerance if applies else 0.0,
            absolute,
            pending=reason is None and pending is not None,
        )

    def _level(self, index: int) -> float:
        """Loss (half-mse) of the plateau before escape number ``index``."""
        return self.limit.escapes[index - 1].loss if index else self.limit.start_loss

    def escape(self, index: int) -> Prediction:
        """The time of one fall of the loss."""
        reason, pending, predicted, level, known = self.reason, None, 0.0, 0.0, ""
        if reason is None:
            reason = self._no_fall(index)
        if reason is None and self.bundles is not None:
            one, speed = self.limit.escapes[index], self.problem.speed
            level = (one.loss + 0.25 * (self._level(index) - one.loss)) * speed
            found = time_of_loss(self.bundles, level)
            if found is None:
                rest = float(self.bundles.series["loss"][-1])
                pending = self._not_yet(f"the loss comes to rest at {rest:.6g}, above {level:.6g}")
            else:
                predicted, limit = found, one.time * self.log_scale / speed
                known = f", here {limit:.6g} and {found - limit:.3g}"
        return self._row(
            f"{NAMES[index]}-escape",
            f"Three quarters of the {NAMES[index]} fall of the loss are done at flow time T ln(1/scale) + c, "
            f"T of the limit process of vanishing scale and c of the bundles at this scale{known}.",
            reason, pending, predicted, lambda run: time_of_loss(run, level), LIMIT_ROWS.time,
        )  # fmt: skip

    def _no_fall(self, index: int) -> str | None:
        """Why an escape has no time to be read off."""
        count = len(self.limit.escapes)
        if index >= count:
            return f"only {count} escape(s) take place in the limit"
        before, after = self._level(index), self.limit.escapes[index].loss
        if before - after < LIMIT_ROWS.least_fall * before:
            return f"the loss falls too little to be seen, from {before:.9g} to {after:.9g}"
        return None

    def plateaus(self) -> Prediction:
        """The losses between escapes."""
        reason, pending, levels = self.reason, None, self._plateaus() if self.reason is None else []
        if reason is None and not levels:
            reason = "the limit process has no plateau between its first and its last escape that stands out"
        if reason is None and self.bundles is not None:
            gap = _largest_gap(self.bundles, levels)
            if gap is None or gap > LIMIT_ROWS.reached * LIMIT_ROWS.level:
                pending = self._not_yet("the loss does not rest on every plateau of the limit")
        told = ", ".join(f"{level * self.problem.speed:.6g}" for level in levels)
        return self._row(
            "plateaus",
            "The loss rests where the limit process does: largest relative difference over the plateaus "
            f"between escapes, {told or 'none'}.",
            reason, pending, 0.0, lambda run: _largest_gap(run, levels), LIMIT_ROWS.level, absolute=True,
        )  # fmt: skip

    def _plateaus(self) -> list[float]:
        """Losses (half-mse) between escapes, but for those too near to the one before or after."""
        levels = [self.limit.start_loss, *(one.loss for one in self.limit.escapes)]
        near = np.exp(-LIMIT_ROWS.apart)
        return [
            level
            for before, level, after in zip(levels, levels[1:], levels[2:], strict=False)
            if level < near * before and after < near * level
        ]

    @cached_property
    def another_end(self) -> str | None:
        """What the loss ends at, if at this scale that is not the limit's end."""
        if self.bundles is None:
            return None
        end, speed = float(self.bundles.series["loss"][-1]), self.problem.speed
        limit = self.limit.final_loss * speed
        if abs(end - limit) <= LIMIT_ROWS.reached * LIMIT_ROWS.loss * self.limit.start_loss * speed:
            return None
        return f"the loss ends at {end:.6g}, in the limit at {limit:.6g}"

    def final_loss(self) -> Prediction:
        """The loss in the end."""
        pending, predicted, tolerance = None, 0.0, 0.0
        if self.reason is None:
            speed = self.problem.speed
            predicted, tolerance = (
                self.limit.final_loss * speed,
                LIMIT_ROWS.loss * self.limit.start_loss * speed,
            )
            pending = self._not_yet(self.another_end) if self.another_end else None
        return self._row(
            "final-loss", "The loss ends where the limit process does.", self.reason, pending, predicted,
            self._final_loss, tolerance, absolute=True,
        )  # fmt: skip

    def final_norm(self) -> Prediction:
        """The variation norm in the end."""
        reason, pending, predicted = self.reason, None, 0.0
        if reason is None and self.another_end:
            reason = f"at this scale the network is another one in the end: {self.another_end}"
        if reason is None and self.bundles is not None:
            predicted, final = self.limit.norm, self.bundles.final
            end = variation_norm(final.weights, final.output_weights)
            if abs(end - predicted) > LIMIT_ROWS.reached * LIMIT_ROWS.norm * predicted:
                pending = self._not_yet(f"the norm ends at {end:.6g}, in the limit at {predicted:.6g}")
        return self._row(
            "final-norm", "The final sum of |a_j||w_j| is that of the limit process.", reason, pending,
            predicted, self._final_norm, LIMIT_ROWS.norm,
        )  # fmt: skip

    def _over(self, run: Measured) -> bool:
        fall = run.series["loss"][-1] - self.limit.final_loss * self.problem.speed
        return run.status == "stationary" or bool(fall <= 1e-6 * self.limit.start_loss)

    def _final_loss(self, run: Measured) -> float | None:
        return float(run.series["loss"][-1]) if self._over(run) else None

    def _final_norm(self, run: Measured) -> float | None:
        return variation_norm(run.final.weights, run.final.output_weights) if self._over(run) else None


def _largest_gap(run: Measured, levels: list[float]) -> float | None:
    """Largest relative distance of a level (half-mse) to the nearest plateau of the run; None without any."""
    seen = np.array([saddle.loss for saddle in run.saddles]) / run.problem.speed
    if not seen.size:
        return None
    return max(float(np.min(np.abs(seen - level))) / level for level in levels)
