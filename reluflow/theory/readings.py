"""How numbers are read off a run, for predictions to be compared with."""

import numpy as np

from reluflow.observe.measured import Measured
from reluflow.theory.prediction import Measure

#: The tail of the loss is its last factor of so much.
TAIL = 30.0
#: Rows on either side of a moment that say how the loss goes there.
NEAR = 4


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
    t, first = np.unique(t[max(0, i - NEAR) : i + NEAR], return_index=True)
    logs = np.log(np.maximum(values[max(0, i - NEAR) : i + NEAR][first], np.finfo(float).tiny))
    crossings = PchipInterpolator(t, logs).solve(np.log(loss), extrapolate=False)
    return float(crossings[0])


def tail_rate(run: Measured) -> float | None:
    """Minus the slope of ln(loss) over its last factor of 30; None if the loss is not yet small."""
    t, loss = run.series["t"], run.series["loss"]
    if loss[-1] <= 0.0 or loss[-1] > 1e-6 * loss[0]:
        return None
    earlier = np.flatnonzero(loss > TAIL * loss[-1])
    i = int(earlier[-1])
    logs = np.log(loss[i : i + 2])
    share = (logs[0] - np.log(TAIL * loss[-1])) / (logs[0] - logs[1])
    begin = t[i] + share * (t[i + 1] - t[i])
    return float(np.log(TAIL) / (t[-1] - begin))


def sign_flips(run: Measured) -> float:
    """Neurons whose output weight has, in some snapshot, not the sign that it had at the start."""
    start = np.sign(run.problem.output_weights)
    seen = np.sign(run.snapshots.output_weights)
    return float(np.count_nonzero(np.any(seen * start < 0.0, axis=0)))
