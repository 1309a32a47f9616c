"""What Newton's method for the path of the residual goes from and comes to, one iterate after the other."""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.lorentz.collocation import Newton
from reluflow.flow.lorentz.label_newton import LabelNewton
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array


@dataclass(frozen=True)
class Limits:
    """What a step is held to.

    wanted: its length. tolerance, enough: the error of the residual that counts, and that at which Newton's
    method ends; bound: the size of an iterate that has diverged; allowed: the error of the path; felt: the
    tolerance as one of predictions. cuttable:
    whether the step may end short of a kink that only a sweep without events has seen.
    """

    wanted: float
    tolerance: float
    enough: float
    bound: float
    allowed: float
    felt: float
    cuttable: bool


@dataclass(frozen=True)
class Iterate:
    """An iterate of Newton's method.

    neurons: those that are moved along the path, ``rows`` (b,) of all; base (q,): the residual without them.
    newton: with K at both ends of the step, None where K at its start does. last: the size of the last
    change. number: of changes so far; cuts: how often the step was cut. eventful: whether sweeps take events;
    smooth: the error estimate before they did.
    """

    path: Path
    neurons: Neurons
    rows: Index
    base: Array
    newton: Newton | LabelNewton | None = None
    last: float = np.inf
    number: int = 0
    cuts: int = 0
    eventful: bool = False
    smooth: float = np.inf

    def cut(self, path: Path) -> "Iterate":
        """The same for a shorter step with this path."""
        return replace(self, path=path, cuts=self.cuts + 1, newton=None, last=np.inf)


@dataclass(frozen=True)
class Correction:
    """What Newton's method makes of an iterate: the new path, the change of it (s, q), and its size.

    turned: the largest |D| times the length of the step, by which an error of the path turns neurons.
    """

    path: Path
    change: Array
    size: float
    turned: float
    newton: Newton | LabelNewton | None
