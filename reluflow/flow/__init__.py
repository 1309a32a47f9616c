"""Solvers of the flow behind one stepwise contract; ``base`` states it, each file holds one."""

from importlib import import_module
from typing import Final

from reluflow.errors import SolverError
from reluflow.flow.base import FlowSolver, Options
from reluflow.problem import Problem

#: Where each method lives. Modules are imported when asked for: SciPy alone takes half a second.
_HOMES: Final[dict[str, tuple[str, str]]] = {
    "lorentz": ("reluflow.flow.lorentz", "Lorentz"),
    "polar": ("reluflow.flow.polar", "Polar"),
    "gd": ("reluflow.flow.descent", "Descent"),
    "rk45": ("reluflow.flow.scipy_methods", "RungeKutta45"),
    "dop853": ("reluflow.flow.scipy_methods", "DormandPrince853"),
    "radau": ("reluflow.flow.scipy_methods", "RadauIIA"),
    "bdf": ("reluflow.flow.scipy_methods", "BackwardDifferences"),
    "lsoda": ("reluflow.flow.scipy_methods", "Lsoda"),
}

METHODS: Final[tuple[str, ...]] = tuple(_HOMES)
#: What runs when none is named.
DEFAULT_METHOD: Final = "lorentz"


def make_solver(method: str, problem: Problem, options: Options | None = None) -> FlowSolver:
    """A fresh solver at t = 0.

    Raises SolverError for an unknown method or a problem it cannot take, ProblemError for one whose numbers
    are out of range.
    """
    if method not in _HOMES:
        raise SolverError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    module, name = _HOMES[method]
    solver: type[FlowSolver] = getattr(import_module(module), name)
    return solver(problem, options or Options())
