"""SciPy's implicit integrators by name: what each keeps from one step to the next, and its linear algebra."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from scipy.integrate import BDF, Radau
from scipy.sparse import csc_array

from reluflow.data.memory import room
from reluflow.errors import SolverError
from reluflow.flow.jacobian import Identity, Jacobian, NewtonMatrix
from reluflow.flow.patience import patiently
from reluflow.flow.scipy_ode import ScipySolver
from reluflow.flow.scipy_private import radau_interpolant
from reluflow.network import Array, activation, shares

#: Unknowns from which on a Jacobian is not formed where there are fewer samples, and from which on its
#: factors may take so long (0.1 s) that they are waited for beside.
LARGE: Final = 1000
#: What a Jacobian and its factors may take of the room that there is: half of the memory.
OF_ROOM: Final = 0.625


class WithJacobian(ScipySolver):
    """A method that is told the exact Jacobian.

    Raises SolverError if that would not fit in memory.
    """

    def jacobian(self, t: float, y: Array) -> Jacobian:
        """That of ``rate`` at ``y`` (N,), sliding neurons as if they did not."""
        weights, outputs = self._split(y)
        z, slope = weights @ self._inputs.T, self.problem.slope
        active = shares(z > 0.0, slope)
        hidden = activation(z, slope)
        by_weight = (outputs[:, None] * active).T[:, :, None] * self._inputs[:, None, :]
        sensitivity = np.hstack([by_weight.reshape(self.problem.samples, weights.size), hidden.T])
        residual = outputs @ hidden - self.problem.targets
        pull = self._pull * self.problem.force(residual)
        if self.problem.of_labels:
            sensitivity *= np.sqrt(self.problem.function.curvature(residual, self.problem.targets))[:, None]
        drift = (active * pull) @ self._inputs
        return Jacobian(y.copy(), sensitivity, drift, self._pull, decay=self.problem.weight_decay)

    @property
    def _numbers(self) -> int:
        """How many numbers Jacobian and factors consist of."""
        return 4 * self.unknowns**2

    def _prepare(self) -> None:
        needed = 8 * self._numbers
        if needed > (most := OF_ROOM * room()):
            raise SolverError(
                f"method {self.name} needs about {needed / 1e9:.3g} GB for a Jacobian in {self.unknowns} "
                f"unknowns and its factors; expected at most {most / 1e9:.3g} GB, half of what there is"
            )


class Implicit(WithJacobian):
    """A method of SciPy's that is written in Python.

    With many unknowns and fewer samples its linear systems are solved by the structure of the Jacobian, in
    rounding that differs from that of dense factors; the method is the same.
    """

    #: attributes that hold factors, kept because c = h / alpha is rounded differently at another t
    _factors: ClassVar[tuple[str, ...]]

    @property
    def _structured(self) -> bool:
        return self.unknowns >= LARGE and self.problem.samples < self.unknowns

    @property
    def _numbers(self) -> int:
        n = self.problem.samples
        # S, B^-1 S' (which is complex for Radau), and the same again in between
        return 6 * n * self.unknowns + 4 * n**2 if self._structured else super()._numbers

    def _make(self, t: float, y: Array, **tolerances: Any) -> Any:
        if not self._structured:
            return super()._make(t, y, jac=lambda t, y: self.jacobian(t, y).dense, **tolerances)
        # SciPy takes it to be constant and does not look at it
        ode = super()._make(t, y, jac=csc_array((self.unknowns, self.unknowns)), **tolerances)
        ode.jac = lambda t, y, _=None: self.jacobian(t, y)
        ode.J, ode.I = self.jacobian(t, y), Identity()
        ode.lu, ode.solve_lu = (lambda matrix: matrix), NewtonMatrix.solve
        return ode

    def _step_wanted(self, ode: Any) -> Any:
        return patiently(ode.step, self.abandoned) if self.unknowns >= LARGE else ode.step()

    def _pack(self) -> dict[str, Any]:
        """What is large is kept as what it follows from."""
        packed, ode = super()._pack(), self._ode
        for name in self._factors:
            held = getattr(ode, name)
            if isinstance(held, NewtonMatrix):
                packed |= {f"{name}/shift": held.shift, f"{name}/multiple": held.jacobian.factor}
            elif held is not None:
                packed |= {f"{name}/factor": held[0], f"{name}/pivots": held[1]}
        return packed | {"J": ode.J.y if self._structured else ode.J}

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        super()._unpack(saved)
        ode, known = self._ode, np.array(saved["J"])
        if not self._structured:
            ode.J = known
        elif known.ndim == 1:  # else it was written as a whole, and the one here and now does as well
            ode.J = self.jacobian(self.t, known)
        for name in self._factors:
            if not self._structured and f"{name}/factor" in saved:
                setattr(ode, name, (np.array(saved[f"{name}/factor"]), np.array(saved[f"{name}/pivots"])))
            elif self._structured and f"{name}/shift" in saved:
                multiple = float(saved[f"{name}/multiple"]) * ode.J
                setattr(ode, name, NewtonMatrix(multiple, np.asarray(saved[f"{name}/shift"]).item()))


class RadauIIA(Implicit):
    """Hairer and Wanner 1996, implicit, order 5, with the exact Jacobian."""

    name = "radau"
    _method = Radau
    _memory = ("f", "h_abs", "h_abs_old", "error_norm_old", "current_jac", "Z", "y_old", "t_old")
    _factors = ("LU_real", "LU_complex")

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        super()._unpack(saved)
        ode = self._ode
        if ode.Z is not None:  # the interpolant predicts the next step's stages
            ode.sol = radau_interpolant(ode)


class BackwardDifferences(Implicit):
    """Shampine and Reichelt 1997, implicit, orders 1 to 5, with the exact Jacobian."""

    name = "bdf"
    _method = BDF
    _memory = ("D", "order", "n_equal_steps", "h_abs")
    _factors = ("LU",)

    def _make(self, t: float, y: Array, **tolerances: Any) -> Any:
        ode = super()._make(t, y, **tolerances)
        ode.D[2:] = 0.0  # SciPy leaves there what was in memory, which checkpoints would hold
        return ode
