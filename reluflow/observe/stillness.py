"""Seeing that a network may be stationary; on a plateau it looks just as still for a while.

What is seen here is that nothing has moved; whether anything can is for ``theory.escape.classify`` to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import SolverView, State
from reluflow.network import Array, preactivations, predictions, row_norms
from reluflow.observe.neurons import unit_rows
from reluflow.problem import Problem


@dataclass(frozen=True)
class StillnessRules:
    """When a network counts as standing still."""

    #: times 1 / (rms(y) max|x|), the fastest that small neurons can turn, over which nothing may happen.
    #: Where all targets are zero the predictions of the start stand for them: that is what there is to move.
    #: Forces of labels become ever smaller: there what is left of them stands for y
    patience: float = 300.0
    #: ... and the share of the time so far over which nothing may happen: what drifts at a rate of 1 / t is
    #: seen over times like t only
    share: float = 0.1
    #: times that the patience is doubled when a small neuron was found that can still grow
    doubts: int = 5
    #: radians that neurons may turn all the same: those that slide along a kink tremble by up to a time
    #: step
    turn: float = 2e-2
    #: relative growth that they may show all the same
    growth: float = 1e-3
    #: fall of ln(loss) that there may be all the same
    fall: float = 1e-6
    #: the same for losses of labels, which tend to their least like 1/t, and norms like ln(t): while ln(t)
    #: grows by 1, and neurons may grow like t. Some decades further on rounding is all that moves. After a
    #: long step the loss may be higher by the tolerance: so many looks in a row must find this
    lasting_fall: float = 1e-8
    lasting: int = 3
    #: cosine with some input below which a neuron is near enough to its kink to tremble
    near_a_kink: float = 2.0 * turn
    #: looks (of four in 1 / lambda) over which with weight decay neither the objective has fallen by this
    #: share of rtol nor its gradient to this share: a method trembles about a rest, and its gradient is no
    #: more than this share of lambda |theta|
    looks: int = 40
    objective: float = 0.1
    gradient: float = 0.5
    trembles: float = 1e-2
    #: share of these bounds that a small slope may leave, so that rounding does not count as motion
    least_share: float = 1e-6


STILLNESS: Final = StillnessRules()


class Stillness:
    """Compares the present state with an earlier one: by one ``patience`` of flow time, or more.

    On a plateau the neurons that will end it grow exponentially, however small they are, so a network is
    stationary only if over the whole ``span`` between two such looks no neuron with an active sample (any
    neuron, where the activation has a slope below zero) has turned or gained norm, and the loss has come to
    no lower value. Neurons that shrink for ever do not count as moving. A neuron that waits for samples it
    does not see is only pulled by the slope, so that with a slope so much less motion counts, but for what
    trembles.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        pull = problem.pull_at_zero if np.any(problem.targets) else _predictions(problem)
        self._unit = problem.speed * float(np.max(row_norms(problem.inputs)))
        self.patience = self._patience(pull)
        self.span = 0.0
        self._since: State | None = None
        #: the lowest loss so far, and what it was one span ago
        self._lowest = self._loss = np.inf
        self._doubts = 0
        #: the lowest objective and gradient so far, and the number of looks that found none lower
        self._objective = self._gradient = np.inf
        self._idle = 0

    def settled(self, objective: float, gradient: float, rtol: float) -> bool:
        """Whether an objective has long stopped to get lower; to be told at every look with weight decay."""
        lower = objective < (1.0 - STILLNESS.objective * rtol) * self._objective
        if lower or gradient < STILLNESS.gradient * self._gradient:
            self._objective = min(self._objective, objective)
            self._gradient, self._idle = min(self._gradient, gradient), 0
        else:
            self._idle += 1
        return self._idle >= STILLNESS.looks

    def _patience(self, pull: Array) -> float:
        rate = self._unit * float(np.sqrt(np.mean(pull**2)))
        return STILLNESS.patience / rate if rate > 0.0 else np.inf

    def doubt(self) -> bool:
        """Look on for twice as long before the next verdict; False if that was done often enough."""
        if self._doubts == STILLNESS.doubts:
            return False
        self._doubts += 1
        self.patience *= 2.0
        return True

    def watch(self, solver: SolverView) -> bool:
        """Whether the network is stationary; to be called after every step, and cheap between looks."""
        self._lowest = min(self._lowest, solver.loss)
        if self._problem.of_labels:
            force = self._problem.force(solver.residual)
            self.patience = 2.0**self._doubts * self._patience(force)
        if self._since is not None:
            self.span = solver.t - self._since.t
            if self.span < max(self.patience, STILLNESS.share * self._since.t):
                return False
        before, now = self._since, solver.state
        fallen = self._loss - self._lowest
        self._since, self._loss = now, self._lowest
        if before is None or fallen > STILLNESS.fall * self._lowest:
            return False
        if self._problem.of_labels:
            falls = fallen > STILLNESS.lasting_fall * self._lowest * (1.0 - before.t / now.t)
            self._idle = 0 if falls else self._idle + 1
            if self._idle < STILLNESS.lasting:
                return False
        return not self._moving(before, now, self._problem.force(solver.residual))

    def _moving(self, before: State, now: State, residual: Array) -> bool:
        turn, growth = _motion(before.weights, now.weights)
        if self._problem.of_labels:
            growth -= max(np.log(now.t / max(before.t, self.patience)), 0.0)
        live = (self._sees(now) | self._sees(before)) & (now.output_weights != 0.0)
        share = self._share(now, residual)
        moved = (turn > STILLNESS.turn * share) | (growth > STILLNESS.growth * share)
        return bool(np.any(moved & live))

    def _share(self, state: State, residual: Array) -> Array:
        """Shares (m,) of the bounds that hold for neurons, which may be pulled by the slope alone.

        Those near a kink that may hold them, since the sample pushes them off it (a_j r_k > 0), may tremble.
        """
        slope = self._problem.slope
        if slope == 0.0:
            return np.ones(len(state.weights))
        bound = np.outer(row_norms(state.weights), row_norms(self._problem.inputs))
        near = np.abs(preactivations(state.weights, self._problem.inputs)) < STILLNESS.near_a_kink * bound
        held = near & (np.sign(state.output_weights)[:, None] * residual > 0.0)
        return np.where(np.any(held, axis=1), 1.0, max(slope, STILLNESS.least_share))

    def _sees(self, state: State) -> npt.NDArray[np.bool_]:
        """Neurons (m,) for which some sample counts."""
        z = preactivations(state.weights, self._problem.inputs)
        counts = z != 0.0 if self._problem.slope > 0.0 else z > 0.0
        seen: npt.NDArray[np.bool_] = np.any(counts, axis=1)
        return seen

    def checkpoint(self) -> dict[str, Array]:
        """Plain arrays for ``restore``; empty before the first look."""
        if self._objective < np.inf:
            found = {"objective": self._objective, "gradient": self._gradient, "idle": self._idle}
            return {name: np.array(value) for name, value in found.items()}
        if self._since is None:
            return {}
        since = self._since
        return {
            "doubts": np.array(self._doubts),
            "t": np.array(since.t),
            "weights": since.weights,
            "output_weights": since.output_weights,
            "loss": np.array(self._loss),
            "lowest": np.array(self._lowest),
            "idle": np.array(self._idle),
        }

    def restore(self, saved: Mapping[str, Array]) -> None:
        if "objective" in saved:
            self._objective, self._gradient = float(saved["objective"]), float(saved["gradient"])
            self._idle = int(saved["idle"])
        elif saved:
            self._since = State(
                float(saved["t"]), np.array(saved["weights"]), np.array(saved["output_weights"])
            )
            self._loss, self._lowest = float(saved["loss"]), float(saved.get("lowest", saved["loss"]))
            self._doubts, self._idle = int(saved["doubts"]), int(saved.get("idle", 0))
            self.patience *= 2.0**self._doubts


def _predictions(problem: Problem) -> Array:
    """h(x_k) (n,) of the start."""
    return predictions(problem.weights, problem.output_weights, problem.inputs, problem.slope)


def _motion(before: Array, now: Array) -> tuple[Array, Array]:
    """Rotation (radians) and growth of the log norm of every neuron."""
    turn = row_norms(unit_rows(now) - unit_rows(before))
    old, new = row_norms(before), row_norms(now)
    both = (old > 0.0) & (new > 0.0)
    with np.errstate(over="ignore"):  # growth by more than a float holds is infinite
        growth = np.log(np.where(both, new, 1.0) / np.where(both, old, 1.0))
    return np.where(both, turn, 0.0), growth
