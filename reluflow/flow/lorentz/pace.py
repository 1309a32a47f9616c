"""The pace of steps: how long the next one is, by what the last ones have shown."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from reluflow.flow.lorentz.control import ORDER, Curve

SAFETY, SHRINK, GROWTH = 0.9, 0.3, 20.0
#: when K has grown by g since the last step, whose error was at least SEEN, the next will be g^TREND as large
SEEN, TREND = 0.02, 1.25
#: how much a step may be longer because errors of its length have shrunk since the last one, if both were at
#: least FAINT
EASED, FAINT = 1.5, 1e-3
#: as long as the residual dies out by no more than this over a step, it is taken for the foot of an escape
CALM: Final = 0.2
#: after a step that ended at a kink the next one may be this much longer, if the step was meant to be
AGAIN: Final = 4.0


class Pace:
    """``next``: the length that the next step is to have; infinite before the first."""

    def __init__(self) -> None:
        self.next = np.inf
        #: of the last step: its error, trace(K) at its start, its length
        self._error = self._trace = self._length = 0.0

    def proposed(self, curve: Curve) -> float:
        """The length to try now that K and |D| are known at the start of the step."""
        return min(self.next * self._foresight(curve), self._foot(curve))

    def accepted(self, error: float, trace: float, length: float, wanted: float, smooth: bool) -> None:
        """A step of ``length`` was taken, where ``wanted`` was tried; ``smooth``: nothing happened in it."""
        self.next = length * factor(error)
        if smooth:
            self.next *= self._eased(error, length)
        if length < wanted:
            self.next = max(self.next, min(wanted, AGAIN * length))
        self._error, self._trace, self._length = error, trace, length

    def leapt(self, error: float, length: float) -> None:
        """A step by power series was taken; its error, as a path of collocation, is 0 if it is not known."""
        self.next = length * factor(error) if error > 0.0 else min(self.next, length)
        self._error, self._trace, self._length = 0.0, 0.0, length

    @property
    def last(self) -> tuple[float, float, float]:
        """What must be kept to go on at the same pace, beside ``next``."""
        return self._error, self._trace, self._length

    @last.setter
    def last(self, kept: Sequence[float]) -> None:
        self._error, self._trace, self._length = (float(number) for number in kept)

    def _foresight(self, curve: Curve) -> float:
        """What to make of the step proposed, now that K is known: errors grow with h K while it is small."""
        if self._error < SEEN or not 0.0 < self._trace < curve.trace:
            return 1.0
        return max(SHRINK, float((curve.trace / self._trace) ** (-TREND / ORDER)))

    def _foot(self, curve: Curve) -> float:
        """The longest step at the foot of an escape, where errors grow like what grows there, exp(2 |D| t).

        With g times the last length h its error would be g^5 exp(2 |D| g h) times the last one.
        """
        error, last = self._error, self._length
        if error == 0.0 or not curve.escaping or curve.fading * last > CALM:
            return np.inf
        aim, growth = float(np.log(SAFETY**ORDER / error)), 2.0 * curve.rate * last
        log_ratio = aim / ORDER
        for _ in range(8):
            grown = growth * float(np.exp(log_ratio))
            log_ratio -= (ORDER * log_ratio + grown - aim) / (ORDER + grown)
        return np.inf if grown < CALM else last * float(np.exp(log_ratio))

    def _eased(self, error: float, length: float) -> float:
        """How much longer the next step may be, because errors have become smaller for their length.

        The predictive controller of Gustafsson (ACM Trans. Math. Softw. 20, 1994), upwards only.
        """
        if min(self._error, error) < FAINT:
            return 1.0
        return min(EASED, max(1.0, float((self._error / error) ** (1.0 / ORDER) * length / self._length)))


def factor(error: float) -> float:
    """By how much the next step may differ from one with this error."""
    if error == 0.0:
        return GROWTH
    return float(np.clip(SAFETY * error ** (-1.0 / ORDER), SHRINK, GROWTH))
