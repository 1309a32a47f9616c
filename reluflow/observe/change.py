"""How far a network has moved: the clock by which snapshots are spaced and playback runs.

Plateaus can last 1e4 and escapes 1, so neither is well resolved by flow time. Movement is measured instead
as the largest of: the rms rotation of the neurons (radians), a quarter of the rms change of their log norms,
and the change of ln(loss). Growth of small neurons on a plateau counts, and so does each e-fold of the loss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, row_norms

GROWTH_SHARE = 0.25
#: losses below count as this
SMALLEST = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class Shape:
    """What movement is measured on: directions (m, d), log norms (m,), ln(loss), flow time."""

    t: float
    directions: Array
    log_norms: Array
    log_loss: float

    @classmethod
    def of(cls, state: State, loss: float, norms: Array | None = None) -> "Shape":
        """That of a state; ``norms`` (m,) of its hidden weights, where they are known."""
        norms = row_norms(state.weights) if norms is None else norms
        safe = np.where(norms > 0.0, norms, 1.0)
        return cls(state.t, state.weights / safe[:, None], np.log(safe), _log(loss))

    @classmethod
    def with_log(cls, state: State, log_loss: float) -> "Shape":
        """That of a state of which ln(loss) was kept, which no loss gives back to the last digit."""
        return replace(cls.of(state, 1.0), log_loss=log_loss)

    @classmethod
    def of_each(cls, times: Array, weights: Array, norms: Array, losses: Sequence[float]) -> list["Shape"]:
        """Those of states at times (k,) with weights (k, m, d) of the given norms (k, m)."""
        safe = np.where(norms > 0.0, norms, 1.0)
        directions, logs = weights / safe[:, :, None], np.log(safe)
        each = zip(times, directions, logs, losses, strict=True)
        return [cls(float(t), directed, log, _log(loss)) for t, directed, log, loss in each]

    def distance(self, other: "Shape") -> float:
        """The movement between two shapes of one network."""
        turned = _rms_rows(self.directions - other.directions)
        grown = float(np.sqrt(np.mean((self.log_norms - other.log_norms) ** 2)))
        return max(turned, GROWTH_SHARE * grown, abs(self.log_loss - other.log_loss))


def movements(shapes: Sequence[Shape]) -> Array:
    """The movement from each of k shapes to the next one (k - 1,)."""
    directions = np.diff(np.array([shape.directions for shape in shapes]), axis=0)
    logs = np.diff(np.array([shape.log_norms for shape in shapes]), axis=0)
    falls = np.abs(np.diff([shape.log_loss for shape in shapes]))
    turned = np.sqrt(np.einsum("kmd,kmd->k", directions, directions) / directions.shape[1])
    grown = np.sqrt(np.einsum("km,km->k", logs, logs) / logs.shape[1])
    largest: Array = np.maximum(np.maximum(turned, GROWTH_SHARE * grown), falls)
    return largest


def _log(loss: float) -> float:
    return math.log(max(loss, SMALLEST))


def _rms_rows(rows: Array) -> float:
    """Root of the mean over rows of the squared row norms."""
    return float(np.sqrt(np.vdot(rows, rows) / len(rows)))
