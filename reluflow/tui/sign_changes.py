"""A theorem forbids output weights to change sign along the flow; here such changes are found in a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.live.frame import Frame
from reluflow.network import row_norms
from reluflow.observe.history import History
from reluflow.plot.phases import Plateau, plateaus_of
from reluflow.tui.frozen_runs import FrozenRun

#: a^2 may fall short of |w|^2 by this share of it through rounding alone
_ROUNDING: Final = 1e-9
#: a run that has got so much further down than another is not stuck where that one is
_FURTHER: Final = 0.5
#: plateaus of two runs at losses whose logarithms are so close are the same
_SAME_LEVEL: Final = 0.1


@dataclass(frozen=True)
class Stuck:
    """A run that rests where the flow does not.

    ``loss``: where it rests. ``flipped``: the neurons whose output weight changed sign, the first at flow
    time ``since``. ``rate``: the learning rate of descent. ``left``: when a run behind it, the
    one of number ``letter``, escaped from that plateau; None if none did.
    """

    loss: float
    flipped: tuple[int, ...]
    since: float
    rate: float | None
    left: float | None
    letter: int | None


def sign_flips(history: History) -> dict[int, float]:
    """Neuron to the flow time at which a record first shows its output weight with another sign.

    Only neurons with a^2 >= |w|^2 at the start: for these a^2 - |w|^2, which the flow keeps, rules it out
    (Boursier, Pillaud-Vivien, Flammarion 2022, lemma 1).
    """
    start = history.states[0]
    norms = row_norms(start.weights)
    kept = start.output_weights**2 >= norms**2 * (1.0 - _ROUNDING)
    signs = np.sign(start.output_weights)
    watched = kept & (signs != 0.0)
    found: dict[int, float] = {}
    for state in history.states[1:]:
        turned = watched & (np.sign(state.output_weights) == -signs)
        for neuron in np.flatnonzero(turned):
            found.setdefault(int(neuron), state.t)
        watched &= ~turned
    return found


def stuck(frame: Frame, plateaus: Sequence[Plateau], behind: Sequence[FrozenRun]) -> Stuck | None:
    """The explanation of a run that has come to rest after signs changed; None for any other run."""
    history = frame.history
    if history is None or frame.status == "converged" or not plateaus or plateaus[-1].leave is not None:
        return None
    rest = plateaus[-1]
    letter, left = _who_left(rest, frame, behind)
    waited = left is not None and history.end > left
    if not (waited or frame.status == "stationary"):
        return None
    flips = sign_flips(history)
    if not flips:
        return None
    rate = frame.preset.values.get("solver.learning_rate") if frame.method == "gd" else None
    return Stuck(rest.loss, tuple(sorted(flips)), min(flips.values()), rate, left, letter)


def _who_left(rest: Plateau, frame: Frame, behind: Sequence[FrozenRun]) -> tuple[int | None, float | None]:
    """The run behind, by number, that escaped from a plateau at this loss, and when."""
    for number, run in enumerate(behind):
        same = all(
            run.preset.values.get(key) == value
            for key, value in frame.preset.values.items()
            if key.partition(".")[0] in ("data", "network", "init")
        )
        if same and float(run.series["loss"][-1]) < _FURTHER * rest.loss:
            for plateau in plateaus_of(run.series, settled=True):
                if plateau.escape is not None and abs(np.log(plateau.loss / rest.loss)) < _SAME_LEVEL:
                    return number, plateau.escape
    return None, None
