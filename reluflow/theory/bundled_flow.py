"""The flow of a network in which neurons that have become parallel are one: a bundle.

Neurons of one sign that point the same way add the same to the output as a single one that has all their
mass, sum_j |a_j| |w_j|, and they stay parallel: the flow of the bundles is the flow of the network, as far as
neurons have aligned. What is left out is how they came there: that is in closed form (``small_neurons``).
Times are flow time of the problem's loss.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow import make_solver
from reluflow.flow.base import Options
from reluflow.flow.lorentz.samples import Index
from reluflow.network import ON_A_KINK, Array, residuals, row_norms
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Recorder, RecordRules
from reluflow.observe.stillness import Stillness
from reluflow.problem import Problem
from reluflow.theory.escape import classify


@dataclass(frozen=True)
class BundledFlow:
    """How neurons are put together to bundles, and how the flow of these is solved."""

    #: radians within which neurons are one bundle
    together: float = 1e-2
    #: relative difference of |a| and |w| up to which neurons can be part of a bundle
    even: float = 1e-3
    #: ln of the size below which neurons are not followed: squares of weights would be no floats
    smallest: float = -340.0
    #: relative tolerance of the solver
    rtol: float = 1e-6
    #: steps of the solver after which it is given up
    steps: int = 5000


FLOW: Final = BundledFlow()


#: What is recorded of the flow, and how closely it is solved.
RECORD = RecordRules(snapshots=50, series=5000, memory_mb=16.0, resolution=0.02)


@dataclass(frozen=True)
class Neurons:
    """``weights`` (k, d) and ``output_weights`` (k,), both times exp(``log``) (k,)."""

    weights: Array
    output_weights: Array
    log: Array

    @property
    def log_mass(self) -> Array:
        """ln |a||w| (k,); -inf for zero."""
        with np.errstate(divide="ignore"):
            mass: Array = np.log(np.abs(self.output_weights)) + np.log(row_norms(self.weights))
        return mass + 2.0 * self.log

    def take(self, rows: Array) -> "Neurons":
        return Neurons(self.weights[rows], self.output_weights[rows], self.log[rows])


def bundled(neurons: Neurons, inputs: Array, slope: float = 0.0) -> tuple[Array, Array]:
    """Weights (g, d) and output weights (g,) of the bundles, in their true size, heaviest neurons first.

    Left out are neurons that are too small, and, where the activation has no slope below zero, the dead.
    """
    norms = row_norms(neurons.weights)
    unit = neurons.weights / np.where(norms > 0.0, norms, 1.0)[:, None]
    cosines = (unit @ inputs.T) / np.maximum(row_norms(inputs), np.finfo(float).tiny)
    sides = np.where(np.abs(cosines) <= ON_A_KINK, 0, np.sign(cosines)).astype(np.int8)
    sizes = np.log(np.maximum(np.maximum(norms, np.abs(neurons.output_weights)), np.finfo(float).tiny))
    live = (sizes + neurons.log > FLOW.smallest) & ((slope > 0.0) | np.any(sides > 0, axis=1))
    even = np.abs(np.abs(neurons.output_weights) - norms) <= FLOW.even * norms
    mass, sign = neurons.log_mass, np.sign(neurons.output_weights)
    order = np.flatnonzero(live)
    order = order[np.argsort(-mass[order], kind="stable")]
    found: list[tuple[int, Array, float]] = []
    for alike in _alike(np.column_stack([sides, sign, even])[order]):
        places = alike
        while places.size:
            lead = order[places[0]]
            near = (row_norms(unit[order[places]] - unit[lead]) <= FLOW.together) & even[lead]
            near[0] = True
            group, place = order[places[near]], int(places[0])
            places = places[~near]
            if group.size == 1:
                scale = np.exp(neurons.log[lead])
                found.append((place, scale * neurons.weights[lead], scale * neurons.output_weights[lead]))
                continue
            size = float(np.exp(0.5 * np.logaddexp.reduce(mass[group])))
            mean = np.exp(mass[group] - mass[lead]) @ unit[group]
            found.append((place, size * mean / np.sqrt(mean @ mean), size * sign[lead]))
    found.sort(key=lambda bundle: bundle[0])
    weights = np.array([weights for _, weights, _ in found]).reshape(-1, inputs.shape[1])
    return weights, np.array([outputs for *_, outputs in found])


def _alike(rows: Array) -> list[Index]:
    """The groups of equal rows, of rows (k, c) of numbers -1, 0 and 1: their places, in ascending order."""
    bits = np.packbits(np.hstack([rows > 0, rows < 0]), axis=1)
    words = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)
    order: Index = np.lexsort(words.T)
    changes = np.flatnonzero(np.any(np.diff(words[order], axis=0), axis=1)) + 1
    return [each for each in np.split(order, changes) if each.size]


def time_to_fall(problem: Problem, loss: float, longest: float) -> float | None:
    """The flow time at which the loss has fallen to ``loss``; None if not before ``longest``."""
    from scipy.optimize import brentq

    solver = make_solver("lorentz", problem, Options(rtol=FLOW.rtol))
    while solver.loss > loss:
        if solver.failure is not None or solver.t >= longest or solver.steps > FLOW.steps:
            return None
        solver.step(1, loss, longest)
    if not solver.t > solver.t_old:
        return solver.t
    dense = solver.dense_output()

    def left(t: float) -> float:
        (state,) = dense.states(np.array([t]))
        arrays = state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope
        return problem.value(residuals(*arrays)) - loss

    if left(solver.t_old) <= 0.0 or left(solver.t) >= 0.0:
        return solver.t
    return float(brentq(left, solver.t_old, solver.t, xtol=1e-9 * solver.t))


def follow(problem: Problem, loss: float = 0.0, time: float = np.inf) -> Measured:
    """The flow from the start of ``problem`` to a ``loss``, a ``time``, or to rest.

    ``status``: "converged", "time", "stationary", or "failed" where the solver gives up.
    """
    solver = make_solver("lorentz", problem, Options(rtol=FLOW.rtol))
    recorder, stillness = Recorder(problem, RECORD), Stillness(problem)
    recorder.observe(solver)
    status = "running"
    while status == "running":
        solver.step(1, loss, time)
        recorder.observe(solver)
        if solver.loss <= loss:
            status = "converged"
        elif solver.failure is not None or solver.steps > FLOW.steps:
            status = "failed"
        elif solver.t >= time:
            status = "time"
        elif stillness.watch(solver):
            moves = classify(problem, solver.state).kind in ("saddle", "moving")
            status = "running" if moves and stillness.doubt() else "stationary"
    return Measured(problem, recorder.series, recorder.snapshots, status)
