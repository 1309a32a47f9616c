"""Neurons on their way from one event to the next, row by row, and when they come to it."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reluflow.flow.lorentz.neurons import OFF, ON
from reluflow.network import Array, row_norms
from reluflow.theory.rapidity import EXACT

Index = npt.NDArray[np.intp]
Status = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

#: Rapidities that are gone through at once: the exponential of more may overflow.
LONGEST = 200.0


@dataclass
class Rows:
    """Neurons under way. ``a`` >= 0 after reflection by ``sign``; all in units of exp(``log``).

    ``w``: the part in the span of the inputs, ``aside``: the rest, which stays; ``delta`` = a^2 - |w|^2;
    ``z``, ``status``, ``share`` (k, h): of the kinks, with a share of 1 for those that are on and 0 for those
    that are off; ``flips``: changes of sign; ``choices``: points at which descent leaves open how the neuron
    goes on.
    """

    index: Index
    sign: Array
    w: Array
    aside: Array
    a: Array
    delta: Array
    log: Array
    z: Array
    status: Status
    share: Array
    t: Array
    events: Index
    flips: Index
    choices: Index

    def take(self, rows: Mask | Index) -> "Rows":
        return Rows(**{name: value[rows] for name, value in vars(self).items()})


@dataclass(frozen=True)
class Step:
    """Neurons before an event of each: the force ``towards`` (k, d) unit times ``rate`` (k,), |D|.

    ``moving`` (k,): whether it is more than rounding; ``speed`` (k, h): <x_k, D>; ``plus``, ``minus`` (k,):
    light-cone coordinates along it.
    """

    rows: Rows
    rate: Array
    moving: Mask
    towards: Array
    speed: Array
    plus: Array
    minus: Array

    def take(self, rows: Mask | Index) -> "Step":
        parts = {name: value[rows] for name, value in vars(self).items() if name != "rows"}
        return Step(self.rows.take(rows), **parts)


def next_kink(z: Array, speed: Array, status: Status) -> tuple[Index, Array]:
    """The first sample (m,) whose kink the ray meets, and U there (inf for none)."""
    meets = ((status == ON) & (speed < 0.0)) | ((status == OFF) & (speed > 0.0))
    reach = np.where(meets, -z / np.where(meets, speed, 1.0), np.inf)
    sample = np.argmin(reach, axis=1)
    return sample, np.maximum(reach[np.arange(len(z)), sample], 0.0)


def gain_at_origin(step: Step) -> Array:
    """x = exp(rapidity) - 1 (k,) at which w = 0; inf but for dominated neurons that are pulled straight back.

    There u+ = u- = a, and u+ u- = delta.
    """
    rows = step.rows
    p = np.einsum("jd,jd->j", rows.w, step.towards)
    across = rows.w - p[:, None] * step.towards
    straight = np.einsum("jd,jd->j", across, across) <= EXACT * (rows.a + np.abs(p)) ** 2
    arrives = straight & (p < 0.0) & (rows.delta > 0.0) & (step.plus > 0.0)
    top = np.sqrt(np.where(arrives, rows.delta, 1.0))
    return np.where(arrives, top / np.where(arrives, step.plus, 1.0) - 1.0, np.inf)


def boosted(step: Step, gain: Array) -> Rows:
    """Neurons after the rapidity ln(1 + gain), in units of their new size."""
    rows, plus, minus = step.rows, step.plus, step.minus
    after_plus, after_minus = plus * (1.0 + gain), minus / (1.0 + gain)
    reach = 0.5 * (plus * gain + minus * gain / (1.0 + gain))
    w = rows.w + reach[:, None] * step.towards
    z = rows.z + (reach / step.rate)[:, None] * step.speed
    # a kink that lies behind stays behind, whatever the rounding
    z = np.where(rows.status == ON, np.maximum(z, 0.0), np.where(rows.status == OFF, np.minimum(z, 0.0), 0.0))
    a = np.maximum(0.5 * (after_plus + after_minus), 0.0)
    size = np.maximum(row_norms(w), a)
    size = np.where(size > 0.0, size, 1.0)
    return replace(
        rows,
        w=w / size[:, None],
        aside=rows.aside / size[:, None],
        a=a / size,
        delta=rows.delta / size**2,
        z=z / size[:, None],
        log=rows.log + np.log(size),
    )
