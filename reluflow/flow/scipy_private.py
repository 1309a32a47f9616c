"""All private parts of SciPy that the solvers need, under public names.

SciPy may change any of them in any release. The tests of checkpoints and abandoned steps, which go over all
methods, fail if it does.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from reluflow.network import Array

#: the arrays in which the compiled code keeps everything from one step to the next
STORES: Final = ("rwork", "iwork", "state_doubles", "state_ints")
#: the place, among the arguments of a call of the compiled code, of what it is to do: begin or go on
STAGE: Final = 3


def radau_interpolant(ode: Any) -> Any:
    """The polynomial of the last step of SciPy's ``Radau``, from the stages that it holds."""
    return ode._compute_dense_output()


class Odepack:
    """The compiled code behind SciPy's ``LSODA``, as it stands between two steps.

    Attributes
    ----------
    arrays: what it keeps from step to step, by name; its own arrays, not copies.
    """

    def __init__(self, ode: Any) -> None:
        self._inner = ode._lsoda_solver
        self._integrator = self._inner._integrator

    @property
    def arrays(self) -> dict[str, Array]:
        return {name: getattr(self._integrator, name) for name in STORES}

    @property
    def stage(self) -> int:
        """Whether its next call begins or goes on."""
        return int(self._integrator.call_args[STAGE])

    def aim(self, t_bound: float) -> None:
        """Let no step go past a time."""
        self._integrator.rwork[0] = t_bound

    def bookmark(self) -> Callable[[], None]:
        """What makes it stand where it stands now, whatever a step has changed."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        y, t, call = self._inner._y.copy(), self._inner.t, self._integrator.call_args.copy()

        def go_back() -> None:
            for name, array in self.arrays.items():
                array[:] = arrays[name]
            self._inner._y, self._inner.t, self._integrator.call_args = y, t, call

        return go_back

    def put(self, arrays: Mapping[str, Any], stage: int, t: float, y: Array) -> None:
        """Stand where arrays, stage, time and state (N,) were read; ``y`` is kept, not copied."""
        for name, array in self.arrays.items():
            array[:] = arrays[name]
        self._integrator.call_args[STAGE] = stage
        self._inner.t, self._inner._y = t, y
