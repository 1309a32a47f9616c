"""What the rows of the studies sphere-map, sphere-horizon and sphere-descent say: which share of runs fits.

Dana, Bach, Pillaud-Vivien 2025 (arXiv 2502.16977) draw this map for descents at rate 1 that they end after
1.5 sqrt(n m) ln(n m) / 4 iterations, and count those whose n L has come below 1/2. Their shares are those of
raw_experiments/Data_exp_1_d_*.csv in github.com/leodana2000/Convergence-High-Dimension, of 20 descents each.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from reluflow.theory.orthogonal_fit import fit_probability

PUBLISHED: Final = Path(__file__).parent / "studies" / "sphere-published.csv"
#: neurons of the studies
WIDTH: Final = 30


def published() -> dict[tuple[int, int], float]:
    """The paper's share of descents, by dimension and number of samples."""
    with PUBLISHED.open() as file:
        rows = list(csv.DictReader(file))
    return {(int(row["dimension"]), int(row["samples"])): float(row["share_of_20"]) for row in rows}


def horizon(samples: int) -> float:
    """Iterations of the paper's descents, which at their rate and in their units are flow time."""
    pairs = float(samples * WIDTH)
    return float(1.5 * np.sqrt(pairs) * np.log(pairs) / 4.0)


def sphere_map(name: str, table: Mapping[str, Any]) -> list[str]:
    """Fits and rests, beside the paper's share and the probability that orthogonal inputs give."""
    shares, lines = published(), []
    decided = np.isin(table["status"], ["converged", "stationary"])
    for cell, mask in _cells(table):
        known = mask & decided
        fits, times = int(np.sum(table["success"][known])), table["time"][known & table["success"]]
        losses = table["loss"][known & ~table["success"]]
        spread = f"{times.min():.0f} .. {times.max():.0f}" if times.size else "-"
        rest = f"{losses.min():.2g} .. {losses.max():.2g}" if losses.size else "-"
        seen = fit_probability(WIDTH, cell[1] // 2, cell[1] - cell[1] // 2)
        paper = f"{shares[cell]:g}" if cell in shares else "-"
        counts = f"{int(np.sum(known))} | {fits}"
        lines.append(f"| {cell[0]} | {cell[1]} | {counts} | {spread} | {rest} | {seen:.3f} | {paper} |")
    left = int(np.sum(~decided))
    return [
        "# Inputs in uniform directions: which runs fit, over samples and dimension",
        "",
        f"{decided.size} runs to a fit (loss 1e-6) or to rest; {left} came to neither within their limit.",
        "Beside them the probability that a neuron of its sign sees every sample at the start, which is",
        "that of a fit on orthogonal inputs, and the paper's share of descents that end at a finite horizon.",
        "",
        "| dimension | samples | runs | fits | at flow time | losses at rest | all are seen | paper |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *lines,
    ]


def sphere_horizon(name: str, table: Mapping[str, Any]) -> list[str]:
    """Runs that have come as far as the paper asks within its horizon, beside its share."""
    shares, lines = published(), []
    for cell, mask in _cells(table):
        paper = f"{shares[cell]:g}" if cell in shares else "-"
        reached, runs = int(np.sum(table["success"][mask])), int(np.sum(mask))
        counts = f"{horizon(cell[1]):.0f} | {runs} | {reached} | {reached / runs:.2f}"
        lines.append(f"| {cell[0]} | {cell[1]} | {counts} | {paper} |")
    return [
        "# Inputs in uniform directions: which runs come to n L = 1/2 within the paper's horizon",
        "",
        "| dimension | samples | horizon | runs | reached | share | paper |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *lines,
    ]


def sphere_descent(name: str, table: Mapping[str, Any]) -> list[str]:
    """The same of descents at several rates."""
    shares, lines = published(), []
    rates = np.unique(table["solver.learning_rate"])[::-1]
    for cell, mask in _cells(table):
        found = []
        for rate in rates:
            own = mask & (table["solver.learning_rate"] == rate)
            found.append(f"{int(np.sum(table['success'][own]))} of {int(np.sum(own))}")
        paper = f"{shares[cell]:g}" if cell in shares else "-"
        lines.append(f"| {cell[0]} | {cell[1]} | {horizon(cell[1]):.0f} | {' | '.join(found)} | {paper} |")
    return [
        "# Inputs in uniform directions: which descents come to n L = 1/2 within the paper's horizon",
        "",
        "The paper's rate is 1, in units in which descent at small rates is the flow.",
        "",
        f"| dimension | samples | horizon | {' | '.join(f'rate {rate:g}' for rate in rates)} | paper |",
        "| --- " * (4 + rates.size) + "|",
        *lines,
    ]


def _cells(table: Mapping[str, Any]) -> list[tuple[tuple[int, int], np.ndarray]]:
    """Dimension and samples of every cell, and which rows are its own."""
    pairs = np.column_stack([table["data.dimension"], table["data.samples"]]).astype(int)
    return [((int(d), int(n)), np.all(pairs == (d, n), axis=1)) for d, n in np.unique(pairs, axis=0)]
