"""SciPy's explicit integrators by name: what each keeps from one step to the next."""

from scipy.integrate import DOP853, RK45

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
