"""Where small neurons turn: the extremal directions of G_r on the sphere.

G_r(w) = (1/n) sum_k r_k sigma(<w, x_k>), residuals being y - h and sigma the activation. A small neuron of
sign s climbs s G_r along the sphere and grows at the rate s G_r; where it comes to rest is a local maximum
of s G_r, inside an activation cone or on a kink.
Rates are per unit of flow time of the half-mse loss: for "mse" multiply by ``problem.speed``.
Source: Maennel, Bousquet, Gelly 2018; Boursier and Flammarion 2024 (early alignment); sliding derived.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ProblemError
from reluflow.network import Array, row_norms
from reluflow.theory.cones import Peak, SphereOracle
from reluflow.theory.small_neurons import SLIDING, Bytes, FinalGrowth, final_growth


@dataclass(frozen=True)
class ExtremalSearch:
    """How extremal directions are told apart and searched for."""

    #: radians up to which directions are one
    same: float = 1e-6
    #: share of the largest |r_k| |x_k| up to which a sample is fitted
    fitted: float = 1e-9
    #: random directions of each sign from which a search starts where the cones are too many to be visited
    searches: int = 400


SEARCH: Final = ExtremalSearch()


@dataclass(frozen=True)
class Attractor:
    """A direction in which neurons of one sign come to rest.

    ``sign`` of a_j; ``direction`` (d,) unit; ``rate`` s G_r there, > 0; ``status`` (n,): ON, SLIDING or OFF;
    ``neurons``: indices of those that end here; ``log_mass``: ln(u_0), their sum of |a_j||w_j| grows
    as u_0 exp(2 rate t) once they are there; ``settled``: when the last of them has met its last kink.
    """

    sign: int
    direction: Array
    rate: float
    status: Bytes
    neurons: npt.NDArray[np.intp]
    log_mass: float
    settled: float

    @property
    def on_kink(self) -> bool:
        return bool(np.any(self.status == SLIDING))


@dataclass(frozen=True)
class Extremal:
    """All stable directions of both signs, fastest first; ``exact`` says whether none can be missing."""

    attractors: tuple[Attractor, ...]
    exact: bool


def basins(
    weights: Array,
    output_weights: Array,
    inputs: Array,
    residual: Array,
    until: float = np.inf,
    slope: float = 0.0,
) -> list[Attractor]:
    """Where the neurons (m, d), (m,) end under the constant ``residual`` y - h (n,); fastest first.

    Neurons that come to rest without growing (dead ones, say) are in none.
    """
    return gather(final_growth(weights, output_weights, inputs, residual, until, slope))


def gather(ends: FinalGrowth, angle: float = SEARCH.same) -> list[Attractor]:
    """Neurons that grow, by sign and final direction (directions within ``angle`` radians are one)."""
    grows = np.flatnonzero(ends.rate > 0.0)
    order = grows[np.argsort(-ends.rate[grows], kind="stable")]
    leads: list[int] = []
    members: list[list[int]] = []
    for group in _by_pattern(ends, order):
        j = group[0]
        for i, lead in enumerate(leads):
            apart = float(np.linalg.norm(ends.direction[j] - ends.direction[lead]))
            if ends.sign[j] == ends.sign[lead] and apart <= angle:
                members[i].extend(group)
                break
        else:
            leads.append(j)
            members.append(list(group))
    found = [_attractor(ends, lead, np.array(group)) for lead, group in zip(leads, members, strict=True)]
    return sorted(found, key=lambda one: -one.rate)


def _by_pattern(ends: FinalGrowth, order: npt.NDArray[np.intp]) -> list[list[int]]:
    """Neurons of one sign and status, which share one direction, in the given order."""
    groups: dict[bytes, list[int]] = {}
    for j in order:
        key = bytes([int(ends.sign[j] > 0.0)]) + ends.status[j].tobytes()
        groups.setdefault(key, []).append(int(j))
    return list(groups.values())


def _attractor(ends: FinalGrowth, lead: int, group: npt.NDArray[np.intp]) -> Attractor:
    return Attractor(
        int(ends.sign[lead]),
        ends.direction[lead],
        float(ends.rate[lead]),
        ends.status[lead],
        np.sort(group),
        float(np.logaddexp.reduce(2.0 * ends.log_size[group])),
        float(np.max(ends.settled[group])),
    )


def extremal_directions(inputs: Array, residual: Array, seed: int = 0, slope: float = 0.0) -> Extremal:
    """The stable directions of both signs for ``inputs`` (n, d) and ``residual`` y - h (n,).

    Exact where the activation cones can all be visited (``cones.MOST_CONES``): the maximum of s G_r over each
    is flowed on to where it comes to rest. Otherwise random neurons are flowed there, and directions
    with small basins may be missing. The attractors' ``neurons`` and ``log_mass`` mean nothing here.
    """
    starts, exact = _starts(inputs, residual, seed, slope)
    found = [one for sign in (1, -1) for one in _flowed(starts[sign], sign, inputs, residual, slope)]
    return Extremal(tuple(sorted(found, key=lambda one: -one.rate)), exact)


def _flowed(starts: Array, sign: int, inputs: Array, residual: Array, slope: float) -> list[Attractor]:
    if len(starts) == 0:
        return []
    return basins(starts, np.full(len(starts), float(sign)), inputs, residual, slope=slope)


def _starts(inputs: Array, residual: Array, seed: int, slope: float) -> tuple[dict[int, Array], bool]:
    """Unit directions (k, d) by sign, from which every stable direction is reached if exact."""
    oracle, axes = sphere_oracle(inputs, residual, slope)
    if oracle is not None:
        left = unfitted(inputs, residual)
        nu = residual[left] / residual.size
        return {sign: _summits(oracle.peaks(sign * nu, 0.0), axes) for sign in (1, -1)}, True
    if not len(axes):  # nothing is left that could pull
        nowhere = np.zeros((0, inputs.shape[1]))
        return {1: nowhere, -1: nowhere}, True
    rows = np.random.default_rng(seed).normal(size=(SEARCH.searches, len(axes))) @ axes
    unit = rows / row_norms(rows)[:, None]
    return {1: unit, -1: unit}, False


def _summits(peaks: list[Peak], axes: Array) -> Array:
    """The directions (k, d) of peaks that may be maxima on the sphere, in coordinates of the ``axes`` (p, d).

    Such a maximum on a wall is the peak of the cones on both sides: a peak that a wall holds, and that only
    one cone has, is none.
    """
    rows = np.array([peak.direction for peak in peaks]).reshape(-1, len(axes))
    kept = np.array([peak.inside for peak in peaks], dtype=bool)
    if not kept.all():
        from scipy.spatial import KDTree

        apart = np.asarray(KDTree(rows).query(rows, k=2)[0])
        kept |= apart[:, 1] <= SEARCH.same
    found: Array = rows[kept] @ axes
    return found


def unfitted(inputs: Array, residual: Array) -> npt.NDArray[np.bool_]:
    """Samples (n,) whose residual is more than rounding."""
    pull = np.abs(residual) * row_norms(inputs)
    left: npt.NDArray[np.bool_] = pull > SEARCH.fitted * np.max(pull)
    return left


def sphere_oracle(inputs: Array, residual: Array, slope: float) -> tuple[SphereOracle | None, Array]:
    """The oracle on the unfitted inputs in coordinates of their span, and that basis (p, d).

    None where there are too many activation cones for an exact answer.
    """
    rows = inputs[unfitted(inputs, residual)]
    if len(rows) == 0:
        return None, np.zeros((0, inputs.shape[1]))
    _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
    axes = axes[sizes > sizes[0] * max(rows.shape) * np.finfo(float).eps]
    try:
        return SphereOracle(rows @ axes.T, slope=slope), axes
    except ProblemError:
        return None, axes
