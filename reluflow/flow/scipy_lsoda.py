"""SciPy's LSODA: what its compiled code keeps from one step to the next, and how a step of it is given up."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.integrate import LSODA

from reluflow.flow.scipy_implicit import LARGE, WithJacobian
from reluflow.flow.scipy_private import Odepack
from reluflow.network import Array


class Lsoda(WithJacobian):
    """Petzold 1983: Adams and BDF methods with automatic switching, from ODEPACK.

    Nothing can break off the factorisation of its dense Jacobian: seconds from a few thousand unknowns on,
    minutes from ten thousand on. With LARGE unknowns or more, Newton's method has the diagonal alone; it then
    converges with smaller steps, to the same tolerance.
    """

    name = "lsoda"
    _method = LSODA
    _memory = ()

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

    def _aim(self, t_bound: float) -> None:
        Odepack(self._ode).aim(t_bound)

    def _bookmark(self, ode: Any) -> Callable[[], None]:
        compiled_goes_back, own = Odepack(ode).bookmark(), vars(ode).copy()

        def go_back() -> None:
            compiled_goes_back()
            vars(ode).update(own)

        return go_back

    def _pack(self) -> dict[str, Any]:
        compiled = Odepack(self._ode)
        return super()._pack() | compiled.arrays | {"stage": compiled.stage}

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        super()._unpack(saved)
        compiled = Odepack(self._ode)
        if np.size(saved["rwork"]) == compiled.arrays["rwork"].size:  # else written with a dense Jacobian
            compiled.put(saved, int(saved["stage"]), self.t, np.array(saved["y"], dtype=float))
