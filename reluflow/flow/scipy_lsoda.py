"""SciPy's LSODA: what its compiled code keeps from one step to the next, and how a step of it is given up."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.integrate import LSODA

from reluflow.flow.scipy_implicit import LARGE, WithJacobian
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
    _arrays: ClassVar[tuple[str, ...]] = ("rwork", "iwork", "state_doubles", "state_ints")

    @property
    def _numbers(self) -> int:
        n = self.problem.samples
        return (32 + 3 * n) * self.unknowns if self._diagonal else super()._numbers

    @property
    def _diagonal(self) -> bool:
        return self.unknowns >= LARGE

    def _make(self, t: float, y: Array, **tolerances: Any) -> Any:
        if self._diagonal:
            tolerances |= {"jac": lambda t, y: self._jacobian(t, y).diagonal[None, :], "lband": 0, "uband": 0}
        else:
            tolerances["jac"] = lambda t, y: self._jacobian(t, y).dense
        return super()._make(t, y, **tolerances)

    def _inner(self) -> Any:
        return self._ode._lsoda_solver

    def _aim(self, t_bound: float) -> None:
        self._inner()._integrator.rwork[0] = t_bound

    def _bookmark(self, ode: Any) -> Callable[[], None]:
        inner = self._inner()
        integrator = inner._integrator
        arrays = {name: getattr(integrator, name).copy() for name in self._arrays}
        y, t, call, own = inner._y.copy(), inner.t, integrator.call_args.copy(), vars(ode).copy()

        def go_back() -> None:
            for name, value in arrays.items():
                getattr(integrator, name)[:] = value
            inner._y, inner.t, integrator.call_args = y, t, call
            vars(ode).update(own)

        return go_back

    def _pack(self) -> dict[str, Any]:
        integrator = self._inner()._integrator
        held = {name: getattr(integrator, name) for name in self._arrays}
        return super()._pack() | held | {"stage": integrator.call_args[3]}

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        super()._unpack(saved)
        inner = self._inner()
        integrator = inner._integrator
        if np.size(saved["rwork"]) != integrator.rwork.size:  # written with a dense Jacobian
            return
        for name in self._arrays:
            getattr(integrator, name)[:] = saved[name]
        integrator.call_args[3] = int(saved["stage"])
        inner._y = np.array(saved["y"], dtype=float)
        inner.t = self.t
