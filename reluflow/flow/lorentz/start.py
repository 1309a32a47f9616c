"""Neurons at time zero: as arrays, and on which side of each kink descent takes them."""

from dataclasses import replace

import numpy as np

from reluflow.flow.events import Events, in_order
from reluflow.flow.lorentz.junctions import changes, local_field, with_activations
from reluflow.flow.lorentz.limit_of_descent import start_on_kinks
from reluflow.flow.lorentz.neurons import SIGN, Mask, Neurons, join, put
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array, indices, row_norms

#: |a| and |w| closer than this (relative) are meant to be equal
BALANCED = 1e-13


def start(weights: Array, outputs: Array, rest: Array, samples: Samples) -> Neurons:
    """Neurons at time zero from w_j (m, p), a_j (m,), and the part of w_j that never moves (m, d).

    A pair is on where z > 0; z is exactly zero where it is rounding (see ``settled_start``). |w_j|
    in the invariant counts the moving part only, so delta_j grows by |rest_j|^2. An imbalance at the level
    of rounding is taken to be none: it would let a deeply shrunk neuron change its sign.
    """
    sizes = np.maximum(np.abs(outputs), np.maximum(row_norms(weights), row_norms(rest)))
    exponent = np.where(sizes > 0.0, np.frexp(sizes)[1], 0).astype(np.int64)
    w = np.ldexp(weights, -exponent[:, None])
    a = np.ldexp(outputs, -exponent)
    constant = np.sum(np.ldexp(rest, -exponent[:, None]) ** 2, axis=1)
    squares = np.sum(w**2, axis=1)
    norms = np.sqrt(squares + constant)
    delta = (np.abs(a) - norms) * (np.abs(a) + norms)
    delta[np.abs(delta) <= BALANCED * norms**2] = 0.0
    z = w @ samples.inputs.T
    z[np.abs(z) <= SIGN * np.outer(norms, np.sqrt(samples.squares[: samples.primaries]))] = 0.0
    return Neurons(
        index=np.arange(a.size),
        weights=w,
        outputs=a,
        exponent=exponent,
        delta=delta + constant,
        z=z,
        status=(z > 0.0).astype(np.int8),
        slots=np.zeros((a.size, 0), dtype=np.intp),
        dual=np.zeros((a.size, 0, w.shape[1])),
    )


def settled_start(neurons: Neurons, samples: Samples, residual: Array) -> tuple[Neurons, Mask, Events]:
    """Neurons at time zero; those that touch kinks, with the activations to which descent's first step leads.

    residual (q,): at the start. Also which neurons (b,) rest for ever, because they are zero or, as ReLUs,
    are on every kink; and what becomes active or slides, at time zero.
    """
    touches = neurons.z == 0.0
    rests = neurons.sizes == 0.0
    if samples.slope == 0.0:
        rests |= touches.all(axis=1)
    changed: list[Neurons] = []
    rows = indices(touches.any(axis=1) & ~rests)
    told: list[Events] = []
    for row in rows:
        one, meeting = neurons.take(slice(row, row + 1)), indices(touches[row])
        field = local_field(one, meeting, residual, samples, 1.0)
        pull = field.base + field.zero @ field.inputs
        sign = float(np.sign(one.outputs[0] or float(one.weights[0] @ pull)))
        if sign == 0.0:  # it moves once the residuals of its samples have
            changed.append(one)
            continue
        field = replace(field, sign=sign)
        after = with_activations(one, meeting, start_on_kinks(field), samples)
        told.append(changes(one, after, samples, 0.0))
        changed.append(after)
    settled = put(neurons, rows, join(changed)) if changed else neurons
    return settled, rests, in_order(told)
