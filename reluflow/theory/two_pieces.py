"""A noisy linear function: past a number of samples a small start ends as two neurons, not as a fit.

Where early alignment leaves one direction for each sign, all neurons of a sign are one bundle from then on,
and the flow is that of two neurons (``bundled_flow``). These come to rest at a least-squares fit of two
pieces, h = relu(<p, x>) - relu(<q, x>): each is the best one on the half-space that it sees, given the other;
where no sample lies between the two kinks, ordinary least squares on either half-space. With many samples of
a linear function that is close to it, and no fit of the noise (Boursier, Flammarion 2024, arXiv 2410.02348;
that the two pieces are where two neurons come to rest is derived).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, residuals, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.alignment import Attractor, gather
from reluflow.theory.bundled_flow import follow
from reluflow.theory.effort import TooManyKinksError
from reluflow.theory.forecast import FORECAST, FirstGroup
from reluflow.theory.prediction import Prediction, not_relu
from reluflow.theory.small_neurons import flowed


@dataclass(frozen=True)
class TwoPieceRules:
    """When the row applies, and how closely it holds."""

    #: radians within which live neurons have come to the direction of their sign at the first escape
    width: float = 0.01
    #: samples on which two neurons are followed to their rest, at most (it takes some twenty seconds then)
    samples: int = 1000
    #: share of the first loss up to which two pieces fit the data
    fitted: float = 1e-6
    #: distance of the end, as a share of the length of the fit's values (up to 1e-11 where it was tried)
    distance: float = 1e-6


TWO_PIECES: Final = TwoPieceRules()


@dataclass(frozen=True)
class _Pieces:
    """Where two neurons come to rest, ``fit``, or why there is no such prediction.

    ``pending``: whether it would be one at a smaller scale.
    """

    fit: Measured | None = None
    reason: str = "early alignment leaves one direction for each sign, and two pieces do not fit the data"
    pending: bool = False


def prediction(problem: Problem, first: FirstGroup | None, reason: str) -> Prediction:
    """The row, from the group that grows first or the ``reason`` why there is none."""
    other = _other(problem)
    if other is not None or first is None:
        pieces = _Pieces(reason=other or reason)
    else:
        try:
            pieces = _pieces(problem, first)
        except TooManyKinksError as error:
            pieces = _Pieces(reason=str(error))
    fit = pieces.fit
    return Prediction(
        "general/two-piece",
        f"The network ends as two neurons do, one of each sign: a least-squares fit of two pieces"
        f"{_losses(problem, fit)}. Distance of the end to it on the samples, over the length of its values.",
        "Boursier, Flammarion 2024 (arXiv 2410.02348)",
        fit is not None,
        pieces.reason,
        0.0 if fit is not None else None,
        lambda run: None if fit is None else _distance(run, fit.final),
        TWO_PIECES.distance,
        absolute=True,
        needs="a run that comes to rest",
        pending=pieces.pending,
    )


def _other(problem: Problem) -> str | None:
    """Why the row is about another kind of problem."""
    if problem.of_labels:
        return f"it speaks of the square loss, not of the {problem.loss} one"
    if problem.weight_decay:
        return "it speaks of the flow without weight decay"
    if problem.samples > TWO_PIECES.samples:
        return (
            f"two neurons are not followed on {problem.samples} samples to their rest; at most on "
            f"{TWO_PIECES.samples}"
        )
    return not_relu(problem)


def _pieces(problem: Problem, first: FirstGroup) -> _Pieces:
    assert first.ends is not None
    groups, t = gather(first.ends, FORECAST.together), first.wait
    if sorted(group.sign for group in groups) != [-1, 1]:
        return _Pieces(
            reason=f"small neurons go to {len(groups)} direction(s); expected one for each sign, as on many "
            "samples of a nearly linear function"
        )
    small = flowed(problem.weights, problem.output_weights, first.field, t).weights
    left = np.any(small @ problem.inputs.T > 0.0, axis=1)
    left[np.concatenate([group.neurons for group in groups])] = False
    if np.any(left):
        return _Pieces(
            reason=f"{np.count_nonzero(left)} live neuron(s) do not grow; expected all to grow or die"
        )
    width = _widest(small, groups)
    if width > TWO_PIECES.width:
        return _Pieces(
            reason=f"at the first escape some neuron is {width:.2g} rad away from the direction of its sign; "
            f"expected at most {TWO_PIECES.width:g}, as at a smaller scale",
            pending=True,
        )
    sizes = np.exp([0.5 * group.log_mass + group.rate * t for group in groups])
    signs = np.array([float(group.sign) for group in groups])
    directions = np.array([group.direction for group in groups])
    two = replace(problem, weights=sizes[:, None] * directions, output_weights=signs * sizes)
    fit = follow(two, TWO_PIECES.fitted * problem.value(-problem.targets))
    if fit.status == "converged":
        return _Pieces(reason="two pieces fit the data")
    if fit.status != "stationary":
        return _Pieces(reason="two neurons do not come to rest")
    return _Pieces(fit)


def _widest(weights: Array, groups: list[Attractor]) -> float:
    """The largest chord between neurons (m, d) and the direction of their group."""
    widest = 0.0
    for group in groups:
        rows = weights[group.neurons]
        unit = rows / row_norms(rows)[:, None]
        widest = max(widest, float(np.max(row_norms(unit - group.direction))))
    return widest


def _losses(problem: Problem, fit: Measured | None) -> str:
    """The loss of the fit beside that of the best line, in words."""
    if fit is None:
        return ""
    line = np.linalg.lstsq(problem.inputs, problem.targets, rcond=None)[0].astype(np.float64)
    straight = problem.value(problem.inputs @ line - problem.targets)
    return f" with the loss {fit.series['loss'][-1]:.6g} (the best line: {straight:.6g})"


def _distance(run: Measured, two: State) -> float | None:
    if run.status != "stationary":
        return None
    problem, final = run.problem, run.final
    values = residuals(two.weights, two.output_weights, problem.inputs, np.zeros_like(problem.targets))
    off = residuals(final.weights, final.output_weights, problem.inputs, values)
    return float(np.linalg.norm(off) / np.linalg.norm(values))
