"""Pairwise orthogonal inputs: what training does, in closed form.

P1 is Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939). For targets of both signs and a small
balanced (or dominated) start, neurons align with D+ or D-, D_s = (1/n) sum_{s y_k > 0} |y_k| x_k; those of
one sign fit its samples near t = ln(1/scale)/|D_s|, a saddle follows, then those of the other sign do, and
the limit has the least variation norm of all interpolators. Rows are in the problem's loss and flow time.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from reluflow.network import log_variation_norm
from reluflow.problem import Problem
from reluflow.theory.orthogonal_end import End
from reluflow.theory.orthogonal_fit import fit_row
from reluflow.theory.orthogonal_formulas import pulls
from reluflow.theory.orthogonal_rows import APART, DERIVED, PAPER, Rows
from reluflow.theory.prediction import Prediction
from reluflow.theory.readings import escape_time, plateau_loss


@dataclass(frozen=True)
class TimeRows:
    """How closely times on orthogonal inputs are compared."""

    #: relative error of the sharp times for one bundle
    sharp: float = 3e-3
    #: constants over |D| that the leading time leaves out
    leading: float = 3.0
    #: e-folds of the second neurons between two escapes that show a plateau between them
    plateau: float = 4.5


TIMES: Final = TimeRows()


def predictions(problem: Problem) -> list[Prediction]:
    """All rows for orthogonal inputs, in the problem's loss and its flow time."""
    escapes = Escapes(problem)
    end = End(problem, escapes)
    return [
        escapes.leading(0),
        escapes.leading(1),
        escapes.escape(0),
        escapes.escape(1),
        escapes.saddle(),
        end.least_norm(),
        end.final_direction(),
        end.final_loss(),
        fit_row(end),
        end.final_norm(),
        end.final_rate(),
    ]


class Escapes(Rows):
    """The escapes from the plateaus, and the loss between them."""

    def leading(self, index: int) -> Prediction:
        """t = ln(1/scale)/|D_s|; with scale^2 = start mass / final mass the rest is of order 1/|D_s|."""
        name = ("first", "second")[index]
        predicted, tolerance = None, 0.0
        reason = self.paper_reason or self._apart(index)
        if reason is None:
            found = sorted(pulls(self.problem.inputs, self.problem.targets).values(), key=lambda p: -p.rate)
            start = log_variation_norm(self.problem.weights, self.problem.output_weights)
            log_scale = 0.5 * (np.log(found[index].mass) - start)
            predicted = float(log_scale / found[index].rate) / self.problem.speed
            known = self.sharp.jumps[index].time / self.problem.speed
            tolerance = max(TIMES.leading / float(log_scale), TIMES.sharp + abs(known / predicted - 1.0))
        return self.row(
            f"{name}-escape-leading",
            f"The {name} escape is at flow time ln(1/scale)/|D|, up to a constant over |D|, with "
            f"scale^2 = initial / final mass.",
            PAPER, reason, predicted, escape_time(index), tolerance,
        )  # fmt: skip

    def escape(self, index: int) -> Prediction:
        name = ("first", "second")[index]
        reason = self.reason or self._apart(index)
        predicted, tolerance = None, 0.0
        if reason is None:
            jump = self.sharp.jumps[index]
            predicted = jump.time / self.problem.speed
            # e-folds of mass that neurons which see other samples, or a turn on the way, may amount to
            turned = bool(np.any(jump.seen & ~jump.fitted))
            tolerance = TIMES.sharp + (float(np.log1p(jump.others)) + turned) / (2.0 * jump.rate * jump.time)
        return self.row(
            f"{name}-escape",
            f"Three quarters of the {name} fall of the loss are done at flow time ln(u_inf/u_0)/(2 gamma).",
            DERIVED, reason, predicted, escape_time(index), tolerance,
        )  # fmt: skip

    def _apart(self, index: int) -> str | None:
        """Why the escape cannot be told from its neighbours, or does not take place."""
        jumps = self.sharp.jumps
        if index >= len(jumps):
            return f"only {len(jumps)} escape(s) take place from this start"
        levels = [self.sharp.start_loss, *(jump.loss for jump in jumps[: index + 2])]
        if any(after > np.exp(-APART) * before for before, after in pairwise(levels)):
            return (
                "the loss falls so little at this escape, or at one before or after, that they look like one"
            )
        if jumps[index].others > 1.0:
            return "most of the neurons that fit these samples see only some of them: the fall is gradual"
        for left, right in pairwise(jumps):
            folds = (right.time - left.time) * right.rate
            if folds < TIMES.plateau and (jumps[index] is left or jumps[index] is right):
                times = f"{left.time / self.problem.speed:.5g} and {right.time / self.problem.speed:.5g}"
                return f"the escapes at t = {times} are too close for a plateau between them"
        return None

    def saddle(self) -> Prediction:
        reason = self.paper_reason or self._apart(0)
        predicted, tolerance = None, 0.0
        if reason is None:
            found = sorted(pulls(self.problem.inputs, self.problem.targets).values(), key=lambda p: -p.rate)
            predicted = found[1].loss * self.problem.speed
            folds = (self.sharp.jumps[1].time - self.sharp.jumps[0].time) * self.sharp.jumps[1].rate
            tolerance = 0.025 + float(np.exp(-folds))
            if any(jump.others > 0.1 for jump in self.sharp.jumps) or len(self.sharp.jumps) > 2:
                reason = "many neurons see only some samples of their sign: the plateau is not flat"
        return self.row(
            "saddle-loss",
            "The loss on the plateau between the two escapes is that of the samples of the slower sign.",
            PAPER, reason, predicted, plateau_loss(1), tolerance,
        )  # fmt: skip
