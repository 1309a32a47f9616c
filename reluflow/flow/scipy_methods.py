"""SciPy's integrators by name: what each keeps from one step to the next."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.integrate import BDF, DOP853, LSODA, RK45, Radau

from reluflow.flow.scipy_ode import ScipySolver


class RungeKutta45(ScipySolver):
    """Dormand and Prince 1980, order 5(4)."""

    name = "rk45"
    _method = RK45
    _memory = ("f", "h_abs", "h_previous")


class DormandPrince853(ScipySolver):
    """Hairer, Norsett and Wanner 1993, order 8(5,3); the reference at tight tolerance."""

    name = "dop853"
    _method = DOP853
    _memory = ("f", "h_abs", "h_previous")


class RadauIIA(ScipySolver):
    """Hairer and Wanner 1996, implicit, order 5, with the exact Jacobian."""

    name = "radau"
    _method = Radau
    _memory = ("f", "h_abs", "h_abs_old", "error_norm_old", "J", "current_jac", "Z", "y_old", "t_old")
    _factors = ("LU_real", "LU_complex")
    _implicit = True

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        super()._unpack(saved)
        ode = self._ode
        if ode.Z is not None:  # the interpolant predicts the next step's stages
            ode.sol = ode._compute_dense_output()


class BackwardDifferences(ScipySolver):
    """Shampine and Reichelt 1997, implicit, orders 1 to 5, with the exact Jacobian."""

    name = "bdf"
    _method = BDF
    _memory = ("D", "order", "n_equal_steps", "h_abs", "J")
    _factors = ("LU",)
    _implicit = True


class Lsoda(ScipySolver):
    """Petzold 1983: Adams and BDF methods with automatic switching, from ODEPACK."""

    name = "lsoda"
    _method = LSODA
    _memory = ()
    _implicit = True
    _gives_up = False
    _arrays: ClassVar[tuple[str, ...]] = ("rwork", "iwork", "state_doubles", "state_ints")

    def _inner(self) -> Any:
        return self._ode._lsoda_solver

    def _aim(self, t_bound: float) -> None:
        self._inner()._integrator.rwork[0] = t_bound

    def _pack(self) -> dict[str, Any]:
        integrator = self._inner()._integrator
        held = {name: getattr(integrator, name) for name in self._arrays}
        return super()._pack() | held | {"stage": integrator.call_args[3]}

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        super()._unpack(saved)
        inner = self._inner()
        for name in self._arrays:
            getattr(inner._integrator, name)[:] = saved[name]
        inner._integrator.call_args[3] = int(saved["stage"])
        inner._y = np.array(saved["y"], dtype=float)
        inner.t = self.t
