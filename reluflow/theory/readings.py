"""How numbers are read off a run, for predictions to be compared with."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.observe.measured import Measured
from reluflow.theory.prediction import Measure, NotYet


@dataclass(frozen=True)
class TailRules:
    """How the tail of a loss curve is read."""

    #: last factor of the loss that is its tail
    factor: float = 30.0
    #: ratio of the changes of slope from one third of the tail to the next, from which on these do not
    #: settle
    steady: float = 0.95
    #: rows on either side of a moment that say how the loss goes there
    near: int = 4


TAIL_RULES: Final = TailRules()


def escape_time(index: int) -> Measure:
    """End of the plateau number ``index``: flow time at which 3/4 of the fall that follows are done."""

    def measure(run: Measured) -> float | None:
        return run.saddles[index].end if index < len(run.saddles) else None

    return measure


def plateau_loss(index: int) -> Measure:
    """The loss on the plateau number ``index``, in the problem's own convention."""

    def measure(run: Measured) -> float | None:
        return run.saddles[index].loss if index < len(run.saddles) else None

    return measure


def time_of_loss(run: Measured, loss: float) -> float | None:
    """Flow time at which the recorded loss falls to ``loss``; None if it does not.

    Between rows ln(loss) is the monotone cubic of Fritsch & Carlson (SIAM J. Numer. Anal. 17, 1980).
    """
    from scipy.interpolate import PchipInterpolator

    t, values = run.series["t"], run.series["loss"]
    below = np.flatnonzero(values <= loss)
    if not below.size or below[0] == 0:
        return None
    i = int(below[0])
    t, first = np.unique(t[max(0, i - TAIL_RULES.near) : i + TAIL_RULES.near], return_index=True)
    logs = np.log(
        np.maximum(values[max(0, i - TAIL_RULES.near) : i + TAIL_RULES.near][first], np.finfo(float).tiny)
    )
    crossings = PchipInterpolator(t, logs).solve(np.log(loss), extrapolate=False)
    return float(crossings[0])


def tail_rate(run: Measured, allowed: float) -> float | NotYet | None:
    """Minus the slope of ln(loss) over the last third of its last factor of ``TAIL_RULES.factor``.

    None if the loss is not yet small. ``allowed``: the relative error up to which that is the slope of the
    end. It is not yet where its changes from third to third, as a geometric series, still add up to half of
    that.
    """
    t, loss = run.series["t"], run.series["loss"]
    if loss[-1] <= 0.0 or loss[-1] > 1e-6 * loss[0]:
        return None
    logs = np.log(loss[-1]) + np.log(TAIL_RULES.factor) * np.arange(3, -1, -1) / 3.0
    rates = np.log(TAIL_RULES.factor) / 3.0 / np.diff([_last_above(t, loss, level) for level in logs])
    change, before = rates[2] - rates[1], rates[1] - rates[0]
    ratio = min(abs(change / before), TAIL_RULES.steady) if before != 0.0 else 0.0
    left = abs(change) * ratio / (1.0 - ratio) / rates[2]
    if left > 0.5 * allowed:
        told = " to ".join(f"{rate:.4g}" for rate in rates)
        return NotYet(
            f"the loss does not fall at its last rate yet: over its last factor of {TAIL_RULES.factor:g} "
            f"the rate goes from {told}; expected to be within {0.5 * allowed:.2g} of its end "
            "at a lower stop.loss"
        )
    return float(rates[2])


def _last_above(t: Array, loss: Array, log_level: float) -> float:
    """The last time at which ln(loss) was at a level, linear between rows."""
    above = np.flatnonzero(np.log(loss) >= log_level)
    i = min(int(above[-1]), len(t) - 2)
    high, low = np.log(loss[i]), np.log(loss[i + 1])
    share = (high - log_level) / (high - low) if high > low else 0.0
    return float(t[i] + share * (t[i + 1] - t[i]))


def sign_flips(run: Measured) -> float:
    """Neurons whose output weight has, in some snapshot, not the sign that it had at the start."""
    start = np.sign(run.problem.output_weights)
    seen = np.sign(run.snapshots.output_weights)
    return float(np.count_nonzero(np.any(seen * start < 0.0, axis=0)))
