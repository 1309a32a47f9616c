"""Two spectra of a state: that of the neural tangent kernel, and that of the hidden weights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, tangent_kernel
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, Segment, fit
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import SPECTRUM
from reluflow.plot.views.chart import Axis, Chart, decade_limits, legend, sentence, stacked
from reluflow.problem import Problem
from reluflow.theory.memory import remembered

#: the neuron under the cursor, and its mark
Neuron = tuple[int, str]


@dataclass(frozen=True)
class _Spectrum:
    """log10 of the values above rounding (k,), largest first, and ``size``: how many there are in all.

    ``part``: log10 of what a neuron has of each of them (k,).
    """

    logs: Array
    size: int
    part: Callable[[int], Array]


def spectrum_view(
    state: State, problem: Problem, width: int, height: int, glyphs: Glyphs, cursor: int | None
) -> list[Row]:
    """Eigenvalues of the NTK and singular values of W, largest first, log scale.

    The smallest eigenvalue gives the final rate of the loss, (2/n) lambda_min for half-mse. Values that
    are rounding of the largest are left out, and the rank says so. Of the neuron under the cursor its part of
    each: u' NTK_j u <= lambda with the eigenvector u, and |<w_j, v>| <= sigma with the singular vector v.
    """
    if width < 1 or height < 1:
        return stacked([], width, height)
    kernel = kernel_spectrum(state, problem)
    weights = weight_spectrum(state)
    one: Neuron | None = None
    if cursor is not None and 0 <= cursor < state.output_weights.size:
        positive = state.output_weights[cursor] >= 0.0
        one = (cursor, glyphs.positive_cursor if positive else glyphs.negative_cursor)
    if width >= SPECTRUM.side_by_side:
        half = (width - SPECTRUM.gap) // 2
        left = _part("NTK eigenvalues", kernel, half, height, glyphs, one, _rate(kernel, problem))
        right = _part("singular values of W", weights, width - SPECTRUM.gap - half, height, glyphs, one)
        gap = Segment(" " * SPECTRUM.gap, "text")
        return [[*row, gap, *other] for row, other in zip(left, right, strict=True)]
    half = height // 2
    above = _part("NTK eigenvalues", kernel, width, height - half, glyphs, one, _rate(kernel, problem))
    below = _part("singular values of W", weights, width, half, glyphs, one)
    return stacked([above, below], width, height)


def _part(
    title: str,
    spectrum: _Spectrum | str,
    width: int,
    height: int,
    glyphs: Glyphs,
    one: Neuron | None,
    more: str = "",
) -> list[Row]:
    if isinstance(spectrum, str):
        head = fit([Segment(title, "strong")], width)
        return stacked([[head], sentence(spectrum, width, height - 1)], width, height)
    logs = spectrum.logs
    limits = decade_limits(logs, SPECTRUM.decades)
    chart = Chart(width, height - 1, Axis((0.5, spectrum.size + 0.5), "whole"), Axis(limits, "log"), glyphs)
    numbers = np.arange(1.0, logs.size + 1.0)
    traces = [chart.marks(numbers, logs, "curve", glyphs.active)]
    entries: list[tuple[str, Role]] = [(title, "strong"), (f"rank {logs.size} of {spectrum.size}", "text")]
    if one is not None:
        neuron, marker = one
        part = spectrum.part(neuron)
        traces.append(chart.marks(numbers, part, "key", marker))
        below = "" if np.any(part >= limits[0]) else ", below the scale"
        entries.append((f"{marker} neuron {neuron}{below}", "key"))
    rows = chart.rows(traces)
    if more:
        entries.append((more, "dim"))
    return stacked([[legend(entries, width)], rows], width, height)


def _rate(kernel: _Spectrum | str, problem: Problem) -> str:
    """The rate at which the loss falls in the end if nothing but the kernel of now acts."""
    if isinstance(kernel, str) or kernel.logs.size < kernel.size or not -290.0 < kernel.logs[-1] < 290.0:
        return ""
    rate = 2.0 * problem.speed / problem.samples * 10.0 ** float(kernel.logs[-1])
    return f"final rate {short(rate)}"


@remembered
def kernel_spectrum(state: State, problem: Problem) -> _Spectrum | str:
    n, m = problem.samples, state.output_weights.size
    if n > SPECTRUM.most_rows or m * n * n > SPECTRUM.most_work:
        return f"Not drawn for {n} samples and {m} neurons: it would take too long at every frame."
    # the kernel is of degree 2 in the weights and of degree 2 in the inputs
    weights = _scale(np.append(state.weights.ravel(), state.output_weights))
    inputs = _scale(problem.inputs)
    kernel = tangent_kernel(
        state.weights / weights, state.output_weights / weights, problem.inputs / inputs, problem.slope
    )
    values, vectors = (part[..., ::-1].astype(np.float64) for part in np.linalg.eigh(kernel))

    def part(neuron: int) -> Array:
        own, output = state.weights[[neuron]] / weights, state.output_weights[[neuron]] / weights
        kernel = tangent_kernel(own, output, problem.inputs / inputs, problem.slope)
        shares: Array = np.einsum("ki,kl,li->i", vectors, kernel, vectors, optimize=True)
        return shares

    return _above_rounding(values, part, n, 2.0 * (np.log10(weights) + np.log10(inputs)))


@remembered
def weight_spectrum(state: State) -> _Spectrum | str:
    m, d = state.weights.shape
    side = min(m, d)
    if side > SPECTRUM.most_rows or m * d * side > SPECTRUM.most_work:
        return f"Not drawn for {m} neurons in {d} coordinates: it would take too long at every frame."
    size = _scale(state.weights)
    scaled = state.weights / size
    # a tall matrix has the singular values of its triangular factor
    tall = scaled if m >= d else scaled.T
    _, values, vectors = np.linalg.svd(np.linalg.qr(tall, mode="r"))

    def part(neuron: int) -> Array:
        # W v = sigma u: of a wide matrix the neurons' entries of u are at hand
        own = vectors @ scaled[neuron] if m >= d else values * vectors[:, neuron]
        sizes: Array = np.abs(own)
        return sizes

    return _above_rounding(values.astype(np.float64), part, side, np.log10(size))


def _scale(values: Array) -> float:
    """The largest size among values, 1 where all are zero."""
    return float(np.max(np.abs(values), initial=0.0)) or 1.0


def _above_rounding(values: Array, part: Callable[[int], Array], size: int, log10_scale: float) -> _Spectrum:
    kept = values > np.finfo(float).eps * size * float(np.max(values, initial=0.0))

    def logs_of(neuron: int) -> Array:
        with np.errstate(divide="ignore"):
            logs: Array = np.log10(np.maximum(part(neuron)[kept], 0.0)) + log10_scale
        return logs

    return _Spectrum(np.log10(values[kept]) + log10_scale, size, logs_of)
