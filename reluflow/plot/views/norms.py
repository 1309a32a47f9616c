"""How large the neurons are: log norms of either sign, largest first."""

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.plot.cells import Role, Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import NORMS
from reluflow.plot.table import norm_text
from reluflow.plot.views.chart import Axis, Chart, decade_limits, legend, stacked
from reluflow.problem import Problem


def norms_view(
    state: State, problem: Problem, width: int, height: int, glyphs: Glyphs, cursor: int | None
) -> list[Row]:
    """log10 |w_j| over rank, for neurons with a_j > 0, a_j < 0 and a_j = 0 each from the largest down."""
    if width < 1 or height < 1:
        return stacked([], width, height)
    stride = -(-state.output_weights.size // NORMS.most_neurons)
    logs, signs = log10_norms(state.weights[::stride]), np.sign(state.output_weights[::stride])
    longest = max(int((signs == sign).sum()) for sign in (-1.0, 0.0, 1.0))
    limits = decade_limits(logs, NORMS.decades)
    chart = Chart(width, height - 1, Axis((0.5, longest + 0.5), "whole"), Axis(limits, "log"), glyphs)
    groups: tuple[tuple[float, Role, str], ...] = (
        (0.0, "still", glyphs.still),
        (-1.0, "negative", glyphs.negative),
        (1.0, "positive", glyphs.positive),
    )
    traces = [chart.marks(*_ranked(logs[signs == sign]), role, marker) for sign, role, marker in groups]
    rows = chart.rows(traces)
    entries: list[tuple[str, Role]] = [
        (f"{marker} {int((np.sign(state.output_weights) == sign).sum())} {name}", role)
        for (sign, role, marker), name in zip(groups, ("a=0", "a<0", "a>0"), strict=True)
        if sign or (signs == 0.0).any()
    ]
    if cursor is not None and 0 <= cursor < state.output_weights.size:
        sign, log = np.sign(state.output_weights[cursor]), float(log10_norms(state.weights[[cursor]])[0])
        rank = 1 + int(((signs == sign) & (logs > log)).sum())
        marker = glyphs.negative_cursor if sign < 0.0 else glyphs.positive_cursor
        chart.put(rows, float(rank), log, marker, "cursor")
        entries.append((f"neuron {cursor}: |w| {norm_text(log)}, rank {rank}", "cursor"))
    zero = int((~np.isfinite(logs)).sum())
    if zero:
        entries.append((f"{zero} with |w| = 0", "dim"))
    if stride > 1:
        entries.append((f"one neuron of {stride} drawn", "dim"))
    return stacked([rows, [legend(entries, width)]], width, height)


def log10_norms(weights: Array) -> Array:
    """log10 |w_j| (m,), -inf for zero, without overflow or underflow."""
    largest = np.max(np.abs(weights), axis=1, initial=0.0)
    scaled = weights / np.where(largest > 0.0, largest, 1.0)[:, None]
    with np.errstate(divide="ignore"):
        logs: Array = np.log10(largest) + 0.5 * np.log10(np.einsum("ij,ij->i", scaled, scaled))
    return np.where(largest > 0.0, logs, -np.inf)


def _ranked(logs: Array) -> tuple[Array, Array]:
    """Rank from 1 and log norm, largest first; where they are very many, evenly spaced ranks."""
    ranks: Array = np.arange(1.0, logs.size + 1.0)
    shown = np.unique(np.linspace(0, max(logs.size - 1, 0), min(logs.size, NORMS.most_ranks)).astype(np.intp))
    return ranks[shown], np.sort(logs)[::-1][shown]
