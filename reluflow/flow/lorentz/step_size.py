"""The step-size controller: how long the next step is, by the errors of the last ones."""

from collections.abc import Sequence

import numpy as np

from reluflow.flow.lorentz.context import StepContext
from reluflow.flow.lorentz.settings import ACCURACY, CONTROLLER


class StepSizeController:
    """``next``: the length that the next step is to have; infinite before the first."""

    def __init__(self) -> None:
        self.next = np.inf
        #: of the last step: its error, trace(K) at its start, its length
        self._error = self._trace = self._length = 0.0

    def proposed(self, context: StepContext) -> float:
        """The length to try now that K and |D| are known at the start of the step."""
        return min(self.next * self._stiffness_factor(context), self._escape_limit(context))

    def accepted(self, error: float, trace: float, length: float, wanted: float, smooth: bool) -> None:
        """A step of ``length`` was taken, where ``wanted`` was tried; ``smooth``: nothing happened in it."""
        self.next = length * step_factor(error)
        if smooth:
            self.next *= self._predictive_factor(error, length)
        if length < wanted:
            self.next = max(self.next, min(wanted, CONTROLLER.again * length))
        self._error, self._trace, self._length = error, trace, length

    def accepted_series(self, error: float, length: float) -> None:
        """A step by power series was taken; its error, as a path of collocation, is 0 if it is not known."""
        self.next = length * step_factor(error) if error > 0.0 else min(self.next, length)
        self._error, self._trace, self._length = 0.0, 0.0, length

    @property
    def error(self) -> float:
        """That of the last step, 0 if it is not known."""
        return self._error

    @property
    def last(self) -> tuple[float, float, float]:
        """What must be kept to go on with the same step sizes, beside ``next``."""
        return self._error, self._trace, self._length

    @last.setter
    def last(self, kept: Sequence[float]) -> None:
        self._error, self._trace, self._length = (float(number) for number in kept)

    def _stiffness_factor(self, context: StepContext) -> float:
        """What to make of the step proposed, now that K is known: errors grow with h K while it is small."""
        if self._error < CONTROLLER.seen or not 0.0 < self._trace < context.trace:
            return 1.0
        exponent = -CONTROLLER.trend / ACCURACY.order
        return max(CONTROLLER.shrink, float((context.trace / self._trace) ** exponent))

    def _escape_limit(self, context: StepContext) -> float:
        """The longest step at the foot of an escape, where errors grow like what grows there, exp(2 |D| t).

        With g times the last length h its error would be g^7 exp(2 |D| g h) times the last one.
        """
        error, last = self._error, self._length
        if error == 0.0 or not context.escaping or context.fading * last > CONTROLLER.calm:
            return np.inf
        aim, growth = float(np.log(CONTROLLER.safety**ACCURACY.order / error)), 2.0 * context.rate * last
        log_ratio = aim / ACCURACY.order
        for _ in range(8):
            grown = growth * float(np.exp(log_ratio))
            log_ratio -= (ACCURACY.order * log_ratio + grown - aim) / (ACCURACY.order + grown)
        return np.inf if grown < CONTROLLER.calm else last * float(np.exp(log_ratio))

    def _predictive_factor(self, error: float, length: float) -> float:
        """How much longer the next step may be, because errors have become smaller for their length.

        The predictive controller of Gustafsson (ACM Trans. Math. Softw. 20, 1994), upwards only.
        """
        if min(self._error, error) < CONTROLLER.faint:
            return 1.0
        longer = float((self._error / error) ** (1.0 / ACCURACY.order) * length / self._length)
        return min(CONTROLLER.eased, max(1.0, longer))


def step_factor(error: float) -> float:
    """By how much the next step may differ from one with this error."""
    if error == 0.0:
        return CONTROLLER.growth
    change = CONTROLLER.safety * error ** (-1.0 / ACCURACY.order)
    return float(np.clip(change, CONTROLLER.shrink, CONTROLLER.growth))
