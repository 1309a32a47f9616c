"""SciPy's LSODA: what its compiled code keeps from one step to the next, and how a step of it is given up."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from scipy.integrate import LSODA

from reluflow.flow.scipy_implicit import LARGE, WithJacobian
from reluflow.flow.scipy_private import Odepack
from reluflow.network import Array

#: So many steps in a row of one and the same length, and the integrator starts afresh where it stands.
SAME: Final = 50
#: Relative difference of lengths that is rounding of the times at their ends, in units of t / length.
ROUNDING: Final = 4.0 * np.finfo(float).eps


class Lsoda(WithJacobian):
    """Petzold 1983: Adams and BDF methods with automatic switching, from ODEPACK.

    Nothing can break off the factorisation of its dense Jacobian: seconds from a few thousand unknowns on,
    minutes from ten thousand on. With LARGE unknowns or more, Newton's method has the diagonal alone; it then
    converges with smaller steps, to the same tolerance.

    The Adams methods bound their steps by an estimate of the Lipschitz constant from two iterations of the
    corrector. At a kink that estimate is the jump of the rate over a tiny difference; behind it the corrector
    converges at once, so that the estimate is never renewed and the steps stay as they are. Hence a fresh
    start after SAME steps of one length.
    """

    name = "lsoda"
    _method = LSODA
    _memory = ()
    #: length of the last step, and how many before it were as long
    _length: float = 0.0
    _alike: int = 0

    @property
    def _numbers(self) -> int:
        n = self.problem.samples
        return (32 + 3 * n) * self.unknowns if self._diagonal else super()._numbers

    @property
    def _diagonal(self) -> bool:
        return self.unknowns >= LARGE

    def _make(self, t: float, y: Array, **tolerances: Any) -> Any:
        if self._diagonal:
            tolerances |= {"jac": lambda t, y: self.jacobian(t, y).diagonal[None, :], "lband": 0, "uband": 0}
        else:
            tolerances["jac"] = lambda t, y: self.jacobian(t, y).dense
        return super()._make(t, y, **tolerances)

    def advance(self, burst: int, loss_floor: float, t_end: float) -> None:
        if self._alike >= SAME:
            self._ode, self._alike = self._start(self.t, self._ode.y.copy()), 0
        super().advance(burst, loss_floor, t_end)
        length = self.t - self.t_old
        same = abs(length - self._length) <= ROUNDING * self.t
        self._length, self._alike = length, self._alike + 1 if same else 0

    def _aim(self, t_bound: float) -> None:
        Odepack(self._ode).aim(t_bound)

    def _bookmark(self, ode: Any) -> Callable[[], None]:
        compiled_goes_back, own = Odepack(ode).bookmark(), vars(ode).copy()
        length, alike = self._length, self._alike

        def go_back() -> None:
            compiled_goes_back()
            vars(ode).update(own)
            self._ode, self._length, self._alike = ode, length, alike

        return go_back

    def _pack(self) -> dict[str, Any]:
        compiled = Odepack(self._ode)
        lengths = {"length": self._length, "alike": self._alike}
        return super()._pack() | compiled.arrays | {"stage": compiled.stage} | lengths

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        super()._unpack(saved)
        self._length, self._alike = float(saved.get("length", 0.0)), int(saved.get("alike", 0))
        compiled = Odepack(self._ode)
        if np.size(saved["rwork"]) == compiled.arrays["rwork"].size:  # else written with a dense Jacobian
            compiled.put(saved, int(saved["stage"]), self.t, np.array(saved["y"], dtype=float))
