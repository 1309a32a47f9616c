"""Solvers of the flow behind one stepwise contract; ``base`` states it, each file holds one."""

from typing import TYPE_CHECKING, Final

from reluflow.errors import SolverError
from reluflow.registry import Entry, Registry

if TYPE_CHECKING:
    from reluflow.flow.base import FlowSolver, Options
    from reluflow.problem import Problem

#: Every solver. The app goes through them in this order when it is asked for another one: the likelier to be
#: both quick and exact comes first.
METHODS: "Final[Registry[Entry, type[FlowSolver]]]" = Registry(
    {
        "lorentz": Entry(
            "reluflow.flow.lorentz:Lorentz",
            "the true flow: exact Lorentz boosts, activation events, sliding; any scale",
        ),
        "gd": Entry(
            "reluflow.flow.descent:Descent",
            "plain gradient descent with a fixed learning rate, as the papers' code runs it",
        ),
        "polar": Entry(
            "reluflow.flow.polar:Polar",
            "direction and log norm of each neuron; balanced starts only, never breaks the balance",
        ),
        "dop853": Entry("reluflow.flow.scipy_methods:DormandPrince853", "SciPy's DOP853 (explicit, order 8)"),
        "lsoda": Entry("reluflow.flow.scipy_lsoda:Lsoda", "SciPy's LSODA (switches between Adams and BDF)"),
        "radau": Entry("reluflow.flow.scipy_implicit:RadauIIA", "SciPy's Radau IIA (implicit, order 5)"),
        "bdf": Entry(
            "reluflow.flow.scipy_implicit:BackwardDifferences", "SciPy's BDF (implicit, orders 1 to 5)"
        ),
        "rk45": Entry("reluflow.flow.scipy_methods:RungeKutta45", "SciPy's RK45 (explicit, order 5)"),
    }
)
#: What runs when none is named.
DEFAULT_METHOD: Final = "lorentz"
#: Plain descent. All other methods follow the flow.
DESCENT: Final = "gd"


def make_solver(method: str, problem: "Problem", options: "Options | None" = None) -> "FlowSolver":
    """A fresh solver at t = 0.

    Raises SolverError for an unknown method or a problem it cannot take, ProblemError for one whose numbers
    are out of range.
    """
    from reluflow.flow.base import Options

    if method not in METHODS:
        raise SolverError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    return METHODS[method](problem, options or Options())
